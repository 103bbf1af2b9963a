"""Places on PCI buses, given out as libvirt does, so that a guest finds its devices where it had them there.

A pc has one bus: the chipset's functions have their own slots, video takes slot 2, all others the free ones upwards.
A q35 has one root port for each PCI Express device and a spare one; conventional devices sit behind one bridge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import define, field

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import PciAddress
from virtkit.xml.domain.devices.controller import Controller, ControllerTarget
from virtkit_qemu.define.machine import is_q35

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

SLOTS = 32
FUNCTIONS = 8
BRIDGE = "pcie-to-pci-bridge"
PORT = "pcie-root-port"

EXPRESS_MODELS = frozenset({"virtio", "virtio-non-transitional", "qemu-xhci", "nec-xhci", "e1000e", "igb", "vmxnet3"})
"""Models that sit on PCI Express; a device of none of them is conventional."""

NOT_ON_PCI = frozenset({"isa-serial", "sb16", "pcspk", "usb", "ib700", "diag288"})


CHIPSET = {("usb", 0): (1, 2), ("ide", 0): (1, 1)}
"""Type and index of a controller of the pc's own chipset -> its slot and function."""


@define
class Bus:
    """The places of one bus that are taken."""

    number: int
    first: int = 0
    taken: set[tuple[int, int]] = field(factory=set)

    def take(self, slot: int, function: int = 0) -> PciAddress:
        """Take a place."""
        self.taken.add((slot, function))
        return PciAddress(type="pci", domain=0, bus=self.number, slot=slot, function=function)

    def free_slot(self) -> int | None:
        """The lowest slot that nothing is in; None if the bus is full."""
        used = {slot for slot, _ in self.taken}
        return next((slot for slot in range(self.first, SLOTS) if slot not in used), None)


def place(document: Domain) -> None:
    """Give every PCI device that has no place one, adding the ports and bridges this needs.

    Raises:
        ConfigUnsupportedError: Two devices claim one place, or there is no room.
    """
    (_Express if is_q35(document) else _Conventional)(document).place()


def waiting(document: Domain) -> Iterator[Any]:
    """The PCI devices without a place, in the order in which they get one."""
    for device in pci_devices(document):
        if device.address is None:
            yield device


def pci_devices(document: Domain) -> Iterator[Any]:
    """Every device on PCI but the ports and bridges themselves."""
    devices = document.devices
    yield from (video for video in devices.videos if video.model is not None and video.model.type != "none")
    yield from devices.filesystems
    yield from (interface for interface in devices.interfaces if interface.model != "usb-net")
    yield from (sound for sound in devices.sounds if sound.model not in NOT_ON_PCI)
    yield from (c for c in devices.controllers if c.type in ("usb", "scsi", "ide", "sata", "virtio-serial"))
    yield from (disk for disk in devices.disks if disk.target is not None and disk.target.bus == "virtio")
    yield from (hostdev for hostdev in devices.hostdevs if hostdev.type == "pci")
    yield from (b for b in (devices.memballoon,) if b is not None and b.model != "none")
    yield from devices.rngs
    yield from (w for w in (devices.watchdog,) if w is not None and w.model not in NOT_ON_PCI)
    yield from devices.shmems
    yield from (item for item in devices.inputs if item.bus == "virtio")
    yield from (v for v in (devices.vsock,) if v is not None)


class _Places:
    """What both machines share: which places are taken."""

    def __init__(self, document: Domain) -> None:
        self.document = document
        self.buses: dict[int, Bus] = {}
        for device in (*pci_devices(document), *self.bridges()):
            address = device.address
            if isinstance(address, PciAddress):
                self._note(address)

    def bridges(self) -> list[Controller]:
        """The PCI controllers."""
        return [controller for controller in self.document.devices.controllers if controller.type == "pci"]

    def bus(self, number: int) -> Bus:
        """A bus by number."""
        return self.buses.setdefault(number, Bus(number))

    def _note(self, address: PciAddress) -> None:
        place = (address.slot or 0, address.function or 0)
        bus = self.bus(address.bus or 0)
        if place in bus.taken:
            where = f"{address.bus or 0:02x}:{place[0]:02x}.{place[1]}"
            raise self.impossible(f"two devices are at PCI address {where}: give one of them another")
        bus.taken.add(place)

    def impossible(self, problem: str) -> ConfigUnsupportedError:
        """The error of a document whose devices have no place."""
        return ConfigUnsupportedError(f"domain {self.document.name!r}: {problem}", domain=ErrorDomain.QEMU)


