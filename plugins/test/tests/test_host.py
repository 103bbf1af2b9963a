"""Interfaces and devices of the simulated host, and CPUs compared by name."""

from __future__ import annotations

import pytest

from plugins.test.tests import real
from plugins.test.tests.bench import Bench
from plugins.test.tests.watching import Watch
from virtkit.enums import ConnectListAllInterfacesFlags as Listed
from virtkit.enums import NodeDeviceEventLifecycleType as Event
from virtkit.errors import MultipleInterfacesError, NoNodeDeviceError, NotSupportedError
from virtkit.events import EventKey
from virtkit.refs import InterfaceRef, NodeDeviceRef

ETH7 = "<interface type='ethernet' name='eth7'><start mode='none'/><mac address='{}'/></interface>"
PORT = (
    "<device><parent>{}</parent><capability type='scsi_host'><capability type='fc_host'>"
    "<wwnn>2000000012341234</wwnn><wwpn>1000000012341239</wwpn></capability></capability></device>"
)


def names(bench: Bench, flags: int = 0) -> list[str]:
    """Names of interfaces."""
    return [ref.name for ref in bench.connect_list_all_interfaces(flags)]


def test_an_interface_is_defined_started_stopped_and_undefined(bench: Bench) -> None:
    ref = bench.interface_define_xml(ETH7.format("00:11:22:33:44:55"), 0)
    assert ref == InterfaceRef("eth7", "00:11:22:33:44:55")
    assert (names(bench, Listed.ACTIVE), names(bench, Listed.INACTIVE)) == (["eth1"], ["eth7"])
    bench.interface_create(ref, 0)
    assert bench.interface_is_active(ref)
    bench.interface_define_xml(ETH7.format("00:11:22:33:44:66"), 0)
    assert bench.interface_lookup_by_name("eth7").mac == "00:11:22:33:44:66"
    assert bench.interface_is_active(ref)
    bench.interface_destroy(ref, 0)
    bench.interface_undefine(ref)
    assert names(bench) == ["eth1"]


def test_changes_are_taken_back(bench: Bench) -> None:
    bench.interface_change_begin(0)
    bench.interface_destroy(bench.interface, 0)
    bench.interface_undefine(bench.interface)
    bench.interface_define_xml(ETH7.format("00:11:22:33:44:55"), 0)
    bench.interface_change_rollback(0)
    assert names(bench) == ["eth1"]


@pytest.mark.libvirt
def test_no_interface_is_up_after_changes_were_taken_back_as_in_libvirt(bench: Bench) -> None:
    program = (
        "conn.changeBegin(); conn.changeRollback(); print(json.dumps([i.name() for i in conn.listAllInterfaces(2)]))"
    )
    bench.interface_change_begin(0)
    bench.interface_change_rollback(0)
    assert names(bench, Listed.ACTIVE) == real.run(program) == []


def test_changes_that_are_kept_stay(bench: Bench) -> None:
    bench.interface_change_begin(0)
    bench.interface_define_xml(ETH7.format("00:11:22:33:44:55"), 0)
    bench.interface_change_commit(0)
    assert names(bench) == ["eth1", "eth7"]
    assert bench.refusal(bench.interface_change_rollback, 0) == (55, 12)


def test_two_interfaces_of_one_address_are_told_apart_by_name_only(bench: Bench) -> None:
    bench.interface_define_xml(ETH7.format("aa:bb:cc:dd:ee:ff"), 0)
    with pytest.raises(MultipleInterfacesError, match="eth1, eth7"):
        bench.interface_lookup_by_mac_string("AA:BB:CC:DD:EE:FF")


def test_a_virtual_port_comes_and_goes(bench: Bench) -> None:
    watch = Watch(bench, EventKey("node_device", 0))
    ref = bench.node_device_create_xml(PORT.format("scsi_host1"), 0)
    assert (ref.name, bench.node_device_get_parent(ref)) == ("scsi_host12", "scsi_host1")
    assert "<wwpn>1000000012341239</wwpn>" in bench.node_device_get_xml_desc(ref, 0)
    bench.node_device_destroy(ref)
    assert watch.take() == [("scsi_host12", Event.CREATED, 0), ("scsi_host12", Event.DELETED, 0)]
    with pytest.raises(NoNodeDeviceError):
        bench.node_device_get_xml_desc(ref, 0)


