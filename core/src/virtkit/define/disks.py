"""Disks: kind, bus and place of each, their order, and the controllers they and other devices need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices import Devices
from virtkit.xml.domain.devices.address import Address, CcidAddress, DriveAddress, VirtioSerialAddress
from virtkit.xml.domain.devices.controller import Controller
from virtkit.xml.domain.devices.disk import Disk, DiskTarget

T = TypeVar("T")

BUS_OF_PREFIX = {"xvd": "xen", "ubd": "uml", "hd": "ide", "fd": "fdc", "sd": "scsi", "vd": "virtio"}
"""Bus of a disk that names none, by the start of its target."""

PROTOCOL_PORTS = {
    "nbd": 10809, "iscsi": 3260, "gluster": 24007, "http": 80, "https": 443, "ftp": 21, "ftps": 990, "tftp": 69,
    "ssh": 22, "sheepdog": 7000, "vxhs": 9999,
}  # fmt: skip
"""Ports of network disks that name none; the other protocols have no port of their own."""

ICH9_PARTS = frozenset(("ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3"))
"""USB controllers that together are one."""

NARROW, WIDE = 7, 16
"""Units on a SCSI controller. A wide one skips unit 7, its own."""


def letter_index(target: str) -> int:
    """The place of a target among those of its prefix: 0 for `sda`, 26 for `sdaa`; -1 for a name without prefix."""
    prefix = prefix_of(target)
    letters = target.removeprefix(prefix).rstrip("0123456789")
    if not prefix or not letters or not letters.isascii() or not letters.islower():
        return -1
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1


def prefix_of(target: str) -> str:
    """The known start of a target's name; empty if none is."""
    return next((prefix for prefix in BUS_OF_PREFIX if target.startswith(prefix)), "")


def arrange(document: Domain, *, wide_scsi: bool = False) -> None:
    """Sort disks and controllers, and fill in what disks leave out."""
    devices = document.devices
    if devices.disks:
        devices.disks = _grouped(devices.disks, lambda disk: disk.target.bus if disk.target else None, _letter)
    if devices.controllers:
        devices.controllers = sorted_controllers(devices.controllers)
        number_controllers(devices.controllers)
    for disk in devices.disks:
        fill_disk(disk)
        if disk.address is None:
            disk.address = _place(disk, wide_scsi=wide_scsi)
    if devices.hostdevs:
        _place_hostdevs(devices, NARROW if not wide_scsi else WIDE)


def _grouped(items: Iterable[T], group: Callable[[T], object], key: Callable[[T], float]) -> list[T]:
    """The items by group in order of first appearance, and sorted inside."""
    items = list(items)
    groups = list(dict.fromkeys(map(group, items)))
    return sorted(items, key=lambda item: (groups.index(group(item)), key(item)))


def sorted_controllers(controllers: Iterable[Controller]) -> list[Controller]:
    """The controllers by type in order of first appearance, inside by index; one without comes after all before it."""
    result: list[Controller] = []
    for controller in controllers:
        same = [at for at, other in enumerate(result) if other.type == controller.type]
        above = (at for at in same if controller.index is not None and (result[at].index or 0) > controller.index)
        result.insert(next(above, same[-1] + 1 if same else len(result)), controller)
    return result


def _letter(disk: Disk) -> float:
    return letter_index(disk.target.dev or "") if disk.target is not None else -1


def number_controllers(controllers: list[Controller]) -> None:
    """Give each controller without index the lowest free one of its type, and the parts of an ICH9 the same."""
    previous: dict[str | None, Controller] = {}
    for controller in controllers:
        same = [other for other in controllers if other.type == controller.type]
        before = previous.get(controller.type)
        if controller.index is None and before is not None and _belong_together(controller, before, same):
            controller.index = before.index
        elif controller.index is None:
            taken = {other.index for other in same}
            controller.index = next(index for index in range(len(taken) + 1) if index not in taken)
        previous[controller.type] = controller


def _belong_together(controller: Controller, before: Controller, same: list[Controller]) -> bool:
    """Whether one controller and that before it are parts of one ICH9, which has each part once."""
    parts = [other.model for other in same if other.index == before.index]
    known = controller.master_startport is not None or controller.model == "ich9-ehci1"
    return known and {controller.model, before.model} <= ICH9_PARTS and controller.model not in parts


