"""What is in a volume, read and written as a stream."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.errors import InvalidArgError, VirtError
from virtkit.store.files import refusal
from virtkit.streams import Hole
from virtkit_storage import extents, finding
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.storage.backend import Volume
    from virtkit.streams import Piece
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState

PIECE_BYTES = 262_120
"""Bytes that are read at once: what libvirt's protocol carries in one packet."""

FLUSH_BYTES = 8 << 20
"""Bytes that are written before the system is asked to bring them to the storage, while more is coming in."""


class Download:
    """The contents of a volume, piece by piece; the volume is in use until the end, or until it is closed."""

    def __init__(self, pool: Pool, volume: Volume, offset: int, length: int, *, sparse: bool) -> None:
        """Open a volume.

        Args:
            pool: Its pool.
            volume: The volume.
            offset: First byte.
            length: Bytes; 0 reads to the end.
            sparse: Holes come as such.

        Raises:
            OperationInvalidError: It is being changed.
            SystemCallError: It cannot be opened.
        """
        self._subject = f"volume {volume.name!r} of {pool.subject}"
        self._path = volume.path
        self._pool = pool
        self._sparse = sparse
        self._file = -1
        self._use = pool.uses.begin(volume.name, "being downloaded", shared=True)
        try:
            self._file = pool.backend.volume_open(pool.active(), volume, write=False)
            size = os.lseek(self._file, 0, os.SEEK_END)
        except BaseException:
            self.close()
            raise
        self._at = min(offset, size)
        self._end = min(offset + length, size) if length else size
        self._data_until = self._at if sparse else self._end

    def __iter__(self) -> Download:
        return self

    def __next__(self) -> Piece:
        try:
            piece = self._next() if self._file >= 0 else None
        except OSError as error:
            self.close()
            raise refusal(f"read {self._subject}", self._path, error, domain=STORAGE) from error
        if piece is None:
            self.close()
            raise StopIteration
        return piece

    def _next(self) -> Piece | None:
        if self._at >= self._end:
            return None
        if self._at >= self._data_until:
            start, self._data_until = extents.next_data(self._file, self._at, self._end)
            if start > self._at:
                hole, self._at = Hole(start - self._at), start
                return hole
        piece = os.pread(self._file, min(PIECE_BYTES, self._data_until - self._at), self._at)
        self._at += len(piece)
        return piece or None  # it has become shorter meanwhile

    def close(self) -> None:
        """Let go of the volume."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)
        if not self._use.ended.is_set():
            self._pool.uses.end(self._use)


class Upload:
    """Takes new contents of a volume; nobody else uses the volume until it is finished or aborted."""

    def __init__(self, state: StorageState, pool: Pool, volume: Volume, offset: int, length: int) -> None:
        """Open a volume.

        Args:
            state: The pools.
            pool: Its pool.
            volume: The volume.
            offset: First byte to overwrite.
            length: Bytes that may come at most; 0 is no limit.

        Raises:
            OperationInvalidError: It is in use.
            SystemCallError: It cannot be opened.
        """
        self._subject = f"volume {volume.name!r} of {pool.subject}"
        self._state, self._pool, self._volume = state, pool, volume
        self._use = pool.uses.begin(volume.name, "being uploaded to")
        try:
            self._file = pool.backend.volume_open(pool.active(), volume, write=True)
        except BaseException:
            pool.uses.end(self._use)
            raise
        self._at = self._flushed = offset
        self._limit = offset + length if length else None

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._advance(len(data))
        try:
            rest, at = memoryview(data), self._at
            while rest:
                written = os.pwrite(self._file, rest, at)
                rest, at = rest[written:], at + written
        except OSError as error:
            raise self._refusal(error) from error
        self._at += len(data)
        if self._at - self._flushed >= FLUSH_BYTES:
            extents.begin_flush(self._file, self._flushed, self._at)
            self._flushed = self._at

    def hole(self, length: int) -> None:
        """Let a run of bytes read as zeros."""
        self._advance(length)
        try:
            extents.clear(self._file, self._at, length)
        except OSError as error:
            raise self._refusal(error) from error
        self._at += length

    def finish(self) -> None:
        """Make it durable, and learn the volume's new sizes."""
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise self._refusal(error) from error
        finally:
            self._close()

    def abort(self) -> None:
        """Let go of it; what was written stays."""
        self._close()

    def _advance(self, length: int) -> None:
        self._use.guard()
        if self._limit is not None and self._at + length > self._limit:
            raise InvalidArgError(f"more was sent for {self._subject} than was announced", domain=STORAGE)

    def _refusal(self, error: OSError) -> VirtError:
        return refusal(f"write {self._subject}", self._volume.path, error, domain=STORAGE)

    def _close(self) -> None:
        if self._use.ended.is_set():
            return
        with suppress(OSError):  # what it refuses `finish` has told; `abort` gives it up
            os.close(self._file)
        self._pool.uses.end(self._use)
        finding.note(self._state, self._pool, self._volume.name)
