"""Names that LVM takes, and the paths under which a volume's device is found."""

from __future__ import annotations

import re

LONGEST = 127
"""Characters of a name: NAME_LEN of LVM less the final zero byte."""

RESERVED_STARTS = ("snapshot", "pvmove")
RESERVED_PARTS = (
    *("_cdata", "_cmeta", "_corig", "_cvol", "_iorig", "_mimage", "_mlog", "_pmspare", "_rimage", "_rmeta", "_tdata"),
    *("_tmeta", "_vdata", "_vorigin", "_wcorig"),
)
"""LVM gives volumes of its own such names; lvm(8) lists them."""

MAPPER = "/dev/mapper/"

_NAME = re.compile(r"[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]*", re.ASCII)
_PART = r"((?:[^-]|--)+)"
_MAPPED = re.compile(f"{_PART}-{_PART}")


def flaw_of_group(name: str) -> str:
    """Why a volume group cannot have a name, to follow it in a sentence; empty where it can."""
    if not name:
        return "is empty"
    if len(name) > LONGEST:
        return f"has more than {LONGEST} characters"
    if name in (".", ".."):
        return "stands for a folder"
    if not _NAME.fullmatch(name):
        return "has other characters than letters, digits and + _ . -, or begins with -"
    return ""


def flaw_of_volume(name: str) -> str:
    """Why a logical volume cannot have a name, to follow it in a sentence; empty where it can."""
    for start in RESERVED_STARTS:
        if name.startswith(start):
            return f"begins with {start!r}, which LVM keeps for itself"
    for part in RESERVED_PARTS:
        if part in name:
            return f"has {part!r} in it, which LVM keeps for itself"
    return flaw_of_group(name)


def volume_path(group: str, name: str) -> str:
    """The path of a volume."""
    return f"/dev/{group}/{name}"


def mapped_path(group: str, name: str) -> str:
    """The path under which device-mapper has a volume, also one of LVM's own."""
    return f"{MAPPER}{group.replace('-', '--')}-{name.replace('-', '--')}"


def split_mapped(mapped: str) -> tuple[str, str] | None:
    """Group and volume of a name of device-mapper; None where it is no volume's, or that of a layer under one."""
    found = _MAPPED.fullmatch(mapped)
    if found is None:
        return None
    group, name = (part.replace("--", "-") for part in found.groups())
    return group, name


def name_in(group: str, path: str) -> str | None:
    """The name of a volume of a group, by how its path is written; None where it is none of that group."""
    parts = split_mapped(path.removeprefix(MAPPER)) if path.startswith(MAPPER) else None
    if parts is None and path.startswith("/dev/") and path.count("/") == 3:
        parts = (path.split("/")[2], path.split("/")[3])
    return parts[1] if parts is not None and parts[0] == group and parts[1] else None
