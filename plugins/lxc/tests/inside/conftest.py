"""Fixtures of tests about programs in containers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from tests.containers import make_root, needs_containers, remains
from virtkit import Connection


@pytest.fixture(scope="package")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_containers()
    folder = make_root(tmp_path_factory.mktemp("rootfs"))
    folder.chmod(0o755)  # there are other users in it
    return folder


@pytest.fixture
def uri(tmp_path: Path, rootfs: Path) -> Iterator[str]:
    """Of a root of its own; whatever a test left running is ended, and nothing of it may remain."""
    uri = f"lxc:///embed?root={tmp_path}"
    yield uri
    with virtkit.open(uri) as connection:
        for domain in connection.list_domains():
            if domain.is_active():
                domain.destroy()
    assert {} == remains(tmp_path / "run" / "lxc")


@pytest.fixture
def connection(uri: str) -> Iterator[Connection]:
    with virtkit.open(uri) as opened:
        yield opened
