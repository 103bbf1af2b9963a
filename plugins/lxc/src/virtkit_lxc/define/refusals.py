"""What a container must not ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from virtkit.define.checks import first_repeated
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.boot import IdRange
    from virtkit.xml.domain.devices.filesystem import Filesystem

LXC = ErrorDomain.LXC

FILESYSTEMS = ("mount", "bind", "block", "file", "ram", "template")
ROOTS = ("mount", "block", "file", "template")
"""Types of file systems, and those that can be the root."""

SHIFTED = ("mount", "block", "file")
"""Types of file systems whose ids can be shifted."""

INTERFACES = ("network", "bridge", "ethernet", "direct")

MACHINES = (
    "serials", "parallels", "channels", "graphics", "videos", "inputs", "sounds", "tpms", "rngs", "shmems", "memories",
    "smartcards", "redirdevs", "hubs",
)  # fmt: skip
"""Devices of machines: fields of `<devices>`."""

LIFECYCLE = ("on_poweroff", "on_reboot", "on_crash")
ACTIONS = ("destroy", "restart")
"""What can follow from the end of a container."""

TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Name of a template, which is that of a folder."""

LAST_ID = 0xFFFFFFFF


def check(document: Domain, archs: Sequence[str]) -> None:
    """Refuse what a container on this host cannot have, or what contradicts itself.

    Args:
        document: The definition, with its defaults.
        archs: Architectures of programs that run here.

    Raises:
        XMLError: There is no init, or an id map is wrong.
        ConfigUnsupportedError: A container cannot have it.
    """
    if not document.os.init:
        raise XMLError(f"domain {document.name!r} has no <os><init>: say what is to run, as /sbin/init", domain=LXC)
    arch = document.os.type.arch if document.os.type else None
    if arch not in archs:
        raise _unsupported(document, f"is for {arch}; programs of {' and '.join(archs)} run here")
    for field in LIFECYCLE:
        if getattr(document, field) not in ACTIONS:
            raise _unsupported(
                document,
                f"has <{field}>{getattr(document, field)}</{field}>, but nothing is left of a container that has ended:"
                f" make it {' or '.join(ACTIONS)}",
            )
    _idmap(document)
    _filesystems(document)
    _devices(document)


def _idmap(document: Domain) -> None:
    found = document.idmap
    if found is None:
        return
    for kind, ranges in (("uid", found.uids), ("gid", found.gids)):
        if not ranges or ranges[0].start != 0:
            raise _wrong(document, f"has an <idmap> whose <{kind}> does not begin with start='0': map root too")
        if any(part.start is None or part.target is None or not part.count for part in ranges):
            raise _wrong(document, f"has a <{kind}> in its <idmap> without start, target or count: give all of them")
        for side in ("start", "target"):
            if clash := _overlap(ranges, side):
                raise _wrong(
                    document, f"has an <idmap> whose <{kind}> ranges overlap at {side}='{clash}': keep them apart"
                )
        if any((part.target or 0) + (part.count or 0) - 1 > LAST_ID for part in ranges):
            raise _wrong(document, f"has a <{kind}> in its <idmap> beyond the ids of this host")


def _overlap(ranges: Iterable[IdRange], side: str) -> int | None:
    """The first number of a range that lies in another one."""
    end = 0
    for first, count in sorted((getattr(part, side), part.count or 0) for part in ranges):
        if first < end:
            return int(first)
        end = first + count
    return None


def _filesystems(document: Domain) -> None:
    targets = []
    for mounted in document.devices.filesystems:
        target = mounted.target or ""
        if mounted.type not in FILESYSTEMS:
            raise _unsupported(
                document,
                f"has a file system of type {mounted.type!r} at {target!r}; possible are {', '.join(FILESYSTEMS)}",
            )
        if not target.startswith("/"):
            raise _unsupported(document, f"has a file system at {target!r}: its <target dir> begins with /")
        if target == "/" and mounted.type not in ROOTS:
            raise _unsupported(document, f"has a root of type {mounted.type!r}; possible are {', '.join(ROOTS)}")
        if mounted.accessmode == "mapped" and (document.idmap is None or mounted.type not in SHIFTED):
            raise _unsupported(
                document,
                f"has a file system at {target!r} with accessmode 'mapped': that takes an <idmap>, and a type of"
                f" {', '.join(SHIFTED)}",
            )
        if mounted.type == "template":
            _template(document, mounted)
        targets.append(target)
    if repeated := first_repeated(targets):
        raise _wrong(document, f"has two file systems at {repeated[0]!r}: give each its own <target dir>")


def _template(document: Domain, mounted: Filesystem) -> None:
    name = (mounted.source and mounted.source.name) or ""
    if mounted.target != "/":
        raise _unsupported(document, f"has template {name!r} at {mounted.target!r}: a template is the root, at '/'")
    if not TEMPLATE.fullmatch(name):
        raise _wrong(document, f"has template {name!r}: a name has letters, digits, dots, dashes and underscores")


def _devices(document: Domain) -> None:
    devices = document.devices
    for field in MACHINES:
        if getattr(devices, field, None):
            raise _unsupported(document, f"has {field}, which are devices of machines: a container has none")
    for console in devices.consoles:
        if console.type != "pty":
            raise _unsupported(document, f"has a console of type {console.type!r}: those of containers are of type pty")
    for interface in devices.interfaces:
        if interface.type not in INTERFACES:
            raise _unsupported(
                document, f"has an interface of type {interface.type!r}; possible are {', '.join(INTERFACES)}"
            )
    for disk in devices.disks:
        if disk.type != "block":
            target = disk.target.dev if disk.target else None
            raise _unsupported(
                document, f"has disk {target!r} of type {disk.type!r}: a container can only have block devices"
            )
    for hostdev in devices.hostdevs:
        if hostdev.mode != "capabilities":
            raise _unsupported(
                document, f"has a hostdev of mode {hostdev.mode!r}: a container can have those of mode capabilities"
            )


def _wrong(document: Domain, problem: str) -> XMLError:
    return XMLError(f"domain {document.name!r} {problem}", domain=LXC)


def _unsupported(document: Domain, problem: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(f"domain {document.name!r} {problem}", domain=LXC)
