"""Where a new partition goes, and which may be deleted. Nothing here looks at a disk."""

from __future__ import annotations

import re
from typing import NamedTuple

from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationUnsupportedError,
    ResourceBusyError,
    StorageVolExistsError,
    SystemCallError,
)
from virtkit.storage.backend import STORAGE
from virtkit_storage_disk import table as tables
from virtkit_storage_disk.table import FIRST_LOGICAL, TYPES, Partition, Stretch, Table

GPT_NUMBERS = 128
"""Partitions that a gpt table has room for, unless somebody made an unusual one."""

ENOSPC = 28

EDITED = tuple(TYPES)
"""Tables that are made and changed; others are read."""

BIG = 2 << 40
"""Bytes from which on a dos table is too small."""


class Naming(NamedTuple):
    """How the partitions of a disk are called.

    Attributes:
        disk: Path of the disk's node.
        prefix: What stands before the number in the name of a partition.
    """

    disk: str
    prefix: str

    def name(self, number: int) -> str:
        """The name of a partition."""
        return f"{self.prefix}{number}"

    def path(self, number: int) -> str:
        """The path of a partition's node."""
        return f"{self.disk.rpartition('/')[0]}/{self.name(number)}"

    def number(self, name: str) -> int | None:
        """The number of the partition that has a name; None where none can have it."""
        found = re.fullmatch(r"([1-9][0-9]{0,3})", name.removeprefix(self.prefix), re.ASCII)
        return int(found[1]) if found and name.startswith(self.prefix) else None


def naming(disk: str, separator: bool = False) -> Naming:
    """How the partitions of a disk are called: where its own name ends in a digit, a `p` stands before theirs.

    Args:
        disk: Path of the disk's node.
        separator: The `p` is there in any case.
    """
    base = disk.rpartition("/")[2]
    return Naming(disk, f"{base}p" if separator or base[-1:].isdigit() else base)


def made_label(wanted: str, size: int) -> str:
    """The sort of table that a disk gets.

    Args:
        wanted: What the pool's definition says.
        size: Bytes of the disk.
    """
    if wanted != "unknown":
        return wanted
    return "gpt" if size >= BIG else "dos"


def place(subject: str, table: Table, names: Naming, name: str, size: int, format_: str) -> Partition:
    """Where a new partition goes: into the first room that is large enough.

    Args:
        subject: The pool.
        table: What is there.
        names: How partitions are called.
        name: The name that it is to have.
        size: Bytes that it has at least.
        format_: Its format in documents; `none` makes one for Linux.

    Raises:
        ConfigUnsupportedError: The table has no such partitions.
        InvalidArgError: It cannot have that name; the message says which it can have. libvirt answers so.
        StorageVolExistsError: There is one of that name.
        SystemCallError: There is no room (ENOSPC).
    """
    type_ = type_of(subject, table.label, format_)
    number = names.number(name)
    what = f"volume {name!r} of {subject}"
    if number is not None and table.find(number) is not None:
        raise StorageVolExistsError(f"{what} is there already: choose another name, or delete it", domain=STORAGE)
    if number is None or not _can_be_next(table, number, format_):
        raise InvalidArgError(
            f"{subject}: no new partition can be called {name!r}: its name is {_expected(table, names, format_)}",
            domain=STORAGE,
        )
    if format_ == "extended" and table.extended is not None:
        raise ConfigUnsupportedError(f"{subject} has an extended partition already, and can have one", domain=STORAGE)
    wanted = max(1, -(-size // table.sector)) * table.sector
    logical = tables.free_logical(table)
    places = tables.free_primary(table)
    if _is_logical(table, number):
        places = [logical] if logical else []
    for each in places:
        if each.size >= wanted:
            return Partition(number, Stretch(each.start, each.start + wanted), type_)
    largest = max((each.size for each in places), default=0)
    raise SystemCallError(
        f"{subject} has no room for {what.partition(' of ')[0]} of {wanted} bytes: the largest free stretch has "
        f"{largest}; choose a smaller capacity, or delete partitions",
        domain=STORAGE,
        int1=ENOSPC,
    )


def type_of(subject: str, label: str, format_: str) -> str:
    """The type of a new partition.

    Raises:
        OperationUnsupportedError: Such tables are not changed.
        ConfigUnsupportedError: The table has no such partitions.
    """
    if label not in EDITED:
        raise OperationUnsupportedError(
            f"{subject}: a partition table of format {label} is read but not changed: use a disk with gpt or dos",
            domain=STORAGE,
        )
    type_ = TYPES[label].get("linux" if format_ == "none" else format_)
    if type_ is None:
        raise ConfigUnsupportedError(
            f"{subject}: a partition table of format {label} has no partitions of format {format_}: "
            f"choose none, {', '.join(TYPES[label])}",
            domain=STORAGE,
        )
    return type_


def require_deletable(subject: str, table: Table, names: Naming, partition: Partition) -> None:
    """Refuse to delete what others stand on.

    Raises:
        OperationUnsupportedError: Such tables are not changed.
        ResourceBusyError: It holds logical partitions, or those behind it would get other names.
    """
    if table.label not in EDITED:
        type_of(subject, table.label, "none")
    what = f"volume {names.name(partition.number)!r} of {subject}"
    inside = ", ".join(names.name(each.number) for each in table.logical)
    if table.is_extended(partition) and inside:
        raise ResourceBusyError(f"{what} holds {inside}: delete them first", domain=STORAGE)
    behind = ", ".join(names.name(each.number) for each in table.logical if each.number > partition.number)
    if partition in table.logical and behind:
        raise ResourceBusyError(
            f"{what} cannot be deleted before {behind}, which would get other names: delete the last one first",
            domain=STORAGE,
        )


def label_script(label: str) -> bytes:
    """What `sfdisk` reads to make an empty table."""
    return f"label: {label}\n".encode()


def partition_script(table: Table, partition: Partition) -> bytes:
    """What `sfdisk` reads to add a partition; of the name before the colon it takes the number."""
    start, size = partition.place.start // table.sector, partition.place.size // table.sector
    return f"/dev/p{partition.number} : start={start}, size={size}, type={partition.type}\n".encode()


def _is_logical(table: Table, number: int) -> bool:
    return table.label == "dos" and number >= FIRST_LOGICAL


def _can_be_next(table: Table, number: int, format_: str) -> bool:
    """Whether a new partition can have a number: logical ones are numbered as they follow each other."""
    if _is_logical(table, number):
        return format_ != "extended" and table.extended is not None and number == FIRST_LOGICAL + len(table.logical)
    return number < FIRST_LOGICAL if table.label == "dos" else number <= GPT_NUMBERS


def _expected(table: Table, names: Naming, format_: str) -> str:
    """The names that a new partition can have, in words."""
    last = FIRST_LOGICAL - 1 if table.label == "dos" else GPT_NUMBERS
    found = [names.name(number) for number in range(1, last + 1) if table.find(number) is None][:1]
    following = FIRST_LOGICAL + len(table.logical)
    if _can_be_next(table, following, format_) and _is_logical(table, following):
        found.append(names.name(following))
    return " or ".join(found) if found else "none: the table is full"
