"""What a device holds, and making filesystems; with files, which do as devices."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from virtkit.errors import (
    ConfigUnsupportedError,
    OperationFailedError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    SystemCallError,
)
from virtkit.storage.formatting import make_filesystem, require_blank, signatures

pytestmark = pytest.mark.skipif(not shutil.which("mkfs.ext4", path="/usr/sbin:/sbin"), reason="e2fsprogs is missing")

POOL = "storage pool 'lab'"


@pytest.fixture
def device(tmp_path: Path) -> str:
    path = tmp_path / "-device"
    with path.open("wb") as file:
        file.truncate(8 << 20)
    return str(path)


def test_a_blank_device_holds_nothing(device: str) -> None:
    assert [] == signatures(device, subject=POOL)
    require_blank(device, "ext4", subject=POOL)


def test_what_is_made_is_found(device: str) -> None:
    make_filesystem(device, "ext4", subject=POOL)
    assert ["ext4"] == signatures(device, subject=POOL)
    with pytest.raises(StoragePoolBuiltError, match=r"'lab': .* has a filesystem of type ext4 already"):
        require_blank(device, "ext4", subject=POOL)


def test_something_else_is_named(device: str) -> None:
    make_filesystem(device, "ext2", subject=POOL)
    with pytest.raises(StorageProbeFailedError, match=r"'lab': .* holds something else: ext2; .* overwrite"):
        require_blank(device, "ext4", subject=POOL)


def test_what_is_there_is_overwritten_without_a_question(device: str) -> None:
    make_filesystem(device, "ext2", subject=POOL)
    make_filesystem(device, "ext4", subject=POOL)
    assert ["ext4"] == signatures(device, subject=POOL)


def test_a_device_that_is_missing_is_told(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none", 2), (tmp_path, 15)):
        with pytest.raises(SystemCallError, match="'lab'") as refused:
            signatures(str(path), subject=POOL)
        assert code == refused.value.int1
        with pytest.raises(SystemCallError, match="'lab'"):
            make_filesystem(str(path), "ext4", subject=POOL)


def test_a_device_that_is_too_small_is_told(device: str) -> None:
    os.truncate(device, 1024)
    with pytest.raises(OperationFailedError, match=r"'lab': .* cannot be formatted: mkfs\.ext4 failed"):
        make_filesystem(device, "ext4", subject=POOL)


def test_a_program_that_is_missing_is_named(device: str) -> None:
    with pytest.raises(ConfigUnsupportedError, match=r"'lab': .* mkfs\.vmfs is not installed"):
        make_filesystem(device, "vmfs", subject=POOL)


def test_an_answer_that_nobody_understands_is_no_blank_device(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "wipefs"
    program.write_text("#!/bin/sh\necho nonsense\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(StorageProbeFailedError, match=r"'lab': what is on .* cannot be told"):
        require_blank(device, "ext4", subject=POOL)
