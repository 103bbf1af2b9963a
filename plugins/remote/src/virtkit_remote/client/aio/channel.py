"""The connection to a daemon in a loop: calls are futures by their serial, replies come in any order."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from virtkit.errors import VirtError
from virtkit_remote.client.aio.outgoing import Outgoing
from virtkit_remote.client.channel import (
    CHUNK,
    KEEPALIVE,
    PING,
    PING_SECONDS,
    PINGS,
    PONG,
    announced,
    check_files,
    close_all,
    lost,
    missing,
    receive_with_files,
)
from virtkit_remote.client.transports import Transport
from virtkit_remote.protocol.failures import decode_error
from virtkit_remote.protocol.frames import (
    CALL,
    CALL_WITH_FDS,
    HEADER,
    MESSAGE,
    OK,
    REPLY,
    REPLY_WITH_FDS,
    STREAM,
    STREAM_HOLE,
    FrameError,
    Splitter,
    pack,
)

FLUSH_SIZE = 2048
"""Bytes, some 40 small calls, that leave before the loop's step is over, so that the daemon begins with them."""

UNSENT_HIGH = 1 << 20
"""Bytes that may wait for the daemon before who uploads waits too."""

UNREAD_HIGH = 4 << 20
"""Bytes of streams that may wait to be read before the socket is left alone, while nothing else is expected of it."""

Finish = Callable[[bytes, Sequence[Any], Sequence[int]], Any]
"""(reply, arguments of the call, descriptors that came along) -> result of the call."""

Future = asyncio.Future[Any]

_log = logging.getLogger(__name__)


class Receiver(Protocol):
    """Somebody whom the packets of a stream are for."""

    def put(self, message: bytes) -> None:
        """Take a packet."""

    def wake(self) -> None:
        """See that the connection is gone."""


