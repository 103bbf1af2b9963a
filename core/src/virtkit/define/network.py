"""The define pass of networks, and changes to one part of a network, as `network_update` makes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from virtkit.define.subnets import check_host, check_ip, check_range, check_sought_host
from virtkit.enums import ErrorDomain, NetworkUpdateCommand, NetworkUpdateSection
from virtkit.errors import (
    ConfigUnsupportedError,
    NoNameError,
    OperationInvalidError,
    OperationUnsupportedError,
    XMLDetailError,
    XMLError,
)
from virtkit.xml.element import Element
from virtkit.xml.network import (
    Bridge,
    Dhcp,
    DhcpHost,
    DhcpRange,
    Dns,
    DnsHost,
    Forward,
    ForwardInterface,
    Ip,
    Network,
    PortGroup,
    SrvRecord,
    TxtRecord,
)

NETWORK = ErrorDomain.NETWORK
Command = NetworkUpdateCommand
Same = Callable[[Any, Any], bool]
CheckServed = Callable[[str, Ip, Any], None]
"""Refuses what a DHCP server cannot have: name of the network, the address it serves on, the element."""


ROUTED = ("nat", "route", "open")
"""Modes in which the host itself forwards: it needs a bridge of its own, and an address on it."""


def complete(network: Network) -> None:
    """Check the definition of a network and fill in the defaults that all drivers have.

    Raises:
        NoNameError: It has no name.
        XMLDetailError: Its name has a slash or a line break.
        VirtError: As for `check`, and for `virtkit.define.subnets.check_ip`.
    """
    if not network.name:
        raise NoNameError("the network has no <name>: give it one", domain=NETWORK)
    if "/" in network.name or "\n" in network.name:
        raise XMLDetailError(
            f"network name {network.name!r} has a slash or a line break: choose another", domain=ErrorDomain.XML
        )
    network.uuid = network.uuid or os.urandom(16)
    forward = network.forward
    if forward is not None:
        forward.mode = forward.mode or "nat"
        if forward.dev and not forward.interfaces:
            forward.interfaces.append(ForwardInterface(dev=forward.dev))
        _show_first(forward)
        if forward.mode == "hostdev":
            forward.managed = forward.managed is True
    for ip in network.ips:
        check_ip(network.name, ip)
        ip.prefix = ip.prefix or None
    check(network)
    if forward is None or forward.mode in ROUTED:
        network.bridge = network.bridge or Bridge()
        network.bridge.stp = True if network.bridge.stp is None else network.bridge.stp
        network.bridge.delay = network.bridge.delay or 0


def _show_first(forward: Forward) -> None:
    """The device of a forward is the first of its interfaces, as libvirt prints it."""
    forward.dev = forward.interfaces[0].dev if forward.interfaces else None


def check(network: Network) -> None:
    """Refuse a network that routes and has no address.

    Raises:
        XMLError: It does.
    """
    mode = network.forward.mode if network.forward is not None else None
    if mode in ("nat", "route") and not network.ips:
        raise XMLError(
            f"network {network.name!r} forwards by {mode} and has no address: give it an <ip>", domain=NETWORK
        )


def _equal(*names: str) -> Same:
    """Whether all of these fields are equal."""
    return lambda one, other: all(getattr(one, name) == getattr(other, name) for name in names)


def _shared(*names: str) -> Same:
    """Whether any of these fields is set and equal."""
    return lambda one, other: any(getattr(one, name) == getattr(other, name) is not None for name in names)


def _given(*names: str) -> Same:
    """Whether all of these fields that the second one has are equal."""
    return lambda one, other: all(getattr(other, name) in (None, getattr(one, name)) for name in names)


def _same_host(one: DnsHost, other: DnsHost) -> bool:
    return one.ip == other.ip or bool(set(one.hostnames) & set(other.hostnames))


class Part(NamedTuple):
    """A section that can be changed.

    Attributes:
        parent: Class of the element around it, which can parse it.
        item: Its own class.
        items: The list it is in; the second argument is the caller's `parent_index`.
        clashes: Whether an element that is there keeps another one from being added.
        matches: Whether an element that is there is the one to delete or to modify.
        modifiable: Whether MODIFY is possible.
        check: Refuses an element to add or to put in the place of another.
        check_sought: Refuses an element to delete.
    """

    parent: type[Element]
    item: type[Element]
    items: Callable[[Network, int], list[Any]]
    clashes: Same
    matches: Same
    modifiable: bool = False
    check: CheckServed | None = None
    check_sought: CheckServed | None = None


def _served(network: Network, index: int) -> Ip:
    """The address of a network that the DHCP sections mean."""
    ips = network.ips
    if index < 0:
        found = next((ip for ip in ips if ip.dhcp is not None), ips[0] if ips else None)
    else:
        found = ips[index] if index < len(ips) else None
    if found is None:
        which = f"<ip> number {index}" if index >= 0 else "<ip>"
        raise OperationInvalidError(f"network {network.name!r} has no {which} to serve addresses from", domain=NETWORK)
    return found


def _dhcp(network: Network, index: int) -> Dhcp:
    """The DHCP server of an address of the network, made where there is none."""
    served = _served(network, index)
    served.dhcp = served.dhcp or Dhcp()
    return served.dhcp


def _dns(network: Network) -> Dns:
    network.dns = network.dns or Dns()
    return network.dns


def _interfaces(network: Network, index: int) -> list[ForwardInterface]:
    if network.forward is None:
        raise OperationInvalidError(f"network {network.name!r} has no <forward> with interfaces", domain=NETWORK)
    return network.forward.interfaces


HOST_KEYS = ("mac", "id", "name", "ip")
SRV_KEYS = ("service", "protocol", "domain", "target", "port", "priority", "weight")

PARTS = {
    NetworkUpdateSection.IP_DHCP_HOST: Part(
        Dhcp,
        DhcpHost,
        lambda n, i: _dhcp(n, i).hosts,
        _shared(*HOST_KEYS),
        _given(*HOST_KEYS),
        modifiable=True,
        check=check_host,
        check_sought=check_sought_host,
    ),
    NetworkUpdateSection.IP_DHCP_RANGE: Part(
        Dhcp,
        DhcpRange,
        lambda n, i: _dhcp(n, i).ranges,
        _equal("start", "end"),
        _equal("start", "end"),
        check=check_range,
        check_sought=check_range,
    ),
    NetworkUpdateSection.FORWARD_INTERFACE: Part(Forward, ForwardInterface, _interfaces, _equal("dev"), _equal("dev")),
    NetworkUpdateSection.PORTGROUP: Part(
        Network, PortGroup, lambda n, i: n.port_groups, _equal("name"), _equal("name"), modifiable=True
    ),
    NetworkUpdateSection.DNS_HOST: Part(Dns, DnsHost, lambda n, i: _dns(n).hosts, _same_host, _same_host),
    NetworkUpdateSection.DNS_TXT: Part(Dns, TxtRecord, lambda n, i: _dns(n).txts, _equal("name"), _equal("name")),
    NetworkUpdateSection.DNS_SRV: Part(
        Dns, SrvRecord, lambda n, i: _dns(n).srvs, _equal("service", "protocol", "domain", "target"), _given(*SRV_KEYS)
    ),
}
"""What can be changed. The other sections exist as numbers only."""


def update(network: Network, command: int, section: int, parent_index: int, xml: str) -> None:
    """Change one part of a network in place; after an error it may be half changed, so work on a copy.

    Args:
        network: The network.
        command: `NetworkUpdateCommand`.
        section: `NetworkUpdateSection`.
        parent_index: Which `<ip>` the DHCP sections mean; -1 finds it.
        xml: The element alone.

    Raises:
        OperationUnsupportedError: The section cannot be changed, or not by that command.
        OperationInvalidError: What is to be added is there, or what is to be changed or deleted is not.
        XMLError: It is not the element of the section.
        VirtError: As for the checks of `virtkit.define.subnets`.
    """
    part = PARTS.get(section)  # type: ignore[call-overload]
    if part is None:
        sections = ", ".join(known.name for known in PARTS)
        raise OperationUnsupportedError(
            f"section {section} of network {network.name!r} cannot be changed, only {sections}", domain=NETWORK
        )
    item = _parse(part, xml)
    items = part.items(network, parent_index)
    if check := part.check_sought if command == Command.DELETE else part.check:
        check(network.name or "", _served(network, parent_index), item)
    match command:
        case Command.ADD_FIRST | Command.ADD_LAST:
            if any(part.clashes(one, item) for one in items):
                raise OperationInvalidError(f"network {network.name!r} has a matching entry already", domain=NETWORK)
            items.insert(0 if command == Command.ADD_FIRST else len(items), item)
        case Command.DELETE:
            items.remove(_find(network, items, lambda one: part.matches(one, item)))
        case Command.MODIFY if part.modifiable:
            found = _find(network, items, lambda one: part.clashes(one, item))
            items[items.index(found)] = item
        case _:
            raise OperationUnsupportedError(
                f"command {command} does not go with section {NetworkUpdateSection(section).name}: add or delete",
                domain=NETWORK,
            )
    _prune(network)


def _prune(network: Network) -> None:
    """Drop servers that serve nothing any more, and show the interface that is the first now."""
    if network.dns is not None and not network.dns.content():
        network.dns = None
    if network.forward is not None:
        _show_first(network.forward)
    for ip in network.ips:
        if ip.dhcp is not None and not ip.dhcp.content():
            ip.dhcp = None


def _parse(part: Part, xml: str) -> Element:
    try:
        item = part.parent.parse_child(xml, error_domain=NETWORK)
    except ConfigUnsupportedError as error:
        raise XMLError(error.message, domain=NETWORK) from error
    if not isinstance(item, part.item):
        raise XMLError(f"the section takes another element than the one given: {xml.strip()[:60]!r}", domain=NETWORK)
    return item


def _find(network: Network, items: list[Any], wanted: Callable[[Any], bool]) -> Any:
    found = [one for one in items if wanted(one)]
    if len(found) != 1:
        raise OperationInvalidError(
            f"{len(found)} entries of network {network.name!r} match: name exactly one", domain=NETWORK
        )
    return found[0]
