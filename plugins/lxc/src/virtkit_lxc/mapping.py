"""File systems whose ids are shifted by the id map of a container: mounted once more on the host, idmapped.

The files stay as they are: what the host's user 0 has is the container's root's, and the other way round, on a mount of
its own that ends with the container. Linux does that for most file systems since 5.12.

    plan = mapped(domain, plan)
"""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, SystemCallError, VirtError
from virtkit.services.runner import find_program
from virtkit_lxc import mountcalls, mounting
from virtkit_lxc.configuration.mounts import folder_of

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.boot import IdRange
    from virtkit.xml.domain.devices.filesystem import Filesystem
    from virtkit_lxc.plan import Plan

LXC = ErrorDomain.LXC

MAPPED = "mapped"
"""Access mode of file systems that are shifted."""

SECONDS = 10.0
"""How long a program may take to be in a namespace of its own."""

TICK = 0.001


def mapped(domain: Domain, plan: Plan) -> Plan:
    """A plan whose shifted file systems are mounted so. If it fails, `mounting.unmount` removes what has been mounted.

    Raises:
        ConfigUnsupportedError: The kernel, or a file system, cannot do that; or everybody on the host could run what
            the container leaves there as root. The message names the file system.
        SystemCallError: The host refuses; `int1` is the errno.
    """
    wanted = [each for each in enumerate(domain.devices.filesystems) if each[1].accessmode == MAPPED]
    if not wanted or domain.idmap is None:
        return plan
    folders = dict(plan.folders)
    try:
        with _namespace(domain.idmap.uids, domain.idmap.gids) as namespace:
            for number, each in wanted:
                folders[each.target or ""] = str(_mount(domain, plan, number, each, namespace))
    except OSError as error:
        raise SystemCallError(
            f"domain {domain.name!r} cannot start: no user namespace for its id map: {error.strerror}",
            domain=LXC,
            int1=error.errno or -1,
        ) from error
    return plan._replace(folders=folders)


def _mount(domain: Domain, plan: Plan, number: int, shifted: Filesystem, namespace: int) -> Path:
    """Mount a file system once more, shifted; where it is then."""
    source = folder_of(shifted, plan)
    if shifted.type == "mount" and not shifted.readonly:
        _require_closed(domain, source)
    place = mounting.place(plan.folder, f"{number}-{MAPPED}")
    if os.path.isdir(source):
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    try:
        _clone(source, place, namespace)
    except OSError as error:
        named = (shifted.source and shifted.source.dir) or source
        raise _refused(domain, shifted, named, error) from error
    if shifted.type != "mount":
        mounting.replace(Path(source))  # whoever came to it could run what the container leaves there as root
    return place


def _require_closed(domain: Domain, source: str) -> None:
    """Refuse a folder that users of the host can enter.

    In it the container's root is the host's, and may leave programs there that give root's privileges to whoever runs
    them.
    """
    for around in Path(os.path.realpath(source)).parents:
        status = os.stat(around)
        others = 0o011 if status.st_gid else 0o001
        if status.st_uid == 0 and not status.st_mode & others:
            return
    raise ConfigUnsupportedError(
        f"domain {domain.name!r} cannot start: it would own files of root in {source}, which all users of this host can"
        f" enter, and run as root: move it into a folder that only root enters (chmod 700), or make it <readonly/>",
        domain=LXC,
    )


def _refused(domain: Domain, mounted: Filesystem, source: str, error: OSError) -> VirtError:
    if error.errno in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
        return ConfigUnsupportedError(
            f"domain {domain.name!r} cannot start: its file system at {mounted.target} cannot have its ids mapped: the"
            f" file system of {source} or this kernel cannot do that ({error.strerror}); leave out"
            f" accessmode='{MAPPED}', and give the files to the ids of its <idmap>",
            domain=LXC,
        )
    return SystemCallError(
        f"domain {domain.name!r} cannot start: {source}: {error.strerror}", domain=LXC, int1=error.errno or -1
    )


def _clone(source: str, place: Path, namespace: int) -> None:
    with mountcalls.cloned(source) as tree:
        mountcalls.make_private(tree, mountcalls.IDMAP, namespace)
        mountcalls.attach(tree, str(place))


@contextmanager
def _namespace(uids: Sequence[IdRange], gids: Sequence[IdRange]) -> Iterator[int]:
    """A user namespace with an id map, in which nothing runs any more: its descriptor."""
    ours = os.readlink("/proc/self/ns/user")
    program = find_program("unshare") or "unshare"
    with subprocess.Popen(
        [program, "--user", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={}
    ) as holder:  # it ends with its input
        theirs = f"/proc/{holder.pid}"
        end = time.monotonic() + SECONDS
        while os.readlink(f"{theirs}/ns/user") == ours:
            if holder.poll() is not None or time.monotonic() > end:
                raise ConfigUnsupportedError(
                    "no user namespace can be made here, which shifted ids take: look at the sysctl"
                    " user.max_user_namespaces",
                    domain=LXC,
                )
            time.sleep(TICK)
        for kind, ranges in (("uid", uids), ("gid", gids)):
            lines = "".join(f"{each.start} {each.target} {each.count}\n" for each in ranges)
            Path(f"{theirs}/{kind}_map").write_text(lines)
        found = os.open(f"{theirs}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield found
    finally:
        os.close(found)
