"""The other end of a channel: a daemon that answers what a test has it answer."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from virtkit.errors import VirtError
from virtkit_remote.client.aio.channel import Channel
from virtkit_remote.client.transports.unix import UnixTransport
from virtkit_remote.protocol.failures import encode_error
from virtkit_remote.protocol.frames import ERROR, HEADER, OK, REPLY, REPLY_WITH_FDS, STREAM, Splitter, pack

T = TypeVar("T")

DEADLINE = 60.0
"""Seconds after which a test has failed; nothing here takes long."""


class Peer:
    """The daemon's end of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._loop = asyncio.get_running_loop()
        self._splitter = Splitter()
        self._messages: deque[bytes] = deque()

    async def message(self) -> bytes:
        """The next message."""
        while not self._messages:
            data = await self._loop.sock_recv(self.sock, 1 << 20)
            if not data:
                raise EOFError
            self._messages.extend(self._splitter.feed(data))
        return self._messages.popleft()

    async def messages(self, count: int) -> list[bytes]:
        return [await self.message() for _ in range(count)]

    async def send(self, data: bytes, files: Sequence[int] = ()) -> None:
        """Send bytes, and each descriptor with a byte of its own."""
        await self._loop.sock_sendall(self.sock, data)
        for file in files:
            socket.send_fds(self.sock, [b"\0"], [file])

    async def answer(self, call: bytes, payload: bytes = b"", files: Sequence[int] | None = None) -> None:
        """Reply to a call."""
        if files is None:
            await self.send(reply(call, REPLY, OK, payload))
        else:
            await self.send(reply(call, REPLY_WITH_FDS, OK, len(files).to_bytes(4, "big") + payload), files)

    async def refuse(self, call: bytes, error: VirtError, type: int = REPLY) -> None:
        """Answer a call, or say of a stream, that it failed."""
        await self.send(reply(call, type, ERROR, encode_error(error)))

    async def packet(self, call: bytes, status: int, data: bytes = b"") -> None:
        """Send a packet of the stream that a call opened."""
        await self.send(reply(call, STREAM, status, data))


def reply(call: bytes, type: int, status: int, payload: bytes) -> bytes:
    """A message that belongs to a call."""
    _, program, _, procedure, _, serial, _ = HEADER.unpack_from(call)
    return pack(program, procedure, type, serial, status, payload)


def type_and_status(message: bytes) -> tuple[int, int]:
    """What a packet is."""
    _, _, _, _, kind, _, status = HEADER.unpack_from(message)
    return kind, status


def call(channel: Channel, payload: bytes = b"", files: Sequence[int] | None = None) -> asyncio.Future[Any]:
    """Call procedure 7 of program 5, for the payload of the reply and its descriptors."""
    return channel.call(5, 7, payload, lambda message, _, files: (message[HEADER.size :], list(files)), (), files)


@asynccontextmanager
async def connected(**options: Any) -> AsyncIterator[tuple[Channel, Peer]]:
    """A channel and the daemon at its other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with theirs:
        channel = Channel(UnixTransport(ours, "the test's daemon"), Splitter(), **options)
        try:
            yield channel, Peer(theirs)
        finally:
            await channel.close()


def run(program: Coroutine[Any, Any, T]) -> T:
    """Run a program in a loop of its own; it may take a minute."""
    return asyncio.run(asyncio.wait_for(program, DEADLINE))
