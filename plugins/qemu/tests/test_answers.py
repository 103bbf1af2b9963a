"""What a guest agent says becomes records, or is told to be none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.enums import IPAddrType
from virtkit.records import DomainInterface, IPAddress
from virtkit_qemu import answers
from virtkit_qemu.agent import NonsenseError

LOOPBACK = {"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}
LINK = {"ip-address": "fe80::1%12", "ip-address-type": "ipv6", "prefix": 64}

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = st.sampled_from(["name", "hardware-address", "ip-addresses", "ip-address", "ip-address-type", "prefix"])
NEARLY: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(
        ["eth0", "eth0:1", "52:54:00:00:00:01", "ipv4", "ipv6", "10.0.0.1", "::1", 8, -1, None, "\x1b", ""]
    ),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
)


def one(**fields: object) -> list[dict[str, object]]:
    return [{"name": "eth0"} | {name.replace("_", "-"): value for name, value in fields.items()}]


def test_interfaces_have_all_their_addresses() -> None:
    said = [
        {"name": "lo", "hardware-address": "00:00:00:00:00:00", "ip-addresses": [LOOPBACK]},
        {"name": "Local Area Connection* 2", "statistics": {"rx-bytes": 1}, "ip-addresses": [LINK]},
        {"name": "sit0"},
    ]
    expected = [
        DomainInterface("lo", "00:00:00:00:00:00", [IPAddress(IPAddrType.IPV4, "127.0.0.1", 8)]),
        DomainInterface("Local Area Connection* 2", None, [IPAddress(IPAddrType.IPV6, "fe80::1%12", 64)]),
        DomainInterface("sit0", None, []),
    ]
    assert expected == answers.interfaces(said)


def test_the_aliases_of_an_interface_are_the_interface() -> None:
    said = [*one(ip_addresses=[LOOPBACK]), {"name": "eth0:1", "ip-addresses": [LINK]}]
    (found,) = answers.interfaces(said)
    assert ("eth0", ["127.0.0.1", "fe80::1%12"]) == (found.name, [each.addr for each in found.addrs])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "interfaces that is none: {}"),
        ([7], "an interface that is none: 7"),
        ([{}], "the name of an interface that is none: None"),
        (one(name="a\x1b[2J"), r"that is none: 'a\\x1b\[2J'"),
        (one(name="\ud800"), r"that is none: '\\ud800'"),
        (one(name="x" * 256), "the name of an interface that is none"),
        (one(hardware_address="52-54"), "a hardware address that is none: '52-54'"),
        (one(hardware_address=7), "a hardware address that is none: 7"),
        (one(ip_addresses={}), "addresses that is none: {}"),
        (one(ip_addresses=[LOOPBACK | {"ip-address-type": []}]), r"an address of type \[\]"),
        (one(ip_addresses=[LOOPBACK | {"ip-address-type": "ipx"}]), "an address of type 'ipx'"),
        (one(ip_addresses=[LOOPBACK | {"ip-address": "::1"}]), "an address that is none: '::1'"),
        (one(ip_addresses=[LOOPBACK | {"ip-address": "10.0.0.1\x00"}]), "an address that is none"),
        (one(ip_addresses=[LOOPBACK | {"prefix": 33}]), "an address with prefix 33"),
        (one(ip_addresses=[LOOPBACK | {"prefix": True}]), "an address with prefix True"),
        (one(ip_addresses=[LOOPBACK | {"prefix": "8"}]), "an address with prefix '8'"),
        (one() * 4097, "more than 4096 interfaces"),
        (one(ip_addresses=[LOOPBACK] * 4096) * 2, "more than 4096 addresses"),
    ],
)
def test_what_is_no_interface_is_told(said: object, told: str) -> None:
    with pytest.raises(NonsenseError, match=told):
        answers.interfaces(said)


def test_a_host_has_a_name_or_none() -> None:
    assert "web.example.org" == answers.hostname({"host-name": "web.example.org"})
    assert "" == answers.hostname({"host-name": ""})
    nonsense: list[object] = [[], {}, {"host-name": 7}, {"host-name": "a\nb"}, {"host-name": "x" * 256}]
    for said in nonsense:
        with pytest.raises(NonsenseError, match="host name that is none"):
            answers.hostname(said)


@given(JSON | NEARLY | st.lists(st.fixed_dictionaries({"name": st.text(min_size=1)})))
def test_any_answer_becomes_records_fit_to_be_shown_or_nonsense(said: Any) -> None:
    try:
        found = answers.interfaces(said)
    except NonsenseError:
        return
    words = [*(each.name for each in found), *(one.addr for each in found for one in each.addrs)]
    for word in words:
        assert "\x1b" not in word
        assert len(word.encode()) <= 4 * answers.NAME_CHARACTERS
