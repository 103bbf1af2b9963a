"""Pools that are btrfs subvolumes, in a kernel of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.storage.tests.cycle import (
    BUSY,
    DATA,
    MIB,
    NO_DEVICE,
    NOT_EMPTY,
    contents,
    fill_up,
    opened,
    volume,
    work_with_volumes,
)
from virtkit.enums import StoragePoolBuildFlags, StoragePoolCreateFlags, StorageVolCreateFlags
from virtkit.errors import (
    ConfigUnsupportedError,
    OperationFailedError,
    OperationInvalidError,
    OperationUnsupportedError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    StorageVolExistsError,
    SystemCallError,
    VirtError,
    XMLError,
)
from virtkit_storage_btrfs import subvolumes

OVERWRITE, KEEP = StoragePoolBuildFlags.OVERWRITE, StoragePoolBuildFlags.NO_OVERWRITE

in_the_kernel = pytest.mark.test_kernel


def document(target: Path, device: Path | None = None, more: str = "") -> str:
    source = f"<source><device path='{device}'/></source>" if device else ""
    return f"<pool type='btrfs'><name>lab</name>{source}<target><path>{target}</path></target>{more}</pool>"


def sh(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def is_subvolume(path: Path) -> bool:
    folder = os.open(path, os.O_RDONLY)
    try:
        return subvolumes.is_subvolume(folder)
    finally:
        os.close(folder)


def taken(path: Path) -> int:
    """Bytes that a filesystem has allocated, everything written."""
    os.sync()
    found = os.statvfs(path)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@pytest.fixture
def mounted(disks: list[Path], tmp_path: Path, programs: Callable[..., None]) -> Path:
    """A btrfs."""
    programs("mkfs.btrfs")
    folder = tmp_path / "btrfs"
    folder.mkdir()
    sh("mkfs.btrfs", "-q", disks[0])
    sh("mount", disks[0], folder)
    return folder


# Definitions, which need no kernel


@pytest.mark.parametrize(
    ("part", "error", "said"),
    [
        ("<source><device path='/dev/a'/><device path='/dev/b'/></source>", XMLError, "has 2 devices"),
        ("<source><device path='-o'/></source>", XMLError, "no absolute path"),
        (
            "<fs:mount_opts xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><fs:option name='x'/>"
            "</fs:mount_opts>",
            ConfigUnsupportedError,
            "no device",
        ),
    ],
)
def test_a_definition_names_one_device_or_none(part: str, error: type[VirtError], said: str, tmp_path: Path) -> None:
    xml = f"<pool type='btrfs'><name>lab</name>{part}<target><path>/srv/lab</path></target></pool>"
    with opened(tmp_path) as connection, pytest.raises(error, match=said):
        connection.define_storage_pool(xml)


def test_a_folder_of_another_filesystem_becomes_no_pool(tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(Path("/dev/shm/virtkit-none")))
        with pytest.raises(OperationFailedError, match="'lab': /dev/shm is in no btrfs"):
            pool.build()
        with pytest.raises(OperationInvalidError, match="no device to format"):
            pool.build(OVERWRITE)
        with pytest.raises(SystemCallError):
            pool.create()


def test_a_plain_folder_is_no_pool(tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(Path("/dev/shm")))
        with pytest.raises(SystemCallError, match="'lab': /dev/shm is no subvolume of a btrfs") as refused:
            pool.create()
        assert NO_DEVICE == refused.value.int1


# In the kernel


@in_the_kernel
@pytest.mark.parametrize("own_device", [False, True], ids=["subvolume", "device"])
def test_a_pool_and_its_volumes_live_their_lives(
    own_device: bool, mounted: Path, disks: list[Path], tmp_path: Path, programs: Callable[..., None]
) -> None:
    programs("qemu-img")
    target = tmp_path / "own" if own_device else mounted / "above" / "pool"
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, disks[1] if own_device else None))
        pool.build(KEEP)
        pool.create()
        assert "btrfs" == sh("findmnt", "--noheadings", "--output", "FSTYPE", "--target", target)
        assert is_subvolume(target)
        work_with_volumes(pool, target)
    with opened(tmp_path) as connection:
        pool = connection.lookup_storage_pool_by_name("lab")
        assert pool.is_active()
        assert DATA + bytes(MIB) == contents(pool.lookup_volume_by_name("raw.img"))
        for name in ("raw.img", "clone.qcow2"):
            pool.lookup_volume_by_name(name).delete()
        pool.destroy()
        assert own_device != is_subvolume(target)
        pool.delete()
        assert not target.exists()


@in_the_kernel
def test_what_is_there_is_not_built_again(mounted: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(mounted / "pool"))
        pool.build()
        pool.build()
        with pytest.raises(StoragePoolBuiltError, match=r"'lab': .*/pool is there already"):
            pool.build(KEEP)
        pool.delete()
        (mounted / "pool").mkdir()
        with pytest.raises(StorageProbeFailedError, match=r"'lab': .*/pool is there already"):
            pool.build(KEEP)
        with pytest.raises(SystemCallError, match="is no subvolume"):
            pool.create()


@in_the_kernel
def test_a_device_is_formatted_once_unless_it_may_be_overwritten(
    mounted: Path, disks: list[Path], tmp_path: Path
) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(tmp_path / "own", disks[1]))
        pool.build(KEEP)
        with pytest.raises(StoragePoolBuiltError):
            pool.build(KEEP)
        pool.build(OVERWRITE)
        sh("mkfs.ext4", "-q", "-F", disks[1])
        with pytest.raises(StorageProbeFailedError, match="holds something else: ext4"):
            pool.build(KEEP)
        with pytest.raises(OperationFailedError, match="cannot be mounted"):
            pool.create()


@in_the_kernel
def test_a_busy_pool_with_a_device_stays_active(mounted: Path, disks: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "own"
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, disks[1]))
        pool.create(StoragePoolCreateFlags.WITH_BUILD_OVERWRITE)
        pool.create_volume(volume("a", MIB))
        with (target / "a").open("rb"), pytest.raises(SystemCallError, match="stays active") as refused:
            pool.destroy()
        assert BUSY == refused.value.int1
        assert pool.is_active()
        sh("umount", target)
        with pytest.raises(SystemCallError, match="any more"):
            pool.create_volume(volume("b", MIB))
        with pytest.raises(SystemCallError, match="any more"):
            pool.refresh()
        assert not pool.is_active()


@in_the_kernel
def test_a_pool_whose_filesystem_was_unmounted_is_stopped(mounted: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(mounted / "pool"))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        sh("umount", mounted)
        (mounted / "pool").mkdir()
        with pytest.raises(SystemCallError, match="is no subvolume"):
            pool.create_volume(volume("a", MIB))
        with pytest.raises(SystemCallError, match="is no subvolume"):
            pool.refresh()
        assert not pool.is_active()


@in_the_kernel
@pytest.mark.parametrize("flags", [0, StorageVolCreateFlags.REFLINK], ids=["copied", "reflink"])
def test_a_clone_takes_up_no_room(flags: int, mounted: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(mounted / "pool"))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        source = pool.create_volume(volume("source.img", 32 * MIB))
        (mounted / "pool" / "source.img").write_bytes(os.urandom(32 * MIB))
        before = taken(mounted)
        clone = pool.create_volume_from(volume("clone.img", 32 * MIB), source, flags)
        assert contents(source) == contents(clone)
        assert taken(mounted) - before < 2 * MIB
        assert "shared" in sh("filefrag", "-v", clone.path())
        with open(clone.path(), "r+b") as file:
            file.write(DATA)
        assert DATA != contents(source)[:MIB]


@in_the_kernel
def test_images_are_cloned_by_reflink(mounted: Path, tmp_path: Path, programs: Callable[..., None]) -> None:
    programs("qemu-img")
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(mounted / "pool"))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        source = pool.create_volume(volume("a.qcow2", 32 * MIB, "qcow2"))
        clone = pool.create_volume_from(volume("b.qcow2", 32 * MIB, "qcow2"), source, StorageVolCreateFlags.REFLINK)
        assert contents(source) == contents(clone)


@in_the_kernel
def test_a_volume_of_format_dir_is_a_subvolume_and_a_copy_of_it_a_snapshot(mounted: Path, tmp_path: Path) -> None:
    folder = mounted / "pool"
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(folder))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        tree = pool.create_volume(volume("tree", 0, "dir"))
        assert is_subvolume(folder / "tree")
        assert 0o700 == (folder / "tree").stat().st_mode & 0o777
        (folder / "tree" / "file").write_text("before")
        snapshot = pool.create_volume_from(volume("snapshot", 0, "dir"), tree)
        assert is_subvolume(folder / "snapshot")
        (folder / "tree" / "file").write_text("after")
        assert "before" == (folder / "snapshot" / "file").read_text()
        with pytest.raises(StorageVolExistsError):
            pool.create_volume_from(volume("snapshot", 0, "dir"), tree)
        pool.refresh()
        assert ["snapshot", "tree"] == sorted(pool.list_volume_names())
        tree.delete()
        snapshot.delete()
        assert [] == list(folder.iterdir())


@in_the_kernel
def test_nothing_is_copied_into_a_subvolume(mounted: Path, tmp_path: Path) -> None:
    folder = mounted / "pool"
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(folder))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        file = pool.create_volume(volume("file", MIB))
        (folder / "plain").mkdir()
        plain = pool.lookup_volume_by_name("plain")
        for source in (file, plain):
            with pytest.raises(OperationUnsupportedError, match="nothing is copied"):
                pool.create_volume_from(volume("tree", 0, "dir"), source)
        tree = pool.create_volume(volume("tree", 0, "dir"))
        with pytest.raises(OperationUnsupportedError, match="is a folder"):
            pool.create_volume_from(volume("image", MIB), tree)
        assert ["file", "plain", "tree"] == sorted(path.name for path in folder.iterdir())
        plain.delete()


@in_the_kernel
def test_a_subvolume_with_another_inside_is_not_deleted(mounted: Path, tmp_path: Path) -> None:
    folder = mounted / "pool"
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(folder))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        tree = pool.create_volume(volume("tree", 0, "dir"))
        sh("btrfs", "subvolume", "create", folder / "tree" / "inner")
        with pytest.raises(SystemCallError, match="delete volume 'tree'") as refused:
            tree.delete()
        assert NOT_EMPTY == refused.value.int1
        pool.destroy()
        with pytest.raises(SystemCallError, match="'lab'") as refused:
            pool.delete()
        assert NOT_EMPTY == refused.value.int1


@in_the_kernel
def test_a_full_filesystem_leaves_no_half_volumes(
    disks: list[Path], tmp_path: Path, programs: Callable[..., None]
) -> None:
    programs("mkfs.btrfs", "qemu-img")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    sh("mkfs.btrfs", "-q", "--mixed", "--byte-count", "64M", disks[0])
    with opened(tmp_path) as connection:
        other = connection.define_storage_pool(
            f"<pool type='dir'><name>other</name><target><path>{elsewhere}</path></target></pool>"
        )
        (elsewhere / "source.img").write_bytes(DATA * 72)
        other.create()
        pool = connection.define_storage_pool(document(tmp_path / "own", disks[0]))
        pool.create(StoragePoolCreateFlags.WITH_BUILD)
        fill_up(pool, other.lookup_volume_by_name("source.img"))
