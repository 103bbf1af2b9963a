"""Interfaces of containers: made on the host when a container starts, unplugged when it has ended.

Each but a macvlan is a pair: one end is plugged in on the host, the other moves into the container. A link of the host
(`<hostdev mode='capabilities' type='net'>`) moves there itself, and comes back. pyroute2 is imported only for
containers that have any.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, VirtError
from virtkit.network.links import MACVLAN_MODES, Links
from virtkit.network.ownership import PLUGGED, Owner, device_of, mac_of, name_device, tap_mac
from virtkit_lxc.plan import Link, Route

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.hostdev import Hostdev
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit.xml.netdev import Route as NetworkRoute
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

PREFIX = "vnet"
"""Names of the ends on the host begin so, as libvirt's."""

ANYWHERE = {"ipv4": 32, "ipv6": 128}
"""Length of the prefix of an address that tells none."""

_log = logging.getLogger(__name__)


def plug(state: LxcState, guest: Container, run: Run) -> tuple[Link, ...]:
    """Make the interfaces of a container that is about to start. Whoever fails afterwards calls `unplug`.

    Returns:
        The links that move into the container.

    Raises:
        InternalError: A link of the host that it is to get does not exist.
        VirtError: As `virtkit.network.plugging.settle` and `plug`.
    """
    from virtkit.network import plugging

    found, lent = plugged(run.live), [each for each in run.live.devices.hostdevs if each.type == "net"]
    if not found and not lent:
        return ()
    for interface in found:
        plugging.prepare(interface)
    state.record(guest)
    with Links(domain=LXC) as links:
        moved = [lend(guest, links, each) for each in lent]
        return (*(plug_in(state, guest, links, interface) for interface in found), *moved)


def plug_in(state: LxcState, guest: Container, links: Links, interface: Interface) -> Link:
    """Make one interface that was prepared. Whoever fails afterwards calls `plugging.unplug`.

    Raises:
        VirtError: As `virtkit.network.plugging.settle` and `plug`.
    """
    from virtkit.network import plugging

    plugging.settle(state.peers, owner_of(guest), links, interface, addressed=True)
    if interface.type == "direct":
        state.record(guest)
    make = partial(_make, partial(state.record, guest))
    link = _link(interface, plugging.plug(state.peers, owner_of(guest), links, interface, make))
    if interface.link_up is False and has_cable(interface):
        links.set_down(device_of(interface) or "")
    return link


def has_cable(interface: Interface) -> bool:
    """Whether an interface has an end on the host, which can be switched off as if the cable were not plugged in."""
    return interface.type != "direct"


def lend(guest: Container, links: Links, device: Hostdev) -> Link:
    """The link of the host that a container gets for itself.

    Raises:
        InternalError: There is none of that name.
    """
    name = name_of(device)
    if links.find(name) is None:
        raise InternalError(
            f"{guest.subject} cannot start: the link {name!r} that it is to get is not on this host: correct its"
            " <source><interface>, or stop the container that has it",
            domain=LXC,
            str1=name,
        )
    addresses, gateways, routes = _addressed(device)
    return Link(name, name, addresses=addresses, gateways=gateways, routes=routes)


def name_of(device: Hostdev) -> str:
    """The link of the host that a device is."""
    return str(getattr(device.source, "interface", None) or "")


def plugged(domain: Domain) -> list[Interface]:
    """The interfaces of a domain that end on the host."""
    return [interface for interface in domain.devices.interfaces if interface.type in PLUGGED]


def restore(state: LxcState, guest: Container, run: Run) -> None:
    """See that the interfaces of an adopted container are plugged in; what is wrong is logged."""
    from virtkit.network import plugging

    _with_each(guest, run, partial(plugging.restore, state.peers))


def unplug(state: LxcState, guest: Container, run: Run) -> None:
    """Undo what was done for the interfaces of a run that has ended, or whose start failed; what is left is logged."""
    from virtkit.network import plugging

    _with_each(guest, run, partial(plugging.unplug, state.peers))


def owner_of(guest: Container) -> Owner:
    """Whose interfaces those of a guest are."""
    return Owner(guest.name, guest.uuid, LXC)


def _with_each(guest: Container, run: Run, do: Callable[[Owner, Links, Interface], None]) -> None:
    found = plugged(run.live)
    if found:
        try:
            with Links(domain=LXC) as links:
                for interface in found:
                    do(owner_of(guest), links, interface)
        except VirtError as error:
            _log.error("the interfaces of %s are left as they are: %s", guest.subject, error)


def _make(record: Callable[[], None], links: Links, interface: Interface) -> str:
    """Make the device of a settled interface, and the end that moves into the container: its name.

    The name of the device is on record before there is one: nobody else knows whose it is if we die now.
    """
    name = device_of(interface)
    if interface.type == "direct":
        source = interface.source
        assert name is not None
        assert source is not None
        links.add_macvlan(name, source.dev or "", mac=mac_of(interface), mode=MACVLAN_MODES[source.mode or "vepa"])
        return name
    inner = f"vk{os.urandom(5).hex()}"
    mac = tap_mac(interface)  # by which `plugging.unplug` knows it for ours
    if name is not None:
        links.add_veth(name, inner, mac=mac)
        return inner
    for free in _free_names(links):
        name_device(interface, free)
        record()
        try:
            links.add_veth(free, inner, mac=mac)
        except InternalError as error:
            if error.int1 != errno.EEXIST:  # else another container has taken it meanwhile
                raise
        else:
            break
    return inner


def _free_names(links: Links) -> Iterator[str]:
    taken = {link.name for link in links.all()}
    return (name for number in count() if (name := f"{PREFIX}{number}") not in taken)


def _link(interface: Interface, inner: str) -> Link:
    addresses, gateways, routes = _addressed(interface)
    return Link(
        inner,
        (interface.guest.dev if interface.guest else None) or "",
        mac_of(interface),
        up=interface.link_up is not False or has_cable(interface),
        mtu=interface.mtu or 0,
        addresses=addresses,
        gateways=gateways,
        routes=routes,
    )


def _addressed(device: Interface | Hostdev) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Route, ...]]:
    """The addresses, gateways and other routes that a link gets in the container."""
    addresses, gateways, routes = [], [], []
    for ip in device.ips:
        prefix = ip.prefix if ip.prefix is not None else ANYWHERE[ip.family or "ipv4"]
        addresses.append(f"{ip.address}/{prefix}")
    for route in device.routes:
        destination = _destination(route)
        if destination.endswith("/0") and route.metric is None:
            gateways.append(route.gateway or "")
        else:
            routes.append(Route(destination, route.gateway or "", route.metric))
    return tuple(addresses), tuple(gateways), tuple(routes)


def _destination(route: NetworkRoute) -> str:
    """The network that a route of a document leads to, as `10.5.0.0/16`."""
    from ipaddress import ip_network

    family = "ipv6" if ":" in (route.gateway or "") else "ipv4"
    address = route.address or ("::" if family == "ipv6" else "0.0.0.0")
    if route.netmask:
        return str(ip_network(f"{address}/{route.netmask}", strict=False))
    everywhere = address in ("::", "0.0.0.0")
    prefix = route.prefix if route.prefix is not None else 0 if everywhere else ANYWHERE[family]
    return str(ip_network(f"{address}/{prefix}", strict=False))
