"""Storage pools: places on the host, or reached from it, that hold volumes.

A pool's type says what it is: a directory, a mounted filesystem, a volume group, a disk with partitions, a target of
iSCSI or Ceph, and so on. What differs by type is a *storage backend*'s; these hooks are what all have in common, and
the storage driver that implements them hands the particular part on. The volumes are in `storage_vol`.

A pool has up to four properties, each with a hook that gives and one that takes it:

| | done by | undone by | what it is about |
|---|---|---|---|
| defined | `storage_pool_define_xml` | `storage_pool_undefine` | a stored definition |
| built | `storage_pool_build` | `storage_pool_delete` | the directory, filesystem, volume group, partition table |
| active | `storage_pool_create` | `storage_pool_destroy` | mounted, logged in, scanned: volumes can be used |
| started with its driver | `storage_pool_set_autostart` | the same | a mark |

A pool is *persistent* when a definition of it is stored, *transient* when `storage_pool_create_xml` started it without
one; a transient pool vanishes when it is stopped. Whether it is built is not remembered but found out at start.

A driver knows the volumes of a pool only while it is active, and as they were when it was started, refreshed or last
worked on: what others do behind its back appears after `storage_pool_refresh`. Listing volumes or looking one up in an
inactive pool raises `OperationInvalidError`.

The states of `virtkit.enums.StoragePoolState` are INACTIVE, BUILDING while `storage_pool_build` works, RUNNING,
DEGRADED where the backend has lost redundancy, and INACCESSIBLE where it has lost the pool and not yet stopped it.
Everything but INACTIVE and BUILDING counts as active.

The name and the UUID are each unique among the pools of a driver instance, and no two pools share a source or target.
Events are those of `virtkit.enums.StoragePoolEventID`: LIFECYCLE with a `StoragePoolEventLifecycleType`, and REFRESH.

At the least a driver implements `connect_list_all_storage_pools`, `storage_pool_get_xml_desc` and
`storage_pool_get_info`: lookups, counts, lists of names and the yes-or-no questions are derived from the first. One
whose pools can be changed adds `storage_pool_define_xml`, `storage_pool_undefine`, `storage_pool_create_xml`,
`storage_pool_create`, `storage_pool_destroy`, `storage_pool_refresh`, `storage_pool_build`, `storage_pool_delete` and
`storage_pool_set_autostart`.
"""

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
    """Storage pools: identity, lists, XML, definitions, and building, starting, stopping and deleting them."""

    error_domain = 18  # VIR_FROM_STORAGE

    # Lookup

    @lookup(acl="storage_pool:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_lookup_by_name(self, conn: S, name: str) -> StoragePoolRef:
        """Find a pool, active or not, by its name. Derived from `connect_list_all_storage_pools`.

        Raises:
            NoStoragePoolError: No pool has that name.
        """
        raise not_supported("storage_pool_lookup_by_name")

    @lookup(acl="storage_pool:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_lookup_by_uuid(self, conn: S, uuid: bytes) -> StoragePoolRef:
        """Find a pool, active or not, by its UUID. Derived from `connect_list_all_storage_pools`.

        Args:
            uuid: 16 raw bytes.

        Raises:
            NoStoragePoolError: No pool has that UUID.
        """
        raise not_supported("storage_pool_lookup_by_uuid")

    @lookup(acl="storage_pool:getattr", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_lookup_by_volume(self, conn: S, vol: StorageVolRef) -> StoragePoolRef:
        """Find the pool a volume is in. Derived from `storage_pool_lookup_by_name`, by the name in the reference.

        Raises:
            NoStoragePoolError: The pool is gone.
        """
        raise not_supported("storage_pool_lookup_by_volume")

    @lookup(acl="storage_pool:getattr", readonly=True, since="4.1.0", may_block=False)
    def storage_pool_lookup_by_target_path(self, conn: S, path: str) -> StoragePoolRef:
        """Find the active pool whose volumes appear in a directory of the host.

        Args:
            path: Absolute path, as the pool's `<target>` has it; repeated and trailing slashes do not count.

        Raises:
            NoStoragePoolError: No active pool has that target.
            InvalidArgError: The path is not absolute.
        """
        raise not_supported("storage_pool_lookup_by_target_path")

    # Enumeration

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.10.2",
        may_block=False,
    )
    def connect_list_all_storage_pools(self, conn: S, flags: int) -> list[StoragePoolRef]:
        """List the pools that match a set of filters.

        `flags` is made of `virtkit.enums.ConnectListAllStoragePoolsFlags`, in groups: ACTIVE, INACTIVE; PERSISTENT,
        TRANSIENT; AUTOSTART, NO_AUTOSTART; and the types from DIR to ISCSI_DIRECT. A group of which no bit is set
        admits everything; of a group with bits set a pool must match one. A pool is listed when it passes every group,
        so 0 lists all.

        Pools that the caller may not see are removed by the core. All other lists and counts are derived from this
        hook, and so are the questions about one pool, so it should not touch storage.

        Args:
            flags: The filters. A type that no driver serves filters out everything, as no pool has it.

        Raises:
            InvalidArgError: A bit outside the enumeration.
        """
        raise not_supported("connect_list_all_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_list_storage_pools(self, conn: S) -> list[str]:
        """List the names of active pools. Derived from `connect_list_all_storage_pools` with ACTIVE."""
        raise not_supported("connect_list_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_num_of_storage_pools(self, conn: S) -> int:
        """Count active pools. Derived from `connect_list_all_storage_pools` with ACTIVE."""
        raise not_supported("connect_num_of_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_list_defined_storage_pools(self, conn: S) -> list[str]:
        """List the names of inactive pools. Derived from `connect_list_all_storage_pools` with INACTIVE."""
        raise not_supported("connect_list_defined_storage_pools")

    @enumeration(
        acl="connect:search_storage_pools",
        readonly=True,
        filters="storage_pool:getattr",
        since="0.4.1",
        may_block=False,
    )
    def connect_num_of_defined_storage_pools(self, conn: S) -> int:
        """Count inactive pools. Derived from `connect_list_all_storage_pools` with INACTIVE."""
        raise not_supported("connect_num_of_defined_storage_pools")

    # Description

    @description(acl="storage_pool:read", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_get_xml_desc(self, conn: S, pool: StoragePoolRef, flags: int) -> str:
        """Describe a pool in XML, with its sizes in bytes while it is active.

        Args:
            flags: `virtkit.enums.StorageXMLFlags`. INACTIVE asks for the definition of an active pool: a definition
                stored while the pool is active holds from its next start on.

        Returns:
            The document, ending in a newline.
        """
        raise not_supported("storage_pool_get_xml_desc")

    @description(acl="connect:read", readonly=True, since="5.2.0")
    def connect_get_storage_pool_capabilities(self, conn: S, flags: int) -> str:
        """Describe in XML which types of pools work here, with the formats of sources, targets and volumes each takes.

        Returns:
            A `<storagepoolCapabilities>` document, ending in a newline: every type libvirt has, supported or not. The
            core knows from it which storage backends are installed.
        """
        raise not_supported("connect_get_storage_pool_capabilities")

    @description(acl="connect:detect_storage_pools", since="0.4.5")
    def connect_find_storage_pool_sources(self, conn: S, type: str, src_spec: str | None, flags: int) -> str:
        """Find what could become a pool of a type: volume groups of the host, exports of a server.

        Args:
            type: Type of pool as XML names it, such as `logical`, `netfs` or `iscsi`.
            src_spec: A `<source>` element that says where to look, such as `<source><host name='nas'/></source>`; None
                for types that look on the host itself.

        Returns:
            A `<sources>` document, ending in a newline, with a `<source>` for each find that can be put into a pool;
            empty where there is nothing. What is a pool already is listed too.

        Raises:
            InternalError: There is no such type of pool: libvirt's code for it.
            NotSupportedError: Pools of that type cannot be found; programs take libvirt's code for an empty list.
            InvalidArgError: The type needs `src_spec`, or a host in it.
            XMLError: `src_spec` is no source.
            OperationFailedError: Looking failed: the server does not answer, a helper program is missing.
        """
        raise not_supported("connect_find_storage_pool_sources")

    # Properties

    @accessor(acl="storage_pool:read", readonly=True, since="0.4.1")
    def storage_pool_get_info(self, conn: S, pool: StoragePoolRef) -> StoragePoolInfo:
        """Tell a pool's state and sizes.

        Returns:
            Sizes in bytes. They are as of the last start or refresh, adjusted by what was created and deleted through
            the pool; an inactive pool has the last known ones, or 0. `allocation` and `available` need not add up to
            `capacity`: volumes may promise more than there is, and others may use the same filesystem.
        """
        raise not_supported("storage_pool_get_info")

    @accessor(acl="storage_pool:read", readonly=True, since="0.7.3", may_block=False)
    def storage_pool_is_active(self, conn: S, pool: StoragePoolRef) -> bool:
        """Tell whether a pool's volumes can be used now. Derived from `connect_list_all_storage_pools`."""
        raise not_supported("storage_pool_is_active")

    @accessor(acl="storage_pool:read", readonly=True, since="0.7.3", may_block=False)
    def storage_pool_is_persistent(self, conn: S, pool: StoragePoolRef) -> bool:
        """Tell whether a definition of the pool is stored. Derived from `connect_list_all_storage_pools`."""
        raise not_supported("storage_pool_is_persistent")

    @accessor(acl="storage_pool:read", readonly=True, since="0.4.1", may_block=False)
    def storage_pool_get_autostart(self, conn: S, pool: StoragePoolRef) -> bool:
        """Tell whether the pool is started when its driver starts. Derived from `connect_list_all_storage_pools`."""
        raise not_supported("storage_pool_get_autostart")

    @accessor(acl="storage_pool:write", since="0.4.1")
    def storage_pool_set_autostart(self, conn: S, pool: StoragePoolRef, autostart: bool) -> None:
        """Say whether the pool is to be started when its driver starts. It is not started now.

        The mark lasts until it is taken back or the pool is undefined. Setting what is set already succeeds.

        Raises:
            InternalError: The pool is transient: libvirt's code for this. Its test driver answers `InvalidArgError`.
            OperationFailedError: The mark could not be stored.
        """
        raise not_supported("storage_pool_set_autostart")

    # Definition

    @definition(acl="storage_pool:write storage_pool:save", since="0.4.1")
    def storage_pool_define_xml(self, conn: S, xml: str, flags: int) -> StoragePoolRef:
        """Store a pool's definition, new or in place of the one with the same UUID.

        Nothing on storage is looked at or changed. A definition without a UUID gets one. An active pool keeps working
        as it is: the definition holds from its next start on, and a transient pool becomes persistent. The event is
        DEFINED.

        Args:
            xml: A `<pool>` document.
            flags: `virtkit.enums.StoragePoolDefineFlags`. VALIDATE checks the document against the schema first.

        Returns:
            Its reference.

        Raises:
            XMLDetailError: The text is no XML.
            XMLError: The document is no pool: an unknown type, no name, no target path or source where the type needs
                one.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            ConfigUnsupportedError: A type for which no storage backend is installed; the message names the package.
            OperationFailedError: The name belongs to a pool of another UUID, or the UUID to one of another name;
                another pool has the same source or target; or the definition could not be stored.
        """
        raise not_supported("storage_pool_define_xml")

    @definition(acl="storage_pool:delete", since="0.4.1")
    def storage_pool_undefine(self, conn: S, pool: StoragePoolRef) -> None:
        """Remove the definition of an inactive pool. What is on storage stays. The event is UNDEFINED.

        Raises:
            OperationInvalidError: The pool is active, or transient.
        """
        raise not_supported("storage_pool_undefine")

    # Creation

    @creation(acl="storage_pool:start storage_pool:write", since="0.4.1")
    def storage_pool_create_xml(self, conn: S, xml: str, flags: int) -> StoragePoolRef:
        """Start a pool from XML without storing a definition: a transient pool.

        When UUID and name are those of an inactive persistent pool, that pool is started with this configuration, and
        its definition is back when it is stopped. If the start fails nothing remains of a transient pool; what a build
        made on storage stays. The event is STARTED, after that of a build.

        Args:
            xml: A `<pool>` document.
            flags: `virtkit.enums.StoragePoolCreateFlags`, as in `storage_pool_create`.

        Raises:
            OperationInvalidError: A pool of that UUID is active already.
            OperationFailedError: The name belongs to a pool of another UUID, or the UUID to one of another name; or
                another pool has the same source or target.
            XMLError: The document is no pool; further errors as in `storage_pool_define_xml` and `storage_pool_create`.
        """
        raise not_supported("storage_pool_create_xml")

    # Lifecycle

    @lifecycle(acl="storage_pool:start", since="0.4.1")
    def storage_pool_create(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """Start an inactive pool: make its storage accessible and find its volumes.

        Mounts, logs in or activates what the type calls for, unless that is done already, then scans as
        `storage_pool_refresh` does. If the scan fails the first step is undone. The event is STARTED.

        Args:
            flags: `virtkit.enums.StoragePoolCreateFlags`. NORMAL, which is 0, takes the storage as it is. WITH_BUILD
                builds it first as `storage_pool_build` without flags does; WITH_BUILD_OVERWRITE and
                WITH_BUILD_NO_OVERWRITE imply it and stand for the flags OVERWRITE and NO_OVERWRITE there.

        Raises:
            OperationInvalidError: The pool is active already.
            InvalidArgError: WITH_BUILD_OVERWRITE with WITH_BUILD_NO_OVERWRITE.
            SystemCallError: The storage is not there or not accessible; `int1` is the errno.
            OperationFailedError: A helper program failed, or the server refused. The message ends with what was said.
            ConfigUnsupportedError: No storage backend is installed for the type; the message names the package.
        """
        raise not_supported("storage_pool_create")

    @lifecycle(acl="storage_pool:format", since="0.4.1")
    def storage_pool_build(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """Prepare the storage of an inactive pool: make the directory, filesystem, volume group or partition table.

        What this does is the backend's; a type with nothing to prepare succeeds. The pool's state is BUILDING
        meanwhile, and it stays inactive. The event is CREATED; a pool that is built with its start has only STARTED.

        With neither NO_OVERWRITE nor OVERWRITE a directory is made with the owner and mode of the definition if it is
        missing, but no filesystem; a type that has to write on a device does so only where nothing is.

        Args:
            flags: `virtkit.enums.StoragePoolBuildFlags`. NO_OVERWRITE formats the device only if it is found to be
                empty; OVERWRITE formats it in any case. REPAIR and RESIZE are for backends that can; the others refuse
                them.

        Raises:
            OperationInvalidError: The pool is active.
            InvalidArgError: NO_OVERWRITE with OVERWRITE (`str1` the hook, `str2` `flags`), or a flag the backend does
                not have.
            StoragePoolBuiltError: NO_OVERWRITE, and the device holds what was to be made.
            StorageProbeFailedError: NO_OVERWRITE, and the device holds something else, or cannot be read.
            SystemCallError: Making or formatting failed; `int1` is the errno.
            OperationFailedError: A helper program failed. The message ends with what it said.
        """
        raise not_supported("storage_pool_build")

    @lifecycle(acl="storage_pool:refresh", since="0.4.1")
    def storage_pool_refresh(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """Scan an active pool again: which volumes there are, how large they are, how much room is left.

        Volumes keep their keys. One that is gone is forgotten; one whose file cannot be read is left out rather than
        failing the scan. A pool whose storage is gone altogether is stopped. The event is REFRESH.

        Raises:
            OperationInvalidError: The pool is not active.
            SystemCallError: The storage cannot be read; `int1` is the errno. The pool is stopped where it is gone.
            OperationFailedError: A helper program failed.
        """
        raise not_supported("storage_pool_refresh")

    @lifecycle(acl="storage_pool:stop", since="0.4.1")
    def storage_pool_destroy(self, conn: S, pool: StoragePoolRef) -> None:
        """Stop an active pool: unmount, log out, forget its volumes. What is on storage stays.

        A transient pool is gone. A driver does not look whether guests use volumes of the pool, but what is mounted and
        busy cannot be unmounted. The event is STOPPED.

        Raises:
            OperationInvalidError: The pool is not active, or a volume of it is being worked on.
            SystemCallError: The storage is busy; `int1` is the errno. The pool stays active.
            OperationFailedError: A helper program failed. The pool stays active.
        """
        raise not_supported("storage_pool_destroy")

    # Destruction

    @destruction(acl="storage_pool:format", since="0.4.1")
    def storage_pool_delete(self, conn: S, pool: StoragePoolRef, flags: int) -> None:
        """Delete the storage of an inactive pool: the opposite of building. The definition stays.

        A directory is removed if it is empty; a volume group or target is removed with everything in it. The event is
        DELETED.

        Args:
            flags: `virtkit.enums.StoragePoolDeleteFlags`. NORMAL, which is 0; ZEROED overwrites the data first, for
                backends that can; the others refuse it.

        Raises:
            OperationInvalidError: The pool is active.
            OperationUnsupportedError: Pools of that type cannot be deleted.
            InvalidArgError: ZEROED, and the backend cannot.
            SystemCallError: It is not empty, or not accessible; `int1` is the errno.
            OperationFailedError: A helper program failed. The message ends with what it said.
        """
        raise not_supported("storage_pool_delete")
