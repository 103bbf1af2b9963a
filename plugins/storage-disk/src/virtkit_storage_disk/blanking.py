"""New partitions: to whom they belong, and that nothing of what was there before is left at their ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtkit.storage.backend import STORAGE
from virtkit.storage.nodes import opened
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from virtkit.xml.storage import Permissions

HEAD_BYTES = 1 << 20
"""What is cleared at both ends of a new partition: file systems and other formats are recognized by what is there."""


def begin(subject: str, path: str, wanted: Permissions | None) -> None:
    """Give a new partition to whom it belongs, and clear both of its ends.

    Raises:
        SystemCallError: The system refuses.
    """
    file = opened(subject, path, write=True)
    try:
        if wanted is not None:
            owner, group = (-1 if number is None else number for number in (wanted.owner, wanted.group))
            os.fchown(file, owner, group)
            if wanted.mode is not None:
                os.fchmod(file, wanted.mode)
        size = os.lseek(file, 0, os.SEEK_END)
        zeros = bytes(min(HEAD_BYTES, size))
        for at in (0, size - len(zeros)):
            _write(file, zeros, at)
        os.fsync(file)
    except OSError as error:
        raise refusal(f"prepare a volume of {subject}", path, error, domain=STORAGE) from error
    finally:
        os.close(file)


def _write(file: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, at)
        rest, at = rest[written:], at + written
