"""Hosts, guests and an outside, all in namespaces of a test.

    with Lab(network, given("default")) as lab:
        web = lab.guest(given("default"), "192.168.122.10/24")
        assert seen(lab.outside, web, OUTSIDE) == HOST

The test's own namespace is the host, which forwards. The outside is at `OUTSIDE`, and the host at `HOST` on the same
link, `wan`.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import ip_interface
from typing import Self

from tests.namespaces import Namespace
from virtkit.network.links import Links
from virtkit.network.nftables import apply
from virtkit.xml.network import Network
from virtkit_network import ruleset
from virtkit_network.forwarding import Target
from virtkit_network.shape import bridge_of, subnets

HOST, OUTSIDE = "203.0.113.1", "203.0.113.2"
HOST6, OUTSIDE6 = "2001:db8:ff::1", "2001:db8:ff::2"
OUTSIDE_LINK = "wan"

REFUSAL_SECONDS = 3.0
"""What is dropped without a word is given up after this; a rejection comes at once."""


class Lab:
    """A host with networks, guests on them, and an outside.

    Attributes:
        host: The namespace of the test.
        outside: Another host, which has routes to the guests' networks by way of this one.
    """

    def __init__(self, host: Namespace, *networks: Network) -> None:
        self.host = host
        self._stack = ExitStack()
        self._ports = 0
        _prepare(host)
        self.outside = self._namespace()
        host.connect(OUTSIDE_LINK, self.outside, "eth0")
        for version, own, other in ((4, f"{HOST}/24", f"{OUTSIDE}/24"), (6, f"{HOST6}/64", f"{OUTSIDE6}/64")):
            _address(host, own, OUTSIDE_LINK, version)
            _address(self.outside, other, "eth0", version)
            switch = "ipv4/ip_forward" if version == 4 else "ipv6/conf/all/forwarding"
            host.run("sh", "-c", f"echo 1 > /proc/sys/net/{switch}")
        for network in networks:
            self._add(network)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _namespace(self) -> Namespace:
        made = self._stack.enter_context(Namespace())
        _prepare(made)
        return made

    def _add(self, network: Network) -> None:
        bridge = bridge_of(network)
        with Links() as links:
            links.add_bridge(bridge, mac=None, stp=False, delay=0, mtu=None)
            links.set_up(bridge)
            for version in (4, 6):
                for subnet in subnets(network, version):
                    links.add_address(bridge, f"{subnet.network_address + 1}/{subnet.prefixlen}")
                    by = HOST if version == 4 else HOST6
                    self.outside.run("ip", f"-{version}", "route", "add", str(subnet), "via", by)
        apply(ruleset.install(network))

    def filter_bridged(self, *, on: bool) -> None:
        """Whether what guests of one network send each other goes through rules too, as with Docker or Kubernetes."""
        for family in ("iptables", "ip6tables"):
            self.host.run("sh", "-c", f"echo {int(on)} > /proc/sys/net/bridge/bridge-nf-call-{family}")

    def follow(self, network: Network, targets: Sequence[Target]) -> None:
        """Let forwarded ports lead somewhere."""
        apply(ruleset.follow(network, targets))

    def guest(self, network: Network, *addresses: str, mac: str | None = None, routed: bool = True) -> Namespace:
        """Another guest on a network, with addresses and, where it is routed, the host as its router."""
        guest = self._namespace()
        name = f"port{self._ports}"
        self._ports += 1
        self.host.connect(name, guest, "eth0")
        if mac is not None:
            guest.run("ip", "link", "set", "eth0", "address", mac)
        with Links() as links:
            links.plug(name, bridge_of(network))
        for address in addresses:
            version = ip_interface(address).version
            _address(guest, address, "eth0", version)
            if routed:
                router = ip_interface(address).network.network_address + 1
                guest.run("ip", f"-{version}", "route", "add", "default", "via", str(router))
        return guest


def _prepare(namespace: Namespace) -> None:
    """Let addresses of IPv6 work at once: nobody else has them."""
    for which in ("all", "default"):
        namespace.run("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{which}/accept_dad")


def _address(namespace: Namespace, address: str, link: str, version: int) -> None:
    more = ["nodad"] if version == 6 else []
    namespace.run("ip", f"-{version}", "address", "add", address, "dev", link, *more)


def seen(
    server: Namespace, client: Namespace, address: str, port: int = 7000, *, listen: int | None = None
) -> str | None:
    """Connect by TCP from one namespace to an address, and say from where that is seen in the other; None: refused.

    Args:
        server: Where somebody listens.
        client: Who connects.
        address: Whereto.
        port: Whereto.
        listen: The port that is listened on, if it is another.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        with server.entered():
            listener = stack.enter_context(socket.create_server(("", listen or port), family=family))
        with client.entered():
            caller = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        caller.settimeout(REFUSAL_SECONDS)
        listener.settimeout(REFUSAL_SECONDS)
        try:
            caller.connect((address, port))
            connection, peer = listener.accept()
            stack.enter_context(connection)
            connection.settimeout(REFUSAL_SECONDS)
            caller.sendall(b"?")
            assert connection.recv(1) == b"?"
            connection.sendall(b"!")
            assert caller.recv(1) == b"!"
        except OSError:
            return None
        return str(peer[0])
