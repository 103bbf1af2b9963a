"""The rows of `make bench` about daemons: virtkitd beside libvirtd, asked by the same client in the same minute.

    python -m bench.rpc                     every row
    python -m bench.rpc parallel idle       the rows of these functions
    python -m bench.rpc --same trivial      libvirtd on both sides: how far a ratio is from 1 is noise

Clients are processes that stay connected and do a short round when told to. The rounds of both sides alternate, so that
whatever else the machine does meets both; a figure is the best round. Daemons keep their state on the same disk.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import fmean

import pytest
from attrs import frozen

from bench.rpc_daemons import QEMU, TEST, Server, greeted, own, real
from bench.table import HEADER, NO_LIMIT, Row, environment

HERE = Path(__file__).resolve().parent
SYSTEM_PYTHON = "/usr/bin/python3"
ROUNDS = 50
ON_DISK = 100
"""Rounds of what waits for the disk, which takes longer at times: the best of fewer is chance."""

FEW = 8
"""Rounds of what takes long itself."""

STARTS = 6
CLIENTS = 4
CONNECTIONS = 1000
DEFINITIONS = 3000
DESCRIPTORS = 16384
"""Open files that a daemon may have; systemd gives libvirtd as many."""

Daemon = Callable[[Path, str], AbstractContextManager[Server]]
"""Runs a daemon whose files are in a folder, for a driver's URI."""


