"""Pools: definitions, their life, and what is remembered of them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue

import pytest

import virtkit
from plugins.storage.tests.documents import pool_xml, volume_xml
from virtkit import Connection, StoragePool
from virtkit.enums import ConnectListAllStoragePoolsFlags as Listed
from virtkit.enums import (
    StoragePoolBuildFlags,
    StoragePoolCreateFlags,
    StoragePoolDeleteFlags,
    StoragePoolEventLifecycleType,
    StoragePoolState,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    NoStoragePoolError,
    NotSupportedError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
    XMLError,
)
from virtkit.events import StoragePoolLifecycleEvent


def restart(connection: Connection) -> Connection:
    """What the next program finds."""
    uri = connection.uri
    connection.close()
    return virtkit.open(uri)


# Definitions


def test_a_pool_of_a_type_without_backend_names_the_package(connection: Connection) -> None:
    document = "<pool type='zfs'><name>tank</name></pool>"
    with pytest.raises(ConfigUnsupportedError, match=r"pool 'tank' is of type 'zfs'.*pip install virtkit-storage-zfs"):
        connection.define_storage_pool(document)


def test_a_type_nobody_has_heard_of_is_refused(connection: Connection) -> None:
    with pytest.raises(XMLError, match="'shelf' is no type of storage pool"):
        connection.define_storage_pool("<pool type='shelf'><name>a</name></pool>")


@pytest.mark.parametrize("name", ["a/b", "a\nb", ".a", "x" * 300])
def test_a_name_that_cannot_be_a_file_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(XMLError, match="choose another"):
        connection.define_storage_pool(pool_xml(name, "/srv"))


def test_two_pools_have_no_folder_in_common(connection: Connection) -> None:
    connection.define_storage_pool(pool_xml("one", "/srv/images"))
    with pytest.raises(OperationFailedError, match=r"'two' would have path:/srv/images in common with .*'one'"):
        connection.define_storage_pool(pool_xml("two", "/srv//images/"))


def test_a_definition_of_an_active_pool_holds_from_its_next_start(
    connection: Connection, pool: StoragePool, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    uuid = f"<uuid>{pool.uuid_string}</uuid>"
    connection.define_storage_pool(pool_xml("images", other, uuid))
    assert f"<path>{tmp_path / 'images'}</path>" in pool.xml_desc()
    pool.destroy()
    pool.create()
    assert f"<path>{other}</path>" in pool.xml_desc()


def test_pools_are_listed_by_their_type(connection: Connection, pool: StoragePool) -> None:
    assert [pool] == connection.list_storage_pools(Listed.DIR | Listed.FS)
    assert [] == connection.list_storage_pools(Listed.LOGICAL)
    assert [] == connection.list_storage_pools(Listed.DIR | Listed.INACTIVE)


def test_a_pool_is_found_by_the_folder_of_its_volumes(connection: Connection, pool: StoragePool, folder: Path) -> None:
    assert pool == connection.lookup_storage_pool_by_target_path(f"{folder}//")
    with pytest.raises(NoStoragePoolError):
        connection.lookup_storage_pool_by_target_path("/nowhere")
    with pytest.raises(InvalidArgError):
        connection.lookup_storage_pool_by_target_path("images")


# Life


def test_building_makes_the_folder_as_the_definition_says(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "new" / "images"
    permissions = "<permissions><mode>0750</mode><owner>0</owner><group>0</group></permissions>"
    document = pool_xml("images", path).replace("</path>", f"</path>{permissions}")
    connection.define_storage_pool(document).build()
    assert 0o750 == stat.S_IMODE(path.stat().st_mode)


def test_a_pool_whose_folder_is_missing_does_not_start(connection: Connection, tmp_path: Path) -> None:
    pool = connection.define_storage_pool(pool_xml("images", tmp_path / "missing"))
    with pytest.raises(SystemCallError, match=f"'images': {tmp_path}/missing: No such file") as caught:
        pool.create()
    assert 2 == caught.value.int1
    assert StoragePoolState.INACTIVE == pool.info().state


def test_a_pool_whose_target_is_a_file_does_not_start(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    pool = connection.define_storage_pool(pool_xml("images", tmp_path / "file"))
    for step in (pool.create, pool.build):
        with pytest.raises(SystemCallError, match="Not a directory; a folder is needed there"):
            step()


def test_a_pool_is_built_with_its_start(connection: Connection, tmp_path: Path) -> None:
    events: SimpleQueue[StoragePoolLifecycleEvent] = SimpleQueue()
    connection.subscribe(StoragePoolLifecycleEvent, lambda _, event: events.put(event))
    pool = connection.create_storage_pool(pool_xml("images", tmp_path / "new"), StoragePoolCreateFlags.WITH_BUILD)
    assert StoragePoolEventLifecycleType.STARTED == events.get(timeout=30).event
    assert pool.is_active()
    assert not pool.is_persistent()
    pool.destroy()
    assert [] == connection.list_storage_pools()


def test_a_transient_pool_that_does_not_start_leaves_nothing(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(SystemCallError):
        connection.create_storage_pool(pool_xml("images", tmp_path / "missing"))
    assert [] == connection.list_storage_pools()


def test_a_folder_cannot_be_formatted(connection: Connection, tmp_path: Path) -> None:
    pool = connection.define_storage_pool(pool_xml("images", tmp_path / "new"))
    with pytest.raises(OperationInvalidError, match="no device to format"):
        pool.build(StoragePoolBuildFlags.OVERWRITE)
    with pytest.raises(InvalidArgError, match="exclude each other"):
        pool.build(StoragePoolBuildFlags.OVERWRITE | StoragePoolBuildFlags.NO_OVERWRITE)
    with pytest.raises(InvalidArgError, match="neither repaired nor resized"):
        pool.build(StoragePoolBuildFlags.REPAIR)


def test_a_folder_with_something_in_it_is_not_deleted(pool: StoragePool, folder: Path) -> None:
    (folder / "a.img").touch()
    pool.destroy()
    with pytest.raises(SystemCallError, match="Directory not empty"):
        pool.delete()
    with pytest.raises(InvalidArgError, match="wipe its volumes"):
        pool.delete(StoragePoolDeleteFlags.ZEROED)
    assert (folder / "a.img").exists()


def test_a_refresh_finds_what_others_did(pool: StoragePool, folder: Path) -> None:
    (folder / "new.img").touch()
    assert [] == pool.list_volume_names()
    pool.refresh()
    assert ["new.img"] == pool.list_volume_names()
    (folder / "new.img").unlink()
    pool.refresh()
    assert [] == pool.list_volume_names()


def test_a_pool_whose_folder_is_gone_is_stopped_by_a_refresh(pool: StoragePool, folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(SystemCallError, match="No such file"):
        pool.refresh()
    assert not pool.is_active()
    folder.mkdir()
    pool.create()


def test_transient_pools_are_not_started_by_themselves(connection: Connection, folder: Path) -> None:
    pool = connection.create_storage_pool(pool_xml("images", folder))
    with pytest.raises(InternalError, match="'images' is transient: define it"):
        pool.set_autostart(True)


# What the next program finds


def test_an_active_pool_is_active_for_the_next_program(connection: Connection, pool: StoragePool) -> None:
    pool.create_volume(volume_xml("a.img"))
    with restart(connection) as again:
        found = again.lookup_storage_pool_by_name("images")
        assert StoragePoolState.RUNNING == found.info().state
        assert ["a.img"] == found.list_volume_names()
        assert 0 < found.info().capacity


@pytest.mark.parametrize("owning", [False, True])
def test_an_active_pool_is_described_alike_by_the_next_program(
    connection: Connection, pool: StoragePool, owning: bool
) -> None:
    described = pool.xml_desc().splitlines()
    with restart(connection) as again:
        found = again.lookup_storage_pool_by_name("images")
        if owning:
            found.set_autostart(False)  # takes the root over
        told = found.xml_desc().splitlines()
    assert "      <mode>0755</mode>" in told
    assert "  <capacity unit='bytes'>0</capacity>" not in told
    sizes = ("  <allocation", "  <available")
    assert [line for line in described if not line.startswith(sizes)] == [
        line for line in told if not line.startswith(sizes)
    ]


def test_a_transient_pool_is_there_for_the_next_program(connection: Connection, folder: Path) -> None:
    connection.create_storage_pool(pool_xml("images", folder))
    with restart(connection) as again:
        found = again.lookup_storage_pool_by_name("images")
        assert (True, False) == (found.is_active(), found.is_persistent())


def test_a_pool_whose_folder_is_gone_is_inactive_for_the_next_program(
    connection: Connection, pool: StoragePool, folder: Path
) -> None:
    folder.rmdir()
    with restart(connection) as again:
        found = again.lookup_storage_pool_by_name("images")
        found.set_autostart(False)  # takes the root over
        assert not found.is_active()


def test_marked_pools_start_once_per_boot(connection: Connection, pool: StoragePool, tmp_path: Path) -> None:
    pool.set_autostart(True)
    pool.destroy()
    with restart(connection) as again:
        found = again.lookup_storage_pool_by_name("images")
        found.set_autostart(True)
        assert not found.is_active()
    (tmp_path / "root/run/storage/autostarted").write_text("another boot")
    with virtkit.open(connection.uri) as rebooted:
        found = rebooted.lookup_storage_pool_by_name("images")
        found.set_autostart(True)
        assert found.is_active()


def test_a_marked_pool_that_cannot_start_holds_up_no_other(
    connection: Connection, pool: StoragePool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lost = connection.define_storage_pool(pool_xml("lost", tmp_path / "lost"))
    for each in (pool, lost):
        each.set_autostart(True)
    pool.destroy()
    (tmp_path / "root/run/storage/autostarted").unlink()
    with restart(connection) as again:
        again.lookup_storage_pool_by_name("images").set_autostart(True)
        active = {each.name: each.is_active() for each in again.list_storage_pools()}
    assert {"images": True, "lost": False} == active
    assert "storage pool 'lost' is not started by itself" in caplog.text


def test_a_damaged_definition_hides_no_other(
    connection: Connection, pool: StoragePool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "root/etc/storage/broken.xml").write_text("<pool")
    with restart(connection) as again:
        assert ["images"] == [each.name for each in again.list_storage_pools()]
    assert "broken.xml is left out" in caplog.text


def test_a_full_disk_loses_no_definition(
    connection: Connection, pool: StoragePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SystemCallError, match="free some space"):
        connection.define_storage_pool(pool_xml("more", tmp_path / "more"))
    assert ["images"] == [each.name for each in connection.list_storage_pools()]


def test_who_only_reads_sees_the_pools_of_another_program(connection: Connection, folder: Path, uri: str) -> None:
    pool = connection.create_storage_pool(pool_xml("images", folder))
    pool.create_volume(volume_xml("a.img"))
    program = f"""
