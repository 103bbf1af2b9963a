"""Run every check of the repository and print a table: `make check`.

A generator `tools/generate_<what>.py` compares what it would write with what is there when it gets `--check`;
a `tools/check_<what>.py` only compares. Both are picked up by their names.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TIMEOUT = 900
"""Seconds: mypy without its cache needs about one minute on two cores."""


class Result(NamedTuple):
    name: str
    seconds: float
    passed: bool
    output: str


def steps() -> dict[str, list[str]]:
    """Name and command of every step, the slowest first so that the others run beside it."""
    found = {
        "mypy": [str(BIN / "mypy")],
        "imports": [str(BIN / "lint-imports")],
        "ruff check": [str(BIN / "ruff"), "check"],
        "ruff format": [str(BIN / "ruff"), "format", "--check"],
    }
    for path in sorted((ROOT / "tools").glob("generate_*.py")):
        found[path.stem] = [sys.executable, str(path), "--check"]
    for path in sorted((ROOT / "tools").glob("check_*.py")):
        found[path.stem] = [sys.executable, str(path)]
    return found


def run(name: str, command: list[str]) -> Result:
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )
        passed, output = done.returncode == 0, done.stdout
    except subprocess.TimeoutExpired:
        passed, output = False, f"no end after {TIMEOUT} seconds\n"
    return Result(name, time.monotonic() - start, passed, output)


def main() -> int:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, steps().keys(), steps().values()))
    for result in results:
        if not result.passed:
            print(f"==== {result.name}\n{result.output}")
    for result in results:
        print(f"{result.name:<24} {'passed' if result.passed else 'FAILED'}  {result.seconds:6.1f} s")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
