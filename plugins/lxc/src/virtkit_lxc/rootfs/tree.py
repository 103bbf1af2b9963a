"""A root file system while it is written, by descriptors: whatever names and links an archive has, nothing is outside.

Folders are found as the container would find them (`roots.open_inside`): links on the way are followed within the tree.
What a name stands for itself is never followed. Places are paths from the root without links, such as `usr/bin/sh`.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Container, Sequence
from contextlib import suppress
from pathlib import Path

from virtkit_lxc.roots import open_inside

DEPTH_LIMIT = 200
"""Folders in each other: more are no system's, and would exhaust whoever walks the tree."""

TOO_DEEP = f"it lies deeper than {DEPTH_LIMIT} folders"


class Tree:
    """A tree under a folder.

    Args:
        folder: Its root, which nobody else changes meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._root = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._top = len(_path_of(self._root))
        self._last: tuple[tuple[str, ...], int, str] | None = None
        self._changed = False  # whether the last folder may be another one now

    def close(self) -> None:
        """Let go of it."""
        self._forget()
        os.close(self._root)

    def folder(self, parts: Sequence[str], *, make: bool = False) -> tuple[int, str]:
        """A folder: its descriptor, for looking things up in it until the next call, and its place.

        Args:
            parts: Names from the root on; none of them is `..`.
            make: Whether missing ones are made.

        Raises:
            OSError: It is not there, or something on the way is no folder.
            ValueError: It lies too deep.
        """
        wanted = tuple(parts)
        if len(wanted) > DEPTH_LIMIT:
            raise ValueError(TOO_DEEP)
        if self._changed or self._last is None or self._last[0] != wanted:
            self._forget()
            found = self._opened(wanted, make=make)
            place = _path_of(found)[self._top :].strip("/")
            if place.count("/") >= DEPTH_LIMIT:
                os.close(found)
                raise ValueError(TOO_DEEP)
            self._last = wanted, found, place
        return self._last[1], self._last[2]

    def remove(self, parent: int, name: str, place: str, *, sparing: Container[str] = ()) -> None:
        """Remove what a name in a folder stands for, and what is below it; harmless when there is nothing.

        Args:
            parent: The folder.
            name: The name in it.
            place: The place of that.
            sparing: Places that stay, as do the folders around them, which are among these places too.
        """
        with suppress(FileNotFoundError):
            is_folder = stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
            if place in sparing:
                if is_folder:
                    self._thin_out(parent, name, place, sparing)
                return
            self._changed = True
            if is_folder:
                shutil.rmtree(name, dir_fd=parent)
            else:
                os.unlink(name, dir_fd=parent)

    def empty(self, parent: int, place: str, *, sparing: Container[str]) -> None:
        """Remove everything in a folder but what is spared; see `remove`."""
        self._thin_out(parent, ".", place, sparing)

    def _thin_out(self, parent: int, name: str, place: str, sparing: Container[str]) -> None:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            for each in os.listdir(folder):
                self.remove(folder, each, f"{place}/{each}".lstrip("/"), sparing=sparing)
        finally:
            os.close(folder)

    def _opened(self, parts: tuple[str, ...], *, make: bool) -> int:
        try:
            found = open_inside(self._root, "/".join(parts) or ".")
        except FileNotFoundError:
            if not make:
                raise
            parent = self._opened(parts[:-1], make=True)
            try:
                os.mkdir(parts[-1], 0o755, dir_fd=parent)
                os.chmod(parts[-1], 0o755, dir_fd=parent)  # whatever the umask
            finally:
                os.close(parent)
            found = open_inside(self._root, "/".join(parts))
        if not stat.S_ISDIR(os.fstat(found).st_mode):
            os.close(found)
            raise NotADirectoryError(20, f"{'/'.join(parts)} is no folder")
        return found

    def _forget(self) -> None:
        if self._last is not None:
            os.close(self._last[1])
        self._last, self._changed = None, False


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")
