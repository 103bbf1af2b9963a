"""Which object a document defines, read by the parser that the drivers use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from virtkit.refs import (
    DomainRef,
    InterfaceRef,
    NetworkPortRef,
    NetworkRef,
    NodeDeviceRef,
    NWFilterBindingRef,
    NWFilterRef,
    SecretRef,
    StoragePoolRef,
    StorageVolRef,
)

NO_UUID = bytes(16)
"""Stands in the reference of an object whose document leaves the choice of a UUID to the driver."""


class Definition(NamedTuple):
    """What a document says of the object it defines.

    Attributes:
        ref: Its reference; None where the document leaves the name to the driver.
        has_uuid: Whether the document has the UUID.
        shown: The object as the document names it.
    """

    ref: Any
    has_uuid: bool = False
    shown: str = ""


Parse = Callable[[str, Any], Definition]
"""Reads a document, given the reference of the pool or network the object is to belong to.

It raises what `virtkit.xml.element.Document.parse` does.
"""


def _named(ref: type[Any], name: str | None, uuid: bytes | None) -> Definition:
    return Definition(ref(name, uuid or NO_UUID) if name else None, uuid is not None, repr(name) if name else "")


def _domain(text: str, _: Any) -> Definition:
    from virtkit.xml.domain import Domain

    domain = Domain.parse(text)
    return _named(DomainRef, domain.name, domain.uuid)


def _network(text: str, _: Any) -> Definition:
    from virtkit.xml.network import Network

    network = Network.parse(text)
    return _named(NetworkRef, network.name, network.uuid)


def _network_port(text: str, network: NetworkRef) -> Definition:
    from virtkit.xml.networkport import NetworkPort

    uuid = NetworkPort.parse(text).uuid
    return Definition(NetworkPortRef(network, uuid or NO_UUID), uuid is not None, f"of network {network.name!r}")


def _pool(text: str, _: Any) -> Definition:
    from virtkit.xml.pool import StoragePool

    pool = StoragePool.parse(text)
    name = pool.name or pool.source.name  # a volume group is a name enough
    return _named(StoragePoolRef, name, pool.uuid)


def _volume(text: str, pool: StoragePoolRef) -> Definition:
    from virtkit.xml.volume import StorageVolume

    name = StorageVolume.parse(text).name
    return Definition(StorageVolRef(pool.name, name, "") if name else None, False, repr(name) if name else "")


def _interface(text: str, _: Any) -> Definition:
    from virtkit.xml.interface import Interface

    name = Interface.parse(text).name
    return Definition(InterfaceRef(name, "") if name else None, False, repr(name) if name else "")


def _node_device(text: str, _: Any) -> Definition:
    from virtkit.xml.nodedev import NodeDevice

    name = NodeDevice.parse(text).name
    return Definition(NodeDeviceRef(name) if name else None, False, repr(name) if name else "")


def _nwfilter(text: str, _: Any) -> Definition:
    from virtkit.xml.nwfilter import NWFilter

    nwfilter = NWFilter.parse(text)
    return _named(NWFilterRef, nwfilter.name, nwfilter.uuid)


def _nwfilter_binding(text: str, _: Any) -> Definition:
    from virtkit.xml.nwfilterbinding import NWFilterBinding

    binding = NWFilterBinding.parse(text)
    if not binding.port_dev:
        return Definition(None)
    filtername = binding.filterref.filter if binding.filterref is not None else None
    return Definition(NWFilterBindingRef(binding.port_dev, filtername or ""), False, repr(binding.port_dev))


def _secret(text: str, _: Any) -> Definition:
    from virtkit.enums import SecretUsageType
    from virtkit.xml.secret import Secret

    secret = Secret.parse(text)
    usage = secret.usage
    kind = SecretUsageType[usage.type.upper()] if usage.type else SecretUsageType.NONE
    ref = SecretRef(secret.uuid or NO_UUID, int(kind), usage.id)
    return Definition(ref, secret.uuid is not None, repr(usage.id) if usage.id else "")


DEFINED: dict[str, Parse] = {
    "domain": _domain,
    "network": _network,
    "network_port": _network_port,
    "storage_pool": _pool,
    "storage_vol": _volume,
    "interface": _interface,
    "node_device": _node_device,
    "nwfilter": _nwfilter,
    "nwfilter_binding": _nwfilter_binding,
    "secret": _secret,
}
"""Kind -> what tells which object a document of it defines."""
