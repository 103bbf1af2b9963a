"""Pools that are exports of servers; with a server of NFS in a kernel of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.storage.tests.cycle import (
    BUSY,
    DATA,
    MIB,
    NO_DEVICE,
    contents,
    fill_up,
    opened,
    volume,
    work_with_volumes,
)
from virtkit.enums import StoragePoolBuildFlags, StoragePoolCreateFlags, StoragePoolState
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationFailedError,
    OperationInvalidError,
    OperationTimeoutError,
    SystemCallError,
    XMLError,
)
from virtkit.xml.pool import StoragePool as Document
from virtkit_storage import network
from virtkit_storage.network import Answers, NetworkBackend, exports

BUILD = StoragePoolCreateFlags.WITH_BUILD


def document(
    target: Path,
    *options: str,
    host: str = "<host name='127.0.0.1'/>",
    folder: str = "/export",
    kind: str = "nfs",
    version: str = "",
    name: str = "lab",
) -> str:
    protocol = f"<protocol ver='{version}'/>" if version else ""
    given = "".join(f"<fs:option name='{option}'/>" for option in options)
    more = f"<fs:mount_opts>{given}</fs:mount_opts>" if options else ""
    return (
        f"<pool type='netfs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>{name}</name>"
        f"<source>{host}<dir path='{folder}'/><format type='{kind}'/>{protocol}</source>"
        f"<target><path>{target}</path></target>{more}</pool>"
    )


def sh(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "pool"


# What needs no kernel


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"host": "<host name='a'/><host name='b'/>"}, XMLError, "has 2 hosts"),
        ({"host": ""}, XMLError, "has no hosts"),
        ({"host": "<host name='-oProxy'/>"}, XMLError, "'-oProxy' is no name"),
        ({"host": "<host name='a/b'/>"}, XMLError, "'a/b' is no name"),
        ({"version": "4,rw"}, XMLError, "no version of NFS"),
        ({"version": "3", "kind": "cifs"}, ConfigUnsupportedError, "only NFS has"),
        ({"kind": "ext4"}, ConfigUnsupportedError, "'ext4' is on no server"),
    ],
)
def test_a_definition_names_one_server_and_what_it_serves(
    change: dict[str, str], error: type[virtkit.VirtError], said: str, tmp_path: Path
) -> None:
    with opened(tmp_path) as connection, pytest.raises(error, match=said):
        connection.define_storage_pool(document(Path("/srv/a"), **change))


@pytest.mark.parametrize(
    ("host", "kind", "source", "options"),
    [
        ("nas", "nfs", "nas:/export", []),
        ("nas", "auto", "nas:/export", []),
        ("fd00::1", "nfs", "[fd00::1]:/export", []),
        ("nas", "glusterfs", "nas:/export", ["direct-io-mode=1"]),
        ("nas", "cifs", "//nas/export", ["guest"]),
    ],
)
def test_a_source_is_written_as_mount_takes_it(host: str, kind: str, source: str, options: list[str]) -> None:
    pool = Document.parse(document(Path("/srv/a"), host=f"<host name='{host}'/>", kind=kind))
    backend = NetworkBackend()
    assert (source, options) == (backend.source_of(pool), list(backend.options_of(pool)))


def test_who_names_a_user_of_cifs_is_no_guest() -> None:
    pool = Document.parse(document(Path("/srv/a"), "credentials=/etc/nas", kind="cifs"))
    assert [] == list(NetworkBackend().options_of(pool))


def test_a_version_of_nfs_is_an_option_of_the_mount() -> None:
    pool = Document.parse(document(Path("/srv/a"), version="4.1"))
    assert ["vers=4.1"] == list(NetworkBackend().options_of(pool))


def test_two_pools_cannot_have_one_export(tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        connection.define_storage_pool(document(Path("/srv/a")))
        with pytest.raises(OperationFailedError, match=r"export:127\.0\.0\.1:/export"):
            connection.define_storage_pool(document(Path("/srv/b"), folder="/export/", name="other"))


def test_exports_are_told_from_who_may_mount_them() -> None:
    assert ["/srv/a b", "/srv/c"] == exports(b"/srv/a b   (everyone)\n/srv/c     10.0.0.0/8,nas\n\n")


def test_a_search_needs_a_server(tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        for source in (None, "<source/>", "<source><host name='--version'/></source>"):
            with pytest.raises(InvalidArgError, match="server"):
                connection.find_storage_pool_sources("netfs", source)


def test_a_pool_of_a_server_cannot_be_formatted(tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target))
        with pytest.raises(OperationInvalidError, match="no device"):
            pool.build(StoragePoolBuildFlags.OVERWRITE)


def test_one_thread_waits_for_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked = threading.Event(), []

    def ask(folder: str) -> None:
        asked.append(folder)
        answer.wait()

    monkeypatch.setattr(os, "statvfs", ask)
    monkeypatch.setattr(network, "ANSWER_TIMEOUT", 0.1)
    answers = Answers()
    for _ in range(3):
        with pytest.raises(OperationTimeoutError, match="nas has not answered"):
            answers.require("/srv/a", "nas")
    assert ["/srv/a"] == asked
    answer.set()
    monkeypatch.setattr(network, "ANSWER_TIMEOUT", 60.0)
    answers.require("/srv/a", "nas")
    answers.require("/srv/a", "nas")


# In the kernel


@pytest.mark.test_kernel
@pytest.mark.parametrize("version", ["3", "4.2"])
def test_a_pool_and_its_volumes_live_their_lives(
    version: str, nfs_export: Path, tmp_path: Path, target: Path, programs: Callable[..., None]
) -> None:
    programs("qemu-img")
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, "nolock", version=version))
        pool.create(BUILD)
        options = sh("findmnt", "--noheadings", "--output", "OPTIONS", target).split(",")
        assert {"nodev", "nosuid", "noexec", f"vers={version}"} <= set(options)
        work_with_volumes(pool, target)
        assert {"raw.img", "clone.qcow2"} == {path.name for path in nfs_export.iterdir()}
    with opened(tmp_path) as connection:
        pool = connection.lookup_storage_pool_by_name("lab")
        assert pool.is_active()
        assert DATA + bytes(MIB) == contents(pool.lookup_volume_by_name("raw.img"))
        with (target / "raw.img").open("rb"), pytest.raises(SystemCallError, match="busy") as refused:
            pool.destroy()
        assert BUSY == refused.value.int1
        assert pool.is_active()
        pool.destroy()
        assert not target.is_mount()
        pool.delete()
        assert not target.exists()


@pytest.mark.test_kernel
def test_a_format_that_is_left_open_mounts_nfs(nfs_export: Path, tmp_path: Path, target: Path) -> None:
    (nfs_export / "there").write_bytes(b"x")
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, kind="auto"))
        pool.create(BUILD)
        assert ["there"] == pool.list_volume_names()
        pool.destroy()


@pytest.mark.test_kernel
def test_exports_of_a_server_can_become_pools(nfs_export: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as connection:
        found = connection.find_storage_pool_sources("netfs", "<source><host name='127.0.0.1'/></source>")
    assert (
        "  <source>\n    <host name='127.0.0.1'/>\n    <dir path='/export'/>\n    <format type='nfs'/>\n  </source>\n"
    ) in found


@pytest.mark.test_kernel
def test_what_is_not_exported_is_not_mounted(nfs_export: Path, tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, folder="/nowhere", version="4.2"))
        with pytest.raises(OperationFailedError, match=r"'lab': 127\.0\.0\.1:/nowhere cannot be mounted at"):
            pool.create(BUILD)
        assert not pool.is_active()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where calls are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.test_kernel
def test_a_server_that_does_not_answer_a_mount_holds_nobody_for_ever(
    silent_port: int, nfs_export: Path, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NetworkBackend, "mount_timeout", 2.0)
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, f"port={silent_port}", version="4.2"))
        with pytest.raises(OperationTimeoutError, match=r"'lab': 127\.0\.0\.1:/export cannot be mounted"):
            pool.create(BUILD)
        assert not pool.is_active()
        assert not target.is_mount()
        assert StoragePoolState.INACTIVE == pool.info().state
    assert "mount.nfs" not in sh("ps", "-e", "-o", "comm")


@pytest.mark.test_kernel
def test_a_search_that_nobody_answers_ends(
    modules: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules("dummy")
    monkeypatch.setattr(network, "SERVER_TIMEOUT", 1.0)
    sh("ip", "link", "add", "nowhere", "up", "type", "dummy")
    sh("ip", "address", "add", "192.0.2.1/24", "dev", "nowhere")
    try:
        with opened(tmp_path) as connection, pytest.raises(OperationFailedError, match="cannot be listed"):
            connection.find_storage_pool_sources("netfs", "<source><host name='192.0.2.2'/></source>")
    finally:
        sh("ip", "link", "delete", "nowhere")


@pytest.fixture
def unplugged(nfs_export: Path) -> Iterator[Callable[[], None]]:
    """Cuts the way to the server, until the end of the test or the next call."""
    states = iter(("down", "up"))
    yield lambda: void(sh("ip", "link", "set", "lo", next(states)))
    for state in states:
        sh("ip", "link", "set", "lo", state)


def void(_: object) -> None:
    return None


@pytest.mark.test_kernel
def test_a_server_that_stops_answering_is_told_and_the_pool_works_when_it_is_back(
    unplugged: Callable[[], None], tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target, version="4.2"))
        pool.create(BUILD)
        found = pool.create_volume(volume("a", MIB))
        with monkeypatch.context() as patch:
            patch.setattr(network, "ANSWER_TIMEOUT", 0.5)
            patch.setattr(NetworkBackend, "unmount_timeout", 2.0)
            unplugged()
            calls: list[Callable[[], object]] = [
                pool.refresh,
                found.info,
                lambda: pool.create_volume(volume("b", MIB)),
            ]
            for call in calls:
                with pytest.raises(OperationTimeoutError, match=r"'lab': 127\.0\.0\.1:/export has not answered"):
                    call()
            with pytest.raises((OperationTimeoutError, SystemCallError), match="'lab' stays active"):
                pool.destroy()
            assert pool.is_active()
            assert pool.info().capacity > 0
            unplugged()
        pool.refresh()
        assert ["a"] == pool.list_volume_names()
        pool.destroy()


@pytest.mark.test_kernel
def test_a_pool_that_was_unmounted_behind_our_back_is_stopped(nfs_export: Path, tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as connection:
        pool = connection.define_storage_pool(document(target))
        pool.create(BUILD)
        sh("umount", target)
        with pytest.raises(SystemCallError, match="any more") as refused:
            pool.create_volume(volume("a", MIB))
        assert NO_DEVICE == refused.value.int1
        assert [] == list(target.iterdir())
        with pytest.raises(SystemCallError, match="any more"):
            pool.refresh()
        assert not pool.is_active()


@pytest.fixture
def small_export(nfs_export: Path) -> Iterator[str]:
    """An export of 8 MiB."""
    folder = Path("/run/nfs/small")
    folder.mkdir()
    sh("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder)
    sh("exportfs", "-i", "-o", "rw,fsid=7,no_root_squash,insecure,no_subtree_check,no_wdelay", f"127.0.0.1:{folder}")
    yield "/small"
    subprocess.run(["umount", "--all", "--types", "nfs,nfs4", "--lazy"], timeout=60, check=False)
    sh("exportfs", "-u", f"127.0.0.1:{folder}")
    sh("umount", "--lazy", folder)
    folder.rmdir()


@pytest.mark.test_kernel
@pytest.mark.parametrize("kind", ["raw", pytest.param("qcow2", marks=pytest.mark.slow)])
def test_a_full_server_leaves_no_half_volumes(
    kind: str, small_export: str, tmp_path: Path, target: Path, programs: Callable[..., None]
) -> None:
    programs("qemu-img")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with opened(tmp_path) as connection:
        other = connection.define_storage_pool(
            f"<pool type='dir'><name>other</name><target><path>{elsewhere}</path></target></pool>"
        )
        pool = connection.define_storage_pool(document(target, "nolock", folder="/run/nfs" + small_export, version="3"))
        pool.create(BUILD)
        (elsewhere / "source.img").write_bytes((DATA * 9)[: pool.info().available + MIB * 5 // 4])
        other.create()
        fill_up(pool, other.lookup_volume_by_name("source.img"), [kind])
        pool.destroy()
