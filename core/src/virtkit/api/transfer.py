"""Moving the data of streams from and to files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from virtkit.streams import Hole, Piece, Sink, Source

CHUNK = 1 << 18
"""Bytes read from a file at a time: the most that fits one message of libvirt's protocol."""


class Writer:
    """Writes pieces to a file, from the file's position on; holes become zeros or holes of the file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._skipped = 0

    def put(self, piece: Piece) -> None:
        """Write the next piece."""
        if isinstance(piece, Hole):
            self._skipped = _skip(self.file, piece.length) or self._skipped
        elif piece:
            self.file.write(piece)
            self._skipped = 0

    def finish(self) -> None:
        """Give the file its length where it ends in a hole: it grows by writing, not by seeking."""
        if self._skipped:
            self.file.seek(-1, os.SEEK_CUR)
            self.file.write(b"\0")


def receive(source: Source, file: BinaryIO) -> None:
    """Write all of a source to a file, from the file's position on; holes become zeros or holes of the file.

    The source is closed whatever happens.
    """
    writer = Writer(file)
    try:
        for piece in source:
            writer.put(piece)
        writer.finish()
    finally:
        close = getattr(source, "close", None)
        if close:
            close()


def _skip(file: BinaryIO, length: int) -> int:
    """Make the next bytes zeros: written over what the file has there, sought beyond its end. How many were sought."""
    ahead = length
    if file.seekable():
        here = file.tell()
        ahead = min(length, max(0, file.seek(0, os.SEEK_END) - here))
        file.seek(here)
    for size in _sizes(ahead):
        file.write(bytes(size))
    if ahead < length:
        file.seek(length - ahead, os.SEEK_CUR)
    return length - ahead


def send(file: BinaryIO, sink: Sink, *, sparse: bool) -> None:
    """Write the rest of a file to a sink; finish it, or abort it where anything fails.

    Args:
        file: Read from its position to its end.
        sink: Where to.
        sparse: Send the file's holes as holes; the file must have a descriptor.
    """
    try:
        for piece in pieces(file, sparse=sparse):
            if isinstance(piece, Hole):
                sink.hole(piece.length)
            else:
                sink.write(piece)
    except BaseException:
        sink.abort()
        raise
    sink.finish()


def pieces(file: BinaryIO, *, sparse: bool) -> Iterator[Piece]:
    """The rest of a file, in pieces of at most `CHUNK` bytes; its holes as holes where `sparse` says so."""
    return _sparse_pieces(file) if sparse else iter(lambda: file.read(CHUNK), b"")


def _sparse_pieces(file: BinaryIO) -> Iterator[Piece]:
    position = file.tell()
    end = file.seek(0, os.SEEK_END)
    while position < end:
        start = _next_data(file, position, end)
        if start > position:
            yield Hole(start - position)
        position = min(os.lseek(file.fileno(), start, os.SEEK_HOLE), end) if start < end else end
        file.seek(start)
        for size in _sizes(position - start):
            yield file.read(size)


def _next_data(file: BinaryIO, position: int, end: int) -> int:
    try:
        return os.lseek(file.fileno(), position, os.SEEK_DATA)
    except OSError:  # ENXIO: nothing but a hole up to the end
        return end


def _sizes(length: int) -> Iterator[int]:
    """A length in steps of at most `CHUNK`."""
    for start in range(0, length, CHUNK):
        yield min(CHUNK, length - start)
