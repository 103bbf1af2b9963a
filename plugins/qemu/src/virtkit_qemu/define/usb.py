"""Places on USB: ports of controllers, and of hubs, which are added when the controllers have too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.domain.devices.address import UsbAddress
from virtkit.xml.domain.devices.input import Hub

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

HUB_PORTS = 8
XHCI_PORTS = 4
PORTS = {
    "piix3-uhci": 2,
    "piix4-uhci": 2,
    "vt82c686b-uhci": 2,
    "pci-ohci": 3,
    "ehci": 6,
    "ich9-ehci1": 6,
    "ich9-uhci1": 0,
    "ich9-uhci2": 0,
    "ich9-uhci3": 0,
}
"""Model of a controller -> its ports; companions serve the ports of their master, xHCI says its number itself."""

Place = tuple[int, str]
"""Number of the bus, path of ports."""


def place(document: Domain) -> None:
    """Give every USB device that has none a port.

    Raises:
        XMLError: An address names a port that is taken or is not there.
        ConfigUnsupportedError: There is no USB at all.
    """
    devices = _devices(document)
    if not devices:
        return
    ports = _root_ports(document)
    waiting = [device for device in devices if device.address is None]
    if waiting and not ports:
        raise ConfigUnsupportedError(
            f"domain {document.name!r} has USB devices and <controller type='usb' model='none'/>: remove the one or "
            "the other",
            domain=ErrorDomain.DOMAIN,
        )
    taken: dict[Place, Any] = {}
    for device in devices:
        if isinstance(device.address, UsbAddress) and device.address.port:
            _take(document, taken, device)
    _check(document, taken, ports)
    document.devices.hubs += _missing_hubs(waiting, ports, taken)
    for device in _devices(document):
        if device.address is None or not device.address.port:
            bus, port = next(found for found in _open(ports, taken) if _fits(device, found))
            device.address = UsbAddress(type="usb", bus=bus, port=port)
            taken[bus, port] = device


ON_USB: tuple[tuple[str, Callable[[Any], bool] | None], ...] = (
    ("hubs", None),
    ("disks", lambda disk: disk.target is not None and disk.target.bus == "usb"),
    ("hostdevs", lambda hostdev: hostdev.type == "usb"),
    ("inputs", lambda item: item.bus == "usb"),
    ("sounds", lambda sound: sound.model == "usb"),
    ("serials", lambda port: port.target is not None and port.target.type == "usb-serial"),
    ("redirdevs", None),
)
"""Devices in the order in which they get ports, and which of them are on USB; None: all."""


def _devices(document: Domain) -> list[Any]:
    """The devices on USB, in the order in which they get ports."""
    groups = vars(document.devices)
    return [device for name, is_on_usb in ON_USB for device in filter(is_on_usb, groups.get(name, ()))]


def _root_ports(document: Domain) -> list[Place]:
    """The ports of all controllers."""
    found: dict[int, int] = {}
    for controller in document.devices.controllers:
        if controller.type == "usb" and controller.model != "none":
            number = PORTS.get(controller.model or "", controller.ports or XHCI_PORTS)
            found[controller.index or 0] = max(number, found.get(controller.index or 0, 0))
    return [(bus, str(port)) for bus, number in sorted(found.items()) for port in range(1, number + 1)]


def _open(ports: list[Place], taken: dict[Place, Any]) -> Iterator[Place]:
    """The free ports, those of controllers before those of hubs."""
    level = ports
    while level:
        yield from (port for port in level if port not in taken)
        hubs = [port for port in level if isinstance(taken.get(port), Hub)]
        level = [(bus, f"{path}.{port}") for bus, path in hubs for port in range(1, HUB_PORTS + 1)]


def _fits(device: Any, found: Place) -> bool:
    """Whether a port is on the bus that a device asks for, if it does."""
    return device.address is None or device.address.bus is None or device.address.bus == found[0]


def _missing_hubs(waiting: list[Any], ports: list[Place], taken: dict[Place, Any]) -> list[Hub]:
    """The hubs without which devices have no port; each takes one itself."""
    free = sum(1 for _ in _open(ports, taken)) + HUB_PORTS * sum(isinstance(device, Hub) for device in waiting)
    needed = -(-(len(waiting) - free) // (HUB_PORTS - 1))
    return [Hub(type="usb") for _ in range(needed)]


def _take(document: Domain, taken: dict[Place, Any], device: Any) -> None:
    place = (device.address.bus or 0, device.address.port)
    if place in taken:
        raise _wrong(document, f"has two devices at USB port {place[1]} of bus {place[0]}", "give one of them another")
    taken[place] = device


def _check(document: Domain, taken: dict[Place, Any], ports: list[Place]) -> None:
    """Every port must be that of a controller or of a hub."""
    for bus, path in taken:
        hub = path.rpartition(".")[0]
        known = isinstance(taken.get((bus, hub)), Hub) if hub else (bus, path) in ports
        if not known:
            what = f"no hub at port {hub}" if hub else "no such port"
            raise _wrong(
                document, f"has a device at USB port {path} of bus {bus}, where is {what}", "correct the address"
            )


def _wrong(document: Domain, problem: str, remedy: str) -> XMLError:
    return XMLError(f"domain {document.name!r} {problem}: {remedy}", domain=ErrorDomain.DOMAIN)
