"""Addresses of devices: parts left out are 0, and an address that says nothing is none."""

from __future__ import annotations

from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.address import Address, DriveAddress, PciAddress, VirtioSerialAddress

PARTS: dict[type[Address], tuple[str, ...]] = {
    PciAddress: ("domain", "bus", "slot", "function"),
    DriveAddress: ("controller", "bus", "target", "unit"),
    VirtioSerialAddress: ("controller", "bus"),
}
"""Class -> the parts that are always told."""


def fill(document: Domain) -> None:
    """Complete the addresses that a definition gives."""
    for _, device in document.devices.plugged():
        address = device.address
        parts = PARTS.get(type(address), ())
        if isinstance(address, PciAddress) and not any(getattr(address, part) for part in parts):
            device.address = None  # no device can be where the host bridge is: the place is yet to be chosen
            continue
        for part in parts:
            if getattr(address, part) is None:
                setattr(address, part, 0)
