"""Fixtures of the QEMU driver's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Journal, Root, root
from plugins.qemu.tests.rig import QEMU, Rig, rig
from tests.guests import Cache, GuestBuildError, LinuxGuest, TinyGuest, linux_guest, tiny_guest


@pytest.fixture(name="rig")
def _rig(tmp_path: Path) -> Iterator[Rig]:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed")
    with rig(tmp_path) as built:
        yield built


@pytest.fixture(scope="session")
def tiny() -> TinyGuest:
    try:
        return tiny_guest(Cache())
    except GuestBuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def linux() -> LinuxGuest:
    try:
        return linux_guest(Cache())
    except GuestBuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What QEMU can do, asked once for all roots."""
    return tmp_path_factory.mktemp("capabilities")


@pytest.fixture(name="root")
def _root(tmp_path: Path, tiny: TinyGuest, answers: Path) -> Iterator[Root]:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed")
    (tmp_path / "lib/qemu").mkdir(parents=True)
    (tmp_path / "lib/qemu/capabilities").symlink_to(answers)
    with root(tmp_path, tiny) as made:
        yield made


@pytest.fixture
def connection(root: Root) -> Iterator[virtkit.Connection]:
    with root.open() as opened:
        yield opened


@pytest.fixture
def images(root: Root, connection: virtkit.Connection, tiny: TinyGuest) -> virtkit.StoragePool:
    """An active pool with the tiny guest's disk as its volume `tiny.img`."""
    pytest.importorskip("virtkit_storage")
    folder = root.folder / "images"
    folder.mkdir()
    (folder / "tiny.img").write_bytes(tiny.image.read_bytes())
    pool = connection.define_storage_pool(
        f"<pool type='dir'><name>images</name><target><path>{folder}</path></target></pool>"
    )
    pool.create()
    return pool


@pytest.fixture
def journal(connection: virtkit.Connection) -> Journal:
    return Journal(connection)


@pytest.fixture
def web(root: Root, connection: virtkit.Connection) -> virtkit.Domain:
    """A defined domain that boots the tiny guest."""
    return connection.define_domain(root.xml("web", devices="<panic model='isa'/>"))
