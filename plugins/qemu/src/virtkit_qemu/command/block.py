"""Disks: a chain of block nodes, and the device the guest sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit_qemu.command.context import option

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.disk import Disk
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
FILE_DRIVERS = {"file": "file", "block": "host_device"}


def arguments(context: Context) -> list[str]:
    """Nodes and device of every disk."""
    words: list[str] = []
    for number, disk in enumerate(context.domain.devices.disks, 1):
        words += _nodes(context, disk, number)
        words += _device(context, disk, _node_name(disk, number))
    return words


def _node_name(disk: Disk, number: int) -> str | None:
    return None if _path(disk) is None else f"virtkit-{number}-format"


def _path(disk: Disk) -> str | None:
    """The file or block device of a disk; None for an empty drive."""
    source = disk.source
    return None if source is None else source.dev if disk.type == "block" else source.file


def _nodes(context: Context, disk: Disk, number: int) -> list[str]:
    if disk.type not in FILE_DRIVERS:
        raise context.unsupported(f"disk {_target(disk)} has type {disk.type!r}", "use a disk of type file or block")
    path = _path(disk)
    if path is None:
        if disk.device in ("cdrom", "floppy"):
            return []
        raise context.unsupported(f"disk {_target(disk)} has no source", "give it a <source>")
    driver = disk.driver
    kind = driver.type if driver and driver.type else "raw"
    if kind not in FORMATS:
        raise context.unsupported(f"disk {_target(disk)} has format {kind!r}", f"use one of {', '.join(FORMATS)}")
    read_only = disk.readonly or disk.device == "cdrom"
    storage = f"virtkit-{number}-storage"
    common = {"read-only": read_only, "cache": _cache(disk), "discard": (driver.discard if driver else None) or "unmap"}
    file = {"driver": FILE_DRIVERS[disk.type], "filename": path, "node-name": storage, "auto-read-only": True}
    format_ = {"driver": kind, "node-name": f"virtkit-{number}-format", "file": storage, **common}
    format_ |= {"detect-zeroes": driver.detect_zeroes if driver else None, "backing": _no_backing(disk, kind)}
    options = [option(file | {"aio": driver.io if driver else None} | common), _blockdev(format_)]
    return [word for each in options for word in ("-blockdev", each)]


def _blockdev(values: dict[str, Any]) -> str:
    text = option({key: value for key, value in values.items() if key != "backing"})
    return text[:-1] + ',"backing":null}' if values.get("backing") == "none" else text


def _no_backing(disk: Disk, kind: str) -> str | None:
    """`none` where the document ends the chain here: an image is then never asked what it stands on."""
    store = disk.backing_store
    return "none" if kind == "qcow2" and store is not None and store.type is None else None


def _cache(disk: Disk) -> dict[str, bool] | None:
    mode = disk.driver.cache if disk.driver else None
    if mode in (None, "default"):
        return None
    _, direct, no_flush = CACHE_MODES[mode]
    return {"direct": direct, "no-flush": no_flush}


def _target(disk: Disk) -> str:
    return (disk.target.dev if disk.target else None) or "?"


def _device(context: Context, disk: Disk, node: str | None) -> list[str]:
    bus = disk.target.bus if disk.target else None
    builders = {"virtio": _virtio, "ide": _ide, "sata": _ide, "scsi": _scsi, "usb": _usb, "fdc": _floppy}
    if bus not in builders:
        raise context.unsupported(f"disk {_target(disk)} is on bus {bus!r}", f"use one of {', '.join(builders)}")
    driver, properties = builders[bus](context, disk)
    shared = {
        "drive": node,
        "serial": disk.serial,
        "share-rw": True if disk.shareable else None,
        "write-cache": _write_cache(disk),
        "logical_block_size": disk.blockio.logical_block_size if disk.blockio else None,
        "physical_block_size": disk.blockio.physical_block_size if disk.blockio else None,
    }
    return context.device(driver, disk.alias, **properties, **shared)


def _write_cache(disk: Disk) -> str | None:
    mode = disk.driver.cache if disk.driver else None
    return None if mode in (None, "default") else "on" if CACHE_MODES[mode][0] else "off"


Properties = tuple[str, dict[str, Any]]


def _virtio(context: Context, disk: Disk) -> Properties:
    driver = disk.driver
    tuning = {
        "iothread": f"iothread{driver.iothread}" if driver and driver.iothread else None,
        "num-queues": driver.queues if driver else None,
        "queue-size": driver.queue_size if driver else None,
    }
    models = {"virtio-transitional": "-transitional", "virtio-non-transitional": "-non-transitional"}
    return f"virtio-blk-pci{models.get(disk.model or '', '')}", context.place(disk.address) | tuning


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
    return "floppy", {"unit": context.drive(disk.address).unit or 0}
