"""TODO-DOC module storage_pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    definition,
    description,
    destruction,
    enumeration,
    lifecycle,
    lookup,
    not_supported,
)

if TYPE_CHECKING:
    from virtkit.records import StoragePoolInfo
    from virtkit.refs import StoragePoolRef, StorageVolRef


class StoragePoolSpec(Spec[S]):
    """TODO-DOC class storage_pool."""

    error_domain = 18  # VIR_FROM_STORAGE

    @lookup(acl="storage_pool:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_lookup_by_name(self, conn: S, name: str) -> StoragePoolRef:
        """TODO-DOC virStoragePoolLookupByName."""
        raise not_supported("storage_pool_lookup_by_name")

    @lookup(acl="storage_pool:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_lookup_by_uuid(self, conn: S, uuid: bytes) -> StoragePoolRef:
        """TODO-DOC virStoragePoolLookupByUUID."""
        raise not_supported("storage_pool_lookup_by_uuid")

    @lookup(acl="storage_pool:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_lookup_by_volume(self, conn: S, vol: StorageVolRef) -> StoragePoolRef:
        """TODO-DOC virStoragePoolLookupByVolume."""
        raise not_supported("storage_pool_lookup_by_volume")

    @lookup(acl="storage_pool:getattr", readonly=True, since="4.1.0", may_block=False)
    def storage_pool_lookup_by_target_path(self, conn: S, path: str) -> StoragePoolRef:
        """TODO-DOC virStoragePoolLookupByTargetPath."""
        raise not_supported("storage_pool_lookup_by_target_path")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_num_of_storage_pools(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfStoragePools."""
        raise not_supported("connect_num_of_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_list_storage_pools(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListStoragePools."""
        raise not_supported("connect_list_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_num_of_defined_storage_pools(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfDefinedStoragePools."""
        raise not_supported("connect_num_of_defined_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_list_defined_storage_pools(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListDefinedStoragePools."""
        raise not_supported("connect_list_defined_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.10.2",
        may_block=False,
    )
    def connect_list_all_storage_pools(self, conn: S, flags: int) -> list[StoragePoolRef]:
        """TODO-DOC virConnectListAllStoragePools."""
        raise not_supported("connect_list_all_storage_pools")

    @description(acl="connect:detect_storage_pools", since="0.4.5")
    def connect_find_storage_pool_sources(self, conn: S, type: str, src_spec: str | None, flags: int) -> str:
        """TODO-DOC virConnectFindStoragePoolSources."""
        raise not_supported("connect_find_storage_pool_sources")

    @description(acl="storage_pool:read", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_get_xml_desc(self, conn: S, pool: StoragePoolRef, flags: int) -> str:
        """TODO-DOC virStoragePoolGetXMLDesc."""
        raise not_supported("storage_pool_get_xml_desc")

    @description(acl="connect:read", readonly=True, since="5.2.0")
    def connect_get_storage_pool_capabilities(self, conn: S, flags: int) -> str:
        """TODO-DOC virConnectGetStoragePoolCapabilities."""
        raise not_supported("connect_get_storage_pool_capabilities")

    @accessor(acl="storage_pool:read", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_get_info(self, conn: S, pool: StoragePoolRef) -> StoragePoolInfo:
        """TODO-DOC virStoragePoolGetInfo."""
        raise not_supported("storage_pool_get_info")

    @accessor(acl="storage_pool:read", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_get_autostart(self, conn: S, pool: StoragePoolRef) -> bool:
        """TODO-DOC virStoragePoolGetAutostart."""
        raise not_supported("storage_pool_get_autostart")

    @accessor(acl="storage_pool:write", since="0.4.1", may_block=False)
    def storage_pool_set_autostart(self, conn: S, pool: StoragePoolRef, autostart: bool) -> None:
        """TODO-DOC virStoragePoolSetAutostart."""
        raise not_supported("storage_pool_set_autostart")

    @accessor(acl="storage_pool:read", readonly=True, since="0.7.3", may_block=False)
    def storage_pool_is_active(self, conn: S, pool: StoragePoolRef) -> bool:
        """TODO-DOC virStoragePoolIsActive."""
        raise not_supported("storage_pool_is_active")

    @accessor(acl="storage_pool:read", readonly=True, since="0.7.3", may_block=False)
    def storage_pool_is_persistent(self, conn: S, pool: StoragePoolRef) -> bool:
        """TODO-DOC virStoragePoolIsPersistent."""
        raise not_supported("storage_pool_is_persistent")

    @definition(acl="storage_pool:write storage_pool:save", since="0.4.1", may_block=False)
    def storage_pool_define_xml(self, conn: S, xml: str, flags: int) -> StoragePoolRef:
        """TODO-DOC virStoragePoolDefineXML."""
        raise not_supported("storage_pool_define_xml")

    @definition(acl="storage_pool:delete", since="0.4.1", may_block=False)
    def storage_pool_undefine(self, conn: S, pool: StoragePoolRef) -> None:
        """TODO-DOC virStoragePoolUndefine."""
        raise not_supported("storage_pool_undefine")

    @creation(acl="storage_pool:start storage_pool:write", since="0.4.1")
    def storage_pool_create_xml(self, conn: S, xml: str, flags: int) -> StoragePoolRef:
        """TODO-DOC virStoragePoolCreateXML."""
        raise not_supported("storage_pool_create_xml")

    @lifecycle(acl="storage_pool:start", since="0.4.1")
    def storage_pool_create(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """TODO-DOC virStoragePoolCreate."""
        raise not_supported("storage_pool_create")

    @lifecycle(acl="storage_pool:format", since="0.4.1")
    def storage_pool_build(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """TODO-DOC virStoragePoolBuild."""
        raise not_supported("storage_pool_build")

    @lifecycle(acl="storage_pool:stop", since="0.4.1", may_block=False)
    def storage_pool_destroy(self, conn: S, pool: StoragePoolRef) -> None:
        """TODO-DOC virStoragePoolDestroy."""
        raise not_supported("storage_pool_destroy")

    @lifecycle(acl="storage_pool:refresh", since="0.4.1")
    def storage_pool_refresh(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """TODO-DOC virStoragePoolRefresh."""
        raise not_supported("storage_pool_refresh")

    @destruction(acl="storage_pool:format", since="0.4.1")
    def storage_pool_delete(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """TODO-DOC virStoragePoolDelete."""
        raise not_supported("storage_pool_delete")
