"""The backend `btrfs`: a subvolume, or a btrfs on a device of its own. Volumes of format `dir` are subvolumes in it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtkit.define.pool import PoolType
from virtkit.enums import StorageVolType
from virtkit.errors import (
    ConfigUnsupportedError,
    OperationFailedError,
    OperationInvalidError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    SystemCallError,
    XMLError,
)
from virtkit.storage import formatting
from virtkit.storage.backend import STORAGE, Guard, Secret
from virtkit.storage.directory import POOL_MODE, DirectoryBackend, give, make_target, opened, refused, target
from virtkit.storage.mounts import MountedBackend
from virtkit_storage_btrfs import subvolumes

if TYPE_CHECKING:
    from virtkit.storage.backend import Volume
    from virtkit.xml.pool import StoragePool
    from virtkit.xml.volume import StorageVolume

KIND = "btrfs"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class BtrfsBackend(MountedBackend):
    """A pool that is a subvolume of a btrfs that is mounted already or, with a source device, the btrfs on that."""

    name = KIND
    hook_api = 1
    shape = PoolType()

    def source_of(self, pool: StoragePool) -> str:
        return (pool.source.devices[0].path or "") if pool.source.devices else ""

    def kind_of(self, pool: StoragePool) -> str:
        return KIND

    # Pools

    def pool_check(self, pool: StoragePool) -> None:
        if len(pool.source.devices) > 1:
            raise XMLError(
                f"storage pool {pool.name!r} has {len(pool.source.devices)} devices: give it one, which leads to the "
                "others of its filesystem, or none",
                domain=STORAGE,
            )
        if pool.source.devices and not self.source_of(pool).startswith("/"):
            raise XMLError(
                f"storage pool {pool.name!r}: the device {self.source_of(pool)!r} is no absolute path", domain=STORAGE
            )
        if pool.mount_options and not pool.source.devices:
            raise ConfigUnsupportedError(
                f"storage pool {pool.name!r} has no device that is mounted with options: leave them out", domain=STORAGE
            )

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        device = self.source_of(pool)
        return [*super().pool_claims(pool), *([f"device:{os.path.realpath(device)}"] if device else [])]

    def pool_active(self, pool: StoragePool) -> bool:
        if self.source_of(pool):
            return super().pool_active(pool)
        try:
            with opened(pool) as folder:
                return subvolumes.is_subvolume(folder)
        except SystemCallError:
            return False

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        device = self.source_of(pool)
        if device:
            _format(pool, device, overwrite, guard)
        elif overwrite:
            raise OperationInvalidError(f"{_subject(pool)} has no device to format: build it as it is", domain=STORAGE)
        elif not os.path.lexists(target(pool)):
            _create(pool)
        elif overwrite is False:
            error = StoragePoolBuiltError if self.pool_active(pool) else StorageProbeFailedError
            raise error(f"{_subject(pool)}: {target(pool)} is there already; build it as it is", domain=STORAGE)
        make_target(pool)

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        device = self.source_of(pool)
        if device:
            formatting.require_device(device, subject=_subject(pool))
            super().pool_start(pool, guard=guard, secret=secret)
        else:
            with self.opened(pool):
                pass

    def pool_stop(self, pool: StoragePool) -> None:
        if self.source_of(pool):
            super().pool_stop(pool)

    @contextmanager
    def opened(self, pool: StoragePool) -> Iterator[int]:
        if self.source_of(pool):
            with super().opened(pool) as folder:
                yield folder
        else:
            with opened(pool) as folder:
                _require_subvolume(pool, folder)
                yield folder

    # Volumes

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        if self.source_of(pool):
            return super().volume_list(pool, known)
        return DirectoryBackend.volume_list(self, pool, known)

    def volume_clone(self, pool: StoragePool, document: StorageVolume, source: Volume, *, guard: Guard) -> bool:
        if document.type != "dir" or source.type != StorageVolType.DIR:
            return False
        name = document.name or ""
        with self.opened(pool) as folder, refused(f"make volume {name!r} from {source.name!r}", pool, name):
            original = os.open(source.name, _FOLDER, dir_fd=folder)
            try:
                if not subvolumes.is_subvolume(original):
                    return False
                subvolumes.snapshot(original, folder, name)
            finally:
                os.close(original)
            made = os.open(name, _FOLDER, dir_fd=folder)
            try:
                give(made, document.target.permissions)
                os.fsync(folder)
            finally:
                os.close(made)
        return True

    def make_folder(self, folder: int, name: str) -> None:
        subvolumes.create(folder, name)

    def remove_folder(self, folder: int, name: str) -> None:
        inside = os.open(name, _FOLDER, dir_fd=folder)
        try:
            whole = subvolumes.is_subvolume(inside)
        finally:
            os.close(inside)
        if whole:
            subvolumes.destroy(folder, name)
        else:
            super().remove_folder(folder, name)


def _subject(pool: StoragePool) -> str:
    return f"storage pool {pool.name!r}"


def _format(pool: StoragePool, device: str, overwrite: bool | None, guard: Guard) -> None:
    if overwrite is False:
        formatting.require_blank(device, KIND, subject=_subject(pool))
    if overwrite is not None:
        formatting.make_filesystem(device, KIND, subject=_subject(pool), guard=guard)


def _create(pool: StoragePool) -> None:
    """Make the subvolume of a pool, and folders above it."""
    above, name = os.path.split(os.path.normpath(target(pool)))
    with refused("build", pool, ""):
        os.makedirs(above, POOL_MODE, exist_ok=True)
        folder = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not subvolumes.is_btrfs(folder):
                raise OperationFailedError(
                    f"{_subject(pool)}: {above} is in no btrfs; choose another target, or give the pool a device",
                    domain=STORAGE,
                )
            subvolumes.create(folder, name)
            os.chmod(name, POOL_MODE, dir_fd=folder)
        finally:
            os.close(folder)


def _require_subvolume(pool: StoragePool, folder: int) -> None:
    if not subvolumes.is_subvolume(folder):
        raise SystemCallError(
            f"{_subject(pool)}: {target(pool)} is no subvolume of a btrfs; mount the filesystem it is in, or build "
            "the pool",
            domain=STORAGE,
            int1=errno.ENODEV,
        )
