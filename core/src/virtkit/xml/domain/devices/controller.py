"""Controllers: what other devices are plugged into."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import SMALL, VIRTIO_MODELS
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, size, textchild
from virtkit.xml.values import ON_OFF, UNSIGNED, hexadecimal, integer, one_of

CONTROLLER_MODELS = (
    "auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi", "ibmvscsi", "virtio-scsi", "lsisas1078", *VIRTIO_MODELS,
    "ncr53c90", "dc390", "am53c974",
    "piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3", "vt82c686b-uhci",
    "pci-ohci", "nec-xhci", "none", "qusb1", "qusb2", "qemu-xhci",
    "piix3", "piix4", "ich6",
    "pci-root", "pcie-root", "pci-bridge", "dmi-to-pci-bridge", "pcie-to-pci-bridge", "pcie-root-port",
    "pcie-switch-upstream-port", "pcie-switch-downstream-port", "pci-expander-bus", "pcie-expander-bus",
)  # fmt: skip

PCI_MODEL_NAMES = (
    "spapr-pci-host-bridge", "pci-bridge", "i82801b11-bridge", "pcie-pci-bridge", "ioh3420", "pcie-root-port",
    "x3130-upstream", "xio3130-downstream", "pxb", "pxb-pcie",
)  # fmt: skip


class ControllerTarget(Element):
    """What the guest sees of a PCI controller."""

    chassis_nr = attribute("chassisNr", integer(0, 255, prefixed=True))
    chassis = attribute("chassis", integer(0, 255, prefixed=True))
    port = attribute("port", hexadecimal(1, high=255))
    bus_nr = attribute("busNr", integer(0, 255, prefixed=True))
    index = attribute("index", SMALL)
    hotplug = attribute("hotplug", ON_OFF)
    numa_node = textchild("node", UNSIGNED)


class ControllerDriver(Element):
    """How the hypervisor drives a controller."""

    queues = attribute("queues", UNSIGNED)
    cmd_per_lun = attribute("cmd_per_lun", UNSIGNED)
    max_sectors = attribute("max_sectors", UNSIGNED)
    ioeventfd = attribute("ioeventfd", ON_OFF)
    iothread = attribute("iothread", UNSIGNED)
    iommu = attribute("iommu", ON_OFF)
    ats = attribute("ats", ON_OFF)
    packed = attribute("packed", ON_OFF)
    page_per_vq = attribute("page_per_vq", ON_OFF)


class Controller(Device):
    """A controller.

    Attributes:
        index: Its number among those of its type; None: yet to be assigned.
        model_name: What a PCI controller of this `model` is made of.
        master_startport: First port of the master that this companion serves.
        pcihole64: KiB.
    """

    type = attribute(
        "type", one_of("fdc", "sata", "ccid", "scsi", "usb", "ide", "isa", "pci", "virtio-serial", "xenbus")
    )
    index = attribute("index", UNSIGNED)
    model = attribute("model", one_of(*CONTROLLER_MODELS, error=ConfigUnsupportedError))
    max_grant_frames = attribute("maxGrantFrames", UNSIGNED)
    ports = attribute("ports", UNSIGNED)
    vectors = attribute("vectors", UNSIGNED)
    max_event_channels = attribute("maxEventChannels", UNSIGNED)
    model_name = attrchild("model", "name", one_of(*PCI_MODEL_NAMES))
    target = child("target", ControllerTarget)
    driver = child("driver", ControllerDriver)
    alias = attrchild("alias", "name")
    master_startport = attrchild("master", "startport", UNSIGNED)
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
    pcihole64 = size("pcihole64")
