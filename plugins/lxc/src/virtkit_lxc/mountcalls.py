"""The kernel's calls that handle a mount by a descriptor, before it has a place and without one: Linux 5.2 to 5.12.

Python and older C libraries have no functions for them. Every function raises OSError when the kernel refuses.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

OPEN_TREE, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT, MOUNT_SETATTR = 428, 429, 430, 431, 432, 442
"""Numbers of system calls, the same on all architectures."""

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
OPEN_TREE_CLONE = 1
FROM_EMPTY_PATH, TO_EMPTY_PATH = 0x04, 0x40
FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 1, 6
FSOPEN_CLOEXEC = FSMOUNT_CLOEXEC = 1
PRIVATE = 1 << 18
READ_ONLY, NO_SETUID, NO_DEVICES = 0x1, 0x2, 0x4
IDMAP = 0x00100000
"""From linux/mount.h and linux/fcntl.h. The last four are attributes of a mount."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns"))


@contextmanager
def cloned(path: str) -> Iterator[int]:
    """A second mount of what a path leads to, without the mounts below; a descriptor, it is nowhere."""
    with _closed(_call(OPEN_TREE, AT_FDCWD, os.fsencode(path), OPEN_TREE_CLONE | os.O_CLOEXEC)) as mount:
        yield mount


@contextmanager
def made(kind: str, settings: Mapping[str, str], attributes: int) -> Iterator[int]:
    """A mount of a new file system; a descriptor, it is nowhere.

    Args:
        kind: Of the file system: `tmpfs`.
        settings: Its options.
        attributes: Of the mount.
    """
    with _closed(_call(FSOPEN, kind.encode(), FSOPEN_CLOEXEC)) as context:
        for key, value in settings.items():
            _call(FSCONFIG, context, FSCONFIG_SET_STRING, key.encode(), value.encode(), 0)
        _call(FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0)
        found = _call(FSMOUNT, context, FSMOUNT_CLOEXEC, attributes)
    with _closed(found) as mount:
        yield mount


def make_private(mount: int, attributes: int = 0, users: int = 0) -> None:
    """Keep what is mounted below from spreading, and set attributes.

    Args:
        mount: The mount.
        attributes: Of the mount, beside those it has.
        users: With `IDMAP`, a descriptor of the user namespace whose map shifts the owners.
    """
    given = _Attributes(attributes, 0, PRIVATE, users)
    _call(MOUNT_SETATTR, mount, b"", AT_EMPTY_PATH, ctypes.byref(given), ctypes.sizeof(given))


def attach(mount: int, place: int | str) -> None:
    """Give a mount its place: a descriptor, or a path that is the host's own."""
    if isinstance(place, str):
        _call(MOVE_MOUNT, mount, b"", AT_FDCWD, os.fsencode(place), FROM_EMPTY_PATH)
    else:
        _call(MOVE_MOUNT, mount, b"", place, b"", FROM_EMPTY_PATH | TO_EMPTY_PATH)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


@contextmanager
def _closed(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
