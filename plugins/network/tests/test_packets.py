"""Packets in each forward mode: who reaches whom, and by which address."""

from __future__ import annotations

import socket

import pytest

from plugins.network.tests.documents import parsed
from plugins.network.tests.lab import HOST, HOST6, OUTSIDE, OUTSIDE6, Lab, seen
from tests.namespaces import Namespace
from virtkit.network.nftables import apply, listed
from virtkit.xml.network import Network
from virtkit_network import ruleset

A, B = "10.11.0.10", "10.12.0.10"
A6, B6 = "fd00:11::10", "fd00:12::10"


def document_of(forward: str = "", number: int = 11) -> Network:
    return parsed(
        f"<network><name>n{number}</name>{forward}<bridge name='vb{number}'/>"
        f"<ip address='10.{number}.0.1' prefix='24'/>"
        f"<ip family='ipv6' address='fd00:{number}::1' prefix='64'/></network>"
    )


NAT, NAT6 = "<forward mode='nat'/>", "<forward mode='nat'><nat ipv6='yes'/></forward>"
ROUTE, OPEN, ISOLATED = "<forward mode='route'/>", "<forward mode='open'/>", ""
MODES = [NAT, NAT6, ROUTE, OPEN, ISOLATED]
ids = ["nat", "nat6", "route", "open", "isolated"]


@pytest.mark.parametrize(
    ("forward", "source", "source6"),
    [(NAT, HOST, A6), (NAT6, HOST, HOST6), (ROUTE, A, A6), (OPEN, A, A6), (ISOLATED, None, None)],
    ids=ids,
)
def test_what_the_outside_sees_of_a_guest(
    network: Namespace, forward: str, source: str | None, source6: str | None
) -> None:
    document = document_of(forward)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24", f"{A6}/64")
        assert source == seen(lab.outside, guest, OUTSIDE)
        assert source6 == seen(lab.outside, guest, OUTSIDE6)


@pytest.mark.parametrize(
    ("forward", "source", "source6"),
    [
        (NAT, None, OUTSIDE6),
        (NAT6, None, None),
        (ROUTE, OUTSIDE, OUTSIDE6),
        (OPEN, OUTSIDE, OUTSIDE6),
        ("", None, None),
    ],
    ids=ids,
)
def test_what_a_guest_sees_of_the_outside(
    network: Namespace, forward: str, source: str | None, source6: str | None
) -> None:
    document = document_of(forward)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24", f"{A6}/64")
        assert source == seen(guest, lab.outside, A)
        assert source6 == seen(guest, lab.outside, A6)


@pytest.mark.parametrize("bridged", [False, True], ids=["", "bridged packets filtered"])
@pytest.mark.parametrize("forward", MODES, ids=ids)
def test_guests_of_a_network_and_the_host_reach_each_other(network: Namespace, forward: str, bridged: bool) -> None:
    document = document_of(forward)
    with Lab(network, document) as lab:
        lab.filter_bridged(on=bridged)
        one = lab.guest(document, f"{A}/24", f"{A6}/64")
        other = lab.guest(document, "10.11.0.11/24", "fd00:11::11/64")
        assert seen(other, one, "10.11.0.11") == A
        assert seen(other, one, "fd00:11::11") == A6
        assert seen(lab.host, one, "10.11.0.1") == A
        assert seen(one, lab.host, A) == "10.11.0.1"


@pytest.mark.parametrize(
    ("forward", "other", "source"),
    [
        (NAT, NAT, None),
        (NAT, ROUTE, "10.12.0.1"),
        (ROUTE, ROUTE, A),
        (ROUTE, NAT, None),
        (ROUTE, "", None),
        ("", ROUTE, None),
    ],
    ids=["nat to nat", "nat to route", "route to route", "route to nat", "route to isolated", "isolated to route"],
)
def test_guests_of_two_networks(network: Namespace, forward: str, other: str, source: str | None) -> None:
    first, second = document_of(forward), document_of(other, 12)
    with Lab(network, first, second) as lab:
        one, two = lab.guest(first, f"{A}/24"), lab.guest(second, f"{B}/24")
        assert source == seen(two, one, B)


