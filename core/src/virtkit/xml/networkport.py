"""Ports of virtual networks: what a network gives one interface of a guest."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, XMLError
from virtkit.xml.address import PciPlace
from virtkit.xml.element import Document, Element
from virtkit.xml.netdev import Bandwidth, VirtualPort, Vlan
from virtkit.xml.schema import attrchild, attribute, child, textchild
from virtkit.xml.values import MAC, UUID, YES_NO, one_of, refused_as


class Owner(Element):
    """Who asked for the port: a domain."""

    name = textchild("name")
    uuid = textchild("uuid", UUID)


class Plug(Element):
    """What the interface is plugged into. Which fields matter is told by `type`.

    Attributes:
        bridge: With mac_table_manager (network, bridge).
        dev: With mode (direct).
        address: With managed, driver (hostdev-pci).
    """

    type = attribute("type", one_of("none", "network", "bridge", "direct", "hostdev-pci"))
    bridge = attribute("bridge")
    dev = attribute("dev")
    managed = attribute("managed", YES_NO)
    mac_table_manager = attribute("macTableManager", refused_as(XMLError, one_of("kernel", "libvirt")))
    mode = attribute("mode", refused_as(XMLError, one_of("vepa", "private", "bridge", "passthrough")))
    driver = attrchild("driver", "name", one_of("kvm", "vfio", "xen"))
    address = child("address", PciPlace)


class NetworkPort(Document, tag="networkport", error_domain=ErrorDomain.NETWORK):
    """A port of a network."""

    uuid = textchild("uuid", UUID)
    owner = child("owner", Owner)
    group = textchild("group")
    mac = attrchild("mac", "address", refused_as(InternalError, MAC))
    virtual_port = child("virtualport", VirtualPort)
    bandwidth = child("bandwidth", Bandwidth)
    vlan = child("vlan", Vlan)
    port_isolated = attrchild("port", "isolated", YES_NO)
    trust_guest = attrchild("rxfilters", "trustGuest", YES_NO)
    plug = child("plug", Plug)
