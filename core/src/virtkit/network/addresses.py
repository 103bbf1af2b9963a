"""Addresses of guests as the host knows them: from leases of DHCP, and from its table of neighbours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from virtkit.enums import IPAddrType
from virtkit.network.ownership import device_of, mac_of
from virtkit.network.ports import names_network
from virtkit.records import DomainInterface, IPAddress

if TYPE_CHECKING:
    from virtkit.network.links import Links
    from virtkit.network.ownership import Peers
    from virtkit.records import DHCPLease
    from virtkit.xml.domain.devices.interface import Interface


def leased(peers: Peers, interfaces: Iterable[Interface]) -> list[DomainInterface]:
    """The addresses that virtual networks have leased to the interfaces of a guest; those without one are left out.

    Raises:
        VirtError: The network driver refuses.
    """
    found = [
        _of(interface, [IPAddress(lease.type, lease.ipaddr, lease.prefix) for lease in _leases(peers, interface)])
        for interface in interfaces
    ]
    return [each for each in found if each.addrs]


def leased_name(peers: Peers, interfaces: Iterable[Interface]) -> str | None:
    """The name under which a guest has a lease of a virtual network; None where no lease has one.

    Raises:
        VirtError: The network driver refuses.
    """
    return next((lease.hostname for each in interfaces for lease in _leases(peers, each) if lease.hostname), None)


def _leases(peers: Peers, interface: Interface) -> list[DHCPLease]:
    if interface.source is None or not names_network(interface):
        return []
    network = peers["network_lookup_by_name"](interface.source.network)
    leases: list[DHCPLease] = peers["network_get_dhcp_leases"](network, mac_of(interface), 0)
    return leases


def neighbouring(links: Links, interfaces: Iterable[Interface]) -> list[DomainInterface]:
    """The addresses at which this host has met the interfaces of a guest; those without one are left out.

    The prefix is 0: the table does not know it.
    """
    known: dict[str, list[IPAddress]] = {}
    for mac, address in links.neighbours():
        kind = IPAddrType.IPV6 if ":" in address else IPAddrType.IPV4
        known.setdefault(mac, []).append(IPAddress(kind, address, 0))
    found = [_of(interface, known.get(mac_of(interface), [])) for interface in interfaces]
    return [each for each in found if each.addrs]


def _of(interface: Interface, addresses: list[IPAddress]) -> DomainInterface:
    return DomainInterface(device_of(interface) or "", mac_of(interface), addresses)
