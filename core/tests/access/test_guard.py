"""A guarded function asks for the permissions of its metadata, on the object as the driver knows it."""

from __future__ import annotations

from typing import Any

import pytest

from core.tests.access.lab import ALICE, DB, WEB, Allowing, Lab, registered
from virtkit import access
from virtkit.access.guard import permission
from virtkit.discovery import function, functions
from virtkit.enums import DomainXMLFlags
from virtkit.errors import AccessDeniedError, NoDomainError, OperationTimeoutError, XMLError
from virtkit.refs import (
    DomainRef,
    NetworkPortRef,
    NetworkRef,
    SecretRef,
    SnapshotRef,
    StoragePoolRef,
    StorageVolRef,
)

SEARCH = "connect:search_domains"
POOL = StoragePoolRef("images", b"p" * 16)
IMAGES = [StorageVolRef("images", name, f"/images/{name}") for name in ("a.img", "b.img")]
NET = NetworkRef("lan", b"n" * 16)
SECRETS = [SecretRef(b"1" * 16, 1, "/vol/a"), SecretRef(b"2" * 16, 2, "ceph")]


def call(ops: dict[str, Any], name: str, *arguments: Any) -> Any:
    """Call a function of a connection that has only these, guarded."""
    declared = function(name)
    assert declared is not None
    return access.guarded(declared, ops[name], ALICE, ops)(*arguments)


def domain_xml(name: str, uuid: bytes | None = None) -> str:
    shown = f"<uuid>{uuid.hex()}</uuid>" if uuid else ""
    return f"<domain type='lab'><name>{name}</name>{shown}</domain>"


def test_without_a_plugin_the_function_itself_is_returned() -> None:
    lab = Lab()
    assert lab.ops["connect_get_hostname"] is lab.guarded("connect_get_hostname")


def test_a_function_without_permissions_is_returned_itself() -> None:
    declared = function("connect_is_secure")
    assert declared is not None
    with registered(Allowing()):
        assert print is access.guarded(declared, print, ALICE, {})


def test_every_function_of_the_api_can_be_guarded() -> None:
    with registered(Allowing()):
        same = [name for name, each in functions().items() if access.guarded(each, print, ALICE, {}) is print]
    assert ["connect_is_secure"] == same


def test_a_function_of_the_host_takes_its_permission_on_no_object() -> None:
    plugin = Allowing("connect:getattr")
    with registered(plugin):
        assert "lab.example" == Lab().guarded("connect_get_hostname")()
    assert [("connect_get_hostname", "connect", None, "getattr")] == plugin.requests


def test_a_refused_function_does_not_run() -> None:
    lab = Lab()
    with (
        registered(Allowing("domain:read")),
        pytest.raises(AccessDeniedError, match="domain:start on the domain 'web'"),
    ):
        lab.guarded("domain_create_with_flags")(WEB, 0)
    assert [] == lab.changes


def test_an_allowed_function_runs() -> None:
    lab = Lab()
    with registered(Allowing("domain:start", names=("web",))):
        lab.guarded("domain_create_with_flags")(WEB, 0)
    assert [("create", WEB)] == lab.changes


def test_a_derived_function_is_checked_as_an_own_one() -> None:
    lab = Lab()
    with registered(Allowing("domain:start", names=("db",))), pytest.raises(AccessDeniedError):
        lab.guarded("domain_create")(WEB)
    assert [] == lab.changes


def test_a_caller_cannot_pass_an_object_off_as_another() -> None:
    """The driver finds a domain by its UUID: the name beside it is whatever a client wrote there."""
    lab = Lab()
    disguised = DomainRef("web", DB.uuid, WEB.id)
    with registered(Allowing("domain:start", names=("web",))), pytest.raises(AccessDeniedError):
        lab.guarded("domain_create_with_flags")(disguised, 0)
    assert [] == lab.changes


def test_the_driver_gets_the_reference_that_was_checked() -> None:
    lab = Lab()
    with registered(Allowing("domain:start", names=("db",))):
        lab.guarded("domain_create_with_flags")(DomainRef("web", DB.uuid, 0), 0)
    assert [("create", DB)] == lab.changes


def test_a_refusal_tells_no_more_of_an_object_than_its_caller_knew() -> None:
    with registered(Allowing()), pytest.raises(AccessDeniedError) as raised:
        Lab().guarded("domain_create_with_flags")(DomainRef("web", DB.uuid, 0), 0)
    assert "'db'" not in raised.value.message


