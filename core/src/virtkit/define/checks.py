"""What a definition must have and what it must not contradict."""

from __future__ import annotations

from collections.abc import Iterable

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    NoNameError,
    NoSourceError,
    NoTargetError,
    XMLError,
)
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.address import DriveAddress
from virtkit.xml.domain.devices.disk import Disk

DOMAIN = ErrorDomain.DOMAIN

OS_TYPES = ("hvm", "xen", "linux", "exe", "uml", "xenpvh")


def identity(document: Domain) -> None:
    """Refuse a definition without type or with an unusable name or title."""
    if document.type is None:
        raise InternalError("the domain has no type: give it type='qemu' or another", domain=DOMAIN)
    if not document.name:
        raise NoNameError("the domain has no <name>: give it one", domain=DOMAIN)
    if "/" in document.name or "\n" in document.name:
        raise _wrong(document, f"has a {'/' if '/' in document.name else 'line break'!r} in its name: choose another")
    if document.title is not None and "\n" in document.title:
        raise _wrong(document, "has a line break in its <title>: use the <description> for longer text")


def machine(document: Domain, os_types: Iterable[str] | None = None) -> None:
    """Refuse a definition whose guest interface is missing or not among `os_types` (None: those that are known)."""
    kind = document.os.type
    if kind is None or not kind.type:
        raise _wrong(document, "has no <os><type>: give it one, such as <type>hvm</type>")
    allowed = tuple(OS_TYPES if os_types is None else os_types)
    if kind.type not in allowed:
        raise _unsupported(document, f"has os type {kind.type!r}; possible are {', '.join(allowed)}")
    ordered = [device for device in document.devices.disks if device.boot is not None]
    if ordered and document.os.boot:
        raise _unsupported(document, "has both <os><boot> and devices with a <boot order>: keep one of the two")


def resources(document: Domain) -> None:
    """Refuse impossible memory, vCPUs and clocks."""
    if document.memory is None or not document.memory.size:
        raise _wrong(document, "has no <memory>: give it a size")
    vcpu = document.vcpu
    if vcpu is not None and vcpu.maximum is not None:
        if not vcpu.maximum or vcpu.current == 0:
            raise InternalError(f"domain {document.name!r} has 0 vCPUs: it needs at least 1", domain=DOMAIN)
        if vcpu.current is not None and vcpu.current > vcpu.maximum:
            raise _unsupported(document, f"starts with {vcpu.current} vCPUs and can have {vcpu.maximum}: raise <vcpu>")
    if document.clock.offset == "timezone" and not document.clock.timezone:
        raise _wrong(document, "has a clock with offset='timezone' and no timezone: name one")


def devices(document: Domain) -> None:
    """Refuse disks without target or source, and two disks that are the same for the guest."""
    targets: set[str] = set()
    for disk in document.devices.disks:
        target = disk.target.dev if disk.target is not None else None
        source = _path(disk)
        if not target:
            raise NoTargetError(
                f"a disk of domain {document.name!r} (source {source}) has no <target dev>: give it one, such as vda",
                domain=DOMAIN,
                str2=source,
            )
        if target in targets:
            raise _wrong(document, f"has two disks with target {target!r}: give each its own")
        targets.add(target)
        if disk.source is None and disk.device in (None, "disk", "lun"):
            raise NoSourceError(
                f"disk {target!r} of domain {document.name!r} has no <source>: only drives can be empty", domain=DOMAIN
            )
    for channel in document.devices.channels:
        if channel.target is None or channel.target.type is None:
            raise _wrong(document, "has a channel without <target type>: give it one, such as virtio")


def addresses(document: Domain) -> None:
    """Refuse two disks at one place of one controller."""
    taken: set[tuple[object, ...]] = set()
    for disk in document.devices.disks:
        place = disk.address
        if isinstance(place, DriveAddress) and disk.target is not None:
            key = (disk.target.bus, place.controller or 0, place.bus or 0, place.target or 0, place.unit or 0)
            if key in taken:
                raise _wrong(document, f"has disk {disk.target.dev!r} at the address of another disk")
            taken.add(key)


def _path(disk: Disk) -> str | None:
    source = disk.source
    return None if source is None else source.file or source.dev or source.dir or source.name or source.volume


def _wrong(document: Domain, problem: str) -> XMLError:
    return XMLError(f"domain {document.name!r} {problem}", domain=DOMAIN)


def _unsupported(document: Domain, problem: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(f"domain {document.name!r} {problem}", domain=DOMAIN)
