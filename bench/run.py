"""`make bench`: what virtkit costs, beside the real libvirt on the same machine in the same run.

Each row is measured in a process of its own, ours with the interpreter of the project and libvirt's with the system's,
where its Python binding lives. The figure is the best of several runs: the others were disturbed. A row without a
libvirt figure says why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SYSTEM_PYTHON = "/usr/bin/python3"
TIMEOUT = 300


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        work: What is measured.
        unit: Of both figures.
        ours: Ours.
        libvirt: The real binding's; None where it is not installed or has no such thing.
        budget: What design allows, as text.
        met: Whether it is.
    """

    work: str
    unit: str
    ours: float
    libvirt: float | None
    budget: str
    met: bool


def environment() -> dict[str, str]:
    """The environment of a user: with bytecode, without settings of the project's own machine."""
    return {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME")}


def measured(interpreter: str, script: str) -> dict[str, float] | None:
    """What a script of this folder prints as JSON; None where it could not run."""
    command = [interpreter, str(HERE / script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=environment(), check=False)
    if done.returncode != 0:
        print(f"{script}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'no output'}", file=sys.stderr)
        return None
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def rows(ours: dict[str, float], libvirt: dict[str, float] | None) -> Iterator[Row]:
    """The table."""
    theirs = libvirt or {}

    def absolute(work: str, key: str, unit: str, limit: float) -> Row:
        return Row(work, unit, ours[key], theirs.get(key), f"<= {limit:g} {unit}", ours[key] <= limit)

    def relative(work: str, key: str, unit: str, factor: float) -> Row:
        reference = theirs.get(key)
        met = reference is None or ours[key] <= factor * reference
        return Row(work, unit, ours[key], reference, f"<= {factor:g}x libvirt", met)

    yield absolute("domain.info() on the test driver", "info", "us", 1.0)
    yield relative("list 1,000 domains", "list", "ms", 1.0)
    yield relative("define and undefine a domain", "define", "ms", float("inf"))
    yield relative("XML of a domain", "xml", "us", float("inf"))
    yield absolute("parse a 3 KB domain", "parse", "us", 300)
    yield absolute("format a 3 KB domain", "format", "us", 150)
    yield absolute("cold parse and format of a domain", "first parse", "ms", 80)
    yield absolute("import virtkit", "import", "ms", 30)
    yield absolute("cold open of test:///default", "open", "ms", 80)
    yield absolute("cold `virtkit list`", "cli", "ms", 150)


def shown(row: Row) -> str:
    """One line of the table."""
    reference = f"{row.libvirt:10.3f}" if row.libvirt is not None else f"{'-':>10}"
    ratio = f"{row.ours / row.libvirt:8.2f}" if row.libvirt else f"{'-':>8}"
    verdict = "" if row.budget.endswith("infx libvirt") else f"{row.budget:<18} {'met' if row.met else 'MISSED'}"
    return f"{row.work:<36} {row.unit:<3} {row.ours:10.3f} {reference} {ratio}   {verdict}".rstrip()


def main() -> int:
    """Print the table; 1 if a budget is missed."""
    ours = measured(sys.executable, "inprocess.py")
    if ours is None:
        return 1
    table = list(rows(ours, measured(SYSTEM_PYTHON, "libvirt_inprocess.py")))
    print(f"{'work':<36} {'':<3} {'virtkit':>10} {'libvirt':>10} {'ratio':>8}   budget")
    for row in table:
        print(shown(row))
    return 0 if all(row.met for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
