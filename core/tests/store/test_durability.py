"""What was stored is there after a power cut: on the disk as it is at that moment, on real file systems."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from virtkit.store.files import replace

CONTENT = b"<domain>\n  <name>web</name>\n</domain>\n"
OLD = b"<domain/>\n"

FILE_SYSTEMS = {"ext4": ["mkfs.ext4", "-q"], "xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"]}


def shared_folder() -> Path:
    """The folder that the test kernel shares with the machine it runs on, with its disks."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    [folder] = [target for _, target, kind, *_ in mounts if kind == "hostfs" and "testkernel-" in target]
    return Path(folder)


def cut(disk: Path, image: Path) -> Path:
    """What is on a disk if the power fails now: its bytes as it has them, past what the kernel still means to write."""
    store = shared_folder() / disk.name
    with store.open("rb") as source, image.open("wb") as copy:
        for offset in range(0, store.stat().st_size, 1 << 20):
            block = os.pread(source.fileno(), 1 << 20, offset)
            if block.count(0) != len(block):
                copy.seek(offset)
                copy.write(block)
        copy.truncate(store.stat().st_size)
    return image


def files(image: Path, folder: Path) -> dict[str, bytes]:
    """The files on a disk when it is mounted again."""
    folder.mkdir()
    subprocess.run(["mount", "-o", "loop", image, folder], check=True)
    try:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


@pytest.fixture(params=FILE_SYSTEMS)
def mounted(
    request: pytest.FixtureRequest, disks: list[Path], modules: Callable[..., None], programs: Callable[..., None]
) -> Path:
    make = FILE_SYSTEMS[request.param]
    programs(make[0])
    modules("loop", *(name for name in FILE_SYSTEMS if name == request.param))
    subprocess.run([*make, disks[0]], check=True)
    folder = Path("/mnt/durability")
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", disks[0], folder], check=True)
    os.sync()
    return folder


@pytest.mark.test_kernel
def test_what_replace_has_stored_survives_a_power_cut(mounted: Path, disks: list[Path], tmp_path: Path) -> None:
    (mounted / "kept.xml").write_bytes(OLD)
    os.sync()
    replace(mounted / "kept.xml", CONTENT)
    first = cut(disks[0], tmp_path / "first")
    replace(mounted / "new.xml", CONTENT)
    second = cut(disks[0], tmp_path / "second")
    (mounted / "later.xml").write_bytes(CONTENT)
    third = cut(disks[0], tmp_path / "third")
    subprocess.run(["umount", mounted], check=True)
    assert files(first, tmp_path / "cut") == {"kept.xml": CONTENT}
    assert files(second, tmp_path / "cut") == {"kept.xml": CONTENT, "new.xml": CONTENT}
    assert not files(third, tmp_path / "cut").get("later.xml"), "it has what nobody asked to be on disk: no proof"


@pytest.mark.parametrize("before", [None, OLD])
def test_a_disk_that_refuses_leaves_what_was_there(
    before: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "web.xml"
    if before is not None:
        path.write_bytes(before)

    def refuse(file: int) -> None:
        raise OSError(errno.EIO, "refused")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="refused"):
        replace(path, CONTENT)
    assert {found.name: found.read_bytes() for found in tmp_path.iterdir()} == ({"web.xml": before} if before else {})
