"""Interfaces of containers: made on the host when a container starts, unplugged when it has ended.

Each but a macvlan is a pair: one end is plugged in on the host, the other moves into the container. pyroute2 is
imported only for containers that have any.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, VirtError
from virtkit.network.links import Links
from virtkit.network.ownership import PLUGGED, Owner, device_of, mac_of, name_device
from virtkit_lxc.plan import Link

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.interface import Interface
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
        VirtError: As `virtkit.network.plugging.settle` and `plug`.
    """
    from virtkit.network import plugging

    found = plugged(run.live)
    if not found:
        return ()
    for interface in found:
        plugging.prepare(interface)
    state.record(guest)
    with Links(domain=LXC) as links:
        return tuple(plug_in(state, guest, links, interface) for interface in found)


def plug_in(state: LxcState, guest: Container, links: Links, interface: Interface) -> Link:
    """Make one interface that was prepared. Whoever fails afterwards calls `plugging.unplug`.

    Raises:
        VirtError: As `virtkit.network.plugging.settle` and `plug`.
    """
    from virtkit.network import plugging

    plugging.settle(state.peers, owner_of(guest), links, interface, addressed=True)
    if interface.type == "direct":
        state.record(guest)
    return _link(interface, plugging.plug(state.peers, owner_of(guest), links, interface, _make))


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


def find(domain: Domain, device: str) -> Interface:
    """The interface of a domain that a caller means by the name of its device or by its address.

    Raises:
        InvalidArgError: It has none, or the address is that of several.
    """
    found = [each for each in domain.devices.interfaces if device and device in (device_of(each), mac_of(each))]
    found = found or [each for each in domain.devices.interfaces if mac_of(each) == device.lower()]
    if len(found) != 1:
        what = "several interfaces" if found else "no interface"
        raise InvalidArgError(
            f"domain {domain.name!r} has {what} {device!r}: give its <target dev> or its MAC address", domain=LXC
        )
    return found[0]


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


def _make(links: Links, interface: Interface) -> str:
    """Make the device of a settled interface, and the end that moves into the container: its name."""
    if interface.type == "direct":
        name = device_of(interface) or ""
        source = interface.source
        assert source is not None
        links.add_macvlan(name, source.dev or "", mac=mac_of(interface), mode=source.mode or "vepa")
        return name
    inner = f"vk{os.urandom(5).hex()}"
    name = device_of(interface) or _free_name(links)
    links.add_veth(name, inner)
    name_device(interface, name)
    return inner


def _free_name(links: Links) -> str:
    taken = {link.name for link in links.all()}
    return next(name for number in count() if (name := f"{PREFIX}{number}") not in taken)


def _link(interface: Interface, inner: str) -> Link:
    addresses, gateways = [], []
    for ip in interface.ips:
        prefix = ip.prefix if ip.prefix is not None else ANYWHERE[ip.family or "ipv4"]
        addresses.append(f"{ip.address}/{prefix}")
    for route in interface.routes:
        if route.gateway and route.address in (None, "0.0.0.0", "::") and not route.prefix:
            gateways.append(route.gateway)
    return Link(
        inner,
        (interface.guest.dev if interface.guest else None) or "",
        mac_of(interface),
        up=interface.link_up is not False,
        mtu=interface.mtu or 0,
        addresses=tuple(addresses),
        gateways=tuple(gateways),
    )
