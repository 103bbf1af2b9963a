"""Partition tables, as `sfdisk` reports them, and the room that they leave. All positions and sizes are bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

MIB = 1 << 20

ALIGNMENT = MIB
"""Partitions begin at multiples of it, as every tool has it today; what is smaller is no room."""

SECTOR = 512
"""Bytes of a sector where nothing says otherwise."""

DOS_SECTORS = 1 << 32
"""Sectors that a dos table can count."""

LABELS = {"dos": "dos", "gpt": "gpt", "sun": "sun", "sgi": "dvh", "mac": "mac"}
"""Name of a table in util-linux -> in documents."""

FIRST_LOGICAL = 5
"""Numbers of logical partitions of a dos table start with it."""

EXTENDED_TYPES = ("5", "f", "85")
"""Types of the partition of a dos table that holds the logical ones."""

TYPES = {
    "dos": {
        "linux": "83",
        "fat16": "6",
        "fat32": "c",
        "linux-swap": "82",
        "linux-lvm": "8e",
        "linux-raid": "fd",
        "extended": "f",
    },
    "gpt": {
        "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
        "fat32": "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
        "fat16": "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
        "linux-swap": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
        "linux-lvm": "E6D6D379-F507-44C2-A23C-238F2A3DF928",
        "linux-raid": "A19D880F-05FC-4D3B-A006-743F0F84911E",
    },
}
"""Table -> format of a partition in documents -> its type in the table."""

_FORMATS = {
    "dos": {"1": "fat16", "4": "fat16", "e": "fat16", "b": "fat32", **dict.fromkeys(EXTENDED_TYPES, "extended")},
    "gpt": {},
}
"""Table -> type -> format, for the types that no new partition gets."""


class Stretch(NamedTuple):
    """Bytes of a disk: where it starts, and the first one behind it."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Its length."""
        return self.end - self.start


class Partition(NamedTuple):
    """A partition.

    Attributes:
        number: Its number in the table.
        place: Where it lies.
        type: Its type, as the table has it; empty where it is not known.
    """

    number: int
    place: Stretch
    type: str = ""


class Table(NamedTuple):
    """A partition table.

    Attributes:
        label: Which sort it is, as documents name it.
        sector: Bytes of a sector.
        room: What partitions can take up.
        partitions: What is in it.
    """

    label: str
    sector: int
    room: Stretch
    partitions: tuple[Partition, ...] = ()

    @property
    def extended(self) -> Partition | None:
        """The partition that holds the logical ones."""
        return next((each for each in self.partitions if self.is_extended(each)), None)

    @property
    def logical(self) -> list[Partition]:
        """The logical partitions."""
        return [each for each in self.partitions if self.label == "dos" and each.number >= FIRST_LOGICAL]

    @property
    def primary(self) -> list[Partition]:
        """The partitions that are in no other."""
        return [each for each in self.partitions if self.label != "dos" or each.number < FIRST_LOGICAL]

    def is_extended(self, partition: Partition) -> bool:
        """Whether a partition holds logical ones."""
        return self.label == "dos" and partition.number < FIRST_LOGICAL and partition.type in EXTENDED_TYPES

    def find(self, number: int) -> Partition | None:
        """A partition by its number."""
        return next((each for each in self.partitions if each.number == number), None)

    def format_of(self, partition: Partition) -> str:
        """The format of a partition in documents; `none` where they have no word for it."""
        made = {type_: format_ for format_, type_ in reversed(TYPES.get(self.label, {}).items())}
        known = {**_FORMATS.get(self.label, {}), **made}
        return known.get(partition.type, "none")


def parse(report: bytes, size: int) -> Table | None:
    """Read what `sfdisk --json` reports.

    Args:
        report: Its output.
        size: Bytes of the disk.

    Returns:
        The table; None for what only looks like one: the boot sector of a FAT file system has a partition at 0.

    Raises:
        ValueError: It is none of its reports.
    """
    try:
        found = json.loads(report)["partitiontable"]
        sector = int(found.get("sectorsize", SECTOR))
        label = LABELS.get(found["label"], found["label"])
        partitions = tuple(_partition(each, label, sector) for each in found.get("partitions", ()))
        room = _room(found, label, sector, size)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no report of a partition table: {report[:200]!r}") from error
    if label == "dos" and any(each.place.start == 0 for each in partitions):
        return None
    return Table(label, sector, room, partitions)


def _partition(found: dict[str, object], label: str, sector: int) -> Partition:
    number = re.search(r"(\d+)$", str(found["node"]))
    if number is None:
        raise ValueError(f"no partition: {found['node']!r}")
    start, length = int(str(found["start"])) * sector, int(str(found["size"])) * sector
    type_ = str(found.get("type", ""))
    return Partition(int(number[1]), Stretch(start, start + length), type_ if label == "gpt" else type_.lower())


def _room(found: dict[str, object], label: str, sector: int, size: int) -> Stretch:
    if label == "gpt":
        return Stretch(int(str(found["firstlba"])) * sector, (int(str(found["lastlba"])) + 1) * sector)
    if label == "dos":
        return Stretch(sector, min(size, DOS_SECTORS * sector))
    return Stretch(0, size)


def parse_signatures(report: bytes) -> list[str]:
    """Read what `wipefs --json` reports: the kinds of what is on a disk, each once.

    Raises:
        ValueError: It is none of its reports.
    """
    if not report.strip():
        return []
    try:
        return list(dict.fromkeys(str(each["type"]) for each in json.loads(report)["signatures"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no report of signatures: {report[:200]!r}") from error


# Room


def free_primary(table: Table) -> list[Stretch]:
    """What is free outside of all partitions, in order; starts are aligned."""
    return [*_gaps(table.room, [each.place for each in table.primary])]


def free_logical(table: Table) -> Stretch | None:
    """What is free behind the last logical partition; None where there is nothing, or no extended partition.

    In front of each logical partition a sector describes it. What is free between two of them is left alone: where
    such a sector is, tools differ about.
    """
    extended = table.extended
    if extended is None:
        return None
    used = max((each.place.end for each in table.logical), default=extended.place.start)
    start = _aligned(used + table.sector)
    return Stretch(start, extended.place.end) if extended.place.end - start >= ALIGNMENT else None


def free(table: Table) -> list[Stretch]:
    """All that new partitions can get, in order."""
    logical = free_logical(table)
    return sorted([*free_primary(table), *([logical] if logical else [])])


def allocated(table: Table) -> int:
    """Bytes that partitions take up, each counted once."""
    return sum(each.place.size for each in table.primary)


def _gaps(room: Stretch, taken: list[Stretch]) -> Iterator[Stretch]:
    at = room.start
    for each in [*sorted(taken), Stretch(room.end, room.end)]:
        gap = Stretch(_aligned(at), min(each.start, room.end))
        if gap.size >= ALIGNMENT:
            yield gap
        at = max(at, each.end)


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT
