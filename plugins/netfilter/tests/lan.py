"""A bridge with a guest, a peer and a third one, each a namespace of its own; and what arrives where.

The guest's device on the bridge is `vnet0`. The host that has the bridge is on it, too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import monotonic

from plugins.netfilter.tests import frames
from tests.namespaces import Namespace
from virtkit.network.nftables import apply
from virtkit.xml.nwfilter import FilterRef, NWFilter, Parameter
from virtkit_netfilter.compiler import Device, install
from virtkit_netfilter.probing import Abilities, probe
from virtkit_netfilter.standard import documents

DEVICE, BRIDGE = "vnet0", "br0"

ALL = 0x0003
"""ETH_P_ALL."""

DEADLINE = 20.0

VARIABLES = {
    "IP": frames.GUEST_IP,
    "IPV6": frames.GUEST_IP6,
    "DHCPSERVER": frames.PEER_IP,
    "GATEWAY_MAC": frames.PEER,
}
"""What the standard filters need."""


STANDARD = {name: NWFilter.parse(text) for name, text in documents().items()}


VARIABLES6 = {"allow-dhcpv6-server": {"DHCPSERVER": "fe80::2"}}
"""What is different for some of them."""


def reference(name: str, values: Mapping[str, str | Iterable[str]]) -> FilterRef:
    """A reference to a filter, with values of its variables."""
    pairs = [(key, each) for key, value in values.items() for each in ([value] if isinstance(value, str) else value)]
    return FilterRef(filter=name, parameters=[Parameter(name=key, value=each) for key, each in pairs])


class Lan:
    """The bridge and those on it.

    Attributes:
        host: The namespace with the bridge; the thread is in it.
        guest: The filtered one, behind `vnet0`.
        peer: The one it speaks with.
        other: Another one.
    """

    def __init__(self, host: Namespace, stack: ExitStack) -> None:
        self.host = host
        host.run("ip", "link", "add", BRIDGE, "address", frames.HOST, "type", "bridge", "forward_delay", "0")
        host.run("ip", "link", "set", BRIDGE, "up")
        host.run("ip", "address", "add", f"{frames.HOST_IP}/24", "dev", BRIDGE)
        self.guest = self._plugged(stack, DEVICE, frames.GUEST, frames.GUEST_IP)
        self.peer = self._plugged(stack, "peer", frames.PEER, frames.PEER_IP)
        self.other = self._plugged(stack, "other", frames.OTHER, frames.OTHER_IP)
        self._ears = {
            "guest": self._socket(stack, self.guest, "eth0"),
            "peer": self._socket(stack, self.peer, "eth0"),
            "other": self._socket(stack, self.other, "eth0"),
            "host": self._socket(stack, host, BRIDGE),
        }
        self._ports = [self._socket(stack, host, port) for port in (DEVICE, "peer", "other")]
        self._count = 0

    def _plugged(self, stack: ExitStack, port: str, mac: str, address: str) -> Namespace:
        made = stack.enter_context(Namespace())
        self.host.connect(port, made, "eth0")
        self.host.run("ip", "link", "set", port, "master", BRIDGE)
        made.run("ip", "link", "set", "eth0", "address", mac)
        made.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        return made

    def _socket(self, stack: ExitStack, where: Namespace, link: str) -> socket.socket:
        with where.entered():
            made = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL)))
            made.bind((link, ALL))
            made.settimeout(DEADLINE)
        return made

    def filter(
        self,
        text: str,
        values: Mapping[str, str] | None = None,
        *,
        abilities: Abilities | None = None,
        port: str = DEVICE,
    ) -> None:
        """Put a filter of these rules in force for a device, the guest's; `$MAC` and `VARIABLES` have values."""
        tested = NWFilter.parse(f"<filter name='tested'>{text}</filter>")
        device = Device(port, frames.GUEST, reference("tested", {**VARIABLES, **(values or {})}))
        apply(install(device, {**STANDARD, "tested": tested}, abilities or probe()))

    def sent(self, sender: str, frame: bytes) -> set[str]:
        """Send a frame and return who got it.

        What is sent last arrives last. A frame that no filter is asked about follows, to the host: when it is there,
        the bridge has dealt with all before it. Others follow, from the bridge's ports to those behind them.
        """
        self._count += 1
        last = self._last("bridge")
        self._ears[sender].send(frame)
        self._ears["other"].send(last)
        reached = {"host"} if self._heard("host", frame, last) else set()
        last = self._last("ports")
        for port in self._ports:
            port.send(last)
        return reached | {name for name in ("guest", "peer", "other") if self._heard(name, frame, last)} - {sender}

    def _last(self, where: str) -> bytes:
        data = f"last for the {where} {self._count}".encode()
        return frames.ethernet(frames.other(data=data), source=frames.OTHER, target=frames.BROADCAST)

    def _heard(self, name: str, frame: bytes, last: bytes) -> bool:
        heard = False
        deadline = monotonic() + DEADLINE
        while monotonic() < deadline:
            got, origin = self._ears[name].recvfrom(65_535)
            if origin[2] == socket.PACKET_OUTGOING:
                continue
            if got == last:
                return heard
            heard = heard or got in (frame, frames.untagged(frame))
        raise AssertionError(f"{name} does not even get what nothing stops")


@contextmanager
def lan(host: Namespace) -> Iterator[Lan]:
    """Make one; all threads of this process stay on one CPU meanwhile, so that frames keep their order."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        with ExitStack() as stack:
            yield Lan(host, stack)
    finally:
        os.sched_setaffinity(0, allowed)
