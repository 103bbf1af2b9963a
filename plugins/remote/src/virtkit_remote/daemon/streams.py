"""The streams of a client: data of volumes, consoles and screenshots, on its connection.

A stream belongs to the call that opened it and begins when that has been answered. Workers move its data in turns, in
one lane for all streams of a client: what a driver reads from is sent as fast as the client takes it, what a driver
writes to gets the client's packets in order. While a client does not read, its streams hold no thread. A console that
has a descriptor never does: the loop reads it when it has something to say.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, OperationAbortedError, RPCError, VirtError
from virtkit.streams import Duplex, Hole, Screenshot, Sink, Source
from virtkit_remote.daemon import messages
from virtkit_remote.daemon.link import OUTGOING_HIGH
from virtkit_remote.protocol.codec import CodecError, decoder, encoder
from virtkit_remote.protocol.failures import encode_error
from virtkit_remote.protocol.frames import CONTINUE, ERROR, HEADER, OK, STREAM, STREAM_HOLE, STREAM_PAYLOAD_MAX

if TYPE_CHECKING:
    from virtkit_remote.daemon.client import Client

HOLE = "virNetStreamHole"

INCOMING_HIGH = 4 << 20
"""Bytes a driver may leave waiting before the client is read no further."""

TURN_BYTES = 1 << 20
"""Bytes that a download sends before other calls get its thread."""

CONSOLE_SECONDS = 0.5
"""How long a console without a descriptor is waited for before looking whether its client is still there."""

_log = logging.getLogger(__name__)


class Streams:
    """The open streams of a client."""

    def __init__(self, client: Client) -> None:
        self._client = weakref.ref(client)
        self._open: dict[bytes, Stream] = {}
        self._lock = threading.Lock()
        self._closed = False

    def open(self, opening: bytes, end: Any, *, sparse: bool) -> Stream:
        """Take a stream in; it does not move before `Stream.begin`.

        Args:
            opening: The call that opened it.
            end: The driver's side: a source, a sink, a duplex or a screenshot.
            sparse: Whether holes may travel.

        Raises:
            OperationAbortedError: The client is gone. The driver's side is let go.
            RPCError: It has a stream of this procedure and serial. Likewise.
        """
        if isinstance(end, Screenshot):
            end = end.data
        if isinstance(end, Duplex):
            kind: type[Stream] = _Console
        else:
            kind = _Upload if isinstance(end, Sink) else _Download
        client = self._client()
        assert client, "it is the client that opens a stream"
        stream = kind(client, self, opening, end, sparse)
        with self._lock:
            closed, taken = self._closed, messages.stream_key(opening) in self._open
            if not (closed or taken):
                self._open[messages.stream_key(opening)] = stream
                return stream
        stream.abandon()
        if closed:
            raise OperationAbortedError("the client left before its stream began", domain=ErrorDomain.RPC)
        raise RPCError("a stream with this serial is open: give each call another one", domain=ErrorDomain.RPC)

    def take(self, message: bytes) -> None:
        """Hand a packet to its stream; one for no stream is dropped."""
        found = self._open.get(messages.stream_key(message))
        if found is not None:
            found.take(message)

    def forget(self, stream: Stream) -> bool:
        """Let go of a stream that has ended; False where that is done."""
        key = messages.stream_key(stream.opening)
        with self._lock:
            if self._open.get(key) is not stream:
                return False
            del self._open[key]
            return True

    def close(self) -> None:
        """End all, because the client is gone: what was being uploaded is dropped."""
        with self._lock:
            self._closed = True
            streams = list(self._open.values())
            self._open.clear()
        for stream in streams:
            stream.abandon()


class Stream:
    """An open stream; the driver's side of it is `end`."""

    def __init__(self, client: Client, streams: Streams, opening: bytes, end: Any, sparse: bool) -> None:
        self.client = client
        self.opening = opening
        self.end = end
        self.sparse = sparse
        self._streams = streams
        self._incoming: deque[tuple[int, int, bytes]] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._working = False
        self._over = False

    def begin(self) -> None:
        """Begin to move data, once the call that opened the stream is answered."""
        self._guarded(self._start)

    def take(self, message: bytes) -> None:
        """Handle a packet of the client, on a worker and in order."""
        type, status = HEADER.unpack_from(message)[4::2]
        if type == STREAM_HOLE and not self.sparse:
            self.client.link.cut("it sent a hole in a stream that has none")
            return
        with self._lock:
            self._incoming.append((type, status, message))
            self._waiting += len(message)
            if self._waiting > INCOMING_HIGH:
                self.client.link.pause(self)
            if self._working:
                return
            self._working = True
        self._in_turn(self._work)

    def abandon(self) -> None:
        """The client is gone, or never had the stream."""
        with self._lock:
            self._incoming.clear()
            self._incoming.append((STREAM, ERROR, b""))
            if self._working:
                return
            self._working = True
        self.client.workers.submit(None, self._work)

    def _in_turn(self, work: Callable[[], object]) -> None:
        """Have a worker do something, after the other streams of the client when these are many."""
        self.client.workers.submit(self.client, work)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._incoming:
                    self._working = False
                    return
                type, status, message = self._incoming.popleft()
                self._waiting -= len(message)
                if self._waiting <= INCOMING_HIGH // 2:
                    self.client.link.resume(self)
            if not self._over:
                self._guarded(partial(self._handle, type, status, message))

    def _guarded(self, call: Callable[[], object]) -> None:
        """Have the stream fail with what the driver raises."""
        try:
            call()
        except VirtError as error:
            self._fail(error)
        except BaseException as cause:  # noqa: BLE001 - whatever a driver raises, SystemExit as well, ends its stream
            _log.error("a stream of %s failed", self.client, exc_info=cause)
            self._fail(InternalError(f"the stream broke off: {type(cause).__name__}: {cause}", domain=ErrorDomain.RPC))

    def _handle(self, type: int, status: int, message: bytes) -> None:
        if status == OK:
            self._complete()
            self._finish()
        elif status != CONTINUE:
            self._over = True
            self._abort()
            self._finish()
        elif type == STREAM_HOLE:
            self._hole(_hole_of(message))
        else:
            self._data(message[HEADER.size :])

    def _start(self) -> None:
        """Begin to move what comes from the driver."""

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
        if self._streams.forget(self):
            self._send(OK)

    def _fail(self, error: VirtError) -> None:
        """Let the driver's side go, then tell the client: one that tries again finds nothing half done."""
        ending, self._over = self._over, True
        untold = self._streams.forget(self)
        if not ending:
            with suppress(BaseException):  # it has failed before
                self._abort()
        if untold:
            self._send(ERROR, encode_error(error))


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

    end: Source
    _reader = 0
    """The thread that reads; 0 where none does."""
    _exhausted = False
    _closed = False
    _to_confirm = False

    def _start(self) -> None:
        self._pieces = iter(self.end)
        self._go_on()

    def _go_on(self) -> None:
        self._in_turn(self._turn)

    def _turn(self) -> None:
        """Send some of the data."""
        with self._lock:
            self._reader = 0 if self._over else threading.get_ident()
        if not self._reader:
            return
        again = False

        def pump() -> None:
            nonlocal again
            again = self._pump()

        self._guarded(pump)
        with self._lock:
            ended = self._over or self._exhausted
            if not ended:
                self._reader = 0
        if ended:
            self._let_go()
            with self._lock:
                self._reader = 0
            if self._to_confirm:
                super()._finish()
        elif again:
            self._go_on()

    def _pump(self) -> bool:
        """Send pieces until the turn is over; False where the next turn comes by itself, or none does."""
        sent = 0
        while sent < TURN_BYTES and not self._over:
            if not self.client.link.when_room(self._go_on):
                return False
            piece = next(self._pieces, None)
            if piece is None:
                self._exhausted = True
                self._send(CONTINUE)  # the end of the data; the client says that it has it
                return False
            if isinstance(piece, Hole):
                self._skip(piece)
                continue
            for start in range(0, len(piece), STREAM_PAYLOAD_MAX):
                self._send(CONTINUE, piece[start : start + STREAM_PAYLOAD_MAX])
            sent += len(piece)
        return True

    def _skip(self, hole: Hole) -> None:
        if not self.sparse:
            raise InternalError(
                "the driver left a hole in data that was asked for whole; report it to the driver's author",
                domain=ErrorDomain.RPC,
            )
        self._send(CONTINUE, encoder(HOLE)((hole.length, 0)), STREAM_HOLE)

    def _complete(self) -> None:
        self._over = True
        self._abort()

    def _abort(self) -> None:
        with self._lock:
            if self._reader not in (0, threading.get_ident()):  # who reads lets go
                return
        self._let_go()

    def _finish(self) -> None:
        """Confirm the end once the source is let go: who then asks for the volume again finds it free."""
        with self._lock:
            self._over = True
            self._to_confirm = self._reader != 0
        if not self._to_confirm:
            super()._finish()

    def _let_go(self) -> None:
        with self._lock:
            closed, self._closed = self._closed, True
        close = getattr(self.end, "close", None)
        if close and not closed:
            close()


