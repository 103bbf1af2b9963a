"""Blocks of one hypervisor, each in its own namespace."""

from __future__ import annotations

from virtkit.xml.element import Element, shape
from virtkit.xml.schema import attrchildren, attribute, children


class EnvironmentVariable(Element):
    """A variable of the emulator's environment."""

    name = attribute("name")
    value = attribute("value")


class QemuCommandline(Element):
    """Arguments and environment added to QEMU's, as they are."""

    args = attrchildren("qemu:arg", "value")
    env = children("qemu:env", EnvironmentVariable)


class QemuCapabilities(Element):
    """Capabilities of the binary to assume or to ignore."""

    add = attrchildren("qemu:add", "capability")
    remove = attrchildren("qemu:del", "capability")


class QemuProperty(Element):
    """A property of a device."""

    name = attribute("name")
    type = attribute("type")
    value = attribute("value")


class QemuFrontend(Element):
    """Properties of the device as the guest sees it."""

    properties = children("qemu:property", QemuProperty)


class QemuDevice(Element):
    """Properties of one device, by alias."""

    alias = attribute("alias")
    frontends = children("qemu:frontend", QemuFrontend)


class QemuOverride(Element):
    """Properties of devices that replace those of virtkit."""

    devices = children("qemu:device", QemuDevice)


class BhyveCommandline(Element):
    """Arguments and environment added to bhyve's."""

    args = attrchildren("bhyve:arg", "value")
    env = children("bhyve:env", EnvironmentVariable)


class LxcNamespace(Element):
    """Namespaces a container shares."""

    sharenet = children("lxc:sharenet", shape("type value"))
    shareipc = children("lxc:shareipc", shape("type value"))
    shareuts = children("lxc:shareuts", shape("type value"))