def test_a_rejection_comes_at_once_and_is_told(network: Namespace) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        assert "refused" in guest.run("busybox", "nc", "-w", "3", OUTSIDE, "7000", check=False).stderr


@pytest.mark.parametrize("mode", ["nat", "route"])
def test_a_network_that_forwards_by_one_link_uses_no_other(network: Namespace, mode: str) -> None:
    by_wan, by_other = (document_of(f"<forward mode='{mode}' dev='{dev}'/>") for dev in ("wan", "lo"))
    with Lab(network, by_wan) as lab:
        guest = lab.guest(by_wan, f"{A}/24")
        assert seen(lab.outside, guest, OUTSIDE) is not None
        apply(ruleset.install(by_other))
        assert seen(lab.outside, guest, OUTSIDE) is None
        assert seen(guest, lab.outside, A) is None


def test_a_range_of_addresses_and_ports_is_what_the_outside_sees(network: Namespace) -> None:
    document = document_of("<forward><nat><address start='203.0.113.77' end='203.0.113.77'/></nat></forward>")
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        lab.host.run("ip", "address", "add", "203.0.113.77/24", "dev", "wan")
        assert seen(lab.outside, guest, OUTSIDE) == "203.0.113.77"


def test_a_guest_that_takes_an_address_of_another_network_gets_nowhere(network: Namespace) -> None:
    document = document_of(ROUTE)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        guest.run("ip", "address", "add", "198.51.100.9/32", "dev", "eth0")
        guest.run("ip", "route", "change", "default", "via", "10.11.0.1", "src", "198.51.100.9")
        lab.outside.run("ip", "route", "add", "198.51.100.9", "via", HOST)
        lab.host.run("ip", "route", "add", "198.51.100.9", "dev", "vb11")
        assert seen(lab.outside, guest, OUTSIDE) is None


def test_guests_behind_a_route_of_the_network_pass_too(network: Namespace) -> None:
    document = parsed(
        "<network><name>n</name><forward mode='route'/><bridge name='vb11'/><ip address='10.11.0.1' prefix='24'/>"
        "<route address='10.77.0.0' prefix='16' gateway='10.11.0.10'/></network>"
    )
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        lab.host.run("ip", "address", "delete", "10.77.0.1/16", "dev", "vb11")
        lab.host.run("ip", "route", "add", "10.77.0.0/16", "via", A)
        guest.run("ip", "address", "add", "10.77.0.5/32", "dev", "eth0")
        assert seen(guest, lab.outside, "10.77.0.5") == OUTSIDE


def test_removed_rules_hold_nothing_back_and_installed_again_they_do(network: Namespace) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        apply(ruleset.remove(document))
        assert listed("inet", ruleset.table_of(document)) is None
        assert seen(lab.outside, guest, OUTSIDE) == A
        apply(ruleset.install(document))
        assert seen(lab.outside, guest, OUTSIDE) is None


def test_another_firewall_of_the_host_has_its_say(network: Namespace) -> None:
    document = document_of(NAT)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        lab.host.run(
            "nft", "add table ip mine; add chain ip mine f { type filter hook forward priority 10; policy drop; }"
        )
        assert seen(lab.outside, guest, OUTSIDE) is None


def test_an_open_connection_survives_new_rules(network: Namespace) -> None:
    document = document_of(NAT)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{A}/24")
        with lab.outside.entered():
            listener = socket.create_server(("", 7000))
        with guest.entered():
            caller = socket.create_connection((OUTSIDE, 7000), timeout=3)
        connection, _ = listener.accept()
        with listener, caller, connection:
            apply(ruleset.install(document))
            caller.sendall(b"still")
            connection.settimeout(5)
            assert connection.recv(5) == b"still"
