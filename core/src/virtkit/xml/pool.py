"""Storage pools."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.address import PciPlace
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import (
    attrchild,
    attrchildren,
    attribute,
    child,
    children,
    elements,
    section,
    size,
    textchild,
)
from virtkit.xml.storage import FILE_SYSTEMS, AuthSecret, Permissions
from virtkit.xml.values import INT, PATH, UNSIGNED, UUID, YES_NO, one_of, refused_as

SOURCE_FORMAT = one_of(
    *("auto", *FILE_SYSTEMS, "nfs", "cifs", "glusterfs", "unknown", "lvm2"),
    *("dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun"),
    error=ConfigUnsupportedError,
)
"""Formats of file systems, of volume groups and of partition tables: which of them fit is the pool type's to say."""


class SourceHost(Element):
    """A server of storage."""

    name = attribute("name")
    port = attribute("port", INT)


class FreeExtent(Element):
    """A free stretch of a device, in bytes."""

    start = attribute("start", UNSIGNED)
    end = attribute("end", UNSIGNED)


class SourceDevice(Element):
    """A device of the host, or an iSCSI target."""

    path = attribute("path")
    part_separator = attribute("part_separator", YES_NO)
    free_extents = children("freeExtent", FreeExtent)


class ParentAddress(Element):
    """The PCI function that a SCSI host belongs to."""

    unique_id = attribute("unique_id", UNSIGNED)
    address = child("address", PciPlace)


class SourceAdapter(Element):
    """A SCSI host or Fibre Channel host."""

    type = attribute("type", one_of("scsi_host", "fc_host"))
    parent = attribute("parent")
    managed = attribute("managed", YES_NO)
    parent_wwnn = attribute("parent_wwnn")
    parent_wwpn = attribute("parent_wwpn")
    parent_fabric_wwn = attribute("parent_fabric_wwn")
    name = attribute("name")
    wwnn = attribute("wwnn")
    wwpn = attribute("wwpn")
    parent_address = child("parentaddr", ParentAddress)


class SourceFormat(Element):
    """The format on the source."""

    type = attribute("type", SOURCE_FORMAT)
    makers = elements("vendor", "product")


class SourceInitiator(Element):
    """The host's name towards an iSCSI server."""

    iqn = attrchild("iqn", "name")


class SourceAuth(Element):
    """How the host authenticates to the server."""

    type = attribute("type", one_of("chap", "ceph"))
    username = attribute("username")
    secret = child("secret", AuthSecret)


class PoolSource(Element, always_open=True):
    """Where a pool's storage comes from."""

    hosts = children("host", SourceHost)
    devices = children("device", SourceDevice)
    adapter = child("adapter", SourceAdapter)
    dir = attrchild("dir", "path", PATH)
    name = textchild("name")
    format = child("format", SourceFormat)
    initiator = child("initiator", SourceInitiator)
    auth = child("auth", SourceAuth)
    protocol = attrchild("protocol", "ver")
    vendor = attrchild("vendor", "name")
    product = attrchild("product", "name")


class PoolTarget(Element):
    """Where a pool's volumes appear on the host."""

    path = textchild("path", PATH)
    permissions = child("permissions", Permissions)


class PoolFeatures(Element):
    """Optional features of a pool."""

    cow = attrchild("cow", "state", YES_NO)


class Refresh(Element):
    """How a refresh measures volumes."""

    volume_allocation = attrchild("volume", "allocation", one_of("default", "capacity"))


class RbdOption(Element):
    """One setting of the Ceph client."""

    name = attribute("name")
    value = attribute("value")


class RbdOptions(Element):
    """Settings of the Ceph client."""

    options = children("rbd:option", RbdOption)


class MountOptions(Element):
    """Options of the mount."""

    options = attrchildren("fs:option", "name")


class StoragePool(Document, tag="pool", error_domain=ErrorDomain.STORAGE):
    """A storage pool; sizes are bytes."""

    type = attribute("type")
    name = textchild("name")
    uuid = textchild("uuid", refused_as(XMLError, UUID))
    capacity = size("capacity", "bytes")
    allocation = size("allocation", "bytes")
    available = size("available", "bytes")
    features = section("features", PoolFeatures)
    source = section("source", PoolSource, always=True)
    target = section("target", PoolTarget)
    refresh = child("refresh", Refresh)
    rbd_options = child("rbd:config_opts", RbdOptions)
    mount_options = child("fs:mount_opts", MountOptions)
