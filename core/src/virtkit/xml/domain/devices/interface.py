"""Network interfaces."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError, InvalidArgError, XMLDetailError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import POSITIVE, Boot, Reconnect, Rom, Teaming, pattern
from virtkit.xml.element import Element
from virtkit.xml.netdev import Bandwidth, Route, VirtualPort, Vlan
from virtkit.xml.schema import attrchild, attribute, child, children, elements, section, textchild
from virtkit.xml.values import (
    INT,
    IP,
    MAC,
    ON_OFF,
    PORT,
    UNSIGNED,
    UUID,
    YES_NO,
    either,
    hexadecimal,
    integer,
    one_of,
    refused_as,
)

INTERFACE_TYPES = (
    "bridge", "ethernet", "vhostuser", "network", "direct", "user", "internal", "mcast", "client", "udp", "server",
    "hostdev", "vdpa", "null", "vds",
)  # fmt: skip


MODEL = pattern("[a-zA-Z0-9_-]+", "a model: letters, digits, dashes", InvalidArgError)


SOCKET_PORT = integer(-1, 65535)


class Mac(Element):
    """The address of an interface; `check` refuses one of the hypervisor's reserved range."""

    address = attribute("address", MAC)
    type = attribute("type", one_of("generated", "static"))
    check = attribute("check", YES_NO)


class IpAddress(Element):
    """An address of an interface; `peer` is the other end of a point-to-point line."""

    address = attribute("address", IP)
    family = attribute("family", one_of("ipv4", "ipv6"))
    prefix = attribute("prefix", integer(0, 128))
    peer = attribute("peer", refused_as(InvalidArgError, IP))


class LocalEndpoint(Element):
    """The near end of a UDP tunnel."""

    address = attribute("address")
    port = attribute("port", SOCKET_PORT)


class InterfaceSource(Element):
    """The host's end. Which fields matter is told by the type of the interface.

    Attributes:
        type: `unix` (vhostuser, with path, mode, reconnect).
        network: With portgroup; live: portid and bridge too (network).
        switchid: With portid, portgroupid, connectionid (vds).
        bridge: Name (bridge).
        dev: Name or path (direct with mode, user, vdpa).
        name: Name (internal).
        address: With port; and local for udp (server, client, mcast, udp).
        ips: Addresses of the host's end (ethernet, with routes).
        device: Address of the host's device; or its vendor and product (hostdev).
    """

    type = attribute("type", one_of("unix", error=ConfigUnsupportedError))
    network = attribute("network")
    portgroup = attribute("portgroup")
    switchid = attribute("switchid", UUID)
    portid = attribute("portid")
    portgroupid = attribute("portgroupid")
    connectionid = attribute("connectionid", INT)
    bridge = attribute("bridge")
    mac_table_manager = attribute("macTableManager", one_of("kernel", "libvirt"))
    dev = attribute("dev")
    name = attribute("name")
    address = attribute("address")
    port = attribute("port", SOCKET_PORT)
    path = attribute("path")
    mode = attribute("mode", one_of("vepa", "bridge", "private", "passthrough", "server", "client"))
    missing = attribute("missing", YES_NO)
    ips = children("ip", IpAddress)
    routes = children("route", Route)
    reconnect = child("reconnect", Reconnect)
    local = child("local", LocalEndpoint)
    vendor = attrchild("vendor", "id", hexadecimal(4))
    product = attrchild("product", "id", hexadecimal(4))
    device = place()


class PortForwardRange(Element):
    """Ports of the host, and the guest's ports that they lead to from `to` on."""

    start = attribute("start", PORT)
    end = attribute("end", PORT)
    to = attribute("to", PORT)
    exclude = attribute("exclude", YES_NO)


class PortForward(Element):
    """Ports of the host that lead to the guest; no range: all."""

    proto = attribute("proto", one_of("tcp", "udp"))
    address = attribute("address", IP)
    dev = attribute("dev")
    ranges = children("range", PortForwardRange)


class InterfaceTarget(Element):
    """The host's device; not `managed`: it exists before the guest starts."""

    dev = attribute("dev")
    managed = attribute("managed", YES_NO)


class InterfaceGuest(Element):
    """Names of the interface inside a container."""

    dev = attribute("dev")
    actual = attribute("actual")


class HostOffloads(Element):
    """What the host may leave to the guest."""

    csum = attribute("csum", ON_OFF)
    gso = attribute("gso", ON_OFF)
    tso4 = attribute("tso4", ON_OFF)
    tso6 = attribute("tso6", ON_OFF)
    ecn = attribute("ecn", ON_OFF)
    ufo = attribute("ufo", ON_OFF)
    mrg_rxbuf = attribute("mrg_rxbuf", ON_OFF)


