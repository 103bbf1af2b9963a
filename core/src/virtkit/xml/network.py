"""Virtual networks."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.address import PciPlace
from virtkit.xml.element import Document, Element
from virtkit.xml.netdev import Bandwidth, Route, VirtualPort, Vlan
from virtkit.xml.schema import (
    attrchild,
    attrchildren,
    attribute,
    child,
    children,
    metadata,
    textchild,
    textchildren,
)
from virtkit.xml.values import IP, MAC, ON_OFF, PORT, UNSIGNED, UUID, YES_NO, Value, integer, one_of

FORWARD_MODES = ("nat", "route", "open", "bridge", "passthrough", "private", "vepa", "hostdev")


STP: Value[bool] = Value(lambda text: text != "off", ON_OFF.write)
"""As libvirt reads it: whatever is not `off` is on."""


class AddressRange(Element):
    """Addresses from `start` to `end`."""

    start = attribute("start", IP)
    end = attribute("end", IP)


class PortRange(Element):
    """Ports from `start` to `end`."""

    start = attribute("start", PORT)
    end = attribute("end", PORT)


class Nat(Element):
    """What the host puts in place of guests' addresses and ports."""

    ipv6 = attribute("ipv6", YES_NO)
    address = child("address", AddressRange)
    port = child("port", PortRange)


class ForwardInterface(Element):
    """A host interface that traffic leaves by; `connections` counts the guests on it."""

    dev = attribute("dev")
    connections = attribute("connections", UNSIGNED)


class ForwardAddress(PciPlace, before={"type": "domain"}):
    """A PCI function that is handed to a guest."""

    type = attribute("type", one_of("pci"))
    connections = attribute("connections", UNSIGNED)


class Forward(Element):
    """How traffic leaves a network."""

    dev = attribute("dev")
    mode = attribute("mode", one_of(*FORWARD_MODES, error=ConfigUnsupportedError))
    managed = attribute("managed", YES_NO)
    driver = attrchild("driver", "name", one_of("kvm", "vfio"))
    nat = child("nat", Nat)
    interfaces = children("interface", ForwardInterface)
    addresses = children("address", ForwardAddress)
    physical_function = attrchild("pf", "dev")


class Bridge(Element):
    """The host's bridge behind a network."""

    name = attribute("name")
    zone = attribute("zone")
    stp = attribute("stp", STP)
    delay = attribute("delay", UNSIGNED)
    mac_table_manager = attribute("macTableManager", one_of("kernel", "libvirt"))


class DnsDomain(Element):
    """The DNS domain of a network."""

    name = attribute("name")
    local_only = attribute("localOnly", YES_NO)


class Forwarder(Element):
    """A DNS server that is asked, for one domain or for all."""

    domain = attribute("domain")
    addr = attribute("addr", IP)


class TxtRecord(Element):
    """A TXT record."""

    name = attribute("name")
    value = attribute("value")


class SrvRecord(Element):
    """A SRV record."""

    service = attribute("service")
    protocol = attribute("protocol")
    domain = attribute("domain")
    target = attribute("target")
    port = attribute("port", PORT)
    priority = attribute("priority", PORT)
    weight = attribute("weight", PORT)


class DnsHost(Element):
    """Names of an address."""

    ip = attribute("ip", IP)
    hostnames = textchildren("hostname")


class Dns(Element):
    """The name server of a network."""

    enable = attribute("enable", YES_NO)
    forward_plain_names = attribute("forwardPlainNames", YES_NO)
    forwarders = children("forwarder", Forwarder)
    txts = children("txt", TxtRecord)
    srvs = children("srv", SrvRecord)
    hosts = children("host", DnsHost)


class Lease(Element):
    """How long a lease is valid: `expiry` in `unit` (minutes if left out), 0 forever."""

    expiry = attribute("expiry", UNSIGNED)
    unit = attribute("unit", one_of("seconds", "minutes", "hours"))


class DhcpRange(AddressRange):
    """Addresses that are handed out."""

    lease = child("lease", Lease)


class DhcpHost(Element):
    """A guest that always gets the same address."""

    mac = attribute("mac")
    id = attribute("id")
    name = attribute("name")
    ip = attribute("ip", IP)
    lease = child("lease", Lease)


class Bootp(Element):
    """What boots from the network."""

    file = attribute("file")
    server = attribute("server")


class Dhcp(Element):
    """The DHCP server of a network."""

    ranges = children("range", DhcpRange)
    hosts = children("host", DhcpHost)
    bootp = child("bootp", Bootp)


class Ip(Element, always_open=True):
    """An address of the host on the network."""

    family = attribute("family", one_of("ipv4", "ipv6"))
    address = attribute("address", IP)
    netmask = attribute("netmask", IP)
    prefix = attribute("prefix", integer(0, 128))
    local_ptr = attribute("localPtr", YES_NO)
    tftp_root = attrchild("tftp", "root")
    dhcp = child("dhcp", Dhcp)


class PortGroup(Element, always_open=True):
    """Settings for the guests that name the group."""

    name = attribute("name")
    default = attribute("default", YES_NO)
    trust_guest_rx_filters = attribute("trustGuestRxFilters", YES_NO)
    vlan = child("vlan", Vlan)
    virtual_port = child("virtualport", VirtualPort)
    bandwidth = child("bandwidth", Bandwidth)


class DnsmasqOptions(Element):
    """Lines for the configuration of dnsmasq, as they are."""

    options = attrchildren("dnsmasq:option", "value")


class Network(Document, tag="network", error_domain=ErrorDomain.NETWORK):
    """A virtual network."""

    connections = attribute("connections", UNSIGNED)
    ipv6 = attribute("ipv6", YES_NO)
    trust_guest_rx_filters = attribute("trustGuestRxFilters", YES_NO)
    name = textchild("name")
    uuid = textchild("uuid", UUID)
    metadata = metadata()
    forward = child("forward", Forward)
    bridge = child("bridge", Bridge)
    mtu = attrchild("mtu", "size", integer(0, 65535))
    mac = attrchild("mac", "address", MAC)
    domain = child("domain", DnsDomain)
    dns = child("dns", Dns)
    vlan = child("vlan", Vlan)
    bandwidth = child("bandwidth", Bandwidth)
    port_isolated = attrchild("port", "isolated", YES_NO)
    ips = children("ip", Ip)
    routes = children("route", Route)
    virtual_port = child("virtualport", VirtualPort)
    port_groups = children("portgroup", PortGroup)
    dnsmasq_options = child("dnsmasq:options", DnsmasqOptions)
