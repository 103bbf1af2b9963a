"""Changing the capacity of volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import StorageVolResizeFlags as Resize
from virtkit.errors import InvalidArgError, OperationFailedError
from virtkit_storage import finding, images
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.refs import StorageVolRef
    from virtkit.storage.backend import Volume
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState


def resize(state: StorageState, ref: StorageVolRef, capacity: int, flags: int) -> None:
    """Resize a volume; errors as from `storage_vol_resize`."""
    pool, volume = finding.now(state, ref)
    wanted = _wanted(pool, volume, capacity, flags)
    allocate = bool(flags & Resize.ALLOCATE)
    with pool.uses.changing(volume.name, "being resized") as use:
        if images.is_plain(volume) or not pool.backend.holds_images:
            pool.backend.volume_resize(pool.active(), volume, wanted, allocate=allocate, guard=use.guard)
        else:
            images.resize(
                state,
                images.Source(pool, volume),
                wanted,
                shrink=bool(flags & Resize.SHRINK),
                allocate=allocate,
                guard=use.guard,
            )
    finding.note(state, pool, volume.name)


def _wanted(pool: Pool, volume: Volume, capacity: int, flags: int) -> int:
    """The capacity that a volume is to have.

    Raises:
        InvalidArgError: It is smaller than now, and was not allowed to be.
        OperationFailedError: The pool has no room for it.
    """
    wanted = capacity
    if flags & Resize.DELTA:
        wanted = max(0, volume.capacity - capacity) if flags & Resize.SHRINK else volume.capacity + capacity
    if wanted < volume.capacity and not flags & Resize.SHRINK:
        raise InvalidArgError(
            f"volume {volume.name!r} of {pool.subject} has {volume.capacity} bytes, more than {wanted}: "
            "data would be cut off; say SHRINK if that is meant",
            domain=STORAGE,
        )
    free = pool.backend.pool_figures(pool.active()).available
    if wanted > volume.capacity + free:
        raise OperationFailedError(
            f"{pool.subject} has {free} bytes left, too few for volume {volume.name!r} to have {wanted}: free some",
            domain=STORAGE,
        )
    return wanted
