"""Containers of a plain user: settled before anything of them is made.

    domain = settled(guest.subject, domain, layout)

Root in such a container is the user itself, or an id that /etc/subuid gives to it. What takes a privilege of the host
is refused: links, images, and limits without control groups of the user's own (`delegation`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, OperationFailedError
from virtkit.services.runner import find_program
from virtkit_lxc import cgroups, subids
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.subids import Range, User

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.boot import IdMap, IdRange
    from virtkit.xml.domain.devices.disk import Disk
    from virtkit.xml.domain.devices.hostdev import Hostdev

LXC = ErrorDomain.LXC

SWITCHES = {
    "/proc/sys/kernel/unprivileged_userns_clone": "1",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "0",
}
"""What distributions add to keep user namespaces from plain users, and the value that allows them."""

MOST = Path("/proc/sys/user/max_user_namespaces")

TTY_GROUP = 5
"""The group of terminals, which liblxc names where it mounts /dev/pts. Linux 6.18 gets over it, 6.1 does not."""

NO_TERMINALS = "Failed to prepare new devpts instance"

INSTALL_HELPERS = "apt-get install uidmap"


def settled(subject: str, domain: Domain, layout: Layout) -> Domain:
    """What a container runs with: with an id map and a network of its own where a plain user starts it.

    Where root does, it is unchanged.

    Args:
        subject: What messages call the guest.
        domain: Its completed document.
        layout: The control groups of whoever starts it.

    Raises:
        ConfigUnsupportedError: It asks for what only root can give; the message names that and the next step.
    """
    if os.geteuid() == 0:
        return domain
    user = User.current()
    domain = domain.copy()
    domain.idmap = domain.idmap or _usual(user)
    # In the network of the host, its root would reach the sockets of the user's programs, among them liblxc's.
    domain.features.privnet = True
    for refused in (*_ids(domain, user), *_devices(domain, layout), *_filesystems(domain)):
        raise ConfigUnsupportedError(f"{subject} cannot start: {refused}", domain=LXC)
    numbers = dict.fromkeys((each.path or "" for each in domain.blkio_tune.devices), "")
    list(cgroups.settings(domain, layout, numbers))  # refuses limits that nothing enforces
    return domain


def explained(domain: Domain, error: OperationFailedError) -> OperationFailedError:
    """Why a container of a plain user could not be started, where liblxc's words do not tell the next step."""
    groups = domain.idmap.gids if domain.idmap else []
    has_terminals = any((part.start or 0) <= TTY_GROUP < (part.start or 0) + (part.count or 0) for part in groups)
    if os.geteuid() == 0 or has_terminals or NO_TERMINALS not in str(error):
        return error
    return OperationFailedError(
        f"domain {domain.name!r} cannot be started: this kernel mounts /dev/pts only for containers that have group"
        f" {TTY_GROUP}: have root run usermod --add-subuids 100000-165535 --add-subgids 100000-165535"
        f" {User.current()}, and {INSTALL_HELPERS}",
        domain=LXC,
    )


def takes_helpers(domain: Domain) -> bool:
    """Whether newuidmap and newgidmap have to map the ids of a container: a plain user maps itself alone."""
    if os.geteuid() == 0 or domain.idmap is None:
        return False
    user = User.current()
    return any(_ranges(parts) != [user.own(kind)] for kind, parts in _parts(domain))


def without_namespaces() -> str | None:
    """Why this host lets no plain user have a user namespace, and so no container; None: it does."""
    for path, allowing in SWITCHES.items():
        if _read(Path(path)) not in ("", allowing):
            return f"user namespaces are kept from plain users: sysctl -w {path[10:].replace('/', '.')}={allowing}"
    if not os.path.exists("/proc/self/ns/user"):
        return "the kernel has no user namespaces: boot one with them, or be root"
    if _read(MOST) == "0":
        return "user namespaces are switched off: sysctl -w user.max_user_namespaces=10000"
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _usual(user: User) -> IdMap:
    """The map of a container that says none: root is the user, the others have the user's first range."""
    from virtkit.xml.domain.boot import IdMap, IdRange

    owned = {kind: subids.given(kind, user)[:1] for kind in subids.PROGRAMS}
    whole = all(owned.values()) and all(map(find_program, subids.PROGRAMS.values()))

    def parts(kind: str) -> list[IdRange]:
        others = [IdRange(start=1, target=each.first, count=each.length) for each in owned[kind] if whole]
        return [IdRange(start=0, target=user.own(kind).first, count=1), *others]

    return IdMap(uids=parts("uid"), gids=parts("gid"))


def _ids(domain: Domain, user: User) -> Iterator[str]:
    """What of the id map the user may not give."""
    for kind, parts in _parts(domain):
        for wanted in _ranges(parts):
            if not subids.cover([*subids.given(kind, user), user.own(kind)], wanted):
                yield (
                    f"its <idmap> gives it {kind}s {wanted}, which user {user} does not have: have root run"
                    f" usermod --add-sub{kind}s {wanted} {user}, or leave <idmap> out"
                )
    if takes_helpers(domain):
        for program in subids.PROGRAMS.values():
            if not find_program(program):
                yield f"its <idmap> has more than user {user}, which takes {program}: {INSTALL_HELPERS}"


def _parts(domain: Domain) -> list[tuple[str, list[IdRange]]]:
    return [("uid", domain.idmap.uids), ("gid", domain.idmap.gids)] if domain.idmap else []


def _ranges(parts: list[IdRange]) -> list[Range]:
    return [Range(part.target or 0, part.count or 0) for part in parts]


def _devices(domain: Domain, layout: Layout) -> Iterator[str]:
    if domain.devices.interfaces:
        yield (
            "a plain user cannot make its <interface>: leave it out, and it has its loopback alone; or have it run by"
            " lxc:///system"
        )
    if domain.lxc_namespace is not None:
        yield "a plain user cannot have it share a namespace of another: leave out its <lxc:namespace>"
    if not layout.version("devices"):
        devices: list[Disk | Hostdev] = [*domain.devices.disks, *domain.devices.hostdevs]
        for each in devices:
            if each.readonly:
                yield "a plain user cannot keep a device from being written: leave out its <readonly/>"


def _filesystems(domain: Domain) -> Iterator[str]:
    for each in domain.devices.filesystems:
        if each.type in ("file", "block"):
            yield (
                f"a plain user cannot mount its <filesystem type='{each.type}'> at {each.target}: unpack it into a"
                " folder, and make that one of type mount"
            )
