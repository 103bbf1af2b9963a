"""Which devices are on PCI, in the order in which they get their places, and which of them on PCI Express."""

from __future__ import annotations

from collections.abc import Callable
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


def is_pci_video(video: Video) -> bool:
    """Whether a video card is a PCI device."""
    return video.model is not None and video.model.type not in VIDEOS_ELSEWHERE


ON_PCI: tuple[tuple[str, Callable[[Any], bool] | None], ...] = (
    ("primary video", is_pci_video),
    ("filesystems", None),
    ("interfaces", lambda interface: interface.model != "usb-net"),
    ("sounds", lambda sound: sound.model not in ISA_OR_USB_SOUNDS),
    ("controllers", lambda controller: controller.type in PCI_CONTROLLERS and controller.model != "none"),
    ("disks", lambda disk: disk.target is not None and disk.target.bus == "virtio"),
    ("hostdevs", lambda hostdev: hostdev.type == "pci"),
    ("memballoon", lambda balloon: balloon.model != "none"),
    ("rngs", None),
    ("watchdog", lambda watchdog: watchdog.model == "i6300esb"),
    ("other videos", is_pci_video),
    ("shmems", None),
    ("inputs", lambda item: item.bus == "virtio"),
    ("serials", lambda port: port.target is not None and port.target.type == "pci-serial"),
    ("vsock", None),
)
"""Devices in the order in which they get their places, and which of them are on PCI; None: all."""


def pci_devices(document: Domain) -> list[Any]:
    """Every device on PCI but ports and bridges; a device comes before those that get their places later."""
    devices = document.devices
    groups = vars(devices) | {"primary video": devices.videos[:1], "other videos": devices.videos[1:]}
    found: list[Any] = []
    for name, is_on_pci in ON_PCI:
        if group := groups.get(name):
            found += filter(is_on_pci, group if isinstance(group, list) else (group,))
    return found


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
