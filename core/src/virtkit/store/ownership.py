"""One owner per root at a time, by a lock on `run/owner.lock` that the kernel drops when its process ends."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple

CLAIM_DEADLINE = 10.0
"""Seconds a process waits for another owner: an embedded program holds a root for the length of a few calls."""


class Owner(NamedTuple):
    """A process that owns a root.

    Attributes:
        pid: Process id, as the owner saw it.
        started: When it took the root, seconds since 1970.
        program: What it calls itself.
        socket: Path of the socket to reach it by; empty: none.
    """

    pid: int
    started: float
    program: str
    socket: str = ""


class Claim:
    """A share of this process in the ownership of a root; a context manager that releases it."""

    def release(self) -> None:
        """Let go. Doing it twice is harmless."""
        raise NotImplementedError

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
