"""What is mounted, as the kernel lists it, and the commands that mount."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.errors import OperationFailedError, OperationTimeoutError, SystemCallError
from virtkit.storage import mounts
from virtkit.storage.mounts import Mount, arguments_of_mount, is_device, mounted_at, parse

LIST = rb"""
22 26 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
36 26 252:1 / /srv/images rw,nodev shared:1 master:2 - ext4 /dev/vdb1 rw,errors=remount-ro
37 26 0:41 /@home /home rw,relatime - btrfs /dev/mapper/vg-home rw,subvol=/@home
38 26 0:52 / /srv/a\040b\011c\012d\134e\043f rw - nfs4 nas:/a\040b rw,vers=4.2
39 26 0:53 / /srv/none rw - tmpfs  rw
"""


def test_a_mount_is_read_with_its_target_type_and_source() -> None:
    assert Mount("/srv/images", "ext4", "/dev/vdb1") == parse(LIST)[1]
    assert Mount("/home", "btrfs", "/dev/mapper/vg-home") == parse(LIST)[2]


def test_blanks_backslashes_and_hashes_are_unescaped() -> None:
    mount = parse(LIST)[3]
    assert ("/srv/a b\tc\nd\\e#f", "nas:/a b") == (mount.target, mount.source)


def test_an_empty_source_is_empty() -> None:
    assert "" == parse(LIST)[4].source


def test_lines_that_are_cut_short_are_left_out() -> None:
    assert [] == parse(b"36 26 252:1 / /srv\n37 26 0:41 / /x rw - btrfs\n\n")


@given(st.binary(min_size=1).filter(lambda path: b"\0" not in path))
def test_every_path_survives(path: bytes) -> None:
    escaped = b"".join(b"\\%03o" % byte if byte in b" \t\n\\\r\v\f\x1c\x1d\x1e\x85" else bytes([byte]) for byte in path)
    line = b"36 26 252:1 / " + escaped + b" rw - ext4 /dev/vdb1 rw"
    assert [os.fsdecode(path)] == [mount.target for mount in parse(line)]


def test_this_kernel_lists_its_root() -> None:
    found = mounted_at("/")
    assert found is not None
    assert "/" == found.target


def test_a_mount_is_found_by_links_to_its_folder_and_to_those_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link, above = tmp_path / "real" / "pool", tmp_path / "link", tmp_path / "above"
    real.mkdir(parents=True)
    link.symlink_to(real)
    above.symlink_to(real.parent)
    (tmp_path / "list").write_text(f"36 26 252:1 / {real} rw - ext4 /dev/vdb1 rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", str(tmp_path / "list"))
    for path in (real, link, above / "pool", f"{real}/"):
        assert mounted_at(str(path)) is not None
    assert mounted_at(str(real.parent)) is None


def test_the_topmost_of_two_mounts_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list").write_text("1 2 0:1 / /a rw - ext4 /dev/one rw\n1 2 0:1 / /a rw - ext4 /dev/two rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", str(tmp_path / "list"))
    found = mounted_at("/a")
    assert found is not None
    assert "/dev/two" == found.source


def test_a_device_is_known_by_links_to_it(tmp_path: Path) -> None:
    device, link = tmp_path / "device", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    assert is_device(str(device), str(link))
    assert not is_device("tmpfs", str(device))
    assert not is_device("nas:/export", str(device))


def test_names_are_no_options_of_mount() -> None:
    arguments = arguments_of_mount("-o", "--bind", "ext4", ["nodev", "discard"])
    assert ["mount", "-t", "ext4", "-o", "nodev,discard", "--", "-o", "--bind"] == arguments
    assert ["mount", "--", "/dev/vdb", "/srv"] == arguments_of_mount("/dev/vdb", "/srv")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_mount_that_does_not_end_is_ended_and_told(program: Path) -> None:
    _script(program / "mount", "exec sleep 600")
    with pytest.raises(
        OperationTimeoutError, match="storage pool 'a': nas:/x cannot be mounted at /srv: mount did not"
    ):
        mounts.mount("nas:/x", "/srv", subject="storage pool 'a'", timeout=0.1)


def test_a_mount_that_is_refused_says_why(program: Path) -> None:
    _script(program / "mount", "echo 'wrong fs type' >&2; exit 32")
    with pytest.raises(OperationFailedError, match=r"storage pool 'a': .*wrong fs type"):
        mounts.mount("/dev/vdb", "/srv", subject="storage pool 'a'")


def test_what_is_not_mounted_any_more_counts_as_unmounted(program: Path) -> None:
    _script(program / "umount", "echo 'not mounted' >&2; exit 32")
    mounts.unmount("/nowhere", subject="storage pool 'a'")


def test_what_is_busy_stays_mounted(program: Path) -> None:
    _script(program / "umount", "echo 'umount: /: target is busy.' >&2; exit 32")
    with pytest.raises(SystemCallError, match="storage pool 'a' stays active: / cannot be unmounted, for it is busy"):
        mounts.unmount("/", subject="storage pool 'a'")


def test_an_unmount_that_does_not_end_says_how_to_give_up(program: Path) -> None:
    _script(program / "umount", "exec sleep 600")
    with pytest.raises(OperationTimeoutError, match="umount --force --lazy /srv"):
        mounts.unmount("/srv", subject="storage pool 'a'", timeout=0.1)
