"""What the definition of a network may say, by its forward mode: pure checks, with libvirt's classes of errors."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import TYPE_CHECKING

from virtkit.define.network import ROUTED
from virtkit.define.subnets import prefix_of
from virtkit.errors import ConfigUnsupportedError, VirtError, XMLDetailError, XMLError
from virtkit_network.network import NETWORK
from virtkit_network.plugging import POOLED
from virtkit_network.shape import checked_link, is_behind_host, mode_of

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from virtkit.xml.netdev import Bandwidth, Route
    from virtkit.xml.network import Network

MULTICAST = 0x01
"""The bit of a MAC address's first byte that marks a group of receivers."""


def check(network: Network) -> None:
    """Refuse a definition that no network of this host can be started with.

    Raises:
        XMLError: Parts exclude each other, or one is incomplete.
        XMLDetailError: A limit of bandwidth has no rate.
        ConfigUnsupportedError: Networks of that mode cannot have what it asks for.
    """
    for each in (_check_forward, _check_bridge, _check_mac, _check_addresses, _check_routes, _check_groups):
        each(network)
    if not is_behind_host(network):
        _check_foreign(network)
    check_bandwidth(f"network {network.name!r}", network.bandwidth, floor=False)


def _check_forward(network: Network) -> None:
    forward, mode = network.forward, mode_of(network)
    if forward is None:
        return
    if mode == "open" and (forward.interfaces or forward.dev):
        raise _wrong(network, "has a forward device, which mode 'open' does not look at: leave it out")
    if mode == "open" and not network.ips:
        raise _wrong(network, "forwards by open and has no address: give it an <ip>")
    if mode in ROUTED and len(forward.interfaces) > 1:
        raise _wrong(network, f"forwards to {len(forward.interfaces)} interfaces, of which mode {mode!r} takes one")
    if forward.nat is not None and mode != "nat":
        raise _wrong(network, f"has a <nat>, which goes with mode 'nat' alone, not {mode!r}")
    if mode == "hostdev" and forward.interfaces:
        raise _unsupported(network, "names its devices by interface: mode 'hostdev' takes PCI addresses, or a <pf>")
    if mode != "hostdev" and forward.addresses:
        raise _unsupported(network, f"has PCI addresses, which go with mode 'hostdev' alone, not {mode!r}")
    if forward.physical_function and mode not in (*POOLED, "hostdev"):
        raise _unsupported(network, f"has a <pf>, whose functions mode {mode!r} does not hand out")
    if forward.physical_function and (forward.interfaces or forward.addresses):
        raise _unsupported(network, "has a <pf> and devices of its own: the functions of the <pf> are its devices")
    for each in forward.interfaces:
        checked_link(network, each.dev or "")
    if forward.nat is not None:
        _check_nat(network)


def _check_nat(network: Network) -> None:
    nat = network.forward.nat if network.forward is not None else None
    if nat is None:
        return
    if nat.address is not None:
        start, end = nat.address.start, nat.address.end or nat.address.start
        if start is None or end is None or ip_address(start).version != ip_address(end).version:
            raise _wrong(network, "has a NAT address range without start and end of one family")
        if int(ip_address(start)) > int(ip_address(end)):
            raise _wrong(network, f"has a NAT address range that ends before it starts, {start} to {end}: swap them")
    if nat.port is not None:
        first, last = nat.port.start, nat.port.end
        if first is None or last is None or not 0 < first <= last:
            raise _wrong(network, f"has a NAT port range from {first} to {last}: give a start, and an end after it")


def _check_bridge(network: Network) -> None:
    bridge, mode, own = network.bridge, mode_of(network), is_behind_host(network)
    if network.mtu is not None and not own:
        raise _wrong(network, f"has an MTU, which mode {mode!r} takes from the host's device")
    if bridge is None:
        return
    if not own and mode != "bridge" and bridge.name:
        raise _wrong(network, f"names a bridge, which mode {mode!r} has no use for")
    if mode == "bridge" and network.forward is not None and network.forward.interfaces and bridge.name:
        raise _wrong(network, "names both a bridge and interfaces: mode 'bridge' takes one or the other")
    if not own and (bridge.delay is not None or bridge.stp is not None):
        raise _wrong(network, f"sets stp or delay of a bridge that is not its own, in mode {mode!r}")
    if bridge.name:
        checked_link(network, bridge.name.replace("%d", "0", 1))


def _check_mac(network: Network) -> None:
    if network.mac is not None and int(network.mac[:2], 16) & MULTICAST:
        raise _wrong(network, f"has the MAC address {network.mac} of a group: the first byte must be even")