def test_an_object_that_is_gone_is_told_as_ever() -> None:
    with registered(Allowing()), pytest.raises(NoDomainError):
        Lab().guarded("domain_create_with_flags")(DomainRef("web", b"g" * 16, 0), 0)


def test_what_belongs_to_a_domain_is_checked_on_the_domain() -> None:
    plugin = Allowing("domain:snapshot")
    given: list[Any] = []
    ops: dict[str, Any] = {
        "domain_lookup_by_uuid": lambda uuid: WEB,
        "domain_snapshot_delete": lambda snap, flags: given.append(snap),
    }
    with registered(plugin):
        call(ops, "domain_snapshot_delete", SnapshotRef("before", DomainRef("x", WEB.uuid, 9)), 0)
    assert [("domain_snapshot_delete", "domain", WEB, "snapshot")] == plugin.requests
    assert [SnapshotRef("before", WEB)] == given


def test_a_lookup_is_checked_on_what_it_found() -> None:
    lab = Lab()
    with registered(Allowing("domain:getattr", names=("web",))):
        assert WEB == lab.guarded("domain_lookup_by_id")(1)
        with pytest.raises(AccessDeniedError) as raised:
            lab.guarded("domain_lookup_by_id")(2)
    assert "'db'" not in raised.value.message


def test_the_pool_of_a_volume_is_checked_as_the_pool_it_is() -> None:
    plugin = Allowing("storage_pool:getattr")
    with registered(plugin):
        ops = {"storage_pool_lookup_by_volume": lambda vol: POOL}
        assert POOL == call(ops, "storage_pool_lookup_by_volume", IMAGES[0])
    assert [POOL] == [request.ref for request in plugin.requests]


# Permissions that depend on the call


@pytest.mark.parametrize(("flags", "asked"), [
    (0, ["read"]),
    (int(DomainXMLFlags.INACTIVE), ["read"]),
    (int(DomainXMLFlags.SECURE), ["read", "read_secure"]),
    (int(DomainXMLFlags.MIGRATABLE), ["read", "read_secure"]),
])  # fmt: skip
def test_a_flag_asks_for_more(flags: int, asked: list[str]) -> None:
    plugin = Allowing("domain:read", "domain:read_secure")
    with registered(plugin):
        assert f"<domain flags='{flags}'/>" == Lab().guarded("domain_get_xml_desc")(WEB, flags)
    assert asked == [request.permission for request in plugin.requests]


@pytest.mark.parametrize(("text", "parameters", "arguments", "applies"), [
    ("domain:save", ("dom",), (WEB,), True),
    ("domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE", ("dom", "flags"), (WEB, 0), True),
    ("domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE", ("dom", "flags"), (WEB, 1), False),
    ("domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE", ("dom", "flags"), (WEB, 2), False),
    ("domain:save:VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE", ("dom", "flags"), (WEB, 2), False),
    ("domain:save:VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE", ("dom", "flags"), (WEB, 7), True),
    ("domain:write:?source=VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT", ("source",), (1,), True),
    ("domain:write:?source=VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT", ("source",), (0,), False),
    ("domain:write:?source=!VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT", ("source",), (0,), True),
])  # fmt: skip
def test_a_condition_is_about_the_arguments(
    text: str, parameters: tuple[str, ...], arguments: tuple[Any, ...], applies: bool
) -> None:
    assert applies == permission(text, parameters).applies(arguments)


@pytest.mark.parametrize("text", ["domain:save:VIR_NO_SUCH_FLAG", "domain:save:?source=VIR_DOMAIN_AFFECT_LIVE"])
def test_a_condition_on_what_is_not_there_is_an_error(text: str) -> None:
    with pytest.raises(LookupError, match=r"VIR_NO_SUCH_FLAG|'source'"):
        permission(text, ("dom", "flags"))


# Objects to be made


def test_a_definition_is_checked_by_its_name_before_it_is_made() -> None:
    lab = Lab()
    with registered(Allowing("domain:write", "domain:save", names=("web",))):
        with pytest.raises(AccessDeniedError, match="domain:write on the domain 'other'"):
            lab.guarded("domain_define_xml_flags")(domain_xml("other"), 0)
        assert [] == lab.changes
        lab.guarded("domain_define_xml_flags")(domain_xml("web"), 0)
    assert [("define", domain_xml("web"))] == lab.changes


