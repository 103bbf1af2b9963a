"""Guests whose addresses are learned: from what they send, and from a DHCP server."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

import virtkit
from plugins.netfilter.tests import frames, leases
from plugins.netfilter.tests.lab import (
    DROP_PING,
    Guest,
    Lab,
    addresses,
    binding_xml,
    eventually,
    filter_xml,
    parameters,
    ref,
    ruleset,
)
from virtkit.errors import SystemCallError
from virtkit.store import Collection, Root
from virtkit_netfilter import bindings
from virtkit_netfilter.learning import Mode, Sighting
from virtkit_netfilter.listening import Watch
from virtkit_netfilter.state import NetfilterState


def bind(conn: virtkit.Connection, guest: Guest, **values: str | list[str]) -> virtkit.NWFilterBinding:
    return conn.create_nwfilter_binding(binding_xml(guest.port, "clean-traffic", guest.mac, parameters(**values)))


def hand_over(guest: Guest, frame: bytes) -> None:
    """Send a frame to a guest, as the bridge would."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind((guest.port, 0))
        sender.send(frame)


def lease(guest: Guest, address: str, seconds: int) -> None:
    """Have a server lease an address to a guest, which does not care."""
    hand_over(guest, leases.acknowledgement(address, seconds=seconds, mac=guest.mac))


# Any


def test_an_address_that_a_guest_uses_is_learned_and_no_other_works(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest)
    assert [] == addresses(binding)
    guest.pings()
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "the address is learned")
    eventually(guest.pings, "it works")
    guest.use("10.0.0.99")
    assert not guest.pings()
    assert ["10.0.0.7"] == addresses(binding)


def test_before_it_is_learned_a_guest_reaches_nobody_but_dhcp_servers(conn: virtkit.Connection, guest: Guest) -> None:
    bind(conn, guest, CTRL_IP_LEARNING="dhcp")
    assert not guest.pings()
    assert not guest.pings()


def test_a_frame_with_another_mac_teaches_nothing(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest)
    with guest.namespace.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind(("eth0", 0))
        sender.send(leases.arp("10.0.0.66", mac=frames.OTHER))
        sender.send(leases.arp("10.0.0.67", mac=guest.mac, source=frames.OTHER))
        sender.send(leases.arp("10.0.0.7", mac=guest.mac))
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "the address is learned")


def test_an_address_that_is_stated_is_not_learned(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest, IP="10.0.0.8")
    assert not guest.pings()
    assert ["10.0.0.8"] == addresses(binding)


# DHCP


def test_a_guest_gets_an_address_by_dhcp_and_can_use_no_other(
    conn: virtkit.Connection, lab: Lab, tmp_path: Path
) -> None:
    guest = lab.guest()
    binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp", DHCPSERVER="10.0.0.1")
    with lab.dhcp():
        assert guest.lease(tmp_path)
        leased = guest.address
        assert leased.startswith("10.0.0.5")
        eventually(lambda: addresses(binding) == [leased], "the lease is seen")
        eventually(guest.pings, "the address works")
        guest.use("10.0.0.99")
        assert not guest.pings()
        guest.use(leased)
        assert guest.reaches()


def test_a_guest_that_takes_anything_learns_from_dhcp_too(conn: virtkit.Connection, lab: Lab, tmp_path: Path) -> None:
    guest = lab.guest()
    binding = bind(conn, guest)
    with lab.dhcp():
        assert guest.lease(tmp_path)
        eventually(lambda: addresses(binding) == [guest.address], "the lease is seen")
        eventually(guest.pings, "the address works")


def test_a_server_that_is_not_named_gives_nothing(conn: virtkit.Connection, lab: Lab, tmp_path: Path) -> None:
    guest = lab.guest()
    binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp", DHCPSERVER="10.0.0.200")
    with lab.dhcp():
        assert not guest.lease(tmp_path)
    assert [] == addresses(binding)


def test_servers_of_ipv6_leave_it_open_which_of_ipv4_to_believe(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp", DHCPSERVER="fe80::1")
    lease(guest, "10.0.0.7", 3600)
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "the lease is seen")


def test_every_lease_of_a_guest_counts_and_ends(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp")
    lease(guest, "10.0.0.7", 3600)
    lease(guest, "10.0.0.9", 2)
    eventually(lambda: addresses(binding) == ["10.0.0.7", "10.0.0.9"], "both are learned")
    eventually(guest.pings, "the first works")
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "the second has ended")
    guest.use("10.0.0.9")
    assert not guest.pings()


def test_when_the_last_lease_ends_a_guest_can_only_ask_for_another(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp")
    provisional = ruleset(guest.port)
    lease(guest, "10.0.0.7", 2)
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "it is learned")
    eventually(lambda: addresses(binding) == [], "it has ended")
    eventually(lambda: ruleset(guest.port) == provisional, "the provisional rules are back")
    assert not guest.pings()
    lease(guest, "10.0.0.7", 3600)
    eventually(guest.pings, "it works again")