def _check_addresses(network: Network) -> None:
    for family in (4, 6):
        served = [ip for ip in network.ips if ip.dhcp is not None and ip_address(ip.address or "").version == family]
        if len(served) > 1:
            raise _unsupported(network, f"serves DHCP on {len(served)} IPv{family} addresses: leave one")


def subnets_of(network: Network) -> list[IPv4Network | IPv6Network]:
    """The subnets a network has addresses of."""
    return [ip_interface(f"{ip.address}/{prefix_of(ip)}").network for ip in network.ips]


def destination_of(route: Route) -> str:
    """Where a static route leads, as `10.1.0.0/16`."""
    return str(ip_network(f"{route.address}/{_prefix_of_route(route)}"))


def _prefix_of_route(route: Route) -> int | str:
    if route.prefix is not None:
        return route.prefix
    if route.netmask:
        return route.netmask
    address = ip_address(route.address or "")
    return 0 if not int(address) else address.max_prefixlen


def _check_routes(network: Network) -> None:
    subnets = subnets_of(network)
    for route in network.routes:
        if not route.address or not route.gateway:
            raise _wrong(network, "has a <route> without address and gateway")
        if route.prefix is not None and route.netmask:
            raise _wrong(network, f"has a route to {route.address} with prefix and netmask: leave one out")
        try:
            destination = ip_network(f"{route.address}/{_prefix_of_route(route)}")
        except ValueError as error:
            raise _wrong(network, f"has a route to no subnet, {error}") from error
        gateway = ip_address(route.gateway)
        if destination.version != gateway.version or destination.version != (6 if route.family == "ipv6" else 4):
            raise _wrong(network, f"has a route to {destination} whose family, address and gateway differ in family")
        if not any(gateway in subnet for subnet in subnets if subnet.version == gateway.version):
            raise _unsupported(network, f"has a route by {gateway}, which is in none of its subnets")


def _check_groups(network: Network) -> None:
    names = [group.name for group in network.port_groups]
    if not all(names):
        raise _wrong(network, "has a <portgroup> without a name")
    if twice := sorted({str(name) for name in names if names.count(name) > 1}):
        raise _unsupported(network, f"has several port groups named {twice[0]!r}")
    defaults = [str(group.name) for group in network.port_groups if group.default]
    if len(defaults) > 1:
        raise _unsupported(network, f"has several default port groups, {' and '.join(defaults)}: leave one")
    floor = network.bandwidth is not None and network.bandwidth.inbound is not None
    for group in network.port_groups:
        check_bandwidth(f"port group {group.name!r} of network {network.name!r}", group.bandwidth, floor=floor)
    if not _takes_vlans(network) and (network.vlan or any(group.vlan for group in network.port_groups)):
        raise _unsupported(
            network,
            "has a <vlan>: VLANs need mode bridge, passthrough or hostdev, or an isolated network without addresses",
        )


def _takes_vlans(network: Network) -> bool:
    mode = mode_of(network)
    return not network.ips if mode == "none" else mode in ("bridge", "passthrough", "hostdev")


def check_bandwidth(subject: str, bandwidth: Bandwidth | None, *, floor: bool) -> None:
    """Refuse limits without a rate, and a guaranteed rate where there is nothing to guarantee it from.

    Args:
        subject: Whose limits, for the error.
        bandwidth: The limits.
        floor: Whether a floor is possible.

    Raises:
        XMLDetailError: A direction has neither average nor floor.
        ConfigUnsupportedError: There is a floor, and it is not possible.
    """
    for word, traffic in (("inbound", bandwidth.inbound), ("outbound", bandwidth.outbound)) if bandwidth else ():
        if traffic is None:
            continue
        if traffic.floor and (word == "outbound" or not floor):
            raise ConfigUnsupportedError(
                f"{subject} has a floor for {word} traffic: only ports of a network with inbound limits have one",
                domain=NETWORK,
            )
        if not traffic.average and not traffic.floor:
            raise XMLDetailError(f"{subject} limits {word} traffic without an average: give one", domain=NETWORK)


def _check_foreign(network: Network) -> None:
    """What a network cannot have whose guests are plugged into what the host has."""
    given = {
        "mac": network.mac,
        "ip": network.ips,
        "dns": network.dns,
        "domain": network.domain,
        "bandwidth": network.bandwidth,
    }
    for word, value in given.items():
        if value:
            raise _unsupported(network, f"has a <{word}>, which mode {mode_of(network)!r} has no place for")


def _wrong(network: Network, problem: str) -> VirtError:
    return XMLError(f"network {network.name!r} {problem}", domain=NETWORK)


def _unsupported(network: Network, problem: str) -> VirtError:
    return ConfigUnsupportedError(f"network {network.name!r} {problem}", domain=NETWORK)
