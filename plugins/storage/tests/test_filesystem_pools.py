"""Pools that are filesystems on devices, in a kernel of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import virtkit
from plugins.storage.tests.cycle import (
    BUSY,
    DATA,
    MIB,
    NO_DEVICE,
    NOT_THERE,
    contents,
    fill_up,
    opened,
    volume,
    work_with_volumes,
)
from virtkit import StoragePool
from virtkit.enums import StoragePoolBuildFlags, StoragePoolCreateFlags, StoragePoolState
from virtkit.errors import (
    ConfigUnsupportedError,
    OperationFailedError,
    OperationInvalidError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    SystemCallError,
    XMLError,
)
from virtkit.xml.pool import StoragePool as Document
from virtkit_storage.filesystem import FilesystemBackend

OVERWRITE, KEEP = StoragePoolBuildFlags.OVERWRITE, StoragePoolBuildFlags.NO_OVERWRITE

NAMES = {"auto": "", "ext4": "ext4", "hfs+": "hfsplus"}
"""Format -> what it is mounted as; empty leaves that to be found out."""

Need = Callable[..., None]


def document(device: str | Path, target: Path, kind: str = "ext4", more: str = "", name: str = "lab") -> str:
    return (
        f"<pool type='fs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>{name}</name>"
        f"<source><device path='{device}'/><format type='{kind}'/></source><target><path>{target}</path></target>"
        f"{more}</pool>"
    )


def sh(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def options(target: Path) -> set[str]:
    return set(sh("findmnt", "--noheadings", "--output", "OPTIONS", target).split(","))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "pool"


def started(connection: virtkit.Connection, device: Path, target: Path) -> StoragePool:
    pool = connection.define_storage_pool(document(device, target))
    pool.create(StoragePoolCreateFlags.WITH_BUILD_OVERWRITE)
    return pool


# Definitions, which need no kernel


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("<device path='/dev/a'/><device path='/dev/b'/>", XMLError, "has 2 devices"),
        ("<device path='sdb1'/>", XMLError, "no absolute path"),
        ("<device path='-o'/>", XMLError, "no absolute path"),
        ("", XMLError, "has no devices"),
        ("<device path='/dev/a'/><format type='nfs'/>", ConfigUnsupportedError, "'nfs' is no filesystem"),
        ("<device path='/dev/a'/><format type='zfs'/>", ConfigUnsupportedError, "zfs"),
    ],
)
def test_a_definition_names_one_device_with_a_filesystem(
    source: str, error: type[virtkit.VirtError], said: str, tmp_path: Path
) -> None:
    xml = f"<pool type='fs'><name>a</name><source>{source}</source><target><path>/srv/a</path></target></pool>"
    with opened(tmp_path) as connection, pytest.raises(error, match=said):
        connection.define_storage_pool(xml)


def test_two_pools_cannot_have_one_device_or_one_target(tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        connection.define_storage_pool(document("/dev/lab/one", Path("/srv/a")))
        with pytest.raises(OperationFailedError, match="device:/dev/lab/one"):
            connection.define_storage_pool(document("/dev/lab//one", Path("/srv/b"), name="other"))
        with pytest.raises(OperationFailedError, match="path:/srv/a"):
            connection.define_storage_pool(document("/dev/lab/two", Path("/srv/a"), name="other"))


def test_capabilities_name_the_filesystems(tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        said = connection.storage_pool_capabilities()
    pool = said.partition("<pool type='fs'")[2].partition("</pool>")[0]
    assert "<defaultFormat type='auto'/>" in pool
    assert "<value>hfs+</value>" in pool


def test_linux_has_its_own_name_for_hfs_plus() -> None:
    kinds = [FilesystemBackend().kind_of(Document.parse(document("/dev/a", Path("/srv/a"), kind))) for kind in NAMES]
    assert list(NAMES.values()) == kinds


# In the kernel


@pytest.mark.test_kernel
@pytest.mark.parametrize("kind", ["ext4", "xfs", "vfat"])
def test_a_pool_and_its_volumes_live_their_lives(
    kind: str, disks: list[Path], tmp_path: Path, target: Path, programs: Need
) -> None:
    programs(f"mkfs.{kind}", "qemu-img")
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target, kind))
        pool.build(KEEP)
        assert StoragePoolState.INACTIVE == pool.info().state
        pool.create()
        assert kind == sh("findmnt", "--noheadings", "--output", "FSTYPE", target)
        work_with_volumes(pool, target)
    with opened(tmp_path) as connection:
        pool = connection.lookup_storage_pool_by_name("lab")
        assert pool.is_active()
        assert DATA + bytes(MIB) == contents(pool.lookup_volume_by_name("raw.img"))
        pool.destroy()
        assert not target.is_mount()
        assert [] == list(target.iterdir())
        pool.create()
        assert DATA + bytes(MIB) == contents(pool.lookup_volume_by_name("raw.img"))
        pool.destroy()
        pool.delete()
        assert not target.exists()
        pool.undefine()


@pytest.mark.test_kernel
def test_a_device_is_built_once_unless_it_may_be_overwritten(disks: list[Path], tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target))
        pool.build(KEEP)
        with pytest.raises(
            StoragePoolBuiltError, match=f"storage pool 'lab': {disks[0]} has a filesystem of type ext4"
        ):
            pool.build(KEEP)
        uuid = sh("blkid", "-p", "-s", "UUID", "-o", "value", disks[0])
        pool.build()
        assert uuid == sh("blkid", "-p", "-s", "UUID", "-o", "value", disks[0])
        pool.build(OVERWRITE)
        assert uuid != sh("blkid", "-p", "-s", "UUID", "-o", "value", disks[0])


@pytest.mark.test_kernel
@pytest.mark.parametrize("command", [("mkfs.xfs", "-q"), ("pvcreate", "-q"), ("mkswap",)])
def test_a_device_that_holds_something_else_is_not_overwritten(
    command: tuple[str, ...], disks: list[Path], tmp_path: Path, target: Path, programs: Need
) -> None:
    programs(command[0])
    sh(*command, disks[0])
    before = sh("wipefs", "--no-act", disks[0])
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target))
        with pytest.raises(StorageProbeFailedError, match="holds something else"):
            pool.build(KEEP)
        assert before == sh("wipefs", "--no-act", disks[0])
        assert not target.exists()


@pytest.mark.test_kernel
def test_nobody_guesses_what_to_make(disks: list[Path], tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target, "auto"))
        with pytest.raises(ConfigUnsupportedError, match="'auto'"):
            pool.build(OVERWRITE)
        pool.undefine()
        pool = connection.define_storage_pool(document(disks[0], target, "vmfs"))
        with pytest.raises(ConfigUnsupportedError, match=r"mkfs\.vmfs is not installed"):
            pool.build(KEEP)


@pytest.mark.test_kernel
def test_auto_mounts_what_is_there(disks: list[Path], tmp_path: Path, target: Path) -> None:
    sh("mkfs.ext4", "-q", disks[0])
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target, "auto"))
        pool.build()
        pool.create()
        assert "ext4" == sh("findmnt", "--noheadings", "--output", "FSTYPE", target)


@pytest.mark.test_kernel
def test_what_is_mounted_is_not_formatted(disks: list[Path], tmp_path: Path, target: Path) -> None:
    sh("mkfs.ext4", "-q", disks[0])
    (tmp_path / "elsewhere").mkdir()
    sh("mount", disks[0], tmp_path / "elsewhere")
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target))
        with pytest.raises(OperationInvalidError, match=r"is mounted at .*/elsewhere"):
            pool.build(OVERWRITE)


@pytest.mark.test_kernel
def test_mount_options_of_the_pool_follow_the_safe_ones(disks: list[Path], tmp_path: Path, target: Path) -> None:
    more = "<fs:mount_opts><fs:option name='exec'/><fs:option name='sync'/></fs:mount_opts>"
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target, "ext4", more))
        pool.create(StoragePoolCreateFlags.WITH_BUILD_OVERWRITE)
        assert {"nodev", "nosuid", "sync"} <= options(target)
        assert "noexec" not in options(target)


@pytest.mark.test_kernel
def test_a_mount_that_is_there_is_adopted_by_any_name_of_its_device(
    disks: list[Path], tmp_path: Path, target: Path
) -> None:
    sh("mkfs.ext4", "-q", disks[0])
    target.mkdir()
    sh("mount", disks[0], target)
    (target / "here").write_bytes(b"x")
    link = tmp_path / "by-id"
    link.symlink_to(disks[0])
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(link, target))
        pool.create()
        assert "here" in pool.list_volume_names()
        assert 1 == len(sh("findmnt", "--noheadings", "--list", target).splitlines())
        pool.destroy()
        assert not target.is_mount()


@pytest.mark.test_kernel
def test_a_file_is_mounted_through_a_loop_device(
    disks: list[Path], tmp_path: Path, target: Path, modules: Need
) -> None:
    modules("loop")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 * MIB)
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(image, target))
        pool.create(StoragePoolCreateFlags.WITH_BUILD_NO_OVERWRITE)
    with opened(tmp_path) as connection:
        pool = connection.lookup_storage_pool_by_name("lab")
        assert pool.is_active()
        pool.destroy()
        assert not target.is_mount()


@pytest.mark.test_kernel
def test_what_somebody_else_mounted_there_is_not_covered(disks: list[Path], tmp_path: Path, target: Path) -> None:
    for disk in disks[:2]:
        sh("mkfs.ext4", "-q", disk)
    target.mkdir()
    sh("mount", disks[1], target)
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target))
        with pytest.raises(OperationFailedError, match=f"{disks[1]} is mounted at {target}"):
            pool.create()
        assert not pool.is_active()
        assert target.is_mount()


@pytest.mark.test_kernel
def test_a_busy_pool_stays_active(disks: list[Path], tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = started(connection, disks[0], target)
        pool.create_volume(volume("a", MIB))
        with (target / "a").open("rb"), pytest.raises(SystemCallError, match=r"'lab' stays active: .* busy") as refused:
            pool.destroy()
        assert BUSY == refused.value.int1
        assert pool.is_active()
        assert ["a"] == [name for name in pool.list_volume_names() if name != "lost+found"]
        pool.destroy()
        assert not pool.is_active()


@pytest.mark.test_kernel
def test_a_device_that_is_missing_is_told(disks: list[Path], tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document("/dev/lab-missing", target))
        target.mkdir()
        calls: list[Callable[[], None]] = [pool.create, lambda: pool.build(KEEP), lambda: pool.build(OVERWRITE)]
        for call in calls:
            with pytest.raises(SystemCallError, match="'lab': /dev/lab-missing: No such file") as refused:
                call()
            assert NOT_THERE == refused.value.int1
        assert not pool.is_active()


@pytest.mark.test_kernel
def test_a_target_that_is_missing_is_told(disks: list[Path], tmp_path: Path, target: Path) -> None:
    sh("mkfs.ext4", "-q", disks[0])
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target))
        with pytest.raises(SystemCallError, match=r"'lab': .*build the pool first") as refused:
            pool.create()
        assert NOT_THERE == refused.value.int1


@pytest.mark.test_kernel
@pytest.mark.parametrize("made", [False, True], ids=["blank", "xfs"])
def test_another_filesystem_than_the_definition_says_is_not_mounted(
    made: bool, disks: list[Path], tmp_path: Path, target: Path, modules: Need
) -> None:
    modules("xfs")
    if made:
        sh("mkfs.xfs", "-q", disks[0])
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target))
        pool.build()
        with pytest.raises(OperationFailedError, match=f"'lab': {disks[0]} cannot be mounted at .*wrong fs type"):
            pool.create()
        assert not pool.is_active()
        assert not target.is_mount()


@pytest.mark.test_kernel
def test_a_pool_that_was_unmounted_behind_our_back_writes_nothing_below_and_is_stopped(
    disks: list[Path], tmp_path: Path, target: Path
) -> None:
    with opened(tmp_path) as connection:
        pool = started(connection, disks[0], target)
        found = pool.create_volume(volume("a", MIB))
        sh("umount", target)
        for call in (
            lambda: pool.create_volume(volume("b", MIB)),
            lambda: found.upload(),
            lambda: found.delete(),
            lambda: found.info(),
        ):
            with pytest.raises(SystemCallError, match=r"'lab': .* is not mounted at .* any more") as refused:
                call()
            assert NO_DEVICE == refused.value.int1
        assert [] == list(target.iterdir())
        assert pool.is_active()
        with pytest.raises(SystemCallError, match="any more"):
            pool.refresh()
        assert StoragePoolState.INACTIVE == pool.info().state
        pool.create()
        assert "a" in pool.list_volume_names()


@pytest.mark.test_kernel
def test_a_pool_that_was_unmounted_behind_our_back_can_be_stopped(
    disks: list[Path], tmp_path: Path, target: Path
) -> None:
    with opened(tmp_path) as connection:
        pool = started(connection, disks[0], target)
        sh("umount", target)
        pool.destroy()
        assert not pool.is_active()


@pytest.mark.test_kernel
def test_a_pool_that_was_unmounted_while_nobody_looked_is_inactive(
    disks: list[Path], tmp_path: Path, target: Path
) -> None:
    with opened(tmp_path) as connection:
        started(connection, disks[0], target)
    sh("umount", target)
    with opened(tmp_path) as connection:
        pool = connection.lookup_storage_pool_by_name("lab")
        with pytest.raises(OperationInvalidError, match="'lab' is not active"):
            pool.refresh()
        assert not pool.is_active()


@pytest.mark.test_kernel
@pytest.mark.parametrize("kind", ["ext4", "vfat"])  # of a copy on XFS all blocks are shared
def test_a_full_filesystem_leaves_no_half_volumes(
    kind: str, disks: list[Path], tmp_path: Path, target: Path, programs: Need
) -> None:
    programs(f"mkfs.{kind}", "qemu-img")
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(disks[0], target, kind))
        pool.create(StoragePoolCreateFlags.WITH_BUILD_OVERWRITE)
        free = pool.info().available
        source = pool.create_volume(volume("source.img", free * 2 // 3, allocation=None))
        with open(source.path(), "r+b") as file:
            for at in range(0, free * 2 // 3 - MIB, MIB):
                file.seek(at)
                file.write(DATA)
        fill_up(pool, source)


@pytest.mark.test_kernel
def test_a_pool_with_something_in_it_is_not_deleted_from_below(disks: list[Path], tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = started(connection, disks[0], target)
        with pytest.raises(OperationInvalidError, match="active"):
            pool.delete()
        pool.destroy()
        sh("mount", disks[0], target)
        with pytest.raises(SystemCallError) as refused:
            pool.delete()
        assert BUSY == refused.value.int1
