"""Control groups that a plain user was given: a folder of version 2 with what is below it, as systemd delegates them.

The folder is the highest one above the group of this process that the user may write: of a user manager it is
`user@UID.service`. The kernel gives limits to the children of a group only while no process is in the group itself, so
where this process is the only one there, it moves to a group below.

liblxc makes its groups below the one that it is started in, and sets no limits there: the container's group is made
here, with its limits, and lxc-start begins in a group below that. So its limits count the monitor too.
Version 1 is left alone: it cannot be given away safely.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtkit_lxc.cgroups import Layout

OURS = "virtkit"
"""The group below the user's folder that this process moves to."""

START = "start"
"""The group below a container's that lxc-start begins in."""

Setting = tuple[int, str, object]
"""Version, file, value; see `cgroups.settings`."""


def given(layout: Layout) -> Layout:
    """What of the control groups of this host a plain user may use."""
    nothing = layout._replace(first={}, second=None, controllers=frozenset(), delegated=True)
    own = _own_group(layout.second)
    if layout.second is None or own is None or not _is_ours(own):
        return nothing
    top = own
    while top != layout.second and _is_ours(top.parent):
        top = top.parent
    return nothing._replace(second=top, controllers=_usable(top))


def enter(layout: Layout, group: str, limits: Iterable[Setting]) -> list[str]:
    """Make the group of a container, with its limits.

    Args:
        layout: The user's.
        group: Its place.
        limits: `cgroups.settings(...)`.

    Returns:
        What comes before a command so that it starts in there; nothing where there are no groups.

    Raises:
        SystemCallError: The kernel refuses; the message names the file.
    """
    from virtkit_lxc.cgroups import make_folder, write_file

    if layout.second is None:
        return []
    _leave(layout.second)
    wanted = " ".join(f"+{name}" for name in sorted(layout.controllers))
    folder = layout.second
    for name in Path(group).parts:
        if wanted:
            write_file(folder / "cgroup.subtree_control", wanted)
        folder = folder / name
        make_folder(folder)
    for _, file, value in limits:
        write_file(folder / file, str(value))
    make_folder(folder / START)
    return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(folder / START / "cgroup.procs")]


def _own_group(mount: Path | None) -> Path | None:
    """The folder of the group that this process is in."""
    for line in Path("/proc/self/cgroup").read_text(errors="replace").splitlines():
        if mount is not None and line.startswith("0::/") and ".." not in line:
            return mount / line[4:]
    return None


def _is_ours(folder: Path) -> bool:
    return all(
        os.access(path, os.W_OK) for path in (folder, folder / "cgroup.procs", folder / "cgroup.subtree_control")
    )


def _usable(top: Path) -> frozenset[str]:
    """The controllers that groups below a folder have, or can be given."""
    try:
        enabled = frozenset((top / "cgroup.subtree_control").read_text().split())
        offered = frozenset((top / "cgroup.controllers").read_text().split())
        return offered if _members(top) <= {os.getpid()} else enabled
    except OSError:
        return frozenset()


def _members(folder: Path) -> set[int]:
    return {int(line) for line in (folder / "cgroup.procs").read_text().split()}


def _leave(top: Path) -> None:
    """Move this process to a group of its own, if it is the only one in the folder."""
    from virtkit_lxc.cgroups import make_folder, write_file

    with suppress(OSError):
        if _members(top) == {os.getpid()}:
            make_folder(top / OURS)
            write_file(top / OURS / "cgroup.procs", str(os.getpid()))
