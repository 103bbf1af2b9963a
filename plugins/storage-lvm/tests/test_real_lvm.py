"""The backend with real LVM, in a kernel of its own."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from virtkit import discovery
from virtkit.define import pool as define
from virtkit.enums import StorageVolDeleteFlags, StorageVolType
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    NoStorageVolError,
    OperationFailedError,
    OperationUnsupportedError,
    ResourceBusyError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    StorageVolExistsError,
    SystemCallError,
)
from virtkit.services import runner
from virtkit.storage.backend import StorageBackend, Volume
from virtkit.xml.pool import PoolSource, StoragePool
from virtkit.xml.volume import StorageVolume

pytestmark = [pytest.mark.test_kernel, pytest.mark.xdist_group("lvm")]

MIB = 1 << 20
GROUP = "vg-lab"

Need = Callable[..., None]


class Cancelled(Exception):
    """What a guard raises."""


def sh(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def go_on() -> None:
    """A guard that lets everything go on."""


class Lab:
    """A pool and its backend."""

    def __init__(self, backend: StorageBackend, *disks: Path, group: str = GROUP) -> None:
        self.backend = backend
        self.pool = self.definition(*disks, group=group)

    def definition(self, *disks: Path, group: str = GROUP) -> StoragePool:
        devices = "".join(f"<device path='{disk}'/>" for disk in disks)
        xml = f"<pool type='logical'><name>lab</name><source>{devices}<name>{group}</name></source></pool>"
        pool = StoragePool.parse(xml)
        define.complete(pool, self.backend.shape)
        self.backend.pool_check(pool)
        return pool

    def build(self, *, overwrite: bool | None = None) -> None:
        self.backend.pool_build(self.pool, overwrite=overwrite, guard=go_on)

    def start(self) -> None:
        self.backend.pool_start(self.pool, guard=go_on, secret=bytes)

    def create(
        self, name: str, capacity: int, *, allocation: int | None = None, backing: str = "", extra: str = ""
    ) -> Volume:
        allocated = capacity if allocation is None else allocation
        store = f"<backingStore><path>{backing}</path></backingStore>" if backing else ""
        document = StorageVolume.parse(
            f"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>{allocated}</allocation>"
            f"<target>{extra}</target>{store}</volume>"
        )
        self.backend.volume_check(self.pool, document)
        self.backend.volume_create(self.pool, document, guard=go_on)
        return self.find(name)

    def find(self, name: str) -> Volume:
        found = self.backend.volume_find(self.pool, name)
        assert found is not None
        return found

    def resize(self, name: str, capacity: int, *, allocate: bool = False) -> Volume:
        self.backend.volume_resize(self.pool, self.find(name), capacity, allocate=allocate, guard=go_on)
        return self.find(name)

    def names(self) -> list[str]:
        return sorted(volume.name for volume in self.backend.volume_list(self.pool, {}))

    def thin_pool(self) -> None:
        sh("lvcreate", "--yes", "--type", "thin-pool", "--size", "64M", "--name", "room", GROUP)


@pytest.fixture
def backend(disks: list[Path], modules: Need, programs: Need) -> Iterator[StorageBackend]:
    programs("lvs", "wipefs", "thin_check")
    modules("dm-mod", "dm-snapshot", "dm-thin-pool")
    yield discovery.backend("logical")
    subprocess.run(["vgchange", "--activate", "n"], capture_output=True, timeout=120, check=False)


@pytest.fixture
def lab(backend: StorageBackend, disks: list[Path]) -> Lab:
    """An active pool of two disks; a group without volumes need not be activated."""
    sh("vgcreate", "--yes", GROUP, *disks[:2])
    return Lab(backend, *disks[:2])


def error_number(caught: pytest.ExceptionInfo[SystemCallError]) -> int:
    return caught.value.int1


# Pools


def test_it_works_here(backend: StorageBackend) -> None:
    assert backend.backend_probe() is None
    assert all(found.fine for found in backend.backend_diagnose())


def test_a_pool_is_built_started_stopped_and_deleted(backend: StorageBackend, disks: list[Path]) -> None:
    lab = Lab(backend, *disks[:2])
    assert not backend.pool_active(lab.pool)
    lab.build()
    lab.start()
    assert backend.pool_active(lab.pool)
    figures = backend.pool_figures(lab.pool)
    assert (1016 * MIB, 0, 1016 * MIB) == figures
    lab.create("disk", 32 * MIB)
    assert (1016 * MIB, 32 * MIB, 984 * MIB) == backend.pool_figures(lab.pool)
    backend.pool_stop(lab.pool)
    backend.pool_stop(lab.pool)
    assert not backend.pool_active(lab.pool)
    assert [] == lab.names()
    lab.start()
    lab.start()
    assert ["disk"] == lab.names()
    backend.pool_stop(lab.pool)
    backend.pool_delete(lab.pool, zeroed=False)
    assert "" == sh("wipefs", "--no-act", *disks[:2])
    with pytest.raises(SystemCallError, match="no volume group vg-lab") as caught:
        backend.pool_delete(lab.pool, zeroed=False)
    assert errno.ENOENT == error_number(caught)
    backend.pool_stop(lab.pool)


def test_a_group_that_is_not_there_cannot_be_started(backend: StorageBackend, disks: list[Path]) -> None:
    lab = Lab(backend, disks[0])
    with pytest.raises(SystemCallError, match="'lab': there is no volume group vg-lab") as caught:
        lab.start()
    assert errno.ENOENT == error_number(caught)
    for look in (backend.pool_figures, lambda pool: backend.volume_list(pool, {})):
        with pytest.raises(SystemCallError, match="no volume group vg-lab any more"):
            look(lab.pool)
    with pytest.raises(OperationFailedError, match=r"storage pool 'lab': lvs failed .* not found.*lvs --report"):
        backend.volume_find(lab.pool, "disk")


def test_a_group_on_other_devices_than_the_definitions_is_not_started(lab: Lab, disks: list[Path]) -> None:
    lab.backend.pool_stop(lab.pool)
    with pytest.raises(SystemCallError, match="on none of the devices of the definition"):
        lab.backend.pool_start(lab.definition(disks[2]), guard=go_on, secret=bytes)
    lab.backend.pool_start(lab.definition(), guard=go_on, secret=bytes)


def test_what_is_there_is_not_built_over(lab: Lab, backend: StorageBackend, disks: list[Path]) -> None:
    lab.backend.pool_stop(lab.pool)
    for overwrite in (None, False):
        with pytest.raises(StoragePoolBuiltError, match="vg-lab is there already"):
            lab.build(overwrite=overwrite)
    with pytest.raises(StorageProbeFailedError, match="in volume group vg-lab"):
        Lab(backend, disks[1], disks[2], group="other").build()
    sh("pvcreate", disks[2])
    with pytest.raises(StoragePoolBuiltError, match=f"{disks[2]} is a physical volume"):
        Lab(backend, disks[2], group="other").build(overwrite=False)
    sh("mkfs.ext4", "-q", disks[3])
    with pytest.raises(StorageProbeFailedError, match=f"{disks[3]} has ext4 on it"):
        Lab(backend, disks[3], group="other").build()
    assert "vg-lab" == sh("vgs", "--noheadings", "--options", "vg_name")


def test_overwriting_replaces_a_file_system_and_a_group_as_a_whole(
    lab: Lab, backend: StorageBackend, disks: list[Path]
) -> None:
    lab.create("old", 8 * MIB)
    sh("mkfs.ext4", "-q", disks[2])
    with pytest.raises(OperationFailedError, match=f"vg-lab is on {disks[0]} too"):
        Lab(backend, disks[1], disks[2], group="new").build(overwrite=True)
    assert ["old"] == lab.names()
    new = Lab(backend, *disks[:3], group="new")
    new.build(overwrite=True)
    new.start()
    assert [] == new.names()
    assert "new" == sh("vgs", "--noheadings", "--options", "vg_name")
    assert 1524 * MIB == backend.pool_figures(new.pool).capacity


def test_a_device_in_use_is_not_overwritten(
    lab: Lab, backend: StorageBackend, disks: list[Path], tmp_path: Path
) -> None:
    sh("mkfs.ext4", "-q", disks[2])
    sh("mount", disks[2], tmp_path)
    with pytest.raises(SystemCallError, match=str(disks[2])) as caught:
        Lab(backend, disks[2], disks[3], group="new").build(overwrite=True)
    assert errno.EBUSY == error_number(caught)
    assert "" == sh("wipefs", "--no-act", disks[3])
    sh("umount", tmp_path)
    disk = lab.create("disk", 8 * MIB)
    with open(disk.path, "rb"), pytest.raises(SystemCallError, match="disk of volume group vg-lab is in use") as caught:
        lab.build(overwrite=True)
    assert errno.EBUSY == error_number(caught)
    assert ["disk"] == lab.names()


def test_devices_that_are_missing_or_none_are_refused_before_anything_is_written(
    backend: StorageBackend, disks: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(SystemCallError, match="/dev/nothing") as caught:
        Lab(backend, disks[0], Path("/dev/nothing")).build(overwrite=True)
    assert errno.ENOENT == error_number(caught)
    (tmp_path / "file").write_bytes(bytes(MIB))
    with pytest.raises(SystemCallError, match="file") as caught:
        Lab(backend, disks[0], tmp_path / "file").build(overwrite=True)
    assert errno.ENOTBLK == error_number(caught)
    assert "" == sh("wipefs", "--no-act", disks[0])


def test_a_device_named_twice_under_different_names_is_taken_once(backend: StorageBackend, disks: list[Path]) -> None:
    link = Path("/dev/the-disk")
    link.symlink_to(disks[0])
    lab = Lab(backend, link, disks[0])
    lab.build()
    lab.start()
    assert 508 * MIB == backend.pool_figures(lab.pool).capacity
    link.unlink()


def test_a_pool_with_an_open_volume_is_neither_stopped_nor_deleted(lab: Lab) -> None:
    disk, other = lab.create("disk", 8 * MIB), lab.create("other", 8 * MIB)
    with open(disk.path, "rb"):
        for leave in (lab.backend.pool_stop, lambda pool: lab.backend.pool_delete(pool, zeroed=False)):
            with pytest.raises(SystemCallError, match="'lab' cannot be stopped: disk of volume group") as caught:
                leave(lab.pool)
            assert errno.EBUSY == error_number(caught)
        assert os.path.exists(other.path)
    lab.backend.pool_stop(lab.pool)


def test_a_pool_whose_device_is_gone_starts_as_far_as_nothing_of_it_is_needed(lab: Lab, disks: list[Path]) -> None:
    sh("lvcreate", "--yes", "--size", "8M", "--name", "here", GROUP, disks[0])
    lab.backend.pool_stop(lab.pool)
    save = Path("/dev/shm/label")
    sh("dd", f"if={disks[1]}", f"of={save}", "bs=1M", "count=1", "status=none")
    sh("dd", "if=/dev/zero", f"of={disks[1]}", "bs=1M", "count=1", "oflag=direct", "status=none")
    lab.start()
    assert ["here"] == lab.names()
    lab.backend.pool_stop(lab.pool)
    sh("dd", f"if={save}", f"of={disks[1]}", "bs=1M", "count=1", "oflag=direct", "status=none")
    sh("lvcreate", "--yes", "--size", "8M", "--name", "there", GROUP, disks[1])
    lab.backend.pool_stop(lab.pool)
    sh("dd", "if=/dev/zero", f"of={disks[1]}", "bs=1M", "count=1", "oflag=direct", "status=none")
    with pytest.raises(SystemCallError, match="1 of 2 devices of volume group vg-lab are missing") as caught:
        lab.start()
    assert errno.ENODEV == error_number(caught)


def test_sources_are_the_groups_of_the_host(lab: Lab, disks: list[Path]) -> None:
    sh("vgcreate", "other", disks[2])
    sh("pvcreate", disks[3])
    found = [
        (source.name, [Path(device.path or "") for device in source.devices])
        for source in lab.backend.pool_find_sources(PoolSource())
    ]
    assert [(GROUP, disks[:2]), ("other", [disks[2]])] == found


# Volumes


def test_a_volume_has_its_size_owner_and_mode(lab: Lab) -> None:
    permissions = "<permissions><mode>0640</mode><owner>1</owner><group>2</group></permissions>"
    disk = lab.create("disk", 33_333_333, extra=permissions)
    assert ("disk", "/dev/vg-lab/disk", StorageVolType.BLOCK) == (disk.name, disk.path, disk.type)
    assert (32 * MIB,) * 3 == (disk.capacity, disk.allocation, disk.physical)
    status = os.stat(disk.path)
    assert (0o60640, 1, 2) == (status.st_mode, status.st_uid, status.st_gid)
    assert 0o60600 == os.stat(lab.create("other", 4 * MIB).path).st_mode
    sh("lvs", "--select", f"lv_uuid={disk.key}", GROUP)


def test_volumes_are_those_that_can_be_used(lab: Lab) -> None:
    lab.create("disk", 8 * MIB)
    lab.create("snap", 8 * MIB, allocation=4 * MIB, backing="/dev/vg-lab/disk")
    lab.thin_pool()
    lab.create("thin", 1 << 30, allocation=0)
    sh("lvcreate", "--yes", "--activate", "n", "--zero", "n", "--size", "4M", "--name", "idle", GROUP)
    sh("lvcreate", "--snapshot", "--name", "skipped", f"{GROUP}/thin")
    assert ["disk", "snap", "thin"] == lab.names()
    for name in ("idle", "skipped", "room", "room_tdata", "lvol0_pmspare", "nothing", "-n", "a b", ""):
        assert lab.backend.volume_find(lab.pool, name) is None


def test_a_snapshot_keeps_what_its_origin_had(lab: Lab) -> None:
    disk = lab.create("disk", 8 * MIB)
    Path(disk.path).write_bytes(b"before")
    snap = lab.create("snap", 8 * MIB, allocation=4 * MIB, backing=disk.path)
    Path(disk.path).write_bytes(b"after!")
    assert (8 * MIB, 4 * MIB) == (snap.capacity, snap.allocation)
    file = lab.backend.volume_open(lab.pool, snap, write=False)
    assert b"before" == os.read(file, 6)
    os.close(file)
    document = lab.backend.volume_describe(lab.pool, snap)
    assert document.backing_store is not None
    assert disk.path == document.backing_store.path
    with pytest.raises(ConfigUnsupportedError, match="which is one itself: use its origin disk"):
        lab.create("more", 8 * MIB, backing=snap.path)
    with pytest.raises(ConfigUnsupportedError, match="that has 8388608; leave <capacity> out"):
        lab.create("more", 9 * MIB, backing=disk.path)
    with pytest.raises(NoStorageVolError, match="no volume 'gone'"):
        lab.create("more", 9 * MIB, backing="/dev/vg-lab/gone")


def test_a_thin_volume_takes_room_as_it_is_written_and_so_does_its_snapshot(lab: Lab) -> None:
    lab.thin_pool()
    thin = lab.create("thin", 1 << 30, allocation=0)
    assert (1 << 30, 0) == (thin.capacity, thin.allocation)
    sh("dd", "if=/dev/urandom", f"of={thin.path}", "bs=1M", "count=8", "oflag=direct", "status=none")
    assert 7 * MIB < lab.find("thin").allocation < 9 * MIB
    snap = lab.create("snap", 1 << 30, backing=thin.path)
    assert (1 << 30) == snap.capacity
    sh("cmp", "--bytes", str(8 * MIB), thin.path, snap.path)
    assert 2 << 30 == lab.resize("thin", 2 << 30).capacity
    assert 512 * MIB == lab.resize("thin", 512 * MIB).capacity
    with pytest.raises(InvalidArgError, match="is thin"):
        lab.resize("thin", 1 << 30, allocate=True)


def test_a_volume_that_takes_less_than_its_size_has_all_its_room_where_there_is_no_thin_pool(lab: Lab) -> None:
    assert 64 * MIB == lab.create("disk", 64 * MIB, allocation=16 * MIB).allocation


def test_a_name_that_is_taken_is_refused(lab: Lab) -> None:
    lab.create("disk", 8 * MIB)
    lab.thin_pool()
    for name in ("disk", "room"):
        with pytest.raises(StorageVolExistsError, match=f"a logical volume '{name}' already"):
            lab.create(name, 8 * MIB)


def test_a_volume_for_which_there_is_no_room_is_refused(lab: Lab) -> None:
    with pytest.raises(SystemCallError, match="1065353216 free") as caught:
        lab.create("big", 2 << 30)
    assert errno.ENOSPC == error_number(caught)
    lab.create("disk", 8 * MIB)
    with pytest.raises(SystemCallError, match="volume 'disk' of storage pool 'lab' needs") as caught:
        lab.resize("disk", 2 << 30)
    assert errno.ENOSPC == error_number(caught)


def test_a_volume_grows_with_zeros_and_shrinks(lab: Lab) -> None:
    noise = lab.create("noise", 32 * MIB)
    sh("dd", "if=/dev/urandom", f"of={noise.path}", "bs=1M", "count=32", "oflag=direct", "status=none")
    lab.backend.volume_delete(lab.pool, noise, 0)
    disk = lab.create("disk", 8 * MIB)
    sh("dd", "if=/dev/urandom", f"of={disk.path}", "bs=1M", "count=8", "oflag=direct", "status=none")
    before = Path(disk.path).read_bytes()
    assert 32 * MIB == lab.resize("disk", 30 * MIB).capacity
    assert before + bytes(24 * MIB) == Path(disk.path).read_bytes()
    assert 32 * MIB == lab.resize("disk", 32 * MIB).capacity
    assert 4 * MIB == lab.resize("disk", 1 * MIB).capacity
    assert before[: 4 * MIB] == Path(disk.path).read_bytes()


def test_a_volume_whose_growth_was_cancelled_has_its_old_size(lab: Lab) -> None:
    def cancelled() -> None:
        raise Cancelled

    disk = lab.create("disk", 8 * MIB)
    with pytest.raises(Cancelled):
        lab.backend.volume_resize(lab.pool, disk, 16 * MIB, allocate=False, guard=cancelled)
    assert 8 * MIB == lab.find("disk").capacity


def test_a_volume_whose_creation_was_cancelled_is_gone(lab: Lab) -> None:
    calls = iter([False, True])

    def cancelled() -> None:
        if next(calls):
            raise Cancelled

    document = StorageVolume.parse("<volume><name>disk</name><capacity>8388608</capacity></volume>")
    lab.backend.volume_check(lab.pool, document)
    with pytest.raises(Cancelled):
        lab.backend.volume_create(lab.pool, document, guard=cancelled)
    assert lab.backend.volume_find(lab.pool, "disk") is None


def test_snapshots_and_their_origins_keep_their_size(lab: Lab) -> None:
    lab.create("disk", 8 * MIB)
    lab.create("snap", 8 * MIB, backing="/dev/vg-lab/disk")
    with pytest.raises(ResourceBusyError, match="has snapshots"):
        lab.resize("disk", 16 * MIB)
    with pytest.raises(OperationUnsupportedError, match="as large as what it is a snapshot of"):
        lab.resize("snap", 16 * MIB)


def test_a_volume_in_use_is_not_deleted(lab: Lab) -> None:
    disk = lab.create("disk", 8 * MIB)
    with open(disk.path, "rb"), pytest.raises(ResourceBusyError, match="'disk' of storage pool 'lab' is in use"):
        lab.backend.volume_delete(lab.pool, disk, 0)
    lab.backend.volume_delete(lab.pool, disk, 0)
    lab.backend.volume_delete(lab.pool, disk, 0)
    assert [] == lab.names()


def test_an_origin_is_deleted_with_its_snapshots_when_that_is_said(lab: Lab) -> None:
    disk = lab.create("disk", 8 * MIB)
    snap = lab.create("snap", 8 * MIB, backing=disk.path)
    with pytest.raises(ResourceBusyError, match="has the snapshots snap"):
        lab.backend.volume_delete(lab.pool, disk, 0)
    with open(snap.path, "rb"), pytest.raises(ResourceBusyError, match="'snap'"):
        lab.backend.volume_delete(lab.pool, disk, StorageVolDeleteFlags.WITH_SNAPSHOTS)
    lab.backend.volume_delete(lab.pool, disk, StorageVolDeleteFlags.WITH_SNAPSHOTS)
    assert [] == lab.names()


def test_a_thin_snapshot_outlives_its_origin_unless_it_is_to_go_too(lab: Lab) -> None:
    lab.thin_pool()
    for name in ("one", "two"):
        lab.create(name, 16 * MIB, allocation=0)
        lab.create(f"{name}-snap", 16 * MIB, backing=f"/dev/vg-lab/{name}")
    lab.backend.volume_delete(lab.pool, lab.find("one"), 0)
    assert ["one-snap", "two", "two-snap"] == lab.names()
    lab.backend.volume_delete(lab.pool, lab.find("two"), StorageVolDeleteFlags.WITH_SNAPSHOTS)
    assert ["one-snap"] == lab.names()


def test_a_volume_is_known_by_every_name_of_its_device(lab: Lab) -> None:
    disk = lab.create("a-disk", 8 * MIB)
    number = os.stat(disk.path).st_rdev
    links = Path("/dev/links")
    links.mkdir(exist_ok=True)
    (links / "one").symlink_to(disk.path)
    names = ["/dev/vg-lab/a-disk", "/dev/mapper/vg--lab-a--disk", "/dev/links/one", "/dev/other/two"]
    Path("/dev/other").mkdir(exist_ok=True)
    os.mknod("/dev/other/two", 0o60600, number)
    assert ["a-disk"] * 4 == [lab.backend.volume_name_of(lab.pool, name) for name in names]
    for name in ("/dev/ubdb", "/dev/null", "/dev/vg/lab-a-disk", "/srv/vg-lab/a-disk", "/dev/mapper/control"):
        assert lab.backend.volume_name_of(lab.pool, name) is None
    for path in (links / "one", Path("/dev/other/two")):
        path.unlink()


def test_one_volume_is_found_without_listing_the_others(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.create("disk", 8 * MIB)
    commands: list[list[str]] = []

    def noted(command: list[str], **options: Any) -> runner.Result:
        commands.append(command)
        return runner.run(command, **options)

    monkeypatch.setattr("virtkit_storage_lvm.lvm.run", noted)
    lab.find("disk")
    list(lab.backend.volume_list(lab.pool, {}))
    assert ["vg-lab/disk", "vg-lab"] == [command[-1] for command in commands]
