"""The devices of a domain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from virtkit.errors import ConfigUnsupportedError, InternalError, XMLError
from virtkit.xml.domain.devices.address import Device
from virtkit.xml.domain.devices.character import Channel, Port, Redirdev, Redirfilter, Smartcard
from virtkit.xml.domain.devices.controller import Controller
from virtkit.xml.domain.devices.disk import Disk
from virtkit.xml.domain.devices.filesystem import Filesystem
from virtkit.xml.domain.devices.graphics import Graphics, Video
from virtkit.xml.domain.devices.hostdev import HOSTDEVS
from virtkit.xml.domain.devices.input import Hub, Input
from virtkit.xml.domain.devices.interface import INTERFACES
from virtkit.xml.domain.devices.memory import Memballoon, MemoryDevice, Nvram, Shmem
from virtkit.xml.domain.devices.platform import Iommu, Lease, Panic, Rng, Tpm, Vsock, Watchdog
from virtkit.xml.domain.devices.sound import Audio, Sound
from virtkit.xml.element import Element
from virtkit.xml.schema import child, children, choices, textchild


class Devices(Element, always_open=True):
    """Everything that is plugged into a domain, grouped by kind. `emulator` is the path of the hypervisor's program.

    The order inside a kind is that of the document: sorting is part of a driver's define pass.
    """

    emulator = textchild("emulator")
    disks = children("disk", Disk)
    controllers = children("controller", Controller)
    leases = children("lease", Lease)
    filesystems = children("filesystem", Filesystem)
    interfaces = choices("interface", "type", INTERFACES, default="user")
    smartcards = children("smartcard", Smartcard)
    serials = children("serial", Port)
    parallels = children("parallel", Port)
    consoles = children("console", Port)
    channels = children("channel", Channel)
    inputs = children("input", Input)
    tpms = children("tpm", Tpm)
    graphics = children("graphics", Graphics)
    sounds = children("sound", Sound)
    audios = children("audio", Audio)
    videos = children("video", Video)
    hostdevs = choices("hostdev", "type", HOSTDEVS, error=ConfigUnsupportedError, missing=XMLError)
    redirdevs = children("redirdev", Redirdev)
    redirfilter = child("redirfilter", Redirfilter)
    hubs = children("hub", Hub)
    watchdog = child("watchdog", Watchdog, repeated=InternalError)
    memballoon = child("memballoon", Memballoon, repeated=InternalError)
    rngs = children("rng", Rng)
    nvram = child("nvram", Nvram, repeated=InternalError)
    panics = children("panic", Panic)
    shmems = children("shmem", Shmem)
    memories = children("memory", MemoryDevice)
    iommu = child("iommu", Iommu, repeated=XMLError)
    vsock = child("vsock", Vsock, repeated=XMLError)

    def plugged(self) -> Iterator[tuple[str, Device]]:
        """Yield tag and device of all that can have an alias and an address, in the order of the document."""
        held = self.__dict__
        for name, tag in _pluggable():
            if found := held.get(name):
                for device in found if isinstance(found, list) else (found,):
                    yield tag, device


@cache
def _pluggable() -> list[tuple[str, str]]:
    """Name and tag of each field that holds devices with alias and address."""
    fields = [(name, list(field.child_classes())) for name, field in Devices.fields.items()]
    return [(name, found[0][0]) for name, found in fields if found and issubclass(found[0][2], Device)]
