"""Lines of JSON over a socket, as QEMU's monitor speaks them."""

from __future__ import annotations

import json
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from virtkit.services.loop import MonitorLoop

# The largest known answer, query-qmp-schema, has 0.2 MB; a peer that sends a longer line is broken or hostile.
LINE_BYTES = 16 << 20
_RECEIVE_BYTES = 256 << 10
_CLOSE_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Wire:
    """A connection that carries one JSON object a line. Any thread may send; the loop's thread receives.

    Args:
        connection: A connected socket; the wire owns it from now on.
        subject: What log messages call the other end, as "domain 'web'".
        loop: The thread that reads.
        on_message: Called on the loop's thread with each object received; must not block.
        on_closed: Called once on the loop's thread when the connection has closed for whatever reason.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        subject: str,
        loop: MonitorLoop,
        on_message: Callable[[dict[str, Any]], None],
        on_closed: Callable[[], None],
    ) -> None:
        self._socket = connection
        self._subject = subject
        self._loop = loop
        self._on_message = on_message
        self._on_closed = on_closed
        self._received = b""
        self._unsent = b""
        self._sending = threading.Lock()
        self._closed = threading.Event()
        connection.setblocking(False)
        loop.watch(connection.fileno(), self._read)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed.is_set()

    def send(self, message: object, *, fds: Sequence[int] = (), deadline: float | None = None) -> None:
        """Send one object.

        Args:
            message: What `json` can write.
            fds: Descriptors that travel with it; they stay open here.
            deadline: Until when, by the monotonic clock, the other end may leave it unread; None is for ever.

        Raises:
            TimeoutError: The other end reads nothing. A part that was sent is completed before the next message.
            ConnectionError: The wire is closed.
        """
        line = json.dumps(message).encode() + b"\n"
        seconds = seconds_left(deadline)
        if not self._sending.acquire(timeout=-1 if seconds is None else seconds):
            raise TimeoutError
        try:
            self._flush(deadline)
            self._unsent = line
            if fds:
                self._when_writable(lambda: socket.send_fds(self._socket, [self._unsent], fds), deadline)
            self._flush(deadline)
        finally:
            self._sending.release()

    def close(self) -> None:
        """Close the connection and wait until nothing more is received from it."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed, or about to be
        self._closed.wait(_CLOSE_SECONDS)

    def _flush(self, deadline: float | None) -> None:
        while self._unsent:
            self._when_writable(lambda: self._socket.send(self._unsent), deadline)

    def _when_writable(self, send: Callable[[], int], deadline: float | None) -> None:
        while True:
            try:
                self._unsent = self._unsent[send() :]
                return
            except BlockingIOError:
                self._await_room(deadline)
            except OSError as cause:
                raise ConnectionError(cause.strerror) from cause

    def _await_room(self, deadline: float | None) -> None:
        room = select.poll()
        try:
            room.register(self._socket, select.POLLOUT)
        except ValueError as cause:  # closed meanwhile: it has no descriptor any more
            raise ConnectionError(str(cause)) from cause
        seconds = seconds_left(deadline)
        if not room.poll(None if seconds is None else seconds * 1000):
            raise TimeoutError

    def _read(self) -> None:
        if self._loop.closed:  # nobody will read it again
            self._finish()
            return
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or len(self._received) > LINE_BYTES:
            self._finish()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            self._on_message(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _log.error("%s sent what nobody understands; it is ignored: %.200r (%s)", self._subject, line, error)

    def _finish(self) -> None:
        self._loop.forget(self._socket.fileno(), self._read)
        self._socket.close()
        self._closed.set()
        self._on_closed()


def seconds_left(deadline: float | None) -> float | None:
    """Seconds until a deadline of the monotonic clock, not below 0; None for no deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())
