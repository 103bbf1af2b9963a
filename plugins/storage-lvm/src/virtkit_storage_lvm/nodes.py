"""Device nodes: waiting for them, opening them, whom they belong to, and what they are."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from typing import TYPE_CHECKING

from virtkit.errors import SystemCallError
from virtkit.storage.backend import STORAGE, Guard
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.xml.storage import Permissions, Timestamps

NODE_TIMEOUT = 10.0
"""Seconds until a device's node must be there: LVM waits for udev itself, unless it was configured not to."""

TICK = 0.02
"""Seconds between two looks at whether it is."""

DEFAULT_MODE = 0o600
"""Mode of a new volume whose document says none."""

ZERO_OUT = 0x127F
"""BLKZEROOUT of linux/fs.h: have a range of a device read as zeros."""

ZEROED_AT_ONCE = 64 << 20
"""Bytes between two looks at whether to go on: less than a second on a slow disk."""

SELINUX = "security.selinux"


def opened(subject: str, path: str, *, write: bool) -> int:
    """A descriptor of a device, as soon as its node is there.

    Raises:
        SystemCallError: It cannot be opened, or its node does not appear.
    """
    end = time.monotonic() + NODE_TIMEOUT
    while True:
        try:
            return os.open(path, (os.O_RDWR if write else os.O_RDONLY) | os.O_CLOEXEC)
        except FileNotFoundError as error:
            if time.monotonic() > end:
                message = f"{subject}: {path} did not appear within {NODE_TIMEOUT:g} s: run `vgscan --mknodes`"
                raise SystemCallError(message, domain=STORAGE, int1=errno.ENOENT) from error
        except OSError as error:
            raise refusal(f"open a volume of {subject}", path, error, domain=STORAGE) from error
        time.sleep(TICK)


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


def described(path: str) -> tuple[Permissions, Timestamps] | None:
    """Owner, mode, label and times of a node; None where it is not there."""
    from virtkit.storage.directory import permissions_of, timestamps_of

    try:
        status = os.stat(path)
    except OSError:
        return None
    permissions = permissions_of(status)
    permissions.label = _label(path)
    return permissions, timestamps_of(status)


def _label(path: str) -> str | None:
    try:
        return os.getxattr(path, SELINUX).rstrip(b"\0").decode(errors="replace") or None
    except OSError:  # there is none, or no such thing on this host
        return None


def identity(path: str) -> int | None:
    """The number of a block device, the same under each of its names; None where the path is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_rdev if stat.S_ISBLK(status.st_mode) else None


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
    number = identity(path)
    if number is None:
        return None
    try:
        with open(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/dm/name") as file:
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
