"""The streams of a client: data of volumes, consoles and screenshots, on its connection.

A stream belongs to the call that opened it and begins when that has been answered. What a driver reads from is sent as
fast as the client takes it, from a worker; what a driver writes to gets the client's packets in order, from a worker at
a time. A console that has a descriptor costs no thread: the loop reads it when it has something to say.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, VirtError
from virtkit.streams import Duplex, Hole, Screenshot, Sink
from virtkit_remote.daemon import messages
from virtkit_remote.daemon.link import OUTGOING_HIGH
from virtkit_remote.daemon.loop import READ
from virtkit_remote.protocol.codec import CodecError, decoder, encoder
from virtkit_remote.protocol.failures import encode_error
from virtkit_remote.protocol.frames import CONTINUE, ERROR, HEADER, OK, STREAM, STREAM_HOLE, STREAM_PAYLOAD_MAX

if TYPE_CHECKING:
    from virtkit_remote.daemon.client import Client

HOLE = "virNetStreamHole"

INCOMING_HIGH = 4 << 20
"""Bytes a driver may leave waiting before the client is read no further."""

CONSOLE_SECONDS = 0.5
"""How long a console without a descriptor is waited for before looking whether its client is still there."""

_log = logging.getLogger(__name__)


class Streams:
    """The open streams of a client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._open: dict[bytes, Stream] = {}

    def open(self, opening: bytes, end: Any, *, sparse: bool) -> Stream:
        """Take a stream in; it does not move before `Stream.start`.

        Args:
            opening: The call that opened it.
            end: The driver's side: a source, a sink, a duplex or a screenshot.
            sparse: Whether holes may travel.
        """
        if isinstance(end, Screenshot):
            end = end.data
        if isinstance(end, Duplex):
            kind: type[Stream] = _Console
        else:
            kind = _Upload if isinstance(end, Sink) else _Download
        found = self._open[messages.stream_key(opening)] = kind(self._client, self, opening, end, sparse)
        return found

    def take(self, message: bytes) -> None:
        """Hand a packet to its stream; one for no stream is dropped."""
        found = self._open.get(messages.stream_key(message))
        if found is not None:
            found.take(message)

    def forget(self, stream: Stream) -> None:
        """Let go of a stream that has ended."""
        self._open.pop(messages.stream_key(stream.opening), None)

    def close(self) -> None:
        """End all, because the client is gone: what was being uploaded is dropped."""
        for stream in list(self._open.values()):
            stream.abandon()
        self._open.clear()


class Stream:
    """An open stream; the driver's side of it is `end`."""

    def __init__(self, client: Client, streams: Streams, opening: bytes, end: Any, sparse: bool) -> None:
        self.client = client
        self.opening = opening
        self.end = end
        self.sparse = sparse
        self._streams = streams
        self._incoming: deque[tuple[int, bytes]] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._working = False
        self._paused = False
        self._over = False

    def start(self) -> None:
        """Begin to move data."""

    def take(self, message: bytes) -> None:
        """Handle a packet of the client, on a worker and in order."""
        type, status = HEADER.unpack_from(message)[4::2]
        if type == STREAM_HOLE and not self.sparse:
            self.client.link.cut("it sent a hole in a stream that has none")
            return
        with self._lock:
            self._incoming.append((type << 2 | status, message))
            self._waiting += len(message)
            if self._waiting > INCOMING_HIGH and not self._paused:
                self._paused = True
                self.client.link.pause()
            if self._working:
                return
            self._working = True
        self.client.workers.submit(None, self._work)

    def abandon(self) -> None:
        """The client is gone."""
        with self._lock:
            self._incoming.clear()
            self._incoming.append((ERROR, b""))
            if self._working:
                return
            self._working = True
        self.client.workers.submit(None, self._work)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._incoming:
                    self._working = False
                    return
                what, message = self._incoming.popleft()
                self._waiting -= len(message)
                if self._paused and self._waiting <= INCOMING_HIGH // 2:
                    self._paused = False
                    self.client.link.resume()
            if not self._over:
                self._guarded(lambda: self._handle(what & 3, what >> 2, message))  # noqa: B023 - called at once

    def _guarded(self, call: Callable[[], object]) -> None:
        """Have the stream fail with what the driver raises."""
        try:
            call()
        except VirtError as error:
            self._fail(error)
        except Exception as cause:  # noqa: BLE001 - whatever a driver raises ends its stream alone
            _log.exception("a stream of %s failed", self.client)
            self._fail(InternalError(f"the stream broke off: {type(cause).__name__}: {cause}", domain=ErrorDomain.RPC))

    def _handle(self, status: int, type: int, message: bytes) -> None:
        if status == ERROR:
            self._abort()
            self._finish()
        elif status == OK:
            self._complete()
            self._finish()
        elif type == STREAM_HOLE:
            self._hole(_hole_of(message))
        elif type == STREAM:
            self._data(message[HEADER.size :])

    def _data(self, data: bytes) -> None:
        """Take bytes of the client."""

    def _hole(self, length: int) -> None:
        """Take a hole of the client."""

    def _complete(self) -> None:
        """The client is done."""

    def _abort(self) -> None:
        """The client gave up."""

    def _send(self, status: int, payload: bytes = b"", type: int = STREAM) -> None:
        self.client.link.send(messages.packet(self.opening, status, payload, type))

    def _finish(self) -> None:
        """Confirm the end, and forget the stream."""
        self._over = True
        self._streams.forget(self)
        self._send(OK)

    def _fail(self, error: VirtError) -> None:
        if self._over:
            return
        self._over = True
        self._streams.forget(self)
        self._send(ERROR, encode_error(error))
        with suppress(Exception):  # it has failed before
            self._abort()