def test_the_root_of_the_devices_stays(bench: Bench) -> None:
    bench.node_device_destroy(bench.computer)
    assert bench.node_device_lookup_by_name("computer") == NodeDeviceRef("computer")


DEVICES = [
    PORT.format("scsi_host1"),
    PORT.format("scsi_host2"),
    PORT.format("nosuch"),
    PORT.replace("<parent>{}</parent>", ""),
    PORT.format("scsi_host1").replace("<wwnn>2000000012341234</wwnn>", ""),
    "<device><name>x</name></device>",
    "<device><name>x</name><capability type='net'><interface>e</interface></capability></device>",
]


@pytest.mark.libvirt
def test_devices_are_made_as_libvirts_are(bench: Bench) -> None:
    program = """
answers = []
for xml in request["devices"]:
    answers.append(attempt(lambda: (made := conn.nodeDeviceCreateXML(xml, 0)).XMLDesc(0)))
    for one in conn.listAllDevices():
        if one.name() == "scsi_host12":
            one.destroy()
print(json.dumps(answers))
"""
    ours = []
    for xml in DEVICES:
        code = bench.refusal(bench.node_device_create_xml, xml, 0)
        ref = NodeDeviceRef("scsi_host12")
        ours.append({"error": list(code)} if code[0] else bench.node_device_get_xml_desc(ref, 0))
        if not code[0]:
            bench.node_device_destroy(ref)
    assert ours == real.run(program, devices=DEVICES)


CPU = "<cpu><arch>x86_64</arch><model>{}</model>{}</cpu>"
POWER = "<cpu><arch>ppc64</arch><model>POWER8</model>{}</cpu>"
VENDOR = "<vendor>{}</vendor>"
VMX, AES = "<feature name='vmx'/>", "<feature name='aes'/>"

CPUS: list[list[str]] = [
    [CPU.format("Nehalem", "")],
    [CPU.format("Nehalem", VMX)],
    [CPU.format("Nehalem", VMX)] * 2,
    [CPU.format("nosuch", "")],
    ["<cpu><model>Nehalem</model></cpu>"],
    ["<cpu><arch>x86_64</arch></cpu>"],
    [],
    *([CPU.format("Westmere", VENDOR.format(vendor))] for vendor in ("Intel", "nosuch")),
    [CPU.format("Westmere", VENDOR.format("Intel") + VMX)] * 2,
    [CPU.format("Westmere", VENDOR.format("Intel")), CPU.format("Westmere", "")],
    [CPU.format("Westmere", ""), CPU.format("Westmere", VENDOR.format("Intel"))],
    [CPU.format("Westmere", VENDOR.format("Intel")), CPU.format("Westmere", VENDOR.format("AMD"))],
    *([POWER.format(VENDOR.format(vendor))] for vendor in ("IBM", "nosuch")),
    [POWER.format(VENDOR.format("IBM")), POWER.format(VENDOR.format("Freescale"))],
]


@pytest.mark.libvirt
def test_cpus_of_one_model_have_in_common_what_libvirt_says(bench: Bench) -> None:
    program = "print(json.dumps([attempt(conn.baselineCPU, cpus, 0) for cpus in request['cpus']]))"
    ours = []
    for cpus in CPUS:
        code = bench.refusal(bench.connect_baseline_cpu, cpus, 0)
        ours.append({"error": list(code)} if code[0] else bench.connect_baseline_cpu(cpus, 0))
    assert ours == real.run(program, cpus=CPUS)


def test_what_is_not_known_of_cpu_models_is_said(bench: Bench) -> None:
    with pytest.raises(NotSupportedError, match="features of CPU models"):
        bench.connect_baseline_cpu([CPU.format("Nehalem", "")], 1)
    several = [CPU.format("Nehalem", ""), CPU.format("Penryn", "")]
    assert bench.refusal(bench.connect_baseline_cpu, several, 0) == (67, 31)


def test_architectures_without_models_differ_from_unknown_ones(bench: Bench) -> None:
    assert bench.connect_get_cpu_model_names("aarch64", 0) == []
    assert bench.refusal(bench.connect_get_cpu_model_names, "mips", 0) == (3, 31)
    assert bench.refusal(bench.connect_get_cpu_model_names, "nosuch", 0) == (8, 12)
