"""Where devices sit: on a PCI bus, on a controller, in a slot; one class per type of address."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.xml.address import PciPlace
from virtkit.xml.domain.devices.parts import pattern
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, child, choice
from virtkit.xml.values import UNSIGNED, hexadecimal, integer

USB_PORT = pattern("[0-9]+([.][0-9]+){0,3}", "a path of USB ports such as 1.2", InternalError, ErrorDomain.DEVICE)


class Address(Element):
    """Any address; as it stands, one that is only a type (`virtio-mmio`, `unassigned`)."""

    type = attribute("type")


class Zpci(Element):
    """The identifiers of a PCI device of s390."""

    uid = attribute("uid", hexadecimal(4))
    fid = attribute("fid", hexadecimal(8))


class PciAddress(PciPlace, Address):
    """A PCI function; all parts None: yet to be assigned."""

    zpci = child("zpci", Zpci)


class DriveAddress(Address):
    """A place on a controller of disks."""

    controller = attribute("controller", UNSIGNED)
    bus = attribute("bus", UNSIGNED)
    target = attribute("target", UNSIGNED)
    unit = attribute("unit", UNSIGNED)


class VirtioSerialAddress(Address):
    """A port of a virtio-serial controller."""

    controller = attribute("controller", UNSIGNED)
    bus = attribute("bus", UNSIGNED)
    port = attribute("port", UNSIGNED)


class CcidAddress(Address):
    """A slot of a reader of smart cards."""

    controller = attribute("controller", UNSIGNED)
    slot = attribute("slot", UNSIGNED)


class UsbAddress(Address):
    """A place on a USB controller: `port` is a path such as `1.2`; of a host's device, its number `device`."""

    bus = attribute("bus", integer(0, 0xFFFFFFFF, prefixed=True))
    port = attribute("port", USB_PORT)
    device = attribute("device", integer(0, 0xFFFFFFFF, prefixed=True))


class SpaprVioAddress(Address):
    """A register of a pSeries machine."""

    reg = attribute("reg", hexadecimal(8, high=2**64 - 1))


class CcwAddress(Address):
    """A channel of s390."""

    cssid = attribute("cssid", hexadecimal(1, high=0xFE))
    ssid = attribute("ssid", hexadecimal(1, high=3))
    devno = attribute("devno", hexadecimal(4))


class IsaAddress(Address):
    """An I/O port and an interrupt."""

    iobase = attribute("iobase", hexadecimal(1, high=0xFFFFFFFF))
    irq = attribute("irq", hexadecimal(1, high=0xFFFFFFFF))


class DimmAddress(Address):
    """A slot for memory and the guest's physical address."""

    slot = attribute("slot", UNSIGNED)
    base = attribute("base", hexadecimal(1, high=2**64 - 1))


ADDRESSES: dict[str, type[Address]] = {
    "pci": PciAddress,
    "drive": DriveAddress,
    "virtio-serial": VirtioSerialAddress,
    "ccid": CcidAddress,
    "usb": UsbAddress,
    "spapr-vio": SpaprVioAddress,
    "ccw": CcwAddress,
    "isa": IsaAddress,
    "virtio-mmio": Address,
    "dimm": DimmAddress,
    "unassigned": Address,
}
"""Class by type."""


def place() -> Address | None:
    """The field of a device's address."""
    return choice("address", "type", ADDRESSES, error=ConfigUnsupportedError, missing=InternalError)


class Device(Element):
    """What can have a name and a place; each class has these fields where libvirt prints them.

    Attributes:
        alias: A user's names begin with `ua-`; all others belong to the running guest.
        acpi_index: Number by which the guest names the device.
    """

    alias: str | None
    acpi_index: int | None
    address: Address | None
