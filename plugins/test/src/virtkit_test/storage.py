"""Storage pools and volumes of the simulator: figures and definitions, no data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllStoragePoolsFlags as Listed
from virtkit.enums import (
    ErrorDomain,
    StoragePoolDefineFlags,
    StoragePoolEventLifecycleType,
    StoragePoolState,
    StorageVolType,
)
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    NoStorageVolError,
    OperationFailedError,
    OperationInvalidError,
    XMLError,
)
from virtkit.events import StoragePoolLifecycleEvent, StoragePoolRefreshEvent
from virtkit.hookspecs.storage_pool import StoragePoolSpec
from virtkit.hookspecs.storage_vol import StorageVolSpec
from virtkit.records import StoragePoolInfo, StorageVolInfo
from virtkit.refs import StoragePoolRef, StorageVolRef
from virtkit.spec import quick
from virtkit_test.filters import Filter, matching, refuse
from virtkit_test.reading import read
from virtkit_test.sources import found_sources

if TYPE_CHECKING:
    from virtkit.xml.pool import StoragePool as PoolXML
    from virtkit.xml.volume import StorageVolume as VolumeXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
STORAGE = ErrorDomain.STORAGE
Event = StoragePoolEventLifecycleType

COMPAT_WITH_FEATURES = "1.1"
"""The version of qcow2 that has features."""

POOL_CAPACITY = 100 << 30
"""Bytes every simulated pool has."""


class Pool:
    """A pool: its definition, what it is active with, or both; and its volumes by name."""

    def __init__(self, name: str, uuid: bytes) -> None:
        self.name = name
        self.uuid = uuid
        self.config: PoolXML | None = None
        self.live: PoolXML | None = None
        self.autostart = False
        self.volumes: dict[str, VolumeXML] = {}

    @property
    def ref(self) -> StoragePoolRef:
        """What names it."""
        return StoragePoolRef(self.name, self.uuid)

    @property
    def document(self) -> PoolXML:
        """What it is active with, else its definition."""
        document = self.live or self.config
        assert document is not None, "a pool without both is not in the table"
        return document

    @property
    def active(self) -> bool:
        """Whether its volumes can be used."""
        return self.live is not None

    @property
    def allocation(self) -> int:
        """Bytes its volumes take."""
        return sum(volume.allocation or 0 for volume in self.volumes.values())

    def volume(self, name: str) -> VolumeXML:
        """A volume by name.

        Raises:
            NoStorageVolError: There is none.
        """
        try:
            return self.volumes[name]
        except KeyError:
            raise NoStorageVolError(
                f"pool {self.name!r} has no volume {name!r}; `virtkit vol-list {self.name}` shows which it has",
                domain=TEST,
            ) from None

    def reference(self, volume: VolumeXML) -> StorageVolRef:
        """What names one of its volumes."""
        return StorageVolRef(self.name, volume.name or "", volume.key or "")

    def update_figures(self) -> None:
        """Bring the sizes in the document up to date."""
        self.document.capacity = POOL_CAPACITY
        self.document.allocation = self.allocation
        self.document.available = POOL_CAPACITY - self.allocation


def parse(xml: str, *, validate: bool = False) -> PoolXML:
    """Read and complete the definition of a pool.

    Raises:
        XMLError: It lacks a name or what its type needs.
        VirtError: As for parsing.
    """
    from virtkit.define.pool import complete, shape_of
    from virtkit.xml.pool import StoragePool as PoolXML

    document = read(PoolXML, xml, validate=validate)
    complete(document, shape_of(document))
    return document


def parse_volume(xml: str, pool: Pool, *, validate: bool = False) -> VolumeXML:
    """Read and complete the definition of a volume of a pool.

    Raises:
        XMLError: It has no name or no capacity.
        VirtError: As for parsing.
    """
    from virtkit.xml.volume import StorageVolume as VolumeXML

    volume = read(VolumeXML, xml, validate=validate)
    if not volume.name or "/" in volume.name:
        raise XMLError(f"a volume needs a <name> without '/', not {volume.name!r}", domain=STORAGE)
    if volume.capacity is None:
        raise XMLError(f"volume {volume.name!r} has no <capacity>: give it one", domain=STORAGE)
    volume.type = volume.type or "file"
    volume.physical = None
    volume.allocation = volume.capacity if volume.allocation is None else volume.allocation
    volume.target.format = volume.target.format or "raw"
    if volume.target.features is not None:
        volume.target.compat = volume.target.compat or COMPAT_WITH_FEATURES
    if volume.backing_store is not None:
        volume.backing_store.format = volume.backing_store.format or "raw"
    volume.target.path = volume.key = f"{pool.document.target.path}/{volume.name}"
    return volume


FILTERS = (
    Filter[Pool](Listed.ACTIVE, Listed.INACTIVE, lambda pool: pool.active),
    Filter[Pool](Listed.PERSISTENT, Listed.TRANSIENT, lambda pool: pool.config is not None),
    Filter[Pool](Listed.AUTOSTART, Listed.NO_AUTOSTART, lambda pool: pool.autostart),
)

TYPE_FLAGS = {
    flag: flag.name.lower().replace("_", "-")
    for flag in Listed
    if flag.name and flag not in (f for group in FILTERS for f in (group.true, group.false))
}
"""Flag -> type of pool."""


class PoolPart(StoragePoolSpec["TestState"]):
    """The pool functions of the driver."""

    @quick
    def connect_list_all_storage_pools(self, conn: TestState, flags: int) -> list[StoragePoolRef]:
        types = {name for flag, name in TYPE_FLAGS.items() if flags & flag}
        pools = matching(conn.pools, FILTERS, flags, "connect_list_all_storage_pools", sum(TYPE_FLAGS))
        return [pool.ref for pool in pools if not types or pool.document.type in types]

    @quick
    def storage_pool_lookup_by_name(self, conn: TestState, name: str) -> StoragePoolRef:
        return conn.pools.by_name(name).ref

    @quick
    def storage_pool_lookup_by_uuid(self, conn: TestState, uuid: bytes) -> StoragePoolRef:
        return conn.pools.by_uuid(uuid).ref

    @quick
    def storage_pool_lookup_by_volume(self, conn: TestState, vol: StorageVolRef) -> StoragePoolRef:
        return conn.pools.by_name(vol.pool).ref

    @quick
    def storage_pool_get_info(self, conn: TestState, pool: StoragePoolRef) -> StoragePoolInfo:
        found = conn.pools.by_ref(pool)
        state = StoragePoolState.RUNNING if found.active else StoragePoolState.INACTIVE
        return StoragePoolInfo(state, POOL_CAPACITY, found.allocation, POOL_CAPACITY - found.allocation)

    @quick
    def storage_pool_get_xml_desc(self, conn: TestState, pool: StoragePoolRef, flags: int) -> str:
        refuse("storage_pool_get_xml_desc", flags)
        return conn.pools.by_ref(pool).document.format()

    @quick
    def storage_pool_is_active(self, conn: TestState, pool: StoragePoolRef) -> bool:
        return conn.pools.by_ref(pool).active

    @quick
    def storage_pool_is_persistent(self, conn: TestState, pool: StoragePoolRef) -> bool:
        return conn.pools.by_ref(pool).config is not None

    @quick
    def storage_pool_get_autostart(self, conn: TestState, pool: StoragePoolRef) -> bool:
        return conn.pools.by_ref(pool).autostart

    @quick
    def storage_pool_set_autostart(self, conn: TestState, pool: StoragePoolRef, autostart: bool) -> None:
        found = conn.pools.by_ref(pool)
        if found.config is None:
            raise InvalidArgError(f"pool {found.name!r} is transient: define it before autostart", domain=TEST)
        found.autostart = bool(autostart)

    @quick
    def storage_pool_define_xml(self, conn: TestState, xml: str, flags: int) -> StoragePoolRef:
        refuse("storage_pool_define_xml", flags & ~StoragePoolDefineFlags.VALIDATE)
        document = parse(xml, validate=bool(flags & StoragePoolDefineFlags.VALIDATE))
        pool = _obtain(conn, document)
        pool.config = document
        pool.update_figures()
        _publish(conn, pool, Event.DEFINED)
        return pool.ref

    @quick
    def storage_pool_create_xml(self, conn: TestState, xml: str, flags: int) -> StoragePoolRef:
        refuse("storage_pool_create_xml", flags)
        document = parse(xml)
        known_pool = conn.pools.match(document.name or "", document.uuid or b"")
        if known_pool is not None and known_pool.active:
            raise OperationInvalidError(f"pool {known_pool.name!r} is active already: destroy it first", domain=STORAGE)
        pool = _obtain(conn, document)
        _start(conn, pool, document)
        return pool.ref

    @quick
    def storage_pool_create(self, conn: TestState, pool: StoragePoolRef, flags: int) -> None:
        refuse("storage_pool_create", flags)
        with conn.pools.hold(pool, "storage_pool_create") as found:
            _require(found, active=False)
            _start(conn, found, found.document.copy())

    @quick
    def storage_pool_destroy(self, conn: TestState, pool: StoragePoolRef) -> None:
        with conn.pools.hold(pool, "storage_pool_destroy") as found:
            _require(found, active=True)
            _publish(conn, found, Event.STOPPED)
            if found.config is None:
                conn.pools.remove(found)
            else:
                found.live = None
                found.update_figures()

    @quick
    def storage_pool_undefine(self, conn: TestState, pool: StoragePoolRef) -> None:
        with conn.pools.hold(pool, "storage_pool_undefine") as found:
            _require(found, active=False)
            conn.pools.remove(found)
            _publish(conn, found, Event.UNDEFINED)

    @quick
    def storage_pool_build(self, conn: TestState, pool: StoragePoolRef, flags: int) -> None:
        refuse("storage_pool_build", flags)
        with conn.pools.hold(pool, "storage_pool_build") as found:
            _require(found, active=False)
            _publish(conn, found, Event.CREATED)

    @quick
    def storage_pool_delete(self, conn: TestState, pool: StoragePoolRef, flags: int) -> None:
        refuse("storage_pool_delete", flags)
        with conn.pools.hold(pool, "storage_pool_delete") as found:
            _require(found, active=False)
            _publish(conn, found, Event.DELETED)

    @quick
    def storage_pool_refresh(self, conn: TestState, pool: StoragePoolRef, flags: int) -> None:
        refuse("storage_pool_refresh", flags)
        found = conn.pools.by_ref(pool)
        _require(found, active=True)
        conn.hub.publish(found.ref, StoragePoolRefreshEvent())

    @quick
    def connect_find_storage_pool_sources(self, conn: TestState, type: str, src_spec: str | None, flags: int) -> str:
        refuse("connect_find_storage_pool_sources", flags)
        return found_sources(type, src_spec)


class VolumePart(StorageVolSpec["TestState"]):
    """The volume functions of the driver."""

    @quick
    def storage_pool_list_all_volumes(self, conn: TestState, pool: StoragePoolRef, flags: int) -> list[StorageVolRef]:
        refuse("storage_pool_list_all_volumes", flags)
        found = _active(conn, pool)
        return [found.reference(found.volumes[name]) for name in sorted(found.volumes)]

    @quick
    def storage_vol_lookup_by_name(self, conn: TestState, pool: StoragePoolRef, name: str) -> StorageVolRef:
        found = _active(conn, pool)
        return found.reference(found.volume(name))

    @quick
    def storage_vol_lookup_by_key(self, conn: TestState, key: str) -> StorageVolRef:
        return _find(conn, "key", key)

    @quick
    def storage_vol_lookup_by_path(self, conn: TestState, path: str) -> StorageVolRef:
        return _find(conn, "path", path)

    @quick
    def storage_vol_get_info(self, conn: TestState, vol: StorageVolRef) -> StorageVolInfo:
        volume = _volume(conn, vol)[1]
        return StorageVolInfo(
            StorageVolType[(volume.type or "file").upper()], volume.capacity or 0, volume.allocation or 0
        )

    @quick
    def storage_vol_get_xml_desc(self, conn: TestState, vol: StorageVolRef, flags: int) -> str:
        refuse("storage_vol_get_xml_desc", flags)
        return _volume(conn, vol)[1].format()

    @quick
    def storage_vol_get_path(self, conn: TestState, vol: StorageVolRef) -> str:
        return _volume(conn, vol)[1].target.path or ""

    @quick
    def storage_vol_create_xml(self, conn: TestState, pool: StoragePoolRef, xml: str, flags: int) -> StorageVolRef:
        refuse("storage_vol_create_xml", flags)
        with conn.pools.hold(pool, "storage_vol_create_xml") as found:
            _require(found, active=True)
            return _create(found, parse_volume(xml, found))

    @quick
    def storage_vol_create_xml_from(
        self, conn: TestState, pool: StoragePoolRef, xml: str, clonevol: StorageVolRef, flags: int
    ) -> StorageVolRef:
        refuse("storage_vol_create_xml_from", flags)
        with conn.pools.hold(pool, "storage_vol_create_xml_from") as found:
            _require(found, active=True)
            volume = parse_volume(xml, found)
            found.volume(clonevol.name)
            return _create(found, volume)

    @quick
    def storage_vol_delete(self, conn: TestState, vol: StorageVolRef, flags: int) -> None:
        refuse("storage_vol_delete", flags)
        pool, volume = _volume(conn, vol)
        with conn.pools.hold(pool.ref, "storage_vol_delete") as found:
            del found.volumes[volume.name or ""]
            found.update_figures()


def _obtain(conn: TestState, document: PoolXML) -> Pool:
    """The pool a document defines, made if there is none; its target may be no other pool's."""
    assert document.name is not None and document.uuid is not None
    name, uuid = document.name, document.uuid
    known = conn.pools.match(name, uuid)
    for other in conn.pools:
        if other is not known and document.target.path and other.document.target.path == document.target.path:
            raise OperationFailedError(
                f"pool {name!r} has the same target {document.target.path} as pool {other.name!r}: choose another",
                domain=STORAGE,
            )
    return conn.pools.obtain(name, uuid, lambda: Pool(name, uuid))


