"""Controllers the machine has, those that devices need, and places on buses that are not PCI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import UsbAddress, VirtioSerialAddress
from virtkit.xml.domain.devices.controller import Controller
from virtkit_qemu.define.machine import is_q35

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

SCSI_MODEL = "lsilogic"


def prefer(document: Domain) -> None:
    """Settle what depends on the machine before disks are given places.

    Raises:
        ConfigUnsupportedError: A disk is on a bus the machine does not have.
    """
    if not is_q35(document):
        return
    for disk in document.devices.disks:
        target = disk.target
        if target is None:
            continue
        if target.bus == "ide" or (target.bus is None and (target.dev or "").startswith("hd")):
            raise ConfigUnsupportedError(
                f"domain {document.name!r}: disk {target.dev!r} is on bus ide, which machine q35 does not have; "
                "use bus='sata'",
                domain=ErrorDomain.QEMU,
            )


def add_board(document: Domain) -> None:
    """Add the controllers that every guest of the machine type has, after those that are given."""
    devices = document.devices
    if not any(controller.type == "usb" for controller in devices.controllers):
        model = "qemu-xhci" if is_q35(document) else "piix3-uhci"
        devices.controllers.append(Controller(type="usb", index=0, model=model))
    if is_q35(document):
        _ensure(document, Controller(type="sata", index=0))
    _ensure(document, Controller(type="pci", index=0, model="pcie-root" if is_q35(document) else "pci-root"))


def _ensure(document: Domain, controller: Controller) -> None:
    existing = document.devices.controllers
    if not any(known.type == controller.type and known.index == controller.index for known in existing):
        existing.append(controller)


def fill_models(document: Domain) -> None:
    """Fill in models of controllers that name none."""
    for controller in document.devices.controllers:
        if controller.type == "scsi" and controller.model in (None, "auto"):
            controller.model = SCSI_MODEL
        elif controller.type == "usb" and controller.model is None:
            controller.model = "qemu-xhci" if is_q35(document) else "piix3-uhci"
        elif controller.type == "pci" and controller.index == 0 and controller.model is None:
            controller.model = "pcie-root" if is_q35(document) else "pci-root"


def place(document: Domain) -> None:
    """Give places to devices on USB and virtio-serial."""
    _place_usb(document)
    _place_virtio_serial(document)


def _usb_devices(document: Domain) -> Iterator[Any]:
    """The devices on USB, in the order in which they get ports."""
    devices = document.devices
    yield from devices.hubs
    yield from (disk for disk in devices.disks if disk.target is not None and disk.target.bus == "usb")
    yield from (item for item in devices.inputs if item.bus == "usb")
    yield from devices.redirdevs
    yield from (sound for sound in devices.sounds if sound.model == "usb")


def _place_usb(document: Domain) -> None:
    usb = list(_usb_devices(document))
    taken = {(d.address.bus or 0, d.address.port) for d in usb if isinstance(d.address, UsbAddress)}
    number = 1
    for device in usb:
        if device.address is None:
            while (0, str(number)) in taken:
                number += 1
            taken.add((0, str(number)))
            device.address = UsbAddress(type="usb", bus=0, port=str(number))


def _place_virtio_serial(document: Domain) -> None:
    devices = document.devices
    consoles: list[Any] = [c for c in devices.consoles if c.target is not None and c.target.type == "virtio"]
    channels: list[Any] = [c for c in devices.channels if c.target is not None and c.target.type == "virtio"]
    for group, first in ((consoles, 0), (channels, 1)):
        for device in group:
            given = device.address
            address = given if isinstance(given, VirtioSerialAddress) else None
            if address is None:
                address = VirtioSerialAddress(type="virtio-serial", controller=0, bus=0)
                device.address = address
            if not address.port:
                taken = _ports(document, address.controller or 0)
                address.port = next(number for number in range(first, len(taken) + 2) if number not in taken)


def _ports(document: Domain, controller: int) -> set[int]:
    devices = document.devices
    ports: list[Any] = [*devices.consoles, *devices.channels]
    places = [port.address for port in ports]
    return {
        place.port
        for place in places
        if isinstance(place, VirtioSerialAddress) and (place.controller or 0) == controller and place.port is not None
    }
