"""What a guest's interface may ask for that cannot be had: refused before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError, InternalError, OperationInvalidError
from virtkit.network import vlans
from virtkit.network.ownership import BRIDGED, bridge_of, device_of, is_managed

if TYPE_CHECKING:
    from virtkit.network.links import Links
    from virtkit.network.ownership import Owner
    from virtkit.xml.domain.devices.interface import Interface


def check(owner: Owner, links: Links, interface: Interface, *, addressed: bool = False) -> None:
    """Refuse a settled interface that cannot be plugged in. `addressed`: the driver gives the guest its addresses.

    Raises:
        ConfigUnsupportedError: It asks for what cannot be had; the message names the part.
        InternalError: Its bridge, or its device that is not ours to make, does not exist.
        OperationInvalidError: The name of its device is taken.
    """
    for what, remedy in _unsupported(interface, addressed=addressed):
        raise ConfigUnsupportedError(
            f"{owner.about(interface)} has {what}, which is not supported: {remedy}", domain=owner.driver
        )
    if interface.type in BRIDGED:
        _bridge(owner, links, interface)
    elif interface.type == "direct":
        _lower(owner, links, interface)
    _device(owner, links, interface)


def _unsupported(interface: Interface, *, addressed: bool) -> Iterator[tuple[str, str]]:
    """What of it cannot be had, with what to do instead."""
    source, direct, bridged = interface.source, interface.type == "direct", interface.type in BRIDGED
    if interface.virtualport:
        yield "a <virtualport>", "remove it, and use a bridge of the kernel"
    if interface.vlan and not bridged:
        yield "a <vlan>", "remove it, and use a bridge or a link that is on that VLAN"
    if source and source.mac_table_manager == "libvirt":
        yield "macTableManager='libvirt'", "leave it out"
    if source and (source.ips or source.routes):
        yield "addresses of the host's end", "remove <ip> and <route> from <source>"
    if interface.ips and not addressed:
        yield "an <ip>", "remove it, and let the guest configure its interface"
    inbound = interface.bandwidth.inbound if interface.bandwidth else None
    if inbound and inbound.floor and interface.type != "network":
        yield "a floor in its <bandwidth>", "leave it out, or use a network with a bridge of its own"
    if interface.mtu and direct:
        yield "an <mtu> on a macvtap", "remove it, or use a bridge"
    if interface.port_isolated and not bridged:
        yield "an isolated <port> and no bridge", "remove it, or use a bridge"


def _bridge(owner: Owner, links: Links, interface: Interface) -> None:
    name = (interface.source.bridge if interface.source else None) or ""
    if bridge_of(links, interface) is None:
        raise InternalError(
            f"{owner.about(interface)} is to be plugged into {name!r}, which is no bridge of this host: make it, or "
            "correct the definition",
            domain=owner.driver,
            str1=name,
        )
    if interface.vlan is not None and not vlans.are_kept_apart(links, name):
        raise ConfigUnsupportedError(
            f"{owner.about(interface)} has a <vlan>, and the bridge {name} does not keep VLANs apart: remove it, or "
            f"`ip link set {name} type bridge vlan_filtering 1`",
            domain=owner.driver,
        )


def _lower(owner: Owner, links: Links, interface: Interface) -> None:
    name = (interface.source.dev if interface.source else None) or ""
    if not name or links.find(name) is None:
        raise InternalError(
            f"{owner.about(interface)} is to be on the link {name!r}, which this host does not have: correct its "
            "<source dev>",
            domain=owner.driver,
            str1=name,
        )


def _device(owner: Owner, links: Links, interface: Interface) -> None:
    name = device_of(interface)
    if is_managed(interface):
        if name and links.find(name) is not None:
            raise OperationInvalidError(
                f"{owner.about(interface)} is to be {name} on the host, and there is such a link already: choose "
                "another <target dev>",
                domain=owner.driver,
            )
    elif not name or links.find(name) is None:
        raise InternalError(
            f"{owner.about(interface)} is to use {name or 'a device'} as it is, and this host has no such link: "
            "make it, or leave managed='no' out",
            domain=owner.driver,
        )
