"""A client by libvirt's C library that does one kind of work when it is told to; runs with the system's interpreter.

    rpc_client.py URI WORK

It prints `ready`, then for each line of its input does a round of the work and prints the seconds that one call took.
The line's text is the work's argument. It ends with its input.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import libvirt  # type: ignore[import-not-found]

DOMAIN = "<domain type='{kind}'><name>{name}</name><memory unit='KiB'>8192</memory><os><type>hvm</type></os></domain>"


def timed(function: Callable[[], object], calls: int) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


class Work:
    """What there is to do on a connection."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.kind = uri.split("+", 1)[0]
        self.conn: Any = libvirt.open(uri)

    def version(self, _: str) -> float:
        """A call that needs no driver."""
        return timed(self.conn.getLibVersion, 300)

    def info(self, _: str) -> float:
        """A call that changes and waits for nothing."""
        return timed(self.conn.lookupByName("test").info, 300)

    def info_for_long(self, _: str) -> float:
        """The same in longer rounds, for clients that work side by side."""
        return timed(self.conn.lookupByName("test").info, 2000)

    def list_all(self, expected: str) -> float:
        if len(self.conn.listAllDomains()) != int(expected):
            raise SystemExit(f"expected {expected} domains")
        return timed(self.conn.listAllDomains, max(1, 10000 // int(expected)))

    def stats(self, expected: str) -> float:
        if len(self.conn.getAllDomainStats()) != int(expected):
            raise SystemExit(f"expected {expected} domains")
        return timed(self.conn.getAllDomainStats, max(1, 5000 // int(expected)))

    def define(self, calls: str) -> float:
        """Define new domains; undefining them is not counted."""
        total = 0.0
        for number in range(int(calls)):
            document = DOMAIN.format(kind=self.kind, name=f"bench-new-{number}")
            start = time.perf_counter()
            domain = self.conn.defineXML(document)
            total += time.perf_counter() - start
            domain.undefine()
        return total / int(calls)

    def populate(self, wanted: str) -> float:
        """Define domains until there are that many."""
        there = {domain.name() for domain in self.conn.listAllDomains()}
        names = (f"bench-{number}" for number in range(int(wanted)))
        missing = [name for name in names if name not in there][: int(wanted) - len(there)]
        start = time.perf_counter()
        for name in missing:
            self.conn.defineXML(DOMAIN.format(kind=self.kind, name=name))
        return (time.perf_counter() - start) / max(1, len(missing))


def main(uri: str, name: str) -> None:
    libvirt.registerErrorHandler(lambda *ignored: None, None)
    work = getattr(Work(uri), name)
    print("ready", flush=True)
    for line in sys.stdin:
        print(work(line.strip()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
