"""Disks: a chain of block nodes, and the device the guest sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from virtkit_qemu.command.context import NOTHING, VIRTIO_SUFFIXES, option, virtio
from virtkit_qemu.volumes import Place, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.disk import BackingStore, Disk
    from virtkit.xml.domain.devices.source import DiskSource
    from virtkit.xml.storage import Encryption
    from virtkit_qemu.command.context import Context

CACHE_MODES = {
    # mode -> (write cache of the device, direct, no-flush)
    "none": (True, True, False),
    "writeback": (True, False, False),
    "writethrough": (False, False, False),
    "directsync": (False, True, False),
    "unsafe": (True, False, True),
}
FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhdx", "qed", "vpc", "luks")
CHAINED = ("qcow2", "qed", "vmdk")
"""Formats of images that can stand on another."""
FILE_DRIVERS = {"file": "file", "block": "host_device"}
VIRTIO_ONLY = ("ioeventfd", "event_idx", "queues", "queue_size", "iothread", "iommu", "ats", "packed", "page_per_vq")
"""Settings of `driver` that only virtio disks have."""
ENCRYPTION = "luks"
"""The encryption that QEMU itself opens."""


@frozen
class Image:
    """One image of a chain.

    Attributes:
        place: Its file or block device.
        format: Its format.
        encryption: How it is encrypted; None: it is not.
        below: The image it stands on; None: what its header says.
        ends: It stands on nothing, whatever its header says.
    """

    place: Place
    format: str
    encryption: Encryption | None = None
    below: Image | None = None
    ends: bool = False


def encrypted(domain: Domain) -> Iterator[tuple[str, Disk, Encryption]]:
    """The encrypted images: QEMU's name of the object with the passphrase, the disk, and what the document says."""
    for number, disk in enumerate(domain.devices.disks, 1):
        name = f"virtkit-{number}"
        store: Disk | BackingStore | None = disk
        while store is not None and store.source is not None:
            encryption = encryption_of(store)
            if encryption is not None:
                yield secret_of(name), disk, encryption
            name, store = f"{name}-below", store.backing_store


def encryption_of(image: Disk | BackingStore) -> Encryption | None:
    """How an image is encrypted; a disk may tell it in its source or beside it."""
    inside = image.source.encryption if image.source is not None else None
    return inside or getattr(image, "encryption", None)


def secret_of(name: str) -> str:
    """The name of the object with the passphrase of an image."""
    return f"{name}-secret"


def arguments(context: Context) -> list[str]:
    """Passphrases, then nodes and device of every disk."""
    words: list[str] = []
    for name, descriptor in context.runtime.passphrases.items():
        words += ["-object", option({"qom-type": "secret", "id": name, "file": f"/proc/self/fd/{descriptor}"})]
    for number, disk in enumerate(context.domain.devices.disks, 1):
        image = _image(context, disk)
        if image is not None:
            words += _nodes(context, disk, image, f"virtkit-{number}")
        words += _device(context, disk, None if image is None else f"virtkit-{number}-format")
    return words


def _image(context: Context, disk: Disk) -> Image | None:
    """The image of a disk with all below it; None for an empty drive."""
    place = _place(context, disk, disk.type, disk.source)
    if place is None:
        if disk.device in ("cdrom", "floppy"):
            return None
        raise context.unsupported(f"disk {target_of(disk)} has no source", "give it a <source>")
    format_ = (disk.driver.type if disk.driver else None) or "raw"
    return Image(place, format_, encryption_of(disk), *_below(context, disk, disk.backing_store))


def _below(context: Context, disk: Disk, store: BackingStore | None) -> tuple[Image | None, bool]:
    """What an image stands on, and whether that is nothing."""
    if store is None or store.type is None:
        return None, store is not None
    place = _place(context, disk, store.type, store.source)
    if place is None:
        raise context.unsupported(f"a <backingStore> of disk {target_of(disk)} has no source", "give it a <source>")
    format_ = (store.format.type if store.format else None) or "raw"
    return Image(place, format_, encryption_of(store), *_below(context, disk, store.backing_store)), False


def _place(context: Context, disk: Disk, kind: str | None, source: DiskSource | None) -> Place | None:
    """Where an image is; None where nothing is said of it."""
    if kind == "volume":
        return None if source is None else context.runtime.volumes.get(key_of(source))
    if kind not in FILE_DRIVERS:
        raise context.unsupported(
            f"disk {target_of(disk)} has type {kind!r}", "use a disk of type file, block or volume"
        )
    path = None if source is None else source.dev if kind == "block" else source.file
    return None if path is None else Place(kind, path)


def _nodes(context: Context, disk: Disk, image: Image, name: str) -> list[str]:
    """The nodes of an image after those below it; only the uppermost image is written to."""
    if image.format not in FORMATS:
        raise context.unsupported(
            f"disk {target_of(disk)} has format {image.format!r}", f"use one of {', '.join(FORMATS)}"
        )
    driver = disk.driver
    top = not name.endswith("-below")
    below = f"{name}-below"
    common: dict[str, Any] = {
        "read-only": bool(disk.readonly) or disk.device == "cdrom" or not top,
        "cache": _cache(disk),
        "discard": (driver.discard if driver else None) or "unmap",
    }
    file: dict[str, Any] = {"driver": FILE_DRIVERS[image.place.type], "filename": image.place.path}
    file |= {"node-name": f"{name}-storage", "auto-read-only": True, "aio": driver.io if driver else None}
    format_: dict[str, Any] = {"driver": image.format, "node-name": f"{name}-format", "file": f"{name}-storage"}
    format_ |= _opening(context, disk, image, name)
    format_ |= {"detect-zeroes": driver.detect_zeroes if driver and top else None}
    if image.format in CHAINED and (image.below is not None or image.ends):
        format_["backing"] = NOTHING if image.below is None else f"{below}-format"
    words = _nodes(context, disk, image.below, below) if image.below is not None else []
    return [*words, "-blockdev", option(file | common), "-blockdev", option(format_ | common)]


