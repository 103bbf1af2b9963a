"""The storage driver passes the conformance suite, with pools that are folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.testing import (
    BaseConnection,
    BaseReadOnly,
    BaseStoragePoolActivity,
    BaseStoragePoolAutostart,
    BaseStoragePoolDefinition,
    BaseStoragePoolDescription,
    BaseStoragePoolEnumeration,
    BaseStoragePoolEvents,
    BaseStoragePoolInfo,
    BaseStoragePoolLookup,
    BaseStoragePoolPersistence,
    BaseStorageVolContents,
    BaseStorageVolCreation,
    BaseStorageVolDescription,
    BaseStorageVolEnumeration,
    BaseStorageVolLookup,
    BaseStorageVolStates,
    BaseSupport,
    Can,
    Offer,
    Profile,
)

POOL = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
    | Can.BUILD | Can.REFRESH
)  # fmt: skip
VOLUME = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.CREATE | Can.CLONE | Can.RESIZE | Can.WIPE | Can.CONTENTS
)  # fmt: skip


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    def pool_xml(name: str, uuid: str) -> str:
        folder = tmp_path / "pools" / name
        folder.mkdir(parents=True, exist_ok=True)
        return f"<pool type='dir'><name>{name}</name><uuid>{uuid}</uuid><target><path>{folder}</path></target></pool>"

    return Profile(
        uri=f"storage:///embed?root={tmp_path}",
        wrong_uris=("storage:///nowhere", "storage:///embed?root=here", "storage:///embed"),
        host=Offer(Can.DESCRIBE),
        storage_pool=Offer(POOL, xml=pool_xml),
        storage_vol=Offer(VOLUME),
    )


class TestConnection(BaseConnection):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    pass


class TestStoragePoolLookup(BaseStoragePoolLookup):
    pass


class TestStoragePoolEnumeration(BaseStoragePoolEnumeration):
    pass


class TestStoragePoolDescription(BaseStoragePoolDescription):
    pass


class TestStoragePoolInfo(BaseStoragePoolInfo):
    pass


class TestStoragePoolDefinition(BaseStoragePoolDefinition):
    pass


class TestStoragePoolActivity(BaseStoragePoolActivity):
    pass


class TestStoragePoolPersistence(BaseStoragePoolPersistence):
    pass


class TestStoragePoolAutostart(BaseStoragePoolAutostart):
    pass


class TestStoragePoolEvents(BaseStoragePoolEvents):
    pass


class TestStorageVolLookup(BaseStorageVolLookup):
    pass


class TestStorageVolEnumeration(BaseStorageVolEnumeration):
    pass


class TestStorageVolDescription(BaseStorageVolDescription):
    pass


class TestStorageVolCreation(BaseStorageVolCreation):
    pass


class TestStorageVolContents(BaseStorageVolContents):
    pass


class TestStorageVolStates(BaseStorageVolStates):
    pass
