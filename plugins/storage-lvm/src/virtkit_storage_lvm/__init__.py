"""The storage backend `logical`: pools that are LVM volume groups, and volumes that are logical volumes.

virtkit_storage_lvm.backend    the backend: what the storage driver calls
virtkit_storage_lvm.building   making and removing volume groups
virtkit_storage_lvm.naming     names that LVM takes, and the paths of volumes
virtkit_storage_lvm.planning   argument lists of LVM's programs
virtkit_storage_lvm.reports    what LVM's programs report
virtkit_storage_lvm.lvm        runs them
virtkit_storage_lvm.devices    device nodes: owners, users, zeros
"""
