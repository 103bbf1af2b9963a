"""What the client asks for by itself, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from plugins.remote.tests.protocol.vectors import Vector, vectors
from virtkit import enums, records, refs
from virtkit.discovery import functions
from virtkit.errors import InternalError
from virtkit.params import ULLONG, TypedParams
from virtkit.refs import DomainRef, NetworkRef
from virtkit_remote.binding.calling import call_of
from virtkit_remote.client.plans import ARGUMENTS_FIXED, Facts, Plan, joined, parted, plan_of
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import OK, REPLY, REPLY_WITH_FDS, MessageType, Status, pack

WEB = DomainRef("web", bytes(16), 1)
NET = NetworkRef("net", bytes(16))


class Asked(NamedTuple):
    """A call as it leaves: its procedure and the wire arguments."""

    name: str
    arguments: Sequence[Any]


def followed(plan: Plan, *answers: Sequence[Any]) -> tuple[list[Asked], Any]:
    """The calls of a plan whose answers are given, and what it returns."""
    asked: list[Asked] = []
    replies: Iterator[Sequence[Any]] = iter(answers)
    try:
        step = next(plan)
        while True:
            procedure = step.call.procedure
            payload = step.call.request(step.arguments, step.room)
            asked.append(Asked(procedure.name, decoder(procedure.args)(payload, 0)[0] if procedure.args else ()))
            step = plan.send(next(replies))
    except StopIteration as end:
        return asked, end.value


def plan(name: str, *arguments: Any, facts: Facts | None = None) -> Plan:
    made = plan_of(name)
    assert made is not None
    return made(facts or Facts(secure=True), *arguments)


def test_parameters_are_asked_for_with_texts_and_with_room_for_all() -> None:
    found = TypedParams({"device": "/dev/sda"})
    asked, result = followed(plan("domain_get_blkio_parameters", WEB, 1), ((), 2), (found, 0))
    assert ([(WEB, 0, 5), (WEB, 2, 5)], found) == ([each.arguments for each in asked], result)


def test_where_there_are_none_nothing_more_is_asked() -> None:
    asked, result = followed(plan("domain_get_blkio_parameters", WEB, 0), ((), 0))
    assert (1, {}) == (len(asked), result)


@pytest.mark.parametrize("name", ["network_port_get_parameters", "node_get_cpu_stats"])
def test_numbers_are_asked_for_without_that_flag(name: str) -> None:
    arguments = (refs.NetworkPortRef(NET, bytes(16)), 0) if name.startswith("network") else (0, 0)
    asked, _ = followed(plan(name, *arguments), ((), 0))
    assert 0 == asked[0].arguments[-1]


def test_vcpus_are_counted_and_their_maps_cut_to_the_host_s_cpus() -> None:
    info = [1, 0, 0, 2, 0]
    node = ["model", 0, 6, 0, 1, 1, 3, 2]
    maps = b"\3".ljust(512, b"\0") + b"\1".ljust(512, b"\0")
    asked, cpus = followed(plan("domain_get_vcpus", WEB), info, node, ([(0, 1, 9, 2), (1, 1, 8, 3)], maps))
    assert ["domain_get_info", "node_get_info", "domain_get_vcpus"] == [each.name for each in asked]
    assert [(0, 1, 9, 2, b"\3"), (1, 1, 8, 3, b"\1")] == cpus
    assert enums.VcpuState.RUNNING is cpus[0].state


def test_the_host_s_cpus_are_asked_for_once() -> None:
    facts = Facts(secure=True)
    facts.map_length = 2
    asked, pin = followed(plan("domain_get_emulator_pin_info", WEB, 0, facts=facts), (b"\7\7".ljust(512, b"\0"), 1))
    assert (1, b"\7\7") == (len(asked), pin)


def test_statistics_of_all_cpus_are_asked_for_some_at_a_time() -> None:
    some, rest = ([("t", (ULLONG, 5))] * 128, 1), ([("t", (ULLONG, 6))] * 72, 1)
    counted: tuple[Any, int] = ((), 1)
    asked, stats = followed(plan("domain_get_cpu_stats", WEB, 0, 0, 0), ((), 200), counted, some, counted, rest)
    assert [(0, 0, 0), (0, 0, 128), (1, 0, 128), (0, 128, 72), (1, 128, 72)] == [tuple(a[1:4]) for _, a in asked]
    assert ([{"t": 5}] * 128 + [{"t": 6}] * 72) == stats


@pytest.mark.parametrize(("fixed", "wire"), [(1, (2, 3)), (0, (3, 2))])
def test_a_network_is_updated_in_the_order_that_the_daemon_takes(fixed: int, wire: tuple[int, int]) -> None:
    asked, _ = followed(plan("network_update", NET, 2, 3, -1, "<host/>", 0), (fixed,), ())
    assert ("connect_supports_feature", (ARGUMENTS_FIXED,)) == (asked[0].name, tuple(asked[0].arguments))
    assert (NET, *wire, -1, "<host/>", 0) == tuple(asked[1].arguments)


@pytest.mark.parametrize(("ours", "theirs"), [(True, 1), (True, 0), (False, 1)])
def test_a_connection_is_secure_if_both_parts_of_the_way_are(ours: bool, theirs: int) -> None:
    answers = ((theirs,),) if ours else ()
    _, secure = followed(plan("connect_is_secure", facts=Facts(secure=ours)), *answers)
    assert (ours and bool(theirs)) is secure


@pytest.mark.parametrize(("flags", "name"), [(0, "domain_undefine"), (2, "domain_undefine_flags")])
def test_without_flags_the_older_procedure_is_called(flags: int, name: str) -> None:
    asked, _ = followed(plan("domain_undefine_flags", WEB, flags), ())
    assert [name] == [each.name for each in asked]


def test_a_number_that_an_enumeration_does_not_have_stays_a_number() -> None:
    """Of a daemon newer than we are."""
    state = call_of("domain_get_state").result((WEB, 0), (77, 1))
    assert (77, 1) == state


def test_text_that_travels_as_characters_is_text() -> None:
    info = call_of("node_get_info").result((), (b"x86_64\0\0", 0, 1, 0, 1, 1, 1, 1))
    assert "x86_64" == info.model


# What libvirt really answered

ELSEWHERE = ("domain_get_scheduler_type", "domain_screenshot")
"""A plan and a stream have more to do with these."""

REPLIES = [
    each
    for each in vectors()
    if (each.type, each.status) == (MessageType.REPLY, Status.OK) and each.struct
    if each.procedure.name in functions() and each.procedure.name not in ELSEWHERE
]


def test_there_are_answers_of_libvirt_to_read() -> None:
    assert len({each.procedure.name for each in REPLIES}) > 100


@pytest.mark.parametrize("vector", REPLIES, ids=str)
def test_what_libvirt_answered_becomes_what_the_hook_says(vector: Vector) -> None:
    call = call_of(vector.procedure.name)
    arguments = (0,) * 8
    result = call.result(arguments, call.results(vector.payload, vector.offset))
    _conforms(result, functions()[vector.procedure.name].returns)


def _conforms(value: Any, annotation: str) -> None:
    """Assert that a value is one of an annotation, its fields included."""
    inner, optional, _ = annotation.partition(" | None")
    if optional and value is None:
        return
    if inner.startswith("list["):
        assert isinstance(value, list)
        for each in value:
            _conforms(each, inner[5:-1])
        return
    if inner.startswith("dict["):
        assert isinstance(value, dict)
        return
    cls: Any = PLAIN.get(inner) or next(getattr(module, inner) for module in HOMES if hasattr(module, inner))
    assert isinstance(value, cls), (value, annotation)
    if hasattr(cls, "_fields"):
        for field, kind in zip(value, cls.__annotations__.values(), strict=True):
            _conforms(field, kind)


PLAIN = {"None": type(None), "int": int, "bool": bool, "str": str, "bytes": bytes, "TypedParams": TypedParams}
HOMES = (refs, records, enums)


def test_a_descriptor_that_a_daemon_does_not_send_is_an_error() -> None:
    call = call_of("domain_open_graphics_fd")
    with pytest.raises(InternalError, match="domain_open_graphics_fd: the daemon sent 0 descriptors, 1 belongs"):
        joined(call, (WEB, 0, 0), pack(call.program, call.procedure.number, REPLY, 0, OK, b""), [])


def test_what_comes_with_descriptors_is_read_behind_their_number() -> None:
    call = call_of("qemu_domain_monitor_command_with_files")
    reply = encoder("qemu_domain_monitor_command_with_files_ret")(("{}",))
    message = pack(call.program, call.procedure.number, REPLY_WITH_FDS, 0, OK, b"\0\0\0\2" + reply)
    assert ("{}", [5, 6]) == joined(call, (WEB, "{}", 0), message, [5, 6])


def test_descriptors_are_the_last_argument() -> None:
    assert ((WEB, 0, 0), [7]) == parted(call_of("domain_open_graphics"), (WEB, 0, 0, 7))
    assert ((WEB, "disk", 0), [7, 8]) == parted(call_of("domain_fd_associate"), (WEB, "disk", 0, [7, 8]))
    assert ((WEB,), None) == parted(call_of("domain_get_info"), (WEB,))
