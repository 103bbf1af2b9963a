"""Pools of volume groups through the storage driver, with real LVM in a kernel of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import virtkit
from virtkit.enums import StoragePoolBuildFlags as Build
from virtkit.enums import StorageVolDeleteFlags, StorageVolResizeFlags
from virtkit.errors import (
    NoStorageVolError,
    OperationFailedError,
    OperationInvalidError,
    ResourceBusyError,
    StorageProbeFailedError,
    StorageVolExistsError,
    SystemCallError,
)

pytestmark = [pytest.mark.test_kernel, pytest.mark.xdist_group("lvm")]

MIB = 1 << 20

Need = Callable[..., None]


def sh(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"


def definition(*disks: Path, name: str = "lab") -> str:
    devices = "".join(f"<device path='{disk}'/>" for disk in disks)
    return f"<pool type='logical'><name>{name}</name><source>{devices}<name>vg-{name}</name></source></pool>"


def volume(name: str, size: int, rest: str = "") -> str:
    return f"<volume><name>{name}</name><capacity>{size}</capacity>{rest}</volume>"


@pytest.fixture
def conn(disks: list[Path], modules: Need, programs: Need, tmp_path: Path) -> Iterator[virtkit.Connection]:
    programs("lvs", "wipefs", "thin_check")
    modules("dm-mod", "dm-snapshot", "dm-thin-pool")
    with virtkit.open(f"storage:///embed?root={tmp_path}") as conn:
        yield conn
    subprocess.run(["vgchange", "--activate", "n"], capture_output=True, timeout=120, check=False)


@pytest.fixture
def pool(conn: virtkit.Connection, disks: list[Path]) -> virtkit.StoragePool:
    sh("vgcreate", "--yes", "vg-lab", *disks[:2])
    pool = conn.define_storage_pool(definition(*disks[:2]))
    pool.create()
    return pool


def test_a_pool_goes_through_its_life(conn: virtkit.Connection, disks: list[Path], tmp_path: Path) -> None:
    pool = conn.define_storage_pool(definition(*disks[:2]))
    with pytest.raises(SystemCallError, match="no volume group vg-lab"):
        pool.create()
    assert not pool.is_active()
    pool.build(Build.NO_OVERWRITE)
    pool.create()
    pool.create_volume(volume("disk", 8 * MIB))
    info = pool.info()
    assert (1016 * MIB, 8 * MIB, 1008 * MIB) == (info.capacity, info.allocation, info.available)
    pool.destroy()
    pool.create()
    assert ["disk"] == pool.list_volume_names()
    sh("lvcreate", "--yes", "--size", "4M", "--name", "behind", "vg-lab")
    pool.refresh()
    assert ["behind", "disk"] == pool.list_volume_names()
    pool.destroy()
    pool.delete()
    pool.undefine()
    assert [] == conn.list_storage_pools()


def test_a_pool_is_active_in_the_next_process_unless_its_volumes_are_not(
    conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path
) -> None:
    pool.create_volume(volume("disk", 8 * MIB))
    conn.close()
    with virtkit.open(f"storage:///embed?root={tmp_path}") as again:
        again.lookup_storage_pool_by_name("lab").set_autostart(False)
        assert ["disk"] == again.lookup_storage_pool_by_name("lab").list_volume_names()
    sh("vgchange", "--activate", "n", "vg-lab")
    with virtkit.open(f"storage:///embed?root={tmp_path}") as again:
        again.lookup_storage_pool_by_name("lab").set_autostart(False)
        assert not again.lookup_storage_pool_by_name("lab").is_active()


def test_a_volume_is_found_by_name_key_and_paths(conn: virtkit.Connection, pool: virtkit.StoragePool) -> None:
    disk = pool.create_volume(volume("a-disk", 8 * MIB))
    pool.create_volume(volume("other", 8 * MIB))
    assert "/dev/vg-lab/a-disk" == disk.path()
    assert disk == pool.lookup_volume_by_name("a-disk") == conn.lookup_volume_by_key(disk.key)
    for path in (disk.path(), "/dev//vg-lab/a-disk", "/dev/mapper/vg--lab-a--disk"):
        assert disk == conn.lookup_volume_by_path(path)
    with pytest.raises(NoStorageVolError):
        conn.lookup_volume_by_path("/dev/ubdb")
    with pytest.raises(StorageVolExistsError):
        pool.create_volume(volume("other", 8 * MIB))


def test_contents_go_in_and_come_out(pool: virtkit.StoragePool) -> None:
    disk = pool.create_volume(volume("disk", 8 * MIB))
    contents = os.urandom(3 * MIB)
    disk.upload_from(io.BytesIO(contents), offset=MIB)
    out = io.BytesIO()
    disk.download_to(out, offset=MIB, length=3 * MIB)
    assert contents == out.getvalue()
    disk.wipe()
    out = io.BytesIO()
    disk.download_to(out)
    assert bytes(8 * MIB) == out.getvalue()


def test_a_volume_is_resized(pool: virtkit.StoragePool) -> None:
    disk = pool.create_volume(volume("disk", 8 * MIB))
    disk.resize(24 * MIB)
    assert 24 * MIB == disk.info().capacity
    disk.resize(4 * MIB, StorageVolResizeFlags.SHRINK)
    assert 4 * MIB == disk.info().capacity
    with pytest.raises(OperationFailedError, match="bytes left"):
        disk.resize(4 << 30)


def test_a_volume_is_cloned_between_pools_of_files_and_groups(
    conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    xml = f"<pool type='dir'><name>files</name><target><path>{tmp_path}/images</path></target></pool>"
    files = conn.create_storage_pool(xml)
    noise = pool.create_volume(volume("noise", 16 * MIB))
    noise.upload_from(io.BytesIO(os.urandom(16 * MIB)))
    file = files.create_volume_from(volume("file", 16 * MIB, "<target><format type='raw'/></target>"), noise)
    assert Path(noise.path()).read_bytes() == Path(file.path()).read_bytes()
    copy = pool.create_volume_from(volume("copy", 16 * MIB, f"<allocation>{16 * MIB}</allocation>"), file)
    assert Path(noise.path()).read_bytes() == Path(copy.path()).read_bytes()


def test_a_clone_has_zeros_where_its_source_has_holes_or_has_ended(
    conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path
) -> None:
    noise = pool.create_volume(volume("noise", 32 * MIB))
    noise.upload_from(io.BytesIO(os.urandom(32 * MIB)))
    noise.delete()
    (tmp_path / "images").mkdir()
    xml = f"<pool type='dir'><name>files</name><target><path>{tmp_path}/images</path></target></pool>"
    file = conn.create_storage_pool(xml).create_volume(volume("file", 16 * MIB, "<allocation>0</allocation>"))
    file.upload_from(io.BytesIO(b"data"), offset=4 * MIB)
    clone = pool.create_volume_from(volume("clone", 32 * MIB), file)
    assert bytes(4 * MIB) + b"data" + bytes(28 * MIB - 4) == Path(clone.path()).read_bytes()


def test_snapshots_and_thin_volumes_are_made_by_their_documents(pool: virtkit.StoragePool) -> None:
    disk = pool.create_volume(volume("disk", 16 * MIB))
    store = f"<backingStore><path>{disk.path()}</path></backingStore>"
    snap = pool.create_volume(volume("snap", 16 * MIB, f"<allocation>{8 * MIB}</allocation>{store}"))
    assert (16 * MIB, 8 * MIB) == (snap.info().capacity, snap.info().allocation)
    with pytest.raises(ResourceBusyError, match="has the snapshots snap"):
        disk.delete()
    disk.delete(StorageVolDeleteFlags.WITH_SNAPSHOTS)
    pool.refresh()
    assert [] == pool.list_volume_names()
    sh("lvcreate", "--yes", "--type", "thin-pool", "--size", "32M", "--name", "room", "vg-lab")
    thin = pool.create_volume(volume("thin", 1 << 30, "<allocation>0</allocation>"))
    thin.upload_from(io.BytesIO(os.urandom(4 * MIB)))
    assert 3 * MIB < thin.info().allocation < 5 * MIB


def test_an_encrypted_volume_has_room_for_its_header(
    conn: virtkit.Connection, pool: virtkit.StoragePool, programs: Need
) -> None:
    programs("qemu-img")
    secret = conn.define_secret("<secret ephemeral='yes' private='yes'/>")
    secret.set_value(b"open sesame")
    named = f"<encryption format='luks'><secret type='passphrase' uuid='{secret.uuid_string}'/></encryption>"
    locked = pool.create_volume(volume("locked", 16 * MIB, f"<target>{named}</target>"))
    assert 20 * MIB == locked.info().capacity
    told = subprocess.run(
        ["qemu-img", "info", "--output=json", locked.path()], capture_output=True, timeout=60, check=True
    )
    image = json.loads(told.stdout)
    assert ("luks", True) == (image["format"], image["encrypted"])
    assert 16 * MIB <= image["virtual-size"]


def test_what_is_busy_stays(pool: virtkit.StoragePool) -> None:
    disk = pool.create_volume(volume("disk", 8 * MIB))
    with open(disk.path(), "rb"):
        with pytest.raises(ResourceBusyError):
            disk.delete()
        with pytest.raises(SystemCallError, match="disk of volume group vg-lab is in use"):
            pool.destroy()
        assert pool.is_active()
    with pytest.raises(OperationInvalidError):
        pool.delete()


def test_sources_are_found_and_no_two_pools_have_one(
    conn: virtkit.Connection, pool: virtkit.StoragePool, disks: list[Path]
) -> None:
    found = conn.find_storage_pool_sources("logical")
    assert f"<device path='{disks[0]}'/>" in found
    assert "<name>vg-lab</name>" in found
    with pytest.raises(OperationFailedError, match=f"device:{disks[1]} in common with storage pool 'lab'"):
        conn.define_storage_pool(definition(disks[1], name="other"))
    sh("mkfs.ext4", "-q", disks[2])
    with pytest.raises(StorageProbeFailedError, match="has ext4 on it"):
        conn.define_storage_pool(definition(disks[2], name="other")).build()


def test_a_pool_whose_group_is_gone_is_stopped_by_a_refresh(pool: virtkit.StoragePool) -> None:
    sh("vgchange", "--activate", "n", "vg-lab")
    sh("vgremove", "--yes", "vg-lab")
    with pytest.raises(SystemCallError, match="no volume group vg-lab any more"):
        pool.refresh()
    assert not pool.is_active()
