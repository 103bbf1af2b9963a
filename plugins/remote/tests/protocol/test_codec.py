"""What codecs refuse, and what it may cost."""

from __future__ import annotations

import struct
import threading
import traceback
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from plugins.remote.tests.protocol import oracle
from virtkit.enums import ErrorDomain, ErrorNumber
from virtkit.params import DOUBLE, INT, STRING, UINT, TypedParams
from virtkit.refs import DomainRef, NetworkPortRef, NetworkRef, SecretRef, SnapshotRef
from virtkit_remote.protocol import params
from virtkit_remote.protocol.codec import RAW_PARAMS, CodecError, decoder, encoder
from virtkit_remote.protocol.params import NAMES_KEPT

UUID = bytes(range(16))
DOM = DomainRef("guest", UUID, 3)
DOM_BYTES = b"\0\0\0\5guest\0\0\0" + UUID + b"\0\0\0\3"
LIMITED = [name for name in oracle.STRUCTS if any("max" in fact for fact in oracle.of_struct(name))]
"""Structs that hold a string, an opaque or an array."""

ARGS = "remote_domain_set_memory_parameters_args"
"""A struct of a domain, at most 16 typed parameters and flags."""

LIST = "remote_connect_list_all_domains_ret"
"""A struct of at most 16,384 domains and their number."""

VALUE = "remote_secret_set_value_args"
"""A struct of a secret, at most 65,536 bytes and flags."""


def word(value: int) -> bytes:
    return struct.pack(">I", value & 0xFFFFFFFF)


def param(name: str, kind: int, value: bytes) -> bytes:
    return word(len(name)) + oracle.padded(name.encode()) + word(kind) + value


