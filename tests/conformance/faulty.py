"""Drivers with one fault each: subclasses of those of `tools/new_driver.py lab` and of `vault.py`."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
from vault import VaultDriver, reference  # type: ignore[import-not-found]
from virtkit_lab.driver import Host, LabDriver  # type: ignore[import-not-found]

from virtkit.enums import (
    DomainEventStartedDetailType,
    DomainEventType,
    DomainPausedReason,
    DomainState,
)
from virtkit.errors import InvalidArgError, NotSupportedError, VirtError
from virtkit.records import DomainStateReason
from virtkit.xml.nwfilterbinding import NWFilterBinding


class MakesUpUUIDs(LabDriver):  # type: ignore[misc]
    """A definition gets a UUID whatever it says."""

    def domain_define_xml_flags(self, conn: Host, xml: str, flags: int) -> Any:
        uuid = xml.partition("<uuid>")[2].partition("</uuid>")[0]
        return super().domain_define_xml_flags(conn, xml.replace(uuid, uuid[::-1]) if uuid else xml, flags)


class UsesAnotherError(LabDriver):  # type: ignore[misc]
    """What does not exist is an invalid argument."""

    def domain_lookup_by_name(self, conn: Host, name: str) -> Any:
        if name not in conn.domains:
            raise InvalidArgError(f"{name} is unknown")
        return super().domain_lookup_by_name(conn, name)


class IgnoresFilters(LabDriver):  # type: ignore[misc]
    """Every list has all domains."""

    def connect_list_all_domains(self, conn: Host, flags: int) -> Any:
        return super().connect_list_all_domains(conn, 0)


class IgnoresUnknownFlags(LabDriver):  # type: ignore[misc]
    """Flags that nobody knows are ignored."""

    def domain_get_xml_desc(self, conn: Host, dom: Any, flags: int) -> Any:
        return super().domain_get_xml_desc(conn, dom, flags & 3)


class IndentsByTabs(LabDriver):  # type: ignore[misc]
    """The description has a layout of its own."""

    def domain_get_xml_desc(self, conn: Host, dom: Any, flags: int) -> Any:
        return super().domain_get_xml_desc(conn, dom, flags).replace("  <memory", "\t<memory")


class DescribesAnotherDomain(LabDriver):  # type: ignore[misc]
    """The description has another name."""

    def domain_get_xml_desc(self, conn: Host, dom: Any, flags: int) -> Any:
        return super().domain_get_xml_desc(conn, dom, flags).replace(f">{dom.name}<", ">somebody<")


class IsSilent(LabDriver):  # type: ignore[misc]
    """Nothing is told of definitions."""

    def domain_define_xml_flags(self, conn: Host, xml: str, flags: int) -> Any:
        hub, conn.hub = conn.hub, attrs.make_class("Hub", [])()
        conn.hub.publish = lambda *_: None
        try:
            return super().domain_define_xml_flags(conn, xml, flags)
        finally:
            conn.hub = hub


class TellsTooMuch(LabDriver):  # type: ignore[misc]
    """A start is told before it is known whether it succeeds."""

    def domain_create_with_flags(self, conn: Host, dom: Any, flags: int) -> Any:
        machine = conn.domains.by_ref(dom)
        if machine.live:
            conn.tell(machine, DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)
        return super().domain_create_with_flags(conn, dom, flags)


class DoesNotStart(LabDriver):  # type: ignore[misc]
    """A start succeeds and does nothing."""

    def domain_create_with_flags(self, conn: Host, dom: Any, flags: int) -> Any:
        return conn.domains.by_ref(dom).ref


class StartsTwice(LabDriver):  # type: ignore[misc]
    """What runs can be started."""

    def domain_create_with_flags(self, conn: Host, dom: Any, flags: int) -> Any:
        machine = conn.domains.by_ref(dom)
        return machine.ref if machine.live else super().domain_create_with_flags(conn, dom, flags)


class ReusesIds(LabDriver):  # type: ignore[misc]
    """Every guest has the same id."""

    def domain_create_with_flags(self, conn: Host, dom: Any, flags: int) -> Any:
        super().domain_create_with_flags(conn, dom, flags)
        machine = conn.domains.by_ref(dom)
        machine.id = conn.domains.set_id(machine, 7)
        return machine.ref


class KeepsTransientDomains(LabDriver):  # type: ignore[misc]
    """A transient domain is still there when it has stopped."""

    def domain_destroy_flags(self, conn: Host, dom: Any, flags: int) -> Any:
        machine = conn.domains.by_ref(dom)
        super().domain_destroy_flags(conn, dom, flags)
        if machine.config is None:
            conn.domains.add(machine)


class UndefinesNothing(LabDriver):  # type: ignore[misc]
    """What is undefined stays."""

    def domain_undefine_flags(self, conn: Host, dom: Any, flags: int) -> Any:
        conn.domains.by_ref(dom)


class LeavesHalf(LabDriver):  # type: ignore[misc]
    """A refused definition leaves a domain."""

    def domain_define_xml_flags(self, conn: Host, xml: str, flags: int) -> Any:
        try:
            return super().domain_define_xml_flags(conn, xml, flags)
        except VirtError:
            super().domain_define_xml_flags(
                conn, xml.replace("<uuid>", f"<name>half {len(conn.domains)}</name><uuid>"), flags
            )
            raise


class ForgetsWhy(LabDriver):  # type: ignore[misc]
    """A suspended domain does not know why it is."""

    def domain_suspend(self, conn: Host, dom: Any) -> None:
        super().domain_suspend(conn, dom)
        conn.domains.by_ref(dom).state = DomainStateReason(DomainState.PAUSED, DomainPausedReason.UNKNOWN)


class ResumesAnything(LabDriver):  # type: ignore[misc]
    """What runs can be resumed."""

    def domain_resume(self, conn: Host, dom: Any) -> None:
        if conn.domains.by_ref(dom).state.state != DomainState.RUNNING:
            super().domain_resume(conn, dom)


class RemembersAutostart(LabDriver):  # type: ignore[misc]
    """A mark outlives its domain."""

    marked: ClassVar[set[bytes]] = set()

    def domain_set_autostart(self, conn: Host, dom: Any, autostart: bool) -> None:
        super().domain_set_autostart(conn, dom, autostart)
        self.marked.add(dom.uuid)

    def domain_get_autostart(self, conn: Host, dom: Any) -> bool:
        return dom.uuid in self.marked


class Crashes(LabDriver):  # type: ignore[misc]
    """What does not exist is an error of Python."""

    def domain_get_info(self, conn: Host, dom: Any) -> Any:
        known = {machine.uuid: machine for machine in conn.domains}
        return super().domain_get_info(conn, known[dom.uuid].ref)


class Boasts(LabDriver):  # type: ignore[misc]
    """A function is there and answers that it is not."""

    def domain_reboot(self, conn: Host, dom: Any, flags: int) -> None:
        raise NotSupportedError("not yet")


class HidesAnAbility(LabDriver):  # type: ignore[misc]
    """A function is there that the profile does not declare."""

    def domain_reset(self, conn: Host, dom: Any, flags: int) -> None:
        conn.domains.by_ref(dom)


class OpensAnything(LabDriver):  # type: ignore[misc]
    """Any path is as good as another."""

    def driver_open(self, request: Any) -> Host:
        return Host()


class SharesNothing(LabDriver):  # type: ignore[misc]
    """Each connection has a host of its own."""

    def driver_open(self, request: Any) -> Host:
        return Host()


class TellsPrivateValues(VaultDriver):  # type: ignore[misc]
    """Private is like any other."""

    def secret_get_value(self, conn: Any, secret: Any, flags: int) -> bytes:
        return conn.secret(secret).value or b""


class LosesValues(VaultDriver):  # type: ignore[misc]
    """A new definition loses the value."""

    def secret_define_xml(self, conn: Any, xml: str, flags: int) -> Any:
        ref = super().secret_define_xml(conn, xml, flags)
        conn.secrets[ref.uuid].value = b""
        return ref


class BindsAnything(VaultDriver):  # type: ignore[misc]
    """A binding of a filter that does not exist."""

    def nwfilter_binding_create_xml(self, conn: Any, xml: str, flags: int) -> Any:
        document = NWFilterBinding.parse(xml)
        conn.bindings[document.port_dev] = document
        return reference(document)


class DropsFiltersInUse(VaultDriver):  # type: ignore[misc]
    """A filter goes while it is in force."""

    def nwfilter_undefine(self, conn: Any, nwfilter: Any) -> None:
        conn.filters.remove(conn.filters.by_ref(nwfilter))
