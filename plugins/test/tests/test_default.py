"""The host that `test:///default` starts with is libvirt's, to the byte."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import virtkit
from plugins.test.tests.bench import Bench
from virtkit.enums import DomainMemoryStatTags, DomainState, StoragePoolState
from virtkit.params import BOOLEAN, INT, STRING, UINT, ULLONG
from virtkit.refs import NodeDeviceRef

DEFAULT = Path(__file__).parent / "default"
UNLIMITED = 9007199254740991


def described(bench: Bench) -> Iterator[tuple[str, str]]:
    """Name of the golden file and present XML of everything on the host."""
    for domain in bench.connect_list_all_domains(0):
        yield f"domain-{domain.name}", bench.domain_get_xml_desc(domain, 0)
    for network in bench.connect_list_all_networks(0):
        yield f"network-{network.name}", bench.network_get_xml_desc(network, 0)
    for interface in bench.connect_list_all_interfaces(0):
        yield f"interface-{interface.name}", bench.interface_get_xml_desc(interface, 0)
    for pool in bench.connect_list_all_storage_pools(0):
        yield f"pool-{pool.name}", bench.storage_pool_get_xml_desc(pool, 0)
    for device in bench.connect_list_all_node_devices(0):
        yield f"device-{device.name}", bench.node_device_get_xml_desc(device, 0)
    yield "capabilities", bench.connect_get_capabilities()
    yield "sysinfo", bench.connect_get_sysinfo(0)


def test_everything_on_the_host_is_described_as_libvirt_does(bench: Bench) -> None:
    assert dict(described(bench)) == {path.stem: path.read_text() for path in DEFAULT.glob("*.xml")}


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("connect_get_type", (), "TEST"),
        ("connect_get_version", (), 2),
        ("connect_get_lib_version", (), 9000000),
        ("connect_get_hostname", (), socket.gethostname()),
        ("connect_is_secure", (), True),
        ("connect_get_max_vcpus", (None,), 32),
        ("node_get_info", (), ("i686", 3145728, 16, 1400, 2, 2, 2, 2)),
        ("node_get_free_memory", (), 3145728),
        ("node_get_cells_free_memory", (0, 2), [2097152, 4194304]),
        ("node_get_cpu_map", (0,), (b"\x15", 3, 8)),
        ("node_get_security_model", (), ("testSecurity", "")),
        ("connect_list_domains", (), [1]),
        ("connect_num_of_domains", (), 1),
        ("connect_num_of_defined_domains", (), 0),
        ("connect_list_defined_networks", (), []),
        ("connect_list_networks", (), ["default"]),
        ("connect_list_interfaces", (), ["eth1"]),
        ("connect_list_storage_pools", (), ["default-pool"]),
        ("node_list_devices", ("fc_host", 0), ["scsi_host1", "scsi_host11", "scsi_host2"]),
        ("node_list_devices", ("vports", 0), ["scsi_host1", "scsi_host2"]),
        ("node_num_of_devices", ("system", 0), 1),
    ],
)
def test_the_host_tells_libvirts_figures(bench: Bench, function: str, arguments: Any, expected: object) -> None:
    assert bench.connection.ops[function](*arguments) == expected


def test_58_cpu_models_are_known_for_x86_64(bench: Bench) -> None:
    assert len(bench.connect_get_cpu_model_names("x86_64", 0)) == 58


def test_the_domain_runs_for_an_unknown_reason_and_says_so(bench: Bench) -> None:
    state = bench.domain_get_state(bench.test, 0)
    assert (bench.test.id, state.state, state.reason) == (1, DomainState.RUNNING, 0)
    assert bench.domain_is_persistent(bench.test)
    assert not bench.domain_get_autostart(bench.test)


def test_the_figures_of_the_domain_are_those_of_its_definition_and_the_clock(bench: Bench) -> None:
    before = time.time_ns()
    info = bench.domain_get_info(bench.test)
    assert info[:4] == (DomainState.RUNNING, 8388608, 2097152, 2)
    assert before <= info.cpu_time <= time.time_ns()


PARAMETERS = [
    ("domain_get_scheduler_parameters", (), {"weight": (UINT, 50)}),
    (
        "domain_get_memory_parameters",
        (0,),
        dict.fromkeys(("hard_limit", "soft_limit", "swap_hard_limit"), (ULLONG, UNLIMITED)),
    ),
    ("domain_get_numa_parameters", (0,), {"numa_mode": (INT, 0), "numa_nodeset": (STRING, "")}),
    (
        "domain_get_interface_parameters",
        ("testnet0", 0),
        {f"inbound.{name}": (UINT, 0) for name in ("average", "peak", "burst", "floor")}
        | {f"outbound.{name}": (UINT, 0) for name in ("average", "peak", "burst")},
    ),
    (
        "domain_get_blkio_parameters",
        (0,),
        {"weight": (UINT, 0)}
        | dict.fromkeys(
            (
                "device_weight",
                "device_read_iops_sec",
                "device_write_iops_sec",
                "device_read_bytes_sec",
                "device_write_bytes_sec",
            ),
            (STRING, ""),
        ),
    ),
]


@pytest.mark.parametrize(("function", "arguments", "expected"), PARAMETERS, ids=[row[0] for row in PARAMETERS])
def test_parameters_of_the_domain_are_typed_as_libvirts(
    bench: Bench, function: str, arguments: Any, expected: dict[str, Any]
) -> None:
    params = bench.connection.ops[function](bench.test, *arguments)
    assert {name: (kind, value) for name, kind, value in params.entries()} == expected


def test_22_performance_events_are_known_and_off(bench: Bench) -> None:
    events = bench.domain_get_perf_events(bench.test, 0)
    assert [(kind, value) for _, kind, value in events.entries()] == [(BOOLEAN, False)] * 22


def test_cpu_statistics_are_constants(bench: Bench) -> None:
    assert bench.domain_get_cpu_stats(bench.test, -1, 1, 0) == [
        {"cpu_time": 48772617035, "user_time": 5540000000, "system_time": 6460000000}
    ]
    assert bench.domain_get_cpu_stats(bench.test, 0, 2, 0) == [
        {"cpu_time": 24386308517, "vcpu_time": 23151740627},
        {"cpu_time": 24386308518, "vcpu_time": 23151740628},
    ]


def test_memory_statistics_follow_the_current_memory(bench: Bench) -> None:
    stats = bench.domain_memory_stats(bench.test, 0)
    assert stats[DomainMemoryStatTags.ACTUAL_BALLOON] == 2097152
    assert stats[DomainMemoryStatTags.UNUSED] == stats[DomainMemoryStatTags.RSS] == 1048576
    assert stats[DomainMemoryStatTags.DISK_CACHES] == 262144
    assert stats[DomainMemoryStatTags.LAST_UPDATE] == 627319920


def test_the_guest_answers_without_an_agent(bench: Bench) -> None:
    assert bench.domain_get_hostname(bench.test, 0) == "testhost"
    assert bench.domain_get_time(bench.test, 0) == (627319920, 0)
    assert bench.domain_get_fsinfo(bench.test, 0) == [
        ("/", "vda1", "ext4", ["vda"]),
        ("/boot", "vda2", "ext4", ["vda"]),
    ]
    assert bench.domain_interface_addresses(bench.test, 0, 0) == [
        ("testnet0", "aa:bb:cc:dd:ee:ff", [(0, "192.168.122.3", 24)])
    ]


def test_the_domain_has_a_label_a_type_and_a_faulty_disk(bench: Bench) -> None:
    assert bench.domain_get_security_label(bench.test) == ("libvirt-test", True)
    assert bench.domain_get_os_type(bench.test) == "linux"
    assert bench.domain_get_disk_errors(bench.test, 0) == [("vda", 1)]
    assert bench.domain_get_control_info(bench.test, 0) == (0, 0, 0)


def test_vcpus_are_free_to_run_anywhere(bench: Bench) -> None:
    first, second = bench.domain_get_vcpus(bench.test)
    assert (first.number, first.state, first.cpu, first.cpumap) == (0, 1, 15, b"\xff\xff")
    assert second.number == 1
    assert bench.domain_get_emulator_pin_info(bench.test, 0) == b"\xff\xff"


def test_the_pool_is_empty_and_100_gib_large(bench: Bench) -> None:
    info = bench.storage_pool_get_info(bench.pool)
    assert info == (StoragePoolState.RUNNING, 107374182400, 0, 107374182400)
    assert bench.storage_pool_list_volumes(bench.pool) == []


def test_devices_form_a_tree(bench: Bench) -> None:
    parents = {ref.name: bench.node_device_get_parent(ref) for ref in bench.connect_list_all_node_devices(0)}
    assert parents == {
        "computer": None,
        "scsi_host1": "computer",
        "scsi_host2": "computer",
        "scsi_host11": "scsi_host1",
    }
    assert bench.node_device_list_caps(NodeDeviceRef("scsi_host1")) == ["scsi_host"]


def test_secrets_filters_and_network_ports_are_not_there(bench: Bench) -> None:
    for function in ("connect_list_all_secrets", "connect_list_all_nwfilters", "connect_list_all_nwfilter_bindings"):
        assert bench.refusal(bench.connection.ops[function], 0)[0] == 3
    assert bench.refusal(bench.network_list_all_ports, bench.network, 0)[0] == 3


def test_connections_share_the_host_until_the_last_one_closes() -> None:
    first, second = Bench(), Bench()
    first.domain_suspend(first.test)
    assert second.domain_get_state(second.test, 0).state == DomainState.PAUSED
    first.close()
    assert second.domain_get_state(second.test, 0).state == DomainState.PAUSED
    second.close()
    with virtkit.open("test:///default") as fresh:
        assert fresh.lookup_domain_by_name("test").info().state == DomainState.RUNNING


def test_a_query_in_the_uri_is_ignored() -> None:
    with virtkit.open("test:///default?whatever=1") as conn:
        assert [domain.name for domain in conn.list_domains()] == ["test"]
