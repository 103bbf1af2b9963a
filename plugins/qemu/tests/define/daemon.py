"""The real libvirt's daemon with its QEMU driver: in namespaces of its own, gone with the test.

Its state is on file systems in memory that nobody else sees. It does not see /dev/kvm either: where KVM is there and
does not work, each definition would cost it seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import frozen

PYTHON = Path("/usr/bin/python3")
"""The interpreter that the distribution's libvirt binding is installed for."""

SETUP = """
set -e
mount --make-rprivate /
mkdir "$1/dev" && mount -t tmpfs none "$1/dev"
for node in null zero full random urandom tty; do touch "$1/dev/$node" && mount --bind /dev/$node "$1/dev/$node"; done
mkdir "$1/dev/pts" "$1/dev/shm" && mount --bind /dev/pts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx" && ln -s /proc/self/fd "$1/dev/fd"
mount --rbind "$1/dev" /dev
mount -t tmpfs none /run
for folder in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
    mkdir -p $folder && mount -t tmpfs none $folder
done
printf 'unix_sock_dir = "%s"\\nauth_unix_rw = "none"\\n' "$1" > "$1/conf"
libvirtd -f "$1/conf" -p "$1/pid" 2> "$1/log" &
daemon=$!
trap 'kill $daemon; wait $daemon' EXIT
"$2" -c "$3" "$1/libvirt-sock"
"""

CLIENT = """
import json, sys, time, libvirt
libvirt.registerErrorHandler(lambda *ignored: None, None)
deadline = time.monotonic() + 60
while True:
    try:
        conn = libvirt.open(f"qemu+unix:///system?socket={sys.argv[1]}")
        break
    except libvirt.libvirtError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.01)
for line in sys.stdin:
    try:
        domain = conn.defineXML(json.loads(line))
    except libvirt.libvirtError as error:
        answer = [error.get_error_code(), error.get_error_domain(), error.get_error_message()]
    else:
        answer = {"secure": domain.XMLDesc(1), "migratable": domain.XMLDesc(8)}
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
    print(json.dumps(answer), flush=True)
"""


@frozen
class Refusal:
    """The real libvirt refused a definition."""

    code: int
    domain: int
    message: str


@frozen
class Defined:
    """The real libvirt accepted a definition: its documents, with secrets and for another host."""

    secure: str
    migratable: str


class Daemon:
    """A running daemon."""

    def __init__(self, folder: Path) -> None:
        command = ["unshare", "-m", "-n", "sh", "-c", SETUP, "sh", str(folder), str(PYTHON), CLIENT]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def define(self, text: str) -> Defined | Refusal:
        """What becomes of a definition."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return Defined(**answer) if isinstance(answer, dict) else Refusal(*answer)


@contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """Run a daemon whose socket is in `folder`; skips the test where there can be none."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can give a daemon namespaces of its own")
    for program in ("libvirtd", "unshare", str(PYTHON), "qemu-system-x86_64"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    for command in (["unshare", "-m", "-n", "true"], [str(PYTHON), "-c", "import libvirt"]):
        tried = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if tried.returncode:
            pytest.skip(f"{' '.join(command)}: {tried.stderr.strip().splitlines()[-1]}")
    daemon = Daemon(folder)
    try:
        yield daemon
    finally:
        daemon.close()
