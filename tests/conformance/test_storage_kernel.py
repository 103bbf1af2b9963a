"""The storage driver passes the parts of the conformance suite that touch storage, in a kernel of its own.

Its pools are mounted, or subvolumes; what is the same for every pool is tested with folders.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.test_storage import POOL, VOLUME
from virtkit.testing import (
    BaseStoragePoolActivity,
    BaseStoragePoolInfo,
    BaseStorageVolContents,
    BaseStorageVolCreation,
    BaseStorageVolStates,
    Offer,
    Profile,
)

pytestmark = [pytest.mark.test_kernel, pytest.mark.slow]

SIZE = 64 << 20


@pytest.fixture(params=["fs", "btrfs"])
def profile(
    request: pytest.FixtureRequest,
    disks: list[Path],
    tmp_path: Path,
    modules: Callable[..., None],
    programs: Callable[..., None],
) -> Profile:
    make = _filesystems(tmp_path, modules) if request.param == "fs" else _subvolumes(tmp_path, disks[0], programs)

    def pool_xml(name: str, uuid: str) -> str:
        source, target = make(name)
        return (
            f"<pool type='{request.param}'><name>{name}</name><uuid>{uuid}</uuid>{source}"
            f"<target><path>{target}</path></target></pool>"
        )

    uri = f"storage:///embed?root={tmp_path / 'root'}"
    return Profile(uri=uri, storage_pool=Offer(POOL, xml=pool_xml), storage_vol=Offer(VOLUME))


def _filesystems(place: Path, modules: Callable[..., None]) -> Callable[[str], tuple[str, Path]]:
    modules("loop")

    def make(name: str) -> tuple[str, Path]:
        image, target = place / f"{name}.image", place / name
        if not image.exists():
            target.mkdir()
            with image.open("wb") as file:
                file.truncate(SIZE)
            subprocess.run(["mkfs.ext4", "-q", image], timeout=60, check=True)
        return f"<source><device path='{image}'/><format type='ext4'/></source>", target

    return make


def _subvolumes(place: Path, disk: Path, programs: Callable[..., None]) -> Callable[[str], tuple[str, Path]]:
    programs("btrfs", "mkfs.btrfs")
    pools = place / "pools"
    pools.mkdir()
    subprocess.run(["mkfs.btrfs", "-q", disk], timeout=60, check=True)
    subprocess.run(["mount", disk, pools], timeout=60, check=True)

    def make(name: str) -> tuple[str, Path]:
        target = pools / name
        if not target.exists():
            subprocess.run(["btrfs", "-q", "subvolume", "create", target], timeout=60, check=True)
        return "", target

    return make


class TestStoragePoolInfo(BaseStoragePoolInfo):
    pass


class TestStoragePoolActivity(BaseStoragePoolActivity):
    pass


class TestStorageVolCreation(BaseStorageVolCreation):
    pass


class TestStorageVolContents(BaseStorageVolContents):
    pass


class TestStorageVolStates(BaseStorageVolStates):
    pass
