"""Argument lists of LVM's programs. Names in them have been checked (`naming`), so that none can be an option."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from virtkit_storage_lvm.reports import DEVICE_FIELDS, GROUP_FIELDS, VOLUME_FIELDS, LogicalVolume

SECTOR = 512
"""LVM takes sizes in bytes that are multiples of it, and rounds them up to extents."""

LUKS_HEADER = 2 << 20
"""Bytes that LUKS takes in front of what it encrypts: 2,068,480 with the keys that qemu-img makes."""

REPORT = ("--reportformat", "json", "--units", "b", "--nosuffix", "--options")

Command = list[str]


class Creation(NamedTuple):
    """How a volume is made.

    Attributes:
        command: What makes it.
        needs: Bytes of the group that it takes at once, or some more: LVM rounds them up to extents.
    """

    command: Command
    needs: int


# Reports


def list_volumes(group: str) -> Command:
    """Report the volumes of a group that LVM does not hide."""
    return ["lvs", *REPORT, ",".join(VOLUME_FIELDS), group]


def find_volume(group: str, name: str) -> Command:
    """Report one volume."""
    return ["lvs", *REPORT, ",".join(VOLUME_FIELDS), f"{group}/{name}"]


def list_snapshots(group: str, origin: str) -> Command:
    """Report the snapshots of a volume."""
    return [*list_volumes(group), "--select", f'origin="{origin}"']


def list_thin_pools(group: str) -> Command:
    """Report the thin pools of a group."""
    return [*list_volumes(group), "--select", 'segtype="thin-pool"']


def measure_group(group: str) -> Command:
    """Report a group."""
    return ["vgs", *REPORT, ",".join(GROUP_FIELDS), group]


def list_devices() -> Command:
    """Report all physical volumes of the host."""
    return ["pvs", *REPORT, ",".join(DEVICE_FIELDS)]


def list_signatures(device: str) -> Command:
    """Report what is on a device, by its signatures."""
    return ["wipefs", "--no-act", "--json", "--", device]


# Groups


def make_group(group: str, devices: Iterable[str]) -> Command:
    """Make a group, and physical volumes of its devices."""
    return ["vgcreate", "--yes", "--", group, *devices]


def wipe_signatures(device: str) -> Command:
    """Remove all signatures from a device."""
    return ["wipefs", "--all", "--quiet", "--", device]


def activate(group: str) -> Command:
    """Have a device for each volume."""
    return ["vgchange", "--yes", "--activate", "y", group]


def deactivate(group: str) -> Command:
    """Have no devices; LVM changes nothing when one of them is open."""
    return ["vgchange", "--yes", "--activate", "n", group]


def remove_group(group: str) -> Command:
    """Remove a group with its volumes."""
    return ["vgremove", "--yes", "--force", group]


def release_devices(devices: Iterable[str]) -> Command:
    """Have devices be no physical volumes any more."""
    return ["pvremove", "--yes", "--", *devices]


# Volumes


def create_linear(group: str, name: str, capacity: int) -> Creation:
    """Make a volume that has all its room from the start."""
    command = ["lvcreate", "--yes", "--wipesignatures", "y", "--name", name, "--size", _size(capacity), group]
    return Creation(command, capacity)


def create_thin(group: str, name: str, capacity: int, thin_pool: str) -> Creation:
    """Make a volume that takes room from a thin pool as it is written."""
    command = ["lvcreate", "--yes", "--type", "thin", "--name", name, "--virtualsize", _size(capacity)]
    return Creation([*command, "--thinpool", f"{group}/{thin_pool}"], 0)


def create_snapshot(group: str, name: str, origin: LogicalVolume, room: int) -> Creation:
    """Make a snapshot.

    Args:
        group: The group.
        name: Its name.
        origin: What it is a snapshot of. That of a thin volume is a thin volume too.
        room: Bytes for what will differ from the origin; a thin one takes them as needed.
    """
    command = ["lvcreate", "--yes", "--snapshot", "--name", name]
    source = f"{group}/{origin.name}"
    if origin.is_thin:
        return Creation([*command, "--setactivationskip", "n", source], 0)
    return Creation([*command, "--size", _size(room), source], room)


def resize(group: str, volume: LogicalVolume, size: int) -> Command:
    """Change the size of a volume; what is in it has been thought of."""
    program = ["lvextend"] if size > volume.size else ["lvreduce", "--force"]
    return [*program, "--yes", "--size", _size(size), f"{group}/{volume.name}"]


def remove_volumes(group: str, names: Iterable[str]) -> Command:
    """Remove volumes."""
    return ["lvremove", "--yes", *(f"{group}/{name}" for name in names)]


def roomiest(thin_pools: Iterable[LogicalVolume]) -> LogicalVolume | None:
    """The thin pool with the most free room; None where there is none."""
    usable = [pool for pool in thin_pools if pool.active]
    return max(usable, key=lambda pool: pool.size * (100 - (pool.used or 0)), default=None)


def rounded(size: int, unit: int) -> int:
    """A size as a multiple of a unit, at least one."""
    return max(1, -(-size // unit)) * unit


def _size(size: int) -> str:
    return f"{rounded(size, SECTOR)}b"