class _Console(Stream):
    """Both ways, until one side closes."""

    end: Duplex
    _descriptor = -1

    def _start(self) -> None:
        self._descriptor = self.end.fileno()
        self._listen()

    def _listen(self) -> None:
        """Wait for what the console says."""
        with self._lock:
            if self._over:
                return
            if self._descriptor >= 0:
                self.client.loop.watch(self._descriptor, self._readable)
            else:
                self._in_turn(lambda: self._guarded(self._turn))

    def _readable(self, _: int) -> None:
        if self.client.link.outgoing <= OUTGOING_HIGH:
            self._guarded(lambda: self._printed(0))
            return
        self.client.loop.forget(self._descriptor)  # at its end it would be ready whatever it is watched for
        if self.client.link.when_room(self._listen):
            self._listen()

    def _turn(self) -> None:
        """Wait a little; without a descriptor there is no other way to find out."""
        if self._over:
            return
        if self.client.link.when_room(self._listen) and self._printed(CONSOLE_SECONDS):
            self._listen()

    def _printed(self, seconds: float) -> bool:
        """Send what the console says; whether it may say more."""
        try:
            data = self.end.read(STREAM_PAYLOAD_MAX, seconds)
        except TimeoutError:
            return True
        except Exception:
            if self._over:  # it was closed in the middle
                return False
            raise
        if not data:
            self._let_go()
        self._send(CONTINUE, data)
        return bool(data)

    def _data(self, data: bytes) -> None:
        self.end.write(data)

    def _complete(self) -> None:
        self._over = True
        self._abort()

    def _abort(self) -> None:
        self._let_go()
        self.end.close()

    def _let_go(self) -> None:
        with self._lock:
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                self.client.loop.forget(descriptor)


def _hole_of(message: bytes) -> int:
    length, flags = decoder(HOLE)(message, HEADER.size)[0]
    if length < 0 or flags:
        raise CodecError(f"a hole of {length} bytes with the flags {flags} is none: send one without flags")
    return int(length)
