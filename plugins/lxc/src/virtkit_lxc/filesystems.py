"""File systems of containers that run: mounted into their trees, and unmounted.

Folders and files of the host and memory can come and go so. A target that leads through a link is refused: what is
unmounted later has to be what was mounted. So is a read-only folder for a container with an id map: its root could
make it writable, since the kernel locks only what was mounted when the namespaces were made.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, OperationUnsupportedError, SystemCallError
from virtkit_lxc import grafting, roots

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.filesystem import Filesystem
    from virtkit_lxc.container import Container, Run

LXC = ErrorDomain.LXC

MOBILE = ("mount", "ram")
"""Types of file systems that come and go in containers that run."""


def add(guest: Container, run: Run, mounted: Filesystem) -> None:
    """Mount a file system into a container. A target that is missing is made, and belongs to the container's root.

    Raises:
        OperationUnsupportedError: One of its kind does not come or go while a container runs.
        OperationFailedError: The target leads through a link.
        SystemCallError: A path is missing, or cannot be mounted or made.
    """
    _require_mobile(guest, mounted)
    if mounted.type == "mount" and mounted.readonly and run.live.idmap is not None:
        raise OperationUnsupportedError(
            f"{guest.subject} has an id map, and its root could make {mounted.target} writable if it came while it"
            " runs: use CONFIG, from the next start on, or leave <readonly/> out",
            domain=LXC,
        )
    source, owner = (mounted.source.dir if mounted.source else None) or "", roots.owner_of(run.live)
    try:
        is_file = mounted.type == "mount" and not stat.S_ISDIR(os.stat(source).st_mode)
    except OSError as error:
        raise _refused(guest, source, error) from error
    with ExitStack() as held:
        try:
            place = _made(held, run, mounted, owner, is_file=is_file)
            if mounted.type == "mount":
                mount = held.enter_context(grafting.folder(source, readonly=bool(mounted.readonly)))
            else:
                usage = (mounted.source.usage if mounted.source else None) or 0
                mount = held.enter_context(grafting.memory(usage, owner, readonly=bool(mounted.readonly)))
            grafting.graft(run.pid or 0, mount, place)
        except OSError as error:
            raise _failed(guest, mounted, error) from error


def remove(guest: Container, run: Run, mounted: Filesystem) -> None:
    """Unmount a file system from a container; one that the container has unmounted itself is no error.

    Raises:
        OperationUnsupportedError: As `add`.
        OperationFailedError: It is in use in the container, or something else is mounted there.
        SystemCallError: The kernel refuses.
    """
    _require_mobile(guest, mounted)
    path = PurePosixPath(mounted.target or "/")
    with ExitStack() as held:
        try:
            root = _root(held, run)
            parent = _opened(held, root, str(path.parent))
            with ExitStack() as briefly:  # a descriptor of it would keep it in use
                place = _opened(briefly, root, str(path))
                if grafting.mount_of(place) == grafting.mount_of(parent):
                    return
                if not _is_of(run, mounted, place):
                    raise OperationFailedError(
                        f"{guest.subject} has mounted something else at {mounted.target}: unmount that in it first",
                        domain=LXC,
                    )
            grafting.prune(run.pid or 0, parent, path.name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failed(guest, mounted, error) from error


def _require_mobile(guest: Container, mounted: Filesystem) -> None:
    if mounted.type not in MOBILE or mounted.accessmode == "mapped":
        mapped = " with ids mapped" if mounted.accessmode == "mapped" else ""
        raise OperationUnsupportedError(
            f"{guest.subject} is running, and a file system of type {mounted.type}{mapped} comes and goes only with"
            f" CONFIG, from the next start on; those of type {' and '.join(MOBILE)} come and go at any time",
            domain=LXC,
        )
    if PurePosixPath(mounted.target or "/") == PurePosixPath("/"):
        raise OperationUnsupportedError(f"{guest.subject} is running in its root: stop it first", domain=LXC)


def _made(held: ExitStack, run: Run, mounted: Filesystem, owner: tuple[int, int], *, is_file: bool) -> int:
    """The target of a file system, whose parts are made if they are missing."""
    found = root = _root(held, run)
    parts = PurePosixPath(mounted.target or "/").parts[1:]
    for count, name in enumerate(parts, 1):
        path = "/".join(parts[:count])
        try:
            opened = _opened(held, root, path)
        except FileNotFoundError:
            roots.make_entry(found, name, owner, is_file=is_file and count == len(parts))
            opened = _opened(held, root, path)
        found = opened
    return found


def _root(held: ExitStack, run: Run) -> int:
    return _holding(held, os.open(f"/proc/{run.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))


def _opened(held: ExitStack, root: int, path: str) -> int:
    return _holding(held, roots.open_inside(root, path, links=False))


def _holding(held: ExitStack, descriptor: int) -> int:
    held.callback(os.close, descriptor)
    return descriptor


def _is_of(run: Run, mounted: Filesystem, place: int) -> bool:
    """Whether what is mounted at a place is a file system of the document."""
    if mounted.type == "mount":
        try:
            source = os.stat((mounted.source.dir if mounted.source else None) or "")
        except OSError:  # the host has removed it; nobody can tell
            return True
        return os.path.samestat(source, os.fstat(place))
    number = grafting.mount_of(place)
    for line in Path(f"/proc/{run.pid}/mountinfo").read_text(errors="replace").splitlines():
        if line.split()[0] == number:
            return line.partition(" - ")[2].split()[0] == "tmpfs"
    return False


def _failed(guest: Container, mounted: Filesystem, error: OSError) -> OperationFailedError | SystemCallError:
    if error.errno == errno.ELOOP:
        return OperationFailedError(
            f"{guest.subject}: {mounted.target} in it leads through a link: give the path without links, or use CONFIG",
            domain=LXC,
        )
    if error.errno == errno.EBUSY:
        return OperationFailedError(
            f"{guest.subject}: {mounted.target} is in use in it: end what uses it, and try again", domain=LXC
        )
    return _refused(guest, f"{mounted.target} in it", error)


def _refused(guest: Container, what: str, error: OSError) -> SystemCallError:
    return SystemCallError(f"{guest.subject}: {what}: {error.strerror}", domain=LXC, int1=error.errno or -1)
