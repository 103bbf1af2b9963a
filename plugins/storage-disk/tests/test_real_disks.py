"""Pools of disks through the storage driver, with real disks in a kernel of their own."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import virtkit
from virtkit.enums import StoragePoolBuildFlags as Build
from virtkit.errors import (
    InvalidArgError,
    NoStorageVolError,
    OperationFailedError,
    OperationInvalidError,
    OperationUnsupportedError,
    ResourceBusyError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    StorageVolExistsError,
    SystemCallError,
)

pytestmark = pytest.mark.test_kernel

MIB = 1 << 20

Need = Callable[..., None]


def sh(*command: str | Path, stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def definition(
    disk: str | Path, format_: str = "gpt", *, name: str = "lab", target: str = "/dev", more: str = ""
) -> str:
    source = f"<source><device path='{disk}'{more}/><format type='{format_}'/></source>"
    return f"<pool type='disk'><name>{name}</name>{source}<target><path>{target}</path></target></pool>"


def volume(name: str, size: int, format_: str = "none") -> str:
    place = f"<target><format type='{format_}'/></target>"
    return f"<volume><name>{name}</name><capacity>{size}</capacity>{place}</volume>"


@pytest.fixture
def conn(disks: list[Path], programs: Need, tmp_path: Path) -> Iterator[virtkit.Connection]:
    programs("sfdisk", "wipefs")
    with virtkit.open(f"storage:///embed?root={tmp_path}") as conn:
        yield conn


def built(conn: virtkit.Connection, disk: str | Path, format_: str = "gpt", **more: str) -> virtkit.StoragePool:
    pool = conn.define_storage_pool(definition(disk, format_, **more))
    pool.build()
    pool.create()
    return pool


@pytest.fixture
def pool(conn: virtkit.Connection, disks: list[Path]) -> virtkit.StoragePool:
    return built(conn, disks[0])


@pytest.fixture
def dos(conn: virtkit.Connection, disks: list[Path]) -> virtkit.StoragePool:
    return built(conn, disks[0], "dos")


def test_a_pool_goes_through_its_life(conn: virtkit.Connection, disks: list[Path]) -> None:
    pool = conn.define_storage_pool(definition(disks[0]))
    with pytest.raises(StorageProbeFailedError, match="no partition table on /dev/ubdb: build the pool"):
        pool.create()
    pool.build(Build.NO_OVERWRITE)
    pool.create()
    pool.create_volume(volume("ubdb1", 8 * MIB))
    info = pool.info()
    assert (512 * MIB, 8 * MIB, 1048543 * 512 - 9 * MIB) == (info.capacity, info.allocation, info.available)
    assert f"<freeExtent start='{MIB}'" in pool.xml_desc()
    pool.destroy()
    pool.create()
    assert ["ubdb1"] == pool.list_volume_names()
    sh("sfdisk", "--quiet", "--append", disks[0], stdin="size=4MiB\n")
    pool.refresh()
    assert ["ubdb1", "ubdb2"] == pool.list_volume_names()
    pool.destroy()
    pool.delete()
    assert "" == sh("wipefs", "--no-act", disks[0])
    assert not Path("/dev/ubdb1").exists()
    pool.undefine()
    assert [] == conn.list_storage_pools()


def test_building_spares_what_is_there_unless_told_otherwise(conn: virtkit.Connection, disks: list[Path]) -> None:
    pool = conn.define_storage_pool(definition(disks[0]))
    sh("mkfs.ext4", "-q", disks[0])
    for flags in (0, Build.NO_OVERWRITE):
        with pytest.raises(StorageProbeFailedError, match="has ext4 on it"):
            pool.build(flags)
    pool.build(Build.OVERWRITE)
    with pytest.raises(StoragePoolBuiltError, match="has a partition table of format gpt already"):
        pool.build(Build.NO_OVERWRITE)
    pool.undefine()
    other = conn.define_storage_pool(definition(disks[0], "dos"))
    with pytest.raises(OperationInvalidError, match="is of format gpt, not dos"):
        other.create()
    with pytest.raises(StorageProbeFailedError, match="has gpt, PMBR on it"):
        other.build()
    other.build(Build.OVERWRITE)
    other.create()
    assert [] == other.list_volume_names()


def test_a_disk_in_use_is_neither_built_nor_deleted(pool: virtkit.StoragePool) -> None:
    pool.create_volume(volume("ubdb1", 64 * MIB))
    pool.destroy()
    with open("/dev/ubdb1", "rb"):
        with pytest.raises(ResourceBusyError, match="disk /dev/ubdb of storage pool 'lab' is in use"):
            pool.build(Build.OVERWRITE)
        with pytest.raises(ResourceBusyError, match="disk /dev/ubdb of storage pool 'lab' is in use"):
            pool.delete()
    pool.build(Build.OVERWRITE)


def test_a_pool_is_active_in_the_next_process_unless_its_table_is_gone(
    conn: virtkit.Connection, pool: virtkit.StoragePool, disks: list[Path], tmp_path: Path
) -> None:
    pool.create_volume(volume("ubdb1", 8 * MIB))
    conn.close()
    with virtkit.open(f"storage:///embed?root={tmp_path}") as again:
        again.lookup_storage_pool_by_name("lab").set_autostart(False)
        assert ["ubdb1"] == again.lookup_storage_pool_by_name("lab").list_volume_names()
    sh("wipefs", "--quiet", "--all", disks[0])
    with virtkit.open(f"storage:///embed?root={tmp_path}") as again:
        again.lookup_storage_pool_by_name("lab").set_autostart(False)
        assert not again.lookup_storage_pool_by_name("lab").is_active()


def test_a_volume_is_found_by_name_key_and_every_path(
    conn: virtkit.Connection, pool: virtkit.StoragePool, disks: list[Path], tmp_path: Path
) -> None:
    first = pool.create_volume(volume("ubdb1", 8 * MIB, "linux-swap"))
    pool.create_volume(volume("ubdb2", 8 * MIB))
    assert ("/dev/ubdb1", "/dev/ubdb1") == (first.path(), first.key)
    (tmp_path / "link").symlink_to("/dev/ubdb1")
    assert first == pool.lookup_volume_by_name("ubdb1") == conn.lookup_volume_by_key(first.key)
    for path in ("/dev/ubdb1", "/dev//ubdb1", str(tmp_path / "link")):
        assert first == conn.lookup_volume_by_path(path)
    for path in ("/dev/ubdb", "/dev/ubdb3", "/dev/ubdc", "/dev/null"):
        with pytest.raises(NoStorageVolError):
            conn.lookup_volume_by_path(path)
    assert "<format type='linux-swap'/>" in first.xml_desc()
    assert f"<device path='{disks[0]}'>\n      <extent start='{MIB}' end='{9 * MIB}'/>" in first.xml_desc()


def test_partitions_go_into_gaps_under_the_names_that_are_asked_for(pool: virtkit.StoragePool) -> None:
    for name in ("ubdb5", "ubdb1", "ubdb2"):
        pool.create_volume(volume(name, 8 * MIB))
    pool.lookup_volume_by_name("ubdb1").delete()
    gap = pool.create_volume(volume("ubdb3", 7 * MIB + 1, "linux-lvm"))
    assert 7 * MIB + 512 == gap.info().capacity
    assert f"<extent start='{9 * MIB}' end='{16 * MIB + 512}'/>" in gap.xml_desc()
    assert ["ubdb2", "ubdb3", "ubdb5"] == pool.list_volume_names()
    pool.refresh()
    assert ["ubdb2", "ubdb3", "ubdb5"] == pool.list_volume_names()
    with pytest.raises(InvalidArgError, match="can be called 'data': its name is ubdb1"):
        pool.create_volume(volume("data", MIB))
    with pytest.raises(StorageVolExistsError):
        pool.create_volume(volume("ubdb5", MIB))
    with pytest.raises(SystemCallError, match="has no room"):
        pool.create_volume(volume("ubdb1", 600 * MIB))
    with pytest.raises(OperationUnsupportedError, match="cannot have their volumes resized"):
        gap.resize(8 * MIB)


def test_volumes_that_are_made_at_the_same_time_do_not_overlap(pool: virtkit.StoragePool) -> None:
    documents = [volume(f"ubdb{number}", 8 * MIB) for number in range(1, 5)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(pool.create_volume, documents))
    pool.refresh()
    assert ["ubdb1", "ubdb2", "ubdb3", "ubdb4"] == pool.list_volume_names()
    assert 32 * MIB == pool.info().allocation


def test_contents_go_in_and_come_out(pool: virtkit.StoragePool) -> None:
    part = pool.create_volume(volume("ubdb1", 8 * MIB))
    contents = os.urandom(3 * MIB)
    part.upload_from(io.BytesIO(contents), offset=MIB)
    out = io.BytesIO()
    part.download_to(out, offset=MIB, length=3 * MIB)
    assert contents == out.getvalue()
    part.wipe()
    out = io.BytesIO()
    part.download_to(out)
    assert bytes(8 * MIB) == out.getvalue()


def test_a_new_partition_has_nothing_of_an_older_one(pool: virtkit.StoragePool) -> None:
    sh("mkfs.ext4", "-q", pool.create_volume(volume("ubdb1", 64 * MIB)).path())
    pool.lookup_volume_by_name("ubdb1").delete()
    assert "" == sh("wipefs", "--no-act", pool.create_volume(volume("ubdb1", 64 * MIB)).path())


def test_a_volume_is_cloned_between_pools_of_files_and_disks(
    conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path, programs: Need
) -> None:
    programs("qemu-img")
    (tmp_path / "images").mkdir()
    xml = f"<pool type='dir'><name>files</name><target><path>{tmp_path}/images</path></target></pool>"
    files = conn.create_storage_pool(xml)
    noise = pool.create_volume(volume("ubdb1", 16 * MIB, "linux"))
    noise.upload_from(io.BytesIO(os.urandom(16 * MIB)))
    image = files.create_volume_from(volume("image", 16 * MIB, "qcow2"), noise)
    copy = pool.create_volume_from(volume("ubdb2", 16 * MIB, "linux"), image)
    assert Path(noise.path()).read_bytes() == Path(copy.path()).read_bytes()
    raw = files.create_volume_from(volume("raw", 16 * MIB, "raw"), copy)
    assert Path(noise.path()).read_bytes() == Path(raw.path()).read_bytes()


def test_what_is_busy_stays_while_others_come_and_go(pool: virtkit.StoragePool, tmp_path: Path) -> None:
    mounted = pool.create_volume(volume("ubdb1", 64 * MIB))
    sh("mkfs.ext4", "-q", mounted.path())
    sh("mount", mounted.path(), tmp_path)
    (tmp_path / "file").write_text("content")
    other = pool.create_volume(volume("ubdb2", 8 * MIB))
    with pytest.raises(ResourceBusyError, match="volume 'ubdb1' of storage pool 'lab' is in use: unmount it"):
        mounted.delete()
    with open(other.path(), "rb"), pytest.raises(ResourceBusyError, match="volume 'ubdb2'"):
        other.delete()
    assert ["ubdb1", "ubdb2"] == pool.list_volume_names()
    other.delete()
    assert "content" == (tmp_path / "file").read_text()
    sh("umount", tmp_path)
    mounted.delete()
    pool.refresh()
    assert [] == pool.list_volume_names()


def test_a_dos_table_has_logical_partitions(dos: virtkit.StoragePool) -> None:
    for name, size, format_ in (
        ("ubdb1", 50, "fat32"),
        ("ubdb3", 100, "extended"),
        ("ubdb5", 20, "linux"),
        ("ubdb6", 20, "linux-swap"),
    ):
        dos.create_volume(volume(name, size * MIB, format_))
    dos.refresh()
    found = {each.name: each for each in dos.list_volumes()}
    assert ["ubdb1", "ubdb3", "ubdb5", "ubdb6"] == sorted(found)
    assert (100 * MIB, 0) == (found["ubdb3"].info().capacity, found["ubdb3"].info().allocation)
    assert "<format type='extended'/>" in found["ubdb3"].xml_desc()
    assert (90 * MIB, 512 - 91 - 3) == (dos.info().allocation, dos.info().available // MIB)
    with pytest.raises(ResourceBusyError, match="holds ubdb5, ubdb6: delete them first"):
        found["ubdb3"].delete()
    with pytest.raises(ResourceBusyError, match="before ubdb6"):
        found["ubdb5"].delete()
    with pytest.raises(OperationUnsupportedError, match="holds other partitions"):
        found["ubdb3"].wipe()
    for name in ("ubdb6", "ubdb5", "ubdb3", "ubdb1"):
        found[name].delete()
    assert [] == dos.list_volume_names()


def test_an_unknown_table_is_whatever_is_there(conn: virtkit.Connection, disks: list[Path]) -> None:
    sh("sfdisk", "--quiet", disks[0], stdin="label: dos\nsize=32MiB\n")
    pool = conn.create_storage_pool(definition(disks[0], "unknown"))
    assert "<format type='dos'/>" in pool.xml_desc()
    assert ["ubdb1"] == pool.list_volume_names()


def test_tables_of_other_systems_are_read(conn: virtkit.Connection, disks: list[Path], programs: Need) -> None:
    programs("parted")
    sh("parted", "--script", disks[0], "mklabel", "mac", "mkpart", "one", "ext2", "1MiB", "65MiB")
    pool = conn.create_storage_pool(definition(disks[0], "mac"))
    part = pool.lookup_volume_by_name("ubdb2")
    assert 64 * MIB == part.info().capacity
    part.upload_from(io.BytesIO(b"content"))
    with pytest.raises(OperationUnsupportedError, match="format mac is read but not changed"):
        pool.create_volume(volume("ubdb3", MIB))
    with pytest.raises(OperationUnsupportedError, match="format mac is read but not changed"):
        part.delete()


def test_a_fat_file_system_is_no_table(conn: virtkit.Connection, disks: list[Path]) -> None:
    sh("mkfs.vfat", "-I", disks[0])
    pool = conn.define_storage_pool(definition(disks[0], "unknown"))
    with pytest.raises(StorageProbeFailedError, match="no partition table"):
        pool.create()
    with pytest.raises(StorageProbeFailedError, match="has vfat on it"):
        pool.build()


def test_links_of_the_target_are_the_paths_of_volumes(
    conn: virtkit.Connection, disks: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "by-name").mkdir()
    (tmp_path / "by-name" / "first").symlink_to("/dev/ubdb1")
    pool = built(conn, disks[0], target=str(tmp_path / "by-name"))
    part = pool.create_volume(volume("ubdb1", 8 * MIB))
    assert part.path() == part.key == str(tmp_path / "by-name" / "first")
    assert part == conn.lookup_volume_by_path("/dev/ubdb1")


@pytest.mark.parametrize(("separator", "first"), [("", "lab1"), (" part_separator='yes'", "labp1")])
def test_partitions_of_a_mapped_disk_are_mapped(
    conn: virtkit.Connection, disks: list[Path], modules: Need, programs: Need, separator: str, first: str
) -> None:
    programs("dmsetup")
    modules("dm-mod")
    sh("dmsetup", "create", "lab", "--table", f"0 1000000 linear {disks[0]} 0")
    sh("dmsetup", "mknodes")
    pool = built(conn, "/dev/mapper/lab", more=separator)
    part = pool.create_volume(volume(first, 8 * MIB))
    assert f"/dev/mapper/{first}" == part.path()
    part.upload_from(io.BytesIO(b"content"))
    with disks[0].open("rb") as disk:
        assert b"content" == os.pread(disk.fileno(), 7, MIB)
    assert part == conn.lookup_volume_by_path(part.path())
    pool.refresh()
    assert [first] == pool.list_volume_names()
    with open(part.path(), "rb"), pytest.raises(ResourceBusyError):
        part.delete()
    part.delete()
    assert not Path(part.key).exists()


def test_a_mapped_disk_is_started_and_built_with_what_is_mapped_of_it(
    conn: virtkit.Connection, disks: list[Path], modules: Need, programs: Need
) -> None:
    programs("dmsetup")
    modules("dm-mod")
    sh("dmsetup", "create", "lab", "--table", f"0 1000000 linear {disks[0]} 0")
    sh("dmsetup", "mknodes")
    pool = built(conn, "/dev/mapper/lab")
    pool.create_volume(volume("lab1", 8 * MIB))
    pool.destroy()
    sh("dmsetup", "remove", "lab1")
    pool.create()
    assert ["lab1"] == pool.list_volume_names()
    pool.destroy()
    with open("/dev/mapper/lab1", "rb"), pytest.raises(ResourceBusyError):
        pool.build(Build.OVERWRITE)
    pool.build(Build.OVERWRITE)
    pool.create()
    assert [] == pool.list_volume_names()
    pool.destroy()
    pool.delete()


def test_udev_makes_links_before_a_volume_is_told_of(
    conn: virtkit.Connection, disks: list[Path], udev: Callable[[], None]
) -> None:
    pool = built(conn, disks[0], target="/dev/disk/by-partuuid")
    part = pool.create_volume(volume("ubdb1", 8 * MIB))
    assert part.path().startswith("/dev/disk/by-partuuid/")
    assert part == conn.lookup_volume_by_path(part.path()) == conn.lookup_volume_by_path("/dev/ubdb1")
    part.delete()
    assert [] == pool.list_volume_names()


def test_what_is_no_disk_is_refused(conn: virtkit.Connection, disks: list[Path], tmp_path: Path) -> None:
    sh("sfdisk", "--quiet", disks[0], stdin="label: gpt\nsize=32MiB\n")
    for path, reason in (
        ("/dev/no-such", "No such file or directory"),
        ("/dev/null", "no block device"),
        ("/dev/ubdb1", "it is a partition; name the disk"),
    ):
        with pytest.raises(SystemCallError, match=reason):
            conn.create_storage_pool(definition(path))


def test_no_two_pools_have_one_disk(
    conn: virtkit.Connection, pool: virtkit.StoragePool, disks: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(disks[0])
    with pytest.raises(OperationFailedError, match=f"device:{disks[0]} in common with storage pool 'lab'"):
        conn.define_storage_pool(definition(tmp_path / "link", name="other"))
    conn.define_storage_pool(definition(disks[1], name="other"))


def test_a_pool_whose_table_is_gone_is_stopped_by_a_refresh(pool: virtkit.StoragePool, disks: list[Path]) -> None:
    sh("wipefs", "--quiet", "--all", disks[0])
    with pytest.raises(StorageProbeFailedError, match="no partition table on /dev/ubdb any more"):
        pool.refresh()
    assert not pool.is_active()
