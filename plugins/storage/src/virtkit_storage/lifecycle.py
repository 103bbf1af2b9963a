"""Starting, stopping, building and scanning pools; whoever calls holds the pool."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import StoragePoolBuildFlags, StoragePoolCreateFlags
from virtkit.enums import StoragePoolEventLifecycleType as Event
from virtkit.errors import InvalidArgError, OperationInvalidError, VirtError
from virtkit.events import StoragePoolRefreshEvent
from virtkit_storage import secrets
from virtkit_storage.pool import backend_of
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.xml.pool import StoragePool
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState

_BUILDS = {
    StoragePoolCreateFlags.WITH_BUILD: 0,
    StoragePoolCreateFlags.WITH_BUILD_OVERWRITE: StoragePoolBuildFlags.OVERWRITE,
    StoragePoolCreateFlags.WITH_BUILD_NO_OVERWRITE: StoragePoolBuildFlags.NO_OVERWRITE,
}
"""What a pool is built with that is to be built at its start."""

_log = logging.getLogger(__name__)


def build(pool: Pool, document: StoragePool, flags: int) -> None:
    """Build a pool.

    Args:
        pool: The pool; it is not active.
        document: How to build it.
        flags: `virtkit.enums.StoragePoolBuildFlags`.

    Raises:
        VirtError: As `storage_pool_build`.
    """
    overwrite, keep = flags & StoragePoolBuildFlags.OVERWRITE, flags & StoragePoolBuildFlags.NO_OVERWRITE
    if overwrite and keep:
        raise exclusive("storage_pool_build", "OVERWRITE", "NO_OVERWRITE")
    if flags & ~(overwrite | keep):
        raise InvalidArgError(f"{pool.subject} can be neither repaired nor resized: build it", domain=STORAGE)
    pool.building = True
    try:
        backend_of(document).pool_build(
            document, overwrite=True if overwrite else False if keep else None, guard=lambda: None
        )
    finally:
        pool.building = False


def start(state: StorageState, pool: Pool, document: StoragePool, flags: int = 0) -> None:
    """Start a pool, and find its volumes.

    Args:
        state: The pools.
        pool: The pool; it is not active.
        document: What it is to be active with.
        flags: `virtkit.enums.StoragePoolCreateFlags`.

    Raises:
        VirtError: As `storage_pool_create`; the pool is as it was.
    """
    built = flags & (StoragePoolCreateFlags.WITH_BUILD_OVERWRITE | StoragePoolCreateFlags.WITH_BUILD_NO_OVERWRITE)
    if built == sum(_BUILDS) - StoragePoolCreateFlags.WITH_BUILD:
        raise exclusive("storage_pool_create", "WITH_BUILD_OVERWRITE", "WITH_BUILD_NO_OVERWRITE")
    if flags:
        build(pool, document, sum(how for flag, how in _BUILDS.items() if flags & flag))
    backend = backend_of(document)
    backend.pool_start(document, guard=lambda: None, secret=partial(secrets.of_source, state.peers, document))
    try:
        pool.live = document
        scan(state, pool)
        state.record(pool)
    except BaseException:
        pool.stop()
        _stop_quietly(pool, document)
        raise
    state.publish(pool, Event.STARTED)


def scan(state: StorageState, pool: Pool) -> None:
    """Find the volumes of an active pool, and measure it.

    Raises:
        VirtError: What the backend says.
    """
    live = pool.active()
    backend = pool.backend
    pool.volumes = {volume.name: volume for volume in backend.volume_list(live, pool.volumes or {})}
    pool.figures = backend.pool_figures(live)
    shown = live.copy()
    backend.pool_describe(shown)
    pool.shown = shown


def refresh(state: StorageState, pool: Pool) -> None:
    """Scan a pool again. One whose storage is gone is stopped.

    Raises:
        VirtError: The scan failed; the pool is not active any more if its storage is gone.
    """
    live = pool.active()
    try:
        scan(state, pool)
    except VirtError:
        if not _is_there(pool, live):
            _log.error("%s is stopped: its storage is gone", pool.subject)
            state.forget(pool)
            state.publish(pool, Event.STOPPED)
        raise
    state.hub.publish(pool.ref, StoragePoolRefreshEvent())


def stop(state: StorageState, pool: Pool) -> None:
    """Stop a pool.

    Raises:
        VirtError: As `storage_pool_destroy`; the pool stays active.
    """
    live = pool.active()
    require_idle(pool)
    pool.backend.pool_stop(live)
    state.forget(pool)
    state.publish(pool, Event.STOPPED)


def require_idle(pool: Pool) -> None:
    """Refuse what cannot be done while somebody works on a volume of a pool.

    Raises:
        OperationInvalidError: Somebody does.
    """
    for use in pool.uses:
        raise OperationInvalidError(
            f"{pool.subject} is in use: its volume {use.volume!r} is {use.what}; wait until that has ended",
            domain=STORAGE,
        )


def exclusive(hook: str, one: str, other: str) -> InvalidArgError:
    """The error for two flags that exclude each other."""
    return InvalidArgError(f"{one} and {other} exclude each other: choose one", domain=STORAGE, str1=hook, str2="flags")


def _is_there(pool: Pool, live: StoragePool) -> bool:
    try:
        return pool.backend.pool_active(live)
    except VirtError:
        return False


def _stop_quietly(pool: Pool, document: StoragePool) -> None:
    try:
        backend_of(document).pool_stop(document)
    except VirtError as error:
        _log.error("%s was not started, but its storage stays in use: %s", pool.subject, error)
