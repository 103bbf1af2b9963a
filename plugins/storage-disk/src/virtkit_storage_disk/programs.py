"""Runs `sfdisk` and `wipefs`."""

from __future__ import annotations

from virtkit.errors import OperationFailedError, StorageProbeFailedError
from virtkit.services.runner import ProgramError, run
from virtkit.storage.backend import STORAGE
from virtkit_storage_disk import planning, table
from virtkit_storage_disk.table import LABELS, Partition, Table

READ_SECONDS = 30.0
"""How long reading may take: a disk that fails is read again and again."""

WRITE_SECONDS = 60.0
"""How long writing may take."""

NO_TABLE = b"does not contain a recognized partition table"

# The kernel is told by us, of what has changed alone: sfdisk would refuse while another partition is in use.
_WRITE = ("--quiet", "--no-reread", "--no-tell-kernel")
_KEEP = ("--wipe", "never", "--wipe-partitions", "never")


def read(subject: str, disk: str, size: int) -> Table | None:
    """The partition table of a disk; None where there is none that can be read.

    Raises:
        OperationFailedError: The disk cannot be read.
    """
    try:
        return table.parse(run(["sfdisk", "--json", disk], timeout=READ_SECONDS, domain=STORAGE).stdout, size)
    except ProgramError as error:
        if NO_TABLE in error.stderr:
            return None
        raise OperationFailedError(
            f"the partition table of {subject} cannot be read: {error.message}", domain=STORAGE
        ) from error
    except ValueError as error:
        raise OperationFailedError(
            f"the partition table of {subject} cannot be read: {error}", domain=STORAGE
        ) from error


def signatures(subject: str, disk: str) -> list[str]:
    """What is on a disk: names of file systems, partition tables and so on.

    Raises:
        StorageProbeFailedError: It cannot be read.
    """
    try:
        return table.parse_signatures(
            run(["wipefs", "--no-act", "--json", disk], timeout=READ_SECONDS, domain=STORAGE).stdout
        )
    except (ProgramError, ValueError) as error:
        raise StorageProbeFailedError(
            f"what is on {disk} of {subject} cannot be told: {error}", domain=STORAGE
        ) from error


def foreign_table(subject: str, disk: str) -> str | None:
    """The sort of a table that `sfdisk` does not read, but the kernel may."""
    return next((LABELS[kind] for kind in signatures(subject, disk) if kind in LABELS), None)


def make(subject: str, disk: str, label: str) -> None:
    """Make an empty partition table; what was on the disk is not found any more."""
    _write(subject, ["sfdisk", *_WRITE, "--wipe", "always", disk], planning.label_script(label))


def add(subject: str, disk: str, found: Table, partition: Partition) -> None:
    """Add a partition to a table."""
    _write(subject, ["sfdisk", *_WRITE, *_KEEP, "--append", disk], planning.partition_script(found, partition))


def remove(subject: str, disk: str, number: int) -> None:
    """Remove a partition from a table."""
    _write(subject, ["sfdisk", *_WRITE, *_KEEP, "--delete", disk, str(number)])


def wipe(subject: str, disk: str) -> None:
    """Remove whatever tells what is on a disk."""
    _write(subject, ["wipefs", "--quiet", "--all", disk])


def _write(subject: str, command: list[str], script: bytes = b"") -> None:
    try:
        run(command, timeout=WRITE_SECONDS, stdin=script, domain=STORAGE)
    except ProgramError as error:
        raise OperationFailedError(
            f"the partition table of {subject} cannot be changed: {error.message}", domain=STORAGE
        ) from error
