"""Fixtures of the storage driver's tests: a root, and a pool that is a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A root of its own."""
    return f"storage:///embed?root={tmp_path / 'root'}"


@pytest.fixture
def connection(uri: str) -> Iterator[virtkit.Connection]:
    with virtkit.open(uri) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the pool `images`."""
    made = tmp_path / "images"
    made.mkdir()
    return made


@pytest.fixture
def pool(connection: virtkit.Connection, folder: Path) -> virtkit.StoragePool:
    """The active pool `images`."""
    defined = connection.define_storage_pool(
        f"<pool type='dir'><name>images</name><target><path>{folder}</path></target></pool>"
    )
    defined.create()
    return defined
