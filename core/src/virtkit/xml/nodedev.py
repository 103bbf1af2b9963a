"""Devices of the host."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.xml.address import PciPlace
from virtkit.xml.element import Document, Element
from virtkit.xml.interface import Link
from virtkit.xml.schema import attrchild, attrchildren, attribute, child, children, choices, section, text, textchild
from virtkit.xml.values import INT, UNSIGNED, UUID, Value, hexadecimal, one_of

WWN: Value[str] = Value(None)
"""A world wide name: 16 hexadecimal digits."""


class Capability(Element):
    """What a device is, or can do; as it stands, one that is only a type."""

    type = attribute("type")


class Hardware(Element):
    """The machine as its firmware describes it."""

    vendor = textchild("vendor")
    version = textchild("version")
    serial = textchild("serial")
    uuid = textchild("uuid", UUID)


class Firmware(Element, always_open=True):
    """The machine's firmware."""

    vendor = textchild("vendor")
    version = textchild("version")
    release_date = textchild("release_date")


class SystemCapability(Capability):
    """The machine itself."""

    product = textchild("product")
    hardware = child("hardware", Hardware)
    firmware = section("firmware", Firmware, always=True)


class Identity(Element):
    """A vendor or product: number, and name where it is known."""

    id = attribute("id", hexadecimal(4))
    name = text()


class Functions(Capability):
    """PCI functions: the physical one behind a virtual one, or the reverse; `max_count` of them are possible."""

    max_count = attribute("maxCount", UNSIGNED)
    addresses = children("address", PciPlace)


class MediatedType(Element):
    """A type of mediated devices that a device can be divided into, and how many are still to be had."""

    id = attribute("id")
    name = textchild("name")
    device_api = textchild("deviceAPI")
    available_instances = textchild("availableInstances", UNSIGNED)


class MediatedTypes(Capability):
    """The types of mediated devices that a device can be divided into."""

    types = children("type", MediatedType)


class VpdField(Element):
    """A field that the vendor or the system's owner defined."""

    index = attribute("index")
    value = text()


class VpdFields(Element):
    """Fields of the vital product data."""

    access = attribute("access", one_of("readonly", "readwrite"))
    change_level = textchild("change_level")
    asset_tag = textchild("asset_tag")
    manufacture_id = textchild("manufacture_id")
    part_number = textchild("part_number")
    serial_number = textchild("serial_number")
    vendor_fields = children("vendor_field", VpdField)
    system_fields = children("system_field", VpdField)


class Vpd(Capability):
    """Vital product data: what a card says of itself."""

    name = textchild("name")
    fields_ = children("fields", VpdFields)


class IommuGroup(Element):
    """Devices that the host cannot keep apart: all of them go to one guest."""

    number = attribute("number", UNSIGNED)
    addresses = children("address", PciPlace)


class ExpressLink(Element):
    """A PCI Express link: what it could do (`cap`) or does (`sta`); `speed` in GT/s."""

    validity = attribute("validity", one_of("cap", "sta"))
    port = attribute("port", UNSIGNED)
    speed = attribute("speed")
    width = attribute("width", UNSIGNED)


class Express(Element):
    """A device on PCI Express."""

    links = children("link", ExpressLink)


class PciCapability(Capability):
    """A PCI function."""

    class_ = textchild("class", hexadecimal(6))
    domain = textchild("domain", UNSIGNED)
    bus = textchild("bus", UNSIGNED)
    slot = textchild("slot", UNSIGNED)
    function = textchild("function", UNSIGNED)
    product = child("product", Identity)
    vendor = child("vendor", Identity)
    capabilities = choices(
        "capability",
        "type",
        {
            "phys_function": Functions,
            "virt_functions": Functions,
            "pci-bridge": Capability,
            "cardbus-bridge": Capability,
            "mdev_types": MediatedTypes,
            "vpd": Vpd,
        },
    )
    iommu_group = child("iommuGroup", IommuGroup)
    numa_node = attrchild("numa", "node", INT)
    express = child("pci-express", Express)


class UsbDeviceCapability(Capability):
    """A USB device."""

    bus = textchild("bus", UNSIGNED)
    device = textchild("device", UNSIGNED)
    product = child("product", Identity)
    vendor = child("vendor", Identity)


class UsbCapability(Capability):
    """An interface of a USB device."""

    number = textchild("number", UNSIGNED)
    class_ = textchild("class", UNSIGNED)
    subclass = textchild("subclass", UNSIGNED)
    protocol = textchild("protocol", UNSIGNED)
    description = textchild("description")


class NetCapability(Capability):
    """A network interface: 80203 is a wired one, 80211 a wireless one."""

    interface = textchild("interface")
    address = textchild("address")
    link = child("link", Link)
    features = attrchildren("feature", "name")
    capabilities = choices("capability", "type", {"80203": Capability, "80211": Capability})


class FcHost(Capability):
    """A port of Fibre Channel."""

    wwnn = textchild("wwnn", WWN)
    wwpn = textchild("wwpn", WWN)
    fabric_wwn = textchild("fabric_wwn", WWN)


class VportOps(Capability):
    """A port that can be divided: into how many, and into how many it is."""

    max_vports = textchild("max_vports", INT)
    vports = textchild("vports", INT)


