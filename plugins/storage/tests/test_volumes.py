"""Volumes: made, described, resized, deleted, and what others do to them."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from plugins.storage.tests.documents import MIB, of_format, pool_xml, qemu_img, volume_xml
from virtkit import Connection, StoragePool, discovery
from virtkit.enums import (
    StorageVolCreateFlags,
    StorageVolDeleteFlags,
    StorageVolInfoFlags,
    StorageVolResizeFlags,
    StorageVolType,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    NoStorageVolError,
    OperationAbortedError,
    OperationFailedError,
    OperationInvalidError,
    OperationUnsupportedError,
    StorageVolExistsError,
    SystemCallError,
    VirtError,
    XMLError,
)
from virtkit_storage import extents

LONG_SECONDS = 60.0


def qemu_info(path: str) -> Any:
    """What qemu-img says of an image."""
    return json.loads(qemu_img("info", "--output=json", path))


# Making


def test_a_new_file_is_its_owners_alone(pool: StoragePool) -> None:
    path = Path(pool.create_volume(volume_xml("a.img")).path())
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_mode_it_was_given(pool: StoragePool) -> None:
    wanted = "<permissions><mode>0640</mode></permissions>"
    path = Path(pool.create_volume(volume_xml("a.img", target=wanted)).path())
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_new_file_belongs_to_the_owner_of_its_pool(connection: Connection, folder: Path) -> None:
    owner = "<permissions><owner>65534</owner><group>65534</group></permissions>"
    pool = connection.create_storage_pool(pool_xml("images", folder).replace("</path>", f"</path>{owner}"))
    made = Path(pool.create_volume(volume_xml("a.qcow2", target=of_format("qcow2"))).path()).stat()
    assert (65534, 65534, 0o600) == (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode))


def test_a_raw_volume_takes_what_it_was_allocated(pool: StoragePool) -> None:
    whole, none, some = (
        pool.create_volume(volume_xml(name, 4 * MIB, allocation=allocation)).info()
        for name, allocation in (("whole", None), ("none", 0), ("some", MIB))
    )
    assert [4 * MIB] * 3 == [whole.capacity, none.capacity, some.capacity]
    assert (4 * MIB, 0, MIB) == (whole.allocation, none.allocation, some.allocation)


def test_the_physical_size_counts_holes(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img", 4 * MIB, allocation=0))
    assert 4 * MIB == volume.info(StorageVolInfoFlags.GET_PHYSICAL).allocation


@pytest.mark.parametrize("name", ["qcow2", "qcow", "qed", "vdi", "vhdx", "vmdk", "vpc"])
def test_an_image_of_each_format_is_made(pool: StoragePool, name: str) -> None:
    volume = pool.create_volume(volume_xml("a.img", 4 * MIB, target=of_format(name)))
    assert name == qemu_info(volume.path())["format"]
    assert f"<format type='{name}'/>" in volume.xml_desc()
    assert 4 * MIB <= volume.info().capacity < 5 * MIB


def test_a_qcow2_image_has_the_features_it_was_given(pool: StoragePool) -> None:
    target = (
        of_format("qcow2") + "<compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize>"
        "<features><lazy_refcounts/><extended_l2/></features>"
    )
    volume = pool.create_volume(volume_xml("a.img", 4 * MIB, target=target))
    info = qemu_info(volume.path())
    assert 128 << 10 == info["cluster-size"]
    details = info["format-specific"]["data"]
    assert ("1.1", True, True) == (details["compat"], details["lazy-refcounts"], details["extended-l2"])
    assert "<clusterSize unit='B'>131072</clusterSize>" in volume.xml_desc()
    assert "<lazy_refcounts/>\n      <extended_l2/>" in volume.xml_desc()


def test_features_are_told_of_every_image_that_could_have_some(pool: StoragePool) -> None:
    plain = pool.create_volume(volume_xml("plain", target=of_format("qcow2")))
    old = pool.create_volume(volume_xml("old", target=of_format("qcow2") + "<compat>0.10</compat>"))
    assert "<features/>" in plain.xml_desc()
    assert "<features/>" not in old.xml_desc()


def test_room_for_the_image_of_a_disc_is_made(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("disc.iso", target=of_format("iso")))
    assert (MIB, MIB) == (volume.info().capacity, volume.info().allocation)


def test_an_old_qcow2_image_is_made_when_asked_for(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img", target=of_format("qcow2") + "<compat>0.10</compat>"))
    assert "0.10" == qemu_info(volume.path())["format-specific"]["data"]["compat"]


def test_metadata_is_laid_out_at_once_when_asked_for(pool: StoragePool) -> None:
    plain = pool.create_volume(volume_xml("plain", 64 * MIB, target=of_format("qcow2")))
    flags = StorageVolCreateFlags.PREALLOC_METADATA
    laid = pool.create_volume(volume_xml("laid", 64 * MIB, allocation=0, target=of_format("qcow2")), flags)
    whole = pool.create_volume(volume_xml("whole", 64 * MIB, target=of_format("qcow2")), flags)
    assert laid.info(1).allocation > plain.info(1).allocation
    assert laid.info().allocation < 64 * MIB <= whole.info().allocation
    with pytest.raises(ConfigUnsupportedError, match="no metadata to lay out"):
        pool.create_volume(volume_xml("raw"), flags)


def test_an_image_stands_on_another_one(pool: StoragePool) -> None:
    base = pool.create_volume(volume_xml("base", 8 * MIB, target=of_format("qcow2")))
    backing = f"<backingStore><path>{base.path()}</path><format type='qcow2'/></backingStore>"
    xml = f"<volume><name>top</name><target><format type='qcow2'/></target>{backing}</volume>"
    top = pool.create_volume(xml)
    assert 8 * MIB == top.info().capacity
    assert base.path() == qemu_info(top.path())["full-backing-filename"]
    assert f"<backingStore>\n    <path>{base.path()}</path>\n    <format type='qcow2'/>" in top.xml_desc()


def test_a_backing_store_that_is_missing_is_told(pool: StoragePool) -> None:
    backing = "<backingStore><path>/nowhere/base</path><format type='raw'/></backingStore>"
    xml = f"<volume><name>top</name><target><format type='qcow2'/></target>{backing}</volume>"
    with pytest.raises(SystemCallError, match="backing store: /nowhere/base: No such file"):
        pool.create_volume(xml)
    with pytest.raises(ConfigUnsupportedError, match="'top' of format 'raw' cannot stand on another image"):
        pool.create_volume(xml.replace("qcow2", "raw").replace("/nowhere/base", "/dev/null"))
    assert [] == pool.list_volume_names()


def test_a_folder_is_a_volume_too(pool: StoragePool, folder: Path) -> None:
    volume = pool.create_volume(volume_xml("box", target=of_format("dir")))
    assert (folder / "box").is_dir()
    assert StorageVolType.DIR == volume.info().type
    with pytest.raises(OperationUnsupportedError, match="'box' is a folder and has no contents"):
        volume.wipe()
    (folder / "box" / "file").touch()
    with pytest.raises(SystemCallError, match="Directory not empty"):
        volume.delete()
    (folder / "box" / "file").unlink()
    volume.delete()
    assert not (folder / "box").exists()


@pytest.mark.parametrize("name", ["..", ".", "a\nb", "x" * 300, "\u00fc" * 200])
def test_a_name_that_no_file_can_have_is_refused(pool: StoragePool, folder: Path, name: str) -> None:
    with pytest.raises(XMLError, match="choose another"):
        pool.create_volume(volume_xml(name))
    assert [] == os.listdir(folder)


def test_a_name_leads_nowhere_else(pool: StoragePool, tmp_path: Path) -> None:
    with pytest.raises(OperationInvalidError, match=r"'../a' has a '/'"):
        pool.create_volume(volume_xml("../a"))
    assert not (tmp_path / "a").exists()


def test_a_format_nobody_makes_is_refused(pool: StoragePool) -> None:
    with pytest.raises(ConfigUnsupportedError, match="no image of format 'bochs' can be made here: choose raw"):
        pool.create_volume(volume_xml("a", target=of_format("bochs")))


def test_what_is_on_disk_but_not_known_yet_is_not_overwritten(pool: StoragePool, folder: Path) -> None:
    (folder / "a.img").write_text("precious")
    with pytest.raises(StorageVolExistsError, match=r"'images' has a volume 'a.img' already"):
        pool.create_volume(volume_xml("a.img"))
    assert "precious" == (folder / "a.img").read_text()


def test_what_does_not_fit_leaves_nothing(pool: StoragePool, folder: Path) -> None:
    with pytest.raises(VirtError):
        pool.create_volume(volume_xml("a.img", 1 << 62))
    with pytest.raises(VirtError):
        pool.create_volume(volume_xml("a.qcow2", 1 << 62, target=of_format("qcow2")))
    assert [] == os.listdir(folder)
    assert [] == pool.list_volume_names()


# Finding


def test_a_volume_that_others_made_is_found_before_a_refresh(pool: StoragePool, folder: Path) -> None:
    (folder / "new.img").write_bytes(bytes(4096))
    assert 4096 == pool.lookup_volume_by_name("new.img").info().capacity


def test_a_volume_that_others_removed_is_gone(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img"))
    os.unlink(volume.path())
    with pytest.raises(NoStorageVolError, match=r"'images' has no volume 'a.img'; `virtkit vol-list images`"):
        volume.info()
    assert [] == pool.list_volume_names()


def test_sizes_are_those_of_now(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img"))
    os.truncate(volume.path(), 3 * MIB)
    assert 3 * MIB == volume.info().capacity
    assert "<capacity unit='bytes'>3145728</capacity>" in volume.xml_desc()


def test_one_of_many_volumes_is_found_without_listing_them(
    connection: Connection, pool: StoragePool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        (folder / f"{number}.img").touch()
    looked: list[str] = []
    backend = discovery.backend("dir")
    find = type(backend).volume_find
    monkeypatch.setattr(type(backend), "volume_list", lambda *rest: pytest.fail("the pool was listed"))

    def counting(self: Any, pool: Any, name: str, known: Any = None) -> Any:
        looked.append(name)
        return find(self, pool, name, known)

    monkeypatch.setattr(type(backend), "volume_find", counting)
    assert "7.img" == pool.lookup_volume_by_name("7.img").name
    assert "8.img" == connection.lookup_volume_by_path(f"{folder}/8.img").name
    assert "9.img" == connection.lookup_volume_by_key(f"{folder}/9.img").name
    assert ["7.img", "8.img", "9.img"] == looked


def test_a_key_is_looked_for_in_every_pool(connection: Connection, pool: StoragePool) -> None:
    pool.create_volume(volume_xml("a.img"))
    with pytest.raises(NoStorageVolError, match="'nosuch'"):
        connection.lookup_volume_by_key("nosuch")


def test_links_lead_to_files_of_the_pool_only(pool: StoragePool, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    (folder / "a.img").write_bytes(bytes(4096))
    (folder / "inside").symlink_to("a.img")
    for name, aim in (("outside", tmp_path / "secret"), ("up", "../secret"), ("lost", "nothing"), ("loop", "loop")):
        (folder / name).symlink_to(aim)
    pool.refresh()
    assert ["a.img", "inside"] == pool.list_volume_names()
    assert 4096 == pool.lookup_volume_by_name("inside").info().capacity
    with pytest.raises(NoStorageVolError):
        pool.lookup_volume_by_name("outside")


def test_what_is_no_file_is_no_volume(pool: StoragePool, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / ".hidden").touch()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.img")).touch()
    pool.refresh()
    assert [".hidden"] == pool.list_volume_names()
    with pytest.raises(NoStorageVolError):
        pool.lookup_volume_by_name("..")


def test_a_header_full_of_nonsense_is_raw_data(pool: StoragePool, folder: Path) -> None:
    (folder / "a.img").write_bytes(b"QFI\xfb\0\0\0\3" + b"\xff" * 4096)
    pool.refresh()
    assert "<format type='raw'/>" in pool.lookup_volume_by_name("a.img").xml_desc()


def test_what_a_header_names_outside_the_pool_is_not_read(pool: StoragePool, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"not yours" * 1000)
    qemu_img("create", "-q", "-f", "qcow2", "-b", tmp_path / "secret", "-F", "raw", folder / "trap")
    trap = pool.lookup_volume_by_name("trap")
    assert f"<path>{tmp_path}/secret</path>\n    <format type='raw'/>\n  </backingStore>" in trap.xml_desc()
    with pytest.raises(OperationFailedError, match="which is no volume of an active pool and so is not read"):
        pool.create_volume_from(volume_xml("copy"), trap)
    assert ["trap"] == sorted(os.listdir(folder))


def test_an_image_that_stands_on_itself_is_refused(pool: StoragePool, folder: Path) -> None:
    for name in ("a", "b"):
        qemu_img("create", "-q", "-f", "qcow2", folder / name, "1M")
    for name, other in (("a", "b"), ("b", "a")):
        qemu_img("rebase", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", folder / other, folder / name)
    with pytest.raises(OperationFailedError, match="no volume of an active pool"):
        pool.create_volume_from(volume_xml("copy"), pool.lookup_volume_by_name("a"))
    assert ["a", "b"] == sorted(os.listdir(folder))


# Size


@pytest.mark.parametrize("name", ["raw", "qcow2"])
def test_a_volume_shrinks_only_when_told_to(pool: StoragePool, name: str) -> None:
    volume = pool.create_volume(volume_xml("a.img", 4 * MIB, target=of_format(name)))
    with pytest.raises(InvalidArgError, match="data would be cut off; say SHRINK"):
        volume.resize(2 * MIB)
    volume.resize(2 * MIB, StorageVolResizeFlags.SHRINK)
    assert 2 * MIB == volume.info().capacity
    volume.resize(MIB, StorageVolResizeFlags.SHRINK | StorageVolResizeFlags.DELTA)
    assert MIB == volume.info().capacity


def test_new_room_is_reserved_when_asked_for(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img", MIB, allocation=0))
    volume.resize(2 * MIB)
    assert 0 == volume.info().allocation
    volume.resize(4 * MIB, StorageVolResizeFlags.ALLOCATE)
    assert 2 * MIB <= volume.info().allocation


def test_more_than_the_pool_has_is_refused(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img"))
    with pytest.raises(OperationFailedError, match=r"bytes left, too few for volume 'a.img'"):
        volume.resize(1 << 60)
    assert MIB == volume.info().capacity


def test_free_space_is_right_after_every_operation(pool: StoragePool) -> None:
    before = pool.info().available
    volume = pool.create_volume(volume_xml("a.img", 64 * MIB))
    taken = before - pool.info().available
    assert 60 * MIB < taken
    volume.delete()
    assert pool.info().available > before - 32 * MIB


# Deleting, and doing two things at once


def test_a_deletion_may_overwrite_first(pool: StoragePool, folder: Path) -> None:
    (folder / "a.img").write_bytes(b"secret" * 1000)
    os.link(folder / "a.img", folder / "same")
    pool.refresh()
    pool.lookup_volume_by_name("a.img").delete(StorageVolDeleteFlags.ZEROED)
    assert bytes(6000) == (folder / "same").read_bytes()
    with pytest.raises(InvalidArgError, match="has no snapshots of its own"):
        pool.lookup_volume_by_name("same").delete(StorageVolDeleteFlags.WITH_SNAPSHOTS)


class Slow:
    """Makes the filling of volumes wait until it is told to go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.goes_on = threading.Event()

    def fill(self, state: Any, target: Any, source: Any, *, reflink: bool) -> None:
        self.reached.set()
        while not self.goes_on.wait(0.01):
            target.guard()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr("virtkit_storage.images.fill", made.fill)
    return made


