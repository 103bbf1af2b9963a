"""What kinds of storage pools a driver knows."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, textchildren
from virtkit.xml.values import YES_NO


class Enumeration(Element, always_open=True):
    """The words that a format can have."""

    name = attribute("name")
    values = textchildren("value")


class Options(Element):
    """Formats: the one that is assumed, and all."""

    default_format = attrchild("defaultFormat", "type")
    enums = children("enum", Enumeration)


class PoolSupport(Element, always_open=True):
    """A type of pools: formats of its source, and of its volumes."""

    type = attribute("type")
    supported = attribute("supported", YES_NO)
    pool_options = child("poolOptions", Options)
    volume_options = child("volOptions", Options)


class StoragePoolCapabilities(Document, tag="storagepoolCapabilities", error_domain=ErrorDomain.CAPABILITIES):
    """What kinds of storage pools a driver knows."""

    pools = children("pool", PoolSupport)
