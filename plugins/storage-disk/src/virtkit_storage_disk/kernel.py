"""What the kernel knows of partitions, and is told of them: of those alone that have changed, for others are in use."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from virtkit.errors import OperationFailedError, ResourceBusyError
from virtkit.services.runner import ProgramError, run
from virtkit.storage.backend import STORAGE
from virtkit.storage.nodes import number_of, settle, sysfs_of
from virtkit.store.files import refusal
from virtkit_storage_disk.planning import Naming, naming
from virtkit_storage_disk.table import Partition

BLKRRPART, BLKPG = 0x125F, 0x1269
"""ioctls of linux/fs.h and linux/blkpg.h: read the table again; add or delete one partition."""

ADD, DELETE = 1, 2
"""Operations of BLKPG."""

KERNEL_SECTOR = 512
"""Bytes in which /sys and device-mapper count, whatever the disk's sectors are."""

SHOWN_OF_EXTENDED = 1024
"""Bytes that the kernel shows of an extended partition, so that nobody writes on the logical ones through it."""

LOCK_SECONDS = 30.0
"""How long others may hold the lock of a disk: udev does while it looks at it."""

DM_SECONDS = 30.0
TICK = 0.02


class Disk(NamedTuple):
    """A disk of the host.

    Attributes:
        path: Path of its node, no link where there is none.
        device: Its number.
        size: Bytes.
        sysfs: What the kernel tells of it.
        mapped: Its name in device-mapper; empty where it is none of those.
        names: How its partitions are called.
    """

    path: str
    device: int
    size: int
    sysfs: str
    mapped: str
    names: Naming


def find(subject: str, path: str, *, separator: bool) -> Disk:
    """A disk by any of its paths.

    Args:
        subject: The pool.
        path: The path.
        separator: A `p` stands between the name of a mapped disk and the numbers of its partitions.

    Raises:
        SystemCallError: It is not there (ENOENT), or no disk.
    """
    node = os.path.realpath(path)
    try:
        status = os.stat(node)
        if not stat.S_ISBLK(status.st_mode):
            raise OSError(errno.ENOTBLK, "it is no block device")
        sysfs = os.path.realpath(sysfs_of(status.st_rdev))
        if os.path.exists(f"{sysfs}/partition"):
            raise OSError(errno.EINVAL, "it is a partition; name the disk that it is on")
        size = int(_read(f"{sysfs}/size") or 0) * KERNEL_SECTOR
    except OSError as error:
        raise refusal(f"use the disk of {subject}", path, error, domain=STORAGE) from error
    mapped = _read(f"{sysfs}/dm/name") or ""
    node = f"/dev/mapper/{mapped}" if mapped else node
    return Disk(node, status.st_rdev, size, sysfs, mapped, naming(node, separator and bool(mapped)))


def size_of(disk: Disk, number: int) -> int | None:
    """Bytes of a partition, without reading the table; None where the kernel knows none of that number."""
    if disk.mapped:
        device = number_of(disk.names.path(number))
        found = _read(f"{sysfs_of(device)}/size") if device else None
    else:
        found = _read(f"{disk.sysfs}/{naming(os.path.basename(disk.sysfs)).name(number)}/size")
    return None if found is None else int(found) * KERNEL_SECTOR


def start_of(disk: Disk, number: int) -> int:
    """The first byte of a partition that the kernel knows by itself."""
    found = _read(f"{disk.sysfs}/{naming(os.path.basename(disk.sysfs)).name(number)}/start")
    return int(found or 0) * KERNEL_SECTOR


def numbers(disk: Disk) -> list[int]:
    """The numbers of the partitions that are known without reading the table."""
    if disk.mapped:
        names = (_read(f"{disk.sysfs}/holders/{name}/dm/name") for name in os.listdir(f"{disk.sysfs}/holders"))
        return sorted(number for name in names if name and (number := disk.names.number(name)))
    found = (_read(f"{disk.sysfs}/{name}/partition") for name in os.listdir(disk.sysfs))
    return sorted(int(number) for number in found if number)


def name_at(disk: Disk, path: str) -> str | None:
    """The name of the partition of a disk that a path leads to; None where it leads to something else."""
    device = number_of(path)
    if not device:
        return None
    if disk.mapped:
        name = _read(f"{sysfs_of(device)}/dm/name") or ""
        return name if disk.names.number(name) else None
    folder = os.path.realpath(sysfs_of(device))
    number = _read(f"{folder}/partition") if os.path.dirname(folder) == disk.sysfs else None
    return disk.names.name(int(number)) if number else None


