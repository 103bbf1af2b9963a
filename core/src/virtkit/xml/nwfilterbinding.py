"""Bindings of network filters to the interfaces of guests."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError
from virtkit.xml.element import Document, Element
from virtkit.xml.nwfilter import FilterRef
from virtkit.xml.schema import attrchild, child, textchild
from virtkit.xml.values import MAC, UUID, refused_as


class Owner(Element):
    """The domain whose interface it is."""

    name = textchild("name")
    uuid = textchild("uuid", UUID)


class NWFilterBinding(Document, tag="filterbinding", error_domain=ErrorDomain.NWFILTER):
    """The filter of an interface: of the device `port_dev` (or a device on `link_dev`) with the address `mac`."""

    owner = child("owner", Owner)
    port_dev = attrchild("portdev", "name")
    link_dev = attrchild("linkdev", "name")
    mac = attrchild("mac", "address", refused_as(InternalError, MAC))
    filterref = child("filterref", FilterRef)
