"""Mounts put into the tree of a container that runs, and taken out of it: the edge to the kernel's mount calls.

A mount is made on the host and is nowhere at first. A thread of its own, whose root and folder are no other thread's,
then enters the mount namespace of the container for the one call that attaches it. Places are descriptors, which no
link in a tree that somebody made can move:

    with folder("/srv/data", readonly=True) as mount:
        graft(pid, mount, place)
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OPEN_TREE, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT, MOUNT_SETATTR = 428, 429, 430, 431, 432, 442
"""Numbers of system calls, the same on all architectures; Python and older C libraries have no functions for them."""

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
OPEN_TREE_CLONE = 1
FROM_EMPTY_PATH, TO_EMPTY_PATH = 0x04, 0x40
FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 1, 6
FSOPEN_CLOEXEC = FSMOUNT_CLOEXEC = 1
READ_ONLY, NO_SETUID, NO_DEVICES = 0x1, 0x2, 0x4
PRIVATE = 1 << 18
UMOUNT_NOFOLLOW = 8
CLONE_FS, CLONE_NEWNS = 0x200, 0x20000
"""From linux/mount.h, linux/fcntl.h and linux/sched.h."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns"))


@contextmanager
def folder(path: str, *, readonly: bool) -> Iterator[int]:
    """A mount of a folder or a file of the host, as a container gets it at its start; what is mounted below stays out.

    Raises:
        OSError: There is no such path, or the kernel refuses: before version 5.12 it has no such mounts.
    """
    with _closed(_call(OPEN_TREE, AT_FDCWD, os.fsencode(path), OPEN_TREE_CLONE | os.O_CLOEXEC)) as mount:
        _set(mount, _Attributes(READ_ONLY if readonly else 0, 0, PRIVATE, 0))
        yield mount


@contextmanager
def memory(kibibytes: int, owner: tuple[int, int], *, readonly: bool) -> Iterator[int]:
    """A file system in memory, of a size, that belongs to a user and group.

    Raises:
        OSError: The kernel refuses.
    """
    with _closed(_call(FSOPEN, b"tmpfs", FSOPEN_CLOEXEC)) as context:
        settings = {"source": "tmpfs", "size": f"{kibibytes}k", "uid": str(owner[0]), "gid": str(owner[1])}
        for key, value in settings.items():
            _call(FSCONFIG, context, FSCONFIG_SET_STRING, key.encode(), value.encode(), 0)
        _call(FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0)
        attributes = NO_SETUID | NO_DEVICES | (READ_ONLY if readonly else 0)
        made = _call(FSMOUNT, context, FSMOUNT_CLOEXEC, attributes)
    with _closed(made) as mount:
        yield mount


def graft(pid: int, mount: int, place: int) -> None:
    """Attach a mount at a place in the mount namespace of a process.

    Raises:
        OSError: The kernel refuses.
    """

    def attach() -> None:
        _call(MOVE_MOUNT, mount, b"", place, b"", FROM_EMPTY_PATH | TO_EMPTY_PATH)
        _set(mount, _Attributes(0, 0, PRIVATE, 0))  # it has become as shared as what it is mounted on

    _within(pid, attach)


def prune(pid: int, parent: int, name: str) -> None:
    """Unmount what is mounted on an entry of a folder in the mount namespace of a process.

    Raises:
        OSError: It is in use there (EBUSY), or nothing is mounted there (EINVAL).
    """

    def unmount() -> None:
        os.fchdir(parent)
        if _libc.umount2(os.fsencode(name), UMOUNT_NOFOLLOW):
            raise _failed()

    _within(pid, unmount)


def mount_of(descriptor: int) -> str:
    """The number of the mount that a descriptor is on."""
    with open(f"/proc/self/fdinfo/{descriptor}") as told:
        return next(line.split()[1] for line in told if line.startswith("mnt_id:"))


def _within(pid: int, do: Callable[[], object]) -> None:
    """Do something in the mount namespace of a process, on a thread that ends with it; system calls alone."""
    failed: list[OSError] = []

    def enter() -> None:
        try:
            if _libc.unshare(CLONE_FS) or _libc.setns(namespace, CLONE_NEWNS):
                raise _failed()
            do()
        except OSError as error:
            failed.append(error)

    with _closed(os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)) as namespace:
        thread = threading.Thread(target=enter, name="virtkit-lxc-mount")
        thread.start()
        thread.join()
    if failed:
        raise failed[0]


@contextmanager
def _closed(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _set(mount: int, attributes: _Attributes) -> None:
    size = ctypes.sizeof(attributes)
    _call(MOUNT_SETATTR, mount, b"", AT_EMPTY_PATH, ctypes.byref(attributes), size)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        raise _failed()
    return result


def _failed() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
