"""Storage volumes."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, flag, section, size, textchild
from virtkit.xml.storage import FILE_SYSTEMS, Encryption, Permissions, Timestamps
from virtkit.xml.values import UNSIGNED, one_of

VOLUME_TYPES = ("file", "block", "dir", "network", "netdir", "ploop")

_IMAGES = ("raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "luks", "cow", "qcow")
_PARTITIONS = ("linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", "extended")

FORMAT = one_of(
    *("none", "auto", "unknown", *_IMAGES, "qcow2", "qed", "vmdk", "vhdx", *FILE_SYSTEMS, *_PARTITIONS),
    error=ConfigUnsupportedError,
)
"""Formats of images, of file systems and of partitions: which of them fit is the pool's to say.

libvirt has no word for `vhdx` and shows such a file as raw.
"""


class Extent(Element):
    """A stretch of a device, in bytes."""

    start = attribute("start", UNSIGNED)
    end = attribute("end", UNSIGNED)


class VolumeDevice(Element):
    """A device that holds a part of a volume."""

    path = attribute("path")
    extents = children("extent", Extent)


class VolumeSource(Element):
    """Where a volume lies on its pool's devices."""

    devices = children("device", VolumeDevice)


class Features(Element):
    """Optional features of the image format."""

    lazy_refcounts = flag("lazy_refcounts")
    extended_l2 = flag("extended_l2")


class VolumeTarget(Element):
    """The volume as the host sees it."""

    path = textchild("path")
    format = attrchild("format", "type", FORMAT)
    permissions = child("permissions", Permissions)
    timestamps = child("timestamps", Timestamps)
    encryption = child("encryption", Encryption)
    compat = textchild("compat")
    nocow = flag("nocow")
    cluster_size = size("clusterSize", "B", default="bytes")
    features = child("features", Features)


class VolumeBacking(Element):
    """The image under a copy-on-write image."""

    path = textchild("path")
    format = attrchild("format", "type", FORMAT)
    permissions = child("permissions", Permissions)
    timestamps = child("timestamps", Timestamps)


class StorageVolume(Document, tag="volume", error_domain=ErrorDomain.STORAGE):
    """A storage volume; sizes are bytes."""

    type = attribute("type", one_of(*VOLUME_TYPES, error=ConfigUnsupportedError))
    name = textchild("name")
    key = textchild("key")
    source = section("source", VolumeSource)
    capacity = size("capacity", "bytes")
    allocation = size("allocation", "bytes")
    physical = size("physical", "bytes")
    target = section("target", VolumeTarget)
    backing_store = child("backingStore", VolumeBacking)
