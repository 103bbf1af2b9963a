"""Who has a device in use: iscsiadm logs out of a target whose disks are mounted, and what was not written is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator

from virtkit.errors import SystemCallError
from virtkit.storage.backend import STORAGE
from virtkit.storage.nodes import number_of
from virtkit.store.files import refusal


def require_free(subject: str, nodes: Collection[str]) -> None:
    """Refuse devices that are in use.

    Args:
        subject: The pool.
        nodes: Their paths: disks, and partitions of them.

    Raises:
        SystemCallError: One is mounted, another device stands on it, or a program has it open (EBUSY).
    """
    for path in nodes:
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise _busy(subject, path, "it is mounted, or another device stands on it") from error
            if error.errno not in (errno.ENOENT, errno.ENXIO, errno.ENOMEDIUM, errno.EIO):
                raise refusal(f"stop {subject}", path, error, domain=STORAGE) from error
    numbers = {number_of(path): path for path in nodes}
    numbers.pop(0, None)
    for process, number in _opened():
        if number in numbers:
            raise _busy(subject, numbers[number], f"process {process} has it open")


def _busy(subject: str, path: str, why: str) -> SystemCallError:
    return SystemCallError(
        f"cannot stop {subject}: {path} is in use: {why}; unmount it, or stop the guest that has it",
        domain=STORAGE,
        int1=errno.EBUSY,
    )


def _opened() -> Iterator[tuple[str, int]]:
    """Each process with the number of each block device that it has open."""
    for process in os.listdir("/proc"):
        if not process.isdecimal():
            continue
        try:
            files = os.listdir(f"/proc/{process}/fd")
        except OSError:  # it has ended
            continue
        for file in files:
            path = f"/proc/{process}/fd/{file}"
            try:
                is_device = os.readlink(path).startswith("/dev/")  # to look at others may hang: a dead server's file
            except OSError:
                continue
            number = number_of(path) if is_device else 0
            if number:
                yield process, number
