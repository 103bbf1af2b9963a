"""What the scenarios of `tools/facts/errors.tsv` mean here: (object, scenario) -> the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plugins.test.tests.bench import (
    NO_POOL,
    UUID_B,
    Bench,
    domain_xml,
    network_xml,
    pool_xml,
    volume_xml,
)

Scenarios = dict[tuple[str, str], Callable[[Bench], Any]]

UNKNOWN_FLAG = 1 << 31
NO_UUID = b"\xee" * 16
LIVE, CONFIG = 1, 2


def _define(xml: str) -> Callable[[Bench], Any]:
    return lambda b: b.domain_define_xml_flags(xml, 0)


def _twice(b: Bench, first: str, second: str) -> None:
    b.domain_define_xml_flags(first, 0)
    b.domain_define_xml_flags(second, 0)


def _disks(*disks: str) -> str:
    return f"<devices>{''.join(disks)}</devices>"


HOST: Scenarios = {
    ("connect", "get capabilities"): lambda b: b.connect_get_capabilities(),
    ("connect", "cpu models unknown arch"): lambda b: b.connect_get_cpu_model_names("nosuch", 0),
    ("connect", "baseline cpu empty list"): lambda b: b.connect_baseline_cpu([], 0),
    ("connect", "cells free memory out of range"): lambda b: b.node_get_cells_free_memory(99, 1),
    ("connect", "free pages bad size"): lambda b: b.node_get_free_pages([3], 0, 1, 0),
    ("connect", "node cpu stats bad cpu"): lambda b: b.node_get_cpu_stats(99, 0),
    ("connect", "all domain stats unknown stats + ENFORCE"): lambda b: b.connect_get_all_domain_stats(
        [], 1 << 30, 1 << 31
    ),
    ("connect", "sysinfo"): lambda b: b.connect_get_sysinfo(0),
    ("connect", "cpu map"): lambda b: b.node_get_cpu_map(0),
    ("connect", "max vcpus unknown type"): lambda b: b.connect_get_max_vcpus("nosuch"),
    ("connect", "interface define bad XML"): lambda b: b.interface_define_xml("<x/>", 0),
    ("connect", "interface define truncated"): lambda b: b.interface_define_xml("<interface", 0),
    ("connect", "interface change commit without begin"): lambda b: b.interface_change_commit(0),
    ("connect", "interface change rollback without begin"): lambda b: b.interface_change_rollback(0),
    ("connect", "node device create bad XML"): lambda b: b.node_device_create_xml("<x/>", 0),
    ("connect", "node device create wrong capability"): lambda b: b.node_device_create_xml(
        "<device><name>x</name><capability type='net'><interface>e</interface></capability></device>", 0
    ),
    ("connect", "network create bad XML"): lambda b: b.network_create_xml_flags("<x/>", 0),
    ("connect", "save image info missing file"): lambda b: b.domain_save_image_get_xml_desc("/nonexistent/save", 0),
    ("interface", "lookup unknown name"): lambda b: b.interface_lookup_by_name("nobody"),
    ("interface", "lookup unknown mac"): lambda b: b.interface_lookup_by_mac_string("00:00:00:00:00:01"),
    ("interface", "list with unknown flag bit"): lambda b: b.connect_list_all_interfaces(UNKNOWN_FLAG),
    ("interface", "create active"): lambda b: b.interface_create(b.interface, 0),
    ("interface", "destroy inactive"): lambda b: (
        b.interface_destroy(b.interface, 0),
        b.interface_destroy(b.interface, 0),
    ),
    ("interface", "change begin twice"): lambda b: (b.interface_change_begin(0), b.interface_change_begin(0)),
    ("interface", "undefine stale"): lambda b: b.interface_undefine(b.gone_interface()),
    ("interface", "xml stale"): lambda b: b.interface_get_xml_desc(b.gone_interface(), 0),
    ("node device", "lookup unknown name"): lambda b: b.node_device_lookup_by_name("nobody"),
    ("node device", "list with unknown flag bit"): lambda b: b.connect_list_all_node_devices(1 << 29),
    ("node device", "destroy non-vport"): lambda b: b.node_device_destroy(b.computer),
    ("node device", "parent of root"): lambda b: b.node_device_get_parent(b.computer),
    ("interface", "read-only interface change begin"): lambda b: b.interface_change_begin(0),
    ("node device", "read-only nodedev create"): lambda b: b.node_device_create_xml("<device/>", 0),
}

DEFINE: Scenarios = {
    ("domain", "define: not XML"): _define("not XML"),
    ("domain", "define: truncated XML"): _define("<domain type='test'><name>x"),
    ("domain", "define: wrong root element"): _define("<x/>"),
    ("domain", "define: no name"): _define("<domain type='test'><memory>1</memory><os><type>hvm</type></os></domain>"),
    ("domain", "define: empty name"): _define(domain_xml("")),
    ("domain", "define: name with slash"): _define(domain_xml("a/b")),
    ("domain", "define: no type attr"): _define(domain_xml().replace(" type='test'", "", 1)),
    ("domain", "define: unknown type attr"): _define(domain_xml().replace("type='test'", "type='nosuch'", 1)),
    ("domain", "define: type of another hypervisor"): _define(domain_xml().replace("type='test'", "type='xen'", 1)),
    ("domain", "define: malformed uuid"): _define(domain_xml(uuid="not-a-uuid")),
    ("domain", "define: no memory"): _define(domain_xml().replace("<memory>4096</memory>", "")),
    ("domain", "define: no os type"): _define(domain_xml(os="")),
    ("domain", "define: unknown os type"): _define(domain_xml(os="<type>nosuch</type>")),
    ("domain", "define: vcpu 0"): _define(domain_xml().replace("<vcpu>2", "<vcpu>0")),
    ("domain", "define: vcpu not a number"): _define(domain_xml().replace("<vcpu>2", "<vcpu>many")),
    ("domain", "define: current vcpus > max"): _define(domain_xml().replace("<vcpu>", "<vcpu current='3'>")),
    ("domain", "define: disk without target"): _define(
        domain_xml(inside=_disks("<disk type='file'><source file='/a'/></disk>"))
    ),
    ("domain", "define: duplicate disk target"): _define(
        domain_xml(inside=_disks(*["<disk type='file'><source file='/a'/><target dev='vda'/></disk>"] * 2))
    ),
    ("domain", "define: bad mac"): _define(
        domain_xml(inside=_disks("<interface type='user'><mac address='xx'/></interface>"))
    ),
    ("domain", "define: unknown interface type"): _define(domain_xml(inside=_disks("<interface type='nosuch'/>"))),
    ("domain", "define: schema violation with DEFINE_VALIDATE"): lambda b: b.domain_define_xml_flags(
        domain_xml(inside="<nosuch/>"), 1
    ),
    ("domain", "define: unknown flag"): lambda b: b.domain_define_xml_flags(domain_xml(), UNKNOWN_FLAG),
    ("domain", "define: same name, other uuid"): lambda b: _twice(b, domain_xml(), domain_xml(uuid=UUID_B)),
    ("domain", "define: same uuid, other name"): lambda b: _twice(b, domain_xml(), domain_xml("other")),
    ("domain", "redefine same name+uuid"): lambda b: _twice(b, domain_xml(), domain_xml()),
    ("domain", "create XML: same name, other uuid"): lambda b: (
        b.domain(),
        b.domain_create_xml(domain_xml(uuid=UUID_B), 0),
    ),
    ("domain", "create XML duplicate name (transient active)"): lambda b: (
        b.transient(),
        b.domain_create_xml(domain_xml("vectrans", uuid=UUID_B), 0),
    ),
    ("domain", "define over active transient, same uuid"): lambda b: (
        b.transient(),
        b.domain_define_xml_flags(domain_xml("vectrans"), 0),
    ),
}

INACTIVE: Scenarios = {
    ("domain", "shutdown inactive"): lambda b: b.domain_shutdown(b.domain()),
    ("domain", "destroy inactive"): lambda b: b.domain_destroy(b.domain()),
    ("domain", "suspend inactive"): lambda b: b.domain_suspend(b.domain()),
    ("domain", "resume inactive"): lambda b: b.domain_resume(b.domain()),
    ("domain", "reboot inactive"): lambda b: b.domain_reboot(b.domain(), 0),
    ("domain", "reset inactive"): lambda b: b.domain_reset(b.domain(), 0),
    ("domain", "save inactive"): lambda b: b.domain_save(b.domain(), "/tmp/never"),
    ("domain", "managedsave inactive"): lambda b: b.domain_managed_save(b.domain(), 0),
    ("domain", "core dump inactive"): lambda b: b.domain_core_dump(b.domain(), "/tmp/never", 0),
    ("domain", "restore missing file"): lambda b: b.domain_restore("/nonexistent/save"),
    ("domain", "set memory live inactive"): lambda b: b.domain_set_memory_flags(b.domain(), 1024, LIVE),
    ("domain", "set memory (legacy call) inactive"): lambda b: b.domain_set_memory(b.domain(), 1024),
    ("domain", "set memory above max"): lambda b: b.domain_set_memory_flags(b.domain(), 1 << 40, CONFIG),
    ("domain", "set vcpus live inactive"): lambda b: b.domain_set_vcpus_flags(b.domain(), 1, LIVE),
    ("domain", "set vcpus 0"): lambda b: b.domain_set_vcpus_flags(b.domain(), 0, CONFIG),
    ("domain", "set vcpus above max"): lambda b: b.domain_set_vcpus_flags(b.domain(), 9, CONFIG),
    ("domain", "get vcpus inactive"): lambda b: b.domain_get_vcpus(b.domain()),
    ("domain", "max vcpus inactive"): lambda b: b.domain_get_max_vcpus(b.domain()),
    ("domain", "block stats inactive"): lambda b: b.domain_block_stats(b.domain(), "vda"),
    ("domain", "interface stats inactive"): lambda b: b.domain_interface_stats(b.domain(), "testnet0"),
    ("domain", "memory stats inactive"): lambda b: b.domain_memory_stats(b.domain(), 0),
    ("domain", "screenshot inactive"): lambda b: b.domain_screenshot(b.domain(), 0, 0),
    ("domain", "sendKey inactive"): lambda b: b.domain_send_key(b.domain(), 0, 0, [1], 0),
    ("domain", "inject NMI inactive"): lambda b: b.domain_inject_nmi(b.domain(), 0),
    ("domain", "hostname inactive"): lambda b: b.domain_get_hostname(b.domain(), 0),
    ("domain", "interface addresses inactive"): lambda b: b.domain_interface_addresses(b.domain(), 0, 0),
    ("domain", "fsfreeze inactive"): lambda b: b.domain_fsfreeze(b.domain(), [], 0),
    ("domain", "fsthaw inactive"): lambda b: b.domain_fsthaw(b.domain(), [], 0),
    ("domain", "fstrim inactive"): lambda b: b.domain_fstrim(b.domain(), None, 0, 0),
    ("domain", "fsinfo inactive"): lambda b: b.domain_get_fsinfo(b.domain(), 0),
    ("domain", "time inactive"): lambda b: b.domain_get_time(b.domain(), 0),
    ("domain", "set user password inactive"): lambda b: b.domain_set_user_password(b.domain(), "root", "x", 0),
    ("domain", "scheduler params inactive (get)"): lambda b: b.domain_get_scheduler_parameters(b.domain()),
    ("domain", "security label inactive"): lambda b: b.domain_get_security_label(b.domain()),
    ("domain", "set autostart persistent inactive"): lambda b: b.domain_set_autostart(b.domain(), True),
    ("domain", "iothread add live inactive"): lambda b: b.domain_add_iothread(b.domain(), 1, LIVE),
    ("domain", "iothread del missing"): lambda b: b.domain_del_iothread(b.domain(), 9, CONFIG),
    ("domain", "iothread id 0"): lambda b: b.domain_add_iothread(b.domain(), 0, CONFIG),
    ("domain", "memory peek inactive"): lambda b: b.domain_memory_peek(b.domain(), 0, 1, 1),
    ("domain", "managed save remove without image"): lambda b: b.domain_managed_save_remove(b.domain(), 0),
    ("domain", "perf events get inactive"): lambda b: b.domain_get_perf_events(b.domain(), 0),
    ("domain", "messages get"): lambda b: b.domain_get_messages(b.domain(), 0),
    ("domain", "undefine again (stale handle)"): lambda b: b.domain_undefine(b.gone()),
    ("domain", "get info on stale handle"): lambda b: b.domain_get_info(b.gone()),
    ("domain", "start stale handle"): lambda b: b.domain_create(b.gone()),
    ("domain", "rename to same name"): lambda b: b.domain_rename(b.domain(), "vec", 0),
    ("domain", "rename empty"): lambda b: b.domain_rename(b.domain(), "", 0),
}

ACTIVE: Scenarios = {
    ("domain", "start active"): lambda b: b.domain_create(b.test),
    ("domain", "resume running"): lambda b: b.domain_resume(b.test),
    ("domain", "set max memory on active"): lambda b: b.domain_set_max_memory(b.test, 1024),
    ("domain", "rename active"): lambda b: b.domain_rename(b.test, "other", 0),
    ("domain", "block stats unknown disk"): lambda b: b.domain_block_stats(b.test, "vdz"),
    ("domain", "interface stats unknown dev"): lambda b: b.domain_interface_stats(b.test, "nosuch"),
    ("domain", "screenshot bad screen"): lambda b: b.domain_screenshot(b.test, 99, 0),
    ("domain", "sendKey bad codeset"): lambda b: b.domain_send_key(b.test, 99, 0, [1], 0),
    ("domain", "set vcpus above max live"): lambda b: b.domain_set_vcpus_flags(b.test, 9, LIVE),
    ("domain", "agent hostname without agent"): lambda b: b.domain_get_hostname(b.test, 0),
    ("domain", "fsfreeze without agent"): lambda b: b.domain_fsfreeze(b.test, [], 0),
    ("domain", "interface addresses lease"): lambda b: b.domain_interface_addresses(b.test, 0, 0),
    ("domain", "set user password without agent"): lambda b: b.domain_set_user_password(b.test, "root", "x", 0),
    ("domain", "undefine active transient"): lambda b: b.domain_undefine(b.transient()),
    ("domain", "set autostart transient"): lambda b: b.domain_set_autostart(b.transient(), True),
    ("domain", "managed save transient"): lambda b: b.domain_managed_save(b.transient(), 0),
    ("domain", "set vcpus CONFIG transient"): lambda b: b.domain_set_vcpus_flags(b.transient(), 1, CONFIG),
}

ARGUMENTS: Scenarios = {
    ("domain", "lookup unknown name"): lambda b: b.domain_lookup_by_name("nobody"),
    ("domain", "lookup unknown uuid"): lambda b: b.domain_lookup_by_uuid(NO_UUID),
    ("domain", "lookup unknown id"): lambda b: b.domain_lookup_by_id(999),
    ("domain", "list with unknown flag bit"): lambda b: b.connect_list_all_domains(UNKNOWN_FLAG),
    ("domain", "metadata absent (description)"): lambda b: b.domain_get_metadata(b.test, 0, None, 0),
    ("domain", "metadata absent (element)"): lambda b: b.domain_get_metadata(b.test, 2, "urn:x", 0),
    ("domain", "set metadata title with newline"): lambda b: b.domain_set_metadata(b.test, 1, "a\nb", None, None, 0),
    ("domain", "xml desc unknown flag"): lambda b: b.domain_get_xml_desc(b.test, UNKNOWN_FLAG),
    ("domain", "create with unknown flag"): lambda b: b.domain_create_with_flags(b.domain(), UNKNOWN_FLAG),
    ("domain", "LIVE|CONFIG|CURRENT exclusive flag mix get vcpus"): lambda b: b.domain_get_vcpus_flags(b.test, 3),
    ("domain", "pin vcpu out of range"): lambda b: b.domain_pin_vcpu_flags(b.domain(), 99, b"\1", CONFIG),
    ("domain", "block info unknown disk"): lambda b: b.domain_get_block_info(b.domain(), "vdz", 0),
    ("domain", "blkdeviotune unknown disk"): lambda b: b.domain_get_block_io_tune(b.domain(), "vdz", 0),
    ("domain", "interface params unknown device"): lambda b: b.domain_get_interface_parameters(b.domain(), "x", 0),
    ("domain", "set blkio weight out of range"): lambda b: b.domain_set_blkio_parameters(b.domain(), {"weight": 5}, 0),
    ("domain", "read-only destroy"): lambda b: b.domain_destroy(b.test),
    ("domain", "read-only define"): lambda b: b.domain_define_xml_flags(domain_xml(), 0),
    ("domain", "read-only XML secure flag"): lambda b: b.domain_get_xml_desc(b.test, 1),
    ("domain", "read-only open console"): lambda b: b.domain_open_console(b.test, None, 0),
    ("domain", "read-only xml"): lambda b: b.domain_get_xml_desc(b.test, 0),
}

DOMAINS: Scenarios = {**DEFINE, **INACTIVE, **ACTIVE, **ARGUMENTS}

NETWORKS: Scenarios = {
    ("network", "lookup unknown name"): lambda b: b.network_lookup_by_name("nobody"),
    ("network", "lookup unknown uuid"): lambda b: b.network_lookup_by_uuid(NO_UUID),
    ("network", "list with unknown flag bit"): lambda b: b.connect_list_all_networks(UNKNOWN_FLAG),
    ("network", "define bad XML"): lambda b: b.network_define_xml_flags("<x/>", 0),
    ("network", "define truncated XML"): lambda b: b.network_define_xml_flags("<network", 0),
    ("network", "define no name"): lambda b: b.network_define_xml_flags("<network/>", 0),
    ("network", "define unknown forward mode"): lambda b: b.network_define_xml_flags(
        network_xml(inside="<forward mode='nosuch'/>"), 0
    ),
    ("network", "define bad ip"): lambda b: b.network_define_xml_flags(network_xml(inside="<ip address='x'/>"), 0),
    ("network", "define same name other uuid"): lambda b: (
        b.inactive_network(),
        b.network_define_xml_flags(network_xml(uuid=UUID_B), 0),
    ),
    ("network", "define same uuid other name"): lambda b: (
        b.inactive_network(),
        b.network_define_xml_flags(network_xml("other"), 0),
    ),
    ("network", "destroy inactive"): lambda b: b.network_destroy(b.inactive_network()),
    ("network", "bridge name inactive"): lambda b: b.network_get_bridge_name(b.inactive_network()),
    ("network", "update live inactive"): lambda b: b.network_update(
        b.inactive_network(), 3, 10, -1, "<host ip='1.2.3.4'><hostname>h</hostname></host>", LIVE
    ),
    ("network", "update bad section"): lambda b: b.network_update(b.inactive_network(), 3, 99, -1, "<x/>", 0),
    ("network", "update bad XML"): lambda b: b.network_update(b.inactive_network(), 3, 2, -1, "<x/>", 0),
    ("network", "xml unknown flag"): lambda b: b.network_get_xml_desc(b.network, UNKNOWN_FLAG),
    ("network", "start"): lambda b: b.network_create(b.inactive_network()),
    ("network", "start active"): lambda b: b.network_create(b.network),
    ("network", "create XML duplicate active"): lambda b: (b.transient_network(), b.transient_network()),
    ("network", "undefine active"): lambda b: b.network_undefine(b.network),
    ("network", "autostart of transient"): lambda b: b.network_set_autostart(b.transient_network(), True),
    ("network", "undefine transient"): lambda b: b.network_undefine(b.transient_network()),
    ("network", "read-only network define"): lambda b: b.network_define_xml_flags(network_xml(), 0),
}


REFUSED: Scenarios = {
    ("nwfilter", "list with unknown flag bit"): lambda b: b.connect_list_all_nwfilters(UNKNOWN_FLAG),
    ("secret", "list with unknown flag bit"): lambda b: b.connect_list_all_secrets(UNKNOWN_FLAG),
    ("nwfilter binding", "list with unknown flag bit"): lambda b: b.connect_list_all_nwfilter_bindings(UNKNOWN_FLAG),
}


def _stopped(b: Bench) -> Any:
    b.storage_pool_destroy(b.pool)
    return b.pool


POOLS: Scenarios = {
    ("storage pool", "lookup unknown name"): lambda b: b.storage_pool_lookup_by_name("nobody"),
    ("storage pool", "lookup unknown uuid"): lambda b: b.storage_pool_lookup_by_uuid(NO_UUID),
    ("storage pool", "list with unknown flag bit"): lambda b: b.connect_list_all_storage_pools(UNKNOWN_FLAG),
    ("storage pool", "define bad root"): lambda b: b.storage_pool_define_xml("<x/>", 0),
    ("storage pool", "define truncated XML"): lambda b: b.storage_pool_define_xml("<pool", 0),
    ("storage pool", "define unknown type"): lambda b: b.storage_pool_define_xml(pool_xml(kind="nosuch"), 0),
    ("storage pool", "define no name"): lambda b: b.storage_pool_define_xml(pool_xml(""), 0),
    ("storage pool", "define no target path"): lambda b: b.storage_pool_define_xml(pool_xml(path=""), 0),
    ("storage pool", "define same name other uuid"): lambda b: (
        b.inactive_pool(),
        b.storage_pool_define_xml(pool_xml(uuid=UUID_B), 0),
    ),
    ("storage pool", "define same uuid other name"): lambda b: (
        b.inactive_pool(),
        b.storage_pool_define_xml(pool_xml("other"), 0),
    ),
    ("storage pool", "define same target path"): lambda b: (
        b.inactive_pool(),
        b.storage_pool_define_xml(pool_xml("other", uuid=UUID_B), 0),
    ),
    ("storage pool", "destroy inactive"): lambda b: b.storage_pool_destroy(_stopped(b)),
    ("storage pool", "refresh inactive"): lambda b: b.storage_pool_refresh(_stopped(b), 0),
    ("storage pool", "list volumes inactive"): lambda b: b.storage_pool_list_volumes(_stopped(b)),
    ("storage pool", "num volumes inactive"): lambda b: b.storage_pool_num_of_volumes(_stopped(b)),
    ("storage pool", "list all volumes inactive"): lambda b: b.storage_pool_list_all_volumes(_stopped(b), 0),
    ("storage pool", "volume lookup by name inactive"): lambda b: b.storage_vol_lookup_by_name(_stopped(b), "x"),
    ("storage pool", "volume create inactive"): lambda b: b.storage_vol_create_xml(_stopped(b), volume_xml(), 0),
    ("storage pool", "info inactive"): lambda b: b.storage_pool_get_info(_stopped(b)),
    ("storage pool", "build"): lambda b: b.storage_pool_build(_stopped(b), 0),
    ("storage pool", "start"): lambda b: b.storage_pool_create(_stopped(b), 0),
    ("storage pool", "start active"): lambda b: b.storage_pool_create(b.pool, 0),
    ("storage pool", "undefine active"): lambda b: b.storage_pool_undefine(b.pool),
    ("storage pool", "delete active"): lambda b: b.storage_pool_delete(b.pool, 0),
    ("storage pool", "build active"): lambda b: b.storage_pool_build(b.pool, 0),
    ("storage pool", "build NO_OVERWRITE|OVERWRITE"): lambda b: b.storage_pool_build(_stopped(b), 4 | 8),
    ("storage pool", "create XML duplicate active"): lambda b: (b.transient_pool(), b.transient_pool()),
    ("storage pool", "delete inactive"): lambda b: b.storage_pool_delete(_stopped(b), 0),
    ("storage pool", "stale handle"): lambda b: b.storage_pool_get_info(NO_POOL),
    ("storage pool", "find sources unknown type"): lambda b: b.connect_find_storage_pool_sources("nosuch", None, 0),
    ("storage pool", "autostart of transient"): lambda b: b.storage_pool_set_autostart(b.transient_pool(), True),
    ("storage pool", "undefine transient"): lambda b: b.storage_pool_undefine(b.transient_pool()),
    ("storage pool", "delete transient active"): lambda b: b.storage_pool_delete(b.transient_pool(), 0),
    ("storage pool", "read-only pool refresh"): lambda b: b.storage_pool_refresh(b.pool, 0),
}

VOLUMES: Scenarios = {
    ("storage volume", "lookup unknown key"): lambda b: b.storage_vol_lookup_by_key("nosuch"),
    ("storage volume", "lookup unknown path"): lambda b: b.storage_vol_lookup_by_path("/nosuch"),
    ("storage volume", "lookup unknown name"): lambda b: b.storage_vol_lookup_by_name(b.pool, "nosuch"),
    ("storage volume", "create bad XML"): lambda b: b.storage_vol_create_xml(b.pool, "<x/>", 0),
    ("storage volume", "create no name"): lambda b: b.storage_vol_create_xml(b.pool, "<volume/>", 0),
    ("storage volume", "create no capacity"): lambda b: b.storage_vol_create_xml(b.pool, volume_xml(capacity=""), 0),
    ("storage volume", "create unknown format"): lambda b: b.storage_vol_create_xml(
        b.pool, volume_xml(inside="<target><format type='nosuch'/></target>"), 0
    ),
    ("storage volume", "create existing name"): lambda b: (b.volume(), b.volume()),
    ("storage volume", "create from with bad XML"): lambda b: b.storage_vol_create_xml_from(
        b.pool, "<x/>", b.volume(), 0
    ),
    ("storage volume", "create from, existing name"): lambda b: b.storage_vol_create_xml_from(
        b.pool, volume_xml(), b.volume(), 0
    ),
    ("storage volume", "delete unknown flag"): lambda b: b.storage_vol_delete(b.volume(), UNKNOWN_FLAG),
    ("storage volume", "info of deleted volume"): lambda b: b.storage_vol_get_info(b.gone_volume()),
    ("storage volume", "delete deleted volume"): lambda b: b.storage_vol_delete(b.gone_volume(), 0),
}

STORAGE: Scenarios = {**POOLS, **VOLUMES}


def _with_snapshots(b: Bench) -> Any:
    b.snapshot()
    b.domain_destroy(b.test)
    return b.test


SNAPSHOTS: Scenarios = {
    ("domain", "snapshot current, none"): lambda b: b.domain_snapshot_current(b.test, 0),
    ("domain", "snapshot lookup missing"): lambda b: b.domain_snapshot_lookup_by_name(b.test, "nosuch", 0),
    ("domain", "checkpoint lookup missing"): lambda b: b.domain_checkpoint_lookup_by_name(b.test, "nosuch", 0),
    ("domain", "snapshot bad XML"): lambda b: b.domain_snapshot_create_xml(b.test, "<x/>", 0),
    ("domain", "checkpoint bad XML"): lambda b: b.domain_checkpoint_create_xml(b.domain(), "<x/>", 0),
    ("domain snapshot", "create duplicate name"): lambda b: (b.snapshot(), b.snapshot()),
    ("domain snapshot", "parent of root"): lambda b: b.domain_snapshot_get_parent(b.snapshot(), 0),
    ("domain snapshot", "redefine without existing xml"): lambda b: b.domain_snapshot_create_xml(
        b.test, "<domainsnapshot><name>s</name></domainsnapshot>", 1
    ),
    ("domain", "undefine with snapshots, active"): lambda b: (b.snapshot(), b.domain_undefine(b.test)),
    ("domain", "undefine inactive with snapshots, no flag"): lambda b: b.domain_undefine(_with_snapshots(b)),
    ("domain snapshot", "delete stale"): lambda b: b.domain_snapshot_delete(b.gone_snapshot(), 0),
    ("domain snapshot", "revert stale"): lambda b: b.domain_revert_to_snapshot(b.gone_snapshot(), 0),
}

SCENARIOS: Scenarios = {**HOST, **DOMAINS, **NETWORKS, **REFUSED, **STORAGE, **SNAPSHOTS}
"""All of them; rows without one are of functions that the driver does not have."""