class Client:
    """A process that does a round of its work when told to.

    Args:
        uri: What it connects to.
        work: What it does.
        interpreter: Of the script.
        script: `rpc_client.py` or one with the same manners.
    """

    def __init__(self, uri: str, work: str, interpreter: str = SYSTEM_PYTHON, script: str = "rpc_client.py") -> None:
        self.process = subprocess.Popen(
            [interpreter, str(HERE / script), uri, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def read(self) -> str:
        """The next line that it prints.

        Raises:
            RuntimeError: It ended instead.
        """
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        if not line:
            assert self.process.stderr
            errors = self.process.stderr.read().strip().splitlines()
            raise RuntimeError(errors[-1] if errors else f"a client ended with {self.process.wait()}")
        return line

    def begin(self, argument: object) -> None:
        """Tell it to do a round."""
        assert self.process.stdin
        self.process.stdin.write(f"{argument}\n")
        self.process.stdin.flush()

    def round(self, argument: object = "") -> float:
        """Do a round; the seconds that one call took."""
        self.begin(argument)
        return float(self.read())

    def __enter__(self) -> Client:
        self.read()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


@frozen
class Pair:
    """Both daemons while they run."""

    ours: Server
    theirs: Server

    def __iter__(self) -> Iterator[Server]:
        return iter((self.ours, self.theirs))


@frozen
class Daemons:
    """Both daemons, to be started.

    Attributes:
        folder: Where they keep what they keep.
        ours: Starts ours.
        theirs: Starts theirs.
    """

    folder: Path
    ours: Daemon
    theirs: Daemon

    def our(self, local: str) -> AbstractContextManager[Server]:
        """Run ours for a driver."""
        return self.ours(self.folder / f"ours-{local.split(':')[0]}", local)

    def their(self, local: str) -> AbstractContextManager[Server]:
        """Run theirs for a driver."""
        return self.theirs(self.folder / f"theirs-{local.split(':')[0]}", local)

    @contextmanager
    def running(self, local: str) -> Iterator[Pair]:
        """Run both."""
        with self.our(local) as ours, self.their(local) as theirs:
            yield Pair(ours, theirs)


def best_rounds(sides: Sequence[Sequence[Client]], rounds: int, argument: object = "") -> list[float]:
    """The best round of each side: the seconds of one call, of clients that work at the same time in the mean."""
    best = [NO_LIMIT] * len(sides)
    for _ in range(rounds):
        for number, clients in enumerate(sides):
            for client in clients:
                client.begin(argument)
            best[number] = min(best[number], fmean([float(client.read()) for client in clients]))
    return best


def compared(
    pair: Pair, work: str, argument: object = "", *, local: str = TEST, rounds: int = ROUNDS, clients: int = 1
) -> tuple[float, float]:
    """Seconds that one call takes, ours and theirs, by as many clients at a time."""
    with ExitStack() as stack:
        sides = [[stack.enter_context(Client(server.uri(local), work)) for _ in range(clients)] for server in pair]
        ours, theirs = best_rounds(sides, rounds, argument)
    return ours, theirs


def microseconds(work: str, seconds: tuple[float, float], factor: float = NO_LIMIT) -> Row:
    return Row.relative(work, "us", seconds[0] * 1e6, seconds[1] * 1e6, factor)


def milliseconds(work: str, seconds: tuple[float, float], factor: float = NO_LIMIT) -> Row:
    return Row.relative(work, "ms", seconds[0] * 1e3, seconds[1] * 1e3, factor)


def trivial(daemons: Daemons) -> Iterator[Row]:
    with daemons.running(TEST) as pair:
        yield microseconds("RPC: conn.getLibVersion()", compared(pair, "version"), 0.8)
        yield microseconds("RPC: domain.info()", compared(pair, "info"), 0.8)


def parallel(daemons: Daemons) -> Iterator[Row]:
    with daemons.running(TEST) as pair:
        seconds = compared(pair, "info_for_long", rounds=FEW, clients=CLIENTS)
        yield microseconds(f"RPC: domain.info() by {CLIENTS} clients at once", seconds, 0.8)


def idle(daemons: Daemons) -> Iterator[Row]:
    with daemons.running(TEST) as pair, ExitStack() as stack:
        before = [server.memory() for server in pair]
        for server in pair:
            for _ in range(CONNECTIONS):
                stack.enter_context(greeted(server.path, TEST))
        ours, theirs = (server.memory() - free for server, free in zip(pair, before, strict=True))
        yield Row.absolute(f"memory of {CONNECTIONS:,} idle connections", "MiB", ours, theirs)
        yield microseconds("RPC: domain.info() beside them", compared(pair, "info"), 0.8)


def define(daemons: Daemons) -> Iterator[Row]:
    with daemons.running(TEST) as pair:
        yield milliseconds("RPC: define with the test driver", compared(pair, "define", 50), 1.5)


def many(daemons: Daemons, count: int, rounds: int, factor: float) -> Iterator[Row]:
    """List that many domains and get their statistics."""
    with daemons.running(TEST) as pair, ExitStack() as stack:
        for server in pair:
            stack.enter_context(Client(server.uri(TEST), "populate")).round(count)
        yield milliseconds(f"RPC: list {count:,} domains", compared(pair, "list_all", count, rounds=rounds), factor)
        yield milliseconds(f"RPC: stats of {count:,} domains", compared(pair, "stats", count, rounds=FEW))


def thousand(daemons: Daemons) -> Iterator[Row]:
    yield from many(daemons, 1000, ROUNDS, 0.7)


def ten_thousand(daemons: Daemons) -> Iterator[Row]:
    yield from many(daemons, 10_000, FEW, NO_LIMIT)


def client(daemons: Daemons) -> Iterator[Row]:
    """Our client beside the C library, both at the real libvirtd."""
    with daemons.their(TEST) as server, ExitStack() as stack:
        uri, script = server.uri(TEST), "rpc_virtkit_client.py"
        clients = [Client(uri, "info"), *(Client(uri, w, sys.executable, script) for w in ("sequential", "pipelined"))]
        theirs, sequential, pipelined = best_rounds([[stack.enter_context(one)] for one in clients], ROUNDS)
        yield microseconds("client at libvirtd: virtkit", (sequential, theirs))
        yield microseconds("client at libvirtd: virtkit.aio, pipelined", (pipelined, theirs), 1 / 1.8)


def define_qemu(daemons: Daemons) -> Iterator[Row]:
    with daemons.running(QEMU) as pair:
        seconds = compared(pair, "define", 20, local=QEMU, rounds=ON_DISK)
        yield milliseconds("RPC: define with the QEMU driver", seconds, 1.0)


def start(daemons: Daemons) -> Iterator[Row]:
    seconds, memory = starts(daemons, TEST)
    yield milliseconds("daemon: start to the first answer", seconds)
    yield Row.absolute("daemon: memory when idle", "MiB", *memory, 45)


def start_with_definitions(daemons: Daemons) -> Iterator[Row]:
    with daemons.running(QEMU) as pair:
        for server in pair:
            with Client(server.uri(QEMU), "populate") as populating:
                populating.round(DEFINITIONS)
    seconds, memory = starts(daemons, QEMU)
    yield milliseconds(f"daemon: start with {DEFINITIONS:,} definitions", seconds, 0.5)
    yield Row.absolute(f"daemon: memory with {DEFINITIONS:,} definitions", "MiB", *memory, 70)


def starts(daemons: Daemons, local: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Seconds and MiB of the quickest start, ours and theirs each; one daemon runs at a time."""
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(STARTS):
        for daemon, figures in ((daemons.our, ours), (daemons.their, theirs)):
            with daemon(local) as server:
                figures.append((server.seconds, server.memory()))
    (our_seconds, our_memory), (their_seconds, their_memory) = min(ours), min(theirs)
    return (our_seconds, their_seconds), (our_memory, their_memory)


Maker = Callable[[Daemons], Iterator[Row]]
"""Measures some rows."""

MAKERS: tuple[Maker, ...] = (
    *(trivial, parallel, idle, thousand, ten_thousand, define, define_qemu),
    *(start, start_with_definitions, client),
)


def rows(names: Sequence[str] = (), ours: Daemon = own) -> Iterator[Row]:
    """The table.

    Args:
        names: Functions whose rows are wanted; all when empty.
        ours: What stands on our side.
    """
    return rows_of(MAKERS, names, ours)


def rows_of(makers: Sequence[Maker], names: Sequence[str], ours: Daemon) -> Iterator[Row]:
    """The rows of some makers, or of those of them that are named."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard), hard))
    for make in makers:
        if names and make.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            try:
                yield from make(Daemons(Path(folder), ours, real))
            except (Exception, pytest.skip.Exception) as error:  # noqa: BLE001 other rows can still be measured
                yield Row.missing(make.__name__, (str(error) or repr(error)).splitlines()[0])


def main(arguments: Sequence[str] | None = None, makers: Sequence[Maker] = MAKERS) -> int:
    """Print the rows; 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description="Rows of `make bench`, virtkitd beside libvirtd.")
    known = {make.__name__ for make in makers}
    parser.add_argument("names", nargs="*", metavar="ROW", help=", ".join(sorted(known)))
    parser.add_argument("--same", action="store_true", help="libvirtd on both sides")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - known:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    print(HEADER)
    met = True
    for row in rows_of(makers, options.names, real if options.same else own):
        print(row, flush=True)
        met &= row.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
