"""A driver with two guests, and an access plugin that allows what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from virtkit import access
from virtkit.access import AccessSpec, Identity, Request
from virtkit.discovery import function
from virtkit.driver import Driver
from virtkit.enums import ConnectListAllDomainsFlags
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.ops import Operation, Ops, Part, Unguarded
from virtkit.params import TypedParams
from virtkit.records import DomainStats
from virtkit.refs import DomainRef

WEB = DomainRef("web", b"w" * 16, 1)
DB = DomainRef("db", b"d" * 16, 2)
ALICE = Identity(user_name="alice", user_id=1000, transport="unix")


class LabDriver(
    Driver[list[Any]],
    ConnectSpec[list[Any]],
    DomainDefinitionSpec[list[Any]],
    DomainLifecycleSpec[list[Any]],
    DomainStatisticsSpec[list[Any]],
):
    """Writes what changes into its session."""

    name = "lab"
    hook_api = 1
    error_domain = 12

    def connect_get_hostname(self, conn: list[Any]) -> str:
        return "lab.example"

    def connect_list_all_domains(self, conn: list[Any], flags: int) -> list[DomainRef]:
        return [] if flags & ConnectListAllDomainsFlags.INACTIVE else [WEB, DB]

    def domain_define_xml_flags(self, conn: list[Any], xml: str, flags: int) -> DomainRef:
        conn.append(("define", xml))
        return WEB

    def domain_create_with_flags(self, conn: list[Any], dom: DomainRef, flags: int) -> DomainRef:
        conn.append(("create", dom))
        return dom

    def domain_get_xml_desc(self, conn: list[Any], dom: DomainRef, flags: int) -> str:
        return f"<domain flags='{flags}'/>"

    def domain_save_image_get_xml_desc(self, conn: list[Any], file: str, flags: int) -> str:
        name = file.rpartition("/")[2]
        return f"<domain type='lab'><name>{name}</name><uuid>{'00' * 16}</uuid></domain>"

    def domain_restore_params(self, conn: list[Any], params: Any, flags: int) -> None:
        conn.append(("restore", params["file"]))

    def connect_get_all_domain_stats(self, conn: list[Any], doms: Any, stats: int, flags: int) -> list[DomainStats]:
        return [DomainStats(each, TypedParams()) for each in (WEB, DB)]


class Allowing(AccessSpec):
    """Allows the permissions it was given, on objects of the given names and on those without one; keeps requests."""

    def __init__(self, *permissions: str, names: tuple[str, ...] | None = None) -> None:
        self.permissions = permissions
        self.names = names
        self.requests: list[Request] = []

    def access_check(self, identity: Identity, request: Request) -> bool | None:
        self.requests.append(request)
        if f"{request.kind}:{request.permission}" not in self.permissions:
            return None
        name = getattr(request.ref, "name", None)
        return self.names is None or name is None or name in self.names


@contextmanager
def registered(*plugins: AccessSpec) -> Iterator[None]:
    for plugin in plugins:
        access.register(plugin)
    try:
        yield
    finally:
        for plugin in plugins:
            access.unregister(plugin)


class Lab:
    """A connection to the driver, and what has been changed through it."""

    def __init__(self) -> None:
        self.changes: list[Any] = []
        part = Part(LabDriver(), self.changes)
        self.ops = Ops(lambda kind: part if kind == "hypervisor" else None)

    def guarded(self, name: str) -> Operation:
        declared = function(name)
        assert declared is not None
        return access.guarded(declared, self.ops[name], ALICE, Unguarded(self.ops))
