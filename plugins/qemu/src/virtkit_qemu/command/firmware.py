"""What firmware tells the guest: SMBIOS structures, and entries of fw_cfg."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit_qemu.command.context import pairs

if TYPE_CHECKING:
    from virtkit.xml.domain.boot import Block, Sysinfo
    from virtkit_qemu.command.context import Context

BIOS = {"vendor": "vendor", "version": "version", "date": "date", "release": "release"}
SYSTEM = {name: name for name in ("manufacturer", "product", "version", "serial", "uuid", "sku", "family")}
BASE_BOARD = {name: name for name in ("manufacturer", "product", "version", "serial", "asset", "location")}
CHASSIS = {name: name for name in ("manufacturer", "version", "serial", "asset", "sku")}
"""Name of an entry -> that of QEMU's parameter."""


def arguments(context: Context) -> list[str]:
    """The structures of every `sysinfo`."""
    domain = context.domain
    if domain.os.smbios == "host":
        raise context.unsupported("<smbios mode='host'> is not supported yet", "use mode='sysinfo' or 'emulate'")
    words: list[str] = []
    for info in domain.sysinfo:
        if info.type == "fwcfg":
            words += _entries(info)
        elif domain.os.smbios == "sysinfo":
            words += _structures(context, info)
    return words


def _structures(context: Context, info: Sysinfo) -> list[str]:
    words: list[str] = []
    blocks = [(0, info.bios, BIOS), (1, info.system, SYSTEM), *((2, board, BASE_BOARD) for board in info.base_boards)]
    for number, block, names in (*blocks, (3, info.chassis, CHASSIS)):
        if block is not None:
            words += _structure(context, number, block, names)
    if info.oem_strings is not None:
        texts = [entry.value or "" for entry in info.oem_strings.entries]
        words += ["-smbios", "type=11" + "".join(pairs("", {"value": text}) for text in texts)]
    return words


def _structure(context: Context, number: int, block: Block, names: dict[str, str]) -> list[str]:
    values: dict[str, str | None] = {}
    for entry in block.entries:
        if entry.name not in names:
            raise context.unsupported(f"sysinfo entry {entry.name!r} is unknown", f"use one of {', '.join(names)}")
        values[names[entry.name]] = entry.value
    return ["-smbios", pairs(f"type={number}", values)]


def _entries(info: Sysinfo) -> list[str]:
    words: list[str] = []
    for entry in info.entries:
        content = {"file": entry.file} if entry.file else {"string": entry.value or ""}
        words += ["-fw_cfg", pairs("", {"name": entry.name, **content}).lstrip(",")]
    return words
