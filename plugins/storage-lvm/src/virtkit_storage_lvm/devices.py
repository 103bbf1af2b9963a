"""Device nodes of volumes: whom they belong to, what stands on a device, and zeros in new room."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from typing import TYPE_CHECKING

from virtkit.storage.backend import STORAGE, Guard
from virtkit.storage.nodes import SELINUX, number_of, opened, sysfs_of
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.xml.storage import Permissions

DEFAULT_MODE = 0o600
"""Mode of a new volume whose document says none."""

ZERO_OUT = 0x127F
"""BLKZEROOUT of linux/fs.h: have a range of a device read as zeros."""

ZEROED_AT_ONCE = 64 << 20
"""Bytes between two looks at whether to go on: less than a second on a slow disk."""


def give(subject: str, path: str, wanted: Permissions | None) -> None:
    """Set owner, mode and label of a device; what is not said stays, but for the mode, which others cannot use then.

    Raises:
        SystemCallError: The system refuses.
    """
    node = opened(subject, path, write=False)
    try:
        os.fchmod(node, 0)  # nobody uses it between two steps
        if wanted is not None:
            os.fchown(node, _number(wanted.owner), _number(wanted.group))
            if wanted.label:
                os.setxattr(node, SELINUX, wanted.label.encode() + b"\0")
        os.fchmod(node, DEFAULT_MODE if wanted is None or wanted.mode is None else wanted.mode)
    except OSError as error:
        raise refusal(f"set the permissions of a volume of {subject}", path, error, domain=STORAGE) from error
    finally:
        os.close(node)


def _number(number: int | None) -> int:
    return -1 if number is None else number


def require_device(subject: str, path: str) -> None:
    """Refuse what is no block device, or not there.

    Raises:
        SystemCallError: It is so.
    """
    try:
        if not stat.S_ISBLK(os.stat(path).st_mode):
            raise OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK))
    except OSError as error:
        raise refusal(f"build {subject}", path, error, domain=STORAGE) from error


def require_unused(subject: str, path: str) -> None:
    """Refuse a device that is mounted, or that another device stands on.

    Raises:
        SystemCallError: It is (EBUSY), or it cannot be opened.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        raise refusal(f"build {subject}", path, error, domain=STORAGE) from error


def mapped_name(path: str) -> str | None:
    """The name that device-mapper has for a device, under whatever path; None where it is none of its devices."""
    number = number_of(path)
    if not number:
        return None
    try:
        with open(f"{sysfs_of(number)}/dm/name") as file:
            return file.read().strip()
    except OSError:
        return None


def clear(subject: str, path: str, start: int, end: int, guard: Guard) -> None:
    """Have a range of a device read as zeros.

    Raises:
        SystemCallError: The device refuses.
    """
    node = opened(subject, path, write=True)
    try:
        for at in range(start, end, ZEROED_AT_ONCE):
            guard()
            fcntl.ioctl(node, ZERO_OUT, struct.pack("QQ", at, min(ZEROED_AT_ONCE, end - at)))
        os.fsync(node)
    except OSError as error:
        raise refusal(f"clear the new room of a volume of {subject}", path, error, domain=STORAGE) from error
    finally:
        os.close(node)
