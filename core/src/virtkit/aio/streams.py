"""Streams of asynchronous connections: the counterparts of `virtkit.streams`, and how those of a thread become them.

A download is iterated over with `async for`, an upload is an asynchronous `Sink`, a console or channel an asynchronous
`Duplex`. A driver without asynchronous functions hands out the streams of `virtkit.streams`; each of them gets a
thread of its own, so that its calls are made in order and hold up no other call, and a console has one for reading and
one for writing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, runtime_checkable

from virtkit import streams
from virtkit.aio.workers import Workers
from virtkit.streams import Hole as Hole
from virtkit.streams import Piece as Piece

Source = AsyncIterator[Piece]
"""What a download yields. An `async for` that is left early ends with `aclose`, as with any asynchronous generator."""

_numbers = itertools.count(1)


@runtime_checkable
class Sink(Protocol):
    """What an upload writes to, one call at a time."""

    async def write(self, data: bytes) -> None:
        """Send the next bytes; returns when there is room for more."""

    async def hole(self, length: int) -> None:
        """Skip `length` bytes that read as zeros."""

    async def finish(self) -> None:
        """All data has been sent: wait until it is durable."""

    async def abort(self) -> None:
        """Give up: what arrived is undone or dropped."""


@runtime_checkable
class Duplex(Protocol):
    """A console or channel: bytes both ways until one side closes. One may read while another writes."""

    async def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes, waiting up to `timeout` seconds (None: for ever). b'' is the end.

        Cancelling it loses no bytes: the next `read` has them.

        Raises:
            TimeoutError: Nothing arrived in time.
        """

    async def write(self, data: bytes) -> None:
        """Send bytes."""

    async def close(self) -> None:
        """Let go of the device; the guest stays as it is. A `read` that waits ends with b''."""


class Screenshot(NamedTuple):
    """`mime` type and the image's bytes, in pieces."""

    mime: str
    data: Source


class ThreadSink:
    """A sink that is written to on a thread."""

    def __init__(self, sink: streams.Sink) -> None:
        self._sink = sink
        self._workers = _workers()

    async def write(self, data: bytes) -> None:
        """As `Sink.write`."""
        await self._workers.run(self._sink.write, data)

    async def hole(self, length: int) -> None:
        """As `Sink.hole`."""
        await self._workers.run(self._sink.hole, length)

    async def finish(self) -> None:
        """As `Sink.finish`."""
        await self._end(self._sink.finish)

    async def abort(self) -> None:
        """As `Sink.abort`."""
        await self._end(self._sink.abort)

    async def _end(self, call: Callable[[], None]) -> None:
        try:
            await self._workers.run(call)
        finally:
            self._workers.close()


class ThreadDuplex:
    """A console or channel that is read on one thread and written to on another."""

    STEP = 0.25
    """Seconds that a thread waits for bytes before it looks whether the stream has been closed."""

    def __init__(self, duplex: streams.Duplex) -> None:
        self._duplex = duplex
        self._readers, self._writers = _workers(), _workers()
        self._reading: Future[bytes] | None = None
        self._rest = b""
        self._turn = asyncio.Lock()
        self._closed = False

    async def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """As `Duplex.read`; of several that wait, each gets bytes of its own."""
        async with asyncio.timeout(timeout), self._turn:
            if not self._rest:
                self._rest = await self._arrived(size)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    async def _arrived(self, size: int) -> bytes:
        """The next bytes, of a read that may have been begun for somebody who has given up."""
        if self._reading is None:
            if self._closed:
                return b""
            self._reading = self._readers.start(self._next, size)
        try:
            data = await asyncio.shield(asyncio.wrap_future(self._reading))
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._reading = None
            raise
        self._reading = None
        return data

    def _next(self, size: int) -> bytes:
        while not self._closed:
            with suppress(TimeoutError):
                return self._duplex.read(size, self.STEP)
        return b""

    async def write(self, data: bytes) -> None:
        """As `Duplex.write`."""
        await self._writers.run(self._duplex.write, data)

    async def close(self) -> None:
        """As `Duplex.close`; closing twice is harmless."""
        if not self._closed:
            self._closed = True
            self._writers.close()
            try:
                await self._readers.run(self._duplex.close)  # after a read that has begun: its descriptor is in use
            finally:
                self._readers.close()


async def thread_source(source: streams.Source) -> Source:
    """The pieces of a source that is read on a thread; it is closed in the end."""
    workers = _workers()
    try:
        while (piece := await workers.run(next, source, None)) is not None:
            yield piece
    finally:
        await workers.run(_close_source, source)
        workers.close()


def _close_source(source: streams.Source) -> None:
    close = getattr(source, "close", None)
    if close:
        close()


def _workers() -> Workers:
    return Workers(f"virtkit-stream-{next(_numbers)}", 1, "the stream")


class Carrier(NamedTuple):
    """What is done about the stream that a function on a thread returns.

    Attributes:
        adapt: Makes of it one that is awaited.
        release: Lets go of it when nobody waits for the function any more.
    """

    adapt: Callable[[Any], Any]
    release: Callable[[Any], object]


CARRIERS = {
    "Source": Carrier(thread_source, _close_source),
    "Sink": Carrier(ThreadSink, lambda sink: sink.abort()),
    "Duplex": Carrier(ThreadDuplex, lambda duplex: duplex.close()),
    "Screenshot": Carrier(
        lambda shot: Screenshot(shot.mime, thread_source(shot.data)), lambda shot: _close_source(shot.data)
    ),
    "tuple[bytes, Sink]": Carrier(lambda pair: (pair[0], ThreadSink(pair[1])), lambda pair: pair[1].abort()),
}
"""What a specification says that a hook returns -> how that is carried; of what is no stream there is none."""
