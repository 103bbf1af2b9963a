"""Device nodes of containers that run: given to them and taken away."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, OperationUnsupportedError, SystemCallError
from virtkit_lxc import cgroups, planning, roots

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.disk import Disk
    from virtkit.xml.domain.devices.hostdev import Hostdev
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.plan import Node
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

ALLOW, DENY = "devices.allow", "devices.deny"
"""Files of control groups of version 1: what a group is denied, those below it are too; what it is allowed, not."""


def add(state: LxcState, guest: Container, run: Run, device: Disk | Hostdev) -> None:
    """Make the node of a device in a container, and let it be used there.

    Raises:
        OperationUnsupportedError: It has no node, or control groups of version 2 guard the devices of the container.
        OperationFailedError: There is something at its path already.
        SystemCallError: It is missing on the host, or cannot be made.
    """
    node = _node(state, guest, device)
    with _folder_of(guest, run, node) as folder:
        mode = (stat.S_IFBLK if node.kind == "b" else stat.S_IFCHR) | 0o660
        try:
            os.mknod(PurePosixPath(node.target).name, mode, os.makedev(node.major, node.minor), dir_fd=folder)
        except FileExistsError:
            raise OperationFailedError(
                f"{guest.subject} has something at {node.target} already: remove it", domain=LXC
            ) from None
        except OSError as error:
            raise _refused(guest, node, error) from error
    try:
        _guard(state, run, node, ALLOW)
    except BaseException:
        _unlink(guest, run, node)
        raise


def remove(state: LxcState, guest: Container, run: Run, device: Disk | Hostdev) -> None:
    """Take a device from a container; its node goes too, unless somebody has put something else there.

    Raises:
        OperationUnsupportedError: As `add`.
        SystemCallError: It is missing on the host, or cannot be taken away.
    """
    node = _node(state, guest, device)
    _guard(state, run, node, DENY)
    _unlink(guest, run, node)


def _node(state: LxcState, guest: Container, device: Disk | Hostdev) -> Node:
    node = planning.node_of(guest, device)
    if node is None:
        raise OperationUnsupportedError(f"{guest.subject}: such a device cannot come and go: use CONFIG", domain=LXC)
    if state.layout.version("devices") != 1:
        raise OperationUnsupportedError(
            f"{guest.subject} is running, and this host has its devices guarded by control groups of version 2, where"
            " that cannot be changed: use CONFIG",
            domain=LXC,
        )
    return node


def _guard(state: LxcState, run: Run, node: Node, file: str) -> None:
    """Say in the control group of a container what is allowed or denied: what is allowed, in those below it too."""
    access = "rwm" if node.writable else "rm"
    top = state.layout.folder("devices", run.cgroup)
    below = sorted(Path(folder) for folder, _, _ in os.walk(top)) if file == ALLOW else [top]
    for folder in below:
        cgroups.write_file(folder / file, f"{node.kind} {node.major}:{node.minor} {access}")


@contextmanager
def _folder_of(guest: Container, run: Run, node: Node) -> Iterator[int]:
    """The folder in a running container that the node of a device is in; no link leads out of its root."""
    parent = str(PurePosixPath(node.target).parent)
    try:
        root = os.open(f"/proc/{run.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            folder = roots.open_inside(root, parent)
        finally:
            os.close(root)
    except OSError as error:
        raise _refused(guest, node, error) from error
    try:
        yield folder
    finally:
        os.close(folder)


def _unlink(guest: Container, run: Run, node: Node) -> None:
    name = PurePosixPath(node.target).name
    with _folder_of(guest, run, node) as folder, suppress(FileNotFoundError):
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if there.st_rdev == os.makedev(node.major, node.minor) and (stat.S_ISBLK if node.kind == "b" else stat.S_ISCHR)(
            there.st_mode
        ):
            os.unlink(name, dir_fd=folder)


def _refused(guest: Container, node: Node, error: OSError) -> SystemCallError:
    return SystemCallError(
        f"{guest.subject}: {node.target} in it: {error.strerror}", domain=LXC, int1=error.errno or -1
    )
