"""What a network is to the host: its forward mode, its bridge, the links it forwards to, the subnets of its guests.

The kernel takes almost any name of a link. In files of dnsmasq and rules of nftables a `*`, a comma or a quote means
something else, so names of links are held to what means nothing to either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from virtkit.define.network import ROUTED
from virtkit.define.subnets import prefix_of
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.xml.network import Ip, Network

NETWORK = ErrorDomain.NETWORK

LINK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")

Subnet = IPv4Network | IPv6Network


def mode_of(network: Network) -> str:
    """The forward mode of a network; `none` for one that is isolated."""
    return "none" if network.forward is None else network.forward.mode or "nat"


def is_behind_host(network: Network) -> bool:
    """Whether the host is the router of the network's guests, or would be if they had one."""
    return network.forward is None or mode_of(network) in ROUTED


def bridge_of(network: Network) -> str:
    """The name of a network's bridge.

    Raises:
        InternalError: It has none yet.
        ConfigUnsupportedError: As for `checked_link`.
    """
    if network.bridge is None or network.bridge.name is None:
        raise InternalError(f"network {network.name!r} has no bridge: give its <bridge> a name", domain=NETWORK)
    return checked_link(network, network.bridge.name)


def forward_links(network: Network) -> list[str]:
    """The host's links that a network's traffic leaves by; none: any.

    Raises:
        ConfigUnsupportedError: As for `checked_link`.
    """
    forward = network.forward
    if forward is None:
        return []
    given = [each.dev for each in forward.interfaces] or [forward.dev]
    return [checked_link(network, each) for each in given if each is not None]


def checked_link(network: Network, name: str) -> str:
    """The name of a link, if no other program takes it for something else.

    Raises:
        ConfigUnsupportedError: It has other signs than letters, digits, `_`, `.` and `-`, or more than 15.
    """
    if LINK.fullmatch(name):
        return name
    raise ConfigUnsupportedError(
        f"network {network.name!r}: {name!r} cannot be the name of a link here: "
        "at most 15 letters, digits, '_', '.' and '-', the first a letter, a digit or '_'",
        domain=NETWORK,
    )


def subnets(network: Network, version: int) -> list[Subnet]:
    """Where the guests of a network are: subnets of its addresses, and those behind guests that it has routes to."""
    behind = [_subnet(Ip(address=each.address, netmask=each.netmask, prefix=each.prefix)) for each in network.routes]
    found = [*own_subnets(network), *behind]
    return merged(each for each in found if each.version == version and each.prefixlen)


def own_subnets(network: Network) -> list[Subnet]:
    """The subnets of a network's addresses, as they are given."""
    return [_subnet(ip) for ip in network.ips]


def _subnet(ip: Ip) -> Subnet:
    return ip_network(f"{ip.address}/{prefix_of(ip)}", strict=False)


def merged(networks: Iterable[Subnet]) -> list[Subnet]:
    """The same addresses in the fewest subnets: a set of nftables takes none twice."""
    return list(collapse_addresses(list(networks)))  # type: ignore[type-var]
