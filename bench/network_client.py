"""A client by libvirt's C library that works with a network when it is told to, as rpc_client.py; with its interpreter.

network_client.py URI WORK
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import libvirt  # type: ignore[import-not-found]

NAT = """
<network><name>bench</name><forward mode='nat'/><bridge name='vkbench0'/><ip address='10.213.0.1' prefix='24'>
<dhcp><range start='10.213.0.10' end='10.213.0.99'/></dhcp></ip></network>
"""
HOST = "<host mac='52:54:00:00:00:01' ip='10.213.0.5'/>"
PORT = """
<networkport><uuid>{uuid}</uuid><owner><name>g</name><uuid>{uuid}</uuid></owner><mac address='{mac}'/></networkport>
"""
UUID, MAC = "0b2f2a44-5b0e-4f5c-8d1c-9f2f7c1d0a77", "52:54:00:00:00:01"
ADD, DELETE, IP_DHCP_HOST, LIVE = 3, 2, 4, 1


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


class Work:
    """What there is to do with the network `bench`."""

    def __init__(self, uri: str) -> None:
        self.conn: Any = libvirt.open(uri)
        with suppress(libvirt.libvirtError):
            self.conn.networkDefineXML(NAT)
        self.network = self.conn.networkLookupByName("bench")

    def start(self, _: str) -> float:
        """Start it; stopping it again is not counted."""
        seconds = timed(self.network.create)
        self.network.destroy()
        return seconds

    def stop(self, _: str) -> float:
        """Stop it; starting it is not counted."""
        self.network.create()
        return timed(self.network.destroy)

    def update(self, _: str) -> float:
        """Add a host while it is active."""
        with suppress(libvirt.libvirtError):
            self.network.create()
        seconds = timed(lambda: self.network.update(ADD, IP_DHCP_HOST, -1, HOST, LIVE))
        self.network.update(DELETE, IP_DHCP_HOST, -1, HOST, LIVE)
        return seconds

    def port(self, _: str) -> float:
        """Make a port and delete it."""
        with suppress(libvirt.libvirtError):
            self.network.create()
        document = PORT.format(uuid=UUID, mac=MAC)
        return timed(lambda: self.network.portCreateXML(document, 0).delete(0))


def main(uri: str, name: str) -> None:
    libvirt.registerErrorHandler(lambda *ignored: None, None)
    work = getattr(Work(uri), name)
    print("ready", flush=True)
    for line in sys.stdin:
        print(work(line.strip()), flush=True)
    with suppress(libvirt.libvirtError):
        work.__self__.network.destroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
