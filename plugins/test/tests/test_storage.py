"""Pools and volumes of the simulator: states, events, figures."""

from __future__ import annotations

import pytest

from plugins.test.tests import real
from plugins.test.tests.bench import Bench, pool_xml, volume_xml
from plugins.test.tests.watching import Watch
from virtkit.enums import StoragePoolEventLifecycleType as Event
from virtkit.enums import StoragePoolState
from virtkit.errors import NoStoragePoolError
from virtkit.events import EventKey

GIB = 1 << 30
CAPACITY = 100 * GIB


def test_a_pool_is_built_started_stopped_and_deleted(bench: Bench) -> None:
    watch = Watch(bench, EventKey("storage_pool", 0), EventKey("storage_pool", 1))
    ref = bench.storage_pool_define_xml(pool_xml(), 0)
    bench.storage_pool_build(ref, 0)
    bench.storage_pool_create(ref, 0)
    bench.storage_pool_refresh(ref, 0)
    bench.storage_pool_destroy(ref)
    bench.storage_pool_delete(ref, 0)
    bench.storage_pool_undefine(ref)
    lifecycle = (Event.DEFINED, Event.CREATED, Event.STARTED, None, Event.STOPPED, Event.DELETED, Event.UNDEFINED)
    assert watch.take() == [("vecpool",) if event is None else ("vecpool", event, 0) for event in lifecycle]


def test_a_transient_pool_is_gone_when_it_stops(bench: Bench) -> None:
    ref = bench.storage_pool_create_xml(pool_xml(), 0)
    assert (bench.storage_pool_is_active(ref), bench.storage_pool_is_persistent(ref)) == (True, False)
    bench.storage_pool_destroy(ref)
    with pytest.raises(NoStoragePoolError):
        bench.storage_pool_is_active(ref)


def test_a_transient_pool_that_is_defined_may_be_started_automatically(bench: Bench) -> None:
    ref = bench.storage_pool_create_xml(pool_xml(), 0)
    bench.storage_pool_define_xml(pool_xml(), 0)
    bench.storage_pool_set_autostart(ref, True)
    assert bench.storage_pool_get_autostart(ref)


def path(bench: Bench) -> str:
    """Where the pool is."""
    xml: str = bench.storage_pool_get_xml_desc(bench.storage_pool_lookup_by_name("vecpool"), 0)
    return xml.partition("<path>")[2].partition("</path>")[0]


def test_a_pool_that_is_redefined_while_it_is_active_changes_when_it_stops(bench: Bench) -> None:
    ref = bench.storage_pool_define_xml(pool_xml(), 0)
    bench.storage_pool_create(ref, 0)
    bench.storage_pool_define_xml(pool_xml(path="/elsewhere"), 0)
    assert path(bench) == "/vecpool"
    bench.storage_pool_destroy(ref)
    assert path(bench) == "/elsewhere"


def test_a_pool_that_is_created_with_another_definition_keeps_its_own(bench: Bench) -> None:
    ref = bench.storage_pool_define_xml(pool_xml(), 0)
    bench.storage_pool_create_xml(pool_xml(path="/elsewhere"), 0)
    assert path(bench) == "/elsewhere"
    bench.storage_pool_destroy(ref)
    assert path(bench) == "/vecpool"


def test_figures_follow_the_volumes(bench: Bench) -> None:
    bench.storage_vol_create_xml(bench.pool, volume_xml("a", "<capacity unit='G'>3</capacity>"), 0)
    thin = "<capacity unit='G'>5</capacity><allocation>0</allocation>"
    bench.storage_vol_create_xml(bench.pool, volume_xml("b", thin), 0)
    info = bench.storage_pool_get_info(bench.pool)
    assert info == (StoragePoolState.RUNNING, CAPACITY, 3 * GIB, CAPACITY - 3 * GIB)
    bench.storage_vol_delete(bench.storage_vol_lookup_by_name(bench.pool, "a"), 0)
    assert bench.storage_pool_get_info(bench.pool).allocation == 0
    assert f"<available unit='bytes'>{CAPACITY}</available>" in bench.storage_pool_get_xml_desc(bench.pool, 0)


def test_a_volume_is_found_by_name_key_and_path(bench: Bench) -> None:
    ref = bench.volume()
    assert ref.key == "/default-pool/vecvol"
    assert bench.storage_vol_lookup_by_key(ref.key) == ref
    assert bench.storage_vol_lookup_by_path("/default-pool/vecvol") == ref
    assert bench.storage_vol_get_path(ref) == "/default-pool/vecvol"
    assert bench.storage_pool_lookup_by_volume(ref) == bench.pool
    assert bench.storage_vol_get_info(ref) == (0, 1 << 20, 1 << 20)


def test_a_copy_has_the_size_it_was_given(bench: Bench) -> None:
    copy = bench.storage_vol_create_xml_from(bench.pool, volume_xml("copy"), bench.volume(), 0)
    assert bench.storage_vol_get_info(copy).capacity == 1 << 20


def test_a_volume_larger_than_the_pool_is_refused_and_leaves_nothing(bench: Bench) -> None:
    huge = volume_xml("huge", "<capacity unit='T'>1</capacity>")
    assert bench.refusal(bench.storage_vol_create_xml, bench.pool, huge, 0) == (1, 12)
    assert bench.storage_pool_list_volumes(bench.pool) == []


def test_lists_are_filtered_by_type(bench: Bench) -> None:
    bench.storage_pool_define_xml(pool_xml("fs", kind="mpath"), 0)
    assert [ref.name for ref in bench.connect_list_all_storage_pools(64)] == ["default-pool"]
    assert [ref.name for ref in bench.connect_list_all_storage_pools(1)] == ["fs"]


SEARCHES = [
    ("logical", None),
    ("netfs", "<source><host name='h1'/></source>"),
    ("netfs", None),
    ("dir", None),
    ("fs", None),
    ("iscsi", "<source><host name='h'/></source>"),
    ("nosuch", None),
]


@pytest.mark.libvirt
def test_searches_for_storage_find_what_libvirts_find(bench: Bench) -> None:
    program = "print(json.dumps([attempt(conn.findStoragePoolSources, *ask, 0) for ask in request['searches']]))"
    ours = []
    for kind, spec in SEARCHES:
        code = bench.refusal(bench.connect_find_storage_pool_sources, kind, spec, 0)
        ours.append({"error": list(code)} if code[0] else bench.connect_find_storage_pool_sources(kind, spec, 0))
    assert ours == real.run(program, searches=SEARCHES)


def test_a_search_that_names_no_server_or_two_is_refused(bench: Bench) -> None:
    for spec in ("<source/>", "<source><host name='a'/><host name='b'/></source>"):  # libvirt 9.0 crashes at the first
        assert bench.refusal(bench.connect_find_storage_pool_sources, "netfs", spec, 0) == (8, 12)
