"""The cpio archive, read back by busybox, whose format is the kernel's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.guests.initramfs import Initramfs
from tests.guests.linux import BUSYBOX

pytestmark = pytest.mark.skipif(not BUSYBOX.exists(), reason="busybox-static is not installed")


def cpio(option: str, archive: bytes, folder: Path) -> str:
    done = subprocess.run([BUSYBOX, "cpio", option], input=archive, cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


def test_parent_folders_come_before_what_they_hold_and_only_once(tmp_path: Path) -> None:
    files = Initramfs()
    files.file("etc/acpi/handler", b"")
    files.link("etc/acpi/alias", "handler")
    listed = cpio("-t", files.archive(), tmp_path).split()
    assert ["etc", "etc/acpi", "etc/acpi/handler", "etc/acpi/alias"] == listed


@pytest.mark.parametrize("size", range(9))
def test_a_file_of_any_length_is_unpacked_as_it_was(tmp_path: Path, size: int) -> None:
    content = bytes(range(1, size + 1))
    files = Initramfs()
    files.file("name" + "x" * size, content, mode=0o751)
    files.file("after", b"untouched")
    cpio("-i", files.archive(), tmp_path)
    unpacked = tmp_path / ("name" + "x" * size)
    assert content == unpacked.read_bytes()
    assert 0o751 == unpacked.stat().st_mode & 0o777
    assert b"untouched" == (tmp_path / "after").read_bytes()


def test_a_link_points_where_it_was_told(tmp_path: Path) -> None:
    files = Initramfs()
    files.link("bin/sh", "busybox")
    cpio("-i", files.archive() + bytes(512), tmp_path)
    assert "busybox" == str((tmp_path / "bin" / "sh").readlink())
