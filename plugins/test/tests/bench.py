"""A connection to a simulated host, and the objects that tests are made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import virtkit
from virtkit.api.connection import Connection
from virtkit.errors import VirtError
from virtkit.refs import DomainRef, InterfaceRef, NetworkRef, NodeDeviceRef, SnapshotRef, StoragePoolRef, StorageVolRef

FACTS = Path(__file__).parents[3] / "tools/facts"
DEFINITIONS = Path(__file__).parent / "definitions"

UUID_A = "7a1f0c3e-0000-4000-8000-00000000000a"
UUID_B = "7a1f0c3e-0000-4000-8000-00000000000b"

NO_DOMAIN = DomainRef("nobody", UUID(UUID_B).bytes)
NO_NETWORK = NetworkRef("nobody", UUID(UUID_B).bytes)
NO_POOL = StoragePoolRef("nobody", UUID(UUID_B).bytes)


def domain_xml(name: str = "vec", inside: str = "", *, uuid: str = UUID_A, os: str = "<type>hvm</type>") -> str:
    """A small definition."""
    return (
        f"<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>4096</memory>"
        f"<vcpu>2</vcpu><os>{os}</os>{inside}</domain>"
    )


DISK_AND_INTERFACE = (
    "<devices><disk><source file='/a'/><target dev='vda'/></disk>"
    "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface></devices>"
)


def network_xml(name: str = "vecnet", inside: str = "<bridge name='vecbr9'/>", *, uuid: str = UUID_A) -> str:
    """A small definition of a network."""
    return f"<network><name>{name}</name><uuid>{uuid}</uuid>{inside}</network>"


def pool_xml(name: str = "vecpool", path: str = "/vecpool", *, uuid: str = UUID_A, kind: str = "dir") -> str:
    """A small definition of a pool."""
    target = f"<target><path>{path}</path></target>" if path else ""
    return f"<pool type='{kind}'><name>{name}</name><uuid>{uuid}</uuid>{target}</pool>"


def volume_xml(name: str = "vecvol", capacity: str = "<capacity unit='M'>1</capacity>", inside: str = "") -> str:
    """A small definition of a volume."""
    return f"<volume><name>{name}</name>{capacity}{inside}</volume>"


class Bench:
    """An open connection; attribute access calls a function of the API: `bench.domain_create(ref)`."""

    def __init__(self, uri: str = "test:///default", *, readonly: bool = False) -> None:
        self.connection: Connection = virtkit.open(uri, readonly=readonly)

    def __getattr__(self, name: str) -> Any:
        return self.connection.ops[name]

    def close(self) -> None:
        """Close it."""
        self.connection.close()

    # Objects

    @property
    def test(self) -> DomainRef:
        """The running domain that every host starts with."""
        return self.connection.ops["domain_lookup_by_name"]("test")  # type: ignore[no-any-return]

    @property
    def network(self) -> NetworkRef:
        """The network that every host starts with."""
        return self.connection.ops["network_lookup_by_name"]("default")  # type: ignore[no-any-return]

    @property
    def pool(self) -> StoragePoolRef:
        """The pool that every host starts with."""
        return self.connection.ops["storage_pool_lookup_by_name"]("default-pool")  # type: ignore[no-any-return]

    def domain(self, inside: str = DISK_AND_INTERFACE) -> DomainRef:
        """An inactive domain."""
        return self.domain_define_xml_flags(domain_xml(inside=inside), 0)  # type: ignore[no-any-return]

    def transient(self, inside: str = "") -> DomainRef:
        """A running transient domain."""
        return self.domain_create_xml(domain_xml("vectrans", inside), 0)  # type: ignore[no-any-return]

    def gone(self) -> DomainRef:
        """A domain that was undefined."""
        ref = self.domain("")
        self.domain_undefine_flags(ref, 0)
        return ref

    def inactive_network(self) -> NetworkRef:
        """An inactive network."""
        return self.network_define_xml_flags(network_xml(), 0)  # type: ignore[no-any-return]

    def transient_network(self) -> NetworkRef:
        """An active transient network."""
        return self.network_create_xml_flags(network_xml(), 0)  # type: ignore[no-any-return]

    def inactive_pool(self) -> StoragePoolRef:
        """An inactive pool."""
        return self.storage_pool_define_xml(pool_xml(), 0)  # type: ignore[no-any-return]

    def transient_pool(self) -> StoragePoolRef:
        """An active transient pool."""
        return self.storage_pool_create_xml(pool_xml(), 0)  # type: ignore[no-any-return]

    def volume(self) -> StorageVolRef:
        """A volume of the pool that every host starts with."""
        return self.storage_vol_create_xml(self.pool, volume_xml(), 0)  # type: ignore[no-any-return]

    def gone_volume(self) -> StorageVolRef:
        """A volume that was deleted."""
        ref = self.volume()
        self.storage_vol_delete(ref, 0)
        return ref

    @property
    def interface(self) -> InterfaceRef:
        """The interface that every host starts with."""
        return InterfaceRef("eth1", "aa:bb:cc:dd:ee:ff")

    def gone_interface(self) -> InterfaceRef:
        """The interface, undefined."""
        self.interface_undefine(self.interface)
        return self.interface

    @property
    def computer(self) -> NodeDeviceRef:
        """The root of the devices."""
        return NodeDeviceRef("computer")

    def snapshot(self, name: str = "s1", ref: DomainRef | None = None) -> SnapshotRef:
        """A snapshot of the running domain, or of another."""
        xml = f"<domainsnapshot><name>{name}</name></domainsnapshot>"
        return self.domain_snapshot_create_xml(ref or self.test, xml, 0)  # type: ignore[no-any-return]

    def gone_snapshot(self) -> SnapshotRef:
        """A snapshot that was deleted."""
        ref = self.snapshot()
        self.domain_snapshot_delete(ref, 0)
        return ref

    def refusal(self, call: Any, *arguments: Any) -> tuple[int, int]:
        """Code and domain of the error of a call; (0, 0) where there is none."""
        try:
            call(*arguments)
        except VirtError as error:
            return error.code, error.domain
        return 0, 0
