"""Addresses of devices: parts left out are 0, and an address that says nothing is none."""

from __future__ import annotations

from collections.abc import Iterable

from virtkit.xml.address import PciPlace
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.address import Address, DriveAddress, PciAddress, VirtioSerialAddress
from virtkit.xml.element import Element

PCI_PARTS = ("domain", "bus", "slot", "function")
PARTS: dict[type[Address], tuple[str, ...]] = {
    PciAddress: PCI_PARTS,
    DriveAddress: ("controller", "bus", "target", "unit"),
    VirtioSerialAddress: ("controller", "bus"),
}
"""Class -> the parts that are always told."""


def fill(document: Domain) -> None:
    """Complete the addresses that a definition gives."""
    for _, device in document.devices.plugged():
        address = device.address
        if address is None:
            continue
        parts = PARTS.get(type(address), ())
        if isinstance(address, PciAddress) and not any(getattr(address, part) for part in parts):
            device.address = None  # no device can be where the host bridge is: the place is yet to be chosen
            continue
        _complete(address, parts)
    for hostdev in document.devices.hostdevs:
        place = getattr(getattr(hostdev, "source", None), "address", None)
        if isinstance(place, PciPlace):
            _complete(place, PCI_PARTS)


def _complete(address: Element, parts: Iterable[str]) -> None:
    for part in parts:
        if getattr(address, part) is None:
            setattr(address, part, 0)
