"""Streams of a daemon in a loop: those of `virtkit.aio.streams`."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from virtkit.aio.streams import Hole, Piece, Source
from virtkit_remote.client.aio.claiming import claimed
from virtkit_remote.client.streams import UNREAD_MAX, hole, over, packets, piece_of, unread
from virtkit_remote.protocol.failures import decode_error
from virtkit_remote.protocol.frames import CONTINUE, ERROR, HEADER, OK, STREAM, STREAM_HOLE

if TYPE_CHECKING:
    from virtkit_remote.binding.calling import Call
    from virtkit_remote.client.aio.channel import Channel


class Stream:
    """An open stream; it is what its packets are put into."""

    def __init__(self, channel: Channel, call: Call) -> None:
        self._channel = channel
        self._call = call
        self._serial = -1
        self._arrived: deque[bytes] = deque()
        self._unread = 0
        self._changed = asyncio.Event()
        self._over = False
        self._silent = False

    async def open(self, arguments: tuple[Any, ...]) -> bytes:
        """Make the call that opens it; returns the reply, a whole message."""
        call = self._call
        payload = call.request(arguments, 0)
        reply, self._serial = self._channel.open_stream(call.program, call.procedure.number, payload, self)
        reply.add_done_callback(self._opened)
        message: bytes = await claimed(reply, self._drop)
        return message

    def _opened(self, reply: asyncio.Future[bytes]) -> None:
        if reply.cancelled() or reply.exception() is not None:
            self._forget()

    def put(self, message: bytes) -> None:
        """Take a packet; one too many ends the stream, which who reads is told."""
        size = len(message)
        self._unread += size
        self._channel.unread += size
        if self._unread <= UNREAD_MAX:
            self._arrived.append(message)
        self._changed.set()

    def wake(self) -> None:
        """See that the connection is gone."""
        self._changed.set()

    async def next(self) -> Piece:
        """The next bytes or hole; b"" at the end, and once the stream is given up.

        Raises:
            VirtError: The stream failed, or the connection is gone.
        """
        while not self._silent:
            if self._arrived:
                piece = piece_of(self._take())
                self._silent = not piece
                return piece
            await self._change()
        return b""

    async def send(self, data: bytes) -> None:
        """Send bytes; returns when there is room for more.

        Raises:
            VirtError: The daemon has given the stream up.
        """
        for packet in packets(data):
            self._check()
            self._post(CONTINUE, packet)
            await self._channel.drain()

    async def send_hole(self, length: int) -> None:
        """Send a hole; errors as from `send`."""
        self._check()
        self._post(CONTINUE, hole(length), STREAM_HOLE)
        await self._channel.drain()

    async def finish(self) -> None:
        """Say that all is sent or read, and wait until the daemon agrees.

        Raises:
            VirtError: The daemon could not keep what was sent.
        """
        await self._end(OK)

    async def abort(self) -> None:
        """Give the stream up; data under way is dropped."""
        self._silent = True
        self._changed.set()
        if self._channel.alive:
            await self._end(ERROR)
        else:  # nothing is left to give up
            self._forget()

    async def _end(self, status: int) -> None:
        if self._over:
            return
        try:
            self._post(status)
            while not self._arrived or HEADER.unpack_from(self._take())[6] == CONTINUE:  # data that was under way
                if not self._arrived:
                    await self._change()
        finally:
            self._forget()

    def _take(self) -> bytes:
        """The first of what has arrived."""
        if self._unread > UNREAD_MAX:
            self._drop()
            raise unread()
        message = self._arrived.popleft()
        self._unread -= len(message)
        self._channel.taken(len(message))
        if HEADER.unpack_from(message)[6] == ERROR:
            self._forget()
            raise decode_error(message, HEADER.size)
        return message

    async def _change(self) -> None:
        """Wait for a packet, or the end."""
        self._channel.check()
        self._changed.clear()
        await self._changed.wait()

    def _check(self) -> None:
        """Raise what the daemon has said of a stream that it gave up."""
        if self._over:
            raise over()
        if self._arrived and HEADER.unpack_from(self._arrived[0])[6] == ERROR:
            self._take()

    def _post(self, status: int, payload: bytes = b"", type: int = STREAM) -> None:
        self._channel.post(self._call.program, self._call.procedure.number, type, self._serial, status, payload)

    def _drop(self, reply: bytes = b"") -> None:
        """Give the stream up without waiting for the daemon to agree."""
        if self._channel.alive:
            self._post(ERROR)
        self._forget()

    def _forget(self) -> None:
        self._over = self._silent = True
        self._channel.forget_stream(self._call.procedure.number, self._serial)
        self._channel.taken(self._unread)
        self._unread = 0
        self._arrived.clear()
        self._changed.set()


async def source(stream: Stream) -> Source:
    """A download as a source; leaving it early aborts it."""
    try:
        while piece := await stream.next():
            yield piece
        await stream.finish()
    finally:
        await stream.abort()


class RemoteSink:
    """An upload."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def write(self, data: bytes) -> None:
        """Send the next bytes; returns when there is room for more."""
        await self._stream.send(data)

    async def hole(self, length: int) -> None:
        """Skip bytes that read as zeros."""
        await self._stream.send_hole(length)

    async def finish(self) -> None:
        """All data was sent: wait until the daemon has it."""
        await self._stream.finish()

    async def abort(self) -> None:
        """Give up: what arrived is dropped."""
        await self._stream.abort()


class RemoteConsole:
    """A console or channel."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = b""

    async def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes; b"" is the end."""
        if not self._left:
            async with asyncio.timeout(timeout):
                piece = await self._stream.next()
            self._left += bytes(piece.length) if isinstance(piece, Hole) else piece
        data, self._left = self._left[:size], self._left[size:]
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes."""
        await self._stream.send(data)

    async def close(self) -> None:
        """Let go of the console; the guest stays as it is. A `read` that waits ends with b""."""
        await self._stream.abort()