def test_an_address_that_is_given_back_works_no_more(conn: virtkit.Connection, lab: Lab, tmp_path: Path) -> None:
    guest = lab.guest("10.0.0.7")
    binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp")
    lease(guest, "10.0.0.7", 3600)
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "it is learned")
    with guest.namespace.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind(("eth0", 0))
        sender.send(leases.release("10.0.0.7", mac=guest.mac))
    eventually(lambda: addresses(binding) == [], "it is given back")


# Changes, and the time after


def test_a_filter_that_begins_to_need_the_address_has_it_learned(conn: virtkit.Connection, guest: Guest) -> None:
    conn.define_nwfilter(filter_xml("a", DROP_PING))
    binding = conn.create_nwfilter_binding(binding_xml(guest.port, "a", guest.mac))
    conn.define_nwfilter(filter_xml("a", ref("clean-traffic")))
    guest.pings()
    eventually(lambda: addresses(binding) == ["10.0.0.7"], "the address is learned")
    eventually(guest.pings, "it works")


def test_what_was_learned_outlives_the_owner_without_a_packet_lost(lab: Lab, guest: Guest) -> None:
    with lab.open() as conn:
        binding = bind(conn, guest)
        guest.pings()
        eventually(lambda: addresses(binding) == ["10.0.0.7"], "the address is learned")
        eventually(guest.pings, "it works")
    assert guest.reaches()
    with lab.open() as conn:
        [binding] = conn.list_nwfilter_bindings()
        assert ["10.0.0.7"] == addresses(binding)
        conn.define_nwfilter(filter_xml("unrelated"))  # which takes the root over
        assert guest.reaches()
        assert ["10.0.0.7"] == addresses(binding)
        guest.use("10.0.0.99")
        assert not guest.pings()


def test_learning_goes_on_with_the_next_owner(lab: Lab, guest: Guest) -> None:
    with lab.open() as conn:
        bind(conn, guest, CTRL_IP_LEARNING="dhcp")
    with lab.open() as conn:
        conn.define_nwfilter(filter_xml("unrelated"))
        lease(guest, "10.0.0.7", 3600)
        [binding] = conn.list_nwfilter_bindings()
        eventually(lambda: addresses(binding) == ["10.0.0.7"], "it is learned")


def test_a_lease_that_ended_while_nobody_owned_the_root_works_no_more(
    lab: Lab, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lab.open() as conn:
        binding = bind(conn, guest, CTRL_IP_LEARNING="dhcp")
        lease(guest, "10.0.0.7", 60)
        eventually(lambda: addresses(binding) == ["10.0.0.7"], "it is learned")
        eventually(lambda: "10.0.0.7" in lab.status(guest.port).read_text(), "it is recorded")
    now = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: now(clock) + 3600)
    with lab.open() as conn:
        conn.define_nwfilter(filter_xml("unrelated"))
        [binding] = conn.list_nwfilter_bindings()
        assert [] == addresses(binding)
        assert not guest.pings()


def test_what_cannot_be_recorded_is_in_force_all_the_same(
    conn: virtkit.Connection, guest: Guest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    binding = bind(conn, guest)

    def full(*_: object) -> None:
        raise SystemCallError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Collection, "save", full)
        guest.pings()
        eventually(lambda: "not recorded" in caplog.text, "the failure is told")
    assert ["10.0.0.7"] == addresses(binding)
    assert guest.reaches()


def test_what_was_seen_of_the_guest_before_is_not_learned_for_the_next_one(lab: Lab, guest: Guest) -> None:
    """A frame that was read before its binding was deleted is looked at after the next one was made."""
    state = NetfilterState(Root.under(lab.root))
    claim = state.own()
    xml = binding_xml(guest.port, "clean-traffic", guest.mac)
    binding = bindings.create(state.view(), xml, validate=False)
    current = Watch(guest.port, bytes.fromhex(guest.mac.replace(":", "")), Mode.ANY)
    state._learn(Watch(guest.port, bytes.fromhex("525400000066"), Mode.ANY), Sighting("10.0.0.66"))
    assert {} == binding.addresses
    state._learn(current, Sighting("10.0.0.7"))
    assert {"10.0.0.7": None} == binding.addresses
    bindings.delete(state, binding.ref)
    state._learn(current, Sighting("10.0.0.66"))
    state.disown(claim)


def test_a_guest_whose_binding_is_deleted_is_listened_to_no_more(conn: virtkit.Connection, guest: Guest) -> None:
    binding = bind(conn, guest)
    binding.delete()
    assert guest.reaches()
    again = conn.create_nwfilter_binding(binding_xml(guest.port, "no-mac-spoofing", guest.mac))
    assert guest.reaches()
    assert [] == addresses(again)
