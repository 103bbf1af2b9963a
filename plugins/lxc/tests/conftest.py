"""Fixtures of tests with real containers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.lab import Lab
from tests.containers import make_root, needs_containers, remains
from tests.namespaces import Namespace
from virtkit import Connection
from virtkit.network.links import Links


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """As pytest's own, which lies in a private folder; the users of id maps may walk into this one."""
    with tempfile.TemporaryDirectory(prefix="virtkit-lxc-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose containers end with the test, without anything left."""
    needs_containers()
    with closing(Lab(tmp_path)) as made:
        yield made


@pytest.fixture(scope="module")
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


@pytest.fixture
def bridge(network: Namespace) -> str:
    """A bridge of a host that is a network namespace: 10.0.0.1."""
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        links.add_address("vb0", "10.0.0.1/24")
        links.set_up("vb0")
    return "vb0"
