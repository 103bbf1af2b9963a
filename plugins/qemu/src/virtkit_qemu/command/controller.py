"""Controllers: PCI ports and bridges, USB, SATA, SCSI, virtio-serial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from virtkit.xml.domain.devices.controller import Controller
from virtkit_qemu.command.context import VIRTIO_SUFFIXES, virtio

if TYPE_CHECKING:
    from virtkit_qemu.command.context import Context

USB_DRIVERS = {
    "piix3-uhci": "piix3-usb-uhci",
    "piix4-uhci": "piix4-usb-uhci",
    "ehci": "usb-ehci",
    "ich9-ehci1": "ich9-usb-ehci1",
    "ich9-uhci1": "ich9-usb-uhci1",
    "ich9-uhci2": "ich9-usb-uhci2",
    "ich9-uhci3": "ich9-usb-uhci3",
    "vt82c686b-uhci": "vt82c686b-usb-uhci",
    "pci-ohci": "pci-ohci",
    "nec-xhci": "nec-usb-xhci",
    "qemu-xhci": "qemu-xhci",
}
SCSI_DRIVERS = {
    "lsilogic": "lsi53c895a",
    "virtio-scsi": "virtio-scsi-pci",
    "virtio-transitional": "virtio-scsi-pci-transitional",
    "virtio-non-transitional": "virtio-scsi-pci-non-transitional",
    "lsisas1068": "mptsas1068",
    "lsisas1078": "megasas",
    "vmpvscsi": "pvscsi",
}
PCI_DRIVERS = {
    "pci-bridge": "pci-bridge",
    "pcie-root-port": "pcie-root-port",
    "pcie-to-pci-bridge": "pcie-pci-bridge",
    "dmi-to-pci-bridge": "i82801b11-bridge",
    "pcie-switch-upstream-port": "x3130-upstream",
    "pcie-switch-downstream-port": "xio3130-downstream",
}
"""Model of a controller -> QEMU's device."""

BUILT_IN = {
    ("pci", "pci-root"),
    ("pci", "pcie-root"),
    ("usb", "none"),
    ("ide", "piix3"),
    ("ide", "piix4"),
}
"""Type and model of what the machine has by itself."""


def arguments(context: Context) -> list[str]:
    """One device each, what the machine has by itself left out. A bus comes before what is on it."""
    words: list[str] = []
    controllers = context.domain.devices.controllers
    buses = {controller.index or 0: controller for controller in controllers if controller.type == "pci"}
    for controller in sorted(controllers, key=lambda one: (one.type != "pci", _depth(context, buses, one))):
        if (controller.type, controller.model) not in BUILT_IN and not _is_on_board(context, controller):
            words += _device(context, controller)
    return words


def _depth(context: Context, buses: Mapping[int, Controller], controller: Controller) -> int:
    """How many PCI controllers are above one; those of other types keep their order."""
    depth, above = 0, controller
    while above.type == "pci" and above.index:
        above = buses.get(getattr(above.address, "bus", None) or 0, Controller(type="pci", index=0))
        depth += 1
        if depth > len(buses):
            raise context.unsupported(f"PCI controller {controller.index} is behind itself", "correct its address")
    return depth


def _is_on_board(context: Context, controller: Controller) -> bool:
    """A q35 has a SATA controller on its board, a pc one for IDE disks and one for floppies."""
    return controller.type in (("sata",) if context.is_pcie else ("ide", "fdc")) and not controller.index


def _device(context: Context, controller: Controller) -> list[str]:
    kind, alias, place = controller.type, controller.alias, context.place(controller.address)
    if kind == "usb":
        ports = (
            {"p2": controller.ports, "p3": controller.ports} if controller.model in ("nec-xhci", "qemu-xhci") else {}
        )
        driver = _named(context, controller, USB_DRIVERS, "piix3-uhci")
        master = controller.master_startport
        if master is not None:  # a companion hangs on the bus of the controller whose alias it shares
            return context.device(driver, None, masterbus=f"{alias}.0", firstport=master, **place)
        return context.device(driver, alias, **ports, **place)
    if kind == "fdc":
        return context.device("isa-fdc", alias)
    if kind == "sata":
        return context.device("ich9-ahci", alias, **place)
    if kind == "scsi":
        return context.device(
            _named(context, controller, SCSI_DRIVERS, "lsilogic"), alias, **_virtio(controller), **place
        )
    if kind == "virtio-serial":
        limits = {"max_ports": controller.ports, "vectors": controller.vectors}
        driver = f"virtio-serial-pci{VIRTIO_SUFFIXES.get(controller.model or '', '')}"
        return context.device(driver, alias, **limits, **_virtio(controller), **place)
    if kind == "pci":
        return context.device(_named(context, controller, PCI_DRIVERS, ""), alias, **_port(controller), **place)
    raise context.unsupported(f"<controller type='{kind}'> is not supported yet", "remove it")


def _named(context: Context, controller: Controller, drivers: dict[str, str], default: str) -> str:
    model = controller.model or default
    if model not in drivers:
        raise context.unsupported(
            f"<controller type='{controller.type}' model='{model}'> is not supported",
            f"use one of {', '.join(drivers)}",
        )
    return drivers[model]


def _virtio(controller: Controller) -> dict[str, Any]:
    driver = controller.driver
    if driver is None:
        return {}
    return {
        "iothread": f"iothread{driver.iothread}" if driver.iothread else None,
        "num_queues": driver.queues,
        "cmd_per_lun": driver.cmd_per_lun,
        "max_sectors": driver.max_sectors,
        "ioeventfd": driver.ioeventfd,
        **virtio(driver),
    }


def _port(controller: Controller) -> dict[str, Any]:
    target = controller.target
    if target is None:
        return {}
    return {
        "chassis_nr": target.chassis_nr,
        "port": target.port,
        "chassis": target.chassis,
        "hotplug": target.hotplug,
    }
