"""A client that says whatever a test has it say: one frame at a time, right or wrong.

with Wire.open(daemon.socket) as wire:              # authenticated, test:///default opened
    wire.call("connect_get_type")                   # wire results, or the error raised
    wire.send(b"...")                               # anything at all
"""

from __future__ import annotations

import array
import os
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from virtkit.errors import VirtError
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.failures import decode_error
from virtkit_remote.protocol.frames import (
    CALL,
    CALL_WITH_FDS,
    CONTINUE,
    ERROR,
    HEADER,
    MESSAGE,
    OK,
    REPLY,
    REPLY_WITH_FDS,
    STREAM,
    pack,
)

PATIENCE = 30.0
"""Seconds after which a test has failed; nothing here takes long."""

KEEPALIVE, PING, PONG = schema.PROGRAMS["keepalive"], 1, 2


class Frame(NamedTuple):
    """A message of the daemon.

    Attributes:
        raw: All of it.
    """

    program: int
    version: int
    number: int
    type: int
    serial: int
    status: int
    raw: bytes

    @property
    def payload(self) -> bytes:
        return self.raw[HEADER.size :]

    @property
    def error(self) -> VirtError:
        """The error it carries."""
        assert ERROR == self.status
        return decode_error(self.raw, HEADER.size)

    @property
    def refusal(self) -> tuple[int, int]:
        """Number and domain of the error it carries, as they are on the wire."""
        assert ERROR == self.status
        code, domain = struct.unpack_from(">ii", self.raw, HEADER.size)
        return code, domain


class Wire:
    """A connection to a daemon.

    Attributes:
        sock: Its socket.
        files: Descriptors that have arrived.
        events: Messages that were no answer to a call and nothing of a stream, in order.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self.files: list[int] = []
        self.events: list[Frame] = []
        self._others: deque[Frame] = deque()
        self._bytes = b""
        self._serial = 0

    @classmethod
    def to(cls, path: Path) -> Wire:
        """Connect, and say nothing."""
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(os.fspath(path))
        return cls(sock)

    @classmethod
    def open(cls, path: Path, uri: str = "test:///default", flags: int = 0) -> Wire:
        """Connect, authenticate and open a connection."""
        wire = cls.to(path)
        wire.call("auth_list")
        wire.call("connect_open", uri, flags)
        return wire

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, without a word."""
        self.sock.close()
        for file in self.files:
            os.close(file)
        self.files.clear()

    # Out

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def send_files(self, files: Sequence[int]) -> None:
        """Send descriptors, each with a byte of its own."""
        for file in files:
            socket.send_fds(self.sock, [b"\0"], [file])

    def ask(self, name: str, *arguments: Any, files: Sequence[int] = (), type: int = CALL) -> int:
        """Send a call and wait for nothing; its serial."""
        procedure = schema.procedure_named(name)
        payload = encoder(procedure.args)(arguments) if procedure.args else b""
        if files or type == CALL_WITH_FDS:
            type, payload = CALL_WITH_FDS, len(files).to_bytes(4, "big") + payload
        self._serial += 1
        self.send(pack(schema.PROGRAMS[procedure.program], procedure.number, type, self._serial, OK, payload))
        self.send_files(files)
        return self._serial

    def packet(self, name: str, serial: int, data: bytes = b"", status: int = CONTINUE, type: int = STREAM) -> None:
        """Send a packet of a stream."""
        procedure = schema.procedure_named(name)
        self.send(pack(schema.PROGRAMS[procedure.program], procedure.number, type, serial, status, data))

    def ping(self) -> None:
        """Ask for a sign of life; the answer is a frame."""
        self.send(pack(KEEPALIVE, PING, MESSAGE, 0, OK, b""))

    # In

    def frame(self) -> Frame:
        """The next message, whatever it is."""
        return self._others.popleft() if self._others else self._read()

    def find(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The next message of some kind; others are kept."""
        for found in self._others:
            if wanted(found):
                self._others.remove(found)
                return found
        while not wanted(found := self._read()):
            self._others.append(found)
        return found

    def reply(self, serial: int) -> Frame:
        """The reply to a call."""
        return self.find(lambda frame: frame.serial == serial and frame.type in (REPLY, REPLY_WITH_FDS))

    def streamed(self, serial: int) -> Frame:
        """The next packet of a stream."""
        return self.find(lambda frame: frame.serial == serial and frame.type not in (REPLY, REPLY_WITH_FDS, MESSAGE))

    def event(self, name: str) -> tuple[Any, ...]:
        """The next event of a kind, decoded."""
        procedure = schema.procedure_named(name)
        assert procedure.msg
        found = self.find(lambda frame: frame.type == MESSAGE and frame.number == procedure.number)
        values: tuple[Any, ...] = decoder(procedure.msg)(found.raw, HEADER.size)[0]
        return values

    def call(self, name: str, *arguments: Any, files: Sequence[int] = ()) -> tuple[Any, ...]:
        """Call and wait: the wire results, or the error raised."""
        return self.result(name, self.ask(name, *arguments, files=files))

    def result(self, name: str, serial: int) -> tuple[Any, ...]:
        """The wire results of a call, or the error raised."""
        found = self.reply(serial)
        if found.status == ERROR:
            raise found.error
        procedure = schema.procedure_named(name)
        offset = HEADER.size
        if found.type == REPLY_WITH_FDS:
            self._await_files(int.from_bytes(found.raw[offset : offset + 4], "big"))
            offset += 4
        values: tuple[Any, ...] = decoder(procedure.ret)(found.raw, offset)[0] if procedure.ret else ()
        return values

    def refused(self, name: str, *arguments: Any, files: Sequence[int] = ()) -> tuple[int, int]:
        """Number and domain of the error that a call ends with."""
        return self.reply(self.ask(name, *arguments, files=files)).refusal

    def at_end(self) -> bool:
        """Wait until the daemon hangs up, whatever it says before; False when it does not."""
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                if not self._receive():
                    return True
        except (ConnectionError, ssl.SSLError):
            return True
        except TimeoutError:
            pass
        return False

    def _read(self) -> Frame:
        header = self._take(4)
        length = int.from_bytes(header, "big")
        raw = header + self._take(length - 4)
        _, program, version, number, type, serial, status = HEADER.unpack_from(raw)
        return Frame(program, version, number, type, serial, status, raw)

    def _take(self, size: int) -> bytes:
        while len(self._bytes) < size:
            data = self._receive()
            if not data:
                raise EOFError(f"the daemon hung up; {len(self._bytes)} bytes of {size} had come")
            self._bytes += data
        taken, self._bytes = self._bytes[:size], self._bytes[size:]
        return taken

    def _await_files(self, count: int) -> None:
        """Take the bytes that descriptors travel with."""
        self._take(count)
        assert count <= len(self.files)

    def _receive(self) -> bytes:
        if self.sock.family != socket.AF_UNIX:
            return self.sock.recv(1 << 20)
        data, ancillary, _, _ = self.sock.recvmsg(1 << 20, 1024)
        for _, _, content in ancillary:
            self.files.extend(array.array("i", content))
        return data
