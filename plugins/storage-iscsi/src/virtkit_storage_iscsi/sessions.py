"""Sessions with targets, and their logical units, as the kernel knows them. Nothing here changes them."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from virtkit_storage_iscsi.commands import DEFAULT_INTERFACE

SYS = "/sys"

KERNEL_SECTOR = 512
"""Bytes in which /sys counts, whatever the sectors of a disk are."""

DISK_TYPES = ("0", "14", "20")
"""SCSI types that are disks: direct access, simplified, zoned."""

KEY_PREFIXES = {"naa.": "3", "eui.": "2", "t10.": "1"}
"""How the kernel says which sort of identifier a unit has -> what udev, and libvirt after it, puts before that."""

_UNIT = re.compile(r"unit:(\d+):(\d+):(\d+)", re.ASCII)
_PLACE = re.compile(r"(\d+):(\d+):(\d+):(\d+)", re.ASCII)


class Session(NamedTuple):
    """A session with a target.

    Attributes:
        number: Its number.
        folder: Where the kernel tells of what came with it.
    """

    number: int
    folder: str


class Unit(NamedTuple):
    """A logical unit that is a disk.

    Attributes:
        name: Its name in the pool, of the numbers of channel, target and unit.
        folder: Where the kernel tells of its block device.
        size: Bytes.
        key: What identifies it; empty where it does not say.
    """

    name: str
    folder: str
    size: int
    key: str

    @property
    def node(self) -> str:
        """The path of its device."""
        return f"/dev/{os.path.basename(self.folder)}"


def find(target: str, initiator: str, sys: str = SYS) -> Session | None:
    """The session with a target.

    Args:
        target: Its name.
        initiator: The name that the host has there; empty: its own.
        sys: Where the kernel tells of it.
    """
    top = f"{sys}/class/iscsi_session"
    try:
        names = sorted(os.listdir(top))
    except OSError:
        return None
    for name in names:
        own = _read(f"{top}/{name}/ifacename") == DEFAULT_INTERFACE
        ours = _read(f"{top}/{name}/initiatorname") == initiator if initiator else own
        if ours and _read(f"{top}/{name}/targetname") == target:
            return Session(int(name.removeprefix("session")), os.path.realpath(f"{top}/{name}/device"))
    return None


def units(session: Session) -> list[Unit]:
    """The disks of a session."""
    places = (f"{session.folder}/{target}/{place}" for target in _targets(session) for place in _list(session, target))
    found = (_unit(place) for place in places)
    return sorted(unit for unit in found if unit is not None)


def unit(session: Session, name: str) -> Unit | None:
    """A disk of a session by its name, without a look at the others."""
    numbers = _UNIT.fullmatch(name)
    if numbers is None:
        return None
    channel, target, number = numbers.groups()
    for folder in _targets(session):
        host = folder.removeprefix("target").partition(":")[0]
        if folder == f"target{host}:{channel}:{target}":
            return _unit(f"{session.folder}/{folder}/{host}:{channel}:{target}:{number}")
    return None


def pending(session: Session) -> bool:
    """Whether the kernel has still to make the block device of a disk."""
    places = (f"{session.folder}/{target}/{place}" for target in _targets(session) for place in _list(session, target))
    return any(_read(f"{place}/type") in DISK_TYPES and _unit(place) is None for place in places)


def unit_name_at(session: Session, device: str) -> str | None:
    """The name of the unit whose block device the kernel tells of in a folder; None where it is not of the session."""
    folder = os.path.realpath(device)
    place = os.path.dirname(os.path.dirname(folder))
    if not place.startswith(f"{session.folder}/"):
        return None
    found = _unit(place)
    return found.name if found is not None and found.folder == folder else None


def partitions(found: Unit) -> list[str]:
    """The names of the partitions of a unit."""
    return [name for name in os.listdir(found.folder) if os.path.exists(f"{found.folder}/{name}/partition")]


def key_of(identifier: str) -> str:
    """What identifies a unit, as udev and libvirt write it; empty where it does not say.

    Args:
        identifier: What the kernel says: `naa.6000...`.
    """
    for prefix, number in KEY_PREFIXES.items():
        if identifier.startswith(prefix) and identifier != prefix:
            return number + re.sub(r"\s+", "_", identifier.removeprefix(prefix).strip())
    return ""


def _targets(session: Session) -> list[str]:
    try:
        return [name for name in os.listdir(session.folder) if name.startswith("target")]
    except OSError:
        return []


def _list(session: Session, target: str) -> list[str]:
    try:
        return [name for name in os.listdir(f"{session.folder}/{target}") if _PLACE.fullmatch(name)]
    except OSError:
        return []


def _unit(place: str) -> Unit | None:
    """The unit at a place, if it is a disk and its block device is there."""
    numbers = _PLACE.fullmatch(os.path.basename(place))
    try:
        devices = os.listdir(f"{place}/block")
    except OSError:
        return None
    if numbers is None or not devices:
        return None
    folder = f"{place}/block/{devices[0]}"
    size = int(_read(f"{folder}/size") or 0) * KERNEL_SECTOR
    _, channel, target, number = numbers.groups()
    return Unit(f"unit:{channel}:{target}:{number}", folder, size, key_of(_read(f"{place}/wwid")))


def _read(path: str) -> str:
    try:
        with open(path, errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
