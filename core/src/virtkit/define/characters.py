"""Defaults of serial ports and consoles: numbers, and the pairing of the first serial port with the first console."""

from __future__ import annotations

from collections.abc import Iterable

from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.character import CharacterDevice, Port, PortTarget

NO_CONSOLES = ("pci-serial", "usb-serial", "isa-debug")
"""Types of serial ports that are not shown as the first console."""


def fill(document: Domain) -> None:
    """Number ports and consoles, and pair serial port and console."""
    devices = document.devices
    if devices.serials:
        number_ports(devices.serials)
    if devices.parallels:
        number_ports(devices.parallels)
    for number, console in enumerate(devices.consoles):
        _fill_source(console)
        console.tty = None
        console.target = console.target or PortTarget()
        console.target.type = console.target.type or "serial"
        console.target.port = number
    if document.os.type is not None and document.os.type.type == "hvm":
        pair(document)
    for channel in devices.channels:
        _fill_source(channel)


def number_ports(ports: Iterable[Port]) -> None:
    """Give each port without a number the one after the highest."""
    ports = tuple(ports)
    following = (
        max((port.target.port for port in ports if port.target and port.target.port is not None), default=-1) + 1
    )
    for port in ports:
        _fill_source(port)
        port.target = port.target or PortTarget()
        if port.target.port is None:
            port.target.port = following
            following += 1


def pair(document: Domain) -> None:
    """The first serial port is also shown as the first console, and a console that stands alone is a serial port."""
    serials, consoles = document.devices.serials, document.devices.consoles
    if consoles and not _is_serial(consoles[0]):
        return
    if consoles and not serials:
        serials.append(_twin(consoles[0], PortTarget(port=0)))
        serials[0].address = None
    if serials and is_console(serials[0]):
        first = serials[0]
        port = first.target.port if first.target is not None else 0
        consoles[:1] = [_twin(first, PortTarget(type="serial", port=port))]


def is_console(serial: Port) -> bool:
    """Whether a serial port can be a console: those on PCI or USB and those for debugging only are none."""
    return serial.target is None or serial.target.type not in NO_CONSOLES


def _is_serial(console: Port) -> bool:
    return console.target is None or console.target.type in (None, "serial")


def _twin(port: Port, target: PortTarget) -> Port:
    """The same character device with another guest end."""
    twin = port.copy()
    twin.target = target
    return twin


def _fill_source(device: CharacterDevice) -> None:
    device.type = device.type or "pty"
    if device.type == "pty":
        device.sources = []  # a path is a run's
    if device.type == "tcp":
        device.protocol = device.protocol or "raw"
