"""Network interfaces of the host."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, flag
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, Value, integer, one_of, refused_as

NUMBER = refused_as(XMLError, UNSIGNED)


def word(*allowed: str) -> Value[str]:
    """A word whose refusal comes from libvirt's part for interfaces."""
    return refused_as(XMLError, one_of(*allowed))


LINK_STATES = one_of("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")


class Link(Element):
    """What the hardware says of the link; `speed` in Mbit/s."""

    speed = attribute("speed", UNSIGNED)
    state = attribute("state", LINK_STATES)


class HostDhcp(Element):
    """Take the address from a DHCP server."""

    peer_dns = attribute("peerdns", YES_NO)


class HostAddress(Element):
    """An address of the interface."""

    address = attribute("address")
    prefix = attribute("prefix", integer(0, 128))


class HostProtocol(Element, always_open=True):
    """Configuration of one protocol family."""

    family = attribute("family", word("ipv4", "ipv6"))
    autoconf = flag("autoconf")
    dhcp = child("dhcp", HostDhcp)
    addresses = children("ip", HostAddress)
    gateway = attrchild("route", "gateway")


class ArpMonitor(Element):
    """Watch the members of a bond by ARP; `interval` in ms."""

    interval = attribute("interval", NUMBER)
    target = attribute("target")
    validate = attribute("validate", word("none", "active", "backup", "all"))


class LinkMonitor(Element):
    """Watch the members of a bond by their links; times in ms."""

    frequency = attribute("freq", NUMBER)
    down_delay = attribute("downdelay", UNSIGNED)
    up_delay = attribute("updelay", UNSIGNED)
    carrier = attribute("carrier", word("ioctl", "netif"))


class HostBond(Element):
    """Several interfaces as one."""

    mode = attribute(
        "mode",
        word("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"),
    )
    arp_monitor = child("arpmon", ArpMonitor)
    link_monitor = child("miimon", LinkMonitor)
    members = children("interface", lambda: Member)


class HostVlan(Element):
    """A VLAN of another interface."""

    tag = attribute("tag", integer(0, 4095))
    interface = attrchild("interface", "name")


class HostBridge(Element, always_open=True):
    """A bridge; `delay` in seconds as text, since fractions are kept."""

    stp = attribute("stp", ON_OFF)
    delay = attribute("delay")
    members = children("interface", lambda: Member)


class Member(Element, always_open=True):
    """An interface inside a bridge or bond."""

    type = attribute("type", one_of("ethernet", "vlan", "bond"))
    name = attribute("name")
    link = child("link", Link)
    bond = child("bond", HostBond)
    vlan = child("vlan", HostVlan)
    mac = attrchild("mac", "address")


class Interface(Document, tag="interface", error_domain=ErrorDomain.INTERFACE, always_open=True):
    """A network interface of the host."""

    type = attribute("type", one_of("ethernet", "bridge", "bond", "vlan"))
    name = attribute("name")
    start = attrchild("start", "mode", word("onboot", "none", "hotplug"))
    mtu = attrchild("mtu", "size", UNSIGNED)
    protocols = children("protocol", HostProtocol)
    link = child("link", Link)
    bridge = child("bridge", HostBridge)
    bond = child("bond", HostBond)
    vlan = child("vlan", HostVlan)
    mac = attrchild("mac", "address")
