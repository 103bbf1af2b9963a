"""Pools that start with the driver: once per boot of the host, by the first owner of their root."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from virtkit.errors import VirtError

if TYPE_CHECKING:
    from virtkit_storage.pool import Pool
    from virtkit_storage.state import StorageState

PATIENCE_SECONDS = 10.0
"""How long everybody waits for pools that start by themselves: guests need them. A server that does not answer takes
longer, and what needs its pool is told that it is not active."""

_log = logging.getLogger(__name__)


def begin(state: StorageState) -> list[threading.Thread]:
    """Start the marked pools, each on a thread of its own, and wait a while for them.

    Returns:
        The threads.
    """
    marked = [pool for pool in state.pools.all() if pool.autostart and pool.live is None]
    try:
        if not state.first_of_boot() or not marked:
            return []
    except OSError as error:
        _log.error("no storage pool is started by itself, since %s cannot be written: %s", state.folders.run, error)
        return []
    name = "virtkit-storage-autostart"
    threads = [threading.Thread(target=_start, args=(state, pool), name=name, daemon=True) for pool in marked]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return threads


def _start(state: StorageState, pool: Pool) -> None:
    from virtkit_storage import lifecycle

    try:
        with state.pools.hold(pool.ref, "autostart"):
            if pool.live is None and pool.config is not None:
                lifecycle.start(state, pool, pool.config.copy())
    except VirtError as error:
        _log.error("%s is not started by itself: %s", pool.subject, error)
