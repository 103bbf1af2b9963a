"""Names of a run: the aliases of devices, in the document as in QEMU, and the numbers of images."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

from virtkit.define.disks import letter_index
from virtkit.xml.domain.devices.address import DriveAddress
from virtkit.xml.domain.devices.disk import BackingStore
from virtkit_qemu.define.machine import is_q35

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.controller import Controller
    from virtkit.xml.domain.devices.disk import Disk

COUNTED = {
    "interfaces": "net",
    "serials": "serial",
    "parallels": "parallel",
    "channels": "channel",
    "inputs": "input",
    "sounds": "sound",
    "videos": "video",
    "hostdevs": "hostdev",
    "redirdevs": "redir",
    "hubs": "hub",
    "rngs": "rng",
    "shmems": "shmem",
    "tpms": "tpm",
    "smartcards": "smartcard",
    "filesystems": "fs",
}
"""Devices numbered by their place among their kind: field -> start of the alias."""

SINGLE = {"memballoon": "balloon0", "watchdog": "watchdog0", "vsock": "vsock0", "iommu": "iommu0", "nvram": "nvram"}


def live(document: Domain) -> Domain:
    """A copy of a complete definition in which every device has its alias and every image its number.

    An alias that the user chose stays. Panic devices have none.
    """
    document = document.copy()
    devices = document.devices
    for name, start in COUNTED.items():
        for number, device in enumerate(getattr(devices, name)):
            device.alias = device.alias or f"{start}{number}"
    for name, alias in SINGLE.items():
        device = getattr(devices, name)
        if device is not None:
            device.alias = device.alias or alias
    for disk in devices.disks:
        disk.alias = disk.alias or _disk(disk, devices.controllers)
    for controller in devices.controllers:
        controller.alias = controller.alias or _controller(controller, express=is_q35(document))
    _name_consoles(devices)
    _number_images(devices.disks)
    return document


def _number_images(disks: list[Disk]) -> None:
    """Number the images from those of the last disk on, each before the ones it stands on.

    A raw image stands on nothing; what another one stands on may be told by its own header.
    """
    numbers = count(1)
    for disk in reversed(disks):
        number = next(numbers)
        if disk.source is None:
            if disk.driver is not None:
                disk.driver.type = None
            continue
        disk.source.index = number
        if disk.backing_store is None and disk.driver is not None and disk.driver.type == "raw":
            disk.backing_store = BackingStore()
        below = disk.backing_store
        while below is not None and below.type is not None:
            below.index = next(numbers)
            below = below.backing_store


def _name_consoles(devices: Any) -> None:
    """The console that shows the first serial port shares its alias."""
    for number, console in enumerate(devices.consoles):
        shown = number == 0 and console.target is not None and console.target.type == "serial" and devices.serials
        console.alias = console.alias or (devices.serials[0].alias if shown else f"console{number}")


def _disk(disk: Disk, controllers: Iterable[Controller]) -> str:
    bus = (disk.target.bus if disk.target else None) or "disk"
    place = disk.address
    if not isinstance(place, DriveAddress):
        return f"{bus}-disk{letter_index((disk.target.dev if disk.target else None) or '')}"
    controller, unit = place.controller or 0, place.unit or 0
    if bus == "scsi":
        model = next((c.model for c in controllers if c.type == "scsi" and c.index == controller), None)
        if model != "lsilogic":
            return f"scsi{controller}-{place.bus or 0}-{place.target or 0}-{unit}"
    return f"{bus}{controller}-{place.bus or 0}-{unit}"


def _controller(controller: Controller, *, express: bool) -> str:
    kind, index = controller.type or "controller", controller.index or 0
    if kind == "pci":
        return "pcie.0" if index == 0 and express else f"pci.{index}"
    if kind == "usb" and index == 0:
        return "usb"
    if index == 0 and (kind == "ide" or (kind == "sata" and express)):
        return "ide"
    return f"{kind}{index}"
