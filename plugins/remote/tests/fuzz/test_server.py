"""Feed a server with messages that nobody meant well, as a client of its own each time.

A few seconds as part of the tests; for as long as wanted by itself, in an empty folder:

    python -m plugins.remote.tests.fuzz.test_server 600

Whatever comes in, the server answers a ping afterwards or has hung up, and nothing reaches a boundary that logs what it
did not expect. Functions that write files where the caller says are left out, and a server's own life.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from plugins.remote.tests.fuzz.test_protocol import MESSAGES, damaged
from virtkit_remote.daemon.authentication import Authentication
from virtkit_remote.daemon.config import Access, AuditLog, Config
from virtkit_remote.daemon.config import Limits as LimitsTable
from virtkit_remote.daemon.places import places
from virtkit_remote.daemon.procedures import MAIN
from virtkit_remote.daemon.rules import Rules
from virtkit_remote.daemon.server import Server
from virtkit_remote.daemon.service import MAIN_PROGRAMS, Service
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import encoder
from virtkit_remote.protocol.frames import CALL, HEADER, MESSAGE, OK, pack

PATIENCE = 30.0
REMOTE, KEEPALIVE = schema.PROGRAMS["remote"], schema.PROGRAMS["keepalive"]
PING = pack(KEEPALIVE, 1, MESSAGE, 0, OK, b"")
PONG = pack(KEEPALIVE, 2, MESSAGE, 0, OK, b"")
AUTHENTICATED = pack(REMOTE, schema.procedure_named("auth_list").number, CALL, 1, OK, b"")
OPENED = AUTHENTICATED + pack(REMOTE, 1, CALL, 2, OK, encoder("remote_connect_open_args")(["test:///default", 0]))
WRITING = ("save", "dump", "restore", "screenshot", "connect_open", "connect_close")
LEFT_OUT = {
    (program, each.number)
    for name, program in schema.PROGRAMS.items()
    for each in schema.procedures(name)
    if any(word in each.name for word in WRITING)
}

Bytes = st.lists(MESSAGES | damaged(MESSAGES) | st.binary(max_size=40), min_size=1, max_size=6)


def harmless(message: bytes) -> bool:
    if len(message) < HEADER.size:
        return True
    _, program, _, number, _, _, _ = HEADER.unpack_from(message)
    return (program, number) not in LEFT_OUT


class Surprises(logging.Handler):
    """What was logged as an error, but that a thread is slow: on a busy machine it looks as if it were stuck."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "is stuck in a call" not in record.msg:
            self.records.append(self.format(record))


class Attacked:
    """A server in this process, and who attacks it."""

    def __init__(self, folder: Path) -> None:
        limits = LimitsTable(message_bytes=65536, workers=4)
        config = Config(audit=AuditLog(enabled=False), access=Access(plugins=False), limits=limits)
        where = places(str(folder))
        self.server = Server(config, where, [], Rules(config, where))
        self.listener = socket.socket(socket.AF_UNIX)
        self.service = Service("unix", self.listener, "unix", MAIN_PROGRAMS, MAIN, Authentication())
        self.surprises = Surprises()

    def attack(self, before: bytes, messages: list[bytes], cut: int) -> None:
        near, far = socket.socketpair()
        self.server.loop.call_soon(lambda: self.server._take_in(self.service, far))
        with near:
            near.settimeout(PATIENCE)
            wire = before + b"".join(message for message in messages if harmless(message))
            with suppress(BrokenPipeError, ConnectionResetError):
                for piece in (wire[:cut], wire[cut:], PING):
                    near.sendall(piece)
                near.shutdown(socket.SHUT_WR)
            self.answers(near)
        surprises, self.surprises.records = self.surprises.records, []
        if surprises:
            raise AssertionError("\n".join(surprises))

    @staticmethod
    def answers(near: socket.socket) -> None:
        """Take whatever comes until the server hangs up, which it does since its client has."""
        with suppress(ConnectionResetError):
            while near.recv(65536):
                pass

    def lives(self) -> bool:
        """Whether a good client is served."""
        near, far = socket.socketpair()
        self.server.loop.call_soon(lambda: self.server._take_in(self.service, far))
        with near:
            near.settimeout(PATIENCE)
            near.sendall(PING)
            return PONG == near.recv(len(PONG))


@contextmanager
def attacked(folder: Path) -> Iterator[Attacked]:
    os.environ["VIRTKIT_DEFAULT_URI"] = "test:///default"
    found = Attacked(folder)
    logging.getLogger("virtkit_remote").addHandler(found.surprises)
    thread = threading.Thread(target=found.server.run)
    thread.start()
    try:
        yield found
    finally:
        found.server.loop.call_soon(found.server.stop)
        thread.join(PATIENCE)
        logging.getLogger("virtkit_remote").removeHandler(found.surprises)
        found.listener.close()
        del os.environ["VIRTKIT_DEFAULT_URI"]


def fuzz(target: Attacked, examples: int, start: int) -> None:
    """Try so many clients, those that follow from a seed."""

    @seed(start)
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from([b"", AUTHENTICATED, OPENED, OPENED]), Bytes, st.integers(0, 300))
    def run(before: bytes, messages: list[bytes], cut: int) -> None:
        target.attack(before, messages, cut)

    run()


def test_no_client_does_more_than_lose_its_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with attacked(tmp_path) as target:
        fuzz(target, examples=600, start=0)
        assert target.lives()
        assert threading.active_count() < 30
    assert {} == target.server.clients


def main(seconds: float) -> None:
    deadline, rounds, first = time.monotonic() + seconds, 0, time.time_ns()
    with tempfile.TemporaryDirectory() as folder, attacked(Path(folder)) as target:
        os.chdir(folder)
        while time.monotonic() < deadline:
            fuzz(target, examples=1000, start=first + rounds)
            rounds += 1
            sys.stdout.write(f"{rounds * 1000} clients, seeds from {first}\n")
            sys.stdout.flush()
        os.chdir("/")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
