"""File systems of the host that the guest sees."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import VIRTIO_MODELS, Boot
from virtkit.xml.domain.devices.source import FILE_FORMATS
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, flag, size
from virtkit.xml.units import Size
from virtkit.xml.values import ON_OFF, UNSIGNED, octal, one_of


class FilesystemDriver(Element):
    """How the host serves the file system."""

    type = attribute("type", one_of("path", "handle", "loop", "nbd", "ploop", "virtiofs"))
    format = attribute("format", one_of(*FILE_FORMATS, error=ConfigUnsupportedError))
    wrpolicy = attribute("wrpolicy", one_of("immediate"))
    queue = attribute("queue", UNSIGNED)
    iommu = attribute("iommu", ON_OFF)
    ats = attribute("ats", ON_OFF)
    packed = attribute("packed", ON_OFF)
    page_per_vq = attribute("page_per_vq", ON_OFF)


class FilesystemLock(Element):
    """The locks that virtiofsd supports."""

    posix = attribute("posix", ON_OFF)
    flock = attribute("flock", ON_OFF)


class FilesystemBinary(Element):
    """The program virtiofsd and its options."""

    path = attribute("path")
    xattr = attribute("xattr", ON_OFF)
    cache = attrchild("cache", "mode", one_of("none", "always"))
    sandbox = attrchild("sandbox", "mode", one_of("namespace", "chroot"))
    lock = child("lock", FilesystemLock)
    thread_pool = attrchild("thread_pool", "size", UNSIGNED)


class FilesystemSource(Element):
    """The host's end. Which fields matter is told by the type of the file system.

    Attributes:
        dir: Path (mount, bind).
        socket: Path of the socket of a virtiofsd that somebody else runs (mount).
        file: Path (file).
        dev: Path (block).
        name: Name (template).
        pool: With volume (volume).
        usage: Size limit in KiB (ram).
    """

    dir = attribute("dir")
    socket = attribute("socket")
    file = attribute("file")
    dev = attribute("dev")
    name = attribute("name")
    pool = attribute("pool")
    volume = attribute("volume")
    usage = attribute("usage", Size("KiB", attribute="units"))


class Filesystem(Device):
    """A directory, file or block device that the guest mounts; `target` is a path, or a tag that the guest mounts.

    Attributes:
        fmode: Mode of new files.
        dmode: Mode of new directories.
        space_hard_limit: Bytes.
        space_soft_limit: Bytes.
    """

    type = attribute("type", one_of("file", "block", "mount", "bind", "template", "ram", "volume"))
    accessmode = attribute("accessmode", one_of("passthrough", "mapped", "squash"))
    model = attribute("model", one_of(*VIRTIO_MODELS))
    multidevs = attribute("multidevs", one_of("default", "remap", "forbid", "warn"))
    fmode = attribute("fmode", octal(4))
    dmode = attribute("dmode", octal(4))
    driver = child("driver", FilesystemDriver)
    binary = child("binary", FilesystemBinary)
    source = child("source", FilesystemSource)
    target = attrchild("target", "dir")
    readonly = flag("readonly")
    boot = child("boot", Boot)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
    space_hard_limit = size("space_hard_limit", "bytes")
    space_soft_limit = size("space_soft_limit", "bytes")
