"""A call finds the one driver that serves it, and is refused where the connection forbids it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from pluggy import HookimplMarker

from virtkit.discovery import functions, manager
from virtkit.driver import Driver
from virtkit.enums import ConnectListAllDomainsFlags, DomainInterfaceAddressesSource, DomainXMLFlags
from virtkit.errors import InternalError, InvalidConnError, NoDomainError, NotSupportedError, OperationDeniedError
from virtkit.hookspecs.connect import ConnectSpec
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_guest import DomainGuestSpec
from virtkit.hookspecs.network import NetworkSpec
from virtkit.ops import ClosedOps, Ops, Part, constant, never_waits, offered
from virtkit.records import DomainInterface
from virtkit.refs import DomainRef, NetworkRef
from virtkit.spec import PROJECT

WEB = DomainRef("web", bytes(16), 7)
hookimpl = HookimplMarker(PROJECT)


class LabDriver(Driver[str], ConnectSpec[str], DomainDefinitionSpec[str], DomainGuestSpec[str]):
    """Knows one domain; says on which session it was asked."""

    name = "lab"
    hook_api = 1
    error_domain = 12

    def connect_get_hostname(self, conn: str) -> str:
        return f"host of {conn}"

    def connect_list_all_domains(self, conn: str, flags: int) -> list[DomainRef]:
        return [] if flags & ConnectListAllDomainsFlags.INACTIVE else [WEB]

    def domain_get_xml_desc(self, conn: str, dom: DomainRef, flags: int) -> str:
        return f"<domain flags='{flags}'/>"

    def domain_define_xml_flags(self, conn: str, xml: str, flags: int) -> DomainRef:
        return WEB

    def domain_interface_addresses(self, conn: str, dom: DomainRef, source: int, flags: int) -> list[DomainInterface]:
        return []


class OtherDriver(LabDriver):
    """Another driver of the same hooks, loaded as well."""

    name = "other"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def domain_get_xml_desc(self, conn: str, dom: DomainRef, flags: int) -> str:
        self.asked.append(conn)
        return "<other/>"


class NetDriver(Driver[str], NetworkSpec[str]):
    name = "net"
    hook_api = 1
    kinds = ("network",)

    def network_lookup_by_name(self, conn: str, name: str) -> NetworkRef:
        return NetworkRef(f"{name} by {conn}", bytes(16))


class ResolvingDriver(Driver[str]):
    """Answers any hook without having its method, as a driver does that forwards calls."""

    name = "resolving"
    hook_api = 1

    def driver_resolve(self, name: str) -> Callable[..., Any] | None:
        return lambda conn, *arguments: (conn, name, *arguments)


def ops_of(*, readonly: bool = False, **drivers: Driver[Any]) -> Ops:
    """The op table of a connection; each kind of driver has the kind as its session."""
    return Ops(lambda kind: Part(drivers[kind], kind) if kind in drivers else None, readonly=readonly)


def test_a_function_is_called_with_the_drivers_session() -> None:
    assert "host of hypervisor" == ops_of(hypervisor=LabDriver())["connect_get_hostname"]()


def test_each_kind_of_object_is_served_by_its_own_driver() -> None:
    ops = ops_of(hypervisor=LabDriver(), network=NetDriver())
    assert "net by network" == ops["network_lookup_by_name"]("net").name


def test_a_function_is_bound_once_and_only_when_it_is_called() -> None:
    ops = ops_of(hypervisor=LabDriver())
    assert {} == ops
    assert ops["connect_get_hostname"] is ops["connect_get_hostname"]
    assert ["connect_get_hostname"] == list(ops)


def test_a_function_nobody_implements_says_so_by_name() -> None:
    for ops in (ops_of(hypervisor=LabDriver()), ops_of()):
        with pytest.raises(NotSupportedError, match="connect_get_sysinfo") as caught:
            ops["connect_get_sysinfo"](0)
        assert "connect_get_sysinfo" == caught.value.str2


def test_a_name_that_is_no_function_is_an_error_of_the_program() -> None:
    with pytest.raises(InternalError, match="domain_weigh"):
        ops_of(hypervisor=LabDriver())["domain_weigh"]


def test_a_driver_may_resolve_functions_by_name() -> None:
    ops = ops_of(hypervisor=ResolvingDriver())
    assert ("hypervisor", "domain_get_info", WEB) == ops["domain_get_info"](WEB)


def test_what_a_driver_lacks_is_derived_from_what_it_has() -> None:
    ops = ops_of(hypervisor=LabDriver())
    assert (1, [7]) == (ops["connect_num_of_domains"](), ops["connect_list_domains"]())
    assert WEB == ops["domain_define_xml"]("<domain/>")


def test_errors_of_derived_functions_are_in_the_drivers_domain() -> None:
    with pytest.raises(NoDomainError) as caught:
        ops_of(hypervisor=LabDriver())["domain_lookup_by_name"]("gone")
    assert LabDriver.error_domain == caught.value.domain


# Read-only connections


def test_a_read_only_connection_reads() -> None:
    ops = ops_of(readonly=True, hypervisor=LabDriver())
    assert "host of hypervisor" == ops["connect_get_hostname"]()
    assert 1 == ops["connect_num_of_domains"]()


def test_a_read_only_connection_changes_nothing() -> None:
    ops = ops_of(readonly=True, hypervisor=LabDriver())
    for name in ("domain_define_xml_flags", "domain_destroy", "domain_define_xml"):
        with pytest.raises(OperationDeniedError, match=f"{name} is refused.*read-only") as caught:
            ops[name](WEB, 0)
        assert name == caught.value.str2


def test_a_read_only_connection_sees_no_secrets() -> None:
    ops = ops_of(readonly=True, hypervisor=LabDriver())
    assert "<domain flags='2'/>" == ops["domain_get_xml_desc"](WEB, DomainXMLFlags.INACTIVE)
    for flags in (DomainXMLFlags.SECURE, DomainXMLFlags.MIGRATABLE, DomainXMLFlags.SECURE | DomainXMLFlags.INACTIVE):
        with pytest.raises(OperationDeniedError, match="domain_get_xml_desc"):
            ops["domain_get_xml_desc"](WEB, flags)


def test_a_read_only_connection_does_not_ask_the_guest_for_its_addresses() -> None:
    ops = ops_of(readonly=True, hypervisor=LabDriver())
    assert [] == ops["domain_interface_addresses"](WEB, DomainInterfaceAddressesSource.LEASE, 0)
    assert [] == ops["domain_interface_addresses"](WEB, DomainInterfaceAddressesSource.ARP, 1)
    with pytest.raises(OperationDeniedError, match="SRC_AGENT"):
        ops["domain_interface_addresses"](WEB, DomainInterfaceAddressesSource.AGENT, 0)


def test_every_refused_flag_is_a_constant_and_every_parameter_is_one_of_the_function() -> None:
    refusing = [function for function in functions().values() if function.meta.refused_flags]
    assert refusing
    for function in refusing:
        parameter, _, value = function.meta.refused_flags.rpartition("=")
        assert (parameter or "flags") in function.parameters
        assert all(constant(name) > 0 for name in value.split("|"))


def test_what_is_no_constant_is_not_found() -> None:
    with pytest.raises(LookupError, match="VIR_DOMAIN_XML_WEIGHT"):
        constant("VIR_DOMAIN_XML_WEIGHT")


def test_a_closed_connection_has_no_functions() -> None:
    with pytest.raises(InvalidConnError, match=r"domain_get_info.*closed") as caught:
        ClosedOps()["domain_get_info"](WEB)
    assert 20 == caught.value.domain


# Wrappers


class Audit:
    """Wraps one hook, as a plugin that observes or changes calls does."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    @hookimpl(wrapper=True)
    def domain_get_xml_desc(self, conn: Any, dom: DomainRef, flags: int) -> Iterator[None]:
        self.seen.append((conn, dom, flags))
        text = yield
        return f"{text} as seen"  # type: ignore[return-value]


