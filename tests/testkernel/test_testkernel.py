"""What works in a test kernel: the storage and networks that drivers are tested with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testkernel.services import IscsiTarget

pytestmark = pytest.mark.test_kernel

Need = Callable[..., None]


def sh(*command: str | Path) -> str:
    """What a program printed; the test fails, with the program's words, when that fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def size(device: str | Path) -> int:
    return int(sh("blockdev", "--getsize64", device))


def test_it_is_user_mode_linux_and_we_are_root() -> None:
    assert "User Mode Linux" in Path("/proc/cpuinfo").read_text()
    assert 0 == os.getuid()


def test_lvm_makes_activates_and_snapshots_volumes(disks: list[Path], modules: Need, programs: Need) -> None:
    programs("lvm", "thin_check")
    modules("dm-mod", "dm-snapshot", "dm-thin-pool")
    sh("vgcreate", "lab", disks[0], disks[1])
    sh("lvcreate", "-y", "-L", "64M", "-n", "data", "lab")
    sh("mkfs.ext4", "-q", "/dev/lab/data")
    sh("lvcreate", "-y", "-s", "-L", "16M", "-n", "before", "lab/data")
    sh("lvcreate", "-y", "-T", "-L", "64M", "lab/pool")
    sh("lvcreate", "-y", "-T", "-V", "1G", "-n", "thin", "lab/pool")
    assert 1 << 30 == size("/dev/lab/thin")
    assert ["before", "data", "pool", "thin"] == sorted(sh("lvs", "--noheadings", "-o", "lv_name", "lab").split())


def test_the_next_test_finds_blank_disks_and_no_mapping(disks: list[Path]) -> None:
    assert "" == sh("wipefs", "--no-act", *disks)
    assert not list(Path("/sys/block").glob("dm-*"))
    assert not list(Path("/dev").glob("lab/*"))


def test_partitions_appear(disks: list[Path], programs: Need) -> None:
    programs("parted", "sfdisk")
    sh("parted", "--script", disks[0], "mklabel", "gpt", "mkpart", "one", "1MiB", "65MiB")
    assert 64 << 20 == size("/dev/ubdb1")
    subprocess.run(["sfdisk", "--quiet", disks[1]], input="label: dos\nsize=32MiB\n", text=True, timeout=60, check=True)
    assert 32 << 20 == size("/dev/ubdc1")


def test_partitions_are_gone_in_the_next_test(disks: list[Path]) -> None:
    assert not list(Path("/dev").glob("ubd[bc][0-9]"))


@pytest.mark.parametrize("kind", ["ext4", "vfat", "xfs"])
def test_file_systems_can_be_made_and_mounted(kind: str, disks: list[Path], tmp_path: Path, programs: Need) -> None:
    programs(f"mkfs.{kind}")
    sh(f"mkfs.{kind}", disks[3])
    sh("mount", "-t", kind, disks[3], tmp_path)
    (tmp_path / "file").write_text("content")
    assert kind == sh("findmnt", "--noheadings", "--output", "FSTYPE", tmp_path)


def test_btrfs_has_subvolumes_snapshots_and_reflinks(disks: list[Path], tmp_path: Path, programs: Need) -> None:
    programs("btrfs", "mkfs.btrfs")
    sh("mkfs.btrfs", "-q", disks[2])
    sh("mount", disks[2], tmp_path)
    sh("btrfs", "subvolume", "create", tmp_path / "images")
    (tmp_path / "images" / "one").write_text("content")
    sh("cp", "--reflink=always", tmp_path / "images" / "one", tmp_path / "images" / "two")
    sh("btrfs", "subvolume", "snapshot", tmp_path / "images", tmp_path / "before")
    (tmp_path / "images" / "two").write_text("other")
    assert "content" == (tmp_path / "before" / "two").read_text()


def test_loop_devices_have_partitions(tmp_path: Path, modules: Need, disks: list[Path]) -> None:
    modules("loop")
    image = tmp_path / "image"
    sh("truncate", "-s", "64M", image)
    subprocess.run(["sfdisk", "--quiet", image], input="size=32MiB\n", text=True, timeout=60, check=True)
    loop = sh("losetup", "--find", "--show", "--partscan", image)
    assert 64 << 20 == size(loop)
    assert 32 << 20 == size(f"{loop}p1")


@pytest.mark.parametrize("version", ["3", "4.2"])
def test_nfs_is_served_and_mounted(version: str, nfs_export: Path, tmp_path: Path) -> None:
    sh("mount", "-t", "nfs", "-o", f"vers={version},nolock", "127.0.0.1:/export", tmp_path)
    (tmp_path / "file").write_text("content")
    assert "content" == (nfs_export / "file").read_text()


def test_an_iscsi_login_gives_a_disk(iscsi_target: IscsiTarget, udev: Callable[[], None]) -> None:
    sh("iscsiadm", "--mode", "discovery", "--type", "sendtargets", "--portal", iscsi_target.portal)
    sh("iscsiadm", "--mode", "node", "--targetname", iscsi_target.name, "--login")
    udev()
    disk = Path(f"/dev/disk/by-path/ip-{iscsi_target.portal}-iscsi-{iscsi_target.name}-lun-1")
    assert 64 << 20 == size(disk)


def test_qemu_nbd_connects_an_image(tmp_path: Path, modules: Need, programs: Need) -> None:
    programs("qemu-nbd", "qemu-img")
    modules("nbd")
    sh("qemu-img", "create", "-q", "-f", "qcow2", tmp_path / "image", "64M")
    sh("qemu-nbd", "--connect=/dev/nbd0", tmp_path / "image")
    assert 64 << 20 == size("/dev/nbd0")
    sh("qemu-nbd", "--disconnect", "/dev/nbd0")


def test_control_groups_have_controllers(tmp_path: Path) -> None:
    sh("mount", "-t", "cgroup2", "cgroup2", tmp_path)
    controllers = set((tmp_path / "cgroup.controllers").read_text().split())
    sh("umount", tmp_path)
    assert {"cpu", "io", "memory", "pids"} <= controllers


def test_bridges_have_ports_with_vlans(modules: Need, programs: Need) -> None:
    programs("ip", "bridge")
    modules("bridge", "8021q", "veth")
    sh("ip", "link", "add", "lab", "type", "bridge", "vlan_filtering", "1")
    sh("ip", "link", "add", "port", "type", "veth", "peer", "name", "peer")
    sh("ip", "link", "set", "port", "master", "lab")
    sh("bridge", "vlan", "add", "dev", "port", "vid", "42")
    sh("ip", "link", "add", "link", "peer", "name", "peer.42", "type", "vlan", "id", "42")
    assert "42" in sh("bridge", "vlan", "show", "dev", "port")
    sh("ip", "link", "delete", "port")
    sh("ip", "link", "delete", "lab")
