"""Streams of a daemon: downloads, uploads and consoles, beside the calls of the same connection."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationAbortedError, VirtError
from virtkit.streams import Hole, Piece
from virtkit_remote.client.channel import Waiter
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.failures import decode_error
from virtkit_remote.protocol.frames import (
    CONTINUE,
    ERROR,
    HEADER,
    OK,
    STREAM,
    STREAM_HOLE,
    STREAM_PAYLOAD_MAX,
    pack,
)

if TYPE_CHECKING:
    from virtkit_remote.binding.calling import Call
    from virtkit_remote.client.session import Session

HOLE = "virNetStreamHole"

UNREAD_MAX = 256 << 20
"""Bytes that may wait to be read while other calls go on; a stream that lets more wait is given up."""


def piece_of(message: bytes) -> Piece:
    """The bytes or the hole that a packet carries; b"" where the stream ends."""
    _, _, _, _, kind, _, status = HEADER.unpack_from(message)
    if kind == STREAM_HOLE:
        return Hole(decoder(HOLE)(message, HEADER.size)[0][0])
    return message[HEADER.size :] if status == CONTINUE else b""


def packets(data: bytes) -> Iterator[bytes]:
    """Bytes in pieces that a packet may carry."""
    return (data[start : start + STREAM_PAYLOAD_MAX] for start in range(0, len(data), STREAM_PAYLOAD_MAX))


def hole(length: int) -> bytes:
    """The payload of a hole."""
    return encoder(HOLE)((length, 0))


def unread() -> OperationAbortedError:
    """The error of a stream that more than `UNREAD_MAX` bytes arrived of."""
    return OperationAbortedError(
        f"more than {UNREAD_MAX >> 20} MiB of a stream were not read while other calls went on: read it first, "
        "or on a connection of its own",
        domain=ErrorDomain.STREAMS,
    )


def over() -> OperationAbortedError:
    """The error of a stream that is used after its end."""
    return OperationAbortedError("the stream is over: open another one", domain=ErrorDomain.STREAMS)


class Incoming(Waiter):
    """What has arrived of a stream.

    Attributes:
        signal: A descriptor that is readable while there is something; -1 where nobody asked for one.
        waiting: Bytes that have arrived and were not taken.
    """

    __slots__ = ("_guard", "signal", "waiting")

    def __init__(self) -> None:
        super().__init__()
        self.signal = -1
        self.waiting = 0
        self._guard = threading.Lock()  # of `signal` and `waiting`, which both sides change

    def put(self, message: bytes) -> None:
        with self._guard:
            self.waiting += len(message)
        if self.waiting <= UNREAD_MAX:  # else the end of the stream is told by `Stream`
            super().put(message)

    def put_first(self, message: bytes) -> None:
        """Put back what was taken."""
        with self._guard:
            self.waiting += len(message)
            self.arrived.appendleft(message)
        self.wake()

    def take(self) -> bytes:
        """Take the next message."""
        message = self.arrived.popleft()
        with self._guard:
            self.waiting -= len(message)
            if self.signal >= 0 and not self.arrived:
                with suppress(BlockingIOError):  # it says so already
                    os.eventfd_read(self.signal)
                if self.arrived:  # has come just now
                    os.eventfd_write(self.signal, 1)
        return message

    def wake(self) -> None:
        with self._guard:
            if self.signal >= 0:
                os.eventfd_write(self.signal, 1)
        super().wake()

    def watch(self) -> None:
        """Make the descriptor."""
        with self._guard:
            self.signal = os.eventfd(1 if self.arrived else 0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def unwatch(self) -> bool:
        """Close the descriptor; whether there was one."""
        with self._guard:
            signal, self.signal = self.signal, -1
        if signal >= 0:
            os.close(signal)
        return signal >= 0


class Stream:
    """An open stream. One thread may read while another sends, and any may end it.

    Args:
        session: Its connection.
        call: The call that opens it.
        arguments: Arguments of the hook.

    Attributes:
        reply: The reply to the call that opened it.
    """

    def __init__(self, session: Session, call: Call, arguments: tuple[Any, ...]) -> None:
        self._channel = session.channel
        self._call = call
        self._incoming = Incoming()
        self._taking = threading.Lock()
        self._over = False
        self._silent = False
        self.reply, self._serial = self._channel.open_stream(
            call.program, call.procedure.number, call.request(arguments, 0), self._incoming
        )

    def next(self, seconds: float | None = None) -> Piece:
        """The next bytes or hole; b"" at the end.

        Raises:
            TimeoutError: Nothing has come in time.
            VirtError: The stream failed, or the connection is gone.
        """
        if self._silent:
            return b""
        message = self._take(seconds)
        piece = piece_of(message) if message else b""
        self._silent = not piece
        return piece

    def give_back(self, data: bytes) -> None:
        """Have bytes be the next once more; for who reads."""
        self._incoming.put_first(pack(self._call.program, 0, STREAM, self._serial, CONTINUE, data))

    def send(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            VirtError: The daemon has given the stream up.
        """
        self._check()
        for packet in packets(data):
            self._post(CONTINUE, packet)

    def send_hole(self, length: int) -> None:
        """Send a hole; errors as from `send`."""
        self._check()
        self._post(CONTINUE, hole(length), STREAM_HOLE)

    def finish(self) -> None:
        """Say that all is sent or read, and wait until the daemon agrees.

        Raises:
            VirtError: The daemon could not keep what was sent.
        """
        self._end(OK)

    def abort(self) -> None:
        """Give the stream up; data under way is dropped."""
        self._end(ERROR)

    def _end(self, status: int) -> None:
        if self._over:
            return
        try:
            self._post(status)
        except VirtError:
            self._forget()
            raise
        while self._take(None):
            pass  # data that was under way

    def descriptor(self) -> int:
        """A descriptor that is readable while there is something to take; the connection is attended from now on."""
        if self._incoming.signal < 0 and not self._over:
            self._channel.attend()
            self._incoming.watch()
        return self._incoming.signal

    def _take(self, seconds: float | None) -> bytes:
        """The next packet; b"" when the daemon has agreed to the end, whichever thread has seen that."""
        with self._taking:
            if self._over:
                return b""
            try:
                if not self._channel.wait(self._incoming, seconds):
                    raise TimeoutError
            except VirtError:
                self._forget()
                raise
            return self._took(self._incoming.take())

    def _took(self, message: bytes) -> bytes:
        if self._incoming.waiting > UNREAD_MAX:
            self._forget()
            self._post(ERROR)
            raise unread()
        status = HEADER.unpack_from(message)[6]
        if status == CONTINUE:
            return message
        self._forget()
        if status == ERROR:
            raise decode_error(message, HEADER.size)
        return b""

    def _check(self) -> None:
        """Raise what the daemon has said of a stream that it gave up; a sender reads nothing else."""
        if self._over:
            raise over()
        if not self._taking.acquire(blocking=False):
            return  # who reads will see it
        try:
            if self._channel.wait(self._incoming, 0) and HEADER.unpack_from(self._incoming.arrived[0])[6] == ERROR:
                self._took(self._incoming.take())
        finally:
            self._taking.release()

    def _post(self, status: int, payload: bytes = b"", type: int = STREAM) -> None:
        self._channel.post(self._call.program, self._call.procedure.number, type, self._serial, status, payload)

    def _forget(self) -> None:
        self._over = self._silent = True
        self._channel.forget_stream(self._call.procedure.number, self._serial)
        if self._incoming.unwatch():
            self._channel.leave()


def source(stream: Stream) -> Iterator[Piece]:
    """A download as a source; leaving it early aborts it."""
    try:
        while piece := stream.next():
            yield piece
        stream.finish()
    finally:
        stream.abort()


class RemoteSink:
    """An upload."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Send the next bytes."""
        self._stream.send(data)

    def hole(self, length: int) -> None:
        """Skip bytes that read as zeros."""
        self._stream.send_hole(length)

    def finish(self) -> None:
        """All data was sent: wait until the daemon has it."""
        self._stream.finish()

    def abort(self) -> None:
        """Give up: what arrived is dropped."""
        self._stream.abort()


class RemoteConsole:
    """A console or channel."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes; b"" is the end."""
        piece = self._stream.next(timeout)
        data = bytes(piece.length) if isinstance(piece, Hole) else piece
        if len(data) > size:
            self._stream.give_back(data[size:])
        return data[:size]

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._stream.send(data)

    def fileno(self) -> int:
        """A descriptor that polls readable when `read` will not wait."""
        return self._stream.descriptor()

    def close(self) -> None:
        """Let go of the console; the guest stays as it is."""
        self._stream.abort()
