"""The rows of `make bench BENCH=storage`: pools that are folders, in virtkitd beside libvirtd, asked by one client.

    python -m bench.storage                 every row
    python -m bench.storage contents        the rows of these functions

How clients and rounds are run stands in `bench.rpc`. Both daemons have a pool of their own with the same files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import rpc
from bench.rpc import SYSTEM_PYTHON, Client, Daemons, best_rounds, microseconds, milliseconds
from bench.rpc_daemons import QEMU, Server, own
from bench.table import NO_LIMIT, Row

VOLUMES = 5000
FILE_BYTES = 1 << 20
LARGE = "large.img"
LARGE_BYTES = 1 << 30
DATA_EVERY = 32 << 20
"""A sparse volume has a MiB of data at each multiple of this."""

ROUNDS = 15
FEW = 5
SCRIPT = "storage_client.py"

Sides = tuple[Server, Server]


def compared(sides: Sides, work: str, argument: object = "", rounds: int = ROUNDS) -> tuple[float, float]:
    """Seconds that one call takes, ours and theirs."""
    with ExitStack() as stack:
        clients = [[stack.enter_context(_client(server, work))] for server in sides]
        ours, theirs = best_rounds(clients, rounds, argument)
    return ours, theirs


def _client(server: Server, work: str) -> Client:
    return Client(server.uri(QEMU), work, SYSTEM_PYTHON, SCRIPT)


@contextmanager
def started(daemons: Daemons, fill: Callable[[Path], object]) -> Iterator[Sides]:
    """Both daemons with the pool `bench`, whose folders were filled the same way."""
    with daemons.running(QEMU) as pair:
        for name, server in zip(("our-pool", "their-pool"), pair, strict=True):
            folder = daemons.folder / name
            folder.mkdir()
            fill(folder)
            with _client(server, "start") as client:
                client.round(folder)
        yield pair.ours, pair.theirs


def many_files(folder: Path) -> None:
    """Files as people have them: half raw, half qcow2."""
    first = folder / "disk-0000.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", first, "1G"], check=True)
    image = first.read_bytes()
    for number in range(1, VOLUMES):
        if number % 2:
            with open(folder / f"disk-{number:04}.img", "wb") as file:
                file.truncate(FILE_BYTES)
        else:
            (folder / f"disk-{number:04}.qcow2").write_bytes(image)


def sparse_file(folder: Path) -> None:
    """A large file with little data."""
    with open(folder / LARGE, "wb") as file:
        for start in range(0, LARGE_BYTES, DATA_EVERY):
            file.seek(start)
            file.write(os.urandom(1 << 20))
        file.truncate(LARGE_BYTES)


def whole_file(folder: Path) -> None:
    """A large file with data everywhere."""
    data = os.urandom(16 << 20)
    with open(folder / LARGE, "wb") as file:
        for _ in range(LARGE_BYTES // len(data)):
            file.write(data)


def pool(daemons: Daemons) -> Iterator[Row]:
    with started(daemons, many_files) as sides:
        seconds = compared(sides, "refresh_new", rounds=FEW)
        yield milliseconds(f"pool of {VOLUMES:,}: refresh, all of them changed", seconds, 1.0)
        yield milliseconds(f"pool of {VOLUMES:,}: refresh, none changed", compared(sides, "refresh_same"), 0.25)
        yield milliseconds(f"pool of {VOLUMES:,}: list", compared(sides, "list_all", VOLUMES), 1.0)
        yield microseconds(f"pool of {VOLUMES:,}: lookup by name", compared(sides, "lookup", "disk-4321.img"), 1.0)
        yield microseconds("vol.info()", compared(sides, "info", "disk-4320.qcow2"), NO_LIMIT)


def clone(daemons: Daemons) -> Iterator[Row]:
    with started(daemons, sparse_file) as sides:
        yield milliseconds("clone of 1 GiB, sparse", compared(sides, "clone", LARGE, FEW), 1.0)


def contents(daemons: Daemons) -> Iterator[Row]:
    with started(daemons, whole_file) as sides:
        yield milliseconds("download of 1 GiB", compared(sides, "download", LARGE, FEW), 1.0)
        yield milliseconds("upload of 1 GiB, on the disk", compared(sides, "upload_to_disk", LARGE, FEW), 1.0)
        yield milliseconds("upload of 1 GiB, libvirt's in memory", compared(sides, "upload", LARGE, FEW), 1.0)


MAKERS = (pool, clone, contents)


def rows() -> Iterator[Row]:
    """The table."""
    return rpc.rows_of(MAKERS, (), own)


if __name__ == "__main__":
    sys.exit(rpc.main(makers=MAKERS))
