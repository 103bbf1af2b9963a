"""Waiting for many guests with one thread.

A host has hundreds of guests and each is silent most of the time: one thread waits on the monitors and processes of
all of them (`MonitorLoop`). What they report is handled elsewhere, per guest and in order (`Mailbox`), so that a
handler that waits for its guest holds up nothing of another guest.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections import deque
from collections.abc import Callable

from virtkit.errors import OperationAbortedError

_log = logging.getLogger(__name__)


class MonitorLoop:
    """Calls back, on its own thread, when a descriptor becomes readable.

    The thread starts with the first descriptor. Callbacks must not block: they read what is there and pass it on.

    Attributes:
        closed: Whether it serves nothing any more.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._readable: dict[int, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.closed = False

    def watch(self, descriptor: int, readable: Callable[[], None]) -> None:
        """Call `readable` whenever `descriptor` is readable, hung up or, for a pidfd, its process has ended.

        `readable` may be called once without cause, so it must find nothing to read harmless.

        Raises:
            OperationAbortedError: The loop is closed.
        """
        with self._lock:
            if self.closed:
                raise OperationAbortedError("the driver's state was given back meanwhile; open the connection again")
            self._readable[descriptor] = readable
            self._epoll.register(descriptor, select.EPOLLIN)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="virtkit-loop", daemon=True)
                self._thread.start()

    def forget(self, descriptor: int, readable: Callable[[], None]) -> None:
        """Stop calling `readable` for a descriptor; to be called before it is closed.

        One that is not watched is left alone, and so is one that has been closed and is by now somebody else's.
        """
        with self._lock:
            if self._readable.get(descriptor) == readable:
                del self._readable[descriptor]
                self._epoll.unregister(descriptor)

    def close(self) -> None:
        """End the thread. What is still watched is called a last time and finds the loop `closed`."""
        with self._lock:
            os.eventfd_write(self._wake, 1)
            self.closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        for readable in list(self._readable.values()):
            self._call(readable)
        self._epoll.close()
        os.close(self._wake)

    def _run(self) -> None:
        while True:
            ready = [descriptor for descriptor, _ in self._epoll.poll()]
            if self._wake in ready:
                return
            for descriptor in ready:
                self._call(self._readable.get(descriptor))

    def _call(self, readable: Callable[[], None] | None) -> None:
        if readable is None:
            return
        try:
            readable()
        except Exception:  # noqa: BLE001 - one guest's fault must not end the thread that serves all
            _log.exception("A descriptor's callback failed; what it would have read is read at the next wake-up")


class Mailbox:
    """Runs calls one after the other in the order they were posted, on a thread that lives only while there are any.

    Args:
        name: Name of the thread, for people who look at a stack dump.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._running = False

    def post(self, call: Callable[[], None]) -> None:
        """Run `call` after what was posted before; returns at once."""
        with self._lock:
            self._calls.append(call)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception:  # noqa: BLE001 - later events are still to be handled
                _log.exception("%s: the handler of an event failed; the event is lost", self._name)

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._calls:
                return self._calls.popleft()
            self._running = False
            return None
