"""What a domain boots: `os`, and what its firmware shows it: `sysinfo`, `idmap`."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.capabilities import ARCHITECTURES
from virtkit.xml.domain.devices.source import STORAGE_TYPES, DiskSource
from virtkit.xml.element import Element
from virtkit.xml.schema import (
    attrchild,
    attrchildren,
    attribute,
    child,
    children,
    text,
    textchild,
    textchildren,
)
from virtkit.xml.values import UNSIGNED, YES_NO, bounded, one_of, refused_as

ID = refused_as(XMLError, UNSIGNED)


class OsType(Element):
    """Kind of guest interface (`hvm`, `exe`, ...), architecture and machine type."""

    arch = attribute("arch", one_of(*ARCHITECTURES, error=ConfigUnsupportedError))
    machine = attribute("machine")
    type = text(one_of("hvm", "xen", "linux", "exe", "uml", "xenpvh", error=ConfigUnsupportedError))


class Loader(Element):
    """The firmware's code: a path."""

    readonly = attribute("readonly", YES_NO)
    secure = attribute("secure", YES_NO)
    type = attribute("type", one_of("rom", "pflash"))
    stateless = attribute("stateless", YES_NO)
    path = text()


class FirmwareFeature(Element):
    """A feature the chosen firmware must or must not have."""

    enabled = attribute("enabled", YES_NO)
    name = attribute("name", one_of("enrolled-keys", "secure-boot"))


class Firmware(Element):
    """What to look for when firmware is chosen automatically."""

    features = children("feature", FirmwareFeature)


class Nvram(Element):
    """The firmware's variables: a path, or a `source`."""

    template = attribute("template")
    type = attribute("type", STORAGE_TYPES)
    path = text()
    source = child("source", DiskSource)


class InitVariable(Element):
    """An environment variable of a container's first program."""

    name = attribute("name")
    value = text()


class AcpiTable(Element):
    """An ACPI table: a path."""

    type = attribute("type", refused_as(XMLError, one_of("slic")))
    path = text()


class Acpi(Element):
    """ACPI tables for the guest."""

    tables = children("table", AcpiTable)


class BootMenu(Element):
    """The firmware's boot menu; `timeout` in ms."""

    enable = attribute("enable", YES_NO)
    timeout = attribute("timeout", UNSIGNED)


class Bios(Element):
    """BIOS settings; `reboot_timeout` in ms, -1 never."""

    use_serial = attribute("useserial", YES_NO)
    reboot_timeout = attribute("rebootTimeout", bounded(-1, 65535, ConfigUnsupportedError))


class Os(Element):
    """What the domain boots."""

    firmware = attribute("firmware", refused_as(XMLError, one_of("bios", "efi")))
    type = child("type", OsType)
    firmware_features = child("firmware", Firmware)
    loader = child("loader", Loader)
    nvram = child("nvram", Nvram)
    kernel = textchild("kernel")
    init = textchild("init")
    initrd = textchild("initrd")
    cmdline = textchild("cmdline")
    dtb = textchild("dtb")
    init_args = textchildren("initarg")
    init_env = children("initenv", InitVariable)
    init_dir = textchild("initdir")
    init_user = textchild("inituser")
    init_group = textchild("initgroup")
    root = textchild("root")
    acpi = child("acpi", Acpi)
    boot = attrchildren("boot", "dev", one_of("fd", "hd", "cdrom", "network"))
    boot_menu = child("bootmenu", BootMenu)
    bios = child("bios", Bios)
    smbios = attrchild("smbios", "mode", one_of("emulate", "host", "sysinfo", error=ConfigUnsupportedError))


class Entry(Element):
    """A named text."""

    name = attribute("name")
    file = attribute("file")
    value = text()


class Block(Element):
    """Entries of one SMBIOS structure."""

    entries = children("entry", Entry)


class Sysinfo(Element):
    """What the guest's SMBIOS or fw_cfg says."""

    type = attribute("type", one_of("smbios", "fwcfg"))
    bios = child("bios", Block)
    system = child("system", Block)
    base_boards = children("baseBoard", Block)
    entries = children("entry", Entry)
    chassis = child("chassis", Block)
    oem_strings = child("oemStrings", Block)


class IdRange(Element):
    """A range of user or group ids of a container and where it starts on the host."""

    start = attribute("start", ID)
    target = attribute("target", ID)
    count = attribute("count", ID)


class IdMap(Element):
    """User and group ids of a container."""

    uids = children("uid", IdRange)
    gids = children("gid", IdRange)
