"""Controllers the machine has, and places on those for character devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.define.disks import ensure_controller
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import VirtioSerialAddress
from virtkit.xml.domain.devices.character import Channel, Port
from virtkit_qemu.define.machine import is_q35

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

SCSI_MODEL = "lsilogic"
USB_MODELS = {False: "piix3-uhci", True: "qemu-xhci"}
PCI_ROOTS = {False: "pci-root", True: "pcie-root"}
"""Whether it is a q35 -> the model of a controller that names none."""


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
    devices, q35 = document.devices, is_q35(document)
    highest = max((c.index or 0 for c in devices.controllers if c.type == "usb"), default=0)
    for index in range(highest + 1):
        ensure_controller(devices, "usb", index, USB_MODELS[q35])
    if q35:
        ensure_controller(devices, "sata", 0)
    ensure_controller(devices, "pci", 0, PCI_ROOTS[q35])


def fill_models(document: Domain) -> None:
    """Fill in models of controllers that name none."""
    q35 = is_q35(document)
    for controller in document.devices.controllers:
        if controller.type == "scsi" and controller.model in (None, "auto"):
            controller.model = SCSI_MODEL
        elif controller.type == "usb" and controller.model is None:
            controller.model = USB_MODELS[q35]
        elif controller.type == "pci" and controller.index == 0 and controller.model is None:
            controller.model = PCI_ROOTS[q35]


def place_virtio_serial(document: Domain) -> None:
    """Give channels a port on their virtio-serial controller. Port 0 is for consoles, which get theirs at the start."""
    channels = [c for c in document.devices.channels if c.target is not None and c.target.type == "virtio"]
    for channel in channels:
        given = channel.address
        address = given if isinstance(given, VirtioSerialAddress) else None
        if address is None:
            address = channel.address = VirtioSerialAddress(type="virtio-serial", controller=0, bus=0)
        if not address.port:
            taken = _ports(document, address.controller or 0)
            address.port = next(number for number in range(1, len(taken) + 2) if number not in taken)


def _ports(document: Domain, controller: int) -> set[int]:
    devices = document.devices
    ports: list[Port | Channel] = [*devices.consoles, *devices.channels]
    places = [port.address for port in ports]
    return {
        place.port
        for place in places
        if isinstance(place, VirtioSerialAddress) and (place.controller or 0) == controller and place.port is not None
    }
