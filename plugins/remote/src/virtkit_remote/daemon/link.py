"""A connected socket: whole messages in, bytes out, and nobody ever waits for the other end."""

from __future__ import annotations

import array
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit_remote.daemon.loop import READ, WRITE, Loop
from virtkit_remote.protocol.frames import FDS_MAX, Splitter

if TYPE_CHECKING:
    import ssl

    from virtkit_remote.daemon.encryption import Encryption

CHUNK = 65536
"""Bytes received at a time; more where a message that has begun needs more."""

CHUNK_MAX = 1 << 20
"""Bytes received at a time at most, whatever a message says of its length."""

OUTGOING_MAX = 64 << 20
"""Bytes that may wait for a client that does not read: two of the longest messages."""

OUTGOING_HIGH = 1 << 20
"""Bytes that may wait before who produces data for a client is asked to wait too."""

_FILES_SPACE = socket.CMSG_SPACE(FDS_MAX * array.array("i").itemsize)
_RIGHTS = (socket.SOL_SOCKET, socket.SCM_RIGHTS)

_log = logging.getLogger(__name__)

Messages = Callable[[list[bytes]], object]
Data = bytes | memoryview

Closed = Callable[[str, bool], object]
"""Called with why a connection ended, and whether that is the other end's fault."""


class Link:
    """One end of a connection; `send`, `close` and `cut` may be called from any thread.

    Args:
        sock: A connected socket; the link owns it from now on.
        loop: The loop that tells when it is ready.
        limit: Bytes of the longest message to accept.
        on_messages: Called on the loop's thread with what has arrived.
        on_closed: Called once when the connection is gone; on any thread.
        tls: The server's side of TLS; its handshake comes first.
        on_secured: Called after the handshake; what it raises, a `VirtError`, is why the client is refused.

    Attributes:
        files: Descriptors that arrived and that nobody has taken yet, in order.
        heard: Set with everything that arrives.
        outgoing: Bytes that wait for the other end.
    """

    def __init__(
        self,
        sock: socket.socket,
        loop: Loop,
        *,
        limit: int,
        on_messages: Messages,
        on_closed: Closed,
        tls: ssl.SSLContext | None = None,
        on_secured: Callable[[ssl.SSLObject], object] = lambda tls: None,
    ) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.files: deque[int] = deque()
        self.heard = False
        self.outgoing = 0
        self._lock = threading.RLock()
        """Held while what waits for the other end is looked at or changed."""
        self._for_room: list[Callable[[], object]] = []
        self._loop = loop
        self._descriptor = sock.fileno()
        self._splitter = Splitter(limit)
        self._on_messages = on_messages
        self._on_closed = on_closed
        self._queue: deque[tuple[Data, Sequence[int]]] = deque()
        self._paused: set[object] = set()
        self._writing = False
        self._closing = False
        self._closed = False
        self._receive: Callable[[], bytes] = (
            self._receive_with_files if sock.family == socket.AF_UNIX else self._receive_plain
        )
        self._tls: Encryption | None = None
        if tls is not None:
            from virtkit_remote.daemon.encryption import Encryption  # few daemons need OpenSSL's 5 MiB

            self._tls = Encryption(tls, on_secured)

    def start(self) -> None:
        """Begin to read."""
        self._loop.watch(self._descriptor, self.ready)

    @property
    def encryption(self) -> ssl.SSLObject | None:
        """TLS as negotiated; None where there is none."""
        return self._tls.object if self._tls else None

    def ready(self, events: int) -> None:
        """Read and write as far as it goes; called by the loop."""
        if events & WRITE:
            self._write()
        if events & ~WRITE and not self._paused and not self._closed:
            self._read()
        elif events & ~(READ | WRITE):
            self.cut("the connection broke", fault=False)

    def send(self, data: bytes, files: Sequence[int] = ()) -> None:
        """Send bytes, and descriptors behind them, which are closed once sent.

        A client that lets more than `OUTGOING_MAX` bytes wait is cut.
        """
        with self._lock:
            if self._closed or self._closing:
                _close_all(files)
                return
            if self._tls:
                data = self._tls.encrypt(data)
            rest: Data = data
            if not self._queue and not files:
                rest = self._send_now(data)
                if not rest:
                    return
            self._queue.append((rest, files))
            self.outgoing += len(rest)
            full = self.outgoing > OUTGOING_MAX
            if not full and not self._write_queue():
                self._want_to_write(True)
        if full:
            self.cut(f"it did not read: {OUTGOING_MAX >> 20} MiB wait for it")

    def pause(self, who: object) -> None:
        """Read no more until everybody who said so has said `resume`."""
        with self._lock:
            self._paused.add(who)
            self._update()

    def resume(self, who: object) -> None:
        """Read again, unless somebody else wants it otherwise."""
        with self._lock:
            if who in self._paused:
                self._paused.remove(who)
                self._update()

    @property
    def paused(self) -> bool:
        """Whether nothing is read for now, so that the other end cannot be heard."""
        return bool(self._paused)

    def take_bytes(self, limit: int) -> None:
        """Change how long a message may be."""
        self._splitter.limit = limit

    def close(self) -> None:
        """Close once everything is sent."""
        with self._lock:
            self._closing = True
            if self._queue:
                return
        self.cut("it was closed", fault=False)

    def cut(self, reason: str, *, fault: bool = True) -> None:
        """Close now; what waits is dropped.

        Args:
            reason: Why, about the other end: `it did not read`.
            fault: Whether it has done something wrong.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._loop.forget(self._descriptor)
            for _, files in self._queue:
                _close_all(files)
            self._queue.clear()
            self._make_room()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._on_closed(reason, fault)
        # Where it is read, so that nothing else that gets its number meanwhile is read for it.
        self._loop.call_soon(self._let_go)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed

    def when_room(self, call: Callable[[], object]) -> bool:
        """Whether most of what was sent has been read; if not, the loop makes a call once it has, or nobody will."""
        with self._lock:
            if self.outgoing <= OUTGOING_HIGH or self._closed:
                return True
            self._for_room.append(call)
            return False

    def take_files(self, count: int) -> list[int]:
        """The descriptors that have come with a message, fewer where fewer have; the caller closes them."""
        return [self.files.popleft() for _ in range(min(count, len(self.files)))]

    def _let_go(self) -> None:
        self.socket.close()
        _close_all(self.files)
        self.files.clear()
        # Nothing is to refer to itself through these: thousands of clients may have been here before garbage is sought.
        self._on_messages, self._on_closed, self._receive, self._tls = _nothing, _nothing, bytes, None

    def _make_room(self) -> None:
        calls, self._for_room = self._for_room, []
        for call in calls:
            self._loop.call_soon(call)

    def _read(self) -> None:
        try:
            data = self._receive()
        except BlockingIOError:
            return
        except OSError as error:
            self.cut(f"it cannot be read: {error.strerror}", fault=False)
            return
        if not data:
            self.cut("it hung up", fault=False)
            return
        self.heard = True
        try:
            if self._tls:
                data = self._decrypt(data)
                if not data:
                    return
            messages = self._splitter.feed(data)
        except EOFError:
            self.cut("it hung up", fault=False)
            return
        except VirtError as error:
            self.cut(f"it is refused: {error}")
            return
        if messages:
            self._on_messages(messages)

    def _decrypt(self, data: bytes) -> bytes:
        assert self._tls
        with self._lock:
            try:
                return self._tls.decrypt(data)
            finally:
                answer = self._tls.answer()  # also the alert that tells why a handshake failed
                if answer:
                    self._queue.append((answer, ()))
                    self.outgoing += len(answer)
                    if not self._write_queue():
                        self._want_to_write(True)

    @property
    def _wanted(self) -> int:
        """Bytes to receive: to the end of a packet of a stream in one go."""
        return max(CHUNK, min(self._splitter.missing, CHUNK_MAX))

    def _receive_plain(self) -> bytes:
        return self.socket.recv(self._wanted)

    def _receive_with_files(self) -> bytes:
        data, ancillary, _, _ = self.socket.recvmsg(self._wanted, _FILES_SPACE, socket.MSG_CMSG_CLOEXEC)
        for level, kind, content in ancillary:
            if (level, kind) == _RIGHTS:
                whole = array.array("i", content[: len(content) - len(content) % 4])
                self.files.extend(whole)
        if len(self.files) > FDS_MAX:
            self.cut(f"it sent more than {FDS_MAX} descriptors at once")
            return b""
        return data

    def _write(self) -> None:
        with self._lock:
            done = self._write_queue()
            if done:
                self._want_to_write(False)
            closing = done and self._closing
        if closing:
            self.cut("it was closed", fault=False)

    def _write_queue(self) -> bool:
        """Send what waits; whether nothing does any more. The lock is held."""
        while self._queue:
            data, files = self._queue[0]
            rest = self._send_now(data)
            self.outgoing -= len(data) - len(rest)
            if rest:
                self._queue[0] = (rest, files)
                break
            if files and not self._send_file(files[0]):
                self._queue[0] = (b"", files)
                break
            self._queue.popleft()
            if files[1:]:
                self._queue.appendleft((b"", files[1:]))
        if self.outgoing <= OUTGOING_HIGH and self._for_room:
            self._make_room()
        return not self._queue

    def _send_now(self, data: Data) -> Data:
        """What could not be sent of some bytes."""
        if not data:
            return data
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            return data
        except OSError:  # reading will find out
            return b""
        return memoryview(data)[sent:] if sent < len(data) else b""  # a slice of bytes would be a copy

    def _send_file(self, file: int) -> bool:
        """Send a descriptor with a byte of its own, and close it; False when there is no room."""
        try:
            socket.send_fds(self.socket, [b"\0"], [file])
        except BlockingIOError:
            return False
        except OSError as error:
            _log.warning("a descriptor could not be sent: %s", error.strerror)
        os.close(file)
        return True

    def _want_to_write(self, wanted: bool) -> None:
        if wanted != self._writing:
            self._writing = wanted
            self._update()

    def _update(self) -> None:
        if not self._closed:
            self._loop.change(self._descriptor, (0 if self._paused else READ) | (WRITE if self._writing else 0))


def _nothing(*_: object) -> None:
    """What is called of a connection that is gone."""


def _close_all(files: Sequence[int] | deque[int]) -> None:
    for file in files:
        os.close(file)
