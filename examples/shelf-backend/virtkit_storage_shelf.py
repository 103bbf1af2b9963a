"""A whole storage backend: a shelf of CD images, which are read and never written.

`pip install examples/shelf-backend`, then `<pool type='shelf'>` with the folder of the images as its target.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from virtkit.enums import StorageVolType
from virtkit.errors import SystemCallError
from virtkit.storage.backend import Figures, StorageBackend, Volume
from virtkit.xml.pool import StoragePool
from virtkit.xml.volume import StorageVolume


class ShelfBackend(StorageBackend):
    """The `.iso` files of a folder."""

    name = "shelf"
    hook_api = 1

    def pool_active(self, pool: StoragePool) -> bool:
        return os.path.isdir(pool.target.path or "")

    def pool_figures(self, pool: StoragePool) -> Figures:
        taken = sum(volume.allocation for volume in self.volume_list(pool, {}))
        return Figures(taken, taken, 0)

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterator[Volume]:
        try:
            names = os.listdir(pool.target.path)
        except OSError as error:
            message = f"storage pool {pool.name!r}: {error.filename}: {error.strerror}; make the folder"
            raise SystemCallError(message, int1=error.errno or -1) from error
        yield from (found for name in names if (found := self.volume_find(pool, name)))

    def volume_find(self, pool: StoragePool, name: str, known: Volume | None = None) -> Volume | None:
        path = os.path.join(pool.target.path or "", name)
        if not name.endswith(".iso") or "/" in name or os.path.islink(path) or not os.path.isfile(path):
            return None
        size = os.path.getsize(path)
        return Volume(name, path, path, StorageVolType.FILE, size, size, size, "iso")

    def volume_describe(self, pool: StoragePool, volume: Volume) -> StorageVolume:
        document = StorageVolume()
        document.target.format = volume.format
        return document

    def volume_open(self, pool: StoragePool, volume: Volume, *, write: bool) -> int:
        if write:
            raise self.unsupported("have their volumes written")
        return os.open(volume.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
