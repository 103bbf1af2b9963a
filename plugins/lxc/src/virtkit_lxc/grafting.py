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
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from virtkit_lxc import mountcalls
from virtkit_lxc.apart import apart

UMOUNT_NOFOLLOW = 8
CLONE_FS, CLONE_NEWNS = 0x200, 0x20000
"""From sys/mount.h and linux/sched.h."""

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def folder(path: str, *, readonly: bool) -> Iterator[int]:
    """A mount of a folder or a file of the host, as a container gets it at its start; what is mounted below stays out.

    Raises:
        OSError: There is no such path, or the kernel refuses: before version 5.12 it has no such mounts.
    """
    with mountcalls.cloned(path) as mount:
        mountcalls.make_private(mount, mountcalls.READ_ONLY if readonly else 0)
        yield mount


@contextmanager
def memory(kibibytes: int, owner: tuple[int, int], *, readonly: bool) -> Iterator[int]:
    """A file system in memory, of a size, that belongs to a user and group.

    Raises:
        OSError: The kernel refuses.
    """
    settings = {"source": "tmpfs", "size": f"{kibibytes}k", "uid": str(owner[0]), "gid": str(owner[1])}
    attributes = mountcalls.NO_SETUID | mountcalls.NO_DEVICES | (mountcalls.READ_ONLY if readonly else 0)
    with mountcalls.made("tmpfs", settings, attributes) as mount:
        yield mount


def graft(pid: int, mount: int, place: int) -> None:
    """Attach a mount at a place in the mount namespace of a process.

    Raises:
        OSError: The kernel refuses.
    """

    def attach() -> None:
        mountcalls.attach(mount, place)
        mountcalls.make_private(mount)  # it has become as shared as what it is mounted on

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

    def enter() -> None:
        if _libc.unshare(CLONE_FS) or _libc.setns(namespace, CLONE_NEWNS):
            raise _failed()
        do()

    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        apart(enter)
    finally:
        os.close(namespace)


def _failed() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
