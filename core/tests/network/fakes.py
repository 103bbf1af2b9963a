"""Fake drivers of networks and filters, as peers of the code under test: they remember what they were asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from virtkit.enums import ErrorDomain, NetworkPortCreateFlags
from virtkit.errors import (
    NoNetworkError,
    NoNetworkPortError,
    NoNWFilterBindingError,
    NotSupportedError,
    OperationFailedError,
    OperationInvalidError,
)
from virtkit.network.ownership import Owner
from virtkit.records import DHCPLease
from virtkit.refs import NetworkPortRef, NetworkRef, NWFilterBindingRef
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.interface import Interface
from virtkit.xml.networkport import NetworkPort, Plug
from virtkit.xml.nwfilterbinding import NWFilterBinding

WEB = Owner("web", UUID(int=7).bytes, ErrorDomain.QEMU)
MAC = "52:54:00:aa:bb:cc"


def interface(text: str) -> Interface:
    """The interface of a document."""
    document = f"<domain type='qemu'><name>web</name><devices>{text}</devices></domain>"
    (found,) = Domain.parse(document).devices.interfaces
    return found


def written(found: Interface) -> str:
    """An interface as a document has it."""
    document = Domain.parse("<domain type='qemu'><name>web</name></domain>")
    document.devices.interfaces = [found]
    text = document.format()
    return text[text.index("<interface") : text.index("</devices>")]


class FakePeers(dict[str, Callable[..., Any]]):
    """Peers where every function that nobody gave is not supported."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        def unsupported(*_: object) -> None:
            raise NotSupportedError(name)

        return unsupported


class FakeNetworks:
    """A driver of networks: network `lan`, whose ports have the plug it is told.

    Attributes:
        plug: How ports are plugged in.
        active: Whether the network is.
        settings: What ports have beside what is asked for.
        ports: UUID -> the port.
        leases: What is leased.
        flags: Of the last creation.
    """

    def __init__(self, **plug: str) -> None:
        self.plug = plug
        self.active = True
        self.settings: dict[str, Any] = {}
        self.ports: dict[bytes, NetworkPort] = {}
        self.leases: list[DHCPLease] = []
        self.flags: int | None = None
        self.network = NetworkRef("lan", UUID(int=1).bytes)

    def peers(self) -> FakePeers:
        return FakePeers(
            network_lookup_by_name=self._lookup,
            network_port_create_xml=self._create,
            network_port_get_xml_desc=self._describe,
            network_port_delete=self._delete,
            network_get_dhcp_leases=lambda net, mac, flags: [each for each in self.leases if each.mac == mac],
        )

    def _lookup(self, name: str) -> NetworkRef:
        if name != "lan":
            raise NoNetworkError(f"there is no network {name!r}")
        return self.network

    def _create(self, net: NetworkRef, xml: str, flags: int) -> NetworkPortRef:
        if not self.active:
            raise OperationInvalidError("network 'lan' is not active")
        port = NetworkPort.parse(xml)
        self.flags = flags
        if not flags & NetworkPortCreateFlags.RECLAIM:
            port.plug = Plug(**self.plug)
            for name, value in self.settings.items():
                setattr(port, name, value)
        assert port.uuid is not None
        self.ports[port.uuid] = port
        return NetworkPortRef(net, port.uuid)

    def _describe(self, port: NetworkPortRef, flags: int) -> str:
        if port.uuid not in self.ports:
            raise NoNetworkPortError("there is no such port")
        return self.ports[port.uuid].format()

    def _delete(self, port: NetworkPortRef, flags: int) -> None:
        if self.ports.pop(port.uuid, None) is None:
            raise NoNetworkPortError("there is no such port")


class FakeFilters:
    """A driver of filters that has `good` alone; `bound` is device -> binding."""

    def __init__(self) -> None:
        self.bound: dict[str, NWFilterBinding] = {}

    def peers(self) -> FakePeers:
        return FakePeers(
            nwfilter_binding_lookup_by_port_dev=self._lookup,
            nwfilter_binding_create_xml=self._create,
            nwfilter_binding_get_xml_desc=lambda binding, flags: self.bound[binding.portdev].format(),
            nwfilter_binding_delete=lambda binding: self.bound.pop(binding.portdev),
        )

    def _lookup(self, name: str) -> NWFilterBindingRef:
        if name not in self.bound:
            raise NoNWFilterBindingError(f"{name} has no binding")
        return NWFilterBindingRef(name, "good")

    def _create(self, xml: str, flags: int) -> NWFilterBindingRef:
        binding = NWFilterBinding.parse(xml)
        assert binding.port_dev is not None
        assert binding.filterref is not None
        if binding.port_dev in self.bound or binding.filterref.filter != "good":
            raise OperationFailedError(f"there is no filter {binding.filterref.filter!r}, or a binding already")
        self.bound[binding.port_dev] = binding
        return NWFilterBindingRef(binding.port_dev, "good")
