"""Keyboards, pointers and USB hubs."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import VIRTIO_MODELS, VirtioDriver
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child
from virtkit.xml.values import ON_OFF, UNSIGNED, one_of


class InputSource(Element):
    """The host's device: `evdev` (passthrough), or `dev` and how the host shares it with the guest (evdev)."""

    dev = attribute("dev")
    grab = attribute("grab", one_of("all"))
    evdev = attribute("evdev")
    grab_toggle = attribute(
        "grabToggle",
        one_of("ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"),
    )
    repeat = attribute("repeat", ON_OFF)


class Input(Device):
    """A keyboard, a pointer, or a device of the host."""

    type = attribute(
        "type", one_of("tablet", "mouse", "keyboard", "passthrough", "evdev", error=ConfigUnsupportedError)
    )
    bus = attribute("bus", one_of("ps2", "usb", "xen", "virtio", "parallels", "none", error=ConfigUnsupportedError))
    model = attribute("model", one_of(*VIRTIO_MODELS, error=ConfigUnsupportedError))
    driver = child("driver", VirtioDriver)
    source = child("source", InputSource)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class Hub(Device):
    """A USB hub."""

    type = attribute("type", one_of("usb", error=ConfigUnsupportedError))
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()
