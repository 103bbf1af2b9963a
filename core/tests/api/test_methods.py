"""Each method calls one function, with the reference and the arguments in the specification's order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from virtkit.api.connection import Connection
from virtkit.api.domain import Domain
from virtkit.api.network import Network, NetworkPort
from virtkit.api.snapshot import DomainSnapshot
from virtkit.api.storage import StoragePool, StorageVol
from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, NoDomainError
from virtkit.params import TypedParams
from virtkit.records import DomainStats
from virtkit.refs import (
    DomainRef,
    NetworkPortRef,
    NetworkRef,
    NodeDeviceRef,
    SecretRef,
    SnapshotRef,
    StoragePoolRef,
    StorageVolRef,
)

U = uuid.UUID("6f0a4f0a-0a0a-4b0b-8c0c-0d0d0d0d0d0d")
WEB = DomainRef("web", U.bytes, 7)
NET = NetworkRef("default", U.bytes)
POOL = StoragePoolRef("images", U.bytes)
VOL = StorageVolRef("images", "disk.img", "/images/disk.img")
SNAP = SnapshotRef("before", WEB)

CONNECTION_CALLS: list[tuple[Callable[[Connection], Any], tuple[Any, ...]]] = [
    (lambda c: c.hostname(), ("connect_get_hostname",)),
    (lambda c: c.max_vcpus(), ("connect_get_max_vcpus", None)),
    (lambda c: c.domain_capabilities(virttype="kvm"), ("connect_get_domain_capabilities", None, None, None, "kvm", 0)),
    (lambda c: c.node_cpu_stats(), ("node_get_cpu_stats", -1, 0)),
    (lambda c: c.list_domain_ids(), ("connect_list_domains",)),
    (lambda c: c.restore_domain("/save"), ("domain_restore_flags", "/save", None, 0)),
    (lambda c: c.find_storage_pool_sources("netfs"), ("connect_find_storage_pool_sources", "netfs", None, 0)),
    (lambda c: c.num_of_node_devices("net"), ("node_num_of_devices", "net", 0)),
    (lambda c: c.interface_change_commit(), ("interface_change_commit", 0)),
    (lambda c: c.list_secret_uuids(), ("connect_list_secrets",)),
]


@pytest.mark.parametrize(("call", "expected"), CONNECTION_CALLS, ids=[expected[0] for _, expected in CONNECTION_CALLS])
def test_a_method_of_a_connection_passes_its_arguments(
    lab: Any, call: Callable[[Connection], Any], expected: tuple[Any, ...]
) -> None:
    call(lab.conn)
    assert [expected] == lab.calls


DOMAIN_CALLS: list[tuple[Callable[[Domain], Any], tuple[Any, ...]]] = [
    (lambda d: d.info(), ("domain_get_info", WEB)),
    (lambda d: d.state(), ("domain_get_state", WEB, 0)),
    (lambda d: d.xml_desc(1), ("domain_get_xml_desc", WEB, 1)),
    (lambda d: d.undefine(), ("domain_undefine_flags", WEB, 0)),
    (lambda d: d.shutdown(2), ("domain_shutdown_flags", WEB, 2)),
    (lambda d: d.save("/to"), ("domain_save_flags", WEB, "/to", None, 0)),
    (lambda d: d.set_memory(1024), ("domain_set_memory_flags", WEB, 1024, 0)),
    (lambda d: d.set_autostart(True), ("domain_set_autostart", WEB, True)),
    (lambda d: d.set_metadata(1, "a title"), ("domain_set_metadata", WEB, 1, "a title", None, None, 0)),
    (lambda d: d.cpu_stats(), ("domain_get_cpu_stats", WEB, -1, 1, 0)),
    (lambda d: d.fd_associate("vda", (3, 4)), ("domain_fd_associate", WEB, "vda", 0, (3, 4))),
    (lambda d: d.open_graphics(0, 5, 1), ("domain_open_graphics", WEB, 0, 1, 5)),
    (lambda d: d.block_copy("vda", "<disk/>"), ("domain_block_copy", WEB, "vda", "<disk/>", {}, 0)),
    (lambda d: d.fsfreeze(), ("domain_fsfreeze", WEB, (), 0)),
    (lambda d: d.backup_begin("<domainbackup/>"), ("domain_backup_begin", WEB, "<domainbackup/>", None, 0)),
    (lambda d: d.qemu_monitor_command_with_files("{}"), ("qemu_domain_monitor_command_with_files", WEB, "{}", 0, ())),
]


@pytest.mark.parametrize(("call", "expected"), DOMAIN_CALLS, ids=[expected[0] for _, expected in DOMAIN_CALLS])
def test_a_method_of_a_domain_passes_its_reference_and_arguments(
    lab: Any, call: Callable[[Domain], Any], expected: tuple[Any, ...]
) -> None:
    call(Domain(lab.conn, WEB))
    assert [expected] == lab.calls


def test_the_answer_of_the_driver_is_the_result(lab: Any) -> None:
    lab.answer(connect_get_hostname="host.example", domain_get_autostart=True)
    assert "host.example" == lab.conn.hostname()
    assert Domain(lab.conn, WEB).autostart()


def test_a_lookup_returns_a_handle_of_the_reference(lab: Any) -> None:
    lab.answer(domain_lookup_by_name=WEB)
    domain = lab.conn.lookup_domain_by_name("web")
    assert isinstance(domain, Domain)
    assert ("web", U, str(U), 7) == (domain.name, domain.uuid, domain.uuid_string, domain.id)
    assert domain.connection is lab.conn


def test_a_failed_lookup_raises_what_the_driver_raised(lab: Any) -> None:
    lab.answer(domain_lookup_by_name=NoDomainError("no domain is named 'web'"))
    with pytest.raises(NoDomainError, match="web"):
        lab.conn.lookup_domain_by_name("web")


@pytest.mark.parametrize(
    "given", [U, U.bytes, str(U), str(U).upper(), U.hex], ids=["UUID", "bytes", "str", "upper", "hex"]
)
def test_a_uuid_may_be_given_in_any_form(lab: Any, given: Any) -> None:
    lab.answer(domain_lookup_by_uuid=WEB)
    lab.conn.lookup_domain_by_uuid(given)
    assert [("domain_lookup_by_uuid", U.bytes)] == lab.calls


@pytest.mark.parametrize("given", ["", "6f0a4f0a", "zf0a4f0a-0a0a-4b0b-8c0c-0d0d0d0d0d0d", b"short", 5])
def test_what_is_no_uuid_is_refused_before_the_driver_is_asked(lab: Any, given: Any) -> None:
    with pytest.raises(InvalidArgError, match="not a UUID") as caught:
        lab.conn.lookup_network_by_uuid(given)
    assert ("uuidstr", ErrorDomain.NETWORK, []) == (caught.value.str2, caught.value.domain, lab.calls)


def test_lists_are_of_handles(lab: Any) -> None:
    lab.answer(connect_list_all_domains=[WEB], connect_list_all_node_devices=[NodeDeviceRef("net_eth0")])
    assert [Domain(lab.conn, WEB)] == lab.conn.list_domains(1)
    assert ["net_eth0"] == [device.name for device in lab.conn.list_node_devices()]
    assert [("connect_list_all_domains", 1), ("connect_list_all_node_devices", 0)] == lab.calls


def test_objects_of_an_object_know_the_way_back(lab: Any) -> None:
    port = NetworkPort(lab.conn, NetworkPortRef(NET, U.bytes))
    snapshot = DomainSnapshot(lab.conn, SNAP)
    lab.answer(storage_pool_lookup_by_volume=POOL)
    assert Network(lab.conn, NET) == port.network
    assert Domain(lab.conn, WEB) == snapshot.domain
    assert StoragePool(lab.conn, POOL) == StorageVol(lab.conn, VOL).pool()


def test_a_volume_is_cloned_from_the_reference_of_another(lab: Any) -> None:
    lab.answer(storage_vol_create_xml_from=VOL)
    clone = StoragePool(lab.conn, POOL).create_volume_from("<volume/>", StorageVol(lab.conn, VOL), 1)
    assert [("storage_vol_create_xml_from", POOL, "<volume/>", VOL, 1)] == lab.calls
    assert ("disk.img", "/images/disk.img", "images") == (clone.name, clone.key, clone.pool_name)


def test_bulk_statistics_name_their_domains_by_handles(lab: Any) -> None:
    params = TypedParams({"state.state": 1})
    lab.answer(connect_get_all_domain_stats=[DomainStats(WEB, params)])
    domain = Domain(lab.conn, WEB)
    assert [(domain, params)] == lab.conn.domain_stats([domain], 1, 2)
    assert [("connect_get_all_domain_stats", [WEB], 1, 2)] == lab.calls


def test_a_secret_tells_what_it_is_for(lab: Any) -> None:
    lab.answer(secret_lookup_by_usage=SecretRef(U.bytes, 1, "/images/disk.img"))
    secret = lab.conn.lookup_secret_by_usage(1, "/images/disk.img")
    assert (U, 1, "/images/disk.img") == (secret.uuid, secret.usage_type, secret.usage_id)
