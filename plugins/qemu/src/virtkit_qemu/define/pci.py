"""Places on PCI buses, given out as libvirt does, so that a guest finds its devices where it had them there.

A pc has one bus, and bridges below it once that is full. On a q35 each PCI Express device has a root port for itself
and one port is spare; conventional devices sit behind a bridge.

Controllers get their places before devices do, so that a device without room asks for a controller and all places are
given out anew: `place` does so until nothing is missing any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attrs import define, field

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.domain.devices.address import PciAddress
from virtkit.xml.domain.devices.controller import Controller
from virtkit_qemu.define.bridges import BRIDGE, BUSES, DMI_BRIDGE, PCI_BRIDGE, PORT, complete
from virtkit_qemu.define.machine import is_q35
from virtkit_qemu.define.placement import is_express, is_pci_video, pci_devices

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

SLOTS = 32
FUNCTIONS = 8
Place = tuple[int, int]
"""Slot and function."""

BOARD = {
    False: frozenset({(0, 0), (1, 0), (1, 3)}),  # host bridge, ISA bridge, power management
    True: frozenset({(0, 0), (0x1F, 0), (0x1F, 3)}),  # host bridge, ISA bridge, SMBus
}
"""Whether it is a q35 -> what the board has on bus 0 and no document tells."""

CHIPSET: dict[tuple[str | None, int | None], Place] = {("usb", 0): (1, 2), ("ide", 0): (1, 1)}
"""Type and index of a controller of the pc's own chipset -> its place."""

COMPANIONS = {"ich9-ehci1": 7, "ich9-uhci1": 0, "ich9-uhci2": 1, "ich9-uhci3": 2}
"""Models of controllers that share a slot -> function in it."""

COMPANION_SLOTS = (0x1D, 0x1A)
SOUND_SLOT = 0x1B
SATA_PLACE = (0x1F, 2)
DMI_SLOT = 0x1E
"""Where a q35 has these on its root bus."""


@define
class Bus:
    """The places of one bus that are taken."""

    number: int
    model: str
    taken: set[Place] = field(factory=set)
    ports: set[int] = field(factory=set)
    """Slots whose functions are root ports: others may join them."""

    def take(self, slot: int, function: int = 0) -> PciAddress:
        """Take a place."""
        self.taken.add((slot, function))
        return PciAddress(type="pci", domain=0, bus=self.number, slot=slot, function=function)

    def free_slot(self) -> int | None:
        """The lowest slot that nothing is in; None if the bus is full."""
        used = {slot for slot, _ in self.taken}
        for slot in BUSES[self.model].slots:
            if slot not in used:
                return slot
        return None

    def free_port(self) -> Place | None:
        """The lowest place for a root port, eight to a slot; None if there is none."""
        for slot in range(1, SLOTS):
            used = {function for other, function in self.taken if other == slot}
            if not used or (slot in self.ports and len(used) < FUNCTIONS):
                return slot, min(set(range(FUNCTIONS)) - used)
        return None


def place(document: Domain) -> None:
    """Give every PCI device that has no place one, adding the ports and bridges this needs.

    Raises:
        XMLError: Two devices claim one place, or a place is none of its bus.
        ConfigUnsupportedError: There is no room.
    """
    express, bridges, devices = is_q35(document), _bridges(document), pci_devices(document)
    wants_spare = express and not any(bridge.index for bridge in bridges)
    given = [device.address for device in (*devices, *bridges) if isinstance(device.address, PciAddress)]
    if given:
        _add_named(document, given, PORT if express else PCI_BRIDGE)
    while True:
        attempt = _Attempt(document, devices, express=express)
        attempt.run()
        if not attempt.added and wants_spare and attempt.free(PORT) is None:
            attempt.add(PORT)
        if not attempt.added:
            break
    for device, address in attempt.given.values():
        device.address = address
    _finish_ports(document)


def _bridges(document: Domain) -> list[Controller]:
    """The PCI controllers, the root included."""
    return [controller for controller in document.devices.controllers if controller.type == "pci"]


