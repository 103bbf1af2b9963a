"""Subvolumes of btrfs, by the system calls of linux/btrfs.h: everything is named relative to an open folder."""

from __future__ import annotations

import fcntl
import os
import struct

ROOT_INODE = 256
"""The inode number of every subvolume's top folder."""

_SNAPSHOT, _CREATE, _DESTROY = 0x50009401, 0x5000940E, 0x5000940F
"""BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SNAP_DESTROY."""

_FS_INFO, _FS_INFO_SIZE = 0x8400941F, 1024
"""BTRFS_IOC_FS_INFO, which only btrfs knows."""

_ARGUMENTS = struct.Struct("=q4088s")


def is_btrfs(folder: int) -> bool:
    """Whether an open folder lies in a btrfs."""
    try:
        fcntl.ioctl(folder, _FS_INFO, bytearray(_FS_INFO_SIZE))
    except OSError:
        return False
    return True


def is_subvolume(folder: int) -> bool:
    """Whether an open folder is the top of a subvolume."""
    return os.fstat(folder).st_ino == ROOT_INODE and is_btrfs(folder)


def create(folder: int, name: str) -> None:
    """Make an empty subvolume in an open folder.

    Raises:
        OSError: The system refuses.
    """
    _call(_CREATE, folder, name)


def snapshot(source: int, folder: int, name: str) -> None:
    """Make a subvolume that is what another open one of the same filesystem is now.

    Raises:
        OSError: The system refuses.
    """
    _call(_SNAPSHOT, folder, name, source)


def destroy(folder: int, name: str) -> None:
    """Delete a subvolume with everything in it but other subvolumes.

    Raises:
        OSError: The system refuses, as when another subvolume is in it.
    """
    _call(_DESTROY, folder, name)


def _call(request: int, folder: int, name: str, file: int = 0) -> None:
    fcntl.ioctl(folder, request, bytearray(_ARGUMENTS.pack(file, os.fsencode(name))))
