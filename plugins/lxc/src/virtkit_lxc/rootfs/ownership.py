"""Users and groups of a tree, shifted to where an id map has them.

Programs that gain privileges keep doing so, but inside: those of a user get that user, shifted, and file capabilities
the root of the container that they count for. On the host both are good for nothing.
"""

from __future__ import annotations

import os
import stat
import struct
from contextlib import suppress
from errno import ENODATA, ENOTSUP
from pathlib import Path

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError

CAPABILITY = "security.capability"

PLAIN = struct.Struct("<5I")
"""File capabilities of version 2: revision and flags, two masks of 64 bits in halves. Version 3 adds whose they are."""

OWNED = struct.Struct("<6I")

VERSION_2, VERSION_3, VERSIONS = 0x02000000, 0x03000000, 0xFF000000

GAINING = stat.S_ISUID | stat.S_ISGID


def shift(folder: Path, ids: tuple[int, int]) -> None:
    """Shift every owner in a tree.

    Args:
        folder: Its root.
        ids: What becomes of id 0, and how many ids there are.

    Raises:
        OperationFailedError: A file belongs to somebody beyond them, or cannot be given away; the message names it.
    """
    found = ""
    shifted: set[int] = set()  # numbers of files with several names: each is met once for every name
    try:
        for path, folders, files, descriptor in os.fwalk(folder):
            found = path
            if path == str(folder):
                _shift(descriptor, ".", ids, shifted)
            for name in (*folders, *files):
                found = os.path.join(path, name)
                _shift(descriptor, name, ids, shifted)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise OperationFailedError(
            f"the owner of /{os.path.relpath(found, folder)} cannot be shifted: {said}", domain=ErrorDomain.LXC
        ) from error


def _shift(parent: int, name: str, ids: tuple[int, int], shifted: set[int]) -> None:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
        if status.st_ino in shifted:
            return
        shifted.add(status.st_ino)
    path = f"/proc/self/fd/{parent}/{name}"
    capabilities = _capabilities(path) if stat.S_ISREG(status.st_mode) else b""
    os.chown(name, _moved(status.st_uid, ids), _moved(status.st_gid, ids), dir_fd=parent, follow_symlinks=False)
    if status.st_mode & GAINING and not stat.S_ISLNK(status.st_mode):  # the new owner has taken them away
        os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=parent)
    if capabilities:
        os.setxattr(path, CAPABILITY, _owned(capabilities, ids), follow_symlinks=False)


def _capabilities(path: str) -> bytes:
    try:
        return os.getxattr(path, CAPABILITY, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (ENODATA, ENOTSUP):
            raise
        return b""


def _owned(capabilities: bytes, ids: tuple[int, int]) -> bytes:
    """File capabilities that count in the container alone."""
    with suppress(struct.error):
        version, *masks = PLAIN.unpack_from(capabilities)
        owner = OWNED.unpack(capabilities)[-1] if version & VERSIONS == VERSION_3 else 0
        if version & VERSIONS in (VERSION_2, VERSION_3):
            return OWNED.pack(version & ~VERSIONS | VERSION_3, *masks, _moved(owner, ids))
    raise ValueError("its capabilities are of a version that is not known")


def _moved(number: int, ids: tuple[int, int]) -> int:
    first, count = ids
    if number >= count:
        raise ValueError(f"there are {count} ids, and it is {number}: give more")
    return first + number
