"""Models and drivers of single devices, and the devices every guest of QEMU has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.xml.domain.devices.character import PortTarget
from virtkit.xml.domain.devices.disk import DiskDriver
from virtkit.xml.domain.devices.input import Input
from virtkit.xml.domain.devices.memory import Memballoon
from virtkit.xml.domain.devices.sound import Audio

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

SERIAL_MODELS = {
    "isa-serial": "isa-serial",
    "pci-serial": "pci-serial",
    "usb-serial": "usb-serial",
    "isa-debug": "isa-debugcon",
}
"""Type of a serial port -> its model where none is named."""

DEFAULT_INTERFACE = "rtl8139"
QXL_MEMORY = 65536  # KiB
QXL_VGA_MEMORY = 16384  # KiB


def fill(document: Domain) -> None:
    """Fill in what QEMU's devices have beside the common defaults."""
    devices = document.devices
    for disk in devices.disks:
        if disk.device != "lun" or disk.driver is None:
            disk.driver = disk.driver or DiskDriver()
        disk.driver.name = disk.driver.name or "qemu"
        for encryption in (disk.encryption, disk.source.encryption if disk.source else None):
            if encryption is not None:
                encryption.engine = encryption.engine or "qemu"
        if disk.type != "volume":
            disk.driver.type = disk.driver.type or "raw"
    for interface in devices.interfaces:
        if interface.type != "hostdev":
            interface.model = interface.model or DEFAULT_INTERFACE
    for serial in devices.serials:
        target = serial.target = serial.target or PortTarget()
        target.type = target.type or "isa-serial"
        target.model = target.model or SERIAL_MODELS.get(target.type)
    _add_inputs(document)
    _add_audio(document)
    if devices.memballoon is None:
        devices.memballoon = Memballoon(model="virtio")
    for video in devices.videos:
        if video.model is not None and video.model.type == "qxl":
            video.model.vram = video.model.vram or QXL_MEMORY
            video.model.vgamem = video.model.vgamem or QXL_VGA_MEMORY
    for tpm in devices.tpms:
        tpm.model = tpm.model or "tpm-tis"
    for label in document.seclabels:
        label.model = label.model or "none"
    for panic in devices.panics:
        panic.model = panic.model or "isa"
    if devices.watchdog is not None:
        devices.watchdog.model = devices.watchdog.model or "i6300esb"


def _add_inputs(document: Domain) -> None:
    inputs = document.devices.inputs
    there = [item.type for item in inputs if item.bus == "ps2"]
    inputs += [Input(type=kind, bus="ps2") for kind in ("mouse", "keyboard") if kind not in there]


def _add_audio(document: Domain) -> None:
    devices = document.devices
    if not devices.audios:
        spice = any(graphics.type == "spice" for graphics in devices.graphics)
        devices.audios.append(Audio(id=1, type="spice" if spice else "none"))
