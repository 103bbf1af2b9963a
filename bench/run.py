"""`make bench`: what virtkit costs, beside the real libvirt on the same machine in the same run.

    make bench                  every part
    make bench BENCH=rpc        one of them: inprocess, lxc, netfilter, network, rpc, storage

Each figure is the best of several runs: the others were disturbed. A figure that is missing has its reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import lxc, netfilter, network, rpc, storage
from bench.table import HEADER, NO_LIMIT, Row, environment

HERE = Path(__file__).resolve().parent
SYSTEM_PYTHON = "/usr/bin/python3"
TIMEOUT = 300


def measured(interpreter: str, script: str) -> dict[str, float] | None:
    """What a script of this folder prints as JSON; None where it could not run."""
    command = [interpreter, str(HERE / script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=environment(), check=False)
    if done.returncode != 0:
        print(f"{script}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'no output'}", file=sys.stderr)
        return None
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def inprocess() -> Iterator[Row]:
    """Drivers in the caller's process, ours with the interpreter of the project and libvirt's with the system's."""
    ours = measured(sys.executable, "inprocess.py")
    if ours is None:
        raise SystemExit(1)
    theirs = measured(SYSTEM_PYTHON, "libvirt_inprocess.py") or {}

    def absolute(work: str, key: str, unit: str, limit: float) -> Row:
        return Row.absolute(work, unit, ours[key], theirs.get(key), limit)

    def relative(work: str, key: str, unit: str, factor: float) -> Row:
        return Row.relative(work, unit, ours[key], theirs.get(key), factor)

    yield absolute("domain.info() on the test driver", "info", "us", 1.0)
    yield relative("list 1,000 domains", "list", "ms", 1.0)
    yield relative("define and undefine a domain", "define", "ms", NO_LIMIT)
    yield relative("XML of a domain", "xml", "us", NO_LIMIT)
    yield absolute("parse a 3 KB domain", "parse", "us", 300)
    yield absolute("format a 3 KB domain", "format", "us", 150)
    yield absolute("cold parse and format of a domain", "first parse", "ms", 80)
    yield absolute("import virtkit", "import", "ms", 30)
    yield absolute("cold open of test:///default", "open", "ms", 80)
    yield absolute("cold `virtkit list`", "cli", "ms", 150)


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "inprocess": inprocess,
    "lxc": lxc.rows,
    "netfilter": netfilter.rows,
    "network": network.rows,
    "rpc": rpc.rows,
    "storage": storage.rows,
}


def main(names: list[str]) -> int:
    """Print the table; 1 if a budget is missed, 2 if there is no such part."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(HEADER)
    met = True
    for name in names or PARTS:
        for row in PARTS[name]():
            print(row, flush=True)
            met &= row.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