def test_a_clone_that_is_deleted_half_way_leaves_nothing(pool: StoragePool, folder: Path, slow: Slow) -> None:
    source = pool.create_volume(volume_xml("a.img"))
    with ThreadPoolExecutor(1) as caller:
        cloning = caller.submit(pool.create_volume_from, volume_xml("copy"), source)
        assert slow.reached.wait(LONG_SECONDS)
        assert ["a.img", "copy"] == pool.list_volume_names()
        pool.lookup_volume_by_name("copy").delete()
        with pytest.raises(OperationAbortedError, match=r"'copy' .* was deleted while it was being made"):
            cloning.result(LONG_SECONDS)
    assert ["a.img"] == os.listdir(folder) == pool.list_volume_names()


def test_a_clone_that_is_cancelled_in_the_middle_of_its_data_leaves_nothing(
    pool: StoragePool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pool.create_volume(volume_xml("a.img"))
    Path(source.path()).write_bytes(b"data" * (MIB // 4))
    begun, never = threading.Event(), threading.Event()
    copy_some = extents._copy_some

    def slowly(*arguments: int) -> int:
        copied = copy_some(*arguments)
        begun.set()
        never.wait(0.05)
        return copied

    monkeypatch.setattr(extents, "CHUNK_BYTES", 4096)
    monkeypatch.setattr(extents, "_copy_some", slowly)
    with ThreadPoolExecutor(1) as caller:
        cloning = caller.submit(pool.create_volume_from, volume_xml("copy", allocation=0), source)
        assert begun.wait(LONG_SECONDS)
        copy = pool.lookup_volume_by_name("copy")
        assert 0 < copy.info().allocation < MIB, "its progress shows"
        copy.delete()
        with pytest.raises(OperationAbortedError):
            cloning.result(LONG_SECONDS)
    assert ["a.img"] == os.listdir(folder) == pool.list_volume_names()


def test_while_a_volume_is_cloned_it_can_be_read_but_not_changed(pool: StoragePool, slow: Slow) -> None:
    source = pool.create_volume(volume_xml("a.img"))
    with ThreadPoolExecutor(1) as caller:
        cloning = caller.submit(pool.create_volume_from, volume_xml("copy"), source)
        assert slow.reached.wait(LONG_SECONDS)
        changes: tuple[Callable[[], object], ...] = (source.delete, source.wipe, lambda: source.resize(2 * MIB))
        for change in changes:
            with pytest.raises(OperationInvalidError, match=r"'a.img' of storage pool 'images' is being cloned"):
                change()
        with pytest.raises(OperationInvalidError, match=r"is in use: its volume '.*' is being"):
            pool.destroy()
        with pytest.raises(StorageVolExistsError):
            pool.create_volume(volume_xml("copy"))
        assert MIB == source.info().capacity
        pool.create_volume(volume_xml("another")).delete()
        pool.refresh()
        slow.goes_on.set()
        assert "copy" == cloning.result(LONG_SECONDS).name
    pool.destroy()


def test_many_at_once_lose_nothing(connection: Connection, pool: StoragePool, folder: Path) -> None:
    source = pool.create_volume(volume_xml("source"))

    def cycle(number: int) -> None:
        for _ in range(5):
            volume = pool.create_volume_from(volume_xml(f"{number}.img"), source)
            volume.resize(2 * MIB)
            pool.refresh()
            volume.delete()

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(cycle, range(8)))
    assert ["source"] == os.listdir(folder) == pool.list_volume_names()
    pool.destroy()


def test_two_who_delete_one_volume_are_told_apart(pool: StoragePool) -> None:
    volume = pool.create_volume(volume_xml("a.img"))
    with ThreadPoolExecutor(4) as callers:
        outcomes = [callers.submit(volume.delete).exception() for _ in range(4)]
    assert 1 == outcomes.count(None)
    assert {NoStorageVolError, OperationInvalidError} >= {type(error) for error in outcomes if error}


def test_volumes_of_two_pools_do_not_mix(connection: Connection, pool: StoragePool, tmp_path: Path) -> None:
    other_folder = tmp_path / "images-too"
    other_folder.mkdir()
    other = connection.create_storage_pool(pool_xml("more", other_folder))
    volume = pool.create_volume(volume_xml("a.img"))
    copy = other.create_volume_from(volume_xml("a.img"), volume)
    assert ("images", "more") == (volume.pool_name, copy.pool_name)
    assert copy == connection.lookup_volume_by_path(f"{other_folder}/a.img")
    assert "more" == copy.pool().name
