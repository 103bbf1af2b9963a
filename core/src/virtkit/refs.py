"""References: what names an object in a call to a driver.

A reference is a plain tuple in the order the fields travel on libvirt's wire; UUIDs are 16 raw bytes. A public
handle (`virtkit.Domain`, ...) is a connection and a reference. Drivers find a domain by `uuid`; `name` and `id` are
what the caller last knew.
"""

from __future__ import annotations

from virtkit.record import Record

NO_ID = -1
"""The id of a domain that does not run."""


class DomainRef(Record):
    """A domain; `id` is `NO_ID` while it does not run."""

    name: str
    uuid: bytes
    id: int = NO_ID


class NetworkRef(Record):
    """A virtual network."""

    name: str
    uuid: bytes


class NetworkPortRef(Record):
    """A port of a virtual network."""

    net: NetworkRef
    uuid: bytes


class StoragePoolRef(Record):
    """A storage pool."""

    name: str
    uuid: bytes


class StorageVolRef(Record):
    """`pool` is the pool's name; `key` is unique on the host and stays when the volume moves."""

    pool: str
    name: str
    key: str


class InterfaceRef(Record):
    """A host network interface; `mac` as `52:54:00:12:34:56`."""

    name: str
    mac: str


class NodeDeviceRef(Record):
    """A device of the host."""

    name: str


class NWFilterRef(Record):
    """A network filter."""

    name: str
    uuid: bytes


class NWFilterBindingRef(Record):
    """A filter bound to the port device `portdev`."""

    portdev: str
    filtername: str


class SecretRef(Record):
    """`usage_type` is a `virtkit.enums.SecretUsageType`."""

    uuid: bytes
    usage_type: int
    usage_id: str


class SnapshotRef(Record):
    """A snapshot of a domain."""

    name: str
    dom: DomainRef


class CheckpointRef(Record):
    """A checkpoint of a domain."""

    name: str
    dom: DomainRef
