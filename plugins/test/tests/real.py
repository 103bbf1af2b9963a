"""libvirt's own test driver, in a process of the system's Python."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PYTHON = Path("/usr/bin/python3")
"""The interpreter that the distribution's libvirt binding is installed for."""

PRELUDE = """
import json, sys, libvirt
libvirt.registerErrorHandler(lambda *ignored: None, None)
libvirt.virEventRegisterDefaultImpl()
request = json.load(sys.stdin)
conn = libvirt.open(request["uri"])
events = []
def seen(conn, dom, event, detail, opaque):
    events.append([dom.name(), event, detail])
conn.domainEventRegisterAny(None, 0, seen, None)
def attempt(call, *arguments):
    del events[:]
    try:
        answer = call(*arguments)
        answer = answer if isinstance(answer, (int, str, list, tuple, dict, bool, type(None))) else None
    except libvirt.libvirtError as error:
        answer = {"error": [error.get_error_code(), error.get_error_domain()]}
    wake = libvirt.virEventAddTimeout(0, lambda timer, opaque: opaque.append(1), (done := []))
    while not done:
        libvirt.virEventRunDefaultImpl()
    libvirt.virEventRemoveTimeout(wake)
    return answer
"""


@cache
def _missing() -> str | None:
    if not PYTHON.exists():
        return f"{PYTHON} is not installed"
    found = subprocess.run([PYTHON, "-c", "import libvirt"], capture_output=True, timeout=30, check=False)
    return None if found.returncode == 0 else "the libvirt binding is not installed for /usr/bin/python3"


def run(program: str, uri: str = "test:///default", **request: Any) -> Any:
    """What a program prints as JSON; it has `conn`, `request`, `attempt` and `events`. Skips without libvirt."""
    if reason := _missing():
        pytest.skip(reason)
    given = json.dumps({"uri": uri, **request})
    command = [str(PYTHON), "-c", PRELUDE + program]
    finished = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(finished.stdout)
