"""The functions of the driver about pools."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from virtkit import discovery
from virtkit.enums import StoragePoolCreateFlags, StoragePoolDefineFlags, StoragePoolDeleteFlags, StorageXMLFlags
from virtkit.enums import StoragePoolEventLifecycleType as Event
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    NoDriverError,
    NoStoragePoolError,
    NotSupportedError,
    OperationInvalidError,
    OperationUnsupportedError,
    VirtError,
    unsupported_flags,
)
from virtkit.hookspecs.storage_pool import StoragePoolSpec
from virtkit.records import StoragePoolInfo
from virtkit.spec import quick
from virtkit.xml.pool import PoolSource, StoragePool
from virtkit_storage import definitions, filters, lifecycle
from virtkit_storage.pool import Pool
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.refs import StoragePoolRef, StorageVolRef
    from virtkit_storage.state import Session, StorageState


class PoolPart(StoragePoolSpec["Session"]):
    """Pools: what is asked about them, their definitions, and their life."""

    # Lookup

    @quick
    def storage_pool_lookup_by_name(self, conn: Session, name: str) -> StoragePoolRef:
        return conn.view().by_name(name).ref

    @quick
    def storage_pool_lookup_by_uuid(self, conn: Session, uuid: bytes) -> StoragePoolRef:
        return conn.view().by_uuid(uuid).ref

    @quick
    def storage_pool_lookup_by_volume(self, conn: Session, vol: StorageVolRef) -> StoragePoolRef:
        return conn.view().by_name(vol.pool).ref

    @quick
    def storage_pool_lookup_by_target_path(self, conn: Session, path: str) -> StoragePoolRef:
        if not path.startswith("/"):
            raise InvalidArgError(f"{path!r} is no absolute path of a pool's target", domain=STORAGE)
        wanted = os.path.normpath(path)
        for pool in conn.view().all():
            if pool.live is not None and pool.live.target.path and os.path.normpath(pool.live.target.path) == wanted:
                return pool.ref
        raise NoStoragePoolError(
            f"no active storage pool has the target {path!r}: start the one that should", domain=STORAGE
        )

    # Enumeration

    @quick
    def connect_list_all_storage_pools(self, conn: Session, flags: int) -> list[StoragePoolRef]:
        return [pool.ref for pool in filters.chosen(conn.view().all(), flags)]

    # Description

    @quick
    def storage_pool_get_xml_desc(self, conn: Session, pool: StoragePoolRef, flags: int) -> str:
        _refuse("storage_pool_get_xml_desc", flags, StorageXMLFlags.INACTIVE)
        found = conn.pool(pool)
        if flags & StorageXMLFlags.INACTIVE and found.config is not None:
            return found.config.format()
        if not conn.state.owned:
            conn.state.look_at(found)
        document = (found.shown or found.document).copy()
        if found.live is not None and found.figures is not None:
            document.capacity, document.allocation, document.available = found.figures
        return document.format()

    def connect_get_storage_pool_capabilities(self, conn: Session, flags: int) -> str:
        from virtkit_storage import capabilities

        _refuse("connect_get_storage_pool_capabilities", flags)
        return capabilities.document().format()

    def connect_find_storage_pool_sources(self, conn: Session, type: str, src_spec: str | None, flags: int) -> str:
        _refuse("connect_find_storage_pool_sources", flags)
        try:
            backend = discovery.backend(type)
        except NoDriverError as error:
            raise InternalError(f"pools of type {type!r} cannot be found: {error.message}", domain=STORAGE) from error
        try:
            found = backend.pool_find_sources(definitions.read_source(src_spec) if src_spec else PoolSource())
        except OperationUnsupportedError as error:
            raise NotSupportedError(error.message, domain=STORAGE) from error
        return f"<sources>\n{''.join(each.format_as('source', 1) for each in found)}</sources>\n"

    # Properties

    def storage_pool_get_info(self, conn: Session, pool: StoragePoolRef) -> StoragePoolInfo:
        found = conn.pool(pool)
        if found.figures is None or not conn.state.owned:
            conn.state.measure(found)
        return StoragePoolInfo(found.state, *(found.figures or (0, 0, 0)))

    @quick
    def storage_pool_is_active(self, conn: Session, pool: StoragePoolRef) -> bool:
        return conn.pool(pool).live is not None

    @quick
    def storage_pool_is_persistent(self, conn: Session, pool: StoragePoolRef) -> bool:
        return conn.pool(pool).config is not None

    @quick
    def storage_pool_get_autostart(self, conn: Session, pool: StoragePoolRef) -> bool:
        return conn.pool(pool).autostart

    def storage_pool_set_autostart(self, conn: Session, pool: StoragePoolRef, autostart: bool) -> None:
        with conn.hold(pool, "storage_pool_set_autostart") as (state, found):
            if found.config is None:
                raise InternalError(f"{found.subject} is transient: define it before autostart", domain=STORAGE)
            state.definitions.set_autostart(found.name, autostart)
            found.autostart = autostart

    # Definition

    def storage_pool_define_xml(self, conn: Session, xml: str, flags: int) -> StoragePoolRef:
        _refuse("storage_pool_define_xml", flags, StoragePoolDefineFlags.VALIDATE)
        document = definitions.read(xml, validate=bool(flags & StoragePoolDefineFlags.VALIDATE))
        state = conn.own()
        pool = _obtain(state, document)
        with state.pools.lock_of(pool).hold("storage_pool_define_xml"):
            try:
                state.definitions.save(pool.name, document.format().encode())
            except BaseException:
                _drop_empty(state, pool)
                raise
            pool.config = document
            state.publish(pool, Event.DEFINED)
            return pool.ref

    def storage_pool_undefine(self, conn: Session, pool: StoragePoolRef) -> None:
        with conn.hold(pool, "storage_pool_undefine") as (state, found):
            found.require_inactive()
            state.definitions.delete(found.name)
            found.config, found.autostart = None, False
            state.pools.remove(found)
            state.publish(found, Event.UNDEFINED)

    # Creation and lifecycle

    def storage_pool_create_xml(self, conn: Session, xml: str, flags: int) -> StoragePoolRef:
        _refuse("storage_pool_create_xml", flags, sum(StoragePoolCreateFlags))
        document = definitions.read(xml)
        state = conn.own()
        pool = _obtain(state, document, active=False)
        with state.pools.lock_of(pool).hold("storage_pool_create_xml"):
            pool.require_inactive()
            try:
                lifecycle.start(state, pool, document, flags)
            except BaseException:
                _drop_empty(state, pool)
                raise
            return pool.ref

    def storage_pool_create(self, conn: Session, pool: StoragePoolRef, flags: int) -> None:
        _refuse("storage_pool_create", flags, sum(StoragePoolCreateFlags))
        with conn.hold(pool, "storage_pool_create") as (state, found):
            found.require_inactive()
            lifecycle.start(state, found, found.document.copy(), flags)

    def storage_pool_build(self, conn: Session, pool: StoragePoolRef, flags: int) -> None:
        with conn.hold(pool, "storage_pool_build") as (state, found):
            found.require_inactive()
            lifecycle.build(found, found.document, flags)
            state.publish(found, Event.CREATED)

    def storage_pool_refresh(self, conn: Session, pool: StoragePoolRef, flags: int) -> None:
        _refuse("storage_pool_refresh", flags)
        with conn.hold(pool, "storage_pool_refresh") as (state, found):
            lifecycle.refresh(state, found)

    def storage_pool_destroy(self, conn: Session, pool: StoragePoolRef) -> None:
        with conn.hold(pool, "storage_pool_destroy") as (state, found):
            lifecycle.stop(state, found)

    # Destruction

    def storage_pool_delete(self, conn: Session, pool: StoragePoolRef, flags: int) -> None:
        _refuse("storage_pool_delete", flags, StoragePoolDeleteFlags.ZEROED)
        with conn.hold(pool, "storage_pool_delete") as (state, found):
            found.require_inactive()
            found.backend.pool_delete(found.document, zeroed=bool(flags & StoragePoolDeleteFlags.ZEROED))
            state.publish(found, Event.DELETED)


def _refuse(hook: str, flags: int, known: int = 0) -> None:
    if flags & ~known:
        raise unsupported_flags(hook, flags & ~known, domain=STORAGE)


def _obtain(state: StorageState, document: StoragePool, *, active: bool = True) -> Pool:
    """The pool a document is about, made if there is none.

    Args:
        state: The pools.
        document: The document.
        active: It may be active.

    Raises:
        OperationInvalidError: It is active, and may not be.
        OperationFailedError: Its name or UUID is another pool's, or it takes what another pool has.
    """
    name, uuid = document.name or "", document.uuid or b""
    known = state.pools.match(name, uuid)
    if known is not None and known.live is not None and not active:
        raise OperationInvalidError(f"{known.subject} is active already: stop it first", domain=STORAGE)
    definitions.require_free(document, state.pools.all())
    return state.pools.obtain(name, uuid, partial(Pool, name, uuid))


def _drop_empty(state: StorageState, pool: Pool) -> None:
    """Forget a pool that has neither a definition nor anything that it is active with."""
    if pool.config is None and pool.live is None:
        try:
            state.pools.remove(pool)
        except VirtError:  # another call was quicker
            return
