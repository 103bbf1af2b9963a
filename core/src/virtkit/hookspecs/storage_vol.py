"""Storage volumes: the files, logical volumes, partitions and remote images that become disks of guests.

A volume belongs to one pool and has three names: `name`, unique in its pool; `key`, unique on the host and the same
when the volume is seen through another pool (often the path, else a serial number); and the path by which a guest's
hypervisor opens it, which may change with the pool. A driver finds a volume by pool and name.

There is no definition apart from the volume itself: a volume exists on storage or not at all, and only while its pool
is active can it be seen. Every hook here raises, beside what it says itself, `OperationInvalidError` where the pool is
not active and `NoStorageVolError` or `NoStoragePoolError` where one of them is gone.

Sizes are in bytes. *Capacity* is what a guest sees; *allocation* is what the volume takes up on storage, which is less
for a sparse one and may be more with metadata.

Creating, copying, resizing and wiping take long. Meanwhile the driver holds neither the pool nor its other volumes, but
the pool cannot be stopped, and the volume itself is *busy*: to everything that would change or read it the answer is
`OperationInvalidError`. A volume that is being made shows in lists, and its allocation grows as it is filled. To delete
it is to cancel its making: who asked for it gets `OperationAbortedError`, and nothing is left.

At the least a driver implements `storage_pool_list_all_volumes`, `storage_vol_get_path`, `storage_vol_get_info_flags`
and `storage_vol_get_xml_desc`; one whose volumes can be changed adds `storage_vol_create_xml` and `storage_vol_delete`,
and the others as far as its backends can. The lookups, the count and the names are derived.
"""

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
    """Storage volumes: identity, lists, XML, creation, copies, contents, size, wiping and deletion."""

    error_domain = 18  # VIR_FROM_STORAGE

    # Lookup

    @lookup(acl="storage_vol:getattr", readonly=True, since="0.4.1")
    def storage_vol_lookup_by_name(self, conn: S, pool: StoragePoolRef, name: str) -> StorageVolRef:
        """Find a volume of a pool by its name. Derived from `storage_pool_list_all_volumes`.

        Raises:
            NoStorageVolError: The pool has no such volume, or had none when it was last refreshed.
        """
        raise not_supported("storage_vol_lookup_by_name")

    @lookup(acl="storage_vol:getattr", readonly=True, since="0.4.1")
    def storage_vol_lookup_by_key(self, conn: S, key: str) -> StorageVolRef:
        """Find a volume by its key in any active pool.

        Derived from `connect_list_all_storage_pools` and `storage_pool_list_all_volumes`; with many volumes worth
        implementing.

        Raises:
            NoStorageVolError: No active pool has a volume with that key.
        """
        raise not_supported("storage_vol_lookup_by_key")

    @lookup(acl="storage_vol:getattr", readonly=True, since="0.4.1")
    def storage_vol_lookup_by_path(self, conn: S, path: str) -> StorageVolRef:
        """Find a volume by its path in any active pool.

        Derived from `connect_list_all_storage_pools`, `storage_pool_list_all_volumes` and `storage_vol_get_path`,
        comparing paths as they are written. A driver does better: repeated slashes do not count, and of a device any of
        its names will do.

        Args:
            path: Path on the host, or what the pool's type has in its place, such as `pool/image` for Ceph.

        Raises:
            NoStorageVolError: No active pool has a volume with that path.
        """
        raise not_supported("storage_vol_lookup_by_path")

    # Enumeration

    @enumeration(
        acl="storage_pool:search_storage_vols",
        readonly=True,
        filters="storage_vol:getattr",
        since="0.10.2",
    )
    def storage_pool_list_all_volumes(self, conn: S, pool: StoragePoolRef, flags: int) -> list[StorageVolRef]:
        """List the volumes of an active pool.

        Volumes that the caller may not see are removed by the core. The list is what the pool knows: storage is not
        scanned again.

        Raises:
            OperationInvalidError: The pool is not active.
        """
        raise not_supported("storage_pool_list_all_volumes")

    @enumeration(
        acl="storage_pool:search_storage_vols",
        readonly=True,
        filters="storage_vol:getattr",
        since="0.4.1",
    )
    def storage_pool_list_volumes(self, conn: S, pool: StoragePoolRef) -> list[str]:
        """List the names of a pool's volumes. Derived from `storage_pool_list_all_volumes`."""
        raise not_supported("storage_pool_list_volumes")

    @enumeration(
        acl="storage_pool:search_storage_vols",
        readonly=True,
        filters="storage_vol:getattr",
        since="0.4.1",
    )
    def storage_pool_num_of_volumes(self, conn: S, pool: StoragePoolRef) -> int:
        """Count a pool's volumes. Derived from `storage_pool_list_all_volumes`."""
        raise not_supported("storage_pool_num_of_volumes")

    # Description

    @description(acl="storage_vol:read", readonly=True, since="0.4.1")
    def storage_vol_get_xml_desc(self, conn: S, vol: StorageVolRef, flags: int) -> str:
        """Describe a volume in XML: sizes, format, path, permissions, times, backing store.

        What is cheap to ask of storage, the sizes above all, is asked anew.

        Returns:
            A `<volume>` document, ending in a newline. It can be given to `storage_vol_create_xml` to make a volume
            like it.
        """
        raise not_supported("storage_vol_get_xml_desc")

    # Properties

    @accessor(acl="storage_vol:read", readonly=True, since="3.0.0")
    def storage_vol_get_info_flags(self, conn: S, vol: StorageVolRef, flags: int) -> StorageVolInfo:
        """Tell a volume's type and sizes as they are now.

        Args:
            flags: `virtkit.enums.StorageVolInfoFlags`. With USE_ALLOCATION, which is 0, `allocation` is what the volume
                takes up; with GET_PHYSICAL it is how far the file or device reaches, which counts the holes of a sparse
                one.

        Returns:
            `type` is what it is to the host, not the format inside: FILE, BLOCK, DIR, NETWORK, ...
        """
        raise not_supported("storage_vol_get_info_flags")

    @accessor(acl="storage_vol:read", readonly=True, since="0.4.1")
    def storage_vol_get_info(self, conn: S, vol: StorageVolRef) -> StorageVolInfo:
        """Tell a volume's type and sizes as they are now. Derived from `storage_vol_get_info_flags`, with no flags."""
        raise not_supported("storage_vol_get_info")

    @accessor(acl="storage_vol:read", readonly=True, since="0.4.1")
    def storage_vol_get_path(self, conn: S, vol: StorageVolRef) -> str:
        """Tell by which path the host's programs open a volume.

        Returns:
            An absolute path; for a network volume what the hypervisor's network client takes in its place. It is good
            while the pool is active.
        """
        raise not_supported("storage_vol_get_path")

    # Creation

    @creation(acl="storage_vol:create", since="0.4.1")
    def storage_vol_create_xml(self, conn: S, pool: StoragePoolRef, xml: str, flags: int) -> StorageVolRef:
        """Create an empty volume in an active pool.

        The format decides what is made: a raw volume is `<allocation>` bytes of reserved zeros in a file of
        `<capacity>` bytes, all of it reserved where the document has no allocation; other formats get their headers and
        metadata. A backing store named in the document must exist, and gives the capacity where the document has none.
        Owner, mode and label are set before the volume shows. A volume that fails half-way is removed.

        Args:
            xml: A `<volume>` document. A name, and a capacity unless there is a backing store; sizes in any unit.
            flags: `virtkit.enums.StorageVolCreateFlags`. PREALLOC_METADATA lays out the metadata of a format that has
                any (qcow2) at once, and reserves the data too where the allocation is not less than the capacity.
                VALIDATE checks the document against the schema. REFLINK is for copies: refused.

        Returns:
            Its reference, with the key.

        Raises:
            XMLDetailError: The text is no XML.
            XMLError: The document is no volume: no name, or a name with `/`; no capacity.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            ConfigUnsupportedError: A format that does not exist, or that this type of pool cannot make.
            StorageVolExistsError: The pool has a volume of that name, known or not yet, or one is being made.
            OperationAbortedError: It was deleted while it was being made.
            OperationInvalidError: The pool is not active.
            OperationUnsupportedError: Volumes cannot be created in this type of pool.
            SystemCallError: Storage is full or refuses; `int1` is the errno.
            OperationFailedError: A helper program failed. The message ends with what it said.
        """
        raise not_supported("storage_vol_create_xml")

    @creation(acl="storage_vol:create", since="0.6.4")
    def storage_vol_create_xml_from(
        self, conn: S, pool: StoragePoolRef, xml: str, clonevol: StorageVolRef, flags: int
    ) -> StorageVolRef:
        """Create a volume with the contents of another one.

        The contents are copied, and converted where the formats differ. The source may be in another pool, and is busy
        with the copy: it can be read but not changed or deleted. The capacity is at least the source's, whatever the
        document says; beyond the source's end are zeros. A copy that fails half-way is removed.

        Args:
            xml: A `<volume>` document, as in `storage_vol_create_xml`; the name, and what is to differ from the source.
            clonevol: The source. Its pool must be active too.
            flags: `virtkit.enums.StorageVolCreateFlags`. REFLINK shares the source's blocks until one side changes
                them, and fails where the filesystem cannot. PREALLOC_METADATA and VALIDATE as in
                `storage_vol_create_xml`.

        Returns:
            Its reference, with the key.

        Raises:
            StorageVolExistsError: The pool has a volume of that name. libvirt's storage driver answers `InternalError`
                here.
            NoStorageVolError: The source is gone.
            OperationAbortedError: It was deleted while it was being made.
            OperationInvalidError: A pool is not active, or the source is being written or created.
            XMLError: The document is no volume; further errors as in `storage_vol_create_xml`.
        """
        raise not_supported("storage_vol_create_xml_from")

    # Contents

    @operation(acl="storage_vol:data_read", since="0.9.0")
    def storage_vol_download(self, conn: S, vol: StorageVolRef, offset: int, length: int, flags: int) -> Source:
        """Read a volume's raw contents, as they lie on storage: the format's headers are part of them.

        What is returned is read while it is asked for; nothing is read ahead of a slow reader beyond a piece or two.
        When the reader stops early the iterator's `close` is called, and whatever was opened is let go.

        A piece is not empty and at most a few hundred KiB. Without SPARSE_STREAM all pieces are bytes, zeros for holes.
        With it a run that storage has not allocated comes as one `virtkit.streams.Hole`, the one at the end included,
        so that the lengths of all pieces add up to what was asked for. A driver whose storage cannot tell its holes
        yields bytes alone.

        Args:
            offset: First byte, from 0.
            length: How many bytes; 0 reads to the end. The end of the volume ends the data too: no error.
            flags: `virtkit.enums.StorageVolDownloadFlags`: SPARSE_STREAM.

        Returns:
            The pieces in order. Errors in the middle are raised by the iterator.

        Raises:
            OperationInvalidError: The pool is not active, or the volume is being created, copied to or wiped.
            SystemCallError: It cannot be opened; `int1` is the errno.
            OperationUnsupportedError: Volumes of this type of pool cannot be read.
        """
        raise not_supported("storage_vol_download")

    @operation(acl="storage_vol:data_write", since="0.9.0")
    def storage_vol_upload(self, conn: S, vol: StorageVolRef, offset: int, length: int, flags: int) -> Sink:
        """Overwrite part of a volume's raw contents.

        The caller writes bytes and, with SPARSE_STREAM, holes into the sink; they go on storage in the order they come,
        from `offset` on. A hole is made to read as zeros, by releasing the blocks where the storage can. The volume's
        format is not looked at: what is uploaded is the file or device itself. A file grows where the data goes past
        its end, a device cannot.

        `finish` makes everything durable and learns the volume's new sizes. `abort` closes it: what was written stays,
        since what was there before is gone. Until either, the volume is busy.

        Args:
            offset: First byte to overwrite, from 0.
            length: How many bytes the caller may write at most; 0 sets no limit.
            flags: `virtkit.enums.StorageVolUploadFlags`: SPARSE_STREAM. Without it `hole` is never called.

        Returns:
            The sink. It may raise in any call; `abort` is called then.

        Raises:
            OperationInvalidError: The pool is not active, or the volume is being created, copied or wiped.
            SystemCallError: It cannot be opened; `int1` is the errno. From the sink: storage is full or failed.
            InvalidArgError: From the sink: more bytes than `length`.
            OperationUnsupportedError: Volumes of this type of pool cannot be written.
        """
        raise not_supported("storage_vol_upload")

    # Size

    @operation(acl="storage_vol:resize", since="0.9.10")
    def storage_vol_resize(self, conn: S, vol: StorageVolRef, capacity: int, flags: int) -> None:
        """Change a volume's capacity.

        The new room is at the end and reads as zeros. Whether a guest that uses the volume sees the change is not this
        hook's matter: see `domain_block_resize`.

        Args:
            capacity: Bytes: the new capacity, or with DELTA by how much it grows (with SHRINK too: shrinks, down to 0).
            flags: `virtkit.enums.StorageVolResizeFlags`. ALLOCATE reserves the new room. SHRINK permits to end up
                smaller, which cuts data off.

        Raises:
            InvalidArgError: The capacity would become smaller without SHRINK or smaller than what is allocated; or
                ALLOCATE for a format that cannot.
            OperationInvalidError: The pool is not active, or the volume is busy.
            OperationFailedError: The pool has not that much room.
            SystemCallError: Storage refuses; `int1` is the errno.
            OperationUnsupportedError: Volumes of that format or type of pool cannot be resized.
        """
        raise not_supported("storage_vol_resize")

    # Destruction

    @destruction(acl="storage_vol:format", since="0.9.10")
    def storage_vol_wipe_pattern(self, conn: S, vol: StorageVolRef, algorithm: int, flags: int) -> None:
        """Overwrite all of a volume so that what it held cannot be read again. The volume stays, with its capacity.

        What is overwritten is what storage has allocated; a sparse file may be emptied instead. Afterwards a volume has
        no format: it holds no partitions and no headers.

        Args:
            algorithm: `virtkit.enums.StorageVolWipeAlgorithm`. ZERO writes zeros once. NNSA to RANDOM write their
                published patterns. TRIM tells the storage to discard the blocks.

        Raises:
            InvalidArgError: `algorithm` is not of the enumeration.
            OperationUnsupportedError: The algorithm does not work on this storage, or its program is not installed.
            OperationInvalidError: The pool is not active, or the volume is busy.
            SystemCallError: Storage failed; `int1` is the errno.
            OperationFailedError: A helper program failed. The message ends with what it said.
        """
        raise not_supported("storage_vol_wipe_pattern")

    @destruction(acl="storage_vol:format", since="0.8.0")
    def storage_vol_wipe(self, conn: S, vol: StorageVolRef, flags: int) -> None:
        """Overwrite all of a volume with zeros. Derived from `storage_vol_wipe_pattern`, with ZERO."""
        raise not_supported("storage_vol_wipe")

    @destruction(acl="storage_vol:delete", since="0.4.1")
    def storage_vol_delete(self, conn: S, vol: StorageVolRef, flags: int) -> None:
        """Delete a volume with its contents; one that is being made is not made to the end.

        That a guest's definition names the volume does not prevent it.

        Args:
            flags: `virtkit.enums.StorageVolDeleteFlags`. NORMAL, which is 0. ZEROED overwrites the contents first;
                WITH_SNAPSHOTS deletes the volume's own snapshots too. A backend refuses the ones it cannot do.

        Raises:
            OperationInvalidError: The pool is not active, or the volume is busy.
            InvalidArgError: A flag that the backend does not have.
            ResourceBusyError: The storage itself says that the volume is open or has clones.
            SystemCallError: Storage refuses; `int1` is the errno.
            OperationUnsupportedError: Volumes of this type of pool cannot be deleted.
        """
        raise not_supported("storage_vol_delete")
