"""What a document may ask for that has no arguments yet: refused at start, so that nothing is silently lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.xml.domain.devices.address import PciAddress
from virtkit_qemu.command.fields import undecided
from virtkit_qemu.command.preparation import THROTTLED_BUSES
from virtkit_qemu.define.bridges import MODEL_NAMES

if TYPE_CHECKING:
    from virtkit_qemu.command.context import Context


def check(context: Context) -> None:
    """Refuse what cannot be had yet.

    Raises:
        ConfigUnsupportedError: It names the domain and the element.
    """
    found = undecided(context.domain)
    if found:
        raise context.unsupported(f"<{found}> is not supported yet", "remove it")
    _processors(context)
    _devices(context)


def _processors(context: Context) -> None:
    """The vCPUs of the start are the first ones, placed by the host as it likes."""
    vcpu, each = context.domain.vcpu, context.domain.vcpus
    if vcpu is not None and vcpu.placement == "auto":
        raise context.unsupported("<vcpu placement='auto'> is not supported yet", "use placement='static'")
    if each is not None:
        enabled = sorted(one.id or 0 for one in each.vcpus if one.enabled)
        if enabled != list(range(len(enabled))):
            raise context.unsupported("<vcpus> enables others than the first", "enable the first ones")


def _devices(context: Context) -> None:
    devices = context.domain.devices
    for tag, device in devices.plugged():
        if isinstance(device.address, PciAddress) and device.address.domain:
            raise context.unsupported(f"{tag} {device.alias} is in another PCI domain than 0", "use domain='0x0000'")
    for controller in devices.controllers:
        if controller.model_name not in (None, MODEL_NAMES.get(controller.model or "")):
            raise context.unsupported(
                f"PCI controller {controller.index} is made of {controller.model_name}", "leave <model name> out"
            )
    for disk in devices.disks:
        bus = disk.target.bus if disk.target else None
        if disk.iotune.content() and bus not in THROTTLED_BUSES:
            raise context.unsupported(
                f"<iotune> of {disk.alias} on bus {bus} is not supported", f"use one of {', '.join(THROTTLED_BUSES)}"
            )
    for video in devices.videos:
        acceleration = video.model.acceleration if video.model else None
        if acceleration is not None and (acceleration.accel2d or acceleration.accel3d):
            raise context.unsupported(f"acceleration of {video.alias} is not supported yet", "use accel3d='no'")
