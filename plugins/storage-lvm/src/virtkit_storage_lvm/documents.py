"""What the documents of pools and volumes say about volume groups; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import StorageVolType
from virtkit.storage.backend import Volume
from virtkit_storage_lvm import naming

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtkit.xml.pool import PoolSource, StoragePool
    from virtkit.xml.volume import StorageVolume
    from virtkit_storage_lvm.reports import Device, LogicalVolume


def group_of(pool: StoragePool) -> str:
    """The volume group of a pool."""
    return pool.source.name or ""


def subject_of(pool: StoragePool) -> str:
    """What messages call a pool."""
    return f"storage pool {pool.name!r}"


def devices_of(pool: StoragePool) -> list[str]:
    """The devices that a definition names."""
    return [device.path for device in pool.source.devices if device.path]


def sources(devices: Iterable[Device]) -> list[PoolSource]:
    """A source for each group that physical volumes are in, in the order in which they are met."""
    from virtkit.xml.pool import PoolSource, SourceDevice, SourceFormat

    found: dict[str, PoolSource] = {}
    for device in devices:
        if device.group and not device.missing:
            source = found.setdefault(
                device.group, PoolSource(name=device.group, format=SourceFormat(type="lvm2"), devices=[])
            )
            source.devices.append(SourceDevice(path=device.path))
    return list(found.values())


def volume_of(group: str, found: LogicalVolume) -> Volume:
    """A logical volume as the storage driver knows it."""
    return Volume(
        found.name,
        naming.volume_path(group, found.name),
        found.uuid,
        StorageVolType.BLOCK,
        found.capacity,
        found.allocation,
        found.capacity,
        details=found,
    )


def described(group: str, found: LogicalVolume) -> StorageVolume:
    """The document of a volume but for what its device node tells."""
    from virtkit.xml.volume import StorageVolume, VolumeBacking

    document = StorageVolume()
    _add_stretches(document, group, found)
    document.target.path = naming.volume_path(group, found.name)
    if found.origin and not found.origin.startswith("["):  # LVM keeps that one to itself: it reads as zeros
        document.backing_store = VolumeBacking(path=naming.volume_path(group, found.origin))
    return document


def _add_stretches(document: StorageVolume, group: str, found: LogicalVolume) -> None:
    from virtkit.xml.volume import Extent, VolumeDevice

    devices: dict[str, VolumeDevice] = {}
    for stretch in found.stretches:
        if stretch.device.startswith("["):  # missing
            continue
        path = stretch.device if stretch.device.startswith("/") else naming.mapped_path(group, stretch.device)
        device = devices.setdefault(path, VolumeDevice(path=path, extents=[]))
        device.extents.append(Extent(start=stretch.start, end=stretch.end))
    document.source.devices = list(devices.values())
