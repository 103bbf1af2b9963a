"""What lvs, vgs, pvs and wipefs report in JSON, read into values. Sizes are bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

VOLUME_FIELDS = (
    *("lv_name", "lv_uuid", "lv_size", "lv_active", "lv_role", "lv_device_open", "origin", "origin_size", "pool_lv"),
    *("data_percent", "segtype", "seg_start", "seg_pe_ranges", "vg_extent_size"),
)
"""Fields of lvs that are asked for; with those of segments it has a row for each segment."""

GROUP_FIELDS = ("vg_name", "vg_size", "vg_free", "vg_extent_size", "vg_missing_pv_count")
DEVICE_FIELDS = ("pv_name", "vg_name", "pv_missing")

Row = dict[str, str]


class Stretch(NamedTuple):
    """A part of a volume on a device: its path, or the name of a volume that LVM made for itself (`raid_rimage_0`)."""

    device: str
    start: int
    end: int


class LogicalVolume(NamedTuple):
    """A row of lvs, or the rows of all its segments.

    Attributes:
        name: Its name; in brackets where LVM hides it.
        uuid: Its UUID in LVM's form.
        size: What it takes of the group; what a thin volume promises.
        active: It has a device.
        is_open: Somebody has the device open.
        roles: What LVM uses it for, see `lvs -o help`.
        origin: What it is a snapshot of; empty for others.
        origin_size: The size of that.
        thin_pool: The thin pool it is in; empty for others.
        used: Percent of its room that hold data; None where nobody counts.
        kind: Type of its (first) segment.
        extent_size: What its size is a multiple of.
        stretches: Where it lies.
    """

    name: str
    uuid: str
    size: int
    active: bool
    is_open: bool
    roles: frozenset[str]
    origin: str
    origin_size: int
    thin_pool: str
    used: Decimal | None
    kind: str
    extent_size: int
    stretches: tuple[Stretch, ...]

    @property
    def is_volume(self) -> bool:
        """Whether it can be used as a disk: it is active, and neither a thin pool nor a part of another volume."""
        return self.active and "private" not in self.roles

    @property
    def is_thin(self) -> bool:
        """Whether it takes room as it is written, from a thin pool."""
        return bool(self.thin_pool)

    @property
    def copies_on_write(self) -> bool:
        """Whether it is a snapshot with room of its own for what differs from the origin."""
        return "thicksnapshot" in self.roles

    @property
    def capacity(self) -> int:
        """What a guest sees."""
        return self.origin_size if self.copies_on_write else self.size

    @property
    def allocation(self) -> int:
        """What it takes up."""
        return int(self.size * (self.used or 0) / 100) if self.is_thin else self.size


class Group(NamedTuple):
    """A volume group.

    Attributes:
        name: Its name.
        size: Bytes of all its devices.
        free: Bytes that belong to no volume.
        extent_size: What sizes of volumes are multiples of.
        missing: How many of its devices are not there.
    """

    name: str
    size: int
    free: int
    extent_size: int
    missing: int


class Device(NamedTuple):
    """A physical volume.

    Attributes:
        path: Its path.
        group: The volume group it is in; empty: in none.
        missing: The group expects it, and it is not there; it has no path then.
    """

    path: str
    group: str
    missing: bool


def volumes(report: bytes) -> list[LogicalVolume]:
    """The volumes that lvs reports with `VOLUME_FIELDS`.

    Raises:
        ValueError: It is no such report.
    """
    rows = sorted(_rows(report, "lv"), key=itemgetter("lv_name"))
    return [_volume(list(segments)) for _, segments in groupby(rows, itemgetter("lv_name"))]


def groups(report: bytes) -> list[Group]:
    """The groups that vgs reports with `GROUP_FIELDS`; errors as from `volumes`."""
    return [Group(row["vg_name"], *(int(row[field]) for field in GROUP_FIELDS[1:])) for row in _rows(report, "vg")]


def devices(report: bytes) -> list[Device]:
    """The physical volumes that pvs reports with `DEVICE_FIELDS`; errors as from `volumes`."""
    return [Device(row["pv_name"], row["vg_name"], bool(row["pv_missing"])) for row in _rows(report, "pv")]


def signatures(report: bytes) -> list[str]:
    """What wipefs finds on a device: `ext4`, `LVM2_member`, `gpt`; errors as from `volumes`."""
    if not report.strip():
        return []
    return [str(found["type"]) for found in _checked(json.loads(report), "signatures")]


def _rows(report: bytes, kind: str) -> list[Row]:
    document = json.loads(report)
    [part] = _checked(document, "report")
    return _checked(part, kind)


def _checked(document: Any, key: str) -> list[Any]:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"the report has no list {key!r}")
    return found


def _volume(segments: list[Row]) -> LogicalVolume:
    segments.sort(key=lambda row: int(row["seg_start"]))
    first = segments[0]
    extent_size = int(first["vg_extent_size"])
    return LogicalVolume(
        name=first["lv_name"],
        uuid=first["lv_uuid"],
        size=int(first["lv_size"]),
        active=first["lv_active"] == "active",
        is_open=first["lv_device_open"] == "open",
        roles=frozenset(first["lv_role"].split(",")),
        origin=first["origin"],
        origin_size=int(first["origin_size"] or 0),
        thin_pool=first["pool_lv"],
        used=Decimal(first["data_percent"]) if first["data_percent"] else None,
        kind=first["segtype"],
        extent_size=extent_size,
        stretches=tuple(_stretches(segments, extent_size)),
    )


def _stretches(segments: list[Row], extent_size: int) -> Iterable[Stretch]:
    for segment in segments:
        for text in segment["seg_pe_ranges"].split():
            device, _, extents = text.rpartition(":")
            first, _, last = extents.partition("-")
            yield Stretch(device, int(first) * extent_size, (int(last) + 1) * extent_size)
