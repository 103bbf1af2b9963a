"""Streams: how drivers hand out and take in data.

A download hook returns a *source*: an iterable of chunks and holes that ends where the data ends. An upload hook
returns a `Sink`. A console or channel hook returns a `Duplex`, which is both. What a driver returns is closed once,
whatever happens; it starts no thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable


class Hole(NamedTuple):
    """A run of zero bytes that is not sent; `length` in bytes."""

    length: int


Piece = bytes | Hole
Source = Iterator[Piece]
"""What a download yields. A generator's `close` is called when the reader stops early."""


@runtime_checkable
class Sink(Protocol):
    """What an upload writes to."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""

    def hole(self, length: int) -> None:
        """Skip `length` bytes that read as zeros."""

    def finish(self) -> None:
        """All data has arrived: make it durable. Errors here reach the caller."""

    def abort(self) -> None:
        """The sender gave up: undo or drop what arrived."""


@runtime_checkable
class Duplex(Protocol):
    """A console or channel: bytes both ways until one side closes."""

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes, waiting up to `timeout` seconds (None: for ever). b'' is the end.

        Raises:
            TimeoutError: Nothing arrived in time.
        """

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def fileno(self) -> int:
        """A descriptor that polls readable when `read` will not wait; -1 where there is none."""

    def close(self) -> None:
        """Let go of the device; the guest stays as it is."""


class Screenshot(NamedTuple):
    """`mime` type and the image's bytes, in pieces."""

    mime: str
    data: Source