def _start(conn: TestState, pool: Pool, document: PoolXML) -> None:
    pool.live = document
    pool.update_figures()
    _publish(conn, pool, Event.STARTED)


def _create(pool: Pool, volume: VolumeXML) -> StorageVolRef:
    assert volume.name is not None
    if volume.name in pool.volumes:
        raise OperationFailedError(f"pool {pool.name!r} has a volume {volume.name!r} already", domain=TEST)
    free = POOL_CAPACITY - pool.allocation
    if (volume.allocation or 0) > free:
        raise InternalError(
            f"volume {volume.name!r} needs {volume.allocation} bytes, pool {pool.name!r} has {free}", domain=TEST
        )
    pool.volumes[volume.name] = volume
    pool.update_figures()
    return pool.reference(volume)


def _require(pool: Pool, *, active: bool) -> None:
    if pool.active != active:
        state, remedy = ("active", "stop") if pool.active else ("not active", "start")
        raise OperationInvalidError(f"pool {pool.name!r} is {state}: {remedy} it first", domain=TEST)


def _active(conn: TestState, ref: StoragePoolRef) -> Pool:
    pool = conn.pools.by_ref(ref)
    _require(pool, active=True)
    return pool


def _volume(conn: TestState, ref: StorageVolRef) -> tuple[Pool, VolumeXML]:
    pool = conn.pools.by_name(ref.pool)
    _require(pool, active=True)
    return pool, pool.volume(ref.name)


def _find(conn: TestState, what: str, wanted: str) -> StorageVolRef:
    for pool in conn.pools:
        for volume in pool.volumes.values() if pool.active else ():
            if wanted in (volume.key, volume.target.path):
                return pool.reference(volume)
    raise NoStorageVolError(f"no active pool has a volume with {what} {wanted!r}", domain=TEST)


def _publish(conn: TestState, pool: Pool, event: Event) -> None:
    conn.hub.publish(pool.ref, StoragePoolLifecycleEvent(event))
