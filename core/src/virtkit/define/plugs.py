"""What devices must have, and what no two of them may share."""

from __future__ import annotations

from collections.abc import Iterable

from virtkit.define.checks import DOMAIN, first_repeated, unsupported, wrong
from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, NoSourceError, NoTargetError, XMLError
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.address import DriveAddress
from virtkit.xml.domain.devices.character import CharacterDevice
from virtkit.xml.domain.devices.disk import Disk

SOURCE_FIELDS = {
    "file": "path", "dev": "path", "pipe": "path", "unix": "path", "tcp": "host", "udp": "host", "nmdm": "master",
    "spiceport": "channel",
}  # fmt: skip
"""What the source of a character device must have, by type."""

INTERFACES_WITH_SOURCE = ("network", "bridge", "direct", "vhostuser", "vdpa", "internal", "vds")


def given(document: Domain) -> None:
    """Refuse devices that lack what nothing can fill in."""
    devices = document.devices
    if devices.disks:
        _disks(document)
    _interfaces(document)
    _characters(document)
    _shared(document)
    if devices.watchdog is not None and devices.watchdog.model is None:
        raise _lacking(document, "watchdog", "model")
    for device in devices.inputs:
        if device.type is None:
            raise _lacking(document, "input", "type")
    for server in devices.graphics:
        if server.type is None:
            raise XMLError(f"a graphics device of domain {document.name!r} has no type", domain=ErrorDomain.XML)
    for rng in devices.rngs:
        if rng.backend is None:
            raise wrong(document, "has an rng without <backend>: give it one")
    if len(devices.videos) > 1 and sum(bool(video.model and video.model.primary) for video in devices.videos) > 1:
        raise unsupported(document, "has two primary video cards: mark one")


def completed(document: Domain) -> None:
    """Refuse devices that are in each other's way."""
    devices = document.devices
    shown = devices.consoles[0] if devices.serials and devices.consoles else None  # has the alias of a serial port
    aliases, orders = [], []
    for _, device in devices.plugged():
        if device.alias and device is not shown:
            aliases.append(device.alias)
        if (boot := getattr(device, "boot", None)) is not None:
            orders.append(boot.order)
    _unique(document, "the alias", aliases)
    if orders and document.os.boot:
        raise unsupported(document, "has both <os><boot> and devices with a <boot order>: keep one of the two")
    _unique(document, "the boot order", orders)
    if devices.disks:
        _unique(document, "the address", (place for disk in devices.disks if (place := _place(disk))))
    alone = [(each.type, each.index) for each in devices.controllers if each.master_startport is None]
    if repeated := first_repeated(alone):
        raise wrong(document, f"has two controllers {repeated[0]}: give each its own index")
    for console in devices.consoles[1:]:
        if console.target is None or console.target.type == "serial":
            raise unsupported(document, "has two serial consoles: only the first console can be one")
    if devices.redirdevs and not any(c.type == "usb" and c.model != "none" for c in devices.controllers):
        raise unsupported(document, "has a redirdev and no USB controller: add one")


def _unique(document: Domain, what: str, values: Iterable[object]) -> None:
    if repeated := first_repeated(values):
        raise unsupported(document, f"has {what} {repeated[0]} twice: change one of them")


def _place(disk: Disk) -> tuple[object, ...] | None:
    place = disk.address
    if not isinstance(place, DriveAddress) or disk.target is None:
        return None
    return (disk.target.bus, place.controller or 0, place.bus or 0, place.target or 0, place.unit or 0)


def _disks(document: Domain) -> None:
    for disk in document.devices.disks:
        target = disk.target.dev if disk.target is not None else None
        source = _path(disk)
        if not target:
            raise NoTargetError(
                f"a disk of domain {document.name!r} (source {source}) has no <target dev>: give it one, such as vda",
                domain=DOMAIN,
                str2=source,
            )
        if disk.source is None and disk.device in (None, "disk", "lun"):
            raise NoSourceError(
                f"disk {target!r} of domain {document.name!r} has no <source>: only drives can be empty", domain=DOMAIN
            )
    targets = (disk.target.dev for disk in document.devices.disks if disk.target is not None)
    if repeated := first_repeated(targets):
        raise wrong(document, f"has two disks with target {repeated[0]!r}: give each its own")


def _path(disk: Disk) -> str | None:
    source = disk.source
    return None if source is None else source.file or source.dev or source.dir or source.name or source.volume


def _interfaces(document: Domain) -> None:
    for interface in document.devices.interfaces:
        if interface.type in INTERFACES_WITH_SOURCE and interface.source is None:
            raise wrong(document, f"has an interface of type {interface.type!r} without <source>: give it one")
        address = interface.mac.address if interface.mac is not None else None
        if address is not None and int(address[:2], 16) & 1:
            raise wrong(document, f"has an interface with the multicast address {address}: the first byte is even")


def _characters(document: Domain) -> None:
    devices = document.devices
    for device in (*devices.serials, *devices.parallels, *devices.consoles, *devices.channels, *devices.redirdevs):
        _source(document, device)
    for channel in devices.channels:
        if channel.target is None or channel.target.type is None:
            raise wrong(document, "has a channel without <target type>: give it one, such as virtio")


def _source(document: Domain, device: CharacterDevice) -> None:
    field = SOURCE_FIELDS.get(device.type or "pty")
    # A channel's socket gets its path from the hypervisor.
    if field is None or (device.type == "unix" and not device.sources):
        return
    if not any(getattr(source, field) for source in device.sources):
        raise _lacking(document, f"character device of type {device.type!r}", f"<source {field}>")


def _shared(document: Domain) -> None:
    for filesystem in document.devices.filesystems:
        source = filesystem.source
        if source is None or not source.content():
            raise NoSourceError(
                f"file system {filesystem.target!r} of domain {document.name!r} has no <source>", domain=DOMAIN
            )
        if not filesystem.target and not source.socket:
            shown = source.dir or source.file or source.dev or source.name or source.volume
            raise NoTargetError(
                f"file system {shown!r} of domain {document.name!r} has no <target dir>", domain=DOMAIN, str2=shown
            )
    for hostdev in document.devices.hostdevs:
        if hostdev.source is None:
            raise wrong(document, "has a hostdev without <source>: say which device of the host it is")


def _lacking(document: Domain, device: str, part: str) -> InternalError:
    return InternalError(f"a {device} of domain {document.name!r} has no {part}: give it one", domain=DOMAIN)
