"""What the firmware of the host says of it: vendor, product, serial numbers, as the kernel shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError

if TYPE_CHECKING:
    from virtkit.xml.domain.boot import Block

DMI = Path("/sys/class/dmi/id")

BIOS = {"vendor": "bios_vendor", "version": "bios_version", "date": "bios_date", "release": "bios_release"}
SYSTEM = {
    "manufacturer": "sys_vendor",
    "product": "product_name",
    "version": "product_version",
    "serial": "product_serial",
    "uuid": "product_uuid",
    "sku": "product_sku",
    "family": "product_family",
}
BOARD = {
    "manufacturer": "board_vendor",
    "product": "board_name",
    "version": "board_version",
    "serial": "board_serial",
    "asset": "board_asset_tag",
}
CHASSIS = {
    "manufacturer": "chassis_vendor",
    "version": "chassis_version",
    "serial": "chassis_serial",
    "asset": "chassis_asset_tag",
}
"""Entry of a document -> file of the kernel."""


def document(folder: Path = DMI, *, domain: int = 0) -> str:
    """A `<sysinfo type='smbios'>` document.

    Args:
        folder: Where the kernel shows what the firmware says.
        domain: Error domain of the driver.

    Raises:
        ConfigUnsupportedError: The firmware says nothing, or we may not read it.
    """
    from virtkit.xml.domain.boot import Sysinfo

    found = Sysinfo(
        type="smbios", bios=_block(folder, BIOS), system=_block(folder, SYSTEM), chassis=_block(folder, CHASSIS)
    )
    board = _block(folder, BOARD)
    found.base_boards = [board] if board is not None else []
    if not (found.bios or found.system or found.base_boards or found.chassis):
        raise ConfigUnsupportedError("the firmware of this host has no SMBIOS tables", domain=domain)
    return found.format_as("sysinfo")


def _block(folder: Path, names: dict[str, str]) -> Block | None:
    from virtkit.xml.domain.boot import Block, Entry

    told = ((name, _text(folder / file)) for name, file in names.items())
    entries = [Entry(name=name, value=text) for name, text in told if text]
    return Block(entries=entries) if entries else None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
