"""Devices of the host that are given to the guest."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.address import PciPlace
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.interface import IpAddress
from virtkit.xml.domain.devices.parts import SMALL, STARTUP_POLICY, VIRTIO_MODELS, Boot, Rom, Teaming, pattern
from virtkit.xml.domain.devices.source import Auth, Initiator, NetworkHost
from virtkit.xml.element import Element
from virtkit.xml.netdev import Route
from virtkit.xml.schema import attrchild, attribute, child, children, elements, flag, section, textchild
from virtkit.xml.values import ON_OFF, UNSIGNED, UUID, YES_NO, hexadecimal, one_of


class PciSource(Element):
    """A PCI function; `write_filtering` False lets Xen's guest write all of its configuration space."""

    startup_policy = attribute("startupPolicy", STARTUP_POLICY)
    write_filtering = attribute("writeFiltering", YES_NO)
    address = child("address", PciPlace)


class UsbPlace(Element):
    """Bus and number of a USB device, which change when it is plugged in again."""

    bus = attribute("bus", SMALL)
    device = attribute("device", SMALL)


class UsbSource(Element):
    """A USB device by vendor and product, or by address, or both; `missing`: it was not there at the start."""

    startup_policy = attribute("startupPolicy", STARTUP_POLICY)
    guest_reset = attribute("guestReset", one_of("off", "uninitialized", "on"))
    missing = attribute("missing", YES_NO)
    vendor = attrchild("vendor", "id", hexadecimal(4))
    product = attrchild("product", "id", hexadecimal(4))
    address = child("address", UsbPlace)


class ScsiPlace(Element):
    """Place of a SCSI device behind its adapter."""

    bus = attribute("bus", UNSIGNED)
    target = attribute("target", UNSIGNED)
    unit = attribute("unit", UNSIGNED)


class ScsiSource(Element):
    """A SCSI device: of an adapter of the host (`scsi_host0`), or of an iSCSI server."""

    protocol = attribute("protocol", one_of("adapter", "iscsi", error=ConfigUnsupportedError))
    name = attribute("name")
    hosts = children("host", NetworkHost)
    adapter = attrchild("adapter", "name")
    address = child("address", ScsiPlace)
    private_data = elements("privateData")
    auth = child("auth", Auth)
    initiator = section("initiator", Initiator)


class ScsiHostSource(Element):
    """A SCSI target of the kernel (vhost)."""

    protocol = attribute("protocol", one_of("vhost", error=ConfigUnsupportedError))
    wwpn = attribute("wwpn", pattern("naa[.][0-9a-fA-F]{16}", "a name such as naa.5123456789abcde0"))


class MdevSource(Element):
    """A mediated device."""

    uuid = attrchild("address", "uuid", UUID)


class CapabilitySource(Element):
    """A device node or interface that a container gets."""

    block = textchild("block")
    char = textchild("char")
    interface = textchild("interface")


class Hostdev(Device):
    """A device of the host: one subclass per type, which differ in their `source`.

    Attributes:
        managed: The device is taken from its host driver and given back.
        display: The guest's output is shown in its graphics (mdev).
        ips: Addresses of an interface that a container gets.
    """

    mode = attribute("mode", one_of("subsystem", "capabilities", error=ConfigUnsupportedError))
    type = attribute("type")
    managed = attribute("managed", YES_NO)
    model = attribute("model", one_of(*VIRTIO_MODELS, "vfio-pci", "vfio-ccw", "vfio-ap"))
    display = attribute("display", ON_OFF)
    ramfb = attribute("ramfb", ON_OFF)
    sgio = attribute("sgio", one_of("filtered", "unfiltered"))
    rawio = attribute("rawio", YES_NO)
    driver = attrchild("driver", "name", one_of("kvm", "vfio", "xen"))
    source: Element | None = child("source", Element)
    ips = children("ip", IpAddress)
    routes = children("route", Route)
    readonly = flag("readonly")
    shareable = flag("shareable")
    teaming = child("teaming", Teaming)
    boot = child("boot", Boot)
    alias = attrchild("alias", "name")
    rom = child("rom", Rom)
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class PciHostdev(Hostdev):
    """A PCI function (type `pci`)."""

    source = child("source", PciSource)


class UsbHostdev(Hostdev):
    """A USB device (type `usb`)."""

    source = child("source", UsbSource)


class ScsiHostdev(Hostdev):
    """A SCSI device (type `scsi`)."""

    source = child("source", ScsiSource)


class ScsiHostHostdev(Hostdev):
    """A SCSI controller of the kernel (type `scsi_host`)."""

    source = child("source", ScsiHostSource)


class MdevHostdev(Hostdev):
    """A mediated device (type `mdev`)."""

    source = child("source", MdevSource)


class CapabilityHostdev(Hostdev):
    """A device of a container (mode `capabilities`; types `storage`, `misc`, `net`)."""

    source = child("source", CapabilitySource)


HOSTDEVS: dict[str, type[Hostdev]] = {
    "pci": PciHostdev,
    "usb": UsbHostdev,
    "scsi": ScsiHostdev,
    "scsi_host": ScsiHostHostdev,
    "mdev": MdevHostdev,
    "storage": CapabilityHostdev,
    "misc": CapabilityHostdev,
    "net": CapabilityHostdev,
}
"""Class by type."""
