"""Addresses of devices."""

from __future__ import annotations

from virtkit.xml.element import Element
from virtkit.xml.schema import attribute
from virtkit.xml.values import ON_OFF, hexadecimal


class PciPlace(Element):
    """Where a PCI function sits; parts that are left out mean 0."""

    domain = attribute("domain", hexadecimal(4, high=0xFFFFFFFF))
    bus = attribute("bus", hexadecimal(2))
    slot = attribute("slot", hexadecimal(2, high=0x1F))
    function = attribute("function", hexadecimal(1, high=7))
    multifunction = attribute("multifunction", ON_OFF)
