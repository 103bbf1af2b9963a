"""What works in a test kernel: the storage that drivers are tested with, and that nothing of it reaches the machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.test_kernel

Load = Callable[..., None]


def sh(*command: str | Path) -> str:
    """What a program printed; the test fails, with the program's words, when that fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_it_is_user_mode_linux() -> None:
    assert "User Mode Linux" in Path("/proc/cpuinfo").read_text()
    assert 0 == os.getuid()


def test_lvm_makes_activates_and_snapshots_volumes(disks: list[Path], modules: Load, programs: Load) -> None:
    programs("lvm", "thin_check")
    modules("dm-mod", "dm-snapshot", "dm-thin-pool")
    sh("vgcreate", "lab", disks[0], disks[1])
    sh("lvcreate", "-y", "-L", "64M", "-n", "data", "lab")
    sh("mkfs.ext4", "-q", "/dev/lab/data")
    sh("lvcreate", "-y", "-s", "-L", "16M", "-n", "before", "lab/data")
    sh("lvcreate", "-y", "-T", "-L", "64M", "lab/pool")
    sh("lvcreate", "-y", "-T", "-V", "1G", "-n", "thin", "lab/pool")
    assert str(1 << 30) == sh("blockdev", "--getsize64", "/dev/lab/thin").strip()
    names = sh("lvs", "--noheadings", "-o", "lv_name", "lab").split()
    assert ["before", "data", "pool", "thin"] == sorted(names)


def test_the_next_test_finds_blank_disks_and_no_mapping(disks: list[Path], modules: Load) -> None:
    modules("dm-mod")
    assert not sh("wipefs", "--no-act", *disks)
    assert ["control"] == [path.name for path in Path("/dev/mapper").iterdir()]
