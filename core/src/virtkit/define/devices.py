"""Defaults of devices one by one: everything but disks, character devices and graphics."""

from __future__ import annotations

import os

from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices import Devices
from virtkit.xml.domain.devices.address import CcidAddress
from virtkit.xml.domain.devices.interface import Interface, InterfaceSource, Mac

GENERATED_PREFIXES = ("vnet", "macvtap", "macvlan")
"""Names of host devices that start like this were given out at a start, and are given out anew at the next."""

ALIAS_PREFIX = "ua-"
"""Aliases that users choose start like this; others belong to the hypervisor."""


def fill(document: Domain) -> None:
    """Fill in what single devices leave out."""
    devices = document.devices
    for interface in devices.interfaces:
        fill_interface(interface)
    _fill_inputs(document)
    _fill_shared(devices)
    for hostdev in devices.hostdevs:
        if hostdev.type in ("pci", "usb", "scsi", "scsi_host"):
            hostdev.managed = bool(hostdev.managed)
    _fill_board(devices)
    for number, smartcard in enumerate(devices.smartcards):
        smartcard.address = smartcard.address or CcidAddress(type="ccid", controller=0, slot=number)
    drop_foreign_aliases(devices)


def fill_interface(interface: Interface) -> None:
    """Give an interface its type, an address and a mode; drop what an earlier run had left."""
    interface.type = interface.type or "user"
    drop_port(interface)
    if interface.mac is None:
        interface.mac = Mac()
    interface.mac.address = interface.mac.address or generated_mac()
    if interface.type == "direct":
        interface.source = interface.source or InterfaceSource()
        interface.source.mode = interface.source.mode or "vepa"
    drop_generated_name(interface)
    for ip in (*interface.ips, *(interface.source.ips if interface.source else ())):
        ip.family = ip.family or "ipv4"


def drop_port(interface: Interface) -> None:
    """Drop what the port of a network told a guest that ran: this one, or the one whose document was copied."""
    source = interface.source
    if source is None:
        return
    if interface.type == "network":
        source.portid = source.bridge = source.dev = source.mode = source.mac_table_manager = None
    elif interface.type in ("bridge", "direct"):
        source.network = source.portgroup = source.portid = None


def drop_generated_name(interface: Interface) -> None:
    """Drop the name of a host device that was given out, unless it is to be used as it is."""
    target = interface.target
    if target is not None and target.managed is not False and (target.dev or "").startswith(GENERATED_PREFIXES):
        target.dev = None
        if not target.content():
            interface.target = None


def generated_mac() -> str:
    """A MAC address of the range for virtual interfaces."""
    return "52:54:00:" + os.urandom(3).hex(":")


def drop_foreign_aliases(devices: Devices) -> None:
    """Drop the aliases that are not the user's."""
    for _, device in devices.plugged():
        if device.alias and not device.alias.startswith(ALIAS_PREFIX):
            device.alias = None


def _fill_inputs(document: Domain) -> None:
    kind = document.os.type.type if document.os.type is not None else None
    buses = {"tablet": "usb", "mouse": "ps2", "keyboard": "ps2", "passthrough": "virtio", "evdev": "none"}
    for device in document.devices.inputs:
        if device.bus is None and device.type is not None:
            device.bus = "xen" if kind in ("xen", "xenpvh") else buses.get(device.type)


def _fill_shared(devices: Devices) -> None:
    for filesystem in devices.filesystems:
        filesystem.type = filesystem.type or "mount"
        filesystem.accessmode = filesystem.accessmode or "passthrough"
    for shmem in devices.shmems:
        shmem.model = shmem.model or "ivshmem"


def _fill_board(devices: Devices) -> None:
    if devices.watchdog is not None:
        devices.watchdog.action = devices.watchdog.action or "reset"
    for rng in devices.rngs:
        if rng.backend is not None and rng.backend.model == "random":
            rng.backend.path = rng.backend.path or "/dev/random"
    for tpm in devices.tpms:
        if tpm.backend is not None and tpm.backend.type == "passthrough":
            tpm.backend.device = tpm.backend.device or "/dev/tpm0"
