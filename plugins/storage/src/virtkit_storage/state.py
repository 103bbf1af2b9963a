"""The pools of one root, as the sessions of the driver share them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from virtkit.enums import StoragePoolEventLifecycleType
from virtkit.errors import VirtError
from virtkit.events import EventHub, StoragePoolLifecycleEvent
from virtkit.services import objects
from virtkit.services.objects import ObjectTable
from virtkit.services.tenancy import StartedTenant, Tenancy
from virtkit.store import Collection
from virtkit.xml.pool import StoragePool
from virtkit_storage import autostart
from virtkit_storage.pool import Pool
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.refs import StoragePoolRef
    from virtkit.store import Root

NAME = "storage"

_log = logging.getLogger(__name__)


class StorageState(Tenancy):
    """What the sessions of one root share.

    Attributes:
        pools: The pools; call `view` before reading it.
        hub: Where their events are published.
        peers: Functions of the other kinds, as of `virtkit.driver.OpenRequest`.
        definitions: The stored definitions, with autostart marks.
        statuses: What the active pools are active with.
    """

    def __init__(self, root: Root, peers: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(root, NAME)
        self.peers = peers
        self.pools: ObjectTable[Pool] = ObjectTable(objects.STORAGE_POOL, error_domain=STORAGE)
        self.hub: EventHub = EventHub("virtkit-storage-events")
        self.definitions = Collection(self.folders.etc, "storage pool", domain=STORAGE)
        self.statuses = Collection(self.folders.run, "active storage pool", domain=STORAGE, lasting=False)
        self._reading = threading.Lock()
        self._starters: list[threading.Thread] = []

    # Reading

    def view(self) -> ObjectTable[Pool]:
        """The pools as they are now.

        Raises:
            SystemCallError: A folder cannot be listed.
        """
        if not self.owned:
            with self._reading:
                if not self.owned:
                    self._load()
        return self.pools

    def _load(self) -> None:
        """Take over what is stored."""
        configs = {document.uuid or b"": document for document in self.definitions.scan(_read)}
        lives = {document.uuid or b"": document for document in self.statuses.scan(_read)}
        marked = frozenset(self.definitions.autostarted())
        for pool in self.pools.all():
            if pool.uuid not in configs and pool.uuid not in lives:
                self.pools.remove(pool)
        for uuid in configs.keys() | lives.keys():
            name = (configs.get(uuid) or lives[uuid]).name or ""
            try:
                pool = self.pools.obtain(name, uuid, partial(Pool, name, uuid))
            except VirtError as error:
                _log.error("storage pool %r is left out: %s", name, error)
                continue
            pool.config, pool.autostart = configs.get(uuid), name in marked
            live = lives.get(uuid)
            if (live is None) != (pool.live is None) or not self.owned:
                pool.stop()
                pool.live = live

    # Owning

    def take_over(self) -> None:
        """Have the pools in memory, find out which of them are active, and start what starts by itself."""
        with self._reading:
            self._load()
            self.owned = True
        for pool in self.pools.all():
            if pool.live is not None and not self._still_active(pool, pool.live):
                _log.warning("%s is not active any more", pool.subject)
                self.forget(pool)
            self.look_at(pool)
        self._starters = autostart.begin(self)

    def _still_active(self, pool: Pool, live: StoragePool) -> bool:
        try:
            return pool.backend.pool_active(live)
        except VirtError as error:
            _log.error("%s is taken to be inactive: %s", pool.subject, error)
            return False

    def settle(self) -> None:
        """Wait for the pools that start by themselves."""
        for starter in self._starters:
            starter.join()

    def let_go(self) -> None:
        """Forget the volumes; what is active stays so."""
        with self._reading:
            self.owned = False
            self._starters = []
            for pool in self.pools.all():
                pool.volumes = None

    def close(self) -> None:
        """Let go of everything; the last session has left."""
        self.hub.close()

    # Pools

    def record(self, pool: Pool) -> None:
        """Store what a pool is active with.

        Raises:
            SystemCallError: It cannot be stored.
        """
        if pool.live is not None:
            self.statuses.save(pool.name, pool.live.format().encode())

    def forget(self, pool: Pool) -> None:
        """A pool is not active any more; a transient one is gone."""
        pool.stop()
        try:
            self.statuses.delete(pool.name)
        except VirtError as error:
            _log.error("%s is stopped, but its status stays behind: %s", pool.subject, error)
        if pool.config is None:
            self.pools.remove(pool)

    def publish(self, pool: Pool, event: StoragePoolEventLifecycleType) -> None:
        """Tell of a pool."""
        self.hub.publish(pool.ref, StoragePoolLifecycleEvent(event))

    def measure(self, pool: Pool) -> None:
        """Look how large a pool is, and how much of it is free."""
        if pool.live is None:
            return
        try:
            pool.figures = pool.backend.pool_figures(pool.live)
        except VirtError as error:
            _log.error("%s cannot be measured: %s", pool.subject, error)

    def look_at(self, pool: Pool) -> None:
        """Measure an active pool, and describe it as it is now; for who has not scanned it."""
        live = pool.live
        if live is None:
            return
        self.measure(pool)
        shown = live.copy()
        try:
            pool.backend.pool_describe(shown)
        except VirtError as error:
            _log.error("%s cannot be described: %s", pool.subject, error)
        pool.shown = shown


class Session(StartedTenant[StorageState]):
    """One connection to a root."""

    def view(self) -> ObjectTable[Pool]:
        """The pools as they are now; errors as from `begun` and `StorageState.view`."""
        return self.begun().view()

    def pool(self, ref: StoragePoolRef) -> Pool:
        """A pool, for a call that only reads.

        Raises:
            NoStoragePoolError: It does not exist.
        """
        return self.view().by_ref(ref)

    @contextmanager
    def hold(self, ref: StoragePoolRef, call: str) -> Iterator[tuple[StorageState, Pool]]:
        """Own the root and hold a pool; for what is quick, since everybody else waits for it.

        Raises:
            NoStoragePoolError: It does not exist.
            OperationTimeoutError: Another call holds it for too long.
            VirtError: As `own`.
        """
        state = self.own()
        with state.pools.hold(ref, call) as pool:
            yield state, pool


def _read(name: str, document: bytes) -> StoragePool:
    """A stored document.

    Raises:
        ValueError: It is of something else.
        VirtError: It is no pool.
    """
    pool = StoragePool.parse(document)
    if pool.name != name or not pool.uuid:
        raise ValueError(f"it defines {pool.name!r}" if pool.uuid else "it has no UUID")
    return pool
