"""Forwarded ports with packets: who reaches the guest, and as whom."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from plugins.network.tests.documents import parsed
from plugins.network.tests.lab import HOST, HOST6, OUTSIDE, OUTSIDE6, Lab, seen
from tests.namespaces import Namespace
from virtkit.network.connections import forget
from virtkit.network.nftables import apply
from virtkit.xml.network import Network
from virtkit_network import ruleset
from virtkit_network.dnsmasq.leases import LeaseFile, parse
from virtkit_network.forwarding import NAMESPACE, changed, read, resolve

GUEST, GUEST6, ROUTER = "10.11.0.10", "fd00:11::10", "10.11.0.1"
MAC = "52:54:00:00:00:01"

NAT, ROUTE, OPEN, ISOLATED = "<forward mode='nat'/>", "<forward mode='route'/>", "<forward mode='open'/>", ""


def document_of(mode: str = NAT, attributes: str = f"guest='{GUEST}' port='8080' to='80'") -> Network:
    return parsed(
        f"<network><name>n</name><metadata><v:forwards xmlns:v='{NAMESPACE}'><v:forward {attributes}/></v:forwards>"
        f"</metadata>{mode}<bridge name='vb11'/><ip address='{ROUTER}' prefix='24'/>"
        "<ip family='ipv6' address='fd00:11::1' prefix='64'/></network>"
    )


def forwarding(lab: Lab, document: Network) -> None:
    lab.follow(document, resolve(read(document), document, []))


@pytest.mark.parametrize("mode", [NAT, ROUTE, OPEN, ISOLATED], ids=["nat", "route", "open", "isolated"])
def test_the_outside_reaches_a_guest_by_a_port_of_the_host(network: Namespace, mode: str) -> None:
    document = document_of(mode)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24", routed=mode != ISOLATED)
        assert seen(guest, lab.outside, HOST, 8080, listen=80) is None
        forwarding(lab, document)
        source = ROUTER if mode == ISOLATED else OUTSIDE  # a guest without a router answers its neighbour
        assert source == seen(guest, lab.outside, HOST, 8080, listen=80)


@pytest.mark.parametrize("mode", [NAT, ISOLATED], ids=["nat", "isolated"])
def test_no_other_port_of_the_guest_is_reached(network: Namespace, mode: str) -> None:
    document = document_of(mode)
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        assert seen(guest, lab.outside, HOST, 8081, listen=81) is None
        assert seen(guest, lab.outside, GUEST, 80) is None
        assert seen(guest, lab.outside, GUEST, 8080) is None
        assert seen(lab.outside, guest, OUTSIDE) == (HOST if mode == NAT else None)


def test_the_host_itself_reaches_it_by_its_addresses(network: Namespace) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        assert seen(guest, lab.host, HOST, 8080, listen=80) == HOST
        assert seen(guest, lab.host, ROUTER, 8080, listen=80) == ROUTER
        assert seen(lab.host, lab.host, "127.0.0.1", 8080) == "127.0.0.1"  # loopback stays the host's own


@pytest.mark.parametrize("bridged", [False, True], ids=["", "bridged packets filtered"])
def test_guests_of_the_same_network_reach_it_by_the_host(network: Namespace, bridged: bool) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        lab.filter_bridged(on=bridged)
        guest, other = lab.guest(document, f"{GUEST}/24"), lab.guest(document, "10.11.0.11/24")
        forwarding(lab, document)
        assert seen(guest, other, HOST, 8080, listen=80) == ROUTER
        assert seen(guest, other, GUEST, 80) == "10.11.0.11"


def test_a_guest_reaches_itself_by_the_host_unless_bridged_packets_are_filtered(network: Namespace) -> None:
    """Then the kernel turns what it routes back into what it bridges, and a bridge sends nothing back to its port."""
    document = document_of()
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        lab.filter_bridged(on=False)
        assert seen(guest, guest, HOST, 8080, listen=80) == ROUTER
        lab.filter_bridged(on=True)
        assert seen(guest, guest, HOST, 8080, listen=80) is None


def test_a_range_leads_to_the_ports_in_the_same_places(network: Namespace) -> None:
    document = document_of(attributes=f"guest='{GUEST}' port='5000-5003' to='6000'")
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        assert seen(guest, lab.outside, HOST, 5002, listen=6002) == OUTSIDE
        assert seen(guest, lab.outside, HOST, 5004, listen=6004) is None


def test_a_range_of_the_same_ports_keeps_each(network: Namespace) -> None:
    document = document_of(attributes=f"guest='{GUEST}' port='5000-5003'")
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        assert seen(guest, lab.outside, HOST, 5003) == OUTSIDE


def test_one_address_of_the_host_alone_leads_to_the_guest(network: Namespace) -> None:
    document = document_of(attributes=f"guest='{GUEST}' port='8080' address='203.0.113.9'")
    with Lab(network, document) as lab:
        lab.host.run("ip", "address", "add", "203.0.113.9/24", "dev", "wan")
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        assert seen(guest, lab.outside, HOST, 8080) is None
        assert seen(guest, lab.outside, "203.0.113.9", 8080) == OUTSIDE


@pytest.mark.parametrize("mode", [NAT, ISOLATED], ids=["nat", "isolated"])
def test_ipv6_is_forwarded_too(network: Namespace, mode: str) -> None:
    document = document_of(mode, f"guest='{GUEST6}' port='8080' to='80'")
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST6}/64")
        forwarding(lab, document)
        source = OUTSIDE6 if mode == NAT else "fd00:11::1"
        assert source == seen(guest, lab.outside, HOST6, 8080, listen=80)


@pytest.mark.parametrize("mode", [NAT, OPEN, ISOLATED], ids=["nat", "open", "isolated"])
def test_a_forward_follows_the_lease_of_its_guest(network: Namespace, tmp_path: Path, mode: str) -> None:
    document = document_of(mode, f"guest='{MAC}' port='8080' to='80'")
    path = tmp_path / "leases"
    leases = LeaseFile(path)
    with Lab(network, document) as lab:
        old, new = lab.guest(document, "10.11.0.20/24", mac=MAC), lab.guest(document, "10.11.0.21/24")
        for guest, address in ((old, "10.11.0.20"), (new, "10.11.0.21")):
            path.write_text(f"0 {MAC} {address} * *\n")
            assert leases.changed()
            apply(ruleset.follow(document, resolve(read(document), document, leases.read(document, 0))))
            assert seen(guest, lab.outside, HOST, 8080, listen=80) is not None
        assert seen(old, lab.outside, HOST, 8080, listen=80) is None
        path.write_text("")
        apply(ruleset.follow(document, resolve(read(document), document, leases.read(document, 0))))
        assert seen(new, lab.outside, HOST, 8080, listen=80) is None


def test_a_connection_goes_on_when_the_port_leads_elsewhere(network: Namespace) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        guest = lab.guest(document, f"{GUEST}/24")
        forwarding(lab, document)
        with guest.entered():
            listener = socket.create_server(("", 80))
        with lab.outside.entered():
            caller = socket.create_connection((HOST, 8080), timeout=3)
        connection, _ = listener.accept()
        with listener, caller, connection:
            lab.follow(document, [])
            caller.sendall(b"still")
            connection.settimeout(5)
            assert connection.recv(5) == b"still"


def talk(speaker: socket.socket, *listeners: socket.socket) -> list[int]:
    """Which of some sockets hear a datagram that goes to the host's port 8080."""
    speaker.sendto(b"?", (HOST, 8080))
    ready = select.select(listeners, [], [], 1)[0]
    for each in ready:
        each.recv(10)
    return [number for number, each in enumerate(listeners) if each in ready]


