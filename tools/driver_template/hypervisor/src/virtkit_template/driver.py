"""The driver: domains in memory, which all connections to one path share. Nothing runs: a guest is a state."""

from __future__ import annotations

import os
import threading

import attrs

from virtkit.define import Profile, complete
from virtkit.driver import Driver, OpenRequest
from virtkit.enums import ConnectListAllDomainsFlags as Listed
from virtkit.enums import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainEventDefinedDetailType,
    DomainEventResumedDetailType,
    DomainEventStartedDetailType,
    DomainEventStoppedDetailType,
    DomainEventSuspendedDetailType,
    DomainEventType,
    DomainEventUndefinedDetailType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
    DomainXMLFlags,
)
from virtkit.errors import InternalError, OperationInvalidError, unsupported_flags
from virtkit.events import DomainLifecycleEvent, EventHub
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.records import DomainInfo, DomainStateReason
from virtkit.refs import NO_ID, DomainRef
from virtkit.services.objects import DOMAIN, ObjectTable
from virtkit.xml.domain import Domain

OFF, RUNNING, PAUSED = DomainState.SHUTOFF, DomainState.RUNNING, DomainState.PAUSED
GROUPS = (0x3, 0xC, 0xF0, 0x300, 0xC00, 0x3000, 0xC000)
"""Filters of the list that are alternatives of each other."""

NEVER_RAN = DomainStateReason(OFF, DomainShutoffReason.UNKNOWN)
NOTHING_SAVED = Listed.NO_MANAGEDSAVE | Listed.NO_SNAPSHOT | Listed.NO_CHECKPOINT


@attrs.define(eq=False)
class Machine:
    """A domain: its definition, what it runs with, or both."""

    name: str
    uuid: bytes
    config: Domain | None = None
    live: Domain | None = None
    id: int = NO_ID
    state: DomainStateReason = NEVER_RAN
    autostart: bool = False

    @property
    def ref(self) -> DomainRef:
        """What names it."""
        return DomainRef(self.name, self.uuid, self.id)

    @property
    def filters(self) -> int:
        """The filters of the list that it passes."""
        state = {OFF: Listed.SHUTOFF, RUNNING: Listed.RUNNING, PAUSED: Listed.PAUSED}[self.state.state]
        return (
            NOTHING_SAVED
            | state
            | (Listed.ACTIVE if self.live else Listed.INACTIVE)
            | (Listed.PERSISTENT if self.config else Listed.TRANSIENT)
            | (Listed.AUTOSTART if self.autostart else Listed.NO_AUTOSTART)
        )


class Host:
    """What connections to one path share."""

    def __init__(self) -> None:
        self.domains: ObjectTable[Machine] = ObjectTable(DOMAIN)
        self.hub = EventHub("virtkit-template-events")

    def tell(self, machine: Machine, event: DomainEventType, detail: int) -> None:
        """Publish what happened to a domain."""
        self.hub.publish(machine.ref, DomainLifecycleEvent(event, detail))


