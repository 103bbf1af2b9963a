"""A real ssh server on a high port of 127.0.0.1, for root, with its own keys: up in a context, gone after it.

It lives in mount and process namespaces of its own, in which `/run/libvirt/libvirt-sock` can be the socket of a test's
daemon: what looks for a daemon at its usual place finds that one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from virtkit.services.runner import find_program

START_SECONDS = 30.0
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
PREPARE = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/sshd /run/libvirt
if [ -n "$3" ]; then ln -s "$3" /run/libvirt/libvirt-sock; fi
exec 3<&0
"$1" -D -e -f "$2" < /dev/null &
daemon=$!
(cat <&3 > /dev/null; kill $daemon) &
wait $daemon
"""
"""Runs sshd until standard input ends, hence also when the test is killed."""
CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
SetEnv PATH={path}
"""


class Server(NamedTuple):
    """A running server.

    Attributes:
        port: Where it listens.
        keyfile: A private key that it accepts.
        known_hosts: A file that holds its host key.
    """

    port: int
    keyfile: Path
    known_hosts: Path

    @property
    def parameters(self) -> str:
        """What a URI needs to get in."""
        return f"keyfile={self.keyfile}&known_hosts={self.known_hosts}&known_hosts_verify=normal&no_tty=1"


@contextmanager
def running(folder: Path, *, daemon: Path | None = None, path: str = os.defpath) -> Iterator[Server]:
    """Run a server whose keys and log are in `folder`; skips the test where there can be none.

    Args:
        folder: Must exist.
        daemon: What `/run/libvirt/libvirt-sock` leads to there; None: it does not exist.
        path: Where commands are looked for there.
    """
    program = _found()
    port = _free_port()
    for name in ("host", "key"):
        make_key(folder / name)
    (folder / "authorized").write_bytes((folder / "key.pub").read_bytes())
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "conf").write_text(CONFIGURATION.format(port=port, folder=folder, path=path))
    command = [*NAMESPACES, "sh", "-c", PREPARE, "sh", program, str(folder / "conf"), str(daemon or "")]
    log = folder / "log"
    with (
        open(log, "wb") as output,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output) as process,
    ):
        try:
            _await(process, port, log)
            yield Server(port, folder / "key", folder / "known")
        finally:
            process.kill()  # and all in its namespaces with it


def make_key(path: Path) -> None:
    """Write a key pair without a passphrase: `path` and `path.pub`."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True, timeout=START_SECONDS)


def _found() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can give an ssh server namespaces of its own")
    for name in ("ssh", "ssh-keygen", "unshare"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    program = find_program("sshd")
    if program is None:
        pytest.skip("sshd is not installed (openssh-server)")
    tried = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True, timeout=30, check=False)
    if tried.returncode:
        pytest.skip(f"no namespaces here: {tried.stderr.strip()}")
    return program


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"sshd does not listen at port {port}:\n{log.read_text(errors='replace')}")
        time.sleep(0.01)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
