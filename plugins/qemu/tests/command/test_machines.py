"""The golden command lines with the real QEMU: it takes them, and puts devices where the document says."""

from __future__ import annotations

import pytest

from plugins.qemu.tests.command.lines import GOLDEN, line, live
from plugins.qemu.tests.command.machines import NEEDS, places, start
from plugins.qemu.tests.rig import Rig
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.address import PciAddress
from virtkit.xml.domain.devices.controller import Controller
from virtkit_qemu import command

pytestmark = pytest.mark.qemu

BOARD = ("ide",)
"""Alias of the disk controller that is part of the board: QEMU gives it no name."""

BUILT = sorted(path.stem for path in GOLDEN.glob("*.args"))


def _places_of(document: Domain) -> dict[str, tuple[str, int, int]]:
    buses = {c.index or 0: c.alias or "" for c in document.devices.controllers if c.type == "pci"}
    found = {}
    for _, device in document.devices.plugged():
        address = device.address
        shares_alias = isinstance(device, Controller) and device.master_startport is not None
        if isinstance(address, PciAddress) and not shares_alias:
            found[device.alias or ""] = (buses[address.bus or 0], address.slot or 0, address.function or 0)
    return found


@pytest.mark.parametrize("name", BUILT)
def test_qemu_takes_the_command_line_and_puts_devices_where_the_document_says(rig: Rig, name: str) -> None:
    needed = NEEDS.get(name.partition("-")[2])
    if needed:
        pytest.skip(f"it needs {needed}")
    document = live(name)
    emulator = start(rig, name, line(document))
    for request, arguments in command.preparation(document):
        emulator.monitor.execute(request, arguments)
    assert emulator.monitor.execute("query-status")["status"] == "prelaunch"
    told = _places_of(document)
    for alias in BOARD:
        told.pop(alias, None)
    assert told == places(emulator)
