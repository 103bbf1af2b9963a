"""Changing a filter that is in use: all its users follow at once, or nothing changes."""

from __future__ import annotations

import pytest

import virtkit
from plugins.netfilter.tests.lab import (
    DROP_PING,
    NEEDS_PORT,
    Guest,
    Lab,
    binding_xml,
    filter_xml,
    parameters,
    ref,
    rule,
    ruleset,
)
from virtkit.errors import BuildFirewallError, SystemCallError
from virtkit.network import nftables
from virtkit.store import Collection


@pytest.fixture
def guests(lab: Lab, conn: virtkit.Connection) -> list[Guest]:
    """Two guests whose filters include `inner`, which lets everything through; one of them by `outer`."""
    conn.define_nwfilter(filter_xml("inner", rule("accept", "inout")))
    conn.define_nwfilter(filter_xml("outer", ref("inner")))
    guests = [lab.guest("10.0.0.7"), lab.guest("10.0.0.8")]
    for guest, name in zip(guests, ("inner", "outer"), strict=True):
        conn.create_nwfilter_binding(binding_xml(guest.port, name, guest.mac))
    return guests


def pings(guests: list[Guest]) -> list[bool]:
    return [guest.pings() for guest in guests]


def test_a_changed_filter_changes_what_happens_to_packets_at_once(
    conn: virtkit.Connection, guests: list[Guest]
) -> None:
    assert [True, True] == pings(guests)
    conn.define_nwfilter(filter_xml("inner", DROP_PING))
    assert [False, False] == pings(guests)
    conn.define_nwfilter(filter_xml("inner"))
    assert [True, True] == pings(guests)


def test_a_filter_that_was_missing_in_between_is_asked_again(conn: virtkit.Connection, guests: list[Guest]) -> None:
    conn.define_nwfilter(filter_xml("other", DROP_PING))
    conn.define_nwfilter(filter_xml("outer", ref("inner"), ref("other")))
    assert [True, True] == pings(guests)  # `inner` accepts first
    conn.define_nwfilter(filter_xml("outer", ref("other")))
    assert [True, False] == pings(guests)
    conn.define_nwfilter(filter_xml("inner", DROP_PING))
    assert [False, False] == pings(guests)


def test_all_users_change_in_one_transaction(
    conn: virtkit.Connection, guests: list[Guest], monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[int] = []
    apply = nftables.apply

    def counted(commands: list[nftables.Command]) -> None:
        transactions.append(len(commands))
        apply(commands)

    monkeypatch.setattr(nftables, "apply", counted)
    conn.define_nwfilter(filter_xml("inner", DROP_PING))
    assert 1 == len(transactions)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (filter_xml("inner", NEEDS_PORT), "PORT"),
        (filter_xml("inner", DROP_PING, ref("nosuch")), "nosuch"),
        (filter_xml("inner", DROP_PING, rule("drop", "out", "<arp arpsrcipaddr='$MAC'/>")), "52:54"),
    ],
)
def test_a_change_that_one_user_cannot_follow_changes_nothing(
    conn: virtkit.Connection, guests: list[Guest], new: str, words: str
) -> None:
    inner = conn.lookup_nwfilter_by_name("inner")
    before = inner.xml_desc(), [ruleset(guest.port) for guest in guests]
    with pytest.raises(BuildFirewallError, match=words) as refusal:
        conn.define_nwfilter(new)
    assert "network filter 'inner' is left as it was" in str(refusal.value)
    assert before == (inner.xml_desc(), [ruleset(guest.port) for guest in guests])
    assert [True, True] == pings(guests)


def test_a_change_that_only_some_can_follow_changes_nothing(conn: virtkit.Connection, lab: Lab) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    able, unable = lab.guest("10.0.0.7"), lab.guest("10.0.0.8")
    conn.create_nwfilter_binding(binding_xml(able.port, "a", able.mac, parameters(PORT="80")))
    conn.create_nwfilter_binding(binding_xml(unable.port, "a", unable.mac))
    with pytest.raises(BuildFirewallError, match="PORT"):
        conn.define_nwfilter(filter_xml("a", NEEDS_PORT))
    assert not able.pings()
    assert not unable.pings()


def test_a_change_that_the_kernel_refuses_changes_nothing(
    conn: virtkit.Connection, guests: list[Guest], monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = nftables.apply

    def refused(commands: list[nftables.Command]) -> None:
        apply([*commands, {"add": {"rule": {"family": "bridge", "table": "nowhere", "chain": "none", "expr": []}}}])

    inner = conn.lookup_nwfilter_by_name("inner")
    before = inner.xml_desc(), [ruleset(guest.port) for guest in guests]
    with monkeypatch.context() as patched:
        patched.setattr(nftables, "apply", refused)
        with pytest.raises(BuildFirewallError, match="vnet0, vnet1"):
            conn.define_nwfilter(filter_xml("inner", DROP_PING))
    assert before == (inner.xml_desc(), [ruleset(guest.port) for guest in guests])
    assert [True, True] == pings(guests)


def test_a_change_that_cannot_be_stored_is_taken_back(
    conn: virtkit.Connection, guests: list[Guest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise SystemCallError("no space left")

    inner = conn.lookup_nwfilter_by_name("inner")
    before = inner.xml_desc()
    with monkeypatch.context() as patched:
        patched.setattr(Collection, "save", full)
        with pytest.raises(SystemCallError):
            conn.define_nwfilter(filter_xml("inner", DROP_PING))
    assert before == inner.xml_desc()
    assert [True, True] == pings(guests)


def test_a_new_filter_of_a_chain_leaves_none_of_the_old_one(conn: virtkit.Connection, guests: list[Guest]) -> None:
    drop_arp = filter_xml("inner", rule("drop", "inout", "<arp/>"), chain="arp-own")
    first = ruleset(guests[0].port)
    conn.define_nwfilter(drop_arp)
    guests[0].namespace.run("ip", "neighbour", "flush", "dev", "eth0")
    assert not guests[0].pings()
    conn.define_nwfilter(filter_xml("inner", rule("accept", "inout")))
    assert first == ruleset(guests[0].port)