def test_datagrams_from_one_port_follow_once_their_connection_is_forgotten(network: Namespace) -> None:
    document = document_of(NAT, f"guest='{MAC}' proto='udp' port='8080' to='80'")
    addresses = ("10.11.0.20", "10.11.0.21")
    leads = [resolve(read(document), document, parse(f"0 {MAC} {each} * *\n", document)) for each in addresses]
    with Lab(network, document) as lab, ExitStack() as stack:
        listeners = []
        for address in addresses:
            with lab.guest(document, f"{address}/24").entered():
                listeners.append(stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
            listeners[-1].bind(("", 80))
        with lab.outside.entered():
            speaker = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        assert [] == talk(speaker, *listeners)
        for before, after, heard in (([], leads[0], [0]), (leads[0], leads[1], [1]), (leads[1], [], [])):
            lab.follow(document, after)
            assert forget(changed(before, after)) == 1
            assert heard == talk(speaker, *listeners)


def test_without_forgetting_datagrams_from_one_port_stay_where_they_were(network: Namespace) -> None:
    """Why connections are forgotten."""
    document = document_of(NAT, f"guest='{GUEST}' proto='udp' port='8080' to='80'")
    with Lab(network, document) as lab, ExitStack() as stack:
        with lab.guest(document, f"{GUEST}/24").entered():
            listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        listener.bind(("", 80))
        with lab.outside.entered():
            speaker = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        forwarding(lab, document)
        assert [0] == talk(speaker, listener)
        speaker.connect((HOST, 8080))
        listener.sendto(b"!", speaker.getsockname())  # answered, the connection is established
        lab.follow(document, [])
        assert [0] == talk(speaker, listener)


def test_what_the_host_itself_serves_goes_on_when_its_port_is_forwarded(network: Namespace) -> None:
    document = document_of()
    with Lab(network, document) as lab:
        with lab.host.entered():
            listener = socket.create_server(("", 8080))
        with lab.outside.entered():
            caller = socket.create_connection((HOST, 8080), timeout=3)
        connection, _ = listener.accept()
        with listener, caller, connection:
            after = resolve(read(document), document, [])
            lab.follow(document, after)
            assert forget(changed([], after)) == 0
            caller.sendall(b"still")
            connection.settimeout(5)
            assert connection.recv(5) == b"still"
