"""Storage pools and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from virtkit.api.handle import NamedHandle, NamedUUIDHandle, uuid_bytes
from virtkit.api.methods import Methods
from virtkit.refs import StoragePoolRef, StorageVolRef

if TYPE_CHECKING:
    import uuid as uuids

    from virtkit.records import StoragePoolInfo, StorageVolInfo
    from virtkit.streams import Sink, Source

FROM_STORAGE = 18


class StorageMethods(Methods):
    """What a connection does with storage."""

    __slots__ = ()

    def list_storage_pools(self, flags: int = 0) -> list[StoragePool]:
        """All pools that match `virtkit.enums.ConnectListAllStoragePoolsFlags`; 0 lists every one."""
        return [StoragePool(self, ref) for ref in self.ops["connect_list_all_storage_pools"](flags)]

    def list_storage_pool_names(self) -> list[str]:
        """Names of the active pools."""
        return self.ops["connect_list_storage_pools"]()

    def list_defined_storage_pool_names(self) -> list[str]:
        """Names of the inactive pools."""
        return self.ops["connect_list_defined_storage_pools"]()

    def num_of_storage_pools(self) -> int:
        """How many pools are active."""
        return self.ops["connect_num_of_storage_pools"]()

    def num_of_defined_storage_pools(self) -> int:
        """How many pools are inactive."""
        return self.ops["connect_num_of_defined_storage_pools"]()

    def lookup_storage_pool_by_name(self, name: str) -> StoragePool:
        """The pool of a name.

        Raises:
            NoStoragePoolError: There is none.
        """
        return StoragePool(self, self.ops["storage_pool_lookup_by_name"](name))

    def lookup_storage_pool_by_uuid(self, uuid: uuids.UUID | bytes | str) -> StoragePool:
        """The pool of a UUID.

        Raises:
            NoStoragePoolError: There is none.
        """
        return StoragePool(self, self.ops["storage_pool_lookup_by_uuid"](uuid_bytes(uuid, FROM_STORAGE)))

    def lookup_storage_pool_by_target_path(self, path: str) -> StoragePool:
        """The pool whose volumes lie at a path of the host.

        Raises:
            NoStoragePoolError: There is none.
        """
        return StoragePool(self, self.ops["storage_pool_lookup_by_target_path"](path))

    def define_storage_pool(self, xml: str, flags: int = 0) -> StoragePool:
        """Make a pool persistent, or change its definition; `virtkit.enums.StoragePoolDefineFlags`."""
        return StoragePool(self, self.ops["storage_pool_define_xml"](xml, flags))

    def create_storage_pool(self, xml: str, flags: int = 0) -> StoragePool:
        """Start a pool that has no definition and vanishes when stopped; `virtkit.enums.StoragePoolCreateFlags`."""
        return StoragePool(self, self.ops["storage_pool_create_xml"](xml, flags))

    def find_storage_pool_sources(self, type: str, src_spec: str | None = None, flags: int = 0) -> str:
        """XML of where pools of a type could get their storage from, such as the exports of an NFS server.

        Args:
            type: Type of pool, such as `netfs`, `logical` or `iscsi`.
            src_spec: A `<source>` element that says where to look, for the types that need it.
            flags: None is defined.
        """
        return self.ops["connect_find_storage_pool_sources"](type, src_spec, flags)

    def storage_pool_capabilities(self, flags: int = 0) -> str:
        """XML of the types of pools, and the formats of each, that can be had here."""
        return self.ops["connect_get_storage_pool_capabilities"](flags)

    def lookup_volume_by_key(self, key: str) -> StorageVol:
        """The volume of a key, in whichever pool.

        Raises:
            NoStorageVolError: There is none.
        """
        return StorageVol(self, self.ops["storage_vol_lookup_by_key"](key))

    def lookup_volume_by_path(self, path: str) -> StorageVol:
        """The volume at a path of the host, in whichever pool.

        Raises:
            NoStorageVolError: There is none.
        """
        return StorageVol(self, self.ops["storage_vol_lookup_by_path"](path))


class StoragePool(NamedUUIDHandle[StoragePoolRef]):
    """A storage pool: where volumes come from."""

    __slots__ = ()

    def xml_desc(self, flags: int = 0) -> str:
        """The description; `virtkit.enums.StorageXMLFlags`."""
        return self.connection.ops["storage_pool_get_xml_desc"](self.ref, flags)

    def info(self) -> StoragePoolInfo:
        """State and sizes, in bytes."""
        return self.connection.ops["storage_pool_get_info"](self.ref)

    def is_active(self) -> bool:
        """Whether its volumes can be used."""
        return self.connection.ops["storage_pool_is_active"](self.ref)

    def is_persistent(self) -> bool:
        """Whether it has a stored definition."""
        return self.connection.ops["storage_pool_is_persistent"](self.ref)

    def autostart(self) -> bool:
        """Whether it is started with the host."""
        return self.connection.ops["storage_pool_get_autostart"](self.ref)

    def set_autostart(self, autostart: bool) -> None:
        """Say whether it is started with the host; it must be persistent."""
        self.connection.ops["storage_pool_set_autostart"](self.ref, autostart)

    def build(self, flags: int = 0) -> None:
        """Make the storage itself: a folder, a file system, a volume group; `virtkit.enums.StoragePoolBuildFlags`."""
        self.connection.ops["storage_pool_build"](self.ref, flags)

    def create(self, flags: int = 0) -> None:
        """Start it; `virtkit.enums.StoragePoolCreateFlags` can build it first."""
        self.connection.ops["storage_pool_create"](self.ref, flags)

    def destroy(self) -> None:
        """Stop it. The data stays; a pool without a definition is forgotten."""
        self.connection.ops["storage_pool_destroy"](self.ref)

    def delete(self, flags: int = 0) -> None:
        """Destroy the storage itself, with all data; `virtkit.enums.StoragePoolDeleteFlags`."""
        self.connection.ops["storage_pool_delete"](self.ref, flags)

    def refresh(self, flags: int = 0) -> None:
        """Look for volumes again."""
        self.connection.ops["storage_pool_refresh"](self.ref, flags)

    def undefine(self) -> None:
        """Remove its definition; it must not be active."""
        self.connection.ops["storage_pool_undefine"](self.ref)

    def list_volumes(self, flags: int = 0) -> list[StorageVol]:
        """All its volumes."""
        conn = self.connection
        return [StorageVol(conn, ref) for ref in conn.ops["storage_pool_list_all_volumes"](self.ref, flags)]

    def list_volume_names(self) -> list[str]:
        """Names of its volumes."""
        return self.connection.ops["storage_pool_list_volumes"](self.ref)

    def num_of_volumes(self) -> int:
        """How many volumes it has."""
        return self.connection.ops["storage_pool_num_of_volumes"](self.ref)

    def lookup_volume_by_name(self, name: str) -> StorageVol:
        """Its volume of a name.

        Raises:
            NoStorageVolError: There is none.
        """
        return StorageVol(self.connection, self.connection.ops["storage_vol_lookup_by_name"](self.ref, name))

    def create_volume(self, xml: str, flags: int = 0) -> StorageVol:
        """Make a volume; `virtkit.enums.StorageVolCreateFlags`.

        Raises:
            StorageVolExistsError: The name is taken.
        """
        return StorageVol(self.connection, self.connection.ops["storage_vol_create_xml"](self.ref, xml, flags))

    def create_volume_from(self, xml: str, volume: StorageVol, flags: int = 0) -> StorageVol:
        """Make a volume with the data of another one, of any pool; `virtkit.enums.StorageVolCreateFlags`."""
        conn = self.connection
        return StorageVol(conn, conn.ops["storage_vol_create_xml_from"](self.ref, xml, volume.ref, flags))


class StorageVol(NamedHandle[StorageVolRef]):
    """A storage volume."""

    __slots__ = ()

    @property
    def key(self) -> str:
        """What names it uniquely on the host, such as its path."""
        return self.ref.key

    @property
    def pool_name(self) -> str:
        """The name of its pool; `pool` asks for the pool itself."""
        return self.ref.pool

    def pool(self) -> StoragePool:
        """The pool it belongs to."""
        return StoragePool(self.connection, self.connection.ops["storage_pool_lookup_by_volume"](self.ref))

    def xml_desc(self, flags: int = 0) -> str:
        """The description."""
        return self.connection.ops["storage_vol_get_xml_desc"](self.ref, flags)

    def info(self, flags: int = 0) -> StorageVolInfo:
        """Type and sizes, in bytes; `virtkit.enums.StorageVolInfoFlags`."""
        return self.connection.ops["storage_vol_get_info_flags"](self.ref, flags)

    def path(self) -> str:
        """Where a guest's disk finds it: a path of the host, or a name within the pool's protocol."""
        return self.connection.ops["storage_vol_get_path"](self.ref)

    def resize(self, capacity: int, flags: int = 0) -> None:
        """Change the capacity, in bytes; `virtkit.enums.StorageVolResizeFlags` (relative, shrinking, allocating)."""
        self.connection.ops["storage_vol_resize"](self.ref, capacity, flags)

    def wipe(self, flags: int = 0) -> None:
        """Overwrite the data with zeros."""
        self.connection.ops["storage_vol_wipe"](self.ref, flags)

    def wipe_pattern(self, algorithm: int, flags: int = 0) -> None:
        """Overwrite the data as a `virtkit.enums.StorageVolWipeAlgorithm` says."""
        self.connection.ops["storage_vol_wipe_pattern"](self.ref, algorithm, flags)

    def delete(self, flags: int = 0) -> None:
        """Remove it with its data; `virtkit.enums.StorageVolDeleteFlags`."""
        self.connection.ops["storage_vol_delete"](self.ref, flags)

    def upload(self, offset: int = 0, length: int = 0, flags: int = 0) -> Sink:
        """Write raw data into it; see `upload_from` for a whole file.

        Args:
            offset: Where to begin, in bytes.
            length: How many bytes at most; 0 is no limit.
            flags: `virtkit.enums.StorageVolUploadFlags`; SPARSE_STREAM allows holes.

        Returns:
            What takes the data. Call its `finish` when all is written, `abort` to give up.
        """
        return self.connection.ops["storage_vol_upload"](self.ref, offset, length, flags)

    def download(self, offset: int = 0, length: int = 0, flags: int = 0) -> Source:
        """Read its raw data, chunk by chunk; see `download_to` for a file.

        Args:
            offset: Where to begin, in bytes.
            length: How many bytes at most; 0 is up to the end.
            flags: `virtkit.enums.StorageVolDownloadFlags`; with SPARSE_STREAM holes come as `virtkit.streams.Hole`.
        """
        return self.connection.ops["storage_vol_download"](self.ref, offset, length, flags)

    def upload_from(self, file: BinaryIO, offset: int = 0, flags: int = 0) -> None:
        """Write the rest of a file into it, from `offset` on; flags as in `upload`.

        With SPARSE_STREAM the file's holes are not sent. If anything fails the upload is aborted and the error raised.
        """
        from virtkit.api.transfer import send
        from virtkit.enums import StorageVolUploadFlags

        send(file, self.upload(offset, 0, flags), sparse=bool(flags & StorageVolUploadFlags.SPARSE_STREAM))

    def download_to(self, file: BinaryIO, offset: int = 0, length: int = 0, flags: int = 0) -> None:
        """Write its data to a file, from the file's position on; arguments as in `download`."""
        from virtkit.api.transfer import receive

        receive(self.download(offset, length, flags), file)
