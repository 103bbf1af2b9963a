"""Addresses and bridges that a network to be started would have in common with others."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from virtkit.errors import InternalError
from virtkit_network import forwarding
from virtkit_network.checks import destination_of, subnets_of
from virtkit_network.network import NETWORK, bridge_name
from virtkit_network.shape import is_behind_host

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

    from virtkit.network.links import Links
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network


def require_free_of_networks(document: NetworkXML, others: Iterable[Network]) -> None:
    """Refuse a network that shares addresses, routes or its bridge with one that is active or being started.

    Raises:
        InternalError: It does; the message names both and what they share.
    """
    if not is_behind_host(document):
        return
    for other in others:
        for each in (other.live, other.starting):
            if each is None or not is_behind_host(each) or other.uuid == document.uuid:
                continue
            if bridge_name(each) == bridge_name(document):
                raise _conflict(document, f"the bridge {bridge_name(each)} is that of {other.subject}")
            shared = overlap(_reached(document), _reached(each))
            if shared is not None:
                raise _conflict(document, f"its {shared[0]} overlaps {shared[1]} of {other.subject}, which is active")


def require_free_ports(document: NetworkXML, others: Iterable[Network]) -> None:
    """Refuse a network that forwards a port of the host which leads to another active network.

    Raises:
        OperationFailedError: It does; the message names the port and the network.
    """
    forwards = forwarding.read(document)
    if forwards:
        strangers = [other for other in others if other.uuid != document.uuid]
        active = {other.name: [each for each in (other.live, other.starting) if each] for other in strangers}
        taken = {name: [each for live in lives for each in forwarding.read(live)] for name, lives in active.items()}
        forwarding.check_free(document, forwards, taken)


def require_free_of_host(document: NetworkXML, links: Links) -> None:
    """Refuse a network whose addresses or bridge the host has already.

    Raises:
        InternalError: It does; the message names the link.
    """
    if not is_behind_host(document):
        return
    bridge = bridge_name(document) or ""
    found = links.find(bridge)
    if found is not None:
        raise _conflict(
            document,
            f"there is a link {bridge} on this host, a {found.kind or 'device'} that is not this network's",
            "name another bridge, or remove that link",
        )
    for subnet, link in links.networks():
        shared = overlap(_reached(document), [ip_network(subnet)])
        if shared is not None:
            raise _conflict(document, f"its {shared[0]} overlaps {subnet}, which this host has on {link}")


def overlap(
    ours: Iterable[IPv4Network | IPv6Network], theirs: Iterable[IPv4Network | IPv6Network]
) -> tuple[IPv4Network | IPv6Network, IPv4Network | IPv6Network] | None:
    """The first pair of subnets that have addresses in common; those of single links alone (fe80::/10) do not count."""
    theirs = list(theirs)
    for one in ours:
        for other in theirs:
            if one.version == other.version and not one.is_link_local and one.overlaps(other):
                return one, other
    return None


def _reached(document: NetworkXML) -> list[IPv4Network | IPv6Network]:
    """What the host reaches by a network: its subnets, and where its static routes lead but for one to everywhere."""
    routes = [ip_network(destination_of(route)) for route in document.routes]
    return [*subnets_of(document), *(route for route in routes if route.prefixlen)]


def _conflict(document: NetworkXML, what: str, step: str = "give it others, or stop that one") -> InternalError:
    return InternalError(f"network {document.name!r} cannot start: {what}; {step}", domain=NETWORK)