class GuestOffloads(Element):
    """What the guest may leave to the host."""

    csum = attribute("csum", ON_OFF)
    tso4 = attribute("tso4", ON_OFF)
    tso6 = attribute("tso6", ON_OFF)
    ecn = attribute("ecn", ON_OFF)
    ufo = attribute("ufo", ON_OFF)


class InterfaceDriver(Element):
    """How the hypervisor drives the interface."""

    name = attribute("name", one_of("kvm", "vfio", "xen", "qemu", "vhost"))
    txmode = attribute("txmode", one_of("iothread", "timer"))
    ioeventfd = attribute("ioeventfd", ON_OFF)
    event_idx = attribute("event_idx", ON_OFF)
    queues = attribute("queues", POSITIVE)
    rx_queue_size = attribute("rx_queue_size", UNSIGNED)
    tx_queue_size = attribute("tx_queue_size", UNSIGNED)
    rss = attribute("rss", ON_OFF)
    rss_hash_report = attribute("rss_hash_report", ON_OFF)
    iommu = attribute("iommu", ON_OFF)
    ats = attribute("ats", ON_OFF)
    packed = attribute("packed", ON_OFF)
    page_per_vq = attribute("page_per_vq", ON_OFF)
    host = child("host", HostOffloads)
    guest = child("guest", GuestOffloads)


class InterfaceBackend(Element):
    """The program or the device nodes behind an interface."""

    type = attribute("type", one_of("passt"))
    tap = attribute("tap")
    vhost = attribute("vhost")
    log_file = attribute("logFile")


class FilterParameter(Element):
    """A variable of a filter."""

    name = attribute("name")
    value = attribute("value")


class InterfaceFilter(Element):
    """The network filter of an interface."""

    filter = attribute("filter")
    parameters = children("parameter", FilterParameter)


class ReceiveCoalescing(Element):
    """How many packets may wait for one interrupt."""

    frames_max = attrchild("frames", "max", refused_as(XMLDetailError, UNSIGNED))


class Coalesce(Element):
    """How interrupts are coalesced."""

    rx = section("rx", ReceiveCoalescing)


class InterfaceTune(Element):
    """Limits of the host's device: `sndbuf` in bytes."""

    sndbuf = textchild("sndbuf", UNSIGNED)


class Interface(Device):
    """A network interface.

    Attributes:
        actual: What a type that is looked up at the start became; only in status documents.
        link_up: False: as if the cable were not plugged in.
        mtu: Bytes.
        port_isolated: Isolated ports of one bridge do not see each other.
    """

    type = attribute("type", one_of(*INTERFACE_TYPES))
    managed = attribute("managed", YES_NO)
    trust_guest_rx_filters = attribute("trustGuestRxFilters", YES_NO)
    mac = child("mac", Mac)
    source = child("source", InterfaceSource)
    vlan = child("vlan", Vlan)
    virtualport = child("virtualport", VirtualPort)
    bandwidth = child("bandwidth", Bandwidth)
    port_isolated = attrchild("port", "isolated", YES_NO)
    ips = children("ip", IpAddress)
    routes = children("route", Route)
    actual = elements("actual")
    port_forwards = children("portForward", PortForward)
    script = attrchild("script", "path")
    downscript = attrchild("downscript", "path")
    backend_domain = attrchild("backenddomain", "name")
    target = child("target", InterfaceTarget)
    guest = child("guest", InterfaceGuest)
    model = attrchild("model", "type", MODEL)
    driver = child("driver", InterfaceDriver)
    backend = child("backend", InterfaceBackend)
    filterref = child("filterref", InterfaceFilter)
    tune = section("tune", InterfaceTune)
    teaming = child("teaming", Teaming)
    link_up = attrchild("link", "state", refused_as(ConfigUnsupportedError, either("up", "down")))
    mtu = attrchild("mtu", "size", UNSIGNED)
    coalesce = section("coalesce", Coalesce)
    boot = child("boot", Boot)
    alias = attrchild("alias", "name")
    rom = child("rom", Rom)
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class HostdevInterface(Interface, before={"driver": "source"}):
    """A device of the host as a network interface (`type` is `hostdev`); its driver is printed before its source."""


INTERFACES: dict[str, type[Interface]] = dict.fromkeys(INTERFACE_TYPES, Interface) | {"hostdev": HostdevInterface}
"""Class by type."""
