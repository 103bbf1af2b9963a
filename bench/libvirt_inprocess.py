"""The same work with the real libvirt's Python binding; runs with the system's interpreter and prints JSON."""

import json
import time
from collections.abc import Callable

import libvirt  # type: ignore[import-not-found]

DOMAIN = "<domain type='test'><name>{name}</name><memory unit='KiB'>8192</memory><os><type>hvm</type></os></domain>"
DOMAINS = 1000
ROUNDS = 15


def best(function: Callable[[], object], calls: int) -> float:
    """Seconds one call takes, the best of several rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            function()
        times.append((time.perf_counter() - start) / calls)
    return min(times)


def main() -> None:
    """Measure everything."""
    figures = {}
    conn = libvirt.open("test:///default")
    domain = conn.lookupByName("test")
    figures["info"] = best(domain.info, 20_000) * 1e6
    figures["xml"] = best(domain.XMLDesc, 500) * 1e6
    figures["define"] = best(lambda: conn.defineXML(DOMAIN.format(name="bench")).undefine(), 100) * 1e3
    for number in range(DOMAINS - 1):
        conn.defineXML(DOMAIN.format(name=f"bench-{number}"))
    if len(conn.listAllDomains()) != DOMAINS:
        raise SystemExit(f"expected {DOMAINS} domains")
    figures["list"] = best(conn.listAllDomains, 20) * 1e3
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
