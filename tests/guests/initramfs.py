"""An initial RAM file system, as the kernel unpacks it: a cpio archive of the newc kind."""

from __future__ import annotations

import stat
from pathlib import PurePosixPath

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"


class Initramfs:
    """Collects directories, files, links and devices; parent directories are made on the way."""

    def __init__(self) -> None:
        self._archive = bytearray()
        self._entries = 0
        self._folders: set[str] = set()

    def folder(self, path: str) -> None:
        """Add a directory; one that is there already is left as it is."""
        for part in [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]:
            name = str(part)
            if name not in {".", "/"} and name not in self._folders:
                self._folders.add(name)
                self._add(name, stat.S_IFDIR | 0o755)

    def file(self, path: str, content: bytes, *, mode: int = 0o644) -> None:
        """Add a regular file."""
        self.folder(str(PurePosixPath(path).parent))
        self._add(path, stat.S_IFREG | mode, content)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self.folder(str(PurePosixPath(path).parent))
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path: str, *, major: int, minor: int) -> None:
        """Add a character device."""
        self.folder(str(PurePosixPath(path).parent))
        self._add(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def archive(self) -> bytes:
        """The archive so far, closed with its trailer."""
        return bytes(self._archive) + _record(0, _TRAILER, 0, b"", (0, 0))

    def _add(self, path: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        self._entries += 1
        self._archive += _record(self._entries, path.lstrip("/"), mode, content, device)


def _record(inode: int, path: str, mode: int, content: bytes, device: tuple[int, int]) -> bytes:
    name = path.encode() + b"\0"
    owner_and_links_and_mtime = (0, 0, 1, 0)
    filesystem = (0, 0)
    fields = (inode, mode, *owner_and_links_and_mtime, len(content), *filesystem, *device, len(name), 0)
    header = _MAGIC + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
