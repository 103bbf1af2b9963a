"""Tests of storage pools and volumes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from virtkit import Connection, StoragePool, StorageVol
from virtkit.enums import StoragePoolEventLifecycleType, StoragePoolState, StorageVolResizeFlags
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    NoStorageVolError,
    OperationInvalidError,
    StorageVolExistsError,
    VirtError,
    XMLError,
)
from virtkit.events import StoragePoolRefreshEvent
from virtkit.testing.kinds import STORAGE_POOL, STORAGE_VOL, Can
from virtkit.testing.lifecycle import Activity, ActivityEvents, Persistence, Refusing
from virtkit.testing.objects import (
    UNKNOWN_FLAG,
    Autostart,
    Description,
    Enumeration,
    NameLists,
    NameLookup,
    UUIDDefinition,
    UUIDLookup,
)
from virtkit.testing.profile import Profile, fresh_name
from virtkit.testing.suite import Conformance, Recorder, Workshop, eventually, requires, without

MIB = 1 << 20


class BaseStoragePoolLookup(NameLookup, UUIDLookup):
    """Finding pools by name and UUID."""

    kind = STORAGE_POOL


class BaseStoragePoolEnumeration(Enumeration, NameLists):
    """Listing pools."""

    kind = STORAGE_POOL
    parts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ACTIVE", "INACTIVE"),
        ("PERSISTENT", "TRANSIENT"),
        ("AUTOSTART", "NO_AUTOSTART"),
    )


class BaseStoragePoolDescription(Description):
    """Pools as XML."""

    kind = STORAGE_POOL


class BaseStoragePoolInfo(Conformance):
    """State and sizes of pools."""

    kind = STORAGE_POOL
    needs = Can.LIST | Can.INFO

    def test_an_active_pool_is_running(self, workshop: Workshop) -> None:
        assert StoragePoolState.RUNNING == workshop.active(STORAGE_POOL).info().state

    @requires(Can.DEFINE)
    def test_an_inactive_pool_says_so(self, workshop: Workshop) -> None:
        assert StoragePoolState.INACTIVE == workshop.define(STORAGE_POOL).info().state

    def test_nothing_is_larger_than_the_pool(self, workshop: Workshop) -> None:
        info = workshop.active(STORAGE_POOL).info()
        assert 0 <= info.available <= info.capacity


class BaseStoragePoolDefinition(UUIDDefinition):
    """Defining pools."""

    kind = STORAGE_POOL
    described: ClassVar[int] = 1  # StorageXMLFlags.INACTIVE


class BaseStoragePoolActivity(Activity):
    """Starting and stopping pools."""

    kind = STORAGE_POOL

    def test_an_inactive_pool_shows_no_volumes(self, workshop: Workshop) -> None:
        with pytest.raises(OperationInvalidError):
            workshop.define(STORAGE_POOL).list_volumes()

    @requires(Can.REFRESH)
    def test_an_inactive_pool_cannot_be_refreshed(self, workshop: Workshop) -> None:
        with self.refused("refresh"):
            workshop.define(STORAGE_POOL).refresh()

    @requires(Can.REFRESH)
    def test_a_refreshed_pool_stays_active(self, workshop: Workshop) -> None:
        pool = workshop.start(STORAGE_POOL)
        pool.refresh()
        assert pool.is_active() is True

    @requires(Can.BUILD)
    def test_an_active_pool_cannot_be_built(self, workshop: Workshop) -> None:
        with self.refused("build"):
            workshop.start(STORAGE_POOL).build()

    @requires(Can.BUILD)
    def test_an_active_pool_cannot_be_deleted(self, workshop: Workshop) -> None:
        with self.refused("delete"):
            workshop.start(STORAGE_POOL).delete()


class BaseStoragePoolPersistence(Persistence):
    """Persistent and transient pools."""

    kind = STORAGE_POOL
    outlives_definition: ClassVar[bool] = False


class BaseStoragePoolAutostart(Autostart):
    """Pools that start with their driver."""

    kind = STORAGE_POOL
    transient_refusal: ClassVar[type[VirtError]] = InternalError


class BaseStoragePoolEvents(ActivityEvents):
    """Events of pools."""

    kind = STORAGE_POOL

    @requires(Can.DEFINE, Can.START, Can.REFRESH)
    def test_a_refresh_is_told(self, conn: Connection, workshop: Workshop, profile: Profile) -> None:
        pool = workshop.start(STORAGE_POOL)
        events = Recorder(conn, StoragePoolRefreshEvent, profile.deadline, pool)
        pool.refresh()
        eventually(lambda: events.of(pool), "a refresh is told", profile.deadline)
        assert [StoragePoolRefreshEvent()] == events.of(pool)

    @requires(Can.DEFINE, Can.BUILD)
    def test_a_build_is_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        pool = workshop.define(STORAGE_POOL)
        events = record(pool)
        pool.build()
        told = events.wait(pool, StoragePoolEventLifecycleType.CREATED)
        assert self.told("CREATED") == [record.event for record in told]


class OfVolumes(Conformance):
    """What tests of volumes have."""

    kind = STORAGE_VOL
    needs = Can.LIST

    @pytest.fixture
    def pool(self, workshop: Workshop) -> Any:
        """An active pool."""
        return workshop.active(STORAGE_POOL)


class BaseStorageVolLookup(OfVolumes):
    """Finding volumes by name, key and path."""

    def test_a_volume_is_found_by_its_name(self, obj: StorageVol) -> None:
        assert obj == obj.pool().lookup_volume_by_name(obj.name)

    def test_a_volume_is_found_by_its_key(self, conn: Connection, obj: StorageVol) -> None:
        assert obj == conn.lookup_volume_by_key(obj.key)

    def test_a_volume_is_found_by_its_path(self, conn: Connection, obj: StorageVol) -> None:
        assert obj == conn.lookup_volume_by_path(obj.path())

    def test_a_volume_names_its_pool(self, obj: StorageVol) -> None:
        assert obj.pool_name == obj.pool().name

    def test_an_unknown_name_is_the_error_of_the_kind(self, pool: StoragePool) -> None:
        with pytest.raises(NoStorageVolError):
            pool.lookup_volume_by_name(fresh_name())

    def test_an_unknown_key_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(NoStorageVolError):
            conn.lookup_volume_by_key(f"/conformance/{fresh_name()}")

    def test_an_unknown_path_is_the_error_of_the_kind(self, conn: Connection) -> None:
        with pytest.raises(NoStorageVolError):
            conn.lookup_volume_by_path(f"/conformance/{fresh_name()}")


class BaseStorageVolEnumeration(OfVolumes):
    """Listing volumes."""

    def test_a_volume_is_listed_once(self, obj: StorageVol) -> None:
        assert [obj] == [each for each in obj.pool().list_volumes() if each == obj]

    def test_names_and_count_agree_with_the_list(self, obj: StorageVol) -> None:
        names = sorted(each.name for each in obj.pool().list_volumes())
        assert (names, len(names)) == (sorted(obj.pool().list_volume_names()), obj.pool().num_of_volumes())

    def test_unknown_flags_are_refused(self, pool: StoragePool) -> None:
        with pytest.raises(InvalidArgError):
            pool.list_volumes(UNKNOWN_FLAG)


class BaseStorageVolDescription(Description):
    """Volumes as XML."""

    kind = STORAGE_VOL
    identity: ClassVar[dict[str, str]] = {"name": "name", "key": "key"}


class BaseStorageVolCreation(OfVolumes):
    """Making and deleting volumes.

    Attributes:
        taken: Error of a name that another volume of the pool has.
    """

    needs = Can.LIST | Can.CREATE
    taken: ClassVar[type[VirtError]] = StorageVolExistsError

    def test_a_new_volume_has_the_name_it_was_given(self, pool: StoragePool, workshop: Workshop) -> None:
        name = fresh_name()
        volume = workshop.keep(STORAGE_VOL, pool.create_volume(workshop.text(STORAGE_VOL, name)))
        assert (name, pool.name) == (volume.name, volume.pool_name)

    @requires(Can.INFO)
    def test_a_new_volume_has_the_capacity_it_was_given(self, workshop: Workshop) -> None:
        xml = f"<volume><name>{fresh_name()}</name><capacity unit='MiB'>2</capacity></volume>"
        volume = workshop.keep(STORAGE_VOL, workshop.active(STORAGE_POOL).create_volume(xml))
        assert 2 * MIB == volume.info().capacity

    def test_a_name_that_is_taken_is_refused(self, pool: StoragePool, workshop: Workshop) -> None:
        text = workshop.text(STORAGE_VOL)
        volume = workshop.keep(STORAGE_VOL, pool.create_volume(text))
        with pytest.raises(self.taken):
            pool.create_volume(text)
        assert volume in pool.list_volumes()

    @pytest.mark.parametrize("lacking", ["name", "capacity"])
    def test_a_document_without_name_or_capacity_is_refused(
        self, pool: StoragePool, workshop: Workshop, lacking: str
    ) -> None:
        with pytest.raises(XMLError):
            pool.create_volume(without(workshop.text(STORAGE_VOL), lacking))

    def test_a_document_of_another_kind_is_refused(self, pool: StoragePool) -> None:
        with pytest.raises(XMLError):
            pool.create_volume("<conformance/>")

    def test_a_refused_document_leaves_nothing(self, pool: StoragePool) -> None:
        before = pool.list_volume_names()
        with pytest.raises(VirtError):
            pool.create_volume("<conformance/>")
        assert before == pool.list_volume_names()

    def test_a_deleted_volume_is_gone(self, pool: StoragePool, workshop: Workshop) -> None:
        volume = pool.create_volume(workshop.text(STORAGE_VOL))
        volume.delete()
        assert volume not in pool.list_volumes()

    def test_deleting_what_is_gone_is_the_error_of_the_kind(self, pool: StoragePool, workshop: Workshop) -> None:
        volume = pool.create_volume(workshop.text(STORAGE_VOL))
        volume.delete()
        with pytest.raises(NoStorageVolError):
            volume.delete()

    @requires(Can.CLONE)
    def test_a_clone_stands_beside_its_source(self, pool: StoragePool, workshop: Workshop) -> None:
        source = workshop.keep(STORAGE_VOL, pool.create_volume(workshop.text(STORAGE_VOL)))
        clone = workshop.keep(STORAGE_VOL, pool.create_volume_from(workshop.text(STORAGE_VOL), source))
        assert {source.name, clone.name} <= set(pool.list_volume_names())


class BaseStorageVolContents(OfVolumes):
    """Capacity and contents of volumes."""

    needs = Can.LIST | Can.CREATE

    @pytest.fixture
    def volume(self, workshop: Workshop) -> Any:
        """A new volume."""
        return workshop.create(STORAGE_VOL)

    @requires(Can.INFO)
    def test_sizes_are_in_bytes(self, volume: StorageVol) -> None:
        info = volume.info()
        assert info.capacity >= MIB
        assert info.allocation >= 0

    @requires(Can.CONTENTS)
    def test_what_is_uploaded_is_downloaded(self, volume: StorageVol) -> None:
        data = bytes(range(256)) * 64
        volume.upload_from(io.BytesIO(data))
        received = io.BytesIO()
        volume.download_to(received, length=len(data))
        assert data == received.getvalue()

    @requires(Can.CONTENTS)
    def test_a_new_volume_reads_as_zeros(self, volume: StorageVol) -> None:
        received = io.BytesIO()
        volume.download_to(received, length=4096)
        assert bytes(4096) == received.getvalue()

    @requires(Can.CONTENTS, Can.WIPE)
    def test_a_wiped_volume_reads_as_zeros(self, volume: StorageVol) -> None:
        volume.upload_from(io.BytesIO(b"secret"))
        volume.wipe()
        received = io.BytesIO()
        volume.download_to(received, length=6)
        assert bytes(len(received.getvalue())) == received.getvalue()

    @requires(Can.RESIZE, Can.INFO)
    def test_a_volume_grows(self, volume: StorageVol) -> None:
        volume.resize(4 * MIB)
        assert 4 * MIB == volume.info().capacity

    @requires(Can.RESIZE, Can.INFO)
    def test_a_volume_grows_by_a_difference(self, volume: StorageVol) -> None:
        before = volume.info().capacity
        volume.resize(MIB, StorageVolResizeFlags.DELTA)
        assert before + MIB == volume.info().capacity

    @requires(Can.RESIZE)
    def test_a_volume_does_not_shrink_by_mistake(self, volume: StorageVol) -> None:
        with pytest.raises(InvalidArgError):
            volume.resize(4096)


class BaseStorageVolStates(Refusing):
    """Volumes of pools that stop."""

    kind = STORAGE_VOL
    needs = Can.LIST | Can.CREATE

    @pytest.fixture
    def stopped(self, workshop: Workshop) -> Any:
        """A volume whose pool has been stopped."""
        pool = workshop.start(STORAGE_POOL)
        volume = workshop.keep(STORAGE_VOL, pool.create_volume(workshop.text(STORAGE_VOL)))
        pool.destroy()
        return volume

    def test_a_volume_of_an_inactive_pool_cannot_be_deleted(self, stopped: StorageVol) -> None:
        with self.refused("delete"):
            stopped.delete()

    def test_nothing_is_created_in_an_inactive_pool(self, stopped: StorageVol, workshop: Workshop) -> None:
        with self.refused("create_volume"):
            stopped.pool().create_volume(workshop.text(STORAGE_VOL))

    def test_nothing_is_found_in_an_inactive_pool(self, stopped: StorageVol) -> None:
        with self.refused("lookup"):
            stopped.pool().lookup_volume_by_name(stopped.name)
