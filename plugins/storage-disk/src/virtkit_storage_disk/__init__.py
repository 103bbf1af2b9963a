"""The storage backend `disk`: pools that are disks with a partition table, and volumes that are partitions.

virtkit_storage_disk.backend    the backend: what the storage driver calls
virtkit_storage_disk.table      partition tables, as `sfdisk` reports them, and the room that they leave
virtkit_storage_disk.planning   where a new partition goes, and which may be deleted
virtkit_storage_disk.programs   runs `sfdisk` and `wipefs`
virtkit_storage_disk.kernel     what the kernel is told, and knows, of partitions
virtkit_storage_disk.blanking   what is done with a new partition
"""