class ScsiHostCapability(Capability):
    """A SCSI host."""

    host = textchild("host", UNSIGNED)
    unique_id = textchild("unique_id", INT)
    capabilities = choices("capability", "type", {"fc_host": FcHost, "vport_ops": VportOps})


class FcRemotePort(Capability):
    """The other end of a line of Fibre Channel."""

    rport = textchild("rport")
    wwpn = textchild("wwpn", WWN)


class ScsiTargetCapability(Capability):
    """A SCSI target."""

    target = textchild("target")
    capabilities = choices("capability", "type", {"fc_remote_port": FcRemotePort})


class ScsiCapability(Capability):
    """A SCSI device."""

    host = textchild("host", UNSIGNED)
    bus = textchild("bus", UNSIGNED)
    target = textchild("target", UNSIGNED)
    lun = textchild("lun", UNSIGNED)
    scsi_type = textchild("type")


class Removable(Capability):
    """A drive whose medium can be taken out, and the medium in it; sizes in bytes."""

    media_available = textchild("media_available", UNSIGNED)
    media_size = textchild("media_size", UNSIGNED)
    media_label = textchild("media_label")
    logical_block_size = textchild("logical_block_size", UNSIGNED)
    num_blocks = textchild("num_blocks", UNSIGNED)


class StorageCapability(Capability):
    """A block device; sizes in bytes."""

    block = textchild("block")
    bus = textchild("bus")
    drive_type = textchild("drive_type")
    model = textchild("model")
    vendor = textchild("vendor")
    serial = textchild("serial")
    size = textchild("size", UNSIGNED)
    logical_block_size = textchild("logical_block_size", UNSIGNED)
    num_blocks = textchild("num_blocks", UNSIGNED)
    capabilities = choices("capability", "type", {"removable": Removable, "hotpluggable": Capability})


class DrmCapability(Capability):
    """A node of a graphics card."""

    drm_type = textchild("type", one_of("primary", "control", "render"))


class ScsiGenericCapability(Capability):
    """A SCSI device for programs that send it commands of their own."""

    char = textchild("char")


class MediatedAttribute(Element):
    """A setting of a mediated device."""

    name = attribute("name")
    value = attribute("value")


class MdevCapability(Capability):
    """A mediated device."""

    type_id = attrchild("type", "id")
    uuid = textchild("uuid", UUID)
    parent_addr = textchild("parent_addr")
    iommu_group = child("iommuGroup", IommuGroup)
    attributes = children("attr", MediatedAttribute)


class ChannelAddress(Element):
    """The address of a channel device of s390."""

    cssid = textchild("cssid", hexadecimal(1, high=0xFE))
    ssid = textchild("ssid", hexadecimal(1, high=3))
    devno = textchild("devno", hexadecimal(4))


class CcwCapability(Capability):
    """A channel device of s390."""

    cssid = textchild("cssid", hexadecimal(1, high=0xFE))
    ssid = textchild("ssid", hexadecimal(1, high=3))
    devno = textchild("devno", hexadecimal(4))


class CssCapability(CcwCapability):
    """A subchannel of s390, and the device it leads to."""

    device = child("channel_dev_addr", ChannelAddress)
    capabilities = choices("capability", "type", {"mdev_types": MediatedTypes})


class VdpaCapability(Capability):
    """A network device whose data path is the hardware's."""

    chardev = textchild("chardev")


class ApCardCapability(Capability):
    """A card for cryptography of s390."""

    adapter = textchild("ap-adapter", hexadecimal(2))


class ApQueueCapability(Capability):
    """A queue of such a card."""

    adapter = textchild("ap-adapter", hexadecimal(2))
    domain = textchild("ap-domain", hexadecimal(4))


class ApMatrixCapability(Capability):
    """What such cards are handed out by."""

    capabilities = choices("capability", "type", {"mdev_types": MediatedTypes})


CAPABILITIES: dict[str, type[Capability]] = {
    "system": SystemCapability,
    "pci": PciCapability,
    "usb_device": UsbDeviceCapability,
    "usb": UsbCapability,
    "net": NetCapability,
    "scsi_host": ScsiHostCapability,
    "scsi_target": ScsiTargetCapability,
    "scsi": ScsiCapability,
    "storage": StorageCapability,
    "drm": DrmCapability,
    "scsi_generic": ScsiGenericCapability,
    "mdev": MdevCapability,
    "ccw": CcwCapability,
    "css": CssCapability,
    "vdpa": VdpaCapability,
    "ap_card": ApCardCapability,
    "ap_queue": ApQueueCapability,
    "ap_matrix": ApMatrixCapability,
}
"""Class by type."""


class Parent(Element):
    """The device that this one hangs on: by name, or for a new device by the world wide names of a port."""

    wwnn = attribute("wwnn", WWN)
    wwpn = attribute("wwpn", WWN)
    fabric_wwn = attribute("fabric_wwn", WWN)
    name = text()


class DevNode(Element):
    """A device file, or a link to one."""

    type = attribute("type", one_of("dev", "link"))
    path = text()


class Driver(Element):
    """The host's driver of the device."""

    name = textchild("name")


class NodeDevice(Document, tag="device", error_domain=ErrorDomain.NODEDEV):
    """A device of the host; `path` is its folder in sysfs."""

    name = textchild("name")
    path = textchild("path")
    devnodes = children("devnode", DevNode)
    parent = child("parent", Parent)
    driver = child("driver", Driver)
    capabilities = choices("capability", "type", CAPABILITIES)
