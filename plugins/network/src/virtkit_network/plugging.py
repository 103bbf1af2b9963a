"""What a port gets of its network: pure decisions from the network's document, its ports and what is asked for.

| mode | plug |
|---|---|
| isolated, nat, route, open | `network`: the network's own bridge |
| bridge, with a bridge | `bridge`: that bridge of the host |
| bridge, private, vepa, passthrough, with interfaces | `direct`: the interface with the fewest ports |
| hostdev | `hostdev-pci`: a PCI function without a port |
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError, InternalError, InvalidArgError
from virtkit.xml.address import PciPlace
from virtkit.xml.networkport import NetworkPort, Plug
from virtkit_network import functions
from virtkit_network.functions import Place
from virtkit_network.network import NETWORK, bridge_name
from virtkit_network.shape import is_behind_host, mode_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtkit.xml.network import Network, PortGroup

SWITCHES = {"bridge": ("openvswitch", "midonet"), "direct": ("802.1Qbg", "802.1Qbh"), "hostdev-pci": ("802.1Qbh",)}
"""Kind of plug -> types of virtual ports that go with it."""

POOLED = ("bridge", "private", "vepa", "passthrough")
"""Forward modes that hand out links of the host; the first may have a bridge of the host instead."""

_log = logging.getLogger(__name__)


def plug(network: Network, ports: Collection[NetworkPort], port: NetworkPort, *, reclaim: bool) -> None:
    """Say how a port is plugged in, and give it the settings of its group and network; the port is changed in place.

    Args:
        network: The live document.
        ports: The ports there are.
        port: The new one, as it was asked for.
        reclaim: It says itself how it is plugged in.

    Raises:
        InvalidArgError: It says so, and `reclaim` is not asked for.
        InternalError: There is nothing left to plug it into, or what it names is not the network's or another's.
        ConfigUnsupportedError: The network has no place for what it asks for.
    """
    _inherit(network, port)
    wanted = port.plug if port.plug is not None and port.plug.type not in (None, "none") else None
    if wanted is not None and not reclaim:
        raise InvalidArgError(
            f"the port says how it is plugged into network {network.name!r}, which is for the network to say: "
            "leave out its <plug>, or ask for RECLAIM",
            domain=NETWORK,
        )
    if reclaim and wanted is None:
        raise InternalError(
            f"a port of network {network.name!r} is to be reclaimed that does not say how it was plugged in: "
            "give it its <plug>, or leave out RECLAIM",
            domain=NETWORK,
        )
    port.plug = _chosen(network, ports, wanted)
    _check_settings(network, port)


def _inherit(network: Network, port: NetworkPort) -> None:
    """What a port does not say itself its group does, else the network."""
    group = _group(network, port)
    port.bandwidth = port.bandwidth or (group.bandwidth.copy() if group and group.bandwidth else None)
    for name in ("vlan", "virtual_port", "trust_guest"):
        source = "trust_guest_rx_filters" if name == "trust_guest" else name
        found = getattr(port, name)
        for each in (group, network):
            if found is None and each is not None:
                found = getattr(each, source)
        setattr(port, name, found.copy() if hasattr(found, "copy") else found)
    if port.port_isolated is None:
        port.port_isolated = network.port_isolated


def _group(network: Network, port: NetworkPort) -> PortGroup | None:
    """The port group that a port names, else the default one."""
    for group in network.port_groups:
        if group.name == port.group if port.group else group.default:
            return group
    if port.group:
        _log.warning("network %r has no port group %r: the port gets no settings of one", network.name, port.group)
    return None


def _chosen(network: Network, ports: Collection[NetworkPort], wanted: Plug | None) -> Plug:
    mode = mode_of(network)
    if is_behind_host(network):
        return _on_bridge(network, "network", wanted)
    if mode == "hostdev":
        return _function(network, ports, wanted)
    if mode == "bridge" and bridge_name(network):
        return _on_bridge(network, "bridge", wanted)
    return _interface(network, ports, wanted)


def _on_bridge(network: Network, kind: str, wanted: Plug | None) -> Plug:
    bridge = network.bridge
    assert bridge is not None, "the caller looked"
    if wanted is not None and (wanted.type != kind or wanted.bridge != bridge.name):
        raise _foreign(network, f"{wanted.type} {wanted.bridge or wanted.dev}")
    return Plug(type=kind, bridge=bridge.name, mac_table_manager=bridge.mac_table_manager)


def interfaces_of(network: Network) -> list[str]:
    """The links of the host that a network hands out."""
    forward = network.forward
    if forward is None or forward.mode not in POOLED:
        return []
    if forward.physical_function:
        return [each.link for each in functions.of_card(forward.physical_function) if each.link]
    return [each.dev for each in forward.interfaces if each.dev]


def users(ports: Iterable[NetworkPort], device: str) -> int:
    """How many ports are on a link of the host."""
    return sum(port.plug is not None and port.plug.type == "direct" and port.plug.dev == device for port in ports)


def _interface(network: Network, ports: Collection[NetworkPort], wanted: Plug | None) -> Plug:
    mode, pool = mode_of(network), interfaces_of(network)
    if not pool:
        raise InternalError(f"network {network.name!r} of mode {mode!r} has no interface to hand out", domain=NETWORK)
    kind = network.virtual_port.type if network.virtual_port is not None else None
    exclusive = mode == "passthrough" or (mode == "private" and kind == "802.1Qbh")
    if wanted is not None and (wanted.type != "direct" or wanted.dev not in pool):
        raise _foreign(network, wanted.dev or str(wanted.type))
    device = wanted.dev if wanted is not None and wanted.dev else min(pool, key=lambda each: users(ports, each))
    if exclusive and users(ports, device):
        what = f"{device} is in use" if wanted is not None else "all are in use"
        raise InternalError(
            f"network {network.name!r} hands out each of its interfaces once, and {what}: add one", domain=NETWORK
        )
    return Plug(type="direct", dev=device, mode=mode)


def place_of(address: PciPlace) -> Place:
    """A PCI address as numbers."""
    return Place(address.domain or 0, address.bus or 0, address.slot or 0, address.function or 0)


def functions_of(network: Network) -> list[Place]:
    """The PCI functions that a network hands out."""
    forward = network.forward
    if forward is None or forward.mode != "hostdev":
        return []
    if forward.physical_function:
        return [each.place for each in functions.of_card(forward.physical_function)]
    return [place_of(each) for each in forward.addresses]


def holders(ports: Iterable[NetworkPort], place: Place) -> int:
    """How many ports have a PCI function: one at the most."""
    plugs = [port.plug for port in ports if port.plug is not None]
    return sum(each.address is not None and place_of(each.address) == place for each in plugs)


def _function(network: Network, ports: Collection[NetworkPort], wanted: Plug | None) -> Plug:
    pool, forward = functions_of(network), network.forward
    assert forward is not None, "the caller looked"
    if wanted is not None:
        asked = place_of(wanted.address) if wanted.address is not None else None
        if asked is None or asked not in pool:
            raise _foreign(network, f"{wanted.type} {asked}")
        pool = [asked]
    free = [place for place in pool if not holders(ports, place)]
    if not free:
        raise InternalError(
            f"network {network.name!r} has no PCI function left: {len(pool)} of {len(pool)} are in use", domain=NETWORK
        )
    address = PciPlace(**free[0]._asdict())
    return Plug(type="hostdev-pci", managed=forward.managed is True, driver=forward.driver, address=address)


def _foreign(network: Network, what: str) -> InternalError:
    return InternalError(
        f"a port of network {network.name!r} is to be reclaimed on {what}, which the network does not have any more",
        domain=NETWORK,
    )


def _check_settings(network: Network, port: NetworkPort) -> None:
    """Refuse settings that the way of plugging has no place for."""
    assert port.plug is not None, "it was just plugged in"
    kind = port.virtual_port.type if port.virtual_port is not None else None
    if kind is not None and kind not in SWITCHES.get(port.plug.type or "", ()):
        raise ConfigUnsupportedError(
            f"network {network.name!r} plugs its ports into {port.plug.type} devices, which know no virtual port of "
            f"type {kind!r}: leave out its <virtualport>",
            domain=NETWORK,
        )
    direct = port.plug.type == "direct" and mode_of(network) != "passthrough"
    if port.vlan is not None and direct:
        raise ConfigUnsupportedError(
            f"network {network.name!r} of mode {mode_of(network)!r} has no place for a <vlan>: use a bridge that keeps "
            "VLANs apart, mode passthrough or hostdev",
            domain=NETWORK,
        )
