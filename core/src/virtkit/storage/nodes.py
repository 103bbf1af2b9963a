"""Device nodes: finding out what they are, by which path a volume is known, waiting for them, and opening them."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING

from virtkit.errors import SystemCallError
from virtkit.services.runner import find_program, run
from virtkit.storage.backend import STORAGE
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.xml.storage import Permissions, Timestamps

NODE_SECONDS = 10.0
"""How long a node may take to appear: udev may have the kernel look at a disk again, which removes it for a moment."""

TICK = 0.02
"""Seconds between two looks at whether it is."""

SHARED = "/dev"
"""The folder of all nodes."""

SELINUX = "security.selinux"
"""The extended attribute that has a node's label."""

UDEV_SECONDS = 10
"""How long udev may take to make the links to new nodes."""

UDEV = "/run/udev/control"
"""It is there while udev runs."""


def is_shared(folder: str) -> bool:
    """Whether the nodes of other pools are in a folder too, so that no pool has it for itself."""
    return folder == SHARED or folder.startswith(f"{SHARED}/")


def number_of(path: str) -> int:
    """The number of a block device, the same under each of its names; 0 where the path is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    return status.st_rdev if stat.S_ISBLK(status.st_mode) else 0


def sysfs_of(number: int) -> str:
    """The folder where the kernel tells of a block device; it need not be there."""
    return f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"


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
            if stat.S_ISBLK(os.fstat(file).st_mode):
                return file
            os.close(file)
            raise OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENXIO):
                raise refusal(f"open a volume of {subject}", path, error, domain=STORAGE) from error
            if time.monotonic() > end:
                message = f"{subject}: {path} did not appear within {NODE_SECONDS:g} s: look at the kernel's log"
                raise SystemCallError(message, domain=STORAGE, int1=errno.ENOENT) from error
        time.sleep(TICK)


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


def settle() -> None:
    """Wait for udev, where it runs, to make the links to nodes that are new. It may not be done after a while."""
    if os.path.exists(UDEV) and find_program("udevadm"):
        command = ["udevadm", "settle", f"--timeout={UDEV_SECONDS}"]
        run(command, timeout=2.0 * UDEV_SECONDS, accept=(0, 1), domain=STORAGE)