class _Conventional(_Places):
    """The one bus of a pc."""

    def place(self) -> None:
        bus = self.bus(0)
        bus.first = 2
        bus.taken |= {(0, 0), (1, 0), (1, 3)}  # host bridge, ISA bridge, power management
        for controller in self.document.devices.controllers:
            fixed = CHIPSET.get((controller.type or "", controller.index or 0))
            if fixed and controller.address is None and controller.model in (None, "piix3-uhci", "piix3"):
                controller.address = bus.take(*fixed)
        for device in waiting(self.document):
            if _is_usb_none(device):
                continue
            slot = bus.free_slot()
            if slot is None:
                raise self.impossible("its PCI bus is full: use machine q35, or fewer devices")
            device.address = bus.take(slot)


class _Express(_Places):
    """The ports and the bridge of a q35."""

    FIXED_SOUND = (0x1B, 0)
    FIXED_SATA = (0x1F, 2)

    def place(self) -> None:
        root = self.bus(0)
        root.taken |= {(0, 0), (0x1F, 0), (0x1F, 3)}  # host bridge, ISA bridge, SMBus
        devices = self.document.devices
        for controller in devices.controllers:
            if controller.type == "sata" and controller.index == 0 and controller.address is None:
                controller.address = root.take(*self.FIXED_SATA)
        for video in devices.videos[:1]:
            if video.address is None and (1, 0) not in root.taken and video.model and video.model.type != "none":
                video.address = root.take(1)
        self._settle_ports()
        for device in list(waiting(self.document)):
            if not _is_usb_none(device):
                device.address = self._place(device)
        if not self._free_port():
            self._add_port()
        self._place_ports()

    def _settle_ports(self) -> None:
        """Complete the ports and bridges that are given."""
        for controller in self.bridges():
            if controller.model == PORT:
                self._complete_port(controller)
            elif controller.model == BRIDGE:
                controller.model_name = controller.model_name or "pcie-pci-bridge"
                if controller.address is None:
                    controller.address = self.bus(self._port_for()).take(0)

    def _place(self, device: Any) -> PciAddress:
        root = self.bus(0)
        if getattr(device, "model", None) == "ich9" and self.FIXED_SOUND not in root.taken:
            return root.take(*self.FIXED_SOUND)
        if is_express(device):
            return self.bus(self._port_for()).take(0)
        bridge = next((c for c in self.bridges() if c.model == BRIDGE), None) or self._add_bridge()
        bus = self.bus(bridge.index or 0)
        bus.first = 1
        slot = bus.free_slot()
        if slot is None:
            raise self.impossible("the bridge for its conventional PCI devices is full: use virtio models")
        return bus.take(slot)

    def _free_port(self) -> int | None:
        """The bus behind a port that nothing is on."""
        ports = [controller for controller in self.bridges() if controller.model == PORT]
        return next((port.index for port in ports if port.index and not self.bus(port.index).taken), None)

    def _port_for(self) -> int:
        return self._free_port() or self._add_port()

    def _next_index(self) -> int:
        return max((controller.index or 0 for controller in self.bridges()), default=0) + 1

    def _add_port(self) -> int:
        index = self._next_index()
        port = Controller(type="pci", index=index, model=PORT)
        self.document.devices.controllers.append(port)
        self._complete_port(port)
        return index

    def _add_bridge(self) -> Controller:
        port = self._port_for()
        bridge = Controller(type="pci", index=self._next_index(), model=BRIDGE, model_name="pcie-pci-bridge")
        bridge.address = self.bus(port).take(0)
        self.document.devices.controllers.append(bridge)
        return bridge

    def _complete_port(self, port: Controller) -> None:
        port.model_name = port.model_name or PORT
        target = port.target = port.target or ControllerTarget()
        target.chassis = port.index if target.chassis is None else target.chassis

    def _place_ports(self) -> None:
        """Put the ports on the root bus, eight functions to a slot."""
        root = self.bus(0)
        root.first = 1
        slot, function = None, 0
        for port in (controller for controller in self.bridges() if controller.model == PORT):
            assert port.target is not None, "completed before"
            if port.address is None:
                if slot is None or function == FUNCTIONS:
                    slot, function = root.free_slot(), 0
                    if slot is None:
                        raise self.impossible("its PCI Express root bus is full: use fewer devices")
                port.address = root.take(slot, function)
                port.address.multifunction = True if function == 0 else None
                function += 1
            address = port.address
            if port.target.port is None and isinstance(address, PciAddress):
                port.target.port = (address.slot or 0) * FUNCTIONS + (address.function or 0)


def is_express(device: Any) -> bool:
    """Whether a device sits on PCI Express."""
    if isinstance(device, Controller) and device.type == "virtio-serial":
        return True
    model = getattr(device, "model", None)
    if isinstance(model, str):
        return model in EXPRESS_MODELS or (isinstance(device, Controller) and model.startswith("virtio-scsi"))
    if model is not None:
        return getattr(model, "type", None) == "virtio"
    return not isinstance(device, Controller)


def _is_usb_none(device: Any) -> bool:
    return isinstance(device, Controller) and device.type == "usb" and device.model == "none"