def _opening(context: Context, disk: Disk, image: Image, name: str) -> dict[str, Any]:
    """What opens an encrypted image."""
    if image.encryption is None:
        return {}
    if image.encryption.format != ENCRYPTION:
        raise context.unsupported(f"disk {target_of(disk)} has another encryption than luks", "use format='luks'")
    if image.format == "raw":
        return {"driver": "luks", "key-secret": secret_of(name)}
    if image.format == "qcow2":
        return {"encrypt": {"format": "luks", "key-secret": secret_of(name)}}
    raise context.unsupported(f"disk {target_of(disk)} of format {image.format} is encrypted", "use raw or qcow2")


def _cache(disk: Disk) -> dict[str, bool] | None:
    mode = disk.driver.cache if disk.driver else None
    if mode in (None, "default"):
        return None
    _, direct, no_flush = CACHE_MODES[mode]
    return {"direct": direct, "no-flush": no_flush}


def target_of(disk: Disk) -> str:
    """What the document calls a disk."""
    return (disk.target.dev if disk.target else None) or "?"


def _device(context: Context, disk: Disk, node: str | None) -> list[str]:
    bus = disk.target.bus if disk.target else None
    builders = {"virtio": _virtio, "ide": _ide, "sata": _ide, "scsi": _scsi, "usb": _usb, "fdc": _floppy}
    if bus not in builders:
        raise context.unsupported(f"disk {target_of(disk)} is on bus {bus!r}", f"use one of {', '.join(builders)}")
    settings = disk.driver.content() if disk.driver else {}
    if bus != "virtio" and (found := next((name for name in VIRTIO_ONLY if name in settings), None)):
        raise context.unsupported(
            f"disk {target_of(disk)} on bus {bus} has <driver {found}>", "use it with bus='virtio'"
        )
    driver, properties = builders[bus](context, disk)
    return context.device(driver, disk.alias, **properties, drive=node, **_description(disk))


def _description(disk: Disk) -> dict[str, Any]:
    """What the guest is told about a disk."""
    driver, blockio, geometry = disk.driver, disk.blockio, disk.geometry
    values = {
        "serial": disk.serial,
        "wwn": int(disk.wwn, 16) if disk.wwn else None,
        "vendor": disk.vendor,
        "product": disk.product,
        "share-rw": True if disk.shareable else None,
        "write-cache": _write_cache(disk),
        "rerror": driver.rerror_policy if driver else None,
        "werror": ERROR_POLICIES.get(driver.error_policy or "") if driver else None,
        "rotation_rate": disk.target.rotation_rate if disk.target else None,
        "logical_block_size": blockio.logical_block_size if blockio else None,
        "physical_block_size": blockio.physical_block_size if blockio else None,
    }
    if geometry is not None:
        values |= {"cyls": geometry.cylinders, "heads": geometry.heads, "secs": geometry.sectors}
        values |= {"bios-chs-trans": geometry.trans}
    return values


def _write_cache(disk: Disk) -> str | None:
    mode = disk.driver.cache if disk.driver else None
    return None if mode in (None, "default") else "on" if CACHE_MODES[mode][0] else "off"


ERROR_POLICIES = {"stop": "stop", "report": "report", "ignore": "ignore", "enospace": "enospc"}

Properties = tuple[str, dict[str, Any]]


def _virtio(context: Context, disk: Disk) -> Properties:
    driver = disk.driver
    tuning = {
        "iothread": f"iothread{driver.iothread}" if driver and driver.iothread else None,
        "num-queues": driver.queues if driver else None,
        "queue-size": driver.queue_size if driver else None,
        "ioeventfd": driver.ioeventfd if driver else None,
        "event_idx": driver.event_idx if driver else None,
    }
    name = f"virtio-blk-pci{VIRTIO_SUFFIXES.get(disk.model or '', '')}"
    return name, context.place(disk.address) | tuning | virtio(driver)


def _ide(context: Context, disk: Disk) -> Properties:
    place = context.drive(disk.address)
    kind = "ide-cd" if disk.device == "cdrom" else "ide-hd"
    if disk.target and disk.target.bus == "sata":
        return kind, {"bus": f"{context.alias_of('sata', place.controller or 0)}.{place.unit or 0}"}
    return kind, {"bus": f"{context.alias_of('ide', place.controller or 0)}.{place.bus or 0}", "unit": place.unit or 0}


def _scsi(context: Context, disk: Disk) -> Properties:
    place = context.drive(disk.address)
    bus = f"{context.alias_of('scsi', place.controller or 0)}.0"
    kind = {"cdrom": "scsi-cd", "lun": "scsi-block"}.get(disk.device or "", "scsi-hd")
    controller = next(c for c in context.domain.devices.controllers if c.type == "scsi" and c.index == place.controller)
    if controller.model == "lsilogic":
        return kind, {"bus": bus, "scsi-id": place.unit or 0}
    return kind, {"bus": bus, "channel": 0, "scsi-id": place.target or 0, "lun": place.unit or 0}


def _usb(context: Context, disk: Disk) -> Properties:
    removable = disk.target.removable if disk.target else None
    return "usb-storage", context.place(disk.address) | {"removable": removable}


def _floppy(context: Context, disk: Disk) -> Properties:
    place = context.drive(disk.address)
    bus = {"bus": f"{context.alias_of('fdc', place.controller or 0)}.0"} if context.is_pcie else {}
    return "floppy", bus | {"unit": place.unit or 0}
