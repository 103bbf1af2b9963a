"""Streams of a daemon: downloads, uploads and consoles, beside the calls of the same connection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationAbortedError
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

    __slots__ = ("signal", "waiting")

    def __init__(self) -> None:
        super().__init__()
        self.signal = -1
        self.waiting = 0

    def put(self, message: bytes) -> None:
        self.waiting += len(message)
        if self.waiting <= UNREAD_MAX:  # else the end of the stream is told by `Stream`
            super().put(message)

    def wake(self) -> None:
        if self.signal >= 0:
            os.eventfd_write(self.signal, 1)
        super().wake()


class Stream:
    """An open stream.

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
        piece = piece_of(self._take(seconds))
        self._silent = not piece
        return piece

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
        if self._over:
            return
        self._post(OK)
        try:
            while HEADER.unpack_from(self._take(None))[6] == CONTINUE:
                pass  # data that was under way
        finally:
            self._forget()

    def abort(self) -> None:
        """Give the stream up; data under way is dropped."""
        if self._over:
            return
        try:
            self._post(ERROR)
            while HEADER.unpack_from(self._take(None))[6] == CONTINUE:
                pass
        finally:
            self._forget()

    def descriptor(self) -> int:
        """A descriptor that is readable while there is something to take; the connection is attended from now on."""
        if self._incoming.signal < 0:
            self._incoming.signal = os.eventfd(1 if self._incoming.ready else 0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self._channel.attend()
        return self._incoming.signal

    def _take(self, seconds: float | None) -> bytes:
        if not self._channel.wait(self._incoming, seconds):
            raise TimeoutError
        message = self._incoming.arrived.popleft()
        if self._incoming.waiting > UNREAD_MAX:
            self._forget()
            raise unread()
        self._incoming.waiting -= len(message)
        if self._incoming.signal >= 0 and not self._incoming.ready:
            self._clear()
        if HEADER.unpack_from(message)[6] == ERROR:
            self._forget()
            raise decode_error(message, HEADER.size)
        return message

    def _clear(self) -> None:
        """Have the descriptor say that there is nothing, unless something has come just now."""
        try:
            os.eventfd_read(self._incoming.signal)
        except BlockingIOError:
            return
        if self._incoming.ready:
            os.eventfd_write(self._incoming.signal, 1)

    def _check(self) -> None:
        """Raise what the daemon has said of a stream that it gave up."""
        if self._over:
            raise over()
        if self._incoming.ready and HEADER.unpack_from(self._incoming.arrived[0])[6] == ERROR:
            self._take(None)

    def _post(self, status: int, payload: bytes = b"", type: int = STREAM) -> None:
        self._channel.post(self._call.program, self._call.procedure.number, type, self._serial, status, payload)

    def _forget(self) -> None:
        self._over = self._silent = True
        self._channel.forget_stream(self._call.procedure.number, self._serial)
        if self._incoming.signal >= 0:
            signal, self._incoming.signal = self._incoming.signal, -1
            os.close(signal)
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
        self._left = b""

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes; b"" is the end."""
        if not self._left:
            piece = self._stream.next(timeout)
            self._left = bytes(piece.length) if isinstance(piece, Hole) else piece
        data, self._left = self._left[:size], self._left[size:]
        return data

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._stream.send(data)

    def fileno(self) -> int:
        """A descriptor that polls readable when `read` will not wait."""
        return self._stream.descriptor()

    def close(self) -> None:
        """Let go of the console; the guest stays as it is."""
        self._stream.abort()
