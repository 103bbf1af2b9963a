"""Ports of the host that lead to guests: from the start, changed on an active network, after a restart."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from plugins.network.tests.host import Host, eventually, nat
from tests.namespaces import Namespace
from virtkit.enums import NetworkUpdateCommand, NetworkUpdateFlags, NetworkUpdateSection
from virtkit.errors import (
    VirtError,
)

Section, Command, Impact = NetworkUpdateSection, NetworkUpdateCommand, NetworkUpdateFlags
BOTH = Impact.LIVE | Impact.CONFIG
ADD, DELETE, MODIFY = Command.ADD_LAST, Command.DELETE, Command.MODIFY
GUEST = "<host mac='52:54:00:00:07:66' name='db' ip='10.7.0.66'/>"


def forwards(*lines: str) -> str:
    return f"<metadata><vk:forwards xmlns:vk='urn:virtkit:network:1'>{''.join(lines)}</vk:forwards></metadata>"


WEB = "<vk:forward guest='web' proto='tcp' port='8080' to='80'/>"


@contextmanager
def served(guest: Namespace, port: int = 80) -> Iterator[None]:
    """A server in a guest that says hello."""
    with guest.entered():  # the socket stays there, and this thread does not
        server = socket.create_server(("0.0.0.0", port))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"hello")

    threading.Thread(target=serve, daemon=True).start()
    with server:
        yield
        server.shutdown(socket.SHUT_RDWR)


def greeted(peer: Namespace, port: int = 8080) -> bool:
    """Whether a port of the host leads to the server, from another host."""
    with peer.entered(), socket.socket() as client:
        client.settimeout(1)
        try:
            client.connect(("198.51.100.1", port))
            return client.recv(16) == b"hello"
        except OSError:
            return False


def test_a_forwarded_port_leads_to_its_guest(host: Host, tmp_path: Path) -> None:
    host.start(nat(more=forwards(WEB)))
    guest = host.plug()
    guest.asks_for_an_address(tmp_path)
    with host.outside() as peer, served(guest):
        eventually(lambda: greeted(peer), "the port leads to the guest")


def test_a_forwarded_port_follows_its_guest(host: Host, tmp_path: Path) -> None:
    mac = "52:54:00:00:07:68"
    network = host.start(nat(more=forwards(WEB.replace("'web'", f"'{mac}'"))))
    guest = host.plug(mac=mac)
    guest.asks_for_an_address(tmp_path)
    with host.outside() as peer, served(guest):
        eventually(lambda: greeted(peer), "the port leads to the guest once it has an address")
        network.update(ADD, Section.IP_DHCP_HOST, -1, f"<host mac='{mac}' ip='10.7.0.99'/>", Impact.LIVE)
        assert "10.7.0.99" == guest.asks_for_an_address(tmp_path)
        eventually(lambda: greeted(peer), "the port leads to the guest's new address")


def test_forwards_change_on_an_active_network(host: Host, tmp_path: Path) -> None:
    network = host.start(nat())
    guest = host.plug()
    guest.asks_for_an_address(tmp_path)
    with host.outside() as peer, served(guest):
        assert not greeted(peer)
        host.conn.define_network(nat(more=forwards(WEB)))
        assert greeted(peer)
        assert "urn:virtkit:network:1" in network.xml_desc()
        host.conn.define_network(nat(more=forwards(WEB.replace("8080", "8081"))))
        assert (False, True) == (greeted(peer), greeted(peer, 8081))
        host.conn.define_network(nat())
        assert not greeted(peer, 8081)


def test_another_change_waits_with_the_forwards_for_the_next_start(host: Host) -> None:
    network = host.start(nat())
    host.conn.define_network(nat(more=forwards(WEB) + "<domain name='x.test'/>"))
    assert "urn:virtkit:network:1" not in network.xml_desc()


def test_datagrams_follow_a_guest_that_moves(host: Host, tmp_path: Path) -> None:
    """Their connection is known to the kernel, with where it led."""
    forward = WEB.replace("'web'", "'db'").replace("tcp", "udp")
    network = host.start(nat(more=forwards(forward)))
    guest = host.plug()
    guest.has("10.7.0.66/24", "10.7.0.1")
    guest.run("ip", "address", "add", "10.7.0.67/24", "dev", "eth0")
    with host.outside() as peer, ExitStack() as stack:
        with guest.entered():
            listeners = {}
            for address in ("10.7.0.66", "10.7.0.67"):
                listeners[address] = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                listeners[address].bind((address, 80))
                listeners[address].settimeout(0.2)
        with peer.entered():
            speaker = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

        def heard(address: str) -> bool:
            speaker.sendto(b"?", ("198.51.100.1", 8080))
            try:
                return listeners[address].recv(8) == b"?"
            except TimeoutError:
                return False

        assert not heard("10.7.0.66")
        network.update(ADD, Section.IP_DHCP_HOST, -1, GUEST, Impact.LIVE)
        assert heard("10.7.0.66")
        network.update(MODIFY, Section.IP_DHCP_HOST, -1, GUEST.replace(".66'", ".67'"), Impact.LIVE)
        assert heard("10.7.0.67")


def test_a_connection_to_a_forwarded_port_outlives_a_restart(host: Host, tmp_path: Path) -> None:
    host.start(nat(more=forwards(WEB)))
    guest = host.plug()
    guest.asks_for_an_address(tmp_path)
    with host.outside() as peer, ExitStack() as stack:
        with guest.entered():
            server = stack.enter_context(socket.create_server(("0.0.0.0", 80)))
        with peer.entered():
            client = stack.enter_context(socket.create_connection(("198.51.100.1", 8080), timeout=5))
        connection = stack.enter_context(server.accept()[0])
        host.adopt()
        host.adopt()
        client.sendall(b"still there")
        connection.settimeout(5)
        assert b"still there" == connection.recv(32)


def test_forwards_survive_a_restart(host: Host, tmp_path: Path) -> None:
    host.start(nat(more=forwards(WEB)))
    guest = host.plug()
    guest.asks_for_an_address(tmp_path)
    host.restart()
    host.run("nft", "flush", "ruleset")
    host.own()
    with host.outside() as peer, served(guest):
        assert greeted(peer)


def test_a_port_that_another_network_forwards_is_refused(host: Host) -> None:
    host.start(nat(more=forwards(WEB)))
    xml = f"<network><name>b</name><forward/><ip address='10.9.0.1' prefix='24'/>{forwards(WEB)}</network>"
    other = host.conn.define_network(xml)
    with pytest.raises(VirtError, match="8080"):
        other.create()
    assert {"virbr7"} == host.links()


def test_the_thread_that_follows_guests_ends_with_the_last_forward(host: Host) -> None:
    def following() -> bool:
        return any(thread.name == "virtkit-network-forwards" for thread in threading.enumerate())

    network = host.start(nat(more=forwards(WEB)))
    assert following()
    network.destroy()
    eventually(lambda: not following(), "the thread ends")
