"""Pools in virtkitd: they are there with the daemon, not with its clients."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import virtkit
from tests.interop.virtkitd import Virtkitd
from virtkit import StoragePool

PATIENCE = 30.0
BOOT_STAMP = "run/storage/autostarted"


@pytest.fixture
def pools(tmp_path: Path) -> Path:
    """A folder for pools."""
    made = tmp_path / "pools"
    made.mkdir()
    return made


def define(connection: virtkit.Connection, name: str, folder: Path) -> StoragePool:
    return connection.define_storage_pool(
        f"<pool type='dir'><name>{name}</name><target><path>{folder}</path></target></pool>"
    )


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"it never happened: {what}"
        time.sleep(0.01)


def test_marked_pools_start_with_the_daemon(tmp_path: Path, pools: Path) -> None:
    with Virtkitd(tmp_path) as daemon, virtkit.open(daemon.uri("storage:///system")) as connection:
        define(connection, "images", pools).set_autostart(True)
    (daemon.root / BOOT_STAMP).unlink()
    with Virtkitd(tmp_path) as daemon:
        until((daemon.root / BOOT_STAMP).exists, "the daemon takes charge of its pools")
        with virtkit.open(daemon.uri("storage:///system")) as connection:
            pool = connection.lookup_storage_pool_by_name("images")
            until(pool.is_active, "the pool starts")


def test_what_is_known_of_a_pool_outlives_the_last_client(tmp_path: Path, pools: Path) -> None:
    with Virtkitd(tmp_path) as daemon:
        until((daemon.root / BOOT_STAMP).exists, "the daemon takes charge of its pools")
        with virtkit.open(daemon.uri("storage:///system")) as connection:
            define(connection, "images", pools).create()
        (pools / "new.img").touch()
        with virtkit.open(daemon.uri("storage:///system")) as connection:
            pool = connection.lookup_storage_pool_by_name("images")
            assert [] == pool.list_volumes(), "the list is that of the last refresh"
            pool.refresh()
            assert ["new.img"] == [volume.name for volume in pool.list_volumes()]
