"""VLANs of a port of a bridge that keeps VLANs apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtkit.errors import InternalError

if TYPE_CHECKING:
    from virtkit.network.links import Links
    from virtkit.xml.netdev import Vlan

DEFAULT = 1
"""The VLAN in which the kernel puts every new port."""

PVID, UNTAGGED = 2, 4
"""What comes in without a tag is in this VLAN; what is in this VLAN goes out without a tag. From linux/if_bridge.h."""


class Membership(NamedTuple):
    """One VLAN of a port, with the kernel's flags."""

    vid: int
    flags: int


def memberships(vlan: Vlan) -> list[Membership]:
    """What a document asks for: one tag is that of a guest which knows nothing of it, several make a trunk."""
    trunk = bool(vlan.trunk) or len(vlan.tags) > 1 or any(tag.native_mode for tag in vlan.tags)
    flags = {None: 0 if trunk else PVID | UNTAGGED, "tagged": PVID, "untagged": PVID | UNTAGGED}
    return [Membership(tag.id or 0, flags[tag.native_mode]) for tag in vlan.tags]


def are_kept_apart(links: Links, bridge: str) -> bool:
    """Whether a bridge keeps VLANs apart."""
    (message,) = links.socket.get_links(ifname=bridge)
    data = message.get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_DATA")
    return bool(data and data.get_attr("IFLA_BR_VLAN_FILTERING"))


def join(links: Links, name: str, vlan: Vlan) -> None:
    """Put a port into its VLANs and into no others.

    Raises:
        InternalError: There is no such link, or the kernel refuses.
    """
    from pyroute2.netlink.exceptions import NetlinkError

    link = links.find(name)
    wanted = memberships(vlan)
    if link is None:
        raise InternalError(f"there is no link {name} on this host", str1=name)
    try:
        for vid, flags in wanted:
            links.socket.vlan_filter("add", index=link.number, vlan_info={"vid": vid, "flags": flags})
        if DEFAULT not in [each.vid for each in wanted]:
            links.socket.vlan_filter("del", index=link.number, vlan_info={"vid": DEFAULT})
    except NetlinkError as error:
        raise InternalError(f"cannot put {name} into its VLANs: {error}", int1=error.code) from error
