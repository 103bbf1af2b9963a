"""Pools of iSCSI targets through the storage driver, with a real target and initiator in a kernel of their own."""

from __future__ import annotations

import io
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import virtkit
from tests.testkernel.fixtures import unmount
from tests.testkernel.services import IscsiTarget
from virtkit.enums import StoragePoolBuildFlags as Build
from virtkit.errors import (
    InvalidArgError,
    NoSecretError,
    NoStorageVolError,
    OperationFailedError,
    OperationTimeoutError,
    OperationUnsupportedError,
    SystemCallError,
)
from virtkit_storage_iscsi import initiator

pytestmark = pytest.mark.test_kernel

MIB = 1 << 20

UNIT = "unit:0:0:1"

NODES = Path("/etc/iscsi/nodes")


def sh(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def tgtadm(*arguments: str | Path) -> None:
    sh("tgtadm", "--lld", "iscsi", *arguments)


def definition(target: IscsiTarget, rest: str = "", *, host: str = "127.0.0.1", port: str = "", name: str = "") -> str:
    source = f"<host name='{host}'{port}/><device path='{name or target.name}'/>{rest}"
    place = "<target><path>/dev/disk/by-path</path></target>"
    return f"<pool type='iscsi'><name>lab</name><source>{source}</source>{place}</pool>"


def sessions() -> list[str]:
    return sorted(path.name for path in Path("/sys/class/iscsi_session").glob("session*"))


@pytest.fixture
def conn(iscsi_target: IscsiTarget, tmp_path: Path) -> Iterator[virtkit.Connection]:
    with virtkit.open(f"storage:///embed?root={tmp_path / 'root'}") as conn:
        yield conn
    unmount(lambda source, _: source.startswith("/dev/sd"))


@pytest.fixture
def pool(conn: virtkit.Connection, iscsi_target: IscsiTarget) -> virtkit.StoragePool:
    pool = conn.define_storage_pool(definition(iscsi_target))
    pool.create()
    return pool


@pytest.fixture
def accounts(iscsi_target: IscsiTarget) -> Iterator[None]:
    """The target wants a password, that of joe."""
    tgtadm("--mode", "account", "--op", "new", "--user", "joe", "--password", "-a secret one-")
    tgtadm("--mode", "account", "--op", "bind", "--tid", "1", "--user", "joe")
    yield
    tgtadm("--mode", "account", "--op", "delete", "--user", "joe")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_pool_goes_through_its_life(conn: virtkit.Connection, iscsi_target: IscsiTarget, tmp_path: Path) -> None:
    pool = conn.define_storage_pool(definition(iscsi_target))
    pool.build()
    with pytest.raises(InvalidArgError, match="nothing is built"):
        pool.build(Build.OVERWRITE)
    pool.create()
    assert [UNIT] == pool.list_volume_names()
    info = pool.info()
    assert (64 * MIB, 64 * MIB, 0) == (info.capacity, info.allocation, info.available)
    assert "<host name='127.0.0.1' port='3260'/>" in pool.xml_desc()
    (tmp_path / "more").write_bytes(bytes(32 * MIB))
    tgtadm("--mode", "logicalunit", "--op", "new", "--tid", "1", "--lun", "2", "--backing-store", tmp_path / "more")
    pool.refresh()
    assert [UNIT, "unit:0:0:2"] == pool.list_volume_names()
    pool.destroy()
    assert [] == sessions()
    assert [] == list(NODES.glob("*/*"))
    pool.create()
    pool.destroy()
    with pytest.raises(OperationUnsupportedError):
        pool.delete()
    pool.undefine()


def test_a_pool_is_active_in_the_next_process_unless_the_host_is_logged_out(
    conn: virtkit.Connection, pool: virtkit.StoragePool, iscsi_target: IscsiTarget
) -> None:
    uri, logged_in = conn.uri, sessions()
    conn.close()
    with virtkit.open(uri) as again:
        again.lookup_storage_pool_by_name("lab").set_autostart(False)
        assert [UNIT] == again.lookup_storage_pool_by_name("lab").list_volume_names()
    assert logged_in == sessions()
    sh("iscsiadm", "--mode=node", "--logoutall=all")
    with virtkit.open(uri) as again:
        again.lookup_storage_pool_by_name("lab").set_autostart(False)
        assert not again.lookup_storage_pool_by_name("lab").is_active()


def test_a_host_that_is_logged_in_already_stays_so(conn: virtkit.Connection, iscsi_target: IscsiTarget) -> None:
    sh("iscsiadm", "--mode=discovery", "--type=sendtargets", f"--portal={iscsi_target.portal}")
    sh("iscsiadm", "--mode=node", "--op=update", "--name=node.startup", "--value=automatic")
    sh("iscsiadm", "--mode=node", f"--targetname={iscsi_target.name}", "--login")
    before = sessions()
    pool = conn.create_storage_pool(definition(iscsi_target))
    assert before == sessions()
    pool.destroy()
    assert [] == sessions()
    assert [] != list(NODES.glob("*/*"))


def test_a_volume_is_found_by_name_key_and_every_path(
    conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path
) -> None:
    disk = pool.lookup_volume_by_name(UNIT)
    node = disk.path()
    assert node.startswith("/dev/sd")
    assert disk.key.startswith("360000000000000000e")
    assert disk == conn.lookup_volume_by_key(disk.key)
    (tmp_path / "link").symlink_to(node)
    for path in (node, node.replace("/sd", "//sd"), str(tmp_path / "link")):
        assert disk == conn.lookup_volume_by_path(path)
    for path in ("/dev/ubdb", "/dev/null", "/dev/sdzz"):
        with pytest.raises(NoStorageVolError):
            conn.lookup_volume_by_path(path)
    assert "<volume type='block'>" in disk.xml_desc()


def test_where_udev_runs_its_links_are_the_paths(
    conn: virtkit.Connection, iscsi_target: IscsiTarget, udev: Callable[[], None]
) -> None:
    pool = conn.create_storage_pool(definition(iscsi_target))
    disk = pool.lookup_volume_by_name(UNIT)
    assert f"/dev/disk/by-path/ip-{iscsi_target.portal}-iscsi-{iscsi_target.name}-lun-1" == disk.path()
    assert disk == conn.lookup_volume_by_path(disk.path())
    scsi_id = (
        "/lib/udev/scsi_id",
        "--replace-whitespace",
        "--whitelisted",
        f"--device={os.path.realpath(disk.path())}",
    )
    assert sh(*scsi_id) == disk.key
    pool.destroy()


def test_contents_go_in_and_come_out_but_units_neither_come_nor_go(pool: virtkit.StoragePool) -> None:
    disk = pool.lookup_volume_by_name(UNIT)
    contents = os.urandom(3 * MIB)
    disk.upload_from(io.BytesIO(contents), offset=MIB)
    out = io.BytesIO()
    disk.download_to(out, offset=MIB, length=3 * MIB)
    assert contents == out.getvalue()
    disk.wipe()
    out = io.BytesIO()
    disk.download_to(out, length=8 * MIB)
    assert bytes(8 * MIB) == out.getvalue()
    with pytest.raises(OperationUnsupportedError, match="cannot have new volumes"):
        pool.create_volume("<volume><name>unit:0:0:2</name><capacity>1048576</capacity></volume>")
    with pytest.raises(OperationUnsupportedError, match="cannot lose volumes"):
        disk.delete()
    with pytest.raises(OperationUnsupportedError, match="resized"):
        disk.resize(64 * MIB)


def test_a_unit_is_cloned_into_a_file(conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    xml = f"<pool type='dir'><name>files</name><target><path>{tmp_path}/images</path></target></pool>"
    files = conn.create_storage_pool(xml)
    disk = pool.lookup_volume_by_name(UNIT)
    disk.upload_from(io.BytesIO(os.urandom(2 * MIB)))
    copy = files.create_volume_from("<volume><name>copy</name><capacity>1</capacity></volume>", disk)
    assert Path(disk.path()).read_bytes() == Path(copy.path()).read_bytes()


def test_a_pool_is_not_stopped_while_a_unit_is_in_use(
    conn: virtkit.Connection, pool: virtkit.StoragePool, tmp_path: Path
) -> None:
    node = pool.lookup_volume_by_name(UNIT).path()
    with open(node, "rb"), pytest.raises(SystemCallError, match=f"{node} is in use: process {os.getpid()}"):
        pool.destroy()
    sh("mkfs.ext4", "-q", node)
    (tmp_path / "mounted").mkdir()
    sh("mount", node, tmp_path / "mounted")
    with pytest.raises(SystemCallError, match="it is mounted, or another device stands on it"):
        pool.destroy()
    assert pool.is_active()
    (tmp_path / "mounted" / "file").write_text("content")
    sh("umount", tmp_path / "mounted")
    pool.destroy()
    assert [] == sessions()


def test_a_pool_that_was_logged_out_behind_our_back_is_stopped_by_a_refresh(pool: virtkit.StoragePool) -> None:
    sh("iscsiadm", "--mode=node", "--logoutall=all")
    with pytest.raises(SystemCallError, match="the host is not logged in to iqn"):
        pool.refresh()
    assert not pool.is_active()


def test_targets_are_found_at_a_server(conn: virtkit.Connection, iscsi_target: IscsiTarget) -> None:
    found = conn.find_storage_pool_sources("iscsi", "<source><host name='localhost'/></source>")
    assert "<host name='localhost' port='3260'/>" in found
    assert f"<device path='{iscsi_target.name}'/>" in found
    with pytest.raises(InvalidArgError, match="name it by <host>"):
        conn.find_storage_pool_sources("iscsi")
    assert [] == list(NODES.glob("*/*"))


def test_a_host_has_another_name_at_a_server(conn: virtkit.Connection, iscsi_target: IscsiTarget) -> None:
    name = "iqn.2026-01.org.example:guest"
    pool = conn.create_storage_pool(definition(iscsi_target, f"<initiator><iqn name='{name}'/></initiator>"))
    (session,) = Path("/sys/class/iscsi_session").glob("session*")
    assert name == (session / "initiatorname").read_text().strip()
    assert [UNIT] == pool.list_volume_names()
    pool.destroy()
    assert [] == sessions()


def test_a_password_comes_from_a_secret_and_does_not_stay(
    conn: virtkit.Connection, iscsi_target: IscsiTarget, accounts: None
) -> None:
    auth = "<auth type='chap' username='joe'><secret usage='array'/></auth>"
    pool = conn.define_storage_pool(definition(iscsi_target, auth))
    with pytest.raises(NoSecretError):
        pool.create()
    with virtkit.open(conn.uri.replace("storage:", "secret:")) as keeper:
        secret = keeper.define_secret(
            "<secret private='yes'><usage type='iscsi'><target>array</target></usage></secret>"
        )
        secret.set_value(b"not the secret")
        with pytest.raises(OperationFailedError, match="the server refuses the host or its password: check <auth>"):
            pool.create()
        assert [] == list(NODES.glob("*/*"))
        secret.set_value(b"-a secret one-")
        pool.create()
        assert [UNIT] == pool.list_volume_names()
        assert "secret one" not in pool.xml_desc()
        pool.destroy()
        assert [] == list(NODES.glob("*/*"))


def test_a_target_that_is_missing_is_told_and_nothing_is_left(
    conn: virtkit.Connection, iscsi_target: IscsiTarget
) -> None:
    pool = conn.define_storage_pool(definition(iscsi_target, name="iqn.2026-01.org.example:none"))
    with pytest.raises(OperationFailedError, match=r"cannot start storage pool 'lab': iqn\S+:none at 127.0.0.1:3260:"):
        pool.create()
    assert not pool.is_active()
    assert [] == list(NODES.glob("*/*"))


def test_a_server_that_says_nothing_is_given_up(
    conn: virtkit.Connection, iscsi_target: IscsiTarget, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = conn.define_storage_pool(definition(iscsi_target, port=f" port='{silent}'"))
    with pytest.raises(OperationFailedError, match="the server does not answer"):
        pool.create()
    assert not pool.is_active()
    assert [] == list(NODES.glob("*/*"))
    monkeypatch.setattr(initiator, "DISCOVERY_SECONDS", 2.0)
    source = f"<source><host name='127.0.0.1' port='{silent}'/></source>"
    with pytest.raises(OperationTimeoutError, match=f"127.0.0.1:{silent} does not answer"):
        conn.find_storage_pool_sources("iscsi", source)


def test_a_server_without_address_is_told(conn: virtkit.Connection, iscsi_target: IscsiTarget) -> None:
    pool = conn.define_storage_pool(definition(iscsi_target, host="no-such.invalid"))
    with pytest.raises(OperationFailedError, match=r"at no-such\.invalid:3260: the server does not answer"):
        pool.create()
