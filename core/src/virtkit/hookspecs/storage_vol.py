"""TODO-DOC module storage_vol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    description,
    destruction,
    enumeration,
    lookup,
    not_supported,
    operation,
)

if TYPE_CHECKING:
    from virtkit.records import StorageVolInfo
    from virtkit.refs import StoragePoolRef, StorageVolRef
    from virtkit.streams import Sink, Source


class StorageVolSpec(Spec[S]):
    """TODO-DOC class storage_vol."""

    error_domain = 18  # VIR_FROM_STORAGE

    @lookup(acl="storage_vol:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_vol_lookup_by_name(self, conn: S, pool: StoragePoolRef, name: str) -> StorageVolRef:
        """TODO-DOC virStorageVolLookupByName."""
        raise not_supported("storage_vol_lookup_by_name")

    @lookup(acl="storage_vol:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_vol_lookup_by_key(self, conn: S, key: str) -> StorageVolRef:
        """TODO-DOC virStorageVolLookupByKey."""
        raise not_supported("storage_vol_lookup_by_key")

    @lookup(acl="storage_vol:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_vol_lookup_by_path(self, conn: S, path: str) -> StorageVolRef:
        """TODO-DOC virStorageVolLookupByPath."""
        raise not_supported("storage_vol_lookup_by_path")

    @enumeration(
        acl="storage_pool:search_storage_vols",
        readonly=True,
        filters="storage_vol:getattr",
        since="0.4.1",
        may_block=False,
    )
    def storage_pool_num_of_volumes(self, conn: S, pool: StoragePoolRef) -> int:
        """TODO-DOC virStoragePoolNumOfVolumes."""
        raise not_supported("storage_pool_num_of_volumes")

    @enumeration(
        acl="storage_pool:search_storage_vols",
        readonly=True,
        filters="storage_vol:getattr",
        since="0.4.1",
        may_block=False,
    )
    def storage_pool_list_volumes(self, conn: S, pool: StoragePoolRef) -> list[str]:
        """TODO-DOC virStoragePoolListVolumes."""
        raise not_supported("storage_pool_list_volumes")

    @enumeration(
        acl="storage_pool:search_storage_vols",
        readonly=True,
        filters="storage_vol:getattr",
        since="0.10.2",
        may_block=False,
    )
    def storage_pool_list_all_volumes(self, conn: S, pool: StoragePoolRef, flags: int) -> list[StorageVolRef]:
        """TODO-DOC virStoragePoolListAllVolumes."""
        raise not_supported("storage_pool_list_all_volumes")

    @description(acl="storage_vol:read", readonly=True, since="0.4.1", may_block=False)
    def storage_vol_get_xml_desc(self, conn: S, vol: StorageVolRef, flags: int) -> str:
        """TODO-DOC virStorageVolGetXMLDesc."""
        raise not_supported("storage_vol_get_xml_desc")

    @accessor(acl="storage_vol:read", readonly=True, since="0.4.1", may_block=False)
    def storage_vol_get_info(self, conn: S, vol: StorageVolRef) -> StorageVolInfo:
        """TODO-DOC virStorageVolGetInfo."""
        raise not_supported("storage_vol_get_info")

    @accessor(acl="storage_vol:read", readonly=True, since="0.4.1", may_block=False)
    def storage_vol_get_path(self, conn: S, vol: StorageVolRef) -> str:
        """TODO-DOC virStorageVolGetPath."""
        raise not_supported("storage_vol_get_path")

    @accessor(acl="storage_vol:read", readonly=True, since="3.0.0", may_block=False)
    def storage_vol_get_info_flags(self, conn: S, vol: StorageVolRef, flags: int) -> StorageVolInfo:
        """TODO-DOC virStorageVolGetInfoFlags."""
        raise not_supported("storage_vol_get_info_flags")

    @creation(acl="storage_vol:create", since="0.4.1")
    def storage_vol_create_xml(self, conn: S, pool: StoragePoolRef, xml: str, flags: int) -> StorageVolRef:
        """TODO-DOC virStorageVolCreateXML."""
        raise not_supported("storage_vol_create_xml")

    @creation(acl="storage_vol:create", since="0.6.4")
    def storage_vol_create_xml_from(
        self, conn: S, pool: StoragePoolRef, xml: str, clonevol: StorageVolRef, flags: int
    ) -> StorageVolRef:
        """TODO-DOC virStorageVolCreateXMLFrom."""
        raise not_supported("storage_vol_create_xml_from")

    @operation(acl="storage_vol:data_write", since="0.9.0")
    def storage_vol_upload(self, conn: S, vol: StorageVolRef, offset: int, length: int, flags: int) -> Sink:
        """TODO-DOC virStorageVolUpload."""
        raise not_supported("storage_vol_upload")

    @operation(acl="storage_vol:data_read", since="0.9.0")
    def storage_vol_download(self, conn: S, vol: StorageVolRef, offset: int, length: int, flags: int) -> Source:
        """TODO-DOC virStorageVolDownload."""
        raise not_supported("storage_vol_download")

    @operation(acl="storage_vol:resize", since="0.9.10")
    def storage_vol_resize(self, conn: S, vol: StorageVolRef, capacity: int, flags: int) -> None:
        """TODO-DOC virStorageVolResize."""
        raise not_supported("storage_vol_resize")

    @destruction(acl="storage_vol:delete", since="0.4.1")
    def storage_vol_delete(self, conn: S, vol: StorageVolRef, flags: int) -> None:
        """TODO-DOC virStorageVolDelete."""
        raise not_supported("storage_vol_delete")

    @destruction(acl="storage_vol:format", since="0.8.0")
    def storage_vol_wipe(self, conn: S, vol: StorageVolRef, flags: int) -> None:
        """TODO-DOC virStorageVolWipe."""
        raise not_supported("storage_vol_wipe")

    @destruction(acl="storage_vol:format", since="0.9.10")
    def storage_vol_wipe_pattern(self, conn: S, vol: StorageVolRef, algorithm: int, flags: int) -> None:
        """TODO-DOC virStorageVolWipePattern."""
        raise not_supported("storage_vol_wipe_pattern")
