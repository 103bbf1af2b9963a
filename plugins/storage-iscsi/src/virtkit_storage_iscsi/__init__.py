"""The storage backend `iscsi`: pools that are iSCSI targets, and volumes that are their logical units.

virtkit_storage_iscsi.backend    the backend: what the storage driver calls
virtkit_storage_iscsi.commands   argument lists of `iscsiadm`, and what it prints
virtkit_storage_iscsi.initiator  runs it: discovery, login and logout
virtkit_storage_iscsi.sessions   sessions and logical units, as the kernel knows them
virtkit_storage_iscsi.holders    who has a device in use
"""
