"""Measure virtkit in this process and, for cold starts, in fresh ones; prints JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import virtkit
from virtkit.enums import DomainUndefineFlags
from virtkit.xml.domain import Domain

DOMAIN = "<domain type='test'><name>{name}</name><memory unit='KiB'>8192</memory><os><type>hvm</type></os></domain>"
LARGE = (Path(__file__).resolve().parent / "domain.xml").read_text()
"""A guest as people have it; 3 KB."""

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


def cold(code: str) -> float:
    """Seconds that code takes in a fresh interpreter, without the interpreter's own start."""
    program = f"import time; start = time.perf_counter()\n{code}\nprint(time.perf_counter() - start)"
    runs = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return min(runs)


def command(*words: str) -> float:
    """Seconds the `virtkit` program takes from start to end."""
    program = [str(Path(sys.executable).with_name("virtkit")), *words]
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(program, capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure everything."""
    figures = {
        "import": cold("import virtkit") * 1e3,
        "open": cold("import virtkit; virtkit.open('test:///default')") * 1e3,
        "cli": command("-c", "test:///default", "list") * 1e3,
        "parse": best(lambda: Domain.parse(LARGE), 200) * 1e6,
        "format": best(Domain.parse(LARGE).format, 500) * 1e6,
        "first parse": cold("from virtkit.xml.domain import Domain; Domain.parse('<domain/>').format()") * 1e3,
    }
    with virtkit.open("test:///default") as conn:
        domain = conn.lookup_domain_by_name("test")
        figures["info"] = best(domain.info, 20_000) * 1e6
        figures["xml"] = best(domain.xml_desc, 500) * 1e6

        def define() -> None:
            conn.define_domain(DOMAIN.format(name="bench")).undefine(DomainUndefineFlags(0))

        figures["define"] = best(define, 100) * 1e3
        for number in range(DOMAINS - 1):
            conn.define_domain(DOMAIN.format(name=f"bench-{number}"))
        if len(conn.list_domains()) != DOMAINS:
            raise SystemExit(f"expected {DOMAINS} domains")
        figures["list"] = best(conn.list_domains, 20) * 1e3
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
