"""Devices that move characters: serial and parallel ports, consoles, channels, redirected devices, smart cards."""

from __future__ import annotations

import re

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import Boot, Reconnect, SourceLabel, pattern
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, children, textchild, textchildren
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, Refusal, Value, hexadecimal, one_of, quoted

SOURCE_TYPES = (
    "dev", "file", "pipe", "unix", "tcp", "udp", "null", "stdio", "vc", "pty", "spicevmc", "spiceport", "nmdm",
    "qemu-vdagent", "dbus",
)  # fmt: skip

PORT_TYPES = (
    "xen", "serial", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm",
    "isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial", "sclp-serial", "isa-debug",
)  # fmt: skip

PORT_MODELS = (
    "isa-serial", "usb-serial", "pci-serial", "spapr-vty", "pl011", "16550a", "sclpconsole", "sclplmconsole",
    "isa-debugcon",
)  # fmt: skip


def usb_number(width: int) -> Value[int | None]:
    """Hexadecimal numbers of `width` upper-case digits; `-1`, which means any, reads as None."""
    plain = hexadecimal(width).read

    def read(text: str) -> int | None:
        return None if text == "-1" or plain is None else plain(text)

    return Value(read, lambda number: f"0x{number:0{width}X}")


def _read_usb_version(text: str) -> str | None:
    if text == "-1":
        return None
    if match := re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})", text):
        return f"{int(match.group(1))}.{match.group(2):0<2}"
    raise Refusal(f"{quoted(text)} is not a version such as 1.10 or -1")


USB_VERSION = Value(_read_usb_version)
"""`MAJOR.MINOR` with two digits of the minor; `-1`, which means any, reads as None."""


class CharacterSource(Element):
    """The host's end. Which fields matter is told by the type of the device.

    Attributes:
        mode: `bind` or `connect` (tcp, udp, unix).
        host: With service, tls (tcp, udp).
        path: Path (dev, file, pipe, pty, unix); `append` for file.
        master: With slave (nmdm).
        channel: Name (spiceport, dbus).
        clipboard_copypaste: With mouse_mode (qemu-vdagent).
    """

    mode = attribute("mode", one_of("bind", "connect"))
    host = attribute("host")
    path = attribute("path")
    service = attribute("service")
    tls = attribute("tls", YES_NO)
    tls_from_config = attribute("tlsFromConfig")
    append = attribute("append", ON_OFF)
    master = attribute("master")
    slave = attribute("slave")
    channel = attribute("channel")
    seclabels = children("seclabel", SourceLabel)
    reconnect = child("reconnect", Reconnect)
    clipboard_copypaste = attrchild("clipboard", "copypaste", YES_NO)
    mouse_mode = attrchild("mouse", "mode", one_of("server", "client"))


class Log(Element):
    """A file that gets a copy of what the guest writes."""

    file = attribute("file")
    append = attribute("append", ON_OFF)


class CharacterDevice(Element):
    """What moves characters between the guest and `sources`: two for udp that binds and connects, else at most one."""

    type = attribute("type", one_of(*SOURCE_TYPES, error=ConfigUnsupportedError))
    sources = children("source", CharacterSource)
    protocol = attrchild("protocol", "type", one_of("raw", "telnet", "telnets", "tls", error=ConfigUnsupportedError))
    log = child("log", Log)

    @property
    def source(self) -> CharacterSource | None:
        """The first of the sources; None if there is none."""
        return self.sources[0] if self.sources else None


class PortTarget(Element):
    """The guest's end of a port; `port` is its number among those of its kind."""

    type = attribute("type", one_of(*PORT_TYPES, error=ConfigUnsupportedError))
    port = attribute("port", UNSIGNED)
    model = attrchild("model", "name", one_of(*PORT_MODELS, error=ConfigUnsupportedError))


class Port(CharacterDevice, Device):
    """A serial or parallel port, or a console; `tty` repeats the path of its source for old programs."""

    tty = attribute("tty")
    target = child("target", PortTarget)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class ChannelTarget(Element):
    """The guest's end of a channel: a named port, or an address and port that the guest connects to (guestfwd)."""

    type = attribute("type", one_of("guestfwd", "virtio", "xen", error=ConfigUnsupportedError))
    name = attribute("name")
    address = attribute("address")
    state = attribute("state", one_of("connected", "disconnected"))
    port = attribute("port", UNSIGNED)


class Channel(CharacterDevice, Device):
    """A private line between host and guest."""

    target = child("target", ChannelTarget)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Smartcard(CharacterDevice, Device, before={"mode": "type", "certificates": "protocol", "database": "protocol"}):
    """A smart card: the host's, one made of three certificates of `database`, or one at the other end of a source."""

    mode = attribute("mode", one_of("host", "host-certificates", "passthrough"))
    certificates = textchildren("certificate")
    database = textchild("database", pattern("/.*", "an absolute path"))
    target = child("target", PortTarget)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Redirdev(CharacterDevice, Device, before={"bus": "type"}):
    """A USB device that somebody plugs in at the other end of a source."""

    bus = attribute("bus", one_of("usb", error=ConfigUnsupportedError))
    boot = child("boot", Boot)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class UsbRule(Element):
    """Whether USB devices of a class, vendor, product and version may be redirected; None is any."""

    class_ = attribute("class", usb_number(2))
    vendor = attribute("vendor", usb_number(4))
    product = attribute("product", usb_number(4))
    version = attribute("version", USB_VERSION)
    allow = attribute("allow", YES_NO)


class Redirfilter(Element):
    """Rules for redirected devices; the first that fits decides."""

    rules = children("usbdev", UsbRule)
