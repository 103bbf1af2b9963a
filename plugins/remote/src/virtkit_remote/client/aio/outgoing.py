"""What is on its way to a socket that may have no room."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Sequence

Send = Callable[[memoryview], int]
"""Sends what there is room for, and tells how much that was; raises `BlockingIOError` where there is none."""


class Outgoing:
    """Bytes in order, and descriptors between them.

    Attributes:
        size: Bytes that wait.
    """

    def __init__(self, send: Send, sock: socket.socket | None = None, *, corked: bool = True) -> None:
        """Make a queue.

        Args:
            send: Sends bytes.
            sock: What descriptors go through; None where they cannot.
            corked: Send what was put in several pieces in one. Not over TLS: libvirt's daemons leave a message lie that
                begins in the TLS record of another until something else arrives.
        """
        self.size = 0
        self._send = send
        self._sock = sock
        self._corked = corked
        self._waiting: deque[bytes | int] = deque()
        self._refused = memoryview(b"")

    def put(self, data: bytes, files: Sequence[int] = ()) -> None:
        """Have bytes sent, and behind them descriptors, of which copies are made at once."""
        self.size += len(data)
        self._waiting.append(data)
        if files:
            self._waiting.extend([os.dup(file) for file in files])

    def send(self) -> bool:
        """Send what there is room for; whether nothing waits any more.

        Raises:
            OSError: The connection broke.
        """
        try:
            while self._refused or self._waiting:
                self._send_next()
        except BlockingIOError:
            return False
        return True

    def _send_next(self) -> None:
        waiting = self._waiting
        if not self._refused:
            if isinstance(waiting[0], int):
                self._send_file(waiting[0])
                return
            self._refused = memoryview(self._joined())
        sent = self._send(self._refused)
        self.size -= sent
        self._refused = self._refused[sent:]

    def _joined(self) -> bytes:
        """What may be sent in one piece, which leaves the queue."""
        waiting = self._waiting
        if len(waiting) == 1 or not self._corked:
            return waiting.popleft()  # type: ignore[return-value]  # the first one is no descriptor
        pieces: list[bytes] = []
        while waiting and not isinstance(waiting[0], int):
            pieces.append(waiting.popleft())  # type: ignore[arg-type]
        return b"".join(pieces)

    def _send_file(self, file: int) -> None:
        """Send a descriptor with a byte of its own."""
        assert self._sock is not None
        socket.send_fds(self._sock, [b"\0"], [file])
        self._waiting.popleft()
        os.close(file)

    def clear(self) -> None:
        """Drop everything."""
        for item in self._waiting:
            if isinstance(item, int):
                os.close(item)
        self._waiting.clear()
        self._refused = memoryview(b"")
        self.size = 0
