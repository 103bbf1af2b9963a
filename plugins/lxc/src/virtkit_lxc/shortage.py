"""Memory that runs out: what the kernel tells of a container at its limit, while the container is there.

Its groups go when it ends, and the counts in them, so somebody has to listen before. With version 1 that is an eventfd,
which the kernel adds one to for each shortage, and one more when the group is removed. With version 2 it is the file
`memory.events`, which is exceptional to poll(2) once it has changed.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.errors import VirtError

if TYPE_CHECKING:
    from virtkit.services.loop import MonitorLoop
    from virtkit_lxc.cgroups import Layout

REMOVAL_SECONDS = 0.2
"""How long the kernel may take to tell that a group of version 1 is gone: it took 20 ms when measured."""

RECENT_SECONDS = 5.0
"""A shortage so long before an end has to do with it: what is killed gives back its memory before it is gone."""

EVENT_BYTES = 4096


class Shortage:
    """Listens for a container that runs out of memory. Where nothing limits memory, nothing is ever told.

    Args:
        loop: Waits for what the kernel tells.
        layout: The control groups of this host.
        group: Place of the container.
        told: Called with the limit in KiB when memory runs out for the first time; it must not block.

    Raises:
        OperationAbortedError: The loop is closed.
    """

    def __init__(self, loop: MonitorLoop, layout: Layout, group: str, told: Callable[[int], None]) -> None:
        self._loop, self._told = loop, told
        self._lock = threading.Lock()
        self._limit, self._last = 0, 0.0
        self._listener: _First | _Second | None = None
        version = layout.version("memory")
        if version:
            folder = layout.folder("memory", group)
            self._file = folder / ("memory.limit_in_bytes" if version == 1 else "memory.max")
            self._read_limit()
            with suppress(OSError):  # the container has ended meanwhile
                self._listener = _First(folder) if version == 1 else _Second(folder)
        if self._listener is not None:
            try:
                loop.watch(self._listener.descriptor, self._hear)
            except VirtError:
                self._listener.close()
                raise

    def at_end(self) -> int | None:
        """For a container that has ended: the limit in KiB, if it came to its end out of memory. May wait a moment."""
        self._hear(REMOVAL_SECONDS)
        return self._limit if self._last and time.monotonic() < self._last + RECENT_SECONDS else None

    def close(self) -> None:
        """Listen no more; twice is harmless."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            self._loop.forget(listener.descriptor, self._hear)
            listener.close()

    def _read_limit(self) -> None:
        with suppress(OSError, ValueError):  # gone, or no limit
            self._limit = int(self._file.read_text()) // 1024

    def _hear(self, seconds: float = 0) -> None:
        with self._lock:
            listener = self._listener
            if listener is None:
                return
            self._read_limit()
            before, first = listener.shortages, not self._last
            listener.hear(seconds)
            if listener.shortages > before:
                self._last = time.monotonic()
        if first and self._last:
            self._told(self._limit)
        if listener.over:
            self._loop.forget(listener.descriptor, self._hear)


class _First:
    """An eventfd that hears of a group of version 1.

    Attributes:
        descriptor: Readable when there is something to hear.
        shortages: How often memory has run out since.
        over: The group has gone, so that nothing will be told any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._group, self._told = folder, folder.stat().st_ino, 0
        self.shortages, self.over = 0, False
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            with (folder / "memory.oom_control").open() as control:
                (folder / "cgroup.event_control").write_text(f"{self.descriptor} {control.fileno()}")
        except OSError:
            os.close(self.descriptor)
            raise

    def hear(self, seconds: float) -> None:
        """Take in what was told; if the group has gone, also what the kernel still tells so many seconds later."""
        self._read()
        if self._is_there():
            self.shortages = self._told
            return
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        if self._told == 1 and not self.shortages and poll.poll(seconds * 1000):
            self._read()
        self.shortages = max(self.shortages, self._told - 1)  # the last is told of the end of the group
        self.over = self._told > self.shortages

    def _is_there(self) -> bool:
        """Whether the group is; one that liblxc made anew since, for a system that reboots, has its name only."""
        try:
            return self._folder.stat().st_ino == self._group
        except OSError:
            return False

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._told += os.eventfd_read(self.descriptor)

    def close(self) -> None:
        """Listen no more."""
        os.close(self.descriptor)


class _Second:
    """An epoll that is readable when the events of a group of version 2 have changed; attributes as of `_First`.

    The kernel tells of changes 10 ms apart, so the first that is heard is that the group is at its limit, and it may be
    gone before the next. The group around it, of all containers, then still has the count.
    """

    def __init__(self, folder: Path) -> None:
        self._events = os.open(folder / "memory.events", os.O_RDONLY | os.O_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._events, select.EPOLLPRI)
        self.descriptor = self._epoll.fileno()
        self._around, self._around_before, self._heard = folder.parent / "memory.events", 0, 0.0
        self.shortages, self.over = 0, False
        self.hear(0)

    def hear(self, seconds: float) -> None:
        """Take in what was told."""
        if self.over:
            return
        around = _kills(_read(self._around))
        try:
            self.shortages = _kills(os.pread(self._events, EVENT_BYTES, 0))
        except OSError:  # the group has gone
            self.over = True
            if around > self._around_before and time.monotonic() < self._heard + RECENT_SECONDS:
                self.shortages += 1
        self._around_before, self._heard = around, time.monotonic()

    def close(self) -> None:
        """Listen no more."""
        self._epoll.close()
        os.close(self._events)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _kills(events: bytes) -> int:
    """How many processes were killed, as a `memory.events` says."""
    return next((int(line.split()[1]) for line in events.splitlines() if line.startswith(b"oom_kill ")), 0)