def _add_named(document: Domain, given: Iterable[PciAddress], model: str) -> None:
    """Add controllers of a model for the buses that addresses name and the definition does not have."""
    known = {controller.index for controller in _bridges(document)}
    for index in range(1, max(address.bus or 0 for address in given) + 1):
        if index not in known:
            document.devices.controllers.append(Controller(type="pci", index=index, model=model))


class _Attempt:
    """One try to find a place for everything.

    Attributes:
        given: Devices, by identity, with the places they get.
        added: Whether a controller was missing and has been added: the next attempt will have a place for it.
    """

    def __init__(self, document: Domain, devices: Iterable[Any], *, express: bool) -> None:
        self.document = document
        self.express = express
        self.given: dict[int, tuple[Any, PciAddress]] = {}
        self.added = False
        self.buses: dict[int, Bus] = {}
        bridges = _bridges(document)
        for controller in bridges:
            complete(controller, self.impossible)
            self.buses[controller.index or 0] = Bus(controller.index or 0, controller.model or "")
        self.buses[0].taken |= BOARD[self.express]
        for device in (*bridges, *devices):
            if isinstance(device.address, PciAddress):
                self._note(device)
        self.devices = [*(bridge for bridge in bridges if bridge.index), *devices]  # the root needs no place

    def impossible(self, problem: str) -> ConfigUnsupportedError:
        """The error of a document whose devices have no place."""
        return ConfigUnsupportedError(f"domain {self.document.name!r}: {problem}", domain=ErrorDomain.QEMU)

    def _note(self, device: Any) -> None:
        address = device.address
        bus, at = self.buses[address.bus or 0], (address.slot or 0, address.function or 0)
        where = f"{bus.number:02x}:{at[0]:02x}.{at[1]}"
        if at in bus.taken:
            raise self._wrong(f"two devices are at PCI address {where}", "give one of them another")
        if at[0] not in BUSES[bus.model].slots:
            raise self._wrong(f"PCI address {where} is none of a {bus.model}", "correct it, or leave it out")
        bus.taken.add(at)
        if isinstance(device, Controller) and device.model == PORT:
            bus.ports.add(at[0])

    def _wrong(self, problem: str, remedy: str) -> XMLError:
        return XMLError(f"domain {self.document.name!r}: {problem}: {remedy}", domain=ErrorDomain.DOMAIN)

    def run(self) -> None:
        """Find the places."""
        self._place_board()
        for device in self.devices:
            if device.address is None and id(device) not in self.given:
                self._give(device, self._find(device))

    def _give(self, device: Any, address: PciAddress) -> None:
        self.given[id(device)] = device, address

    # What the board decides

    def _place_board(self) -> None:
        """Place what the machine wants at a certain place: controllers of the chipset, the first video card."""
        root, devices = self.buses[0], self.document.devices
        for controller in devices.controllers:
            at = self._board_place(controller)
            if at and controller.address is None and at not in root.taken:
                self._give(controller, root.take(*at))
        for sound in devices.sounds if self.express else ():
            if sound.model == "ich9" and sound.address is None and (SOUND_SLOT, 0) not in root.taken:
                self._give(sound, root.take(SOUND_SLOT))
        slot = 1 if self.express else 2
        for video in devices.videos[:1]:
            if is_pci_video(video) and video.address is None and (slot, 0) not in root.taken:
                self._give(video, root.take(slot))

    def _board_place(self, controller: Controller) -> Place | None:
        kind, index, model = controller.type, controller.index or 0, controller.model
        if not self.express:
            return CHIPSET.get((kind, index)) if model in (None, "piix3-uhci", "piix3") else None
        if model == "ich9-uhci1":
            slots = {slot for slot, _ in self.buses[0].taken}
            return next(((slot, 0) for slot in COMPANION_SLOTS if slot not in slots), None)
        if model == DMI_BRIDGE:
            return DMI_SLOT, 0
        return SATA_PLACE if (kind, index) == ("sata", 0) else None

    # What takes the next free place

    def _find(self, device: Any) -> PciAddress:
        if isinstance(device, Controller):
            if device.model in COMPANIONS:
                return self._beside_companions(device)
            if device.type == "pci":
                return self._find_for_bridge(device.model or "", device.index or 0)
        return self._next(express=self.express and is_express(device))

    def _next(self, *, express: bool) -> PciAddress:
        if express:
            return self._on(self.free(PORT) or self.add(PORT))
        return self._on(self.free(PCI_BRIDGE) or self._add_bridge())

    def _on(self, bus: Bus) -> PciAddress:
        slot = bus.free_slot()
        assert slot is not None, "asked before"
        return bus.take(slot)

    def free(self, device: str) -> Bus | None:
        """The first bus with room for a device behind a root port (PORT), or for a conventional one (PCI_BRIDGE)."""
        for _, bus in sorted(self.buses.items()):
            if device in BUSES[bus.model].accepts and bus.free_slot() is not None:
                return bus
        return None

    def _find_for_bridge(self, model: str, index: int) -> PciAddress:
        if model == PORT:
            at = self.buses[0].free_port()
            if at is None:
                raise self.impossible("its PCI Express root bus is full: use fewer devices")
            self.buses[0].ports.add(at[0])
            return self.buses[0].take(*at)
        fitting = (bus for _, bus in sorted(self.buses.items()) if model in BUSES[bus.model].holds)
        fitting = (bus for bus in fitting if bus.number != index)
        bus = next((bus for bus in fitting if bus.free_slot() is not None), None)
        if bus is None and model == BRIDGE:
            bus = self.add(PORT)
        if bus is None:
            raise self.impossible(f"there is no place for a PCI controller of model {model}: add one it can sit on")
        return self._on(bus)

    def _beside_companions(self, controller: Controller) -> PciAddress:
        """The function of a USB controller in the slot of the others with its index."""
        function = COMPANIONS[controller.model or ""]
        for other in self.document.devices.controllers:
            if other is not controller and other.model in COMPANIONS and other.index == controller.index:
                _, found = self.given.get(id(other), (other, other.address))
                if isinstance(found, PciAddress):
                    return self.buses[found.bus or 0].take(found.slot or 0, function)
        slot = self._next(express=False)
        bus = self.buses[slot.bus or 0]
        bus.taken.discard((slot.slot or 0, 0))
        return bus.take(slot.slot or 0, function)

    # What is missing

    def add(self, model: str) -> Bus:
        """Add a controller; its own place is found in the next attempt."""
        index = max(self.buses) + 1
        controller = Controller(type="pci", index=index, model=model)
        complete(controller, self.impossible)
        self.document.devices.controllers.append(controller)
        self.added = True
        self.buses[index] = Bus(index, model)
        return self.buses[index]

    def _add_bridge(self) -> Bus:
        """Add a bus for conventional devices; on a q35 with a port for it, unless one is free."""
        if not self.express:
            return self.add(PCI_BRIDGE)
        if self.free(PORT) is None:
            self.add(PORT)
        return self.add(BRIDGE)


def _finish_ports(document: Domain) -> None:
    """Number the root ports by their places, and tell the first function of a slot about the others."""
    controllers = document.devices.controllers
    ports = [c for c in controllers if c.type == "pci" and c.target and c.target.chassis]
    companions = [c for c in controllers if c.model in COMPANIONS]
    if ports or companions:
        _mark_multifunction((*ports, *companions))
    for port in ports:
        address = port.address
        assert port.target is not None
        if port.target.port is None and isinstance(address, PciAddress):
            number = (address.slot or 0) * FUNCTIONS + (address.function or 0)
            port.target.port = number


def _mark_multifunction(controllers: Iterable[Controller]) -> None:
    places = [c.address for c in controllers if isinstance(c.address, PciAddress)]
    shared = {(place.bus, place.slot) for place in places if place.function}
    for place in places:
        if not place.function and place.multifunction is None and (place.bus, place.slot) in shared:
            place.multifunction = True