class _Upload(Stream):
    """The client writes to a sink."""

    end: Sink

    def _data(self, data: bytes) -> None:
        if data:
            self.end.write(data)

    def _hole(self, length: int) -> None:
        self.end.hole(length)

    def _complete(self) -> None:
        self.end.finish()

    def _abort(self) -> None:
        self.end.abort()


class _Download(Stream):
    """The client reads from a source, at its own pace."""

    def start(self) -> None:
        self.client.workers.submit(None, lambda: self._guarded(self._pump))

    def _pump(self) -> None:
        try:
            for piece in self.end:
                if not self.client.link.wait_for_room() or self._over:
                    return
                if isinstance(piece, Hole):
                    self._send(CONTINUE, encoder(HOLE)((piece.length, 0)), STREAM_HOLE)
                    continue
                for start in range(0, len(piece), STREAM_PAYLOAD_MAX):
                    self._send(CONTINUE, piece[start : start + STREAM_PAYLOAD_MAX])
        finally:
            close = getattr(self.end, "close", None)
            if close:
                close()
        self._send(CONTINUE)  # the end of the data; the client says that it has it


class _Console(Stream):
    """Both ways, until one side closes."""

    end: Duplex
    _descriptor = -1
    _silent = False

    def start(self) -> None:
        self._descriptor = self.end.fileno()
        if self._descriptor >= 0:
            self.client.loop.watch(self._descriptor, self._readable)
        else:
            self.client.workers.submit(None, lambda: self._guarded(self._pump))

    def _readable(self, _: int) -> None:
        if self.client.link.outgoing > OUTGOING_HIGH:
            self.client.loop.change(self._descriptor, 0)
            self.client.workers.submit(None, self._read_again)
            return
        self._guarded(lambda: self._printed(0))

    def _read_again(self) -> None:
        if self.client.link.wait_for_room():
            self.client.loop.change(self._descriptor, READ)

    def _pump(self) -> None:
        while not (self._over or self._silent) and self.client.link.wait_for_room():
            self._printed(CONSOLE_SECONDS)

    def _printed(self, seconds: float) -> None:
        """Send what the console says."""
        try:
            data = self.end.read(STREAM_PAYLOAD_MAX, seconds)
        except TimeoutError:
            return
        if not data:
            self._silent = True
            self._let_go()
        self._send(CONTINUE, data)

    def _data(self, data: bytes) -> None:
        self.end.write(data)

    def _complete(self) -> None:
        self._abort()

    def _abort(self) -> None:
        self._let_go()
        self.end.close()

    def _let_go(self) -> None:
        self.client.loop.forget(self._descriptor)


def _hole_of(message: bytes) -> int:
    length, flags = decoder(HOLE)(message, HEADER.size)[0]
    if length < 0 or flags:
        raise CodecError(f"a hole of {length} bytes with the flags {flags} is none: send one without flags")
    return int(length)
