"""Device nodes of partitions: by which path they are known, waiting for them, opening them, whom they belong to."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING

from virtkit.errors import SystemCallError
from virtkit.storage.backend import STORAGE
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.xml.storage import Permissions, Timestamps

NODE_SECONDS = 10.0
"""How long a node may take to appear: udev may read the table of the disk again, which removes it for a moment."""

TICK = 0.02
"""Seconds between two looks at whether it is."""

HEAD_BYTES = 1 << 20
"""What is cleared at both ends of a new partition: file systems and other formats are recognized by what is there."""

SHARED = "/dev"
"""The folder of all nodes: a target in it belongs to no pool alone."""


def is_shared(folder: str) -> bool:
    """Whether the nodes of many disks are in a folder."""
    return folder == SHARED or folder.startswith(f"{SHARED}/")


def links(folder: str) -> dict[str, str]:
    """The nodes that the links of a folder lead to, each with the path of the first link.

    Empty for the folder of all nodes, and for one that is not there.
    """
    found: dict[str, str] = {}
    if folder in ("", SHARED):
        return found
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return found
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            found.setdefault(os.path.realpath(path), path)
    return found


def path_in(found: dict[str, str], node: str) -> str:
    """The path by which a node is known: that of a link to it in the pool's target, else its own.

    Args:
        found: The links of the target.
        node: Path of the node.
    """
    return found.get(os.path.realpath(node), node) if found else node


def opened(subject: str, path: str, *, write: bool) -> int:
    """A descriptor of a device, as soon as its node is there.

    Raises:
        SystemCallError: It cannot be opened, or its node does not appear.
    """
    end = time.monotonic() + NODE_SECONDS
    while True:
        try:
            file = os.open(path, (os.O_RDWR if write else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, OSError) as error:
            gone = error.errno in (errno.ENOENT, errno.ENXIO)
            if not gone:
                raise refusal(f"open a volume of {subject}", path, error, domain=STORAGE) from error
            if time.monotonic() > end:
                message = f"{subject}: {path} did not appear within {NODE_SECONDS:g} s: look at the kernel's log"
                raise SystemCallError(message, domain=STORAGE, int1=errno.ENOENT) from error
            time.sleep(TICK)
        else:
            if stat.S_ISBLK(os.fstat(file).st_mode):
                return file
            os.close(file)
            missing = OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK))
            raise refusal(f"open a volume of {subject}", path, missing, domain=STORAGE)


def begin(subject: str, path: str, wanted: Permissions | None) -> None:
    """Give a new partition to whom it belongs, and clear both of its ends.

    Raises:
        SystemCallError: The system refuses.
    """
    file = opened(subject, path, write=True)
    try:
        if wanted is not None:
            owner, group = (-1 if number is None else number for number in (wanted.owner, wanted.group))
            os.fchown(file, owner, group)
            if wanted.mode is not None:
                os.fchmod(file, wanted.mode)
        size = os.lseek(file, 0, os.SEEK_END)
        zeros = bytes(min(HEAD_BYTES, size))
        for at in (0, size - len(zeros)):
            _write(file, zeros, at)
        os.fsync(file)
    except OSError as error:
        raise refusal(f"prepare a volume of {subject}", path, error, domain=STORAGE) from error
    finally:
        os.close(file)


def _write(file: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, at)
        rest, at = rest[written:], at + written


def described(path: str) -> tuple[Permissions, Timestamps] | None:
    """Owner, mode and times of a node; None where it is not there."""
    from virtkit.storage.directory import permissions_of, timestamps_of

    try:
        status = os.stat(path)
    except OSError:
        return None
    return permissions_of(status), timestamps_of(status)
