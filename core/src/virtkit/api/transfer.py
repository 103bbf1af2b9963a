"""Moving the data of streams from and to files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from virtkit.streams import Hole, Piece, Sink, Source

CHUNK = 1 << 18
"""Bytes read from a file at a time: the most that fits one message of libvirt's protocol."""


def receive(source: Source, file: BinaryIO) -> None:
    """Write all of a source to a file, from the file's position on; holes become zeros or holes of the file.

    The source is closed whatever happens.
    """
    try:
        skipped = 0
        for piece in source:
            if isinstance(piece, Hole):
                skipped = _skip(file, piece.length) or skipped
            elif piece:
                file.write(piece)
                skipped = 0
        if skipped:  # a file grows by writing, not by seeking
            file.seek(-1, os.SEEK_CUR)
            file.write(b"\0")
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
        for piece in _sparse_pieces(file) if sparse else iter(lambda: file.read(CHUNK), b""):
            if isinstance(piece, Hole):
                sink.hole(piece.length)
            else:
                sink.write(piece)
    except BaseException:
        sink.abort()
        raise
    sink.finish()


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
