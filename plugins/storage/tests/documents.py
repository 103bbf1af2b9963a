"""Documents of pools and volumes."""

from __future__ import annotations

import subprocess
from pathlib import Path

MIB = 1 << 20


def pool_xml(name: str, path: Path | str, more: str = "") -> str:
    """A pool that is a folder."""
    return f"<pool type='dir'><name>{name}</name>{more}<target><path>{path}</path></target></pool>"


def volume_xml(
    name: str, capacity: int = MIB, *, allocation: int | None = None, target: str = "", more: str = ""
) -> str:
    """A volume; sizes in bytes."""
    taken = "" if allocation is None else f"<allocation>{allocation}</allocation>"
    return f"<volume><name>{name}</name><capacity>{capacity}</capacity>{taken}<target>{target}</target>{more}</volume>"


def of_format(name: str) -> str:
    """The part of a volume's target that says its format."""
    return f"<format type='{name}'/>"


def qemu_img(*arguments: Path | str) -> bytes:
    """Run qemu-img; what it prints."""
    return subprocess.run(["qemu-img", *arguments], capture_output=True, check=True, timeout=60).stdout
