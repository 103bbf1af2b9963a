"""A client by libvirt's C library that works with networks when it is told to, as rpc_client.py; with its interpreter.

network_client.py URI WORK
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import libvirt  # type: ignore[import-not-found]

NETWORK = """<network><name>bench</name><forward mode='nat'/><bridge name='vb-bench'/>
<ip address='10.77.0.1' prefix='24'><dhcp><range start='10.77.0.2' end='10.77.0.99'/></dhcp></ip></network>"""
ISOLATED = "<network><name>bench-{n}</name><bridge name='vb{n}'/><ip address='10.78.{n}.1' prefix='24'/></network>"
FILTER = """<filter name='bench'><uuid>3c8d1a52-0a41-4b7a-9d0e-5f1f6f5c2b70</uuid>
<filterref filter='clean-traffic'/>
<rule action='drop' direction='out' priority='500'><tcp dstportstart='{port}'/></rule></filter>"""
BINDING = """<filterbinding><owner><name>guest{n}</name><uuid>3c8d1a52-0a41-4b7a-9d0e-{n:012}</uuid></owner>
<portdev name='guest{n}'/><mac address='52:54:00:00:{high:02x}:{low:02x}'/>
<filterref filter='bench'><parameter name='IP' value='10.79.{high}.{low}'/></filterref></filterbinding>"""


def timed(function: Callable[[], object], calls: int = 1) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


class Work:
    """What there is to do with networks and filters."""

    def __init__(self, uri: str) -> None:
        self.conn: Any = libvirt.open(uri)
        self._port = 1000

    def start(self, _: str) -> float:
        """Start a network; stopping it is not counted."""
        network = self.conn.networkDefineXML(NETWORK) if not self._there("bench") else self._network("bench")
        seconds = timed(network.create)
        network.destroy()
        return seconds

    def stop(self, _: str) -> float:
        """Stop a network; starting it is not counted."""
        network = self.conn.networkDefineXML(NETWORK) if not self._there("bench") else self._network("bench")
        network.create()
        return timed(network.destroy)

    def start_many(self, wanted: str) -> float:
        """Start many networks; the mean of one. Stopping them is not counted."""
        documents = [ISOLATED.format(n=number) for number in range(int(wanted))]
        start = time.perf_counter()
        made = [self.conn.networkCreateXML(document) for document in documents]
        seconds = (time.perf_counter() - start) / len(documents)
        for network in made:
            network.destroy()
        return seconds

    def list_all(self, wanted: str) -> float:
        """List defined networks."""
        for number in range(int(wanted)):
            if not self._there(f"bench-{number}"):
                self.conn.networkDefineXML(ISOLATED.format(n=number))
        if len(self.conn.listAllNetworks()) < int(wanted):
            raise SystemExit(f"expected at least {wanted} networks")
        return timed(self.conn.listAllNetworks, 20)

    def update_filter(self, wanted: str) -> float:
        """Change a filter that many interfaces use; binding them is not counted."""
        self._define_filter()
        bound = {binding.portDev() for binding in self.conn.listAllNWFilterBindings()}
        for number in range(int(wanted)):
            if f"guest{number}" not in bound:
                self.conn.nwfilterBindingCreateXML(BINDING.format(n=number, high=number // 250, low=number % 250 + 2))
        return timed(self._define_filter)

    def _define_filter(self) -> None:
        self._port += 1
        self.conn.nwfilterDefineXML(FILTER.format(port=self._port))

    def _there(self, name: str) -> bool:
        return name in {network.name() for network in self.conn.listAllNetworks()}

    def _network(self, name: str) -> Any:
        return self.conn.networkLookupByName(name)


def main(uri: str, work: str) -> None:
    """Connect, say so, and do a round for each line that comes."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    does = getattr(Work(uri), work)
    print("ready", flush=True)
    for line in sys.stdin:
        print(does(line.strip()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