def refusal(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(CodecError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("struct", "wire", "value"),
    [
        ("remote_domain_lookup_by_name_ret", DOM_BYTES, DOM),
        (
            "remote_network_port_get_xml_desc_args",
            b"\0\0\0\2n1\0\0" + UUID * 2,
            NetworkPortRef(NetworkRef("n1", UUID), UUID),
        ),
        ("remote_domain_snapshot_lookup_by_name_ret", b"\0\0\0\2s1\0\0" + DOM_BYTES, SnapshotRef("s1", DOM)),
        ("remote_secret_lookup_by_uuid_ret", UUID + word(2) + word(0), SecretRef(UUID, 2, "")),
    ],
)
def test_references_decode_to_their_classes(struct: str, wire: bytes, value: tuple[Any, ...]) -> None:
    values, _ = decoder(struct)(wire + word(0), 0)
    assert (value, type(value)) == (values[0], type(values[0]))


def test_an_optional_reference_is_none_or_its_class() -> None:
    decode = decoder("remote_connect_domain_event_callback_register_any_args")
    assert (5, None) == decode(word(5) + word(0), 0)[0]
    assert (5, DOM) == decode(word(5) + word(1) + DOM_BYTES, 0)[0]
    assert DomainRef is type(decode(word(5) + word(1) + DOM_BYTES, 0)[0][1])


def test_any_flag_but_zero_says_that_an_optional_value_is_there() -> None:
    decode = decoder("remote_connect_open_args")
    assert ("test", 0) == decode(word(1 << 24) + word(4) + b"test" + word(0), 0)[0]


def test_typed_parameters_keep_their_types_and_repeated_names() -> None:
    wire = param("a", INT, word(-1)) + param("b", STRING, word(1) + b"x\0\0\0") + param("a", INT, word(7))
    (_, found, _), _ = decoder(ARGS)(DOM_BYTES + word(3) + wire + word(0), 0)
    assert TypedParams is type(found)
    assert [("a", INT, -1), ("a", INT, 7), ("b", STRING, "x")] == list(found.entries())


def test_the_names_that_are_remembered_are_bounded() -> None:
    record = "remote_connect_get_all_domain_stats_ret"
    for start in range(0, 2 * NAMES_KEPT, 1000):
        stats = {f"name {number}": number for number in range(start, start + 1000)}
        assert [(DOM, stats)] == decoder(record)(encoder(record)([[(DOM, stats)]]), 0)[0][0]
    assert max(len(params._names), len(params._heads)) <= NAMES_KEPT


def test_a_list_that_is_asked_for_again_is_the_list_of_now() -> None:
    record = "remote_connect_list_all_domains_ret"
    listed = [DOM, DOM._replace(name="other", id=7)]
    for _ in range(2):
        assert (listed, 2) == decoder(record)(encoder(record)((listed, 2)), 0)[0]
    listed[1] = listed[1]._replace(id=8)
    assert 8 == decoder(record)(encoder(record)((listed, 2)), 0)[0][0][1].id
    listed.pop()
    assert [DOM] == decoder(record)(encoder(record)((listed, 1)), 0)[0][0]
    with pytest.raises(CodecError):
        encoder(record)(([DOM, DOM._replace(name=5)], 2))  # type: ignore[arg-type]
    assert [DOM] == decoder(record)(encoder(record)((listed, 1)), 0)[0][0]


def test_a_boolean_parameter_is_true_or_false() -> None:
    (_, found, _), _ = decoder(ARGS)(DOM_BYTES + word(2) + param("a", 6, word(5)) + param("b", 6, word(0)) + word(0), 0)
    assert [True, False] == [found["a"], found["b"]]
    assert {bool} == {type(value) for value in found.values()}


def test_a_plain_mapping_is_encoded_with_guessed_types() -> None:
    given = {"a": 1, "b": 2.5, "c": True, "d": "text"}
    (_, found, _), _ = decoder(ARGS)(encoder(ARGS)((DOM, given, 0)), 0)
    assert given == found
    assert {"a": 3, "b": DOUBLE, "c": 6, "d": STRING} == found.types


def test_statistics_per_cpu_stay_in_the_order_of_the_wire() -> None:
    (struct,) = RAW_PARAMS
    entries = [("time", (4, 5)), ("vcpu", (4, 6)), ("time", (4, 7)), ("vcpu", (4, 8))]
    assert (entries, 2) == decoder(struct)(encoder(struct)((entries, 2)), 0)[0]


def test_lists_and_tuples_encode_alike() -> None:
    encode = encoder(LIST)
    assert encode(([DOM], 1)) == encode([(("guest", UUID, 3),), 1])


def test_a_reference_that_has_changed_is_encoded_anew() -> None:
    encode, decode = encoder(LIST), decoder(LIST)
    for ref in (DOM, DOM._replace(id=4), DOM):
        assert ([ref], 1) == decode(encode(([ref], 1)), 0)[0]


def test_chars_of_a_fixed_number_are_padded_and_lose_their_padding() -> None:
    values = (b"x86_64\xff", 1, 2, 3, 4, 5, 6, 7)
    wire = encoder("remote_node_get_info_ret")(values)
    assert word(ord("x")) + word(ord("8")) == wire[:8]
    assert word(-1) + bytes(4) == wire[24:32]
    assert values == decoder("remote_node_get_info_ret")(wire, 0)[0]


def test_chars_of_a_variable_number_keep_their_nuls() -> None:
    wire = encoder("remote_domain_get_security_label_ret")((b"label\0", 1))
    assert ((b"label\0", 1), len(wire)) == decoder("remote_domain_get_security_label_ret")(wire, 0)


def test_text_that_is_no_utf8_survives() -> None:
    (name,), _ = decoder("remote_domain_lookup_by_name_args")(word(2) + b"\xff\xfe\0\0", 0)
    assert word(2) + b"\xff\xfe\0\0" == encoder("remote_domain_lookup_by_name_args")([name])


def test_an_error_is_one_of_rpc() -> None:
    with pytest.raises(CodecError) as caught:
        decoder("remote_domain_get_info_args")(b"", 0)
    assert (ErrorNumber.RPC, ErrorDomain.RPC) == (caught.value.code, caught.value.domain)


@pytest.mark.parametrize(
    ("struct", "wire", "place"),
    [
        ("remote_domain_get_info_args", b"", "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", word(5) + b"gue", "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", word(5) + b"guest", "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", word(2**32 - 1), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", word(4194305) + bytes(4194308), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", word(3) + b"a\0b\0" + UUID + word(0), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", word(0) + UUID, "remote_domain_get_info_args.dom.uuid, dom.id"),
        ("remote_connect_open_args", word(2), "remote_connect_open_args.name"),
        ("remote_connect_open_args", word(1) + word(9), "remote_connect_open_args.name"),
        (LIST, word(16385) + bytes(16385 * 24), f"{LIST}.domains"),
        (LIST, word(2) + DOM_BYTES, f"{LIST}.domains"),
        (LIST, word(2) + DOM_BYTES + word(9) + bytes(20), f"{LIST}.domains[].name"),
        (VALUE, UUID + bytes(8) + word(65537) + bytes(65540), f"{VALUE}.value"),
        ("remote_typed_param", word(0) + word(0) + word(1), "remote_typed_param.value"),
        ("remote_typed_param", word(0) + word(8) + word(1), "remote_typed_param.value"),
        (ARGS, DOM_BYTES + word(17) + bytes(17 * 12), f"{ARGS}.params"),
        (ARGS, DOM_BYTES + word(1) + param("a", 8, word(0)) + word(0), f"{ARGS}.params"),
        (ARGS, DOM_BYTES + word(1) + param("a" * 80, INT, word(0)) + word(0), f"{ARGS}.params"),
        (ARGS, DOM_BYTES + word(1) + param("a\0b", INT, word(0)) + word(0), f"{ARGS}.params"),
        (ARGS, DOM_BYTES + word(2) + param("a", INT, word(0)) + param("a", UINT, word(0)) + word(0), f"{ARGS}.params"),
    ],
)  # fmt: skip
def test_malformed_bytes_are_refused_and_the_field_is_named(struct: str, wire: bytes, place: str) -> None:
    assert refusal(decoder(struct), wire, 0).startswith(f"cannot decode {place}: ")


@pytest.mark.parametrize(
    ("struct", "values", "place"),
    [
        ("remote_domain_get_info_args", (), "remote_domain_get_info_args"),
        ("remote_domain_get_info_args", (DOM, 1), "remote_domain_get_info_args"),
        ("remote_domain_get_info_args", 5, "remote_domain_get_info_args"),
        ("remote_domain_get_info_args", (None,), "remote_domain_get_info_args.dom"),
        ("remote_domain_get_info_args", ((None, UUID, 1),), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", ((b"guest", UUID, 1),), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", (("a\0b", UUID, 1),), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", (("\ud800", UUID, 1),), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", (("x" * 4194305, UUID, 1),), "remote_domain_get_info_args.dom.name"),
        ("remote_domain_get_info_args", (("guest", UUID[1:], 1),), "remote_domain_get_info_args.dom.uuid"),
        ("remote_domain_get_info_args", (("guest", UUID, 2**31),), "remote_domain_get_info_args.dom.uuid, dom.id"),
        ("remote_domain_get_info_args", (("guest", UUID, "1"),), "remote_domain_get_info_args.dom.uuid, dom.id"),
        ("remote_domain_get_info_ret", (256, 1, 1, 1, 1), "remote_domain_get_info_ret.state, "),
        ("remote_domain_get_info_ret", (1, 1, 1, 65536, 1), "remote_domain_get_info_ret.state, "),
        ("remote_domain_get_info_ret", (1, -1, 1, 1, 1), "remote_domain_get_info_ret.state, "),
        ("remote_storage_vol_get_info_ret", (128, 1, 1), "remote_storage_vol_get_info_ret.type"),
        (VALUE, (SecretRef(UUID, 0, ""), "text", 0), f"{VALUE}.value"),
        (VALUE, (SecretRef(UUID, 0, ""), 5, 0), f"{VALUE}.value"),
        (VALUE, (SecretRef(UUID, 0, ""), bytes(65537), 0), f"{VALUE}.value"),
        ("remote_node_get_info_ret", (b"x" * 33, 1, 2, 3, 4, 5, 6, 7), "remote_node_get_info_ret.model"),
        (LIST, ([DOM] * 16385, 1), f"{LIST}.domains"),
        (LIST, (None, 1), f"{LIST}.domains"),
        (LIST, ([None], 1), f"{LIST}.domains[]"),
        ("remote_typed_param", ("a", (8, 1)), "remote_typed_param.value"),
        ("remote_typed_param", ("a", (1, "x")), "remote_typed_param.value"),
        (ARGS, (DOM, {"a": 2**63}, 0), f"{ARGS}.params"),
        (ARGS, (DOM, {"a": None}, 0), f"{ARGS}.params"),
        (ARGS, (DOM, {"a" * 80: 1}, 0), f"{ARGS}.params"),
        (ARGS, (DOM, {"a\0b": 1}, 0), f"{ARGS}.params"),
        (ARGS, (DOM, {"a": "b\0"}, 0), f"{ARGS}.params"),
        (ARGS, (DOM, {5: 1}, 0), f"{ARGS}.params"),
        (ARGS, (DOM, 5, 0), f"{ARGS}.params"),
        (ARGS, (DOM, TypedParams({"a": 1}, {"a": 8}), 0), f"{ARGS}.params"),
        (ARGS, (DOM, TypedParams({"a": 1}, {"a": STRING}), 0), f"{ARGS}.params"),
        (ARGS, (DOM, dict.fromkeys(map(str, range(17)), 1), 0), f"{ARGS}.params"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_and_the_field_is_named(struct: str, values: Any, place: str) -> None:
    assert refusal(encoder(struct), values).startswith(f"cannot encode {place}")


def test_what_is_wrong_with_a_length_is_said() -> None:
    decode = decoder("remote_domain_lookup_by_name_args")
    start = "cannot decode remote_domain_lookup_by_name_args.name: "
    assert start + "the message ends there" == refusal(decode, b"", 0)
    assert start + "9 is more than the message holds" == refusal(decode, word(9) + b"short", 0)
    assert start + "4194305 is over the limit of 4194304" == refusal(decode, word(4194305), 0)


@pytest.mark.parametrize("struct", LIMITED)
@pytest.mark.parametrize("claim", [2**32 - 1, 2**31, 4194304, 16384, 1000])
def test_a_length_that_is_not_there_costs_nothing(struct: str, claim: int) -> None:
    decode = decoder(struct)
    wire = word(claim) * 60
    tracemalloc.start()
    try:
        refusal(decode, wire, 0)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_message_of_the_smallest_items_costs_a_fixed_multiple_of_its_length() -> None:
    record = DOM_BYTES + word(2000) + param("", INT, word(1)) * 2000
    wire = word(8) + record * 8
    decode = decoder("remote_connect_get_all_domain_stats_ret")
    tracemalloc.start()
    try:
        decode(wire, 0)
        assert tracemalloc.get_traced_memory()[1] < 40 * len(wire)
    finally:
        tracemalloc.stop()


def test_a_traceback_shows_the_compiled_source() -> None:
    with pytest.raises(CodecError) as caught:
        decoder("remote_domain_get_info_args")(word(0), 0)
    cause = caught.value.__cause__
    assert cause is not None
    assert "unpack_from_16si(b, o)" in str(traceback.extract_tb(cause.__traceback__)[0].line)


def test_an_unknown_struct_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        decoder("remote_no_such_args")
    with pytest.raises(KeyError):
        encoder("remote_no_such_args")


def test_threads_that_need_a_codec_at_once_all_get_one() -> None:
    struct, results = "remote_domain_block_stats_ret", []
    decoder.cache_clear()
    barrier = threading.Barrier(8)

    def decode() -> None:
        barrier.wait(timeout=10)
        results.append(decoder(struct)(bytes(40), 0))

    threads = [threading.Thread(target=decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert [((0, 0, 0, 0, 0), 40)] * 8 == results
