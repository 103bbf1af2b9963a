"""Paths in the root of a container, resolved as the container would: no link in a tree that somebody made leads out.

liblxc does not mount onto a link, but it follows links to the host where it makes a missing folder, and where it looks
for a source in the container. So both are settled here, by openat2(2), and liblxc gets paths without links:

    plan = prepared(domain, plan)
"""

from __future__ import annotations

import ctypes
import os
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import SystemCallError
from virtkit_lxc import mapping
from virtkit_lxc.configuration.mounts import folder_of
from virtkit_lxc.mounting import mounted

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.plan import Plan

ON_HOST = ("mount", "file", "block", "template")
"""Types of file systems that are folders of the host."""

OPENAT2 = 437
"""Number of the system call, the same on all architectures; Python has no function for it."""

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10

_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class _Trees:
    """What of the container's files can be seen on the host: its root, and folders mounted into it.

    Args:
        owner: User and group of what is made in them.
    """

    def __init__(self, owner: tuple[int, int]) -> None:
        self._owner = owner
        self._folders: dict[PurePosixPath, str | None] = {}
        self._mapped: set[PurePosixPath] = set()

    def add(self, target: str, folder: str | None, *, mapped: bool) -> None:
        """Have a folder of the host be at a path; None: something that is not seen from here.

        Args:
            target: The path.
            folder: The folder, as it is on the host.
            mapped: Whether the container sees it shifted, so that what is made in it belongs to the host's root.
        """
        self._folders[_absolute(target)] = folder
        if mapped:
            self._mapped.add(_absolute(target))

    def settled(self, path: str, make: str = "") -> str:
        """A path without links. What cannot be seen is taken as it is.

        Args:
            path: In the container.
            make: `folder` or `file`, to be made if it is missing.

        Raises:
            OSError: It cannot be resolved or made.
        """
        wanted = _absolute(path)
        base = next((each for each in (wanted, *wanted.parents) if each in self._folders), None)
        folder = self._folders[base] if base is not None else None
        if base is None or folder is None:
            return str(wanted)
        with ExitStack() as held:
            root = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            held.callback(os.close, root)
            owner = (0, 0) if base in self._mapped else self._owner
            found = self._walk(held, root, wanted.relative_to(base).parts, make, owner)
            within = PurePosixPath(_place(found)).relative_to(_place(root))
        return str(base / within)

    def _walk(self, held: ExitStack, root: int, parts: tuple[str, ...], make: str, owner: tuple[int, int]) -> int:
        """The descriptor of a path under a root, whose parts are made if they are missing."""
        found = root
        for count, name in enumerate(parts, 1):
            path = "/".join(parts[:count])
            try:
                opened = open_inside(root, path)
            except FileNotFoundError:
                if not make:
                    raise
                make_entry(found, name, owner, is_file=make == "file" and count == len(parts))
                opened = open_inside(root, path)
            held.callback(os.close, opened)
            found = opened
        return found


def prepared(domain: Domain, plan: Plan) -> Plan:
    """A plan with images mounted and the paths of `<filesystem>` in the container settled; missing targets are made.

    `runtime.end` unmounts the images, also if this fails.

    Raises:
        VirtError: An image cannot be mounted, or ids not be shifted: see `mounting.mounted` and `mapping.mapped`.
        SystemCallError: A path cannot be resolved or made; the message names it.
    """
    plan = mounted(domain, plan)
    trees = _Trees(owner_of(domain))
    paths: dict[str, str] = {}
    for each in sorted(domain.devices.filesystems, key=lambda one: one.target != "/"):
        source = (each.source and each.source.dir) or ""
        target = each.target or "/"
        settling = target
        try:
            if target != "/":
                paths[target] = trees.settled(target, "file" if source in plan.files else "folder")
            if each.type == "bind":
                settling = source
                paths[source] = trees.settled(source)
        except (OSError, ValueError) as error:
            raise _unsettled(domain, settling, error) from error
        # What is missing is made in the folder itself: where that is read-only, what is mounted of it is so here too.
        folder = (source if each.type == "mount" else folder_of(each, plan)) if each.type in ON_HOST else None
        trees.add(paths.get(target, target), folder, mapped=each.accessmode == mapping.MAPPED)
    return mapping.mapped(domain, plan._replace(paths=paths))


def make_entry(parent: int, name: str, owner: tuple[int, int], *, is_file: bool) -> None:
    """Make a folder, or an empty file, in a folder.

    Raises:
        OSError: There is something of that name, or it cannot be made.
    """
    if is_file:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=parent))
    else:
        os.mkdir(name, 0o755, dir_fd=parent)
    os.chown(name, *owner, dir_fd=parent, follow_symlinks=False)


def open_inside(root: int, path: str, *, links: bool = True) -> int:
    """A descriptor that stands for a path in a folder, every link in it resolved as if the folder were the root.

    Args:
        root: The folder.
        path: The path.
        links: Whether there may be any.

    Raises:
        OSError: It is not there; ELOOP: it has a link.
    """
    resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (0 if links else RESOLVE_NO_SYMLINKS)
    how = _How(os.O_PATH | os.O_CLOEXEC, 0, resolve)
    found: int = _libc.syscall(OPENAT2, root, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return found


def _place(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _absolute(path: str) -> PurePosixPath:
    """A path from the root, in which `..` leads no further than that."""
    return PurePosixPath(os.path.normpath(f"/{path}".replace("//", "/")))


def owner_of(domain: Domain) -> tuple[int, int]:
    """Who root in the container is on the host."""
    uids, gids = (domain.idmap.uids, domain.idmap.gids) if domain.idmap else ([], [])
    user, group = ((each.target for each in ranges if each.start == 0) for ranges in (uids, gids))
    return next(user, None) or 0, next(group, None) or 0


def _unsettled(domain: Domain, path: str, error: OSError | ValueError) -> SystemCallError:
    number = error.errno if isinstance(error, OSError) else None
    said = error.strerror if isinstance(error, OSError) else "it leads out of the container"
    return SystemCallError(
        f"domain {domain.name!r} cannot start: {path} in its root: {said}", domain=ErrorDomain.LXC, int1=number or -1
    )
