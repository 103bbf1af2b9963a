"""What a device holds, told by its signatures, and making filesystems on devices."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any

from virtkit.errors import (
    ConfigUnsupportedError,
    OperationFailedError,
    OperationInvalidError,
    OperationTimeoutError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    SystemCallError,
    VirtError,
)
from virtkit.services.runner import ProgramError, find_program, run
from virtkit.storage.backend import STORAGE, Guard
from virtkit.storage.mounts import users_of
from virtkit.store.files import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBE_TIMEOUT = 60.0
"""Seconds in which a device tells what it holds; a disk that sleeps needs some ten."""

FORMAT_TIMEOUT = 1800.0
"""Seconds in which a filesystem is made; a large disk without trim takes minutes."""

OPTIONS = {
    "btrfs": ("-q", "-f"),
    "ext2": ("-q", "-F"),
    "ext3": ("-q", "-F"),
    "ext4": ("-q", "-F"),
    "gfs2": ("-q", "-O"),
    "vfat": ("-I",),
    "xfs": ("-q", "-f"),
}
"""Type of filesystem -> what its mkfs needs to write over what is there without a question."""

PACKAGES = {
    "btrfs": "btrfs-progs",
    "ext2": "e2fsprogs",
    "ext3": "e2fsprogs",
    "ext4": "e2fsprogs",
    "vfat": "dosfstools",
    "xfs": "xfsprogs",
}
"""Type of filesystem -> the Debian package of its mkfs."""


def signatures(device: str, *, subject: str) -> list[str]:
    """What a device holds: types of filesystems, partition tables and the like; empty where it is blank.

    Args:
        device: Its path; a file will do.
        subject: What errors call what it belongs to.

    Raises:
        SystemCallError: It is not there, or cannot be opened; `int1` is the errno.
        StorageProbeFailedError: It cannot be read.
    """
    require_device(device, subject=subject)
    try:
        output = run(["wipefs", "--no-act", "--json", "--", device], timeout=PROBE_TIMEOUT, domain=STORAGE).stdout
        found: dict[str, Any] = json.loads(output) if output.strip() else {}
        return [signature["type"] for signature in found.get("signatures", ())]
    except (ProgramError, OperationTimeoutError, ValueError, KeyError) as error:
        said = error.message if isinstance(error, VirtError) else f"wipefs answered something else: {error}"
        message = f"{subject}: what is on {device} cannot be told: {said}; look at it with `wipefs {device}`"
        raise StorageProbeFailedError(message, domain=STORAGE) from error


def require_blank(device: str, kind: str, *, subject: str) -> None:
    """Refuse a device that holds something.

    Args:
        device: Its path.
        kind: What is to be made on it.
        subject: What errors call what it belongs to.

    Raises:
        StoragePoolBuiltError: It holds that already.
        StorageProbeFailedError: It holds something else, or cannot be read.
        SystemCallError: It is not there; `int1` is the errno.
    """
    found = signatures(device, subject=subject)
    if kind in found:
        raise StoragePoolBuiltError(
            f"{subject}: {device} has a filesystem of type {kind} already; start the pool, or build it with overwrite",
            domain=STORAGE,
        )
    if found:
        raise StorageProbeFailedError(
            f"{subject}: {device} holds something else: {', '.join(found)}; choose another device, or build the pool "
            "with overwrite, which destroys that",
            domain=STORAGE,
        )


def require_device(device: str, *, subject: str) -> None:
    """Refuse a path where nothing is that a filesystem can be on.

    Raises:
        SystemCallError: Nothing is there, or neither device nor file; `int1` is the errno.
    """
    try:
        mode = os.stat(device).st_mode
    except OSError as error:
        raise refusal(f"use the device of {subject}", device, error, domain=STORAGE) from error
    if not stat.S_ISBLK(mode) and not stat.S_ISREG(mode):
        raise SystemCallError(
            f"{subject}: {device} is neither a block device nor a file; correct the source",
            domain=STORAGE,
            int1=errno.ENOTBLK,
        )


def make_filesystem(device: str, kind: str, *, subject: str, guard: Guard | None = None) -> None:
    """Make a filesystem on a device, over whatever is there.

    Args:
        device: Its path.
        kind: Type of the filesystem, as Linux calls it.
        subject: What errors call what it belongs to.
        guard: Called now and then; what it raises ends it.

    Raises:
        ConfigUnsupportedError: Nothing is installed that makes filesystems of that type.
        OperationInvalidError: It is mounted.
        SystemCallError: It is not there; `int1` is the errno.
        OperationTimeoutError: It took too long.
        OperationFailedError: It was refused; the message says what was said.
    """
    require_maker(kind, subject=subject)
    require_device(device, subject=subject)
    users = users_of(device)
    if users:
        raise OperationInvalidError(
            f"{subject}: {device} is mounted at {users[0]} and cannot be formatted; unmount it first", domain=STORAGE
        )
    try:
        run(arguments_of_mkfs(device, kind), timeout=FORMAT_TIMEOUT, guard=guard, domain=STORAGE)
    except (ProgramError, OperationTimeoutError) as error:
        raised = OperationTimeoutError if isinstance(error, OperationTimeoutError) else OperationFailedError
        raise raised(f"{subject}: {device} cannot be formatted: {error.message}", domain=STORAGE) from error


def require_maker(kind: str, *, subject: str) -> None:
    """Refuse a type of filesystem that cannot be made here.

    Raises:
        ConfigUnsupportedError: Nothing is installed that makes it.
    """
    if find_program(f"mkfs.{kind}") is None:
        package = f"; install the package {PACKAGES[kind]}" if kind in PACKAGES else ""
        raise ConfigUnsupportedError(
            f"{subject}: no filesystem of type {kind} can be made here, mkfs.{kind} is not installed{package}",
            domain=STORAGE,
        )


def arguments_of_mkfs(device: str, kind: str) -> Sequence[str]:
    """The command that makes a filesystem."""
    return [f"mkfs.{kind}", *OPTIONS.get(kind, ()), "--", device]
