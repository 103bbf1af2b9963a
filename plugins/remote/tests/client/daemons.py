"""The other side of a channel: a daemon that does what a test wants, at the other end of a socketpair."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from virtkit.errors import InternalError, VirtError
from virtkit_remote.client.channel import Channel
from virtkit_remote.client.transports.unix import UnixTransport
from virtkit_remote.protocol.failures import encode_error
from virtkit_remote.protocol.frames import ERROR, HEADER, MESSAGE, OK, REPLY, REPLY_WITH_FDS, pack
from virtkit_remote.protocol.tables import PROGRAMS

PATIENCE = 30.0
"""Seconds after which a test has failed; nothing here takes long."""

REMOTE, KEEPALIVE = PROGRAMS["remote"], PROGRAMS["keepalive"]
PING, PONG = 1, 2


class Message(NamedTuple):
    """What the daemon got."""

    program: int
    procedure: int
    type: int
    serial: int
    status: int
    payload: bytes
    files: list[int]


class Daemon:
    """Speaks frames, and knows nothing of what they mean.

    Attributes:
        sock: Its end.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(PATIENCE)

    def next(self) -> Message:
        """The next message; EOFError at the end."""
        head = self._exactly(HEADER.size)
        length, program, _, procedure, kind, serial, status = HEADER.unpack(head)
        return Message(program, procedure, kind, serial, status, self._exactly(length - HEADER.size), [])

    def files(self, number: int) -> list[int]:
        """Descriptors that come behind a message."""
        found: list[int] = []
        while len(found) < number:
            found += socket.recv_fds(self.sock, 1, 32)[1]
        return found

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            chunk = self.sock.recv(size - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    def answer(self, call: Message, payload: bytes = b"", files: list[int] | None = None) -> None:
        """Reply to a call."""
        if files is None:
            self.send(call.program, call.procedure, REPLY, call.serial, OK, payload)
            return
        counted = struct.pack(">I", len(files)) + payload
        self.send(call.program, call.procedure, REPLY_WITH_FDS, call.serial, OK, counted)
        for file in files:
            socket.send_fds(self.sock, [b"\0"], [file])

    def refuse(self, call: Message, error: VirtError | None = None) -> None:
        """Reply with an error."""
        payload = encode_error(error or InternalError("it is broken"))
        self.send(call.program, call.procedure, REPLY, call.serial, ERROR, payload)

    def event(self, payload: bytes = b"") -> None:
        """Send an event."""
        self.send(REMOTE, 107, MESSAGE, 1, OK, payload)

    def send(self, program: int, procedure: int, kind: int, serial: int, status: int, payload: bytes = b"") -> None:
        self.sock.sendall(pack(program, procedure, kind, serial, status, payload))


Script = Callable[[Daemon], None]


@contextmanager
def serving(script: Script, **hooks: Callable[..., object]) -> Iterator[Channel]:
    """A channel to a daemon that follows a script on a thread, and hangs up where the script ends."""
    ours, theirs = socket.socketpair()
    failures: list[BaseException] = []

    def run() -> None:
        with theirs:
            try:
                script(Daemon(theirs))
            except (EOFError, OSError):
                pass  # the client has hung up
            except BaseException as error:  # noqa: BLE001 - told where the test sees it
                failures.append(error)

    thread = threading.Thread(target=run, name="daemon")
    channel = Channel(UnixTransport(ours, "the daemon of the test"), **hooks)
    thread.start()
    try:
        yield channel
    finally:
        channel.close()
        with suppress(OSError):
            theirs.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)
    assert [] == failures


def echo(daemon: Daemon) -> None:
    """Answer every call with its payload."""
    while True:
        call = daemon.next()
        daemon.answer(call, call.payload)


def in_background(function: Callable[[], object]) -> Outcome:
    return Outcome(function)


class Outcome:
    """What a function returns or raises on a thread of its own."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._result: object = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001 - raised again by `result`
            self._error = error

    def result(self) -> object:
        """Wait for it."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it has not returned in time"
        if self._error is not None:
            raise self._error
        return self._result


def open_files() -> set[str]:
    """The descriptors of this process, by number and what they are."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return found
