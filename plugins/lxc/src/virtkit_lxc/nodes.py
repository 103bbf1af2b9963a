"""Interfaces and device nodes of containers that run: given to them and taken away."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, OperationUnsupportedError, SystemCallError
from virtkit.network.links import Links
from virtkit.services.runner import run as run_program
from virtkit_lxc import cgroups, interfaces, planning, roots

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.disk import Disk
    from virtkit.xml.domain.devices.hostdev import Hostdev
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.plan import Link, Node
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

TOOL_SECONDS = 30.0
"""How long ip may take."""


def add_interface(state: LxcState, guest: Container, run: Run, interface: Interface) -> None:
    """Plug an interface in and move its other end into a container; it stands in the live document then.

    Raises:
        VirtError: It cannot be plugged in, or the container does not take it. Nothing of it is left.
    """
    from virtkit.network import plugging

    plugging.prepare(interface)
    run.live.devices.interfaces.append(interface)
    with Links(domain=LXC) as links:
        try:
            state.record(guest)  # whoever comes after us is to know whose it is
            _move(run, interfaces.plug_in(state, guest, links, interface))
        except BaseException:
            plugging.unplug(state.peers, interfaces.owner_of(guest), links, interface)
            run.live.devices.interfaces.remove(interface)
            raise


def remove_interface(state: LxcState, guest: Container, interface: Interface) -> None:
    """Unplug an interface; both its ends are gone then.

    Raises:
        OperationUnsupportedError: It has no end on the host.
    """
    from virtkit.network import plugging

    if interface.type == "direct":
        raise OperationUnsupportedError(
            f"{guest.subject} is running, and its interface of type direct is wholly in it: use CONFIG", domain=LXC
        )
    with Links(domain=LXC) as links:
        plugging.unplug(state.peers, interfaces.owner_of(guest), links, interface)


def add_node(state: LxcState, guest: Container, run: Run, device: Disk | Hostdev) -> None:
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
        _guard(state, run, node, "devices.allow")
    except BaseException:
        _unlink(guest, run, node)
        raise


def remove_node(state: LxcState, guest: Container, run: Run, device: Disk | Hostdev) -> None:
    """Take a device from a container; its node goes too, unless somebody has put something else there.

    Raises:
        OperationUnsupportedError: As `add_node`.
        SystemCallError: It is missing on the host, or cannot be taken away.
    """
    node = _node(state, guest, device)
    _guard(state, run, node, "devices.deny")
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
    access = "rwm" if node.writable else "rm"
    path = state.layout.folder("devices", run.cgroup) / file
    cgroups.write_file(path, f"{node.kind} {node.major}:{node.minor} {access}")


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


def _move(run: Run, link: Link) -> None:
    """Move a link into a container, under the name and with the addresses it is to have there."""
    _ip("link", "set", "dev", link.link, "netns", str(run.pid))
    name = link.name or _free_name(run)
    setting = ["link", "set", "dev", link.link, "name", name]
    setting += ["address", link.mac] if link.mac else []
    setting += ["mtu", str(link.mtu)] if link.mtu else []
    _inside(run, *setting)
    for address in link.addresses:
        _inside(run, "address", "add", address, "dev", name)
    if link.up:
        _inside(run, "link", "set", "dev", name, "up")
    for gateway in link.gateways:
        _inside(run, "route", "add", "default", "via", gateway, "dev", name)


def _free_name(run: Run) -> str:
    told = _inside(run, "-o", "link", "show").splitlines()
    taken = {line.split()[1].rstrip(":").partition("@")[0] for line in told}
    return next(name for number in range(len(taken) + 1) if (name := f"eth{number}") not in taken)


def _inside(run: Run, *words: str) -> str:
    """What the host's ip says in the network of a container; nothing of the container is run."""
    command = ("nsenter", f"--net=/proc/{run.pid}/ns/net", "ip", *words)
    return run_program(command, timeout=TOOL_SECONDS, domain=LXC).stdout.decode()


def _ip(*words: str) -> None:
    run_program(("ip", *words), timeout=TOOL_SECONDS, domain=LXC)
