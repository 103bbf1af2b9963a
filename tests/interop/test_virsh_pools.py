"""The real virsh drives pools that need a kernel of its own, through virtkitd in that kernel."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.virtkitd import Virtkitd

pytestmark = [pytest.mark.test_kernel, pytest.mark.libvirt]

DATA = bytes(range(256)) * 256

Virsh = Callable[..., str]


@pytest.fixture
def virsh(tmp_path: Path, programs: Callable[..., None]) -> Iterator[Virsh]:
    """Runs the real virsh; what it prints, stripped."""
    programs("virsh")
    with Virtkitd(tmp_path, configuration="[log]\nlevel = 'warning'\n") as daemon:

        def call(*words: str | Path) -> str:
            command = ["virsh", "-q", "-c", daemon.uri("storage:///system"), *words]
            done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
            assert 0 == done.returncode, f"{words}: {done.stderr}"
            return done.stdout.strip()

        yield call


def refused(virsh: Virsh, *words: str | Path) -> str:
    """Run a command that must fail; what it says."""
    with pytest.raises(AssertionError) as failed:
        virsh(*words)
    return str(failed.value)


def go_through_the_life_of_a_volume(virsh: Virsh, pool: str, folder: Path) -> None:
    """Make, describe, fill, read, clone, resize, wipe and delete."""
    (folder / "sent").write_bytes(DATA)
    virsh("vol-create-as", pool, "disk", "8M")
    path = virsh("vol-path", "--pool", pool, "disk")
    assert ["disk", path] in [line.split() for line in virsh("vol-list", pool).splitlines()]
    assert virsh("vol-key", "--pool", pool, "disk") in virsh("vol-dumpxml", "--pool", pool, "disk")
    assert pool == virsh("vol-pool", path)
    virsh("vol-upload", "--pool", pool, "disk", folder / "sent", "--offset", "1048576")
    virsh("vol-download", "--pool", pool, "disk", folder / "back", "--offset", "1048576", "--length", str(len(DATA)))
    assert DATA == (folder / "back").read_bytes()
    virsh("vol-clone", "--pool", pool, "disk", "copy")
    virsh("vol-download", "--pool", pool, "copy", folder / "copied", "--offset", "1048576", "--length", str(len(DATA)))
    assert DATA == (folder / "copied").read_bytes()
    virsh("vol-resize", "--pool", pool, "disk", "16M")
    assert "16.00 MiB" in virsh("vol-info", "--pool", pool, "disk")
    virsh("vol-wipe", "--pool", pool, "disk")
    virsh("vol-download", "--pool", pool, "disk", folder / "wiped", "--offset", "1048576", "--length", "4096")
    assert bytes(4096) == (folder / "wiped").read_bytes()
    assert "already" in refused(virsh, "vol-create-as", pool, "copy", "8M")
    for name in ("disk", "copy"):
        virsh("vol-delete", "--pool", pool, name)
    assert "disk" not in virsh("vol-list", pool)


def go_through_the_life_of_a_pool(virsh: Virsh, pool: str, folder: Path) -> None:
    """Build, start, use, stop and delete a defined pool."""
    assert "no" == virsh("pool-info", pool).partition("Autostart:")[2].strip().splitlines()[0]
    virsh("pool-build", pool, "--overwrite")
    virsh("pool-start", pool)
    virsh("pool-autostart", pool)
    assert [pool, "active", "yes"] == virsh("pool-list", "--all").split()
    go_through_the_life_of_a_volume(virsh, pool, folder)
    virsh("pool-refresh", pool)
    assert "active" in refused(virsh, "pool-delete", pool)
    virsh("pool-destroy", pool)
    assert [pool, "inactive", "yes"] == virsh("pool-list", "--all").split()


def test_virsh_goes_through_the_life_of_a_filesystem(virsh: Virsh, disks: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "mounted"
    source = ("--source-dev", disks[0], "--source-format", "ext4", "--target", target)
    virsh("pool-define-as", "images", "fs", *source)
    go_through_the_life_of_a_pool(virsh, "images", tmp_path)
    assert not target.is_mount()
    virsh("pool-delete", "images")
    virsh("pool-undefine", "images")
    assert "" == virsh("pool-list", "--all")


@pytest.mark.xdist_group("lvm")
def test_virsh_goes_through_the_life_of_a_volume_group(
    virsh: Virsh, disks: list[Path], tmp_path: Path, modules: Callable[..., None], programs: Callable[..., None]
) -> None:
    programs("lvs", "wipefs")
    modules("dm-mod", "dm-snapshot")
    virsh("pool-define-as", "guests", "logical", "--source-dev", disks[1], "--source-name", "vg-virsh")
    go_through_the_life_of_a_pool(virsh, "guests", tmp_path)
    assert "vg-virsh" in virsh("find-storage-pool-sources", "logical")
    virsh("pool-delete", "guests")
    virsh("pool-undefine", "guests")
    assert "" == virsh("pool-list", "--all")
