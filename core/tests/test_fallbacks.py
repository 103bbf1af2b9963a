"""What core derives from a driver's primitives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from virtkit import constants, enums, errors
from virtkit.fallbacks import FALLBACKS, bind, derivation, objects, variants
from virtkit.fallbacks.domains import BLOCK_STATS, JOB_INFO
from virtkit.hookspecs import KINDS, spec_class
from virtkit.params import LLONG, TypedParams
from virtkit.records import (
    BlockStats,
    DomainInfo,
    DomainStateReason,
    JobInfo,
    JobStats,
    MigrateBegin,
    SecurityLabel,
    StorageVolInfo,
)
from virtkit.refs import (
    CheckpointRef,
    DomainRef,
    InterfaceRef,
    NetworkPortRef,
    NetworkRef,
    NodeDeviceRef,
    NWFilterBindingRef,
    NWFilterRef,
    SecretRef,
    SnapshotRef,
    StoragePoolRef,
    StorageVolRef,
)
from virtkit.spec import specified

Function = Callable[..., Any]


class Ops(dict[str, Function]):
    """The functions a driver has, and on demand those derived from them."""

    def __missing__(self, name: str) -> Function:
        fallback = derivation(name, self.__contains__)
        if fallback is None:
            raise errors.NotSupportedError(name)
        return bind(fallback, self, enums.ErrorDomain.TEST)


def uuid(number: int) -> bytes:
    return UUID(int=number).bytes


SPECIFIED = {
    name: function
    for modules in KINDS.values()
    for module in modules
    for name, function, _ in specified(spec_class(module))
}
HOOKS = {name: list(inspect.signature(function).parameters)[2:] for name, function in SPECIFIED.items()}

RUNNING, STOPPED, TRANSIENT = DomainRef("web", uuid(1), 7), DomainRef("db", uuid(2)), DomainRef("ci", uuid(3), 9)
UNKNOWN = DomainRef("gone", uuid(99))


def filtered(members: dict[Any, set[str]], kinds: Any) -> Callable[[int], list[Any]]:
    """A list of objects by the flags of an enumeration: every flag given must hold."""

    def listing(flags: int) -> list[Any]:
        names = {flag.name for flag in kinds if flag & flags}
        return [ref for ref, states in members.items() if names <= states]

    return listing


@pytest.fixture
def domains() -> Ops:
    members = {
        RUNNING: {"ACTIVE", "PERSISTENT", "AUTOSTART"},
        STOPPED: {"INACTIVE", "PERSISTENT", "MANAGEDSAVE"},
        TRANSIENT: {"ACTIVE"},
    }
    return Ops(connect_list_all_domains=filtered(members, enums.ConnectListAllDomainsFlags))


def test_every_derived_function_and_what_it_needs_is_a_hook() -> None:
    named = set(FALLBACKS) | {need for fallback in FALLBACKS.values() for need in fallback.needs}
    assert named - set(HOOKS) == set()


@pytest.mark.parametrize("name", sorted(FALLBACKS))
def test_a_derivation_takes_what_its_hook_takes(name: str) -> None:
    parameters = inspect.signature(FALLBACKS[name].function).parameters
    variadic = any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters.values())
    given = list(parameters)[1:]
    assert variadic or len(given) == len(HOOKS[name])
    if FALLBACKS[name].function.__name__ == name:
        assert given == HOOKS[name]


@pytest.mark.parametrize("name", sorted(name for name, fallback in FALLBACKS.items() if fallback.needs))
def test_the_manual_says_what_a_function_is_derived_from(name: str) -> None:
    needs = FALLBACKS[name].needs
    each_from_the_other = any(name in FALLBACKS[need].needs for need in needs if need in FALLBACKS)
    said = inspect.getdoc(SPECIFIED[name]) or ""
    assert each_from_the_other or ("erived" in said and any(f"`{need}`" in said for need in needs))


def test_the_manual_calls_derived_only_what_is() -> None:
    derived = {name for name, function in SPECIFIED.items() if "Derived from" in (inspect.getdoc(function) or "")}
    assert derived - set(FALLBACKS) == set()


def test_two_functions_derive_from_each_other_only_where_one_is_implemented() -> None:
    assert derivation("domain_destroy", {"domain_destroy_flags"}.__contains__) is FALLBACKS["domain_destroy"]
    assert derivation("domain_destroy_flags", {"domain_destroy"}.__contains__) is FALLBACKS["domain_destroy_flags"]
    assert derivation("domain_destroy", set[str]().__contains__) is None


def test_a_derivation_may_rest_on_another_one() -> None:
    assert derivation("domain_is_active", {"connect_list_all_domains"}.__contains__) is not None
    assert derivation("domain_is_active", {"domain_get_info"}.__contains__) is None


def test_what_nothing_tells_is_not_derived() -> None:
    assert derivation("domain_get_xml_desc", lambda name: True) is None


@pytest.mark.parametrize(
    ("flag", "owners"),
    [
        (variants.LIVE, "DomainModificationImpact DomainDeviceModifyFlags DomainMemoryModFlags DomainVcpuFlags"),
        (variants.MAXIMUM, "DomainMemoryModFlags DomainVcpuFlags"),
        (variants.STRING_OKAY, "TypedParameterFlags"),
        (objects.DESCENDANTS, "DomainSnapshotListFlags DomainCheckpointListFlags"),
    ],
    ids=["LIVE", "MAXIMUM", "STRING_OKAY", "DESCENDANTS"],
)
def test_the_named_flags_are_those_of_the_enumerations(flag: int, owners: str, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    assert [int(getattr(enums, owner)[name]) for owner in owners.split()] == [flag] * len(owners.split())


def test_the_named_statistics_are_those_of_the_constants() -> None:
    known = {
        value for name, value in vars(constants).items() if name.startswith(("DOMAIN_BLOCK_STATS_", "DOMAIN_JOB_"))
    }
    assert set(BLOCK_STATS) | set(JOB_INFO) <= known
    assert len(BLOCK_STATS) == len(BlockStats._fields)
    assert ("type", *JOB_INFO) == tuple(
        field.replace("mem_", "memory_").replace("file_", "disk_") for field in JobInfo._fields
    )


def test_domains_are_counted_and_named_from_the_list_of_all(domains: Ops) -> None:
    assert domains["connect_num_of_domains"]() == 2
    assert domains["connect_list_domains"]() == [7, 9]
    assert domains["connect_num_of_defined_domains"]() == 1
    assert domains["connect_list_defined_domains"]() == ["db"]


def test_domains_are_looked_up_in_the_list_of_all(domains: Ops) -> None:
    assert domains["domain_lookup_by_name"]("db") == STOPPED
    assert domains["domain_lookup_by_uuid"](uuid(1)) == RUNNING
    assert domains["domain_lookup_by_id"](9) == TRANSIENT


@pytest.mark.parametrize(
    ("hook", "key", "said"),
    [
        ("domain_lookup_by_name", "gone", "'gone'"),
        ("domain_lookup_by_uuid", uuid(99), "00000000-0000-0000-0000-000000000063"),
        ("domain_lookup_by_id", 4, "4"),
    ],
)
def test_an_unknown_domain_is_named_in_the_error(domains: Ops, hook: str, key: Any, said: str) -> None:
    with pytest.raises(errors.NoDomainError, match=said):
        domains[hook](key)


def test_errors_of_a_derivation_have_the_domain_of_the_driver(domains: Ops) -> None:
    with pytest.raises(errors.NoDomainError) as caught:
        domains["domain_lookup_by_name"]("gone")
    assert caught.value.domain == enums.ErrorDomain.TEST


def test_errors_of_what_a_derivation_needs_keep_their_domain() -> None:
    def refuse(flags: int) -> list[DomainRef]:
        raise errors.OperationFailedError("the list is lost", domain=enums.ErrorDomain.STORAGE)

    with pytest.raises(errors.OperationFailedError) as caught:
        Ops(connect_list_all_domains=refuse)["domain_lookup_by_name"]("db")
    assert caught.value.domain == enums.ErrorDomain.STORAGE


def test_the_id_of_a_stopped_domain_finds_none(domains: Ops) -> None:
    with pytest.raises(errors.NoDomainError):
        domains["domain_lookup_by_id"](-1)


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("domain_is_active", [True, False, True]),
        ("domain_is_persistent", [True, True, False]),
        ("domain_get_autostart", [True, False, False]),
    ],
)
def test_what_holds_of_a_domain_comes_from_the_list_of_all(domains: Ops, hook: str, expected: list[bool]) -> None:
    assert [domains[hook](dom) for dom in (RUNNING, STOPPED, TRANSIENT)] == expected
    with pytest.raises(errors.NoDomainError):
        domains[hook](UNKNOWN)


def test_a_managed_save_image_comes_from_the_list_of_all(domains: Ops) -> None:
    has_image = domains["domain_has_managed_save_image"]
    assert [has_image(dom, 0) for dom in (RUNNING, STOPPED)] == [False, True]
    with pytest.raises(errors.InvalidArgError):
        has_image(RUNNING, 1)


NAMED = [
    ("network", "networks", "ConnectListAllNetworksFlags", NetworkRef, errors.NoNetworkError),
    ("storage_pool", "storage_pools", "ConnectListAllStoragePoolsFlags", StoragePoolRef, errors.NoStoragePoolError),
]


@pytest.mark.parametrize(("prefix", "plural", "filters", "ref", "missing"), NAMED)
def test_networks_and_pools_need_only_the_list_of_all(
    prefix: str, plural: str, filters: str, ref: Any, missing: type[errors.VirtError]
) -> None:
    up, down = ref("up", uuid(1)), ref("down", uuid(2))
    members = {up: {"ACTIVE", "AUTOSTART"}, down: {"INACTIVE", "PERSISTENT"}}
    ops = Ops({f"connect_list_all_{plural}": filtered(members, getattr(enums, filters))})
    assert ops[f"connect_num_of_{plural}"]() == ops[f"connect_num_of_defined_{plural}"]() == 1
    assert ops[f"connect_list_{plural}"]() == ["up"]
    assert ops[f"connect_list_defined_{plural}"]() == ["down"]
    assert ops[f"{prefix}_lookup_by_name"]("down") == down
    assert ops[f"{prefix}_lookup_by_uuid"](uuid(1)) == up
    assert [ops[f"{prefix}_is_active"](each) for each in (up, down)] == [True, False]
    assert [ops[f"{prefix}_is_persistent"](each) for each in (up, down)] == [False, True]
    assert [ops[f"{prefix}_get_autostart"](each) for each in (up, down)] == [True, False]
    with pytest.raises(missing):
        ops[f"{prefix}_is_active"](ref("up", uuid(3)))
    with pytest.raises(missing):
        ops[f"{prefix}_lookup_by_name"]("other")


@pytest.fixture
def interfaces() -> Ops:
    members = {
        InterfaceRef("eth0", "52:54:00:00:00:01"): {"ACTIVE"},
        InterfaceRef("br0", "52:54:00:00:00:01"): {"ACTIVE"},
        InterfaceRef("eth1", "52:54:00:00:00:0a"): {"INACTIVE"},
    }
    return Ops(connect_list_all_interfaces=filtered(members, enums.ConnectListAllInterfacesFlags))


def test_interfaces_need_only_the_list_of_all(interfaces: Ops) -> None:
    eth1 = interfaces["interface_lookup_by_name"]("eth1")
    assert interfaces["connect_list_interfaces"]() == ["eth0", "br0"]
    assert interfaces["connect_list_defined_interfaces"]() == ["eth1"]
    assert interfaces["connect_num_of_interfaces"]() == 2
    assert interfaces["connect_num_of_defined_interfaces"]() == 1
    assert interfaces["interface_is_active"](eth1) is False
    assert interfaces["interface_lookup_by_mac_string"]("52:54:00:00:00:0A") == eth1


def test_a_mac_that_several_interfaces_have_is_refused(interfaces: Ops) -> None:
    with pytest.raises(errors.MultipleInterfacesError, match="eth0, br0"):
        interfaces["interface_lookup_by_mac_string"]("52:54:00:00:00:01")


def test_a_mac_that_no_interface_has_is_named(interfaces: Ops) -> None:
    with pytest.raises(errors.NoInterfaceError, match="52:54:00:ff"):
        interfaces["interface_lookup_by_mac_string"]("52:54:00:ff:ff:ff")


@pytest.fixture
def devices() -> Ops:
    members = {
        NodeDeviceRef("computer"): {"CAP_SYSTEM", "ACTIVE"},
        NodeDeviceRef("pci_0000_00_02_0"): {"CAP_PCI_DEV", "ACTIVE"},
        NodeDeviceRef("usb_1_1"): {"CAP_USB_DEV", "ACTIVE"},
        NodeDeviceRef("usb_1_1_1_0"): {"CAP_USB_INTERFACE", "ACTIVE"},
        NodeDeviceRef("mdev_1"): {"CAP_MDEV", "INACTIVE"},
    }
    return Ops(
        connect_list_all_node_devices=filtered(members, enums.ConnectListAllNodeDeviceFlags),
        node_device_list_caps=lambda dev: ["net", "80203"],
    )


@pytest.mark.parametrize(
    ("cap", "names"),
    [
        ("system", ["computer"]),
        ("pci", ["pci_0000_00_02_0"]),
        ("usb_device", ["usb_1_1"]),
        ("usb", ["usb_1_1_1_0"]),
        ("mdev", ["mdev_1"]),
        ("net", []),
        ("usb_dev", []),
        ("no_such", []),
    ],
)
def test_devices_are_listed_by_the_name_of_a_capability(devices: Ops, cap: str, names: list[str]) -> None:
    assert devices["node_list_devices"](cap, 0) == names
    assert devices["node_num_of_devices"](cap, 0) == len(names)


def test_devices_need_the_list_of_all_and_the_list_of_capabilities(devices: Ops) -> None:
    assert devices["node_num_of_devices"](None, 0) == 5
    assert devices["node_device_num_of_caps"](NodeDeviceRef("usb_1_1")) == 2
    assert devices["node_device_is_active"](NodeDeviceRef("mdev_1")) is False
    with pytest.raises(errors.NoNodeDeviceError, match="'usb_9'"):
        devices["node_device_lookup_by_name"]("usb_9")


def test_every_filter_of_capabilities_has_one_name() -> None:
    names = (
        "system pci usb_device usb net scsi_host scsi_target scsi storage fc_host vports scsi_generic drm mdev_types "
        "mdev ccw css vdpa ap_card ap_queue ap_matrix vpd"
    )
    flags = [flag for flag in enums.ConnectListAllNodeDeviceFlags if flag.name and flag.name.startswith("CAP_")]
    assert [objects.capability_flag(name) for name in names.split()] == flags


def test_secrets_are_named_by_uuid_and_found_by_use() -> None:
    disk = SecretRef(uuid(1), enums.SecretUsageType.VOLUME, "/disk")
    tls = SecretRef(uuid(2), enums.SecretUsageType.TLS, "/disk")
    ops = Ops(connect_list_all_secrets=lambda flags: [disk, tls])
    assert ops["connect_list_secrets"]() == [str(UUID(int=1)), str(UUID(int=2))]
    assert ops["connect_num_of_secrets"]() == 2
    assert ops["secret_lookup_by_uuid"](uuid(2)) == tls
    assert ops["secret_lookup_by_usage"](enums.SecretUsageType.TLS, "/disk") == tls
    with pytest.raises(errors.NoSecretError, match="'/other'"):
        ops["secret_lookup_by_usage"](enums.SecretUsageType.TLS, "/other")


def test_filters_and_bindings_need_only_their_lists() -> None:
    clean = NWFilterRef("clean-traffic", uuid(1))
    bound = NWFilterBindingRef("vnet0", "clean-traffic")
    ops = Ops(
        connect_list_all_nwfilters=lambda flags: [clean], connect_list_all_nwfilter_bindings=lambda flags: [bound]
    )
    assert ops["connect_list_nwfilters"]() == ["clean-traffic"]
    assert ops["connect_num_of_nwfilters"]() == 1
    assert ops["nwfilter_lookup_by_name"]("clean-traffic") == ops["nwfilter_lookup_by_uuid"](uuid(1)) == clean
    assert ops["nwfilter_binding_lookup_by_port_dev"]("vnet0") == bound
    with pytest.raises(errors.NoNWFilterBindingError, match="'vnet9'"):
        ops["nwfilter_binding_lookup_by_port_dev"]("vnet9")


def test_a_port_is_looked_up_among_those_of_its_network() -> None:
    network = NetworkRef("default", uuid(1))
    port = NetworkPortRef(network, uuid(5))
    ops = Ops(network_list_all_ports=lambda net, flags: [port] if net == network else [])
    assert ops["network_port_lookup_by_uuid"](network, uuid(5)) == port
    with pytest.raises(errors.NoNetworkPortError):
        ops["network_port_lookup_by_uuid"](NetworkRef("other", uuid(2)), uuid(5))


@pytest.fixture
def storage() -> Ops:
    pools = {StoragePoolRef("disks", uuid(1)): {"ACTIVE"}, StoragePoolRef("tapes", uuid(2)): {"INACTIVE"}}
    volumes = [StorageVolRef("disks", "a.img", "key-a"), StorageVolRef("disks", "b.img", "key-b")]

    def list_volumes(pool: StoragePoolRef, flags: int) -> list[StorageVolRef]:
        if pool.name != "disks":
            raise errors.OperationInvalidError(f"storage pool {pool.name!r} is not active")
        return volumes

    return Ops(
        connect_list_all_storage_pools=filtered(pools, enums.ConnectListAllStoragePoolsFlags),
        storage_pool_list_all_volumes=list_volumes,
        storage_vol_get_path=lambda vol: f"/disks/{vol.name}",
    )


def test_volumes_are_found_from_the_lists(storage: Ops) -> None:
    pool = storage["storage_pool_lookup_by_name"]("disks")
    first, second = storage["storage_pool_list_all_volumes"](pool, 0)
    assert storage["storage_pool_num_of_volumes"](pool) == 2
    assert storage["storage_pool_list_volumes"](pool) == ["a.img", "b.img"]
    assert storage["storage_vol_lookup_by_name"](pool, "a.img") == first
    assert storage["storage_vol_lookup_by_key"]("key-b") == second
    assert storage["storage_vol_lookup_by_path"]("/disks/b.img") == second
    assert storage["storage_pool_lookup_by_volume"](second) == pool


@pytest.mark.parametrize(
    ("hook", "key"), [("storage_vol_lookup_by_key", "key-c"), ("storage_vol_lookup_by_path", "/disks/c.img")]
)
def test_an_unknown_volume_is_named_in_the_error(storage: Ops, hook: str, key: str) -> None:
    with pytest.raises(errors.NoStorageVolError, match=key):
        storage[hook](key)


def test_a_plain_wipe_writes_zeros() -> None:
    calls: list[Any] = []
    vol = StorageVolRef("disks", "a.img", "key-a")
    Ops(storage_vol_wipe_pattern=lambda *args: calls.append(args))["storage_vol_wipe"](vol, 0)
    assert calls == [(vol, enums.StorageVolWipeAlgorithm.ZERO, 0)]


TREES = [
    ("snapshot", SnapshotRef, errors.NoDomainSnapshotError),
    ("checkpoint", CheckpointRef, errors.NoDomainCheckpointError),
]
PARENTS = {"root": None, "left": "root", "right": "root", "leaf": "left", "other": None}


def tree(kind: str, ref: Any, missing: type[errors.VirtError]) -> Ops:
    def parent(each: Any, flags: int) -> Any:
        name = PARENTS[each.name]
        if name is None:
            raise missing(f"{kind} {each.name!r} has no parent")
        return ref(name, each.dom)

    return Ops(
        {
            f"domain_list_all_{kind}s": lambda dom, flags: [ref(name, dom) for name in PARENTS],
            f"domain_{kind}_get_parent": parent,
        }
    )


@pytest.mark.parametrize(("kind", "ref", "missing"), TREES)
def test_children_are_found_by_their_parents(kind: str, ref: Any, missing: type[errors.VirtError]) -> None:
    ops = tree(kind, ref, missing)
    children = ops[f"domain_{kind}_list_all_children"]
    assert [each.name for each in children(ref("root", RUNNING), 0)] == ["left", "right"]
    assert [each.name for each in children(ref("root", RUNNING), 1)] == ["left", "right", "leaf"]
    assert children(ref("leaf", RUNNING), 1) == []
    with pytest.raises(missing, match="'none'"):
        children(ref("none", RUNNING), 0)


@pytest.mark.parametrize(("kind", "ref", "missing"), TREES)
def test_snapshots_and_checkpoints_are_looked_up_by_name(kind: str, ref: Any, missing: type[errors.VirtError]) -> None:
    lookup = tree(kind, ref, missing)[f"domain_{kind}_lookup_by_name"]
    assert lookup(RUNNING, "leaf", 0) == ref("leaf", RUNNING)
    with pytest.raises(missing, match="'none'"):
        lookup(RUNNING, "none", 0)
    with pytest.raises(errors.InvalidArgError):
        lookup(RUNNING, "leaf", 1)


@pytest.fixture
def snapshots() -> Ops:
    return tree(*TREES[0])


def test_snapshots_are_counted_and_named_from_their_lists(snapshots: Ops) -> None:
    root = SnapshotRef("root", RUNNING)
    assert snapshots["domain_snapshot_num"](RUNNING, 0) == 5
    assert snapshots["domain_snapshot_list_names"](RUNNING, 0) == list(PARENTS)
    assert snapshots["domain_snapshot_num_children"](root, 1) == 3
    assert snapshots["domain_snapshot_list_children_names"](root, 0) == ["left", "right"]


def test_whether_a_snapshot_is_current_comes_from_the_current_one(snapshots: Ops) -> None:
    snapshots["domain_snapshot_current"] = lambda dom, flags: SnapshotRef("leaf", dom)
    assert snapshots["domain_has_current_snapshot"](RUNNING, 0) is True
    assert snapshots["domain_snapshot_is_current"](SnapshotRef("leaf", RUNNING), 0) is True
    assert snapshots["domain_snapshot_is_current"](SnapshotRef("root", RUNNING), 0) is False
    with pytest.raises(errors.NoDomainSnapshotError):
        snapshots["domain_snapshot_is_current"](SnapshotRef("none", RUNNING), 0)


def test_without_a_current_snapshot_none_is_current(snapshots: Ops) -> None:
    def none(dom: DomainRef, flags: int) -> SnapshotRef:
        raise errors.NoDomainSnapshotError(f"domain {dom.name!r} has no current snapshot")

    snapshots["domain_snapshot_current"] = none
    assert snapshots["domain_has_current_snapshot"](RUNNING, 0) is False
    assert snapshots["domain_snapshot_is_current"](SnapshotRef("root", RUNNING), 0) is False


def test_whether_a_snapshot_has_metadata_comes_from_the_list() -> None:
    kept, lost = SnapshotRef("kept", RUNNING), SnapshotRef("lost", RUNNING)
    listing = filtered({kept: {"METADATA"}, lost: set()}, enums.DomainSnapshotListFlags)
    ops = Ops(domain_list_all_snapshots=lambda dom, flags: listing(flags))
    assert [ops["domain_snapshot_has_metadata"](each, 0) for each in (kept, lost)] == [True, False]
    with pytest.raises(errors.NoDomainSnapshotError):
        ops["domain_snapshot_has_metadata"](SnapshotRef("none", RUNNING), 0)


def recorded(name: str, answer: Any = None) -> tuple[Ops, list[Any]]:
    calls: list[Any] = []

    def call(*arguments: Any) -> Any:
        calls.append(arguments)
        return answer

    return Ops({name: call}), calls


@pytest.mark.parametrize(
    ("plain", "full", "fixed"),
    [
        ("domain_abort_job", "domain_abort_job_flags", (0,)),
        ("domain_define_xml", "domain_define_xml_flags", (0,)),
        ("domain_destroy", "domain_destroy_flags", (0,)),
        ("domain_shutdown", "domain_shutdown_flags", (0,)),
        ("domain_undefine", "domain_undefine_flags", (0,)),
        ("network_create_xml", "network_create_xml_flags", (0,)),
        ("network_define_xml", "network_define_xml_flags", (0,)),
        ("nwfilter_define_xml", "nwfilter_define_xml_flags", (0,)),
        ("storage_vol_get_info", "storage_vol_get_info_flags", (0,)),
        ("domain_get_scheduler_parameters", "domain_get_scheduler_parameters_flags", (0,)),
        ("domain_set_scheduler_parameters", "domain_set_scheduler_parameters_flags", (0,)),
        ("domain_attach_device", "domain_attach_device_flags", (1,)),
        ("domain_detach_device", "domain_detach_device_flags", (1,)),
        ("domain_get_max_vcpus", "domain_get_vcpus_flags", (5,)),
        ("domain_pin_vcpu", "domain_pin_vcpu_flags", (1,)),
        ("domain_restore", "domain_restore_flags", (None, 0)),
        ("domain_save", "domain_save_flags", (None, 0)),
        ("domain_set_max_memory", "domain_set_memory_flags", (4,)),
        ("domain_set_memory", "domain_set_memory_flags", (1,)),
        ("domain_set_vcpus", "domain_set_vcpus_flags", (1,)),
        ("node_device_dettach", "node_device_detach_flags", (None, 0)),
    ],
)
def test_a_plain_function_is_the_full_one_with_fixed_arguments(plain: str, full: str, fixed: tuple[Any, ...]) -> None:
    ops, calls = recorded(full, "answer")
    given = tuple(HOOKS[plain])
    assert ops[plain](*given) == "answer"
    assert calls == [(*given, *fixed)]
    assert len(HOOKS[full]) == len(given) + len(fixed)


@pytest.mark.parametrize("plain", ["domain_destroy", "network_define_xml", "storage_vol_get_info"])
def test_a_function_with_flags_is_the_plain_one_only_without_flags(plain: str) -> None:
    ops, calls = recorded(plain, "answer")
    given = tuple(HOOKS[plain])
    assert ops[f"{plain}_flags"](*given, 0) == "answer"
    with pytest.raises(errors.InvalidArgError, match="0x2") as caught:
        ops[f"{plain}_flags"](*given, 2)
    assert caught.value.str1 == f"{plain}_flags"
    assert calls == [given]


def test_what_every_client_adds_to_calls_for_parameters_is_no_flag() -> None:
    ops, calls = recorded("domain_get_scheduler_parameters", TypedParams({"weight": 50}))
    flags = int(enums.TypedParameterFlags.STRING_OKAY)
    assert ops["domain_get_scheduler_parameters_flags"](RUNNING, flags) == {"weight": 50}
    assert calls == [(RUNNING,)]


def test_a_start_answers_with_the_new_id() -> None:
    ops, calls = recorded("domain_create")
    ops["domain_lookup_by_uuid"] = lambda uuid: DomainRef("db", uuid, 12)
    assert ops["domain_create_with_flags"](STOPPED, 0) == DomainRef("db", uuid(2), 12)
    assert calls == [(STOPPED,)]


def test_a_plain_start_answers_nothing() -> None:
    ops, calls = recorded("domain_create_with_flags", DomainRef("db", uuid(2), 12))
    assert ops["domain_create"](STOPPED) is None
    assert calls == [(STOPPED, 0)]


def test_calls_that_put_an_argument_in_between() -> None:
    ops, calls = recorded("domain_core_dump_with_format")
    ops["domain_core_dump"](RUNNING, "/core", 2)
    assert calls == [(RUNNING, "/core", enums.DomainCoreDumpFormat.RAW, 2)]
    ops, calls = recorded("domain_block_rebase")
    ops["domain_block_pull"](RUNNING, "vda", 10, 0)
    assert calls == [(RUNNING, "vda", None, 10, 0)]
    ops, calls = recorded("qemu_domain_monitor_command_with_files", ("answer", []))
    assert ops["qemu_domain_monitor_command"](RUNNING, "cmd", 0) == "answer"
    assert calls == [(RUNNING, "cmd", 0, ())]


def test_a_save_with_parameters_is_one_with_flags() -> None:
    ops, calls = recorded("domain_save_flags")
    ops["domain_save_params"](RUNNING, {"file": "/image"}, 1)
    ops["domain_save_params"](RUNNING, {"file": "/image", "dxml": "<domain/>"}, 0)
    assert calls == [(RUNNING, "/image", None, 1), (RUNNING, "/image", "<domain/>", 0)]
    with pytest.raises(errors.ArgumentUnsupportedError, match="image_format"):
        ops["domain_save_params"](RUNNING, {"file": "/image", "image_format": "gzip"}, 0)
    with pytest.raises(errors.InvalidArgError, match="'file'"):
        ops["domain_save_params"](RUNNING, {}, 0)


def test_a_plain_restore_may_end_in_one_with_parameters() -> None:
    ops, calls = recorded("domain_restore_params")
    ops["domain_restore"]("/image")
    ops["domain_restore_flags"]("/image", "<domain/>", 2)
    assert calls == [({"file": "/image"}, 0), ({"file": "/image", "dxml": "<domain/>"}, 2)]


def test_a_restore_with_parameters_is_one_with_flags() -> None:
    ops, calls = recorded("domain_restore_flags")
    ops["domain_restore_params"]({"file": "/image", "dxml": "<domain/>"}, 2)
    assert calls == [("/image", "<domain/>", 2)]


@pytest.mark.parametrize(
    ("hook", "arguments", "expected"),
    [
        (
            "domain_migrate_begin3",
            (RUNNING, None, 1, "new", 0),
            (RUNNING, {"destination_name": "new"}, 1),
        ),
        (
            "domain_migrate_prepare3",
            (b"c", "tcp:host", 1, None, 8, "<domain/>"),
            ({"destination_xml": "<domain/>", "migrate_uri": "tcp:host", "bandwidth": 8}, b"c", 1),
        ),
        (
            "domain_migrate_prepare_tunnel3",
            (b"c", 1, "new", 0, "<domain/>"),
            ({"destination_xml": "<domain/>", "destination_name": "new"}, b"c", 1),
        ),
        (
            "domain_migrate_perform3",
            (RUNNING, "<domain/>", b"c", "qemu://b/system", "tcp:b", 1, None, 0),
            (RUNNING, "qemu://b/system", {"destination_xml": "<domain/>", "migrate_uri": "tcp:b"}, b"c", 1),
        ),
        (
            "domain_migrate_finish3",
            ("new", b"c", None, None, 1, False),
            ({"destination_name": "new"}, b"c", 1, False),
        ),
        ("domain_migrate_confirm3", (RUNNING, b"c", 1, True), (RUNNING, {}, b"c", 1, True)),
    ],
)
def test_the_phases_of_a_migration_need_only_the_form_with_parameters(
    hook: str, arguments: tuple[Any, ...], expected: tuple[Any, ...]
) -> None:
    answer = None if hook.endswith("confirm3") else MigrateBegin(b"", "")
    ops, calls = recorded(f"{hook}_params", answer)
    assert len(arguments) == len(HOOKS[hook])
    assert len(expected) == len(HOOKS[f"{hook}_params"])
    assert ops[hook](*arguments) == answer
    assert calls == [expected]


def info(dom: DomainRef) -> DomainInfo:
    if dom == TRANSIENT:
        raise errors.NoDomainError(f"domain {dom.name!r} is gone")
    state = enums.DomainState.RUNNING if dom.id > 0 else enums.DomainState.SHUTOFF
    return DomainInfo(state, 2048, 1024, 2, 500)


def test_state_and_maximum_memory_come_from_the_info() -> None:
    ops = Ops(domain_get_info=info)
    assert ops["domain_get_state"](RUNNING, 0) == DomainStateReason(enums.DomainState.RUNNING, 0)
    assert ops["domain_get_max_memory"](RUNNING) == 2048
    with pytest.raises(errors.InvalidArgError):
        ops["domain_get_state"](RUNNING, 1)


@pytest.fixture
def statistics(domains: Ops) -> Ops:
    domains["domain_get_info"] = info
    return domains


def test_statistics_come_from_state_and_info_and_leave_out_who_has_gone(statistics: Ops) -> None:
    found = statistics["connect_get_all_domain_stats"]([], 0, 0)
    assert [(each.dom, dict(each.params)) for each in found] == [
        (
            RUNNING,
            {
                "state.state": 1,
                "state.reason": 0,
                "cpu.time": 500,
                "balloon.current": 1024,
                "balloon.maximum": 2048,
            },
        ),
        (STOPPED, {"state.state": 5, "state.reason": 0, "balloon.current": 1024, "balloon.maximum": 2048}),
    ]


def test_statistics_are_of_the_domains_and_groups_asked_for(statistics: Ops) -> None:
    found = statistics["connect_get_all_domain_stats"]([STOPPED, UNKNOWN], enums.DomainStatsTypes.STATE, 0)
    assert [(each.dom, list(each.params.entries())) for each in found] == [
        (STOPPED, [("state.state", 1, 5), ("state.reason", 1, 0)])
    ]
    inactive = enums.ConnectGetAllDomainStatsFlags.INACTIVE | enums.ConnectGetAllDomainStatsFlags.BACKING
    found = statistics["connect_get_all_domain_stats"]([], enums.DomainStatsTypes.CPU_TOTAL, inactive)
    assert [(each.dom, dict(each.params)) for each in found] == [(STOPPED, {})]


def test_groups_that_are_not_known_are_refused_only_where_enforced(statistics: Ops) -> None:
    block = enums.DomainStatsTypes.BLOCK
    assert [dict(each.params) for each in statistics["connect_get_all_domain_stats"]([STOPPED], block, 0)] == [{}]
    enforced = enums.ConnectGetAllDomainStatsFlags.ENFORCE_STATS
    with pytest.raises(errors.ArgumentUnsupportedError, match="0x20"):
        statistics["connect_get_all_domain_stats"]([], block, enforced)


def test_the_first_security_label_is_the_label() -> None:
    labels = [SecurityLabel("system_u", True), SecurityLabel("apparmor", False)]
    assert Ops(domain_get_security_label_list=lambda dom: labels)["domain_get_security_label"](RUNNING) == labels[0]
    unlabelled = Ops(domain_get_security_label_list=lambda dom: [])
    assert unlabelled["domain_get_security_label"](RUNNING) == SecurityLabel("", False)


def test_counters_of_a_disk_come_from_either_form() -> None:
    params = TypedParams.all_of(LLONG, {"rd_operations": 1, "rd_bytes": 512, "wr_operations": 2, "wr_bytes": 1024})
    stats = BlockStats(1, 512, 2, 1024, -1)
    flagged = Ops(domain_block_stats_flags=lambda dom, path, flags: TypedParams({**params, "flush_operations": 3}))
    assert flagged["domain_block_stats"](RUNNING, "vda") == stats
    plain = Ops(domain_block_stats=lambda dom, path: stats)
    assert plain["domain_block_stats_flags"](RUNNING, "vda", 4) == params
    with pytest.raises(errors.InvalidArgError):
        plain["domain_block_stats_flags"](RUNNING, "vda", 1)


def test_a_job_is_told_in_the_older_form_too() -> None:
    params = TypedParams({"time_elapsed": 5, "data_total": 100, "memory_total": 60, "disk_total": 40, "operation": 1})
    ops = Ops(domain_get_job_stats=lambda dom, flags: JobStats(enums.DomainJobType.UNBOUNDED, params))
    expected = JobInfo(enums.DomainJobType.UNBOUNDED, 5, 0, 100, 0, 0, 60, 0, 0, 40, 0, 0)
    assert ops["domain_get_job_info"](RUNNING) == expected


def test_the_size_of_a_volume_comes_from_the_form_with_flags() -> None:
    size = StorageVolInfo(enums.StorageVolType.FILE, 1024, 512)
    ops, calls = recorded("storage_vol_get_info_flags", size)
    vol = StorageVolRef("disks", "a.img", "key-a")
    assert ops["storage_vol_get_info"](vol) == size
    assert calls == [(vol, enums.StorageVolInfoFlags.USE_ALLOCATION)]


def test_core_answers_for_itself_where_a_driver_is_silent() -> None:
    assert Ops()["connect_get_lib_version"]() == 9_000_000
    features = [number for number in range(20) if Ops()["connect_supports_feature"](number)]
    assert features == [9, 16]
