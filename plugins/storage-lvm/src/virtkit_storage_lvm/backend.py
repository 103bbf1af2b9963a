"""The backend `logical`: a pool is a volume group, a volume is a logical volume that is active and not LVM's own."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from virtkit.define.pool import PoolType
from virtkit.enums import StorageVolDeleteFlags
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    NoStorageVolError,
    OperationFailedError,
    OperationUnsupportedError,
    ResourceBusyError,
    StorageVolExistsError,
    SystemCallError,
    VirtError,
    XMLError,
)
from virtkit.storage import nodes
from virtkit.storage.backend import STORAGE, Figures, Formats, Guard, Secret, StorageBackend, Volume
from virtkit_storage_lvm import building, devices, host, lvm, naming, planning
from virtkit_storage_lvm.documents import described, devices_of, group_of, sources, subject_of, volume_of

if TYPE_CHECKING:
    from virtkit.driver import Finding
    from virtkit.xml.pool import PoolSource, StoragePool
    from virtkit.xml.volume import StorageVolume
    from virtkit_storage_lvm.planning import Creation
    from virtkit_storage_lvm.reports import Group, LogicalVolume

FORMATS = ("unknown", "lvm2")


class LogicalBackend(StorageBackend):
    """Pools of type `logical`."""

    name = "logical"
    hook_api = 1
    shape = PoolType(format="lvm2", named=True, path="/dev/")
    formats = Formats(sources=FORMATS, source="lvm2")

    # Host

    def backend_probe(self) -> str | None:
        return next((f"{found.detail}: {found.remedy}" for found in host.findings() if not found.fine), None)

    def backend_diagnose(self) -> Iterable[Finding]:
        return [*host.findings(), *host.wishes()]

    # Pools

    def pool_check(self, pool: StoragePool) -> None:
        subject, group = subject_of(pool), group_of(pool)
        flaw = naming.flaw_of_group(group)
        if flaw:
            raise XMLError(
                f"{subject}: the name of its volume group, {group!r}, {flaw}: choose another", domain=STORAGE
            )
        for path in devices_of(pool):
            if not path.startswith("/"):
                raise XMLError(f"{subject}: its device {path!r} is no absolute path: give one", domain=STORAGE)
        format_ = pool.source.format and pool.source.format.type
        if format_ not in FORMATS:
            raise ConfigUnsupportedError(
                f"{subject}: a volume group is of format lvm2, not {format_}: leave <format> out", domain=STORAGE
            )

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        return [f"group:{group_of(pool)}", *(f"device:{path}" for path in devices_of(pool))]

    def pool_find_sources(self, source: PoolSource) -> Iterable[PoolSource]:
        try:
            return sources(lvm.devices("the search for volume groups"))
        except SystemCallError as error:
            raise OperationFailedError(error.message, domain=STORAGE) from error

    def pool_active(self, pool: StoragePool) -> bool:
        found = lvm.volumes(subject_of(pool), group_of(pool))
        return found is not None and (not found or any(each.active for each in found))

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        subject, paths = subject_of(pool), devices_of(pool)
        if not paths:
            raise XMLError(
                f"{subject} has no <device> in its <source>: name those that are to become its volume group",
                domain=STORAGE,
            )
        building.build(subject, group_of(pool), paths, overwrite=bool(overwrite), guard=guard)

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        subject, group = subject_of(pool), group_of(pool)
        members = [device for device in lvm.devices(subject) if device.group == group]
        if not members:
            raise SystemCallError(
                f"{subject}: there is no volume group {group}; build the pool, or connect its devices",
                domain=STORAGE,
                int1=errno.ENOENT,
            )
        wanted = {nodes.number_of(path) for path in devices_of(pool)} - {0}
        if devices_of(pool) and not wanted & {nodes.number_of(device.path) for device in members}:
            raise SystemCallError(
                f"{subject}: volume group {group} is on {', '.join(device.path for device in members)}, "
                "on none of the devices of the definition: correct the one or the other",
                domain=STORAGE,
                int1=errno.ENODEV,
            )
        try:
            lvm.change(subject, planning.activate(group), guard)
        except OperationFailedError as error:
            missing = sum(device.missing for device in members)
            if not missing:
                raise
            raise SystemCallError(
                f"{error.message}; {missing} of {len(members)} devices of volume group {group} are missing: "
                f"connect them, or give up what is on them with `vgreduce --removemissing {group}`",
                domain=STORAGE,
                int1=errno.ENODEV,
            ) from error

    def pool_stop(self, pool: StoragePool) -> None:
        building.stop(subject_of(pool), group_of(pool))

    def pool_delete(self, pool: StoragePool, *, zeroed: bool) -> None:
        if zeroed:
            raise InvalidArgError(
                f"{subject_of(pool)}: a volume group cannot be overwritten as a whole: wipe its volumes first",
                domain=STORAGE,
            )
        building.remove(subject_of(pool), group_of(pool))

    def pool_figures(self, pool: StoragePool) -> Figures:
        found = _group(pool)
        return Figures(found.size, found.size - found.free, found.free)

    # Volumes: finding

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        found = lvm.volumes(subject_of(pool), group_of(pool))
        if found is None:
            raise _gone(pool)
        return [volume_of(group_of(pool), each) for each in found if each.is_volume]

    def volume_find(self, pool: StoragePool, name: str, known: Volume | None = None) -> Volume | None:
        found = _find(pool, name)
        return volume_of(group_of(pool), found) if found is not None and found.is_volume else None

    def volume_name_of(self, pool: StoragePool, path: str) -> str | None:
        group = group_of(pool)
        name = naming.name_in(group, path)
        if name is not None or not path.startswith("/dev/"):
            return name
        mapped = devices.mapped_name(path)
        return naming.name_in(group, naming.MAPPER + mapped) if mapped else None

    def volume_describe(self, pool: StoragePool, volume: Volume) -> StorageVolume:
        document = described(group_of(pool), _details(pool, volume))
        for place in (document.target, document.backing_store):
            node = nodes.described(place.path) if place is not None and place.path else None
            if place is not None and node is not None:
                place.permissions, place.timestamps = node
        return document

    # Volumes: changing

    def volume_check(self, pool: StoragePool, document: StorageVolume) -> None:
        name = document.name or ""
        flaw = naming.flaw_of_volume(name)
        if flaw:
            raise XMLError(f"{subject_of(pool)}: volume name {name!r} {flaw}: choose another", domain=STORAGE)
        if document.target.format not in (None, "raw"):
            raise ConfigUnsupportedError(
                f"volume {name!r} of {subject_of(pool)}: a logical volume is raw, not {document.target.format}: "
                "leave <format> out, or use a pool of files",
                domain=STORAGE,
            )
        backing = document.backing_store
        if backing is not None and self.volume_name_of(pool, backing.path or "") is None:
            raise ConfigUnsupportedError(
                f"volume {name!r} of {subject_of(pool)} cannot stand on {backing.path}: only a volume of the same "
                "volume group can have it as a snapshot",
                domain=STORAGE,
            )
        if backing is not None and document.target.encryption is not None:
            raise ConfigUnsupportedError(
                f"volume {name!r} of {subject_of(pool)}: a snapshot is encrypted where its origin is: leave "
                "<encryption> out",
                domain=STORAGE,
            )
        document.type = "block"
        document.target.path = naming.volume_path(group_of(pool), name)

    def volume_create(self, pool: StoragePool, document: StorageVolume, *, guard: Guard) -> None:
        subject, name = subject_of(pool), document.name or ""
        creation = self._creation(pool, document)
        guard()  # not while lvcreate works, which takes a second: what it leaves behind when it is ended is not known
        try:
            lvm.change(subject, creation.command)
        except OperationFailedError as error:
            raise _refusal(pool, name, creation, error) from error
        try:
            devices.give(subject, naming.volume_path(group_of(pool), name), document.target.permissions)
            guard()
        except BaseException:
            lvm.change(subject, planning.remove_volumes(group_of(pool), [name]))
            raise

    def volume_delete(self, pool: StoragePool, volume: Volume, flags: int) -> None:
        subject, group = subject_of(pool), group_of(pool)
        if flags & ~StorageVolDeleteFlags.WITH_SNAPSHOTS:
            raise InvalidArgError(f"{subject}: volumes can be deleted with WITH_SNAPSHOTS, or plainly", domain=STORAGE)
        found = _find(pool, volume.name)
        if found is None:
            return
        snapshots = lvm.selected(subject, planning.list_snapshots(group, found.name)) if "origin" in found.roles else []
        stands = [each.name for each in snapshots if each.copies_on_write]
        if stands and not flags:
            raise ResourceBusyError(
                f"volume {found.name!r} of {subject} has the snapshots {', '.join(stands)}, which are nothing without "
                "it: delete them first, or delete it with its snapshots",
                domain=STORAGE,
            )
        doomed = [*snapshots, found] if flags else [found]
        for each in doomed:
            if each.is_open:
                raise ResourceBusyError(
                    f"volume {each.name!r} of {subject} is in use: unmount it, or stop the guest that has it",
                    domain=STORAGE,
                )
        lvm.change(subject, planning.remove_volumes(group, [each.name for each in doomed]))

    def volume_resize(self, pool: StoragePool, volume: Volume, capacity: int, *, allocate: bool, guard: Guard) -> None:
        subject, group = subject_of(pool), group_of(pool)
        found = _require(pool, volume.name)
        _check_resizable(subject, found, allocate=allocate)
        wanted = planning.rounded(capacity, found.extent_size)
        if wanted == found.size:
            return
        try:
            lvm.change(subject, planning.resize(group, found, wanted))
        except OperationFailedError as error:
            room = 0 if found.is_thin else wanted - found.size
            raise _no_room(pool, f"volume {found.name!r}", room) or error from error
        if wanted > found.size and not found.is_thin:
            try:
                devices.clear(subject, volume.path, found.size, wanted, guard)
            except BaseException:
                lvm.change(subject, planning.resize(group, found._replace(size=wanted), found.size))
                raise

    def volume_open(self, pool: StoragePool, volume: Volume, *, write: bool) -> int:
        return nodes.opened(subject_of(pool), volume.path, write=write)

    # Creation

    def _creation(self, pool: StoragePool, document: StorageVolume) -> Creation:
        """How a volume is made: as a snapshot, as a thin volume, or with all its room, which an encrypted one has."""
        group, name, capacity = group_of(pool), document.name or "", document.capacity or 0
        allocation = capacity if document.allocation is None else document.allocation
        if document.backing_store is not None:
            origin = _require(pool, self.volume_name_of(pool, document.backing_store.path or "") or "")
            _check_origin(subject_of(pool), document, origin)
            room = min(allocation, capacity) or origin.capacity
            return planning.create_snapshot(group, name, origin, room)
        if allocation < capacity and document.target.encryption is None:
            found = lvm.selected(subject_of(pool), planning.list_thin_pools(group))
            thin_pool = planning.roomiest(found)
            if thin_pool is not None:
                return planning.create_thin(group, name, capacity, thin_pool.name)
        header = planning.LUKS_HEADER if document.target.encryption is not None else 0
        return planning.create_linear(group, name, capacity + header)


def _group(pool: StoragePool) -> Group:
    """The group of a pool.

    Raises:
        SystemCallError: It is gone.
    """
    found = lvm.group(subject_of(pool), group_of(pool))
    if found is None:
        raise _gone(pool)
    return found


def _gone(pool: StoragePool) -> SystemCallError:
    return SystemCallError(
        f"{subject_of(pool)}: there is no volume group {group_of(pool)} any more; connect its devices",
        domain=STORAGE,
        int1=errno.ENOENT,
    )


def _find(pool: StoragePool, name: str) -> LogicalVolume | None:
    """A logical volume of whatever sort."""
    return None if naming.flaw_of_volume(name) else lvm.volume(subject_of(pool), group_of(pool), name)


def _require(pool: StoragePool, name: str) -> LogicalVolume:
    """A logical volume that is a volume.

    Raises:
        NoStorageVolError: There is none.
    """
    found = _find(pool, name)
    if found is None or not found.is_volume:
        raise NoStorageVolError(f"{subject_of(pool)} has no volume {name!r}: look at its list", domain=STORAGE)
    return found


def _details(pool: StoragePool, volume: Volume) -> LogicalVolume:
    from virtkit_storage_lvm.reports import LogicalVolume

    return volume.details if isinstance(volume.details, LogicalVolume) else _require(pool, volume.name)


def _check_origin(subject: str, document: StorageVolume, origin: LogicalVolume) -> None:
    """Refuse what no snapshot can be."""
    what = f"volume {document.name!r} of {subject} cannot be a snapshot of {origin.name!r}"
    if origin.copies_on_write:
        raise ConfigUnsupportedError(f"{what}, which is one itself: use its origin {origin.origin}", domain=STORAGE)
    if (document.capacity or 0) > origin.capacity:
        raise ConfigUnsupportedError(
            f"{what} and have {document.capacity} bytes: that has {origin.capacity}; leave <capacity> out",
            domain=STORAGE,
        )


def _check_resizable(subject: str, found: LogicalVolume, *, allocate: bool) -> None:
    what = f"volume {found.name!r} of {subject}"
    if allocate and found.is_thin:
        raise InvalidArgError(
            f"{what} is thin: its room cannot be reserved; resize it without ALLOCATE", domain=STORAGE
        )
    if found.copies_on_write:
        raise OperationUnsupportedError(
            f"{what} is as large as what it is a snapshot of: make a volume of its own of it, by cloning",
            domain=STORAGE,
        )
    if "thickorigin" in found.roles:
        raise ResourceBusyError(f"{what} has snapshots, which fix its size: delete them first", domain=STORAGE)


def _refusal(pool: StoragePool, name: str, creation: Creation, error: OperationFailedError) -> VirtError:
    """The error for a volume that could not be made: why, as far as storage shows it."""
    if _find(pool, name) is not None:
        return StorageVolExistsError(
            f"{subject_of(pool)}: volume group {group_of(pool)} has a logical volume {name!r} already: choose another",
            domain=STORAGE,
        )
    return _no_room(pool, f"volume {name!r}", creation.needs) or error


def _no_room(pool: StoragePool, what: str, needs: int) -> SystemCallError | None:
    """The error for room that is not there; None where that is not the reason."""
    group = _group(pool)
    needs, free = planning.rounded(needs, group.extent_size) if needs else 0, group.free
    if needs <= free:
        return None
    message = f"{what} of {subject_of(pool)} needs {needs} bytes, and volume group {group_of(pool)} has {free} free"
    return SystemCallError(
        f"{message}: delete volumes, add a device with `vgextend`, or make a thin pool for volumes that fill slowly",
        domain=STORAGE,
        int1=errno.ENOSPC,
    )
