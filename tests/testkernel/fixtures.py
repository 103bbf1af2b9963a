"""Fixtures of tests in a test kernel: blank disks, kernel modules, and what has to be installed."""

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

OF_TESTS = ("/dev/ubd", "/dev/mapper/", "/dev/dm-", "/dev/loop", "/dev/nbd", "/dev/sd")
"""How the names of devices begin that tests mount: everything, for the root is no device."""


@pytest.fixture
def disks() -> Iterator[list[Path]]:
    """Four blank disks of 512 MiB: /dev/ubdb and so on.

    Afterwards every file system on a device is unmounted, mappings and loop devices are removed, and disks are blanked.
    """
    found = [Path("/dev", name) for name in disk_names()]
    if not all(disk.is_block_device() for disk in found):
        pytest.fail("there are disks only in a test kernel: mark the test with @pytest.mark.test_kernel")
    before = [_writes(disk) for disk in found]
    yield found
    unmount(lambda source, _: source.startswith(OF_TESTS))
    _remove_mappings()
    for disk, writes in zip(found, before, strict=True):
        if writes != _writes(disk):  # to blank one takes a tenth of a second
            _blank(disk)


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


def unmount(belongs: Callable[[str, str], bool]) -> None:
    """Unmount file systems, the newest first, that are chosen by their source and type."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for source, target, kind, *_ in reversed(mounts):
        if belongs(source, kind):
            subprocess.run(["umount", "--lazy", target.encode().decode("unicode_escape")], timeout=60, check=True)


def _writes(disk: Path) -> int:
    return int(Path("/sys/block", disk.name, "stat").read_text().split()[4])


def _remove_mappings() -> None:
    if list(Path("/sys/block").glob("dm-*")):
        subprocess.run(["dmsetup", "remove_all", "--force"], capture_output=True, timeout=60, check=True)
    if list(Path("/sys/block").glob("loop*/loop/backing_file")):
        subprocess.run(["losetup", "--detach-all"], timeout=60, check=True)
    for link in Path("/dev").glob("*/*"):  # LVM made them, and does not know that its volumes are gone
        if link.is_symlink() and not link.exists():
            link.unlink()


def _blank(disk: Path) -> None:
    """Make a disk read as zeros, without partitions."""
    device = os.open(disk, os.O_RDWR | os.O_EXCL)
    try:
        fcntl.ioctl(device, BLKDISCARD, struct.pack("QQ", 0, DISK_SIZE))
        fcntl.ioctl(device, BLKRRPART)
    finally:
        os.close(device)
