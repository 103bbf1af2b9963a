"""Where a file has data and where it has holes, and making holes: what the system offers for sparse files."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Iterator
from functools import cache

from virtkit.storage.backend import Guard

CHUNK_BYTES = 1 << 20
"""Bytes that are copied or written at once, between two looks at whether to go on."""

CLONE = 0x40049409
"""FICLONE of ioctl_ficlonerange(2): share the blocks of another file."""

DISCARD = 0x1277
"""BLKDISCARD of linux/fs.h: tell a device that a range is not needed."""

SYNC_WRITE = 2
"""SYNC_FILE_RANGE_WRITE of sync_file_range(2)."""

KEEP_SIZE, PUNCH_HOLE = 1, 2
"""Modes of fallocate(2)."""

_UNABLE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY, errno.EXDEV, errno.ENODEV)
"""What says that the storage has no such thing."""


def next_data(file: int, start: int, end: int) -> tuple[int, int]:
    """The next run of data at or behind `start`: where it begins and ends; (`end`, `end`) where there is none.

    What cannot tell its holes, such as a device, is all data.
    """
    try:
        begin = os.lseek(file, start, os.SEEK_DATA)
        if begin >= end:
            return end, end
        return begin, min(os.lseek(file, begin, os.SEEK_HOLE), end)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return end, end
        if error.errno in _UNABLE:
            return start, end
        raise


def runs(file: int, end: int) -> Iterator[tuple[int, int]]:
    """All runs of data before `end`: where each begins and ends."""
    at = 0
    while at < end:
        begin, at = next_data(file, at, end)
        if begin < at:
            yield begin, at


def clear(file: int, offset: int, length: int) -> None:
    """Have a range read as zeros; its blocks are given back where that can be done, and a file grows up to its end.

    Raises:
        OSError: The system refuses.
    """
    size = os.lseek(file, 0, os.SEEK_END)
    zero(file, offset, min(offset + length, size), lambda: None)
    if offset + length > size and is_regular(file):
        os.ftruncate(file, offset + length)


def punch(file: int, offset: int, length: int) -> bool:
    """Make a hole of a range of a file or device; False where there can be none.

    Raises:
        OSError: The system refuses.
    """
    if _libc().fallocate(file, KEEP_SIZE | PUNCH_HOLE, ctypes.c_int64(offset), ctypes.c_int64(length)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number))


def discard(device: int, length: int) -> bool:
    """Discard all of a device; False where it cannot.

    Raises:
        OSError: The system refuses.
    """
    try:
        fcntl.ioctl(device, DISCARD, (0).to_bytes(8, "little") + length.to_bytes(8, "little"))
    except OSError as error:
        if error.errno in _UNABLE:
            return False
        raise
    return True


def clone(source: int, target: int) -> bool:
    """Have a file share all blocks of another one; False where the filesystem cannot.

    Raises:
        OSError: The system refuses.
    """
    try:
        fcntl.ioctl(target, CLONE, source)
    except OSError as error:
        if error.errno in _UNABLE:
            return False
        raise
    return True


def copy(source: int, target: int, end: int, guard: Guard) -> None:
    """Copy what is before `end`. Holes stay holes in a file, which is new; a device reads as zeros there and behind.

    Raises:
        OSError: The system refuses.
    """
    keeps = not is_regular(target)
    at = 0
    for start, stop in runs(source, end):
        if keeps:
            zero(target, at, start, guard)
        at = start
        while at < stop:
            guard()
            at += _copy_some(source, target, at, min(CHUNK_BYTES, stop - at))
    if keeps:
        zero(target, at, os.lseek(target, 0, os.SEEK_END), guard)


def zero(file: int, start: int, end: int, guard: Guard) -> None:
    """Have a range read as zeros; its blocks are given back where that can be done.

    Raises:
        OSError: The system refuses.
    """
    if start < end and not punch(file, start, end - start):
        write_zeros(file, start, end, guard)


def _copy_some(source: int, target: int, at: int, length: int) -> int:
    try:
        copied = os.copy_file_range(source, target, length, at, at)
    except OSError as error:
        if error.errno not in (*_UNABLE, errno.EBADF):
            raise
        copied = 0
    if copied == 0:
        data = os.pread(source, length, at)
        if not data:
            raise OSError(errno.EIO, "it has become shorter while it was copied")
        copied = os.pwrite(target, data, at)
    return copied


def write_zeros(file: int, start: int, end: int, guard: Guard) -> None:
    """Overwrite a range with zeros.

    Raises:
        OSError: The system refuses.
    """
    zeros = bytes(min(CHUNK_BYTES, end - start))
    at = start
    while at < end:
        guard()
        at += os.pwrite(file, zeros[: end - at], at)


def begin_flush(file: int, start: int, end: int) -> None:
    """Have the system begin to bring a range to the storage, so that a later `fdatasync` has little left to wait for.

    What cannot do so, such as a device, is left alone.
    """
    _libc().sync_file_range(file, ctypes.c_int64(start), ctypes.c_int64(end - start), SYNC_WRITE)


def is_regular(file: int) -> bool:
    """Whether it is a file, not a device."""
    from stat import S_ISREG

    return S_ISREG(os.fstat(file).st_mode)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
