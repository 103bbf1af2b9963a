"""The backend without LVM: what definitions it takes, and what it says of programs that fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from virtkit import discovery
from virtkit.define import pool as define
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationFailedError,
    OperationTimeoutError,
    SystemCallError,
    XMLError,
)
from virtkit.storage.backend import StorageBackend
from virtkit.xml.pool import PoolSource, StoragePool
from virtkit.xml.volume import StorageVolume

DATA = Path(__file__).parent / "data"

Program = Callable[[str, str], None]


@pytest.fixture
def backend() -> StorageBackend:
    return discovery.backend("logical")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put a shell script in the place of a program."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(name: str, text: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return put


def pool(source: str = "<name>vg-lab</name>", name: str = "lab") -> StoragePool:
    document = StoragePool.parse(f"<pool type='logical'><name>{name}</name><source>{source}</source></pool>")
    define.complete(document, discovery.backend("logical").shape)
    return document


# Definitions


def test_a_definition_is_completed(backend: StorageBackend) -> None:
    document = pool("", name="vg0")
    backend.pool_check(document)
    assert ("vg0", "/dev/vg0") == (document.source.name, document.target.path)
    assert document.source.format is not None
    assert "lvm2" == document.source.format.type


@pytest.mark.parametrize("name", ["-f", "a b", "..", "a/b", "@tag"])
def test_a_group_that_lvm_would_not_take_is_refused(name: str, backend: StorageBackend) -> None:
    with pytest.raises(XMLError, match="the name of its volume group"):
        backend.pool_check(pool(f"<name>{name}</name>"))


def test_a_device_that_could_be_an_option_is_refused(backend: StorageBackend) -> None:
    with pytest.raises(XMLError, match="'--force' is no absolute path"):
        backend.pool_check(pool("<device path='--force'/><name>vg</name>"))


def test_another_format_is_refused(backend: StorageBackend) -> None:
    with pytest.raises(ConfigUnsupportedError, match="not gpt"):
        backend.pool_check(pool("<name>vg</name><format type='gpt'/>"))


def test_a_pool_claims_its_group_and_devices(backend: StorageBackend) -> None:
    claims = backend.pool_claims(pool("<device path='/dev/sda'/><device path='/dev/sdb'/><name>vg</name>"))
    assert ["group:vg", "device:/dev/sda", "device:/dev/sdb"] == list(claims)


def test_a_pool_without_devices_cannot_be_built(backend: StorageBackend) -> None:
    with pytest.raises(XMLError, match="no <device>"):
        backend.pool_build(pool(), overwrite=None, guard=lambda: None)


def test_a_pool_is_not_overwritten_when_it_is_deleted(backend: StorageBackend) -> None:
    with pytest.raises(InvalidArgError, match="wipe its volumes"):
        backend.pool_delete(pool(), zeroed=True)


# Volumes


def volume(name: str = "disk", rest: str = "") -> StorageVolume:
    return StorageVolume.parse(f"<volume><name>{name}</name><capacity>1</capacity>{rest}</volume>")


def test_a_volume_is_a_block_device_of_its_group(backend: StorageBackend) -> None:
    document = volume(rest="<backingStore><path>/dev/mapper/vg--lab-base</path></backingStore>")
    backend.volume_check(pool(), document)
    assert ("block", "/dev/vg-lab/disk") == (document.type, document.target.path)


@pytest.mark.parametrize("name", ["-n", "--yes", "a b", "snapshot1", "a_tdata", ".."])
def test_a_volume_that_lvm_would_not_take_is_refused(name: str, backend: StorageBackend) -> None:
    with pytest.raises(XMLError, match="choose another"):
        backend.volume_check(pool(), volume(name))
    assert backend.volume_find(pool(), name) is None


def test_an_image_format_is_refused(backend: StorageBackend) -> None:
    with pytest.raises(ConfigUnsupportedError, match="raw, not qcow2"):
        backend.volume_check(pool(), volume(rest="<target><format type='qcow2'/></target>"))


def test_a_backing_store_in_another_place_is_refused(backend: StorageBackend) -> None:
    with pytest.raises(ConfigUnsupportedError, match="cannot stand on /dev/other/base"):
        backend.volume_check(pool(), volume(rest="<backingStore><path>/dev/other/base</path></backingStore>"))


def test_a_snapshot_is_not_encrypted_by_itself(backend: StorageBackend) -> None:
    parts = "<target><encryption format='luks'/></target><backingStore><path>/dev/vg-lab/base</path></backingStore>"
    with pytest.raises(ConfigUnsupportedError, match="encrypted where its origin is"):
        backend.volume_check(pool(), volume(rest=parts))


# Programs


def test_what_a_program_says_is_told_with_pool_and_command(backend: StorageBackend, program: Program) -> None:
    program("lvs", "echo '  Device is broken.' >&2; exit 5")
    with pytest.raises(
        OperationFailedError,
        match=r"^storage pool 'lab': lvs failed with status 5: .*Device is broken.; the command was: lvs --report",
    ):
        backend.volume_list(pool(), {})


def test_a_program_that_hangs_is_ended_and_named(
    backend: StorageBackend, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("vgs", "exec sleep 600")
    monkeypatch.setattr("virtkit_storage_lvm.lvm.REPORT_TIMEOUT", 0.2)
    with pytest.raises(
        OperationTimeoutError, match=r"^storage pool 'lab': vgs did not end within 0.2 s .* a device may hang.*: vgs --"
    ):
        backend.pool_figures(pool())


def test_a_search_without_lvm_has_failed(backend: StorageBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: object, **options: object) -> None:
        raise SystemCallError("cannot run pvs: No such file or directory; install it", int1=2)

    monkeypatch.setattr("virtkit_storage_lvm.lvm.run", missing)
    with pytest.raises(OperationFailedError, match="the search for volume groups: cannot run pvs"):
        backend.pool_find_sources(PoolSource())
    with pytest.raises(SystemCallError, match="'lab': cannot run pvs"):
        backend.pool_start(pool(), guard=lambda: None, secret=bytes)


def test_a_report_that_is_none_is_told(backend: StorageBackend, program: Program) -> None:
    program("vgs", "echo surprise")
    with pytest.raises(OperationFailedError, match="'lab': vgs reports what is not understood"):
        backend.pool_figures(pool())


def test_a_volume_that_is_not_there_is_no_error_but_any_other_failure_is(
    backend: StorageBackend, program: Program
) -> None:
    program("lvs", f"cat {DATA}/lvs-none.json; echo '  Failed to find logical volume \"vg-lab/x\"' >&2; exit 5")
    assert backend.volume_find(pool(), "x") is None
    program("lvs", "echo '  Can not get lock for vg-lab' >&2; exit 5")
    with pytest.raises(OperationFailedError, match="Can not get lock"):
        backend.volume_find(pool(), "x")


def test_a_pool_is_active_when_a_volume_is(backend: StorageBackend, program: Program) -> None:
    program("lvs", f"cat {DATA}/lvs.json")
    assert backend.pool_active(pool())
    program("lvs", f'sed s/:.active./:\\"\\"/ {DATA}/lvs.json')
    assert not backend.pool_active(pool())
    program("lvs", f"cat {DATA}/lvs-none.json")
    assert backend.pool_active(pool())
    program("lvs", "echo '  Volume group \"vg-lab\" not found' >&2; exit 5")
    assert not backend.pool_active(pool())


def test_a_node_that_does_not_appear_is_an_error(backend: StorageBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtkit_storage_lvm import documents, reports

    monkeypatch.setattr("virtkit.storage.nodes.NODE_SECONDS", 0.1)
    found = documents.volume_of("nowhere", reports.volumes((DATA / "lvs-one.json").read_bytes())[0])
    with pytest.raises(SystemCallError, match=r"/dev/nowhere/disk did not appear within 0.1 s"):
        backend.volume_open(pool("<name>nowhere</name>"), found, write=False)


def test_the_host_is_judged_by_its_programs(
    backend: StorageBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("virtkit_storage_lvm.host.find_program", lambda name: None)
    assert "lvs is not installed: apt-get install lvm2" == backend.backend_probe()
    assert {"lvs", "wipefs", "thin_check"} <= {found.subject for found in backend.backend_diagnose() if not found.fine}


def test_device_mapper_is_missed_where_it_is_not(
    backend: StorageBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("virtkit_storage_lvm.host.find_program", lambda name: f"/sbin/{name}")
    monkeypatch.setattr("virtkit_storage_lvm.host.os.geteuid", lambda: 0)
    monkeypatch.setattr("virtkit_storage_lvm.host.CONTROL", str(tmp_path / "control"))
    assert (
        "device-mapper cannot be used: No such file or directory: load its module with `modprobe dm-mod`"
        == backend.backend_probe()
    )
    monkeypatch.setattr("virtkit_storage_lvm.host.os.geteuid", lambda: 1000)
    assert "LVM works for root alone: use the daemon of the system" == backend.backend_probe()
