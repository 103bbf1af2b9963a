"""Volumes as they are: found by name or path, and described.

A pool's volumes are those of its last scan, and what was done through the driver since. What is asked about one volume
is asked of storage, of that volume alone; what is not in the list is looked for before it is said not to be there.
Where another process owns the root nothing is kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtkit.errors import NoStorageVolError, VirtError
from virtkit.refs import StorageVolRef
from virtkit_storage import secrets
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.storage.backend import Volume
    from virtkit.xml.volume import StorageVolume
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState


def reference(pool: Pool, volume: Volume) -> StorageVolRef:
    """What names a volume."""
    return StorageVolRef(pool.name, volume.name, volume.key)


def volumes(state: StorageState, pool: Pool) -> dict[str, Volume]:
    """The volumes of a pool by name, of the last scan if this process owns the root.

    Raises:
        OperationInvalidError: The pool is not active.
        VirtError: They cannot be listed.
    """
    live, known = pool.active(), pool.volumes
    if known is None or not state.owned:
        known = {volume.name: volume for volume in pool.backend.volume_list(live, {})}
        if state.owned:
            pool.volumes = known
    return known.copy()


def volume(state: StorageState, pool: Pool, name: str) -> Volume:
    """A volume by its name; from the last scan if it is in there.

    Raises:
        OperationInvalidError: The pool is not active.
        NoStorageVolError: It has no such volume.
    """
    live = pool.active()
    known = (pool.volumes or {}).get(name) or pool.uses.new().get(name)
    return known or _look(state, pool, name, pool.backend.volume_find(live, name))


def now(state: StorageState, ref: StorageVolRef) -> tuple[Pool, Volume]:
    """A volume as it is on storage now, and its pool.

    Raises:
        NoStoragePoolError: The pool is gone.
        OperationInvalidError: The pool is not active.
        NoStorageVolError: The volume is gone.
    """
    pool = state.view().by_name(ref.pool)
    live = pool.active()
    new = pool.uses.new().get(ref.name)
    known = (pool.volumes or {}).get(ref.name)
    return pool, _look(state, pool, ref.name, pool.backend.volume_find(live, ref.name, known) or new)


def _look(state: StorageState, pool: Pool, name: str, found: Volume | None) -> Volume:
    """Keep what was found of a volume, or that it is gone."""
    if found is None:
        if pool.volumes is not None:
            pool.volumes.pop(name, None)
        raise NoStorageVolError(
            f"{pool.subject} has no volume {name!r}; `virtkit vol-list {pool.name}` shows which it has", domain=STORAGE
        )
    if state.owned and pool.volumes is not None and name not in pool.uses.new():
        pool.volumes[name] = found
    return found


def at(state: StorageState, path: str) -> tuple[Pool, Volume] | None:
    """The volume at a path of the host, and its pool; None where no active pool has it.

    Args:
        state: The pools.
        path: The path; of a device any that leads to it.
    """
    plain = os.path.normpath(path) if path.startswith("/") else path
    for pool in state.view().all():
        live = pool.live
        name = None if live is None else pool.backend.volume_name_of(live, plain)
        if name is not None:
            try:
                return pool, volume(state, pool, name)
            except VirtError:  # not there, or its pool cannot be asked: another one may have it
                continue
    return None


def with_key(state: StorageState, key: str) -> tuple[Pool, Volume] | None:
    """The volume with a key, and its pool; None where no active pool has it."""
    found = at(state, key)  # mostly the key is the path, and nothing has to be listed
    if found is not None and found[1].key == key:
        return found
    for pool in state.view().all():
        if pool.live is None:
            continue
        try:
            volume = next((each for each in volumes(state, pool).values() if each.key == key), None)
        except VirtError:
            continue  # it cannot be asked
        if volume is not None:
            return pool, volume
    return None


def describe(state: StorageState, pool: Pool, found: Volume) -> StorageVolume:
    """The document of a volume; an encrypted one names the secret whose use it is."""
    document = pool.backend.volume_describe(pool.active(), found)
    document.type = found.type.name.lower()
    document.name, document.key = found.name, found.key
    document.capacity, document.allocation = found.capacity, found.allocation
    document.physical = found.physical or None
    document.target.path = found.path
    encryption = document.target.encryption
    if encryption is not None and encryption.secret is None:
        encryption.secret = secrets.default_of(state.peers, found.path)
    return document


def note(state: StorageState, pool: Pool, name: str) -> None:
    """See what has become of a volume that was worked on, and how much room is left."""
    if pool.live is None:
        return
    found = pool.backend.volume_find(pool.live, name)
    if pool.volumes is not None:
        if found is None:
            pool.volumes.pop(name, None)
        else:
            pool.volumes[name] = found
    state.measure(pool)
