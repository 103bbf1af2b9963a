"""The functions of the driver about volumes: finding, describing, and what changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import StorageVolCreateFlags as Create
from virtkit.enums import (
    StorageVolDeleteFlags,
    StorageVolDownloadFlags,
    StorageVolInfoFlags,
    StorageVolResizeFlags,
    StorageVolUploadFlags,
)
from virtkit.errors import NoStorageVolError, unsupported_flags
from virtkit.hookspecs.storage_vol import StorageVolSpec
from virtkit.records import StorageVolInfo
from virtkit.refs import StorageVolRef
from virtkit_storage import contents, creation, finding, resizing, wiping
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.refs import StoragePoolRef
    from virtkit.streams import Sink, Source
    from virtkit_storage.state import Session


class VolumePart(StorageVolSpec["Session"]):
    """Volumes: what is asked about them, making and deleting them, and their contents."""

    # Lookup

    def storage_vol_lookup_by_name(self, conn: Session, pool: StoragePoolRef, name: str) -> StorageVolRef:
        found = conn.pool(pool)
        return finding.reference(found, finding.volume(conn.state, found, name))

    def storage_vol_lookup_by_key(self, conn: Session, key: str) -> StorageVolRef:
        found = finding.with_key(conn.state, key)
        if found is None:
            raise NoStorageVolError(f"no active storage pool has a volume with key {key!r}", domain=STORAGE)
        return finding.reference(*found)

    def storage_vol_lookup_by_path(self, conn: Session, path: str) -> StorageVolRef:
        found = finding.at(conn.begun(), path)
        if found is None:
            raise NoStorageVolError(
                f"no active storage pool has a volume with path {path!r}: make a pool of its folder or device",
                domain=STORAGE,
            )
        return finding.reference(*found)

    # Enumeration

    def storage_pool_list_all_volumes(self, conn: Session, pool: StoragePoolRef, flags: int) -> list[StorageVolRef]:
        _refuse("storage_pool_list_all_volumes", flags)
        found = conn.pool(pool)
        listed = finding.volumes(conn.state, found)
        listed.update(found.uses.new())
        return [finding.reference(found, listed[name]) for name in sorted(listed)]

    # Description and properties

    def storage_vol_get_xml_desc(self, conn: Session, vol: StorageVolRef, flags: int) -> str:
        _refuse("storage_vol_get_xml_desc", flags)
        pool, volume = finding.now(conn.state, vol)
        return finding.describe(conn.state, pool, volume).format()

    def storage_vol_get_info_flags(self, conn: Session, vol: StorageVolRef, flags: int) -> StorageVolInfo:
        _refuse("storage_vol_get_info_flags", flags, StorageVolInfoFlags.GET_PHYSICAL)
        volume = finding.now(conn.state, vol)[1]
        taken = volume.physical if flags & StorageVolInfoFlags.GET_PHYSICAL else volume.allocation
        return StorageVolInfo(volume.type, volume.capacity, taken)

    def storage_vol_get_path(self, conn: Session, vol: StorageVolRef) -> str:
        pool = conn.view().by_name(vol.pool)
        return finding.volume(conn.state, pool, vol.name).path

    # Creation and destruction

    def storage_vol_create_xml(self, conn: Session, pool: StoragePoolRef, xml: str, flags: int) -> StorageVolRef:
        _refuse("storage_vol_create_xml", flags, Create.PREALLOC_METADATA | Create.VALIDATE)
        state = conn.own()
        return creation.create(state, state.pools.by_ref(pool), xml, flags)

    def storage_vol_create_xml_from(
        self, conn: Session, pool: StoragePoolRef, xml: str, clonevol: StorageVolRef, flags: int
    ) -> StorageVolRef:
        _refuse("storage_vol_create_xml_from", flags, sum(Create))
        state = conn.own()
        return creation.create(state, state.pools.by_ref(pool), xml, flags, clonevol)

    def storage_vol_delete(self, conn: Session, vol: StorageVolRef, flags: int) -> None:
        _refuse("storage_vol_delete", flags, sum(StorageVolDeleteFlags))
        creation.delete(conn.own(), vol, flags)

    # Contents and size

    def storage_vol_download(self, conn: Session, vol: StorageVolRef, offset: int, length: int, flags: int) -> Source:
        _refuse("storage_vol_download", flags, StorageVolDownloadFlags.SPARSE_STREAM)
        sparse = bool(flags & StorageVolDownloadFlags.SPARSE_STREAM)
        return contents.Download(*finding.now(conn.state, vol), offset, length, sparse=sparse)

    def storage_vol_upload(self, conn: Session, vol: StorageVolRef, offset: int, length: int, flags: int) -> Sink:
        _refuse("storage_vol_upload", flags, StorageVolUploadFlags.SPARSE_STREAM)
        state = conn.own()
        return contents.Upload(state, *finding.now(state, vol), offset, length)

    def storage_vol_resize(self, conn: Session, vol: StorageVolRef, capacity: int, flags: int) -> None:
        _refuse("storage_vol_resize", flags, sum(StorageVolResizeFlags))
        resizing.resize(conn.own(), vol, capacity, flags)

    def storage_vol_wipe_pattern(self, conn: Session, vol: StorageVolRef, algorithm: int, flags: int) -> None:
        _refuse("storage_vol_wipe_pattern", flags)
        wiping.wipe(conn.own(), vol, algorithm)


def _refuse(hook: str, flags: int, known: int = 0) -> None:
    if flags & ~known:
        raise unsupported_flags(hook, flags & ~known, domain=STORAGE)