class Channel:
    """A connection that calls go through; it belongs to the running loop.

    Args:
        transport: The way to the daemon; the channel owns it from now on.
        splitter: What has been read of it in part.
        on_event: Called with each event message.
        on_lost: Called once when the connection is gone, unless `close` ended it.
        ping_seconds: After so much silence the daemon is asked for a sign of life.

    Attributes:
        expecting: How many classes of events may arrive at any time.
        unread: Bytes of streams that have arrived and were not taken; whoever takes them says so by `taken`.
    """

    def __init__(
        self,
        transport: Transport,
        splitter: Splitter,
        *,
        on_event: Callable[[bytes], object] = lambda message: None,
        on_lost: Callable[[], object] = lambda: None,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self.transport = transport
        self.expecting = 0
        self.unread = 0
        self._loop = asyncio.get_running_loop()
        self._splitter = splitter
        self._on_event = on_event
        self._on_lost = on_lost
        self._serial = 0
        self._calls: dict[int, tuple[Future, Finish, Sequence[Any]]] = {}
        self._streams: dict[tuple[int, int], Receiver] = {}
        self._files: deque[int] = deque()
        self._failure: VirtError | None = None
        self._ending: asyncio.Task[None] | None = None
        self._descriptor = transport.sock.fileno()
        self._receive, self._outgoing = _operations(transport, self._files)
        self._to_flush = False
        self._writing = False
        self._drained: list[Future] = []
        self._reading = True
        self._heard = True
        self._pings = 0
        self._ping_seconds = ping_seconds
        self._timer = self._loop.call_later(ping_seconds, self._tick)
        self._loop.add_reader(self._descriptor, self._read)

    @property
    def alive(self) -> bool:
        """Whether calls can reach the daemon, as far as it is known."""
        return self._failure is None and self._ending is None

    # Calls

    def call(
        self,
        program: int,
        procedure: int,
        payload: bytes,
        finish: Finish,
        arguments: Sequence[Any] = (),
        files: Sequence[int] | None = None,
    ) -> Future:
        """Make a call.

        Args:
            program: Number of the program.
            procedure: Number of the procedure.
            payload: Encoded arguments.
            finish: Makes the result of the reply; descriptors that come along are the caller's then.
            arguments: What `finish` is told.
            files: Descriptors to send along; None where the procedure takes none. They stay open here.

        Returns:
            What will have the result of `finish`, or the error that the daemon answers. Cancelling it ends the waiting:
            a reply that comes later is dropped, and descriptors that come with it are closed.

        Raises:
            VirtError: Why the connection is gone.
        """
        if self._failure is not None:
            raise _copy(self._failure)
        serial = self._serial
        self._serial = serial + 1 & 0xFFFFFFFF
        if files is None:
            self._put(pack(program, procedure, CALL, serial, OK, payload))
        else:
            check_files(self.transport, files)
            counted = len(files).to_bytes(4, "big") + payload
            self._put(pack(program, procedure, CALL_WITH_FDS, serial, OK, counted), files)
        future: Future = self._loop.create_future()
        self._calls[serial] = (future, finish, arguments)
        if not self._reading:
            self._regard()
        return future

    def open_stream(self, program: int, procedure: int, payload: bytes, receiver: Receiver) -> tuple[Future, int]:
        """Make a call that opens a stream, whose packets go to a receiver from then on.

        Returns:
            What will have the reply, a whole message, and the serial that names the stream.
        """
        serial = self._serial
        future = self.call(program, procedure, payload, _whole)
        self._streams[procedure, serial] = receiver
        return future, serial

    def forget_stream(self, procedure: int, serial: int) -> None:
        """Let go of a stream that has ended."""
        self._streams.pop((procedure, serial), None)

    def post(self, program: int, procedure: int, type: int, serial: int, status: int, payload: bytes = b"") -> None:
        """Send a message that has no reply.

        Raises:
            VirtError: Why the connection is gone.
        """
        self.check()
        self._put(pack(program, procedure, type, serial, status, payload))

    async def drain(self) -> None:
        """Wait until most of what was sent has left.

        Raises:
            VirtError: Why the connection is gone.
        """
        while self._outgoing.size > UNSENT_HIGH:
            self.check()
            future = self._loop.create_future()
            self._drained.append(future)
            await future

    def taken(self, size: int) -> None:
        """Somebody has read so many bytes of a stream."""
        self.unread -= size
        if not self._reading:
            self._regard()

    def check(self) -> None:
        """Raise why the connection is gone."""
        if self._failure is not None:
            raise _copy(self._failure)

    async def close(self) -> None:
        """End the connection; calls under way fail."""
        self._fail(self._lost("it was closed here"), closed=True)
        if self._ending is not None:
            await asyncio.wait([self._ending])  # it uses the transport
        await asyncio.to_thread(self.transport.close)  # it may have to wait for a program to end
        close_all(self._files)

    def fail_calls(self) -> None:
        """Let the calls under way fail, because the connection is about to be closed."""
        failure = self._lost("it was closed here")
        calls, self._calls = self._calls, {}
        for future, _, _ in calls.values():
            _refuse(future, failure)

    # Sending

    def _put(self, data: bytes, files: Sequence[int] = ()) -> None:
        self._outgoing.put(data, files)
        if not self._to_flush:
            self._to_flush = True
            self._loop.call_soon(self._flush)
        elif self._outgoing.size > FLUSH_SIZE and not self._writing:
            self._flush()

    def _flush(self) -> None:
        """Send all that has been put since the last time, as far as it goes."""
        if not self.alive:
            return
        try:
            done = self._outgoing.send()
        except OSError as cause:
            self._end(cause)
            return
        self._to_flush = not done
        if done == self._writing:
            self._writing = not done
            if done:
                self._loop.remove_writer(self._descriptor)
            else:
                self._loop.add_writer(self._descriptor, self._flush)
        if self._drained and self._outgoing.size <= UNSENT_HIGH:
            self._release_drained()

    def _release_drained(self) -> None:
        drained, self._drained = self._drained, []
        for future in drained:
            if not future.done():
                future.set_result(None)

    # Receiving

    def _read(self) -> None:
        """Receive once and hand out what has come."""
        try:
            data = self._receive(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as cause:
            self._end(cause)
            return
        if not data:
            self._end(None)
            return
        self._heard = True
        try:
            for message in self._splitter.feed(data):
                self._hand_out(message)
        except FrameError as cause:
            self._fail(self._lost(f"it sent what is no message ({cause.message})"))
            return
        if self._files and not self._splitter.pending:  # no message announced them
            close_all(self._files)
        if self.unread > UNREAD_HIGH:
            self._regard()

    def _hand_out(self, message: bytes) -> None:
        _, program, _, procedure, kind, serial, status = HEADER.unpack_from(message)
        if kind in (REPLY, REPLY_WITH_FDS):
            files = self._files_of(message) if kind == REPLY_WITH_FDS else []
            call = self._calls.pop(serial, None)
            if call is None or call[0].done():
                close_all(files)
                return
            _answer(message, kind, status, call, files, self.transport.peer)
        elif kind in (STREAM, STREAM_HOLE):
            receiver = self._streams.get((procedure, serial))
            if receiver is not None:
                receiver.put(message)
        elif program == KEEPALIVE:
            if procedure == PING:
                self._put(pack(KEEPALIVE, PONG, MESSAGE, 0, OK, b""))
        elif kind == MESSAGE:
            self._on_event(message)
        else:
            _log.debug("%s sent what nobody waits for: %s", self.transport.peer, message[: HEADER.size].hex())

    def _files_of(self, message: bytes) -> list[int]:
        """The descriptors that came with a message, as many as there are."""
        return [self._files.popleft() for _ in range(min(announced(message), len(self._files)))]

    def _regard(self) -> None:
        """Read, unless streams have enough to be read and nothing else can be expected."""
        reading = self.unread <= UNREAD_HIGH or bool(self._calls) or bool(self.expecting)
        if reading != self._reading and self._failure is None and self._ending is None:
            self._reading = reading
            if reading:
                self._loop.add_reader(self._descriptor, self._read)
            else:
                self._loop.remove_reader(self._descriptor)

    def _tick(self) -> None:
        """See whether the daemon has said anything lately."""
        self._pings = 0 if self._heard or not self._reading else self._pings + 1
        self._heard = False
        if self._pings > PINGS:
            self._fail(self._lost(f"it has not answered for {PINGS * self._ping_seconds:g} seconds"))
            return
        if self._pings:
            self._put(pack(KEEPALIVE, PING, MESSAGE, 0, OK, b""))
        self._timer = self._loop.call_later(self._ping_seconds, self._tick)

    # The end

    def _end(self, cause: OSError | None) -> None:
        """The connection broke: find out why, on a thread, since a program behind it may take its time to tell."""
        if self.alive:
            self._leave_loop()
            self._ending = self._loop.create_task(self._find_out(cause))

    async def _find_out(self, cause: OSError | None) -> None:
        said = "the daemon ended it, and its log tells why" if cause is None else cause.strerror or str(cause)
        self._fail(self._lost(await asyncio.to_thread(self.transport.why) or said))

    def _leave_loop(self) -> None:
        self._timer.cancel()
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)

    def _fail(self, failure: VirtError, *, closed: bool = False) -> None:
        """Note why the connection is gone, and tell everybody who waits."""
        if self._failure is not None:
            return
        self._failure = failure
        self._leave_loop()
        self.transport.interrupt()
        self._outgoing.clear()
        calls, self._calls = self._calls, {}
        for future, _, _ in calls.values():
            _refuse(future, failure)
        self._release_drained()
        for receiver in self._streams.values():
            receiver.wake()
        if not closed:
            self._on_lost()

    def _lost(self, reason: str) -> VirtError:
        return lost(self.transport.peer, len(self._calls), len(self._streams), reason)


def _operations(transport: Transport, files: deque[int]) -> tuple[Callable[[int], bytes], Outgoing]:
    """What receives from a transport without waiting, and what sends."""
    sock = transport.sock
    if not isinstance(sock, socket.socket):
        return sock.try_recv, Outgoing(sock.try_send, corked=False)
    sock.setblocking(False)
    if not transport.passes_fds:
        return sock.recv, Outgoing(sock.send)
    return lambda limit: receive_with_files(sock, files), Outgoing(sock.send, sock)


def _whole(message: bytes, arguments: Sequence[Any], files: Sequence[int]) -> bytes:
    return message


def _answer(
    message: bytes, kind: int, status: int, call: tuple[Future, Finish, Sequence[Any]], files: list[int], peer: str
) -> None:
    """Give a call its reply."""
    future, finish, arguments = call
    try:
        if status == OK:
            if kind == REPLY_WITH_FDS and announced(message) != len(files):
                raise missing(peer, announced(message), len(files))
            future.set_result(finish(message, arguments, files))
            return
        error: Exception = decode_error(message, HEADER.size)
    except Exception as cause:  # noqa: BLE001 whatever a reply has that cannot be decoded is for its caller to see
        error = cause
    close_all(files)
    future.set_exception(error)


def _refuse(future: Future, failure: VirtError) -> None:
    if not future.done():
        future.set_exception(_copy(failure))


def _copy(failure: VirtError) -> VirtError:
    """The error for one of those who wait: each raises its own."""
    copy = type(failure)(failure.message, domain=failure.domain, int1=failure.int1)
    copy.__cause__ = failure
    return copy
