"""The character device of a macvtap, through which a hypervisor sends and receives."""

from __future__ import annotations

import ctypes
import fcntl
import itertools
import os
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.errors import InternalError, SystemCallError
from virtkit.network.links import IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TAP, IFF_VNET_HDR, TUNSETIFF

if TYPE_CHECKING:
    from virtkit.network.links import Links

NAMES = 1024
"""So many names are tried for a new one."""

_numbers = itertools.cycle(range(NAMES))

SYS_FSOPEN, SYS_FSCONFIG, SYS_FSMOUNT = 430, 431, 432
"""Numbers of system calls, the same on all architectures; from asm-generic/unistd.h."""

CLOEXEC = 1
FSCONFIG_CMD_CREATE = 6
"""From linux/mount.h."""

DEV = Path("/dev")


def free_name(links: Links) -> str:
    """A name for a new macvtap that nothing has now, and that no other start in this process was given just before.

    Raises:
        InternalError: All are taken.
    """
    taken = {link.name for link in links.all()}
    for _ in range(NAMES):
        name = f"macvtap{next(_numbers)}"
        if name not in taken:
            return name
    raise InternalError(f"all names from macvtap0 to macvtap{NAMES - 1} are taken: remove links that nobody needs")


def open_queues(name: str, *, queues: int = 1, headers: bool = True, domain: int = 0) -> list[int]:
    """Open the device of a macvtap of this thread's network namespace.

    Args:
        name: The link.
        queues: How many descriptors to open.
        headers: Whether packets carry virtio's headers.
        domain: Error domain of the driver.

    Returns:
        Non-blocking descriptors that no program inherits.

    Raises:
        SystemCallError: It cannot be found or opened.
    """
    flags = IFF_TAP | IFF_NO_PI | (IFF_VNET_HDR if headers else 0) | (IFF_MULTI_QUEUE if queues > 1 else 0)
    files: list[int] = []
    try:
        device = _number(name)
        for _ in range(queues):
            files.append(_open(device))
            fcntl.ioctl(files[-1], TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    except OSError as error:
        for file in files:
            os.close(file)
        raise SystemCallError(
            f"cannot open the device of the macvtap {name}: {error.strerror}", domain=domain, int1=error.errno or -1
        ) from error
    return files


def _open(device: int) -> int:
    """Open a character device through a node that is in nobody's way."""
    node = DEV / f".virtkit-{os.urandom(8).hex()}"  # other folders may be mounted without devices
    os.mknod(node, stat.S_IFCHR | 0o600, device)
    try:
        return os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.unlink(node)


def _number(name: str) -> int:
    """The number of the device of a macvtap.

    /dev has them by the index of their link, which links of other namespaces have as well; and /sys shows the namespace
    in which it was mounted. So this asks a /sys of its own, which is mounted nowhere.
    """
    system = _sysfs()
    try:
        folder = f"class/net/{name}/macvtap"
        listed = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=system)
        try:
            (tap,) = os.listdir(listed)
        finally:
            os.close(listed)
        with open(os.open(f"{folder}/{tap}/dev", os.O_RDONLY | os.O_CLOEXEC, dir_fd=system)) as file:
            major, minor = file.read().split(":")
        return os.makedev(int(major), int(minor))
    finally:
        os.close(system)


def _sysfs() -> int:
    """Descriptor of the root of a /sys of this thread's network namespace."""
    context = _call(SYS_FSOPEN, b"sysfs", CLOEXEC)
    try:
        _call(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0)
        return _call(SYS_FSMOUNT, context, CLOEXEC, 0)
    finally:
        os.close(context)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
