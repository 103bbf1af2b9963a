"""What networks, their ports and the interfaces of guests have in common."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, child, children
from virtkit.xml.values import IP, UNSIGNED, UUID, YES_NO, Value, integer, one_of, refused_as

RATE = refused_as(ConfigUnsupportedError, UNSIGNED, ErrorDomain.NONE)
PORT_UUID = refused_as(XMLError, UUID, ErrorDomain.NONE)
ROUTE_IP = refused_as(XMLError, IP, ErrorDomain.NETWORK)


def _number(high: int) -> Value[int]:
    return refused_as(XMLError, integer(0, high, prefixed=True), ErrorDomain.NONE)


class Traffic(Element):
    """Limits of one direction: rates in KiB per second, `burst` in KiB."""

    average = attribute("average", RATE)
    peak = attribute("peak", RATE)
    floor = attribute("floor", RATE)
    burst = attribute("burst", RATE)


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

    trunk = attribute("trunk", refused_as(XMLError, YES_NO, ErrorDomain.NONE))
    tags = children("tag", VlanTag)


class PortParameters(Element):
    """What a virtual port tells the switch."""

    manager_id = attribute("managerid", _number(0xFF))
    type_id = attribute("typeid", _number(0xFFFFFF))
    type_id_version = attribute("typeidversion", _number(0xFF))
    instance_id = attribute("instanceid", PORT_UUID)
    interface_id = attribute("interfaceid", PORT_UUID)
    profile_id = attribute("profileid")


PORT_TYPES = ("802.1Qbg", "802.1Qbh", "openvswitch", "midonet")


class VirtualPort(Element):
    """How an interface joins a switch."""

    type = attribute("type", refused_as(ConfigUnsupportedError, one_of(*PORT_TYPES), ErrorDomain.NONE))
    parameters = child("parameters", PortParameters)


class Route(Element):
    """A static route."""

    family = attribute("family", refused_as(XMLError, one_of("ipv4", "ipv6"), ErrorDomain.NETWORK))
    address = attribute("address", ROUTE_IP)
    netmask = attribute("netmask", ROUTE_IP)
    prefix = attribute("prefix", integer(0, 128))
    gateway = attribute("gateway", ROUTE_IP)
    metric = attribute("metric", integer(1, 2**32 - 1))
