"""What the kernel remembers of connections is forgotten where it is asked to, and nowhere else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.namespaces import Namespace
from virtkit.network.connections import Ports, forget

HOST, PEER = "10.9.0.1", "10.9.0.2"


@pytest.fixture
def peer(network: Namespace) -> Iterator[Namespace]:
    """Another host, whose datagrams to ours are remembered as connections."""
    with Namespace() as other:
        network.connect("east", other, "west")
        network.run("ip", "address", "add", f"{HOST}/24", "dev", "east")
        network.run("ip", "address", "add", "fd00::1/64", "dev", "east", "nodad")
        other.run("ip", "address", "add", f"{PEER}/24", "dev", "west")
        other.run("ip", "address", "add", "fd00::2/64", "dev", "west", "nodad")
        network.run("nft", "add table inet tracking")
        network.run("nft", "add chain inet tracking c { type filter hook input priority 0; policy accept; }")
        network.run("nft", "add rule inet tracking c ct state new counter")
        yield other


def send(peer: Namespace, *ports: int, address: str = HOST, kind: socket.SocketKind = socket.SOCK_DGRAM) -> None:
    """Something for ports of the host, where nobody listens."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with peer.entered(), ExitStack() as stack:
        for port in ports:
            stack.enter_context(sender := socket.socket(family, kind)).setblocking(False)
            sender.sendto(b"?", (address, port)) if kind == socket.SOCK_DGRAM else sender.connect_ex((address, port))


def test_datagrams_to_a_range_are_forgotten_and_others_are_not(peer: Namespace) -> None:
    send(peer, 4999, 5000, 5005, 5009, 5010)
    assert forget([Ports("tcp", None, 1, 65535)]) == 0
    assert forget([Ports("udp", "10.9.0.7", 1, 65535)]) == 0
    assert forget([Ports("udp", None, 5000, 5009)]) == 3
    assert forget([Ports("udp", HOST, 5000, 65535)]) == 1
    assert forget([Ports("udp", None, 1, 65535), Ports("udp", None, 1, 65535)]) == 1


def test_ipv6_is_forgotten_too(peer: Namespace) -> None:
    send(peer, 5000, address="fd00::1")
    assert forget([Ports("udp", "fd00::1", 5000, 5000)]) == 1


def test_what_goes_out_is_kept(network: Namespace, peer: Namespace) -> None:
    network.run("nft", "add chain inet tracking o { type filter hook output priority 0; policy accept; }")
    network.run("nft", "add rule inet tracking o ct state new counter")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"?", (PEER, 5000))
    assert forget([Ports("udp", None, 5000, 5000)]) == 0


def test_nothing_is_asked_for_nothing() -> None:
    assert forget([]) == 0
