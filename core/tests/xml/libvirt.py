"""The real libvirt's printer: documents through its test driver, in a process of the system's Python."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

PYTHON = Path("/usr/bin/python3")
"""The interpreter that the distribution's libvirt binding is installed for."""

PRINTER = """
import json, os, re, sys, libvirt
libvirt.registerErrorHandler(lambda *ignored: None, None)
conn = libvirt.open("test:///default")
pool = conn.storagePoolLookupByName("default-pool")
SECURE = ("domain", "snapshot", "checkpoint")
secure = libvirt.VIR_DOMAIN_XML_SECURE

def domain_of(text):
    embedded = re.search("<domain .*?</domain>", text, re.S)
    return conn.defineXML(embedded[0]) if embedded else conn.lookupByName("test")

def snapshot(text):
    redefine = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE if "<domain " in text else 0
    return domain_of(text).snapshotCreateXML(text, redefine)

def checkpoint(text):
    domain = domain_of(text)
    if not domain.isActive():
        domain.create()
    return domain.checkpointCreateXML(text, libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE)

define = {
    "network": conn.networkDefineXML,
    "pool": conn.storagePoolDefineXML,
    "volume": pool.createXML,
    "interface": conn.interfaceDefineXML,
    "domain": conn.defineXML,
    "snapshot": snapshot,
    "checkpoint": checkpoint,
    "capabilities": lambda _: conn,
    "nodedev": conn.nodeDeviceLookupByName,
}

def describe(made, flags):
    if made is conn:
        return conn.getCapabilities()
    return made.XMLDesc(flags) if hasattr(made, "XMLDesc") else made.getXMLDesc(flags)

def answer(kind, text):
    try:
        return describe(define[kind](text), secure if kind in SECURE else 0), None
    except libvirt.libvirtError as error:
        return None, [error.get_error_code(), error.get_error_domain(), error.get_error_message()]

# Some refusals spoil the memory of libvirt 9.0: each answer comes from a process of its own.
for line in sys.stdin:
    child = os.fork()
    if not child:
        print(json.dumps(answer(*json.loads(line))), flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(json.dumps([None, [0, 0, "it crashed"]]), flush=True)
"""


@cache
def _missing() -> str | None:
    if not PYTHON.exists():
        return f"{PYTHON} is not installed"
    found = subprocess.run([PYTHON, "-c", "import libvirt"], capture_output=True, timeout=30, check=False)
    return None if found.returncode == 0 else "the libvirt binding is not installed for /usr/bin/python3"


class Refused(Exception):
    """The real libvirt refused a document.

    Attributes:
        code: Error number.
        domain: Error domain.
    """

    def __init__(self, code: int, domain: int, message: str) -> None:
        super().__init__(f"{code}, domain {domain}: {message}")
        self.code = code
        self.domain = domain


def answers(requests: list[tuple[str, str]]) -> list[str | Refused]:
    """Return what the test driver prints for documents, or why it does not; skips where there is no libvirt."""
    if reason := _missing():
        pytest.skip(reason)
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    run = subprocess.run([PYTHON, "-c", PRINTER], input=lines, capture_output=True, text=True, timeout=60, check=True)
    return [Refused(*error) if error else document for document, error in map(json.loads, run.stdout.splitlines())]


@cache
def printed(kind: str, text: str) -> str:
    """Return the definition that the test driver prints for a document; skips the test where there is no libvirt.

    Raises:
        Refused: It does not accept the document.
    """
    (answer,) = answers([(kind, text)])
    if isinstance(answer, Refused):
        raise answer
    return answer
