"""Guests that boot from every kind of disk, and see their devices where the document says."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.qemu.tests.command.lines import line
from plugins.qemu.tests.command.machines import start
from plugins.qemu.tests.define.documents import completed
from plugins.qemu.tests.rig import Rig
from tests.guests import TinyGuest
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.address import PciAddress
from virtkit_qemu import define

pytestmark = pytest.mark.qemu

DISKS = {
    "virtio": "<target dev='vda' bus='virtio'/>",
    "ide": "<target dev='hda' bus='ide'/>",
    "sata": "<target dev='sda' bus='sata'/>",
    "scsi": "<target dev='sda' bus='scsi'/>",
    "virtio-scsi": "<target dev='sdb' bus='scsi'/>",
    "usb": "<target dev='sda' bus='usb'/>",
}
CONTROLLERS = {"virtio-scsi": "<controller type='scsi' index='0' model='virtio-scsi'/>"}
MACHINES = [(machine, kind) for machine in ("pc", "q35") for kind in DISKS if (machine, kind) != ("q35", "ide")]


def _document(rig: Rig, machine: str, kind: str) -> Domain:
    text = (
        f"<domain type='qemu'><name>guest</name><memory unit='MiB'>16</memory>"
        f"<os><type machine='{machine}'>hvm</type></os><features><acpi/></features><devices>{CONTROLLERS.get(kind, '')}"
        f"<disk type='file'><driver name='qemu' type='raw'/><source file='/var/lib/images/root'/>{DISKS[kind]}</disk>"
        "<interface type='user'><model type='virtio'/></interface><interface type='user'/>"
        f"<serial type='unix'><source mode='bind' path='{rig.folder}/guest.console'/></serial>"
        "<rng model='virtio'><backend model='builtin'/></rng><video><model type='vga'/></video></devices></domain>"
    )
    return define.live(completed(text))


@pytest.mark.parametrize(("machine", "kind"), MACHINES)
def test_a_guest_boots_from_its_disk_and_finds_its_devices(rig: Rig, tiny: TinyGuest, machine: str, kind: str) -> None:
    document = _document(rig, machine, kind)
    emulator = start(rig, "guest", line(document), image=tiny.image)
    console = rig.console("guest")
    emulator.monitor.execute("cont")
    console.expect(tiny.up)
    seen: dict[str, tuple[str, int, int]] = {}
    for bus in emulator.monitor.execute("query-pci"):
        _collect(bus["devices"], "root", seen)
    told = _told(document)
    assert told
    assert told == {alias: place for alias, place in seen.items() if alias in told}


def _collect(devices: list[dict[str, Any]], bus: str, seen: dict[str, tuple[str, int, int]]) -> None:
    for device in devices:
        seen[device["qdev_id"]] = (bus, device["slot"], device["function"])
        _collect(device.get("pci_bridge", {}).get("devices", []), device["qdev_id"], seen)


def _told(document: Domain) -> dict[str, tuple[str, int, int]]:
    """Where the document has its devices; the board's own disk controller has no name in QEMU."""
    buses = {c.index or 0: c.alias if c.index else "root" for c in document.devices.controllers if c.type == "pci"}
    devices = [device for _, device in document.devices.plugged() if device.alias != "ide"]
    return {
        str(device.alias): (str(buses[place.bus or 0]), place.slot or 0, place.function or 0)
        for device in devices
        if isinstance(place := device.address, PciAddress)
    }
