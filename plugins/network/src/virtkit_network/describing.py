"""How a network is shown: what only an active one has is added to its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import NetworkXMLFlags
from virtkit.xml.network import ForwardAddress, ForwardInterface, Nat, PortRange
from virtkit_network import plugging

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network

NAT_PORTS = (1024, 65535)
"""The ports that stand for guests' ports where a network does not say."""


def described(network: Network, flags: int) -> str:
    """A network in XML; `flags` as of `network_get_xml_desc`."""
    if network.config is not None and flags & NetworkXMLFlags.INACTIVE:
        return network.config.format()
    if network.live is None:
        return network.document.format()
    shown = network.live.copy()
    _show_nat(shown)
    if not flags & NetworkXMLFlags.INACTIVE:
        _count(shown, network)
    return shown.format()


def _show_nat(document: NetworkXML) -> None:
    """Say which ports stand for guests' ports."""
    forward = document.forward
    if forward is None or forward.mode != "nat":
        return
    forward.nat = forward.nat or Nat()
    forward.nat.port = forward.nat.port or PortRange(start=NAT_PORTS[0], end=NAT_PORTS[1])


def _count(document: NetworkXML, network: Network) -> None:
    """Say how many ports there are, and on which device."""
    ports, forward = list(network.ports.values()), document.forward
    document.connections = len(ports) or None
    if forward is None:
        return
    if forward.physical_function:
        forward.interfaces = [ForwardInterface(dev=each) for each in plugging.interfaces_of(document)]
        places = [place._asdict() for place in plugging.functions_of(document)]
        forward.addresses = [ForwardAddress(type="pci", **place) for place in places]
    for each in forward.interfaces:
        each.connections = plugging.users(ports, each.dev or "") or None
    for address in forward.addresses:
        address.connections = plugging.holders(ports, plugging.place_of(address)) or None
