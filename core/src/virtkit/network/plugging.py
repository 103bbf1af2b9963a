"""Interfaces of guests, plugged into the host's network and out of it again: what all hypervisors' drivers share.

    prepare(interface)                           # then the guest is put on record
    settle(peers, owner, links, interface)       # and again, if the interface became one of type `direct`
    handle = plug(peers, owner, links, interface, make)
    ...                                          # the guest runs; after a restart of the driver:
    restore(peers, owner, links, interface)
    unplug(peers, owner, links, interface)       # it has ended, or its start has failed anywhere after `prepare`

The live document of the guest is the record of it all: whatever was done, wherever it stopped, `unplug` undoes by the
document alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from virtkit.errors import InternalError, VirtError
from virtkit.network import bindings, macvtap, ports, refusals, vlans
from virtkit.network.ownership import BRIDGED, bridge_of, device_of, is_managed, mac_of, name_device, tap_mac

if TYPE_CHECKING:
    from virtkit.network.links import Link, Links
    from virtkit.network.ownership import Owner, Peers
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit.xml.netdev import Bandwidth

T = TypeVar("T")

MACVLANS, TAPS = ("macvtap", "macvlan"), ("tun", "veth")
"""Kinds of the devices of interfaces: with the guest's own address, and with one of the host's end."""

_log = logging.getLogger(__name__)


def prepare(interface: Interface) -> None:
    """Choose what stands in the record of a guest before it is made: the number of its port."""
    ports.number(interface)


def settle(peers: Peers, owner: Owner, links: Links, interface: Interface, *, addressed: bool = False) -> None:
    """Find out what an interface is plugged into, and whether it can be.

    Args:
        peers: Functions of the network driver.
        owner: Whose interface it is.
        links: The host's links.
        interface: One of the types `PLUGGED` that was prepared; changed in place to what it becomes.
        addressed: The driver gives the guest the addresses that the interface has.

    Raises:
        NoNetworkError: There is no such network.
        OperationInvalidError: The network is not active, or the name of the device is taken.
        ConfigUnsupportedError: No network driver is installed, or something of the interface cannot be had.
        InternalError: The bridge it is to be plugged into does not exist.
        VirtError: The network driver refuses.
    """
    if interface.type == "network":
        ports.claim(peers, owner, interface)
    refusals.check(owner, links, interface, addressed=addressed)
    if interface.type == "direct" and not device_of(interface):
        name_device(interface, macvtap.free_name(links))


def plug(peers: Peers, owner: Owner, links: Links, interface: Interface, make: Callable[[Links, Interface], T]) -> T:
    """Plug a settled interface in; its filter is in force when this returns.

    Args:
        peers: Functions of the filter driver.
        owner: Whose interface it is.
        links: The host's links.
        interface: Changed in place: its `<target>` tells the device.
        make: Makes the device, calls `name_device` with its name, and returns what the hypervisor needs of it.

    Raises:
        ConfigUnsupportedError: No filter driver is installed, or something of the interface cannot be had.
        VirtError: The filter driver or the kernel refuses.
    """
    made = make(links, interface)
    _connect(links, interface)
    bindings.bind(peers, owner, interface)
    return made


def restore(peers: Peers, owner: Owner, links: Links, interface: Interface) -> None:
    """See that an interface of a guest that runs is plugged in as its document says. What cannot be is logged."""
    name = device_of(interface) or "?"
    with _logged(f"domain {owner.name!r} runs on, but its interface {name}"):
        if ports.names_network(interface):
            ports.reclaim(peers, owner, interface)
    with _logged(f"domain {owner.name!r} runs on, but its interface {name}"):
        if interface.type in BRIDGED:
            replug(links, interface)
    with _logged(f"domain {owner.name!r} runs on without its filter: its interface {name}"):
        bindings.restore(peers, owner, interface)


def unplug(peers: Peers, owner: Owner, links: Links, interface: Interface) -> None:
    """Undo all that was done for an interface. What cannot be undone is logged."""
    trouble = f"domain {owner.name!r} has ended, but of its interface {mac_of(interface)} something is left"
    with _logged(trouble):
        bindings.unbind(peers, owner, interface)
    with _logged(trouble):
        _remove(links, interface)
    with _logged(trouble):
        ports.release(peers, interface)


def replug(links: Links, interface: Interface) -> None:
    """Put the device of an interface on the bridge that its document names, if it is not there.

    Raises:
        InternalError: The device or the bridge does not exist.
    """
    bridge, link = bridge_of(links, interface), links.find(device_of(interface) or "")
    if link is None or bridge is None:
        missing = "device" if link is None else "bridge"
        raise InternalError(f"its {missing} does not exist any more: stop the guest and start it again")
    if link.master != bridge.number:
        _put(links, interface, link.name, bridge.name)


def limit(links: Links, interface: Interface, bandwidth: Bandwidth | None) -> None:
    """Limit the traffic of an interface that is plugged in, in the place of earlier limits; None: no limits.

    Raises:
        ConfigUnsupportedError: The kernel lacks what this needs.
    """
    from virtkit.network import shaping

    name = device_of(interface) or ""
    if bandwidth is None:
        shaping.clear(links, name)
    elif interface.type == "direct":
        shaping.apply(links, name, shaping.mirrored(bandwidth))
    else:
        shaping.apply(links, name, bandwidth)


@contextmanager
def _logged(trouble: str) -> Iterator[None]:
    """Log what goes wrong and go on: the guest runs, or is gone, whatever happens here."""
    try:
        yield
    except VirtError as error:
        _log.error("%s: %s", trouble, error)


def _connect(links: Links, interface: Interface) -> None:
    """Configure a device that is ours, and switch it on."""
    name = device_of(interface)
    assert name is not None
    if not is_managed(interface):
        return
    if interface.type != "direct":
        _configure(links, interface, name)
    if interface.bandwidth is not None:
        limit(links, interface, interface.bandwidth)
    links.set_up(name)


def _configure(links: Links, interface: Interface, name: str) -> None:
    bridge = bridge_of(links, interface)
    mtu = interface.mtu or (bridge.mtu if bridge else None)
    links.set_mac(name, tap_mac(interface))
    if mtu:
        links.set_mtu(name, mtu)
    if bridge is not None:
        _put(links, interface, name, bridge.name)


def _put(links: Links, interface: Interface, name: str, bridge: str) -> None:
    """Put a device on its bridge."""
    links.plug(name, bridge, isolated=bool(interface.port_isolated))
    if interface.vlan is not None:
        vlans.join(links, name, interface.vlan)


def _remove(links: Links, interface: Interface) -> None:
    """Remove the limits and the device; a tap goes with its hypervisor, and what was there before stays."""
    name = device_of(interface)
    link = links.find(name) if name else None
    if name is None or not is_managed(interface) or (link is not None and not _is_of(link, interface)):
        return
    if interface.bandwidth is not None:
        limit(links, interface, None)
    if link is not None and link.kind != "tun":
        links.delete(name)


def _is_of(link: Link, interface: Interface) -> bool:
    """Whether a link is the device of an interface: the kernel gives names out again."""
    kinds, mac = (MACVLANS, mac_of(interface)) if interface.type == "direct" else (TAPS, tap_mac(interface))
    return link.kind in kinds and link.mac == mac