def fill_disk(disk: Disk) -> None:
    """Fill in kind, bus and ports of a disk; drop what says nothing.

    Raises:
        XMLError: Its target tells no bus, or it is a volume of a pool and one of the two is not named.
    """
    disk.type = disk.type or "file"
    disk.device = disk.device or "disk"
    target = disk.target or DiskTarget()
    if target.bus is None:
        prefix = prefix_of(target.dev or "")
        if not prefix:
            raise XMLError(
                f"disk {target.dev!r} has no bus and its name tells none: name one as <target bus='virtio'>",
                domain=ErrorDomain.DOMAIN,
            )
        target.bus = "fdc" if disk.device == "floppy" else BUS_OF_PREFIX[prefix]
    if disk.device == "cdrom":
        disk.readonly = True
    if disk.source is None:
        disk.type = "file"  # libvirt reads the kind of a drive without <source> from nowhere
    elif not disk.source.content():
        disk.source = None
    elif disk.type == "volume" and not (disk.source.pool and disk.source.volume):
        raise XMLError(
            f"disk {target.dev!r} is a volume of a pool: name both, as <source pool='default' volume='root.img'/>",
            domain=ErrorDomain.DOMAIN,
        )
    if disk.driver is not None and disk.driver.cache == "default":
        disk.driver.cache = None
    if disk.source is not None and disk.source.protocol in PROTOCOL_PORTS:
        for host in disk.source.hosts:
            if host.port is None and host.transport in (None, "tcp"):
                host.port = PROTOCOL_PORTS[disk.source.protocol]


def _place(disk: Disk, *, wide_scsi: bool) -> DriveAddress | None:
    """The place on a controller that a disk's letter stands for; None for buses without such places."""
    index = int(_letter(disk))
    if index < 0:
        return None
    match _bus(disk):
        case "scsi" if wide_scsi:
            controller, unit = divmod(index, WIDE - 1)
            return _drive(controller, 0, unit + (unit >= NARROW))
        case "scsi":
            controller, unit = divmod(index, NARROW)
            return _drive(controller, 0, unit)
        case "ide":
            return _drive(index // 4, index % 4 // 2, index % 2)
        case "sata":
            return _drive(index // 6, 0, index % 6)
        case "fdc":
            return _drive(index // 2, 0, index % 2)
    return None


def _drive(controller: int, bus: int, unit: int) -> DriveAddress:
    return DriveAddress(type="drive", controller=controller, bus=bus, target=0, unit=unit)


def _place_hostdevs(devices: Devices, units: int) -> None:
    """Give the host's SCSI devices free units."""
    places = [disk.address for disk in devices.disks if _bus(disk) == "scsi"]
    places += [hostdev.address for hostdev in devices.hostdevs]
    taken = {(place.controller, place.unit) for place in places if isinstance(place, DriveAddress)}
    for hostdev in devices.hostdevs:
        if hostdev.type == "scsi" and hostdev.address is None:
            free = ((number // units, number % units) for number in range(units * (len(taken) + 1)))
            controller, unit = next(p for p in free if p not in taken and (units == NARROW or p[1] != NARROW))
            taken.add((controller, unit))
            hostdev.address = _drive(controller, 0, unit)


def _bus(disk: Disk) -> str | None:
    return disk.target.bus if disk.target is not None else None


def add_controllers(document: Domain) -> None:
    """Add the controllers that devices sit on and the definition does not have."""
    devices = document.devices
    if devices.disks or devices.hostdevs:
        _add_drive_controllers(devices)
    for place in _virtio_serials(devices) if devices.channels or devices.consoles else ():
        number = place.controller if isinstance(place, VirtioSerialAddress) else None
        ensure_controller(devices, "virtio-serial", number or 0)
    for card in devices.smartcards:
        if isinstance(card.address, CcidAddress):
            ensure_controller(devices, "ccid", card.address.controller or 0)


def _add_drive_controllers(devices: Devices) -> None:
    places = [(_bus(disk), disk.address) for disk in devices.disks]
    places += [(hostdev.type, hostdev.address) for hostdev in devices.hostdevs if hostdev.type == "scsi"]
    numbers = [(bus, place.controller or 0) for bus, place in places if isinstance(place, DriveAddress)]
    for bus in ("scsi", "fdc", "ide", "sata") if numbers else ():
        for index in range(max((number for other, number in numbers if other == bus), default=-1) + 1):
            ensure_controller(devices, bus, index)


def ensure_controller(devices: Devices, kind: str, index: int, model: str | None = None) -> None:
    """Add the controller of a type and index unless it is there; `model` is that of one that is added."""
    for controller in devices.controllers:
        if controller.type == kind and controller.index == index:
            return
    devices.controllers.append(Controller(type=kind, index=index, model=model))


def _virtio_serials(devices: Devices) -> list[Address | None]:
    """The addresses of the ports of virtio-serial controllers."""
    channels = [channel.address for channel in devices.channels if channel.target and channel.target.type == "virtio"]
    consoles = [console.address for console in devices.consoles if console.target and console.target.type == "virtio"]
    return channels + consoles
