"""The storage driver passes the conformance suite with pools that are folders, in this process and by virtkitd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.virtkitd import Virtkitd
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


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path_factory.mktemp("virtkitd"), configuration="[log]\nlevel = 'warning'\n") as running:
        yield running


@pytest.fixture(params=["embed", "virtkitd"])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Profile:
    if request.param == "virtkitd":
        daemon: Virtkitd = request.getfixturevalue("daemon")
        return of_folders(daemon.uri("storage:///system"), tmp_path)
    wrong = ("storage:///nowhere", "storage:///embed?root=here", "storage:///embed")
    return of_folders(f"storage:///embed?root={tmp_path}", tmp_path, wrong)


def of_folders(uri: str, tmp_path: Path, wrong_uris: tuple[str, ...] = ()) -> Profile:
    def pool_xml(name: str, uuid: str) -> str:
        folder = tmp_path / "pools" / name
        folder.mkdir(parents=True, exist_ok=True)
        return f"<pool type='dir'><name>{name}</name><uuid>{uuid}</uuid><target><path>{folder}</path></target></pool>"

    return Profile(
        uri=uri,
        wrong_uris=wrong_uris,
        host=Offer(Can.DESCRIBE),
        storage_pool=Offer(POOL, xml=pool_xml),
        storage_vol=Offer(VOLUME),
    )


class TestConnection(BaseConnection):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    @pytest.fixture
    def profile(self, tmp_path: Path) -> Profile:
        """In this process only: the remote driver offers everything, and passes the daemon's answers on."""
        return of_folders(f"storage:///embed?root={tmp_path}", tmp_path)


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
