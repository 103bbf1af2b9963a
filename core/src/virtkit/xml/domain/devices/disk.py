"""Disks, CD-ROM and floppy drives."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import POSITIVE, VIRTIO_MODELS, Boot, pattern
from virtkit.xml.domain.devices.source import FILE_FORMATS, STORAGE_TYPES, Auth, DiskSource, Format, MetadataCache
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, elements, flag, section, textchild
from virtkit.xml.storage import Encryption
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, one_of


class BackingStore(Element):
    """One file of the chain below a disk; an empty one (`type` is None) ends the chain."""

    type = attribute("type", STORAGE_TYPES)
    index = attribute("index", UNSIGNED)
    format = child("format", Format)
    source = child("source", DiskSource)
    backing_store = child("backingStore", lambda: BackingStore)


class Mirror(Element):
    """The copy that a running block job writes; `file` and `format_name` repeat source and format for old programs."""

    type = attribute("type", STORAGE_TYPES)
    file = attribute("file")
    format_name = attribute("format", one_of(*FILE_FORMATS))
    job = attribute("job", one_of("copy", "active-commit"))
    ready = attribute("ready", one_of("yes", "abort", "pivot"))
    format = child("format", Format)
    source = child("source", DiskSource)
    backing_store = child("backingStore", BackingStore)


class DiskDriver(Element):
    """How the hypervisor drives the disk; `type` is the format, `name` the back end."""

    name = attribute("name")
    type = attribute("type", one_of(*FILE_FORMATS, "aio", error=ConfigUnsupportedError))
    cache = attribute("cache", one_of("default", "none", "writeback", "writethrough", "directsync", "unsafe"))
    error_policy = attribute("error_policy", one_of("stop", "report", "ignore", "enospace"))
    rerror_policy = attribute("rerror_policy", one_of("stop", "report", "ignore"))
    io = attribute("io", one_of("threads", "native", "io_uring"))
    ioeventfd = attribute("ioeventfd", ON_OFF)
    event_idx = attribute("event_idx", ON_OFF)
    copy_on_read = attribute("copy_on_read", ON_OFF)
    discard = attribute("discard", one_of("unmap", "ignore"))
    iothread = attribute("iothread", UNSIGNED)
    detect_zeroes = attribute("detect_zeroes", one_of("off", "on", "unmap"))
    queues = attribute("queues", POSITIVE)
    queue_size = attribute("queue_size", POSITIVE)
    iommu = attribute("iommu", ON_OFF)
    ats = attribute("ats", ON_OFF)
    packed = attribute("packed", ON_OFF)
    page_per_vq = attribute("page_per_vq", ON_OFF)
    metadata_cache = section("metadata_cache", MetadataCache)


class Geometry(Element):
    """The geometry that the guest is told."""

    cylinders = attribute("cyls", UNSIGNED)
    heads = attribute("heads", UNSIGNED)
    sectors = attribute("secs", UNSIGNED)
    trans = attribute("trans", one_of("auto", "none", "lba"))


class BlockIo(Element):
    """The sizes of a block that the guest is told, in bytes."""

    logical_block_size = attribute("logical_block_size", UNSIGNED)
    physical_block_size = attribute("physical_block_size", UNSIGNED)


class DiskTarget(Element):
    """What the guest sees: `dev` is a name such as `vda`, `rotation_rate` is per minute (1: a solid-state disk)."""

    dev = attribute("dev")
    bus = attribute("bus", one_of("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd"))
    tray = attribute("tray", one_of("open", "closed"))
    removable = attribute("removable", ON_OFF)
    rotation_rate = attribute("rotation_rate", UNSIGNED)


class IoTune(Element):
    """Limits: bytes and requests per second, in bursts (`max`), for so many seconds (`max_length`)."""

    total_bytes_sec = textchild("total_bytes_sec", UNSIGNED)
    read_bytes_sec = textchild("read_bytes_sec", UNSIGNED)
    write_bytes_sec = textchild("write_bytes_sec", UNSIGNED)
    total_iops_sec = textchild("total_iops_sec", UNSIGNED)
    read_iops_sec = textchild("read_iops_sec", UNSIGNED)
    write_iops_sec = textchild("write_iops_sec", UNSIGNED)
    total_bytes_sec_max = textchild("total_bytes_sec_max", UNSIGNED)
    read_bytes_sec_max = textchild("read_bytes_sec_max", UNSIGNED)
    write_bytes_sec_max = textchild("write_bytes_sec_max", UNSIGNED)
    total_iops_sec_max = textchild("total_iops_sec_max", UNSIGNED)
    read_iops_sec_max = textchild("read_iops_sec_max", UNSIGNED)
    write_iops_sec_max = textchild("write_iops_sec_max", UNSIGNED)
    size_iops_sec = textchild("size_iops_sec", UNSIGNED)
    group_name = textchild("group_name")
    total_bytes_sec_max_length = textchild("total_bytes_sec_max_length", UNSIGNED)
    read_bytes_sec_max_length = textchild("read_bytes_sec_max_length", UNSIGNED)
    write_bytes_sec_max_length = textchild("write_bytes_sec_max_length", UNSIGNED)
    total_iops_sec_max_length = textchild("total_iops_sec_max_length", UNSIGNED)
    read_iops_sec_max_length = textchild("read_iops_sec_max_length", UNSIGNED)
    write_iops_sec_max_length = textchild("write_iops_sec_max_length", UNSIGNED)


class Transient(Element):
    """Changes are discarded when the guest stops; `share_backing`: several guests may do so with one file."""

    share_backing = attribute("shareBacking", YES_NO)


class Disk(Device):
    """A disk, CD-ROM or floppy drive; `source` is None where no medium is in."""

    type = attribute("type", STORAGE_TYPES)
    device = attribute("device", one_of("floppy", "disk", "cdrom", "lun"))
    model = attribute("model", one_of(*VIRTIO_MODELS))
    rawio = attribute("rawio", YES_NO)
    sgio = attribute("sgio", one_of("filtered", "unfiltered"))
    snapshot = attribute("snapshot", one_of("no", "internal", "external", "manual"))
    driver = child("driver", DiskDriver)
    auth = child("auth", Auth)
    source = child("source", DiskSource)
    backing_store = child("backingStore", BackingStore)
    mirror = child("mirror", Mirror)
    backend_domain = attrchild("backenddomain", "name")
    geometry = child("geometry", Geometry)
    blockio = child("blockio", BlockIo)
    target = child("target", DiskTarget)
    iotune = section("iotune", IoTune)
    readonly = flag("readonly")
    shareable = flag("shareable")
    transient = child("transient", Transient)
    serial = textchild("serial")
    wwn = textchild("wwn", pattern("(0x)?[0-9a-fA-F]{16}", "16 hexadecimal digits", InternalError, 0))
    vendor = textchild("vendor")
    product = textchild("product")
    encryption = child("encryption", Encryption)
    boot = child("boot", Boot)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
    private_data = elements("privateData")
    secrets_placement = elements("diskSecretsPlacement")