class TemplateDriver(Driver[Host], DomainDefinitionSpec[Host], DomainLifecycleSpec[Host], DomainStatisticsSpec[Host]):
    """Domains that exist in this process only."""

    name = "template"
    hook_api = 1

    def __init__(self) -> None:
        self._hosts: dict[str, Host] = {}
        self._opening = threading.Lock()

    def driver_open(self, request: OpenRequest) -> Host:
        if request.uri.path != "/default":
            raise InternalError(f"{request.uri}: the driver has no such path: open template:///default")
        with self._opening:
            return self._hosts.setdefault(request.uri.path, Host())

    def driver_events(self, conn: Host) -> EventHub:
        return conn.hub

    # Lists and descriptions

    def connect_list_all_domains(self, conn: Host, flags: int) -> list[DomainRef]:
        refuse("connect_list_all_domains", flags, sum(GROUPS))
        wanted = [flags & group for group in GROUPS if flags & group]
        return [machine.ref for machine in conn.domains if all(machine.filters & group for group in wanted)]

    def domain_lookup_by_name(self, conn: Host, name: str) -> DomainRef:
        return conn.domains.by_name(name).ref

    def domain_lookup_by_uuid(self, conn: Host, uuid: bytes) -> DomainRef:
        return conn.domains.by_uuid(uuid).ref

    def domain_get_xml_desc(self, conn: Host, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_xml_desc", flags, DomainXMLFlags.SECURE | DomainXMLFlags.INACTIVE)
        machine = conn.domains.by_ref(dom)
        if machine.live is None or (flags & DomainXMLFlags.INACTIVE and machine.config is not None):
            document = machine.config
        else:
            document = machine.live.copy()
            document.id = None if flags & DomainXMLFlags.INACTIVE else machine.id
        assert document is not None, "a domain without both is not in the table"
        return document.format()

    def domain_get_info(self, conn: Host, dom: DomainRef) -> DomainInfo:
        machine = conn.domains.by_ref(dom)
        document = machine.live or machine.config
        assert document is not None
        assert document.memory is not None
        assert document.vcpu is not None
        maximum = document.memory.size or 0
        current = document.current_memory or maximum
        return DomainInfo(machine.state.state, maximum, current, document.vcpu.maximum or 1, 0)

    def domain_get_state(self, conn: Host, dom: DomainRef, flags: int) -> DomainStateReason:
        refuse("domain_get_state", flags)
        return conn.domains.by_ref(dom).state

    # Definitions

    def domain_define_xml_flags(self, conn: Host, xml: str, flags: int) -> DomainRef:
        refuse("domain_define_xml_flags", flags, DomainDefineFlags.VALIDATE)
        document = parse(xml, validate=bool(flags))
        machine = obtain(conn, document)
        detail = DomainEventDefinedDetailType.UPDATED if machine.config else DomainEventDefinedDetailType.ADDED
        machine.config = document
        conn.tell(machine, DomainEventType.DEFINED, detail)
        return machine.ref

    def domain_undefine_flags(self, conn: Host, dom: DomainRef, flags: int) -> None:
        refuse("domain_undefine_flags", flags)
        with conn.domains.hold(dom, "domain_undefine") as machine:
            if machine.config is None:
                raise OperationInvalidError(f"domain {machine.name!r} is transient: it has no definition to remove")
            machine.config, machine.autostart = None, False
            if machine.live is None:
                conn.domains.remove(machine)
            conn.tell(machine, DomainEventType.UNDEFINED, DomainEventUndefinedDetailType.REMOVED)

    def domain_set_autostart(self, conn: Host, dom: DomainRef, autostart: bool) -> None:
        machine = conn.domains.by_ref(dom)
        if machine.config is None:
            raise OperationInvalidError(f"domain {machine.name!r} is transient: define it to have it started")
        machine.autostart = bool(autostart)

    # Start, pause and stop

    def domain_create_xml(self, conn: Host, xml_desc: str, flags: int) -> DomainRef:
        refuse("domain_create_xml", flags, DomainCreateFlags.START_VALIDATE)
        document = parse(xml_desc, validate=bool(flags))
        machine = obtain(conn, document)
        with conn.domains.hold(machine.ref, "domain_create_xml"):
            return start(conn, machine, document)

    def domain_create_with_flags(self, conn: Host, dom: DomainRef, flags: int) -> DomainRef:
        refuse("domain_create_with_flags", flags)
        with conn.domains.hold(dom, "domain_create") as machine:
            return start(conn, machine, machine.config)

    def domain_destroy_flags(self, conn: Host, dom: DomainRef, flags: int) -> None:
        refuse("domain_destroy_flags", flags)
        with conn.domains.hold(dom, "domain_destroy") as machine:
            require_live(machine)
            machine.live = None
            machine.state = DomainStateReason(OFF, DomainShutoffReason.DESTROYED)
            conn.tell(machine, DomainEventType.STOPPED, DomainEventStoppedDetailType.DESTROYED)
            machine.id = NO_ID
            conn.domains.clear_id(machine)
            if machine.config is None:
                conn.domains.remove(machine)

    def domain_suspend(self, conn: Host, dom: DomainRef) -> None:
        with conn.domains.hold(dom, "domain_suspend") as machine:
            require_live(machine)
            if machine.state.state != PAUSED:
                machine.state = DomainStateReason(PAUSED, DomainPausedReason.USER)
                conn.tell(machine, DomainEventType.SUSPENDED, DomainEventSuspendedDetailType.PAUSED)

    def domain_resume(self, conn: Host, dom: DomainRef) -> None:
        with conn.domains.hold(dom, "domain_resume") as machine:
            require_live(machine)
            if machine.state.state != PAUSED:
                raise OperationInvalidError(f"domain {machine.name!r} is not paused")
            machine.state = DomainStateReason(RUNNING, DomainRunningReason.UNPAUSED)
            conn.tell(machine, DomainEventType.RESUMED, DomainEventResumedDetailType.UNPAUSED)


def refuse(function: str, flags: int, known: int = 0) -> None:
    """Refuse flags that a function does not know."""
    unknown = flags & ~int(known)  # the complement of an IntFlag has only bits of the enumeration
    if unknown:
        raise unsupported_flags(function, unknown)


def parse(xml: str, *, validate: bool) -> Domain:
    """A definition, checked and completed."""
    document = Domain.parse(xml, validate=validate)
    document.uuid = document.uuid or os.urandom(16)
    complete(document, Profile(arch=os.uname().machine, types=("template",)))
    return document


def obtain(conn: Host, document: Domain) -> Machine:
    """The domain of a definition, new or known."""
    assert document.name is not None
    assert document.uuid is not None
    name, uuid = document.name, document.uuid
    return conn.domains.obtain(name, uuid, lambda: Machine(name, uuid))


def start(conn: Host, machine: Machine, document: Domain | None) -> DomainRef:
    """Make a domain active."""
    if machine.live is not None:
        raise OperationInvalidError(f"domain {machine.name!r} is active already: destroy it first")
    assert document is not None, "a domain that does not run is defined"
    machine.live = document.copy()
    machine.id = conn.domains.set_id(machine)
    machine.state = DomainStateReason(RUNNING, DomainRunningReason.BOOTED)
    conn.tell(machine, DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)
    return machine.ref


def require_live(machine: Machine) -> None:
    """Refuse what only an active domain can do."""
    if machine.live is None:
        raise OperationInvalidError(f"domain {machine.name!r} is not active: start it first")