def test_a_definition_is_checked_by_what_has_its_uuid_already() -> None:
    lab = Lab()
    plugin = Allowing("domain:write", "domain:save", names=("web", "new"))
    with registered(plugin), pytest.raises(AccessDeniedError):
        lab.guarded("domain_define_xml")(domain_xml("new", DB.uuid))
    assert [DomainRef("new", DB.uuid), DB] == [request.ref for request in plugin.requests]
    assert [] == lab.changes


def test_a_definition_that_is_no_xml_is_refused_as_such() -> None:
    with registered(Allowing()), pytest.raises(XMLError):
        Lab().guarded("domain_define_xml")("<pool/>")


@pytest.mark.parametrize(("name", "arguments", "ref"), [
    ("network_create_xml", ("<network><name>lan</name></network>",), NetworkRef("lan", bytes(16))),
    ("storage_vol_create_xml", (POOL, "<volume><name>a.img</name></volume>", 0), StorageVolRef("images", "a.img", "")),
    ("storage_pool_define_xml", ("<pool type='logical'><source><name>vg</name></source></pool>", 0),
     StoragePoolRef("vg", bytes(16))),
    ("network_port_create_xml", (NET, f"<networkport><uuid>{'31' * 16}</uuid></networkport>", 0),
     NetworkPortRef(NET, b"1" * 16)),
    ("secret_define_xml", ("<secret><usage type='ceph'><name>rbd</name></usage></secret>", 0),
     SecretRef(bytes(16), 2, "rbd")),
    ("secret_define_xml", ("<secret><usage type='ceph'><volume>/a</volume><name>rbd</name></usage></secret>", 0),
     SecretRef(bytes(16), 2, "rbd")),
    ("interface_define_xml", ("<interface type='ethernet' name='eth7'/>", 0), ("eth7", "")),
    ("nwfilter_define_xml", ("<filter name='clean' chain='root'/>",), ("clean", bytes(16))),
    ("nwfilter_binding_create_xml",
     ("<filterbinding><portdev name='vnet0'/><filterref filter='clean'/></filterbinding>", 0), ("vnet0", "clean")),
    ("node_device_create_xml", ("<device><parent>pci_0</parent><capability type='mdev'/></device>", 0), None),
    ("qemu_domain_attach", (4711, 0), None),
])  # fmt: skip
def test_an_object_of_any_kind_is_checked_before_it_is_made(name: str, arguments: tuple[Any, ...], ref: Any) -> None:
    ops: dict[str, Any] = {
        name: lambda *_: pytest.fail("it ran"),
        "storage_pool_lookup_by_uuid": lambda uuid: POOL,
        "network_lookup_by_uuid": lambda uuid: NET,
    }
    plugin = Allowing()
    with registered(plugin), pytest.raises(AccessDeniedError):
        call(ops, name, *arguments)
    assert [ref] == [request.ref for request in plugin.requests]


@pytest.mark.parametrize(("name", "arguments"), [
    ("domain_restore", ("/saved/db",)),
    ("domain_restore_flags", ("/saved/db", None, 0)),
    ("domain_restore_params", ({"file": "/saved/db"}, 0)),
    ("domain_save_image_get_xml_desc", ("/saved/db", 0)),
])  # fmt: skip
def test_a_saved_image_is_checked_on_its_domain(name: str, arguments: tuple[Any, ...]) -> None:
    lab = Lab()
    plugin = Allowing("domain:start", "domain:write", names=("web",))
    with registered(plugin), pytest.raises(AccessDeniedError, match="on the domain saved in /saved/db"):
        lab.guarded(name)(*arguments)
    assert {"db"} == {request.ref.name for request in plugin.requests}
    assert [] == lab.changes


@pytest.mark.parametrize(("name", "arguments"), [
    ("domain_restore_flags", ("/saved/web", domain_xml("db"), 0)),
    ("domain_restore_params", ({"file": "/saved/web", "dxml": domain_xml("db")}, 0)),
])  # fmt: skip
def test_a_saved_image_is_checked_on_what_it_is_to_become(name: str, arguments: tuple[Any, ...]) -> None:
    lab = Lab()
    with registered(Allowing("domain:start", "domain:write", names=("web",))), pytest.raises(AccessDeniedError):
        lab.guarded(name)(*arguments)
    assert [] == lab.changes


