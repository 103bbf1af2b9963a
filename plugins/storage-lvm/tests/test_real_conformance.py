"""The storage driver passes those parts of the conformance suite that depend on a backend, with volume groups."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from virtkit.testing import (
    BaseStoragePoolActivity,
    BaseStorageVolContents,
    BaseStorageVolCreation,
    BaseStorageVolStates,
    Can,
    Offer,
    Profile,
)

pytestmark = [pytest.mark.test_kernel, pytest.mark.slow, pytest.mark.xdist_group("lvm")]

POOL = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
    | Can.REFRESH
)  # fmt: skip
VOLUME = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.CREATE | Can.CLONE | Can.RESIZE | Can.WIPE | Can.CONTENTS
)  # fmt: skip

EXTENT = "1M"
"""The suite has volumes of some MiB, which stay as large as that."""

Need = Callable[..., None]


@pytest.fixture
def profile(disks: list[Path], modules: Need, programs: Need, tmp_path: Path) -> Iterator[Profile]:
    programs("lvs", "wipefs")
    modules("dm-mod")
    free = iter(disks)
    made: set[str] = set()

    def pool_xml(name: str, uuid: str) -> str:
        """A pool whose group is there."""
        group = f"vg-{name}"
        if group not in made:
            command = ["vgcreate", "--quiet", "--yes", "--physicalextentsize", EXTENT, group, str(next(free))]
            subprocess.run(command, capture_output=True, timeout=60, check=True)
            made.add(group)
        return (
            f"<pool type='logical'><name>{name}</name><uuid>{uuid}</uuid><source><name>{group}</name></source></pool>"
        )

    yield Profile(
        uri=f"storage:///embed?root={tmp_path}",
        wrong_uris=(),
        storage_pool=Offer(POOL, xml=pool_xml),
        storage_vol=Offer(VOLUME),
    )
    subprocess.run(["vgchange", "--activate", "n"], capture_output=True, timeout=120, check=False)


class TestStoragePoolActivity(BaseStoragePoolActivity):
    pass


class TestStorageVolCreation(BaseStorageVolCreation):
    pass


class TestStorageVolContents(BaseStorageVolContents):
    pass


class TestStorageVolStates(BaseStorageVolStates):
    pass
