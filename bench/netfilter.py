"""The rows of `make bench BENCH=netfilter`: bindings of network filters, in a network namespace of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.netfilter_client import INTERFACES
from bench.table import Row, environment

SCRIPT = Path(__file__).with_name("netfilter_client.py")
TIMEOUT = 300

UPDATE = f"change clean-traffic under {INTERFACES} interfaces"
LIMIT = 2000.0


def rows() -> Iterator[Row]:
    """Ours alone: libvirt makes rules only for devices that are there."""
    if os.geteuid():
        yield Row.missing(UPDATE, "a network namespace needs root")
        return
    command = ["unshare", "--net", sys.executable, str(SCRIPT)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT, env=environment(), check=False, cwd=SCRIPT.parents[1]
    )
    if done.returncode:
        yield Row.missing(UPDATE, done.stderr.strip().splitlines()[-1] if done.stderr else "no output")
        return
    figures: dict[str, float] = json.loads(done.stdout)
    yield Row.absolute("bind clean-traffic and delete the binding", "ms", figures["bind"] * 1000, None)
    yield Row.absolute(UPDATE, "ms", figures["update"] * 1000, None, LIMIT)
