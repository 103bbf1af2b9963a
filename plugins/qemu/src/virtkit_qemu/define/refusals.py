"""What QEMU's domains must not ask for, and QEMU itself would refuse too late or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLError

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.disk import Disk

WWN_BUSES = ("ide", "scsi")

ENCRYPTED = ("raw", "qcow2")
"""Formats of disks that can be encrypted."""


def check(document: Domain) -> None:
    """Refuse what contradicts itself on QEMU's machines.

    Raises:
        ConfigUnsupportedError: It names the domain and the part.
        XMLError: The BIOS is to use a serial port that is not there.
    """
    _topology(document)
    _firmware(document)
    _reactions(document)
    for disk in document.devices.disks:
        _encryption(document, disk)
        target = disk.target
        if disk.wwn is not None and target is not None and target.bus not in WWN_BUSES:
            raise _unsupported(document, f"has disk {target.dev!r} with a <wwn> on bus {target.bus}: use scsi or ide")
    for interface in document.devices.interfaces:
        if interface.mtu is not None and interface.type == "user":
            raise _unsupported(document, "has an interface of type user with an <mtu>: remove it, or use a bridge")


def _topology(document: Domain) -> None:
    topology, vcpu = document.cpu.topology, document.vcpu
    if topology is None or vcpu is None:
        return
    number = (topology.sockets or 1) * (topology.dies or 1) * (topology.cores or 1) * (topology.threads or 1)
    if number != vcpu.maximum:
        raise _unsupported(document, f"has {vcpu.maximum} vCPUs and a <topology> of {number}: make them the same")


def _firmware(document: Domain) -> None:
    loader = document.os.loader
    if loader is not None and loader.type == "pflash" and not document.features.acpi:
        raise _unsupported(document, "has UEFI firmware, which needs ACPI: add <acpi/> to its <features>")
    if document.os.bios is not None and document.os.bios.use_serial and not document.devices.serials:
        raise XMLError(
            f"domain {document.name!r} shows its BIOS on a serial port and has none: add a <serial>",
            domain=ErrorDomain.QEMU,
        )


def _encryption(document: Domain, disk: Disk) -> None:
    encryption = (disk.source.encryption if disk.source else None) or disk.encryption
    if encryption is None:
        return
    target = disk.target.dev if disk.target else None
    if encryption.format != "luks" or encryption.engine != "qemu":
        raise _unsupported(
            document, f"has disk {target!r} with another encryption than luks by qemu: use format='luks'"
        )
    if disk.driver is not None and disk.driver.type not in (None, *ENCRYPTED):
        kinds = " or ".join(ENCRYPTED)
        raise _unsupported(document, f"has disk {target!r} of format {disk.driver.type} encrypted: use {kinds}")


def _reactions(document: Domain) -> None:
    """One of the two must win where QEMU cannot tell a reboot from a shutdown."""
    if document.on_poweroff == "restart" and document.on_reboot == "destroy":
        raise _unsupported(document, "has on_poweroff=restart and on_reboot=destroy: QEMU can have one of the two")


def _unsupported(document: Domain, problem: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(f"domain {document.name!r} {problem}", domain=ErrorDomain.QEMU)
