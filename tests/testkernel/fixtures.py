"""Fixtures of tests that run in a test kernel."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.testkernel.booting import DISK_SIZE, disk_names

BLKDISCARD = 0x1277
BLKRRPART = 0x125F


@pytest.fixture
def disks() -> Iterator[list[Path]]:
    """Four blank disks of 512 MiB: /dev/ubdb and so on. What a test leaves on them, or mounted, is cleared away."""
    found = [Path("/dev", name) for name in disk_names()]
    if not all(disk.is_block_device() for disk in found):
        pytest.fail("`disks` are in a test kernel: mark the test with @pytest.mark.test_kernel")
    yield found
    _unmount()
    _remove_mappings()
    for disk in found:
        blank(disk)


@pytest.fixture
def modules() -> Callable[..., None]:
    """Load kernel modules by name; the test fails, with modprobe's words, when one cannot be loaded."""

    def load(*names: str) -> None:
        done = subprocess.run(["modprobe", "-a", *names], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            pytest.fail(f"the test kernel cannot load {' '.join(names)}: {done.stderr.strip()}")

    return load


@pytest.fixture
def programs() -> Callable[..., None]:
    """Skip the test where one of the programs is not installed."""

    def need(*names: str) -> None:
        missing = [name for name in names if shutil.which(name) is None]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)}")

    return need


def blank(disk: Path) -> None:
    """Make a disk read as zeros, without partitions."""
    device = os.open(disk, os.O_RDWR | os.O_EXCL)
    try:
        fcntl.ioctl(device, BLKDISCARD, struct.pack("QQ", 0, DISK_SIZE))
        fcntl.ioctl(device, BLKRRPART)
    finally:
        os.close(device)


def _unmount() -> None:
    """Unmount what stands on a disk of a test, the newest first."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for source, target, *_ in reversed(mounts):
        if source.startswith(("/dev/ubd", "/dev/mapper/", "/dev/loop", "/dev/dm-")):
            subprocess.run(["umount", "--lazy", target], timeout=60, check=True)


def _remove_mappings() -> None:
    if Path("/sys/class/misc/device-mapper").exists():
        subprocess.run(["dmsetup", "remove_all", "--force"], capture_output=True, timeout=60, check=True)
    if list(Path("/sys/block").glob("loop*/loop/backing_file")):
        subprocess.run(["losetup", "--detach-all"], timeout=60, check=True)