# Changes


@contextmanager
def held(subject: str, disk: Disk) -> Iterator[int]:
    """A descriptor of a disk whose table nobody else of us changes, and that udev does not look at meanwhile.

    Afterwards udev has seen what has changed.

    Raises:
        SystemCallError: It cannot be opened, or others hold its lock for too long (EAGAIN).
    """
    try:
        file = os.open(disk.path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise refusal(f"use the disk of {subject}", disk.path, error, domain=STORAGE) from error
    try:
        _lock(subject, disk, file)
        yield file
    finally:
        os.close(file)
        settle()


def require_unused(subject: str, disk: Disk, file: int) -> None:
    """Refuse a disk of which something is in use, be it mounted or just open; of a mapped one partitions are unmapped.

    Raises:
        ResourceBusyError: It is so.
        SystemCallError: It cannot be opened.
    """
    for number in numbers(disk) if disk.mapped else ():
        forget(subject, disk, file, number)
    try:
        os.close(os.open(disk.path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
        reread(file)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise refusal(f"use the disk of {subject}", disk.path, error, domain=STORAGE) from error
        raise _busy(f"disk {disk.path} of {subject}") from error


def reread(file: int) -> None:
    """Have the kernel read the table of a disk again. It forgets what is not in there any more.

    Raises:
        OSError: A partition is open (EBUSY).
    """
    try:
        fcntl.ioctl(file, BLKRRPART)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTTY):  # a mapped one has no partitions of the kernel's
            raise


def learn(subject: str, disk: Disk, file: int, partition: Partition, *, extended: bool) -> None:
    """Tell the kernel of a new partition.

    Raises:
        OperationFailedError: It does not take it.
    """
    start, size = partition.place.start, SHOWN_OF_EXTENDED if extended else partition.place.size
    try:
        if disk.mapped:
            where = f"{os.major(disk.device)}:{os.minor(disk.device)} {start // KERNEL_SECTOR}"
            name = disk.names.name(partition.number)
            _dmsetup("create", name, "--table", f"0 {size // KERNEL_SECTOR} linear {where}")
            _dmsetup("mknodes")  # where udev does not
        else:
            _change(file, ADD, partition.number, start, size)
    except (OSError, ProgramError) as error:
        raise OperationFailedError(
            f"the kernel refuses {disk.names.path(partition.number)} of {subject}: {error}; "
            f"look at `partx --show {disk.path}` and /proc/partitions",
            domain=STORAGE,
        ) from error


def forget(subject: str, disk: Disk, file: int, number: int) -> None:
    """Have the kernel forget a partition; one that it does not know is no error.

    Raises:
        ResourceBusyError: It is mounted, or open.
        OperationFailedError: It refuses.
    """
    if size_of(disk, number) is None:
        return
    name = disk.names.name(number)
    try:
        if disk.mapped:
            _dmsetup("remove", name)
            _dmsetup("mknodes")
        else:
            _change(file, DELETE, number)
    except (OSError, ProgramError) as error:
        busy = error.errno == errno.EBUSY if isinstance(error, OSError) else b"busy" in error.stderr
        if busy:
            raise _busy(f"volume {name!r} of {subject}") from error
        raise OperationFailedError(f"the kernel keeps {name} of {subject}: {error}", domain=STORAGE) from error


def _change(file: int, operation: int, number: int, start: int = 0, size: int = 0) -> None:
    what = ctypes.create_string_buffer(struct.pack("@qqi64s64s4x", start, size, number, b"", b""))
    fcntl.ioctl(file, BLKPG, struct.pack("@iiiP", operation, 0, ctypes.sizeof(what), ctypes.addressof(what)))


def _dmsetup(*arguments: str) -> None:
    run(["dmsetup", *arguments], timeout=DM_SECONDS, domain=STORAGE)


def _busy(what: str) -> ResourceBusyError:
    return ResourceBusyError(f"{what} is in use: unmount it, or stop the guest that has it", domain=STORAGE)


def _lock(subject: str, disk: Disk, file: int) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise refusal(f"lock the disk of {subject}", disk.path, error, domain=STORAGE) from error
            time.sleep(TICK)
        else:
            return


def _read(path: str) -> str | None:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return None
