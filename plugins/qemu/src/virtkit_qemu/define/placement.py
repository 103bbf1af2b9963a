"""Which devices are on PCI, in the order in which they get their places, and which of them on PCI Express."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from virtkit.xml.domain.devices.character import Port
from virtkit.xml.domain.devices.controller import Controller
from virtkit.xml.domain.devices.graphics import Video
from virtkit.xml.domain.devices.interface import Interface
from virtkit.xml.domain.devices.memory import Shmem
from virtkit.xml.domain.devices.platform import Watchdog
from virtkit.xml.domain.devices.sound import Sound

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

PCI_CONTROLLERS = ("usb", "scsi", "ide", "sata", "virtio-serial")
ISA_OR_USB_SOUNDS = frozenset({"sb16", "pcspk", "usb"})
VIDEOS_ELSEWHERE = frozenset({"none", "ramfb"})
TRANSITIONAL = "virtio-transitional"
CONVENTIONAL_INTERFACES = frozenset({"rtl8139", "e1000", "vmxnet3", TRANSITIONAL})
EXPRESS_CONTROLLERS = frozenset({"qemu-xhci", "nec-xhci", "virtio-scsi", "virtio-non-transitional"})
"""Models; libvirt takes a network card that it does not know for one of PCI Express, a controller for conventional."""


def pci_devices(document: Domain) -> Iterator[Any]:
    """Every device on PCI but ports and bridges; a device comes before those that get their places later."""
    devices = document.devices
    videos = [video for video in devices.videos if is_pci_video(video)]
    yield from (video for video in videos if video is devices.videos[0])
    yield from devices.filesystems
    yield from (interface for interface in devices.interfaces if interface.model != "usb-net")
    yield from (sound for sound in devices.sounds if sound.model not in ISA_OR_USB_SOUNDS)
    yield from (c for c in devices.controllers if c.type in PCI_CONTROLLERS and c.model != "none")
    yield from (disk for disk in devices.disks if disk.target is not None and disk.target.bus == "virtio")
    yield from (hostdev for hostdev in devices.hostdevs if hostdev.type == "pci")
    yield from (b for b in (devices.memballoon,) if b is not None and b.model != "none")
    yield from devices.rngs
    yield from (w for w in (devices.watchdog,) if w is not None and w.model == "i6300esb")
    yield from (video for video in videos if video is not devices.videos[0])
    yield from devices.shmems
    yield from (item for item in devices.inputs if item.bus == "virtio")
    yield from (port for port in devices.serials if port.target is not None and port.target.type == "pci-serial")
    yield from (v for v in (devices.vsock,) if v is not None)


def is_pci_video(video: Video) -> bool:
    """Whether a video card is a PCI device."""
    return video.model is not None and video.model.type not in VIDEOS_ELSEWHERE


def is_express(device: Any) -> bool:
    """Whether a device sits on PCI Express where the machine has it."""
    match device:
        case Controller(type="virtio-serial"):
            return device.model != TRANSITIONAL
        case Controller():
            return device.model in EXPRESS_CONTROLLERS
        case Interface():
            return device.model not in CONVENTIONAL_INTERFACES
        case Video():
            return device.model is not None and device.model.type == "virtio"
        case Sound() | Watchdog() | Shmem() | Port():
            return False
    return getattr(device, "model", None) != TRANSITIONAL
