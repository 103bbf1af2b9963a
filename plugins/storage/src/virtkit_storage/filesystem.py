"""The backend `fs`: a filesystem on a device of the host, mounted at the pool's target."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from virtkit.define.pool import TYPES
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.storage import formatting
from virtkit.storage.backend import STORAGE, Formats, Guard, Secret
from virtkit.storage.directory import KNOWN, make_target
from virtkit.storage.mounts import MountedBackend
from virtkit.xml.storage import FILE_SYSTEMS

if TYPE_CHECKING:
    from virtkit.xml.pool import StoragePool

SOURCES = ("auto", *FILE_SYSTEMS)
"""Types of filesystems; `auto` is what the device is found to hold."""

LINUX = {"hfs+": "hfsplus"}
"""Type of filesystem -> what Linux calls it, where that is something else."""


class FilesystemBackend(MountedBackend):
    """A pool that is a filesystem on a device."""

    name = "fs"
    hook_api = 1
    shape = TYPES["fs"]
    formats = Formats(SOURCES, "auto", KNOWN, "raw")

    def source_of(self, pool: StoragePool) -> str:
        return pool.source.devices[0].path or ""

    def kind_of(self, pool: StoragePool) -> str:
        kind = super().kind_of(pool)
        return LINUX.get(kind, kind)

    def pool_check(self, pool: StoragePool) -> None:
        if len(pool.source.devices) != 1:
            raise XMLError(
                f"storage pool {pool.name!r} has {len(pool.source.devices)} devices: give it one", domain=STORAGE
            )
        if not self.source_of(pool).startswith("/"):
            raise XMLError(
                f"storage pool {pool.name!r}: the device {self.source_of(pool)!r} is no absolute path", domain=STORAGE
            )
        if _format(pool) not in SOURCES:
            raise ConfigUnsupportedError(
                f"storage pool {pool.name!r}: a source of format {_format(pool)!r} is no filesystem: choose one of "
                f"{', '.join(SOURCES)}",
                domain=STORAGE,
            )

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        return [*super().pool_claims(pool), f"device:{os.path.realpath(self.source_of(pool))}"]

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        subject, device, kind = f"storage pool {pool.name!r}", self.source_of(pool), self.kind_of(pool)
        if overwrite is None:
            make_target(pool)
            return
        if not kind:
            raise ConfigUnsupportedError(
                f"{subject}: nothing says which filesystem to make on {device}: its source has the format 'auto'; "
                "name one, such as <format type='ext4'/>",
                domain=STORAGE,
            )
        if not overwrite:
            formatting.require_blank(device, kind, subject=subject)
        formatting.make_filesystem(device, kind, subject=subject, guard=guard)
        make_target(pool)

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        formatting.require_device(self.source_of(pool), subject=f"storage pool {pool.name!r}")
        super().pool_start(pool, guard=guard, secret=secret)


def _format(pool: StoragePool) -> str:
    return (pool.source.format.type if pool.source.format else None) or "auto"