class Loaded(NamedTuple):
    """What pluggy knows during a test."""

    audit: Audit
    lab: LabDriver
    other: OtherDriver


@pytest.fixture
def loaded() -> Iterator[Loaded]:
    loaded = Loaded(Audit(), LabDriver(), OtherDriver())
    for plugin in loaded:
        manager().register(plugin)
    yield loaded
    for plugin in loaded:
        manager().unregister(plugin)


def test_a_wrapper_runs_around_the_driver(loaded: Loaded) -> None:
    ops = ops_of(hypervisor=loaded.lab)
    assert "<domain flags='2'/> as seen" == ops["domain_get_xml_desc"](WEB, 2)
    assert [("hypervisor", WEB, 2)] == loaded.audit.seen


def test_a_wrapped_call_asks_no_other_driver(loaded: Loaded) -> None:
    assert "<domain flags='0'/> as seen" == ops_of(hypervisor=loaded.lab)["domain_get_xml_desc"](WEB, 0)
    assert [] == loaded.other.asked
    assert "<other/> as seen" == ops_of(hypervisor=loaded.other)["domain_get_xml_desc"](WEB, 0)
    assert ["hypervisor"] == loaded.other.asked


def test_a_wrapper_does_not_lift_the_limits_of_a_read_only_connection(loaded: Loaded) -> None:
    ops = ops_of(readonly=True, hypervisor=loaded.lab)
    with pytest.raises(OperationDeniedError):
        ops["domain_get_xml_desc"](WEB, DomainXMLFlags.SECURE)
    assert [] == loaded.audit.seen


def test_what_no_wrapper_wraps_is_called_directly(loaded: Loaded) -> None:
    bound: Any = ops_of(hypervisor=loaded.lab)["connect_get_hostname"]
    assert loaded.lab.connect_get_hostname == bound.func


# What a driver offers


def test_a_driver_offers_its_own_functions_and_those_derived_from_them() -> None:
    found = offered(LabDriver())
    assert "own" == found["connect_get_hostname"]
    assert "derived" == found["connect_num_of_domains"]
    assert "domain_get_info" not in found
    assert not [name for name in found if name.startswith("network_")]


def test_a_driver_that_resolves_offers_what_it_resolves() -> None:
    found = offered(ResolvingDriver())
    expected = {function.name for function in functions().values() if function.kind == "hypervisor"}
    assert dict.fromkeys(expected, "own") == dict(found)


def test_of_every_function_it_is_known_whether_it_waits_also_of_those_that_are_derived_from_each_other() -> None:
    driver = LabDriver()
    waiting = {name for name, function in functions().items() if not never_waits(driver, function)}
    assert "domain_abort_job" not in waiting  # it has neither that nor domain_abort_job_flags