import virtkit
with virtkit.open({uri!r}) as connection:
    pool = connection.lookup_storage_pool_by_name("images")
    print(pool.info().state.name, pool.list_volume_names(), pool.lookup_volume_by_name("a.img").info().capacity)
"""
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ("RUNNING ['a.img'] 1048576\n", "") == (other.stdout, other.stderr)


def test_what_a_type_cannot_do_is_said(connection: Connection) -> None:
    with pytest.raises(NotSupportedError, match="pools of type 'dir' cannot be searched for"):
        connection.find_storage_pool_sources("dir")
    with pytest.raises(InternalError, match="'shelf'"):
        connection.find_storage_pool_sources("shelf")


def test_the_capabilities_name_every_type(connection: Connection) -> None:
    document = connection.storage_pool_capabilities()
    assert "<pool type='dir' supported='yes'>" in document
    assert "<pool type='sheepdog' supported='no'>" in document
    assert "<value>qcow2</value>" in document


def test_a_connection_to_this_driver_alone_tells_the_types_that_work(connection: Connection) -> None:
    document = connection.capabilities()
    assert document.startswith("<capabilities>\n\n  <pool>\n    <enum name='type'>\n      <value>dir</value>\n")
    assert document.endswith("    </enum>\n  </pool>\n\n</capabilities>\n")
