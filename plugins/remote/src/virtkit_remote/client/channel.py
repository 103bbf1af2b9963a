"""The connection to a daemon, with any number of calls under way.

Whoever waits reads: a thread that needs a reply reads the socket until its own has come, hands the others to who waits
for them, and then lets one of these read on. So a program that makes one call after the other has no second thread and
no switch between threads. Where something may arrive that nobody waits for, events for instance, a thread of the
channel reads all the time (`attend`).
"""

from __future__ import annotations

import array
import logging
import math
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError, OperationAbortedError, VirtError
from virtkit_remote.client.transports import Transport
from virtkit_remote.protocol.failures import decode_error
from virtkit_remote.protocol.frames import (
    CALL,
    CALL_WITH_FDS,
    FDS_MAX,
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
from virtkit_remote.protocol.tables import PROGRAMS

CHUNK = 262_144
"""Bytes received at a time."""

PING_SECONDS = 5.0
PINGS = 5
"""The daemon is asked for a sign of life after so much silence, and given up after so many questions."""

KEEPALIVE = PROGRAMS["keepalive"]
PING, PONG = 1, 2

FILES_SPACE = socket.CMSG_SPACE(FDS_MAX * array.array("i").itemsize)
_FILE_BYTES = array.array("i").itemsize

_log = logging.getLogger(__name__)


class Waiter:
    """Somebody who waits for messages.

    Attributes:
        arrived: Messages nobody has taken yet.
        files: Descriptors that came with a reply.
        asleep: Whether a thread waits, and could read on.
    """

    __slots__ = ("_signal", "arrived", "asleep", "files")

    def __init__(self) -> None:
        self.arrived: deque[bytes] = deque()
        self.files: list[int] = []
        self.asleep = False
        self._signal = threading.Lock()
        self._signal.acquire()

    @property
    def ready(self) -> bool:
        """Whether there is something to look at."""
        return bool(self.arrived)

    def put(self, message: bytes) -> None:
        """Take a message in."""
        self.arrived.append(message)
        self.wake()

    def wake(self) -> None:
        """Let `wait` return; more than once is as good as once."""
        with suppress(RuntimeError):
            self._signal.release()

    def wait(self, seconds: float = -1) -> None:
        """Sleep until somebody calls `wake`."""
        self._signal.acquire(timeout=seconds)


class Channel:
    """A connection that calls go through; every method may be called from any thread.

    Args:
        transport: The way to the daemon; the channel owns it from now on.
        on_event: Called with each event message, by whoever reads; must not block.
        on_closed: Called once when the connection has ended, with the reason, unless `close` ended it.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        on_event: Callable[[bytes], object] = lambda message: None,
        on_closed: Callable[[VirtError], object] = lambda reason: None,
    ) -> None:
        self.transport = transport
        self._on_event = on_event
        self._on_closed = on_closed
        self._splitter = Splitter()
        self._received: deque[Any] = deque()  # what `_receive` has kept
        self._files: deque[int] = deque()
        self._sending = threading.Lock()
        self._reading = threading.Lock()
        self._state = threading.Lock()
        self._serial = 0
        self._calls: dict[int, Waiter] = {}
        self._streams: dict[tuple[int, int], Waiter] = {}
        self._attending = 0
        self._wake_read, self._wake_write = -1, -1
        self._pings = 0
        self._failure: VirtError | None = None
        self._closed = False
        self._times_out = _time_out(transport)

    @property
    def alive(self) -> bool:
        """Whether calls can reach the daemon, as far as it is known."""
        return self._failure is None

    # Calls

    def call(
        self, program: int, procedure: int, payload: bytes, files: Sequence[int] | None = None
    ) -> tuple[bytes, list[int]]:
        """Make a call and wait for its reply.

        Args:
            program: Number of the program.
            procedure: Number of the procedure.
            payload: Encoded arguments.
            files: Descriptors to send along; None where the procedure takes none. They stay open here.

        Returns:
            The reply, a whole message, and the descriptors that came with it, which the caller owns.

        Raises:
            VirtError: What the daemon answers, or why the connection is gone.
        """
        if files is None:
            kind = CALL
        else:
            check_files(self.transport, files)
            kind, payload = CALL_WITH_FDS, len(files).to_bytes(4, "big") + payload
        waiter = Waiter()
        with self._state:
            serial = self._register(waiter)
        try:
            self._transmit(pack(program, procedure, kind, serial, OK, payload), files or ())
            self.wait(waiter)
            return self._result(waiter)
        except BaseException:
            close_all(waiter.files)
            raise
        finally:
            self._calls.pop(serial, None)

    def open_stream(self, program: int, procedure: int, payload: bytes, waiter: Waiter) -> tuple[bytes, int]:
        """Make a call that opens a stream, whose packets go to a waiter from then on.

        Returns:
            The reply, and the serial that names the stream.
        """
        opening = Waiter()
        with self._state:
            serial = self._register(opening)
            self._streams[procedure, serial] = waiter  # its first packet may follow the reply at once
        try:
            self._transmit(pack(program, procedure, CALL, serial, OK, payload))
            self.wait(opening)
            return self._result(opening)[0], serial
        except BaseException:
            self._streams.pop((procedure, serial), None)
            raise
        finally:
            self._calls.pop(serial, None)

    def forget_stream(self, procedure: int, serial: int) -> None:
        """Let go of a stream that has ended."""
        self._streams.pop((procedure, serial), None)

    def post(self, program: int, procedure: int, type: int, serial: int, status: int, payload: bytes = b"") -> None:
        """Send a message that has no reply."""
        self._transmit(pack(program, procedure, type, serial, status, payload))

    def wait(self, waiter: Waiter, seconds: float | None = None) -> bool:
        """Wait until something has arrived for a waiter, reading where nobody else does.

        Returns:
            False when nothing has within `seconds`.

        Raises:
            VirtError: The connection is gone.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        waiter.asleep = True
        reading = [False]
        try:
            while not waiter.ready:
                # In one step of the interpreter: Ctrl+C cannot come between taking the lock and knowing of it.
                reading[:] = map(self._reading.acquire, (False,))
                if reading[0]:
                    self._read_for(waiter, deadline)
                    break
                self.check()
                waiter.wait(-1 if deadline is None else max(0.0, deadline - time.monotonic()))
                if deadline is not None and time.monotonic() >= deadline:
                    break
        finally:
            waiter.asleep = False
            try:
                if reading[0]:
                    self._reading.release()
            finally:
                if not self._reading.locked():  # whoever was to read on may be the one who leaves
                    self._pass_on()
        return waiter.ready

    def _read_for(self, waiter: Waiter, deadline: float | None) -> None:
        """Read until something has arrived for a waiter; `_reading` is held."""
        while not waiter.ready:
            self.check()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._read(left) and left is not None:
                return

    # Reading without a call

    def attend(self) -> None:
        """Read all the time from now on, until `leave` was called as often."""
        with self._state:
            self._attending += 1
            if self._attending > 1:
                return
            self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            name = f"virtkit-remote: {self.transport.peer}"
            threading.Thread(target=self._attend, args=(self._wake_read,), name=name, daemon=True).start()

    def leave(self) -> None:
        """Nothing is expected any more."""
        with self._state:
            self._attending = max(0, self._attending - 1)
            if self._attending == 0 and self._wake_write >= 0:
                os.close(self._wake_write)
                self._wake_write = -1

    def _attend(self, wake: int) -> None:
        with self._reading, suppress(VirtError):
            while self._failure is None and self._read(None, wake):
                pass
        os.close(wake)
        self._pass_on()

    def release(self) -> tuple[Transport, Splitter]:
        """Let go of the connection while no call is under way: its transport, and what knows of a message in part."""
        self._closed = True
        self._failure = self._lost("it was handed over to a loop")
        return self.transport, self._splitter

    def close(self) -> None:
        """End the connection; calls under way fail."""
        self._closed = True
        self._fail(self._lost("it was closed here"))
        self._attending = 0
        self.leave()
        with self._reading:  # nobody uses the socket any more
            self.transport.close()
            close_all(self._files)

    # Inside

    def _register(self, waiter: Waiter) -> int:
        """The serial of the next call; `_state` is held."""
        self.check()
        serial = self._serial
        self._serial = serial + 1 & 0xFFFFFFFF
        self._calls[serial] = waiter
        return serial

    def _result(self, waiter: Waiter) -> tuple[bytes, list[int]]:
        message = waiter.arrived.popleft()
        _, _, _, _, kind, _, status = HEADER.unpack_from(message)
        if status != OK:
            raise decode_error(message, HEADER.size)
        if kind == REPLY_WITH_FDS and announced(message) != len(waiter.files):
            raise missing(self.transport.peer, announced(message), len(waiter.files))
        return message, waiter.files

    def _transmit(self, data: bytes, files: Sequence[int] = ()) -> None:
        self.check()
        with self._sending:
            try:
                self.transport.sock.sendall(data)
                for file in files:
                    socket.send_fds(self.transport.sock, [b"\0"], [file])  # type: ignore[arg-type]
            except OSError as cause:
                raise self._fail(self._broken(cause)) from cause
            except BaseException:  # Ctrl+C; part of the message may have left
                self._fail(self._lost("sending was interrupted"))
                raise

    def _read(self, seconds: float | None, wake: int = -1) -> bool:
        """Receive once and hand out what has come; `_reading` is held.

        Returns:
            False when nothing came in time, or when told through `wake`.
        """
        try:
            if not self._received:
                if (seconds is not None or wake >= 0 or not self._times_out) and not self._poll(seconds, wake):
                    return False
                self._receive()
        except BlockingIOError:  # silence for PING_SECONDS
            self._ping()
            return True
        except OSError as cause:
            raise self._fail(self._broken(cause)) from cause
        try:
            self._take_in(self._received.popleft())
        except FrameError as cause:
            raise self._fail(self._lost(f"it sent what is no message ({cause.message})")) from cause
        except VirtError as failure:
            raise self._fail(failure) from None
        except BaseException:  # Ctrl+C; messages may be missing now
            self._fail(self._lost("reading was interrupted"))
            raise
        return True

    def _take_in(self, received: bytes | tuple[bytes, list[Any], int, Any]) -> None:
        """Hand out the messages of what was received."""
        if not isinstance(received, bytes):
            received, ancillary, _, _ = received
            if ancillary:
                self._files.extend(files_of(ancillary))
        if not received:
            raise self._lost(self.transport.why() or "the daemon ended it, and its log tells why")
        self._pings = 0
        for message in self._splitter.feed(received):
            self._hand_out(message)
        if self._files and not self._splitter.pending:  # no message announced them
            close_all(self._files)

    def _poll(self, seconds: float | None, wake: int) -> bool:
        """Wait for data, sending pings meanwhile; False when there is none in time, or when told through `wake`."""
        sock = self.transport.sock
        pending = getattr(sock, "pending", None)
        if pending is not None and pending():
            return True
        poll = select.poll()
        for descriptor in (sock.fileno(), wake):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            ready = poll.poll(1000 * max(0.0, min(PING_SECONDS, deadline - time.monotonic())))
            if ready:
                return all(descriptor != wake for descriptor, _ in ready)
            if time.monotonic() >= deadline:
                return False
            self._ping()

    def _ping(self) -> None:
        self._pings += 1
        if self._pings > PINGS:
            raise self._fail(self._lost(f"it has not answered for {PINGS * PING_SECONDS:g} seconds"))
        self._transmit(pack(KEEPALIVE, PING, MESSAGE, 0, OK, b""))

    def _receive(self) -> None:
        """Keep what is received, in one step of the interpreter: Ctrl+C cannot come between."""
        sock = self.transport.sock
        if self.transport.passes_fds and isinstance(sock, socket.socket):
            self._received.extend(map(sock.recvmsg, (CHUNK,), (FILES_SPACE,), (socket.MSG_CMSG_CLOEXEC,)))
        else:
            self._received.extend(map(sock.recv, (CHUNK,)))

    def _hand_out(self, message: bytes) -> None:
        _, program, _, procedure, kind, serial, _ = HEADER.unpack_from(message)
        waiter: Waiter | None = None
        if kind == REPLY:
            waiter = self._calls.get(serial)
        elif kind == REPLY_WITH_FDS:
            waiter = self._calls.get(serial)
            files = [self._files.popleft() for _ in range(min(announced(message), len(self._files)))]
            if waiter is None:
                close_all(files)
            else:
                waiter.files = files
        elif kind in (STREAM, STREAM_HOLE):
            waiter = self._streams.get((procedure, serial))
        elif program == KEEPALIVE:
            if procedure == PING:
                self._transmit(pack(KEEPALIVE, PONG, MESSAGE, 0, OK, b""))
            return
        elif kind == MESSAGE:
            try:
                self._on_event(message)
            except VirtError as error:
                _log.warning("an event of %s is lost: %s", self.transport.peer, error.message)
            return
        if waiter is None:
            _log.debug("%s sent what nobody waits for: %s", self.transport.peer, message[:28].hex())
            return
        waiter.put(message)

    def _pass_on(self) -> None:
        """Let somebody else who waits read on."""
        for waiter in [*self._calls.values(), *self._streams.values()]:
            if waiter.asleep and not waiter.ready:
                waiter.wake()
                return

    def check(self) -> None:
        """Raise why the connection is gone, if it is."""
        if self._failure is not None:
            raise type(self._failure)(
                self._failure.message, domain=self._failure.domain, int1=self._failure.int1
            ) from self._failure

    def _fail(self, failure: VirtError) -> VirtError:
        """Note why the connection is gone, and wake everybody who waits."""
        with self._state:
            first = self._failure is None
            if first:
                self._failure = failure
            waiters = [*self._calls.values(), *self._streams.values()]
        if first:
            self.transport.interrupt()
            for waiter in waiters:
                waiter.wake()
            if not self._closed:
                self._on_closed(failure)
        assert self._failure is not None
        return self._failure

    def _broken(self, cause: OSError) -> VirtError:
        reason = self.transport.why() or cause.strerror or str(cause)
        return self._lost(reason)

    def _lost(self, reason: str) -> VirtError:
        return lost(self.transport.peer, len(self._calls), len(self._streams), reason)


def lost(peer: str, calls: int, streams: int, reason: str) -> VirtError:
    """The error that says what is lost with a connection: calls without an answer, and streams."""
    parts = [f"{calls} calls without an answer"] if calls else []
    parts += [f"{streams} streams"] if streams else []
    what = f", and with it {' and '.join(parts)}" if parts else ""
    return OperationAbortedError(
        f"the connection to {peer} is lost{what}: {reason}; open a new one", domain=ErrorDomain.REMOTE
    )


def receive_with_files(sock: socket.socket, files: deque[int]) -> bytes:
    """Receive from a unix socket; descriptors that come with the bytes are put behind `files`."""
    data, ancillary, _, _ = sock.recvmsg(CHUNK, FILES_SPACE, socket.MSG_CMSG_CLOEXEC)
    files.extend(files_of(ancillary))
    return data


def files_of(ancillary: list[Any]) -> Iterator[int]:
    """The descriptors among what `recvmsg` returned beside the bytes."""
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            yield from array.array("i", content[: len(content) - len(content) % _FILE_BYTES])


def close_all(files: deque[int] | list[int]) -> None:
    """Close descriptors that nobody takes."""
    while files:
        os.close(files.pop())


def check_files(transport: Transport, files: Sequence[int]) -> None:
    """Refuse, before anything is sent, descriptors that cannot be."""
    if not transport.passes_fds:
        raise InternalError(
            f"{transport.peer} cannot be sent descriptors: that takes a unix socket", domain=ErrorDomain.REMOTE
        )
    if len(files) > FDS_MAX:
        raise InvalidArgError(
            f"{len(files)} descriptors are too many for a call: pass {FDS_MAX} at most", domain=ErrorDomain.REMOTE
        )
    for file in files:
        try:
            os.fstat(file)
        except (OSError, OverflowError) as cause:
            raise InvalidArgError(
                f"{file} cannot be sent: it is no open descriptor; keep files open until the call has returned",
                domain=ErrorDomain.REMOTE,
            ) from cause


def announced(message: bytes) -> int:
    """How many descriptors a message says that it comes with."""
    return int.from_bytes(message[HEADER.size : HEADER.size + 4], "big")


def missing(peer: str, announced: int, sent: int) -> InternalError:
    """The error of a message that came with other descriptors than it says."""
    return InternalError(
        f"{peer} announced {announced} descriptors and sent {sent}: its log may tell why", domain=ErrorDomain.REMOTE
    )


def _time_out(transport: Transport) -> bool:
    """Have the kernel end a receive after some silence; False where the socket is not the kernel's alone."""
    if not isinstance(transport.sock, socket.socket):
        return False
    fraction, whole = math.modf(PING_SECONDS)
    limit = struct.pack("@ll", int(whole), int(fraction * 1_000_000))
    transport.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    return True