def test_a_definition_is_not_made_where_nobody_can_tell_what_has_its_uuid() -> None:
    def broken(uuid: bytes) -> DomainRef:
        raise OperationTimeoutError("the list is locked")

    ops: dict[str, Any] = {"domain_define_xml": lambda xml: pytest.fail("it ran"), "domain_lookup_by_uuid": broken}
    with registered(Allowing("domain:write", "domain:save")), pytest.raises(OperationTimeoutError):
        call(ops, "domain_define_xml", domain_xml("new", DB.uuid))


@pytest.mark.parametrize(("name", "arguments", "asked"), [
    ("domain_migrate_prepare3", (b"", None, 0, None, 0, domain_xml("db")), "db"),
    ("domain_migrate_prepare3", (b"", None, 0, "moved", 0, domain_xml("db")), "moved"),
    ("domain_migrate_prepare3_params", ({"destination_xml": domain_xml("db")}, b"", 0), "db"),
    ("domain_migrate_prepare3_params",
     ({"destination_xml": domain_xml("db"), "destination_name": "moved"}, b"", 0), "moved"),
    ("domain_migrate_finish3", ("db", b"", None, None, 0, False), "db"),
    ("domain_migrate_finish3_params", ({"destination_name": "db"}, b"", 0, False), "db"),
])  # fmt: skip
def test_a_migration_is_checked_on_the_domain_that_arrives(name: str, arguments: Any, asked: str) -> None:
    ops: dict[str, Any] = {name: lambda *_: "done", "domain_lookup_by_name": lambda name: DomainRef(name, bytes(16))}
    plugin = Allowing("domain:migrate", "domain:start", "domain:write")
    with registered(plugin):
        assert "done" == call(ops, name, *arguments)
    assert {asked} == {request.ref.name for request in plugin.requests}


# Lists


def test_a_list_needs_its_own_permission() -> None:
    with registered(Allowing("domain:getattr")), pytest.raises(AccessDeniedError, match=SEARCH):
        Lab().guarded("connect_list_all_domains")(0)


@pytest.mark.parametrize(("name", "arguments", "elements"), [
    ("connect_list_all_domains", (0,), [WEB]),
    ("connect_list_domains", (), [1]),
    ("connect_num_of_domains", (), 1),
    ("connect_list_defined_domains", (), []),
    ("connect_num_of_defined_domains", (), 0),
])  # fmt: skip
def test_a_list_and_its_count_leave_out_what_a_caller_may_not_see(
    name: str, arguments: tuple[Any, ...], elements: Any
) -> None:
    with registered(Allowing(SEARCH, "domain:getattr", names=("web",))):
        assert elements == Lab().guarded(name)(*arguments)


def test_statistics_are_filtered_by_the_permission_to_read() -> None:
    with registered(Allowing(SEARCH, "domain:getattr", "domain:read", names=("db",))):
        assert [DB] == [each.dom for each in Lab().guarded("connect_get_all_domain_stats")([], 0, 0)]
    with registered(Allowing(SEARCH, "domain:getattr")):
        assert [] == Lab().guarded("connect_get_all_domain_stats")([], 0, 0)


def test_volumes_are_filtered_within_their_pool() -> None:
    ops: dict[str, Any] = {
        "storage_pool_lookup_by_uuid": lambda uuid: POOL,
        "storage_pool_list_all_volumes": lambda pool, flags: IMAGES,
        "storage_pool_list_volumes": lambda pool: ["a.img", "b.img"],
        "storage_pool_num_of_volumes": lambda pool: 2,
    }
    permissions = ("storage_pool:search_storage_vols", "storage_vol:getattr")
    with registered(Allowing(*permissions, names=("images", "b.img"))):
        assert IMAGES[1:] == call(ops, "storage_pool_list_all_volumes", POOL, 0)
        assert ["b.img"] == call(ops, "storage_pool_list_volumes", POOL)
        assert 1 == call(ops, "storage_pool_num_of_volumes", POOL)


def test_secrets_are_listed_by_uuid_and_filtered_all_the_same() -> None:
    class OnlyCeph(Allowing):
        def access_check(self, identity: access.Identity, request: access.Request) -> bool | None:
            return request.kind == "connect" or request.ref.usage_id == "ceph"

    ops: dict[str, Any] = {
        "connect_list_all_secrets": lambda flags: SECRETS,
        "connect_list_secrets": lambda: ["31" * 16, "32323232-3232-3232-3232-323232323232"],
    }
    with registered(OnlyCeph()):
        assert ["32323232-3232-3232-3232-323232323232"] == call(ops, "connect_list_secrets")
