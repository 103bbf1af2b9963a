"""What networks, their ports and the interfaces of guests have in common."""

from __future__ import annotations

from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, child, children
from virtkit.xml.values import IP, UNSIGNED, UUID, YES_NO, integer, one_of


class Traffic(Element):
    """Limits of one direction: rates in KiB per second, `burst` in KiB."""

    average = attribute("average", UNSIGNED)
    peak = attribute("peak", UNSIGNED)
    floor = attribute("floor", UNSIGNED)
    burst = attribute("burst", UNSIGNED)


class Bandwidth(Element):
    """Limits of traffic."""

    class_id = attribute("classID", UNSIGNED)
    inbound = child("inbound", Traffic)
    outbound = child("outbound", Traffic)


class VlanTag(Element):
    """One VLAN."""

    id = attribute("id", integer(0, 4095))
    native_mode = attribute("nativeMode", one_of("tagged", "untagged"))


class Vlan(Element):
    """The VLANs of a port."""

    trunk = attribute("trunk", YES_NO)
    tags = children("tag", VlanTag)


class PortParameters(Element):
    """What a virtual port tells the switch."""

    manager_id = attribute("managerid", integer(0, 0xFF, prefixed=True))
    type_id = attribute("typeid", integer(0, 0xFFFFFF, prefixed=True))
    type_id_version = attribute("typeidversion", integer(0, 0xFF, prefixed=True))
    instance_id = attribute("instanceid", UUID)
    interface_id = attribute("interfaceid", UUID)
    profile_id = attribute("profileid")


class VirtualPort(Element):
    """How an interface joins a switch."""

    type = attribute("type", one_of("802.1Qbg", "802.1Qbh", "openvswitch", "midonet"))
    parameters = child("parameters", PortParameters)


class Route(Element):
    """A static route."""

    family = attribute("family", one_of("ipv4", "ipv6"))
    address = attribute("address", IP)
    netmask = attribute("netmask", IP)
    prefix = attribute("prefix", integer(0, 128))
    gateway = attribute("gateway", IP)
    metric = attribute("metric", UNSIGNED)
