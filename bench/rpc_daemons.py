"""The daemons that benchmarks stand side by side."""

from __future__ import annotations

import os
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd

TEST = "test:///default"
QEMU = "qemu:///system"
MEBIBYTE = 2**20
PROGRAM = 0x20008086
CONNECT_OPEN, NUM_OF_DEFINED_DOMAINS, AUTH_LIST = 1, 25, 66


@frozen
class Server:
    """A running daemon.

    Attributes:
        path: Its socket.
        pid: Its process.
        seconds: How long it took from its start until it had opened a connection and counted the definitions.
    """

    path: Path
    pid: int
    seconds: float

    def uri(self, local: str) -> str:
        """A URI of a local driver, by way of this daemon."""
        scheme, rest = local.split(":", 1)
        return f"{scheme}+unix:{rest}?socket={self.path}"

    def memory(self) -> float:
        """Resident MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / MEBIBYTE


@contextmanager
def real(folder: Path, local: str) -> Iterator[Server]:
    """libvirtd: for the test driver as an ordinary user, for QEMU privileged in namespaces."""
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with (libvirtd.running_system if local == QEMU else libvirtd.running)(folder) as path, greeted(path, local):
        home = path.parent if local == QEMU else path.parents[1]
        yield Server(path, process_of(home / "libvirtd.conf"), time.perf_counter() - start)


@contextmanager
def own(folder: Path, local: str) -> Iterator[Server]:
    """Our virtkitd, with a root of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with Virtkitd(folder) as daemon, greeted(daemon.socket, local):
        yield Server(daemon.socket, daemon.process.pid, time.perf_counter() - start)


def process_of(configuration: Path) -> int:
    """Number of the libvirtd with a configuration file; its own pid file counts from the start of its namespace."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"libvirtd") and os.fsencode(configuration) in words:
                return int(entry.name)
    raise RuntimeError(f"no libvirtd with {configuration} runs")


@contextmanager
def greeted(path: Path, local: str) -> Iterator[socket.socket]:
    """An idle connection: it has opened a driver and counted its definitions, by frames written down here."""
    name = local.encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        call(connection, AUTH_LIST, b"")
        padding = bytes(-len(name) % 4)
        call(connection, CONNECT_OPEN, struct.pack(">II", 1, len(name)) + name + padding + struct.pack(">I", 0))
        call(connection, NUM_OF_DEFINED_DOMAINS, b"")
        yield connection


def call(connection: socket.socket, procedure: int, arguments: bytes) -> None:
    """One call whose answer has to be a success."""
    connection.sendall(struct.pack(">7I", 28 + len(arguments), PROGRAM, 1, procedure, 0, procedure, 0) + arguments)
    answer = connection.recv(65536)
    if len(answer) < 28 or struct.unpack_from(">I", answer, 24) != (0,):
        raise RuntimeError(f"procedure {procedure} was refused")
