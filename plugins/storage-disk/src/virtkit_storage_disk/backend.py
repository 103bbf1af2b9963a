"""The backend `disk`: a pool is a disk with a partition table, a volume is a partition."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from virtkit.define.pool import PoolType
from virtkit.driver import Finding
from virtkit.enums import StorageVolType
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationInvalidError,
    OperationUnsupportedError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    XMLError,
)
from virtkit.services.runner import find_program
from virtkit.storage import nodes
from virtkit.storage.backend import STORAGE, Figures, Formats, Guard, Secret, StorageBackend, Volume
from virtkit_storage_disk import blanking, kernel, planning, programs
from virtkit_storage_disk import table as tables
from virtkit_storage_disk.table import LABELS, TYPES, Partition, Stretch, Table

if TYPE_CHECKING:
    from virtkit.xml.pool import StoragePool
    from virtkit.xml.volume import StorageVolume
    from virtkit_storage_disk.kernel import Disk

UNKNOWN = "unknown"

PROGRAMS = {"sfdisk": "fdisk", "wipefs": "util-linux"}
"""What has to be installed, and the packages that have it."""


class DiskBackend(StorageBackend):
    """Pools of type `disk`."""

    name = "disk"
    hook_api = 1
    shape = PoolType(("devices",), UNKNOWN)
    formats = Formats((UNKNOWN, *LABELS.values()), UNKNOWN, ("none", *TYPES["dos"]), "none")

    # Host

    def backend_probe(self) -> str | None:
        return next((f"{found.detail}: {found.remedy}" for found in self.backend_diagnose() if not found.fine), None)

    def backend_diagnose(self) -> Iterable[Finding]:
        for name, package in PROGRAMS.items():
            path = find_program(name)
            remedy = "" if path else f"apt-get install {package}"
            yield Finding(name, path is not None, path or f"{name} is not installed", remedy)

    # Pools

    def pool_check(self, pool: StoragePool) -> None:
        paths = [device.path for device in pool.source.devices]
        if len(paths) != 1:
            raise XMLError(f"{subject_of(pool)} has {len(paths)} devices: a disk is one, give that", domain=STORAGE)
        if not (paths[0] or "").startswith("/"):
            raise XMLError(f"{subject_of(pool)}: its device {paths[0]!r} is no absolute path: give one", domain=STORAGE)
        if _format_of(pool) not in self.formats.sources:
            raise ConfigUnsupportedError(
                f"{subject_of(pool)}: partition tables of format {_format_of(pool)} cannot be read: "
                f"choose {', '.join(self.formats.sources)}",
                domain=STORAGE,
            )

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        folder = pool.target.path or ""
        yield f"device:{os.path.realpath(_path_of(pool))}"
        if not nodes.is_shared(folder):
            yield f"path:{folder}"

    def pool_active(self, pool: StoragePool) -> bool:
        return _table(pool, _disk(pool)) is not None

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        subject, disk = subject_of(pool), _disk(pool)
        label = planning.made_label(_format_of(pool), disk.size)
        planning.type_of(subject, label, "none")
        with kernel.held(subject, disk) as file:
            if not overwrite:
                _require_blank(subject, disk, label)
            kernel.require_unused(subject, disk, file)
            guard()
            programs.make(subject, disk.path, label)
            kernel.reread(file)

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        subject, disk = subject_of(pool), _disk(pool)
        found = _table(pool, disk)
        if found is None:
            raise StorageProbeFailedError(
                f"{subject}: there is no partition table on {disk.path}: build the pool", domain=STORAGE
            )
        if _format_of(pool) not in (UNKNOWN, found.label):
            raise OperationInvalidError(
                f"{subject}: the partition table of {disk.path} is of format {found.label}, not {_format_of(pool)}: "
                "correct the definition, or build the pool with overwrite",
                domain=STORAGE,
            )
        if disk.mapped:
            _map(subject, disk, found)

    def pool_delete(self, pool: StoragePool, *, zeroed: bool) -> None:
        subject, disk = subject_of(pool), _disk(pool)
        if zeroed:
            raise InvalidArgError(
                f"{subject}: a disk cannot be overwritten as a whole: wipe its volumes first", domain=STORAGE
            )
        with kernel.held(subject, disk) as file:
            kernel.require_unused(subject, disk, file)
            programs.wipe(subject, disk.path)
            kernel.reread(file)

    def pool_figures(self, pool: StoragePool) -> Figures:
        disk = _disk(pool)
        found = _require_table(pool, disk)
        free = sum(each.size for each in tables.free(found))
        used = sum(each.place.size for each in found.partitions if not found.is_extended(each))
        return Figures(disk.size, min(used, disk.size), free)

    def pool_describe(self, pool: StoragePool) -> None:
        from virtkit.xml.pool import FreeExtent, SourceFormat

        found = _require_table(pool, _disk(pool))
        device = pool.source.devices[0]
        device.free_extents = [FreeExtent(start=each.start, end=each.end) for each in tables.free(found)]
        if _format_of(pool) == UNKNOWN:
            pool.source.format = SourceFormat(type=found.label)

    # Volumes: finding

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        disk = _disk(pool)
        found = _require_table(pool, disk)
        links = nodes.links(pool.target.path or "")
        return [
            _volume(found, each, disk, links)
            for each in found.partitions
            if kernel.size_of(disk, each.number) is not None
        ]

    def volume_find(self, pool: StoragePool, name: str, known: Volume | None = None) -> Volume | None:
        disk = _disk(pool)
        number = disk.names.number(name)
        size = None if number is None else kernel.size_of(disk, number)
        if number is None or size is None:
            return None
        links = nodes.links(pool.target.path or "")
        if size <= kernel.SHOWN_OF_EXTENDED:  # the kernel does not tell how large an extended partition is
            found = _require_table(pool, disk)
            partition = found.find(number)
            return None if partition is None else _volume(found, partition, disk, links)
        path = nodes.path_in(links, disk.names.path(number))
        return Volume(name, path, path, StorageVolType.BLOCK, size, size, size)

    def volume_name_of(self, pool: StoragePool, path: str) -> str | None:
        disk = _disk(pool)
        name = kernel.name_at(disk, path)
        folder, _, last = path.rpartition("/")
        if name is None and folder in (pool.target.path, os.path.dirname(disk.path)) and disk.names.number(last):
            return last
        return name

    def volume_describe(self, pool: StoragePool, volume: Volume) -> StorageVolume:
        from virtkit.xml.volume import Extent, StorageVolume, VolumeDevice

        disk = _disk(pool)
        found = _require_table(pool, disk)
        partition = found.find(disk.names.number(volume.name) or 0)
        document = StorageVolume()
        document.target.format = "none"
        if partition is not None:
            extent = Extent(start=partition.place.start, end=partition.place.end)
            document.source.devices = [VolumeDevice(path=_path_of(pool), extents=[extent])]
            document.target.format = found.format_of(partition)
        node = nodes.described(volume.path)
        if node is not None:
            document.target.permissions, document.target.timestamps = node
        return document

    # Volumes: changing

    def volume_check(self, pool: StoragePool, document: StorageVolume) -> None:
        disk = _disk(pool)
        if document.backing_store is not None:
            raise ConfigUnsupportedError(
                f"volume {document.name!r} of {subject_of(pool)}: a partition stands on no image: "
                "leave <backingStore> out, or use a pool of files",
                domain=STORAGE,
            )
        _planned(pool, _require_table(pool, disk), disk, document)
        document.type = "block"
        document.target.path = document.key = disk.names.path(disk.names.number(document.name or "") or 0)

    def volume_create(self, pool: StoragePool, document: StorageVolume, *, guard: Guard) -> None:
        subject, disk = subject_of(pool), _disk(pool)
        with kernel.held(subject, disk) as file:
            found = _require_table(pool, disk)
            partition = _planned(pool, found, disk, document)
            guard()
            programs.add(subject, disk.path, found, partition)
            extended = document.target.format == "extended"
            try:
                kernel.learn(subject, disk, file, partition, extended=extended)
                if not extended:
                    blanking.begin(subject, disk.names.path(partition.number), document.target.permissions)
            except BaseException:
                kernel.forget(subject, disk, file, partition.number)
                programs.remove(subject, disk.path, partition.number)
                raise

    def volume_delete(self, pool: StoragePool, volume: Volume, flags: int) -> None:
        subject, disk = subject_of(pool), _disk(pool)
        if flags:
            raise InvalidArgError(
                f"volume {volume.name!r} of {subject} is a partition and has no snapshots: delete it without flags",
                domain=STORAGE,
            )
        with kernel.held(subject, disk) as file:
            found = _require_table(pool, disk)
            partition = found.find(disk.names.number(volume.name) or 0)
            if partition is None:
                return
            planning.require_deletable(subject, found, disk.names, partition)
            kernel.forget(subject, disk, file, partition.number)
            try:
                programs.remove(subject, disk.path, partition.number)
            except BaseException:
                kernel.learn(subject, disk, file, partition, extended=found.is_extended(partition))
                raise

    def volume_open(self, pool: StoragePool, volume: Volume, *, write: bool) -> int:
        if write and volume.physical < volume.capacity:
            found = _require_table(pool, _disk(pool))
            if found.logical:
                raise OperationUnsupportedError(
                    f"volume {volume.name!r} of {subject_of(pool)} holds other partitions: write into those",
                    domain=STORAGE,
                )
        return nodes.opened(subject_of(pool), volume.path, write=write)


def subject_of(pool: StoragePool) -> str:
    """What messages call a pool."""
    return f"storage pool {pool.name!r}"


def _path_of(pool: StoragePool) -> str:
    return pool.source.devices[0].path or ""


def _format_of(pool: StoragePool) -> str:
    return (pool.source.format and pool.source.format.type) or UNKNOWN


def _disk(pool: StoragePool) -> Disk:
    """The disk of a pool.

    Raises:
        SystemCallError: It is not there, or no disk.
    """
    separator = bool(pool.source.devices[0].part_separator)
    return kernel.find(subject_of(pool), _path_of(pool), separator=separator)


def _table(pool: StoragePool, disk: Disk) -> Table | None:
    """The partition table of a disk; of one that `sfdisk` cannot read, what the kernel knows."""
    subject = subject_of(pool)
    found = programs.read(subject, disk.path, disk.size)
    if found is not None:
        return found
    label = programs.foreign_table(subject, disk.path)
    if label is None or label in TYPES:  # a damaged one is as good as none
        return None
    partitions = []
    for number in kernel.numbers(disk):
        start, size = kernel.start_of(disk, number), kernel.size_of(disk, number) or 0
        partitions.append(Partition(number, Stretch(start, start + size)))
    return Table(label, tables.SECTOR, Stretch(0, disk.size), tuple(partitions))


def _map(subject: str, disk: Disk, found: Table) -> None:
    """Map the partitions of a mapped disk, which the kernel does not do by itself."""
    missing = [each for each in found.partitions if kernel.size_of(disk, each.number) is None]
    if missing:
        with kernel.held(subject, disk) as file:
            for each in missing:
                kernel.learn(subject, disk, file, each, extended=found.is_extended(each))


def _require_table(pool: StoragePool, disk: Disk) -> Table:
    """The partition table of a disk.

    Raises:
        StorageProbeFailedError: There is none any more.
    """
    found = _table(pool, disk)
    if found is None:
        raise StorageProbeFailedError(
            f"{subject_of(pool)}: there is no partition table on {disk.path} any more: somebody has written over it",
            domain=STORAGE,
        )
    return found


def _require_blank(subject: str, disk: Disk, label: str) -> None:
    """Refuse to write over what is on a disk.

    Raises:
        StoragePoolBuiltError: The table that is to be made is there.
        StorageProbeFailedError: Something else is there.
    """
    found = programs.signatures(subject, disk.path)
    if label in (LABELS.get(kind) for kind in found):
        raise StoragePoolBuiltError(
            f"{subject}: {disk.path} has a partition table of format {label} already: start the pool, "
            "or build it with overwrite",
            domain=STORAGE,
        )
    if found:
        raise StorageProbeFailedError(
            f"{subject}: {disk.path} has {', '.join(found)} on it: choose another disk, or build with overwrite",
            domain=STORAGE,
        )


def _planned(pool: StoragePool, found: Table, disk: Disk, document: StorageVolume) -> Partition:
    return planning.place(
        subject_of(pool),
        found,
        disk.names,
        document.name or "",
        document.capacity or 0,
        document.target.format or "none",
    )


def _volume(found: Table, partition: Partition, disk: Disk, links: dict[str, str]) -> Volume:
    """A partition as the storage driver knows it. What is in it nobody looks at: its format is that of the table."""
    path = nodes.path_in(links, disk.names.path(partition.number))
    size, extended = partition.place.size, found.is_extended(partition)
    taken, reach = (0, kernel.SHOWN_OF_EXTENDED) if extended else (size, size)
    return Volume(disk.names.name(partition.number), path, path, StorageVolType.BLOCK, size, taken, reach)
