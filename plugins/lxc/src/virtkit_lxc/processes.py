"""Processes of containers, known by more than their numbers: a pid that meanwhile belongs to another is never taken."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

PIECE = 4096
"""Bytes that are read of a file of /proc at once."""


class Identity(NamedTuple):
    """Which process a pid stands for.

    Attributes:
        pid: Process id.
        started: When it started, in clock ticks since the machine booted.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has `pid` now and has not ended; None: there is none."""
        fields = fields_of(pid)
        return cls(pid, int(fields[19])) if fields and fields[0] not in (b"Z", b"X") else None

    @classmethod
    def noted(cls, file: Path) -> Identity | None:
        """The process that was noted in a file, while it runs."""
        with suppress(OSError, TypeError, ValueError):
            found = cls(*map(int, file.read_text().split()))
            return found if found.alive else None
        return None

    def note(self, file: Path) -> None:
        """Note it in a file, for processes to come."""
        file.write_text(f"{self.pid} {self.started}")

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return Identity.of(self.pid) == self

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A pidfd of it, readable once it has ended; -1: it has.

        Which pid is whose is asked after the pidfd is there, so that it cannot change in between.
        """
        try:
            pidfd = os.pidfd_open(self.pid)
        except OSError:
            yield -1
            return
        try:
            yield pidfd if self.alive else -1
        finally:
            os.close(pidfd)

    def wait(self, seconds: float | None) -> bool:
        """Wait until it has ended; False: it still runs after so many seconds. None: however long it takes."""
        with self.opened() as pidfd:
            if pidfd < 0:
                return True
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            return bool(poll.poll(None if seconds is None else seconds * 1000))

    def send(self, number: int) -> bool:
        """Send it a signal; False: it has ended."""
        with self.opened() as pidfd:
            if pidfd < 0:
                return False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, number)
                return True
        return False


def all_running() -> Iterator[Identity]:
    """All processes of this host that have not ended."""
    return (found for pid in _all() if (found := Identity.of(pid)))


def children(pid: int) -> list[int]:
    """The processes that a process with one thread has started and that have not been waited for."""
    try:
        return [int(each) for each in told(pid, f"task/{pid}/children").split()]
    except ProcessLookupError:
        return []
    except FileNotFoundError:  # it has ended, or the kernel was built without this file
        return [each for each in _all() if _parent(each) == pid]


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _parent(pid: int) -> int:
    fields = fields_of(pid)
    return int(fields[1]) if fields else 0


def fields_of(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat from the state on, see proc(5); nothing: there is no such process."""
    try:
        return told(pid, "stat").rpartition(b")")[2].split()  # the name before may hold spaces and parentheses
    except (FileNotFoundError, ProcessLookupError):
        return []


def told(pid: int, what: str) -> bytes:
    """What a file of /proc tells of a process. A start asks a dozen times; files as objects take twice as long.

    Raises:
        FileNotFoundError: There is no such process.
        ProcessLookupError: It has just ended.
    """
    file = os.open(f"/proc/{pid}/{what}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = b""
        while piece := os.read(file, PIECE):
            found += piece
        return found
    finally:
        os.close(file)
