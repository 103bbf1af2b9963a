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
    from virtkit.xml.domain.devices.interface import Interface


def leased(peers: Peers, interfaces: Iterable[Interface]) -> list[DomainInterface]:
    """The addresses that virtual networks have leased to the interfaces of a guest; those without one are left out.

    Raises:
        VirtError: The network driver refuses.
    """
    found = []
    for interface in interfaces:
        if interface.source is not None and names_network(interface):
            network = peers["network_lookup_by_name"](interface.source.network)
            leases = peers["network_get_dhcp_leases"](network, mac_of(interface), 0)
            addresses = [IPAddress(lease.type, lease.ipaddr, lease.prefix) for lease in leases]
            found.append(_of(interface, addresses))
    return [each for each in found if each.addrs]


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
