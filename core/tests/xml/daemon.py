"""The real libvirt's daemon, for the kinds its test driver does not take: in namespaces of its own, gone with the test.

Its state is on file systems in memory that nobody else sees, so that any number of them run side by side.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pytest

from core.tests.xml.libvirt import PYTHON, Refused

SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
for folder in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
    mkdir -p $folder && mount -t tmpfs none $folder
done
ip link set lo up
printf 'unix_sock_dir = "%s"\\nauth_unix_rw = "none"\\n' "$1" > "$1/conf"
libvirtd -f "$1/conf" -p "$1/pid" 2> "$1/log" &
daemon=$!
trap 'kill $daemon; wait $daemon' EXIT
"$2" -c "$3" "$1/libvirt-sock"
"""

PRINTER = """
import json, sys, time, libvirt
libvirt.registerErrorHandler(lambda *ignored: None, None)
deadline = time.monotonic() + 30
while True:
    try:
        conn = libvirt.open(f"qemu+unix:///system?socket={sys.argv[1]}")
        break
    except libvirt.libvirtError:
        if time.monotonic() > deadline:
            raise

network = conn.networkCreateXML("<network><name>n</name><forward mode='bridge'/><bridge name='br-x'/></network>")

def port(text):
    return network.portCreateXML(text, libvirt.VIR_NETWORK_PORT_CREATE_RECLAIM)

define = {
    "domain": conn.defineXML,
    "nwfilter": conn.nwfilterDefineXML,
    "nwfilterbinding": conn.nwfilterBindingCreateXML,
    "networkport": port,
    "secret": conn.secretDefineXML,
}
ask = {
    "capabilities": lambda _: conn.getCapabilities(),
    "domaincaps": lambda machine: conn.getDomainCapabilities(None, None, machine or None, "qemu"),
    "poolcaps": lambda _: conn.getStoragePoolCapabilities(),
    "cpu": lambda text: conn.baselineCPU([text]),
    "comparison": lambda text: str(conn.compareCPU(text)),
}
for line in sys.stdin:
    kind, text = json.loads(line)
    try:
        answer = (ask[kind](text) if kind in ask else define[kind](text).XMLDesc()), None
    except libvirt.libvirtError as error:
        answer = None, [error.get_error_code(), error.get_error_domain(), error.get_error_message()]
    print(json.dumps(answer), flush=True)
"""


class Daemon:
    """A running daemon."""

    def __init__(self, folder: Path) -> None:
        command = ["unshare", "-m", "-n", "sh", "-c", SETUP, "sh", str(folder), str(PYTHON), PRINTER]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def printed(self, kind: str, text: str) -> str:
        """Return what the daemon prints for a document, or for a question.

        Raises:
            Refused: It does not accept the document.
        """
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([kind, text]) + "\n")
        self.process.stdin.flush()
        document, error = json.loads(self.process.stdout.readline())
        if error:
            raise Refused(*error)
        return str(document)


@contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """Run a daemon whose socket is in `folder`; skips the test where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a daemon namespaces of its own")
    for program in ("libvirtd", "unshare", str(PYTHON)):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    with Daemon(folder) as daemon:
        yield daemon
