"""Guests as configuration: found, listed, described, defined, renamed, undefined."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllDomainsFlags as Listed
from virtkit.enums import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainEventDefinedDetailType,
    DomainEventType,
    DomainEventUndefinedDetailType,
    DomainState,
    DomainUndefineFlags,
    DomainXMLFlags,
    ErrorDomain,
)
from virtkit.errors import (
    InvalidArgError,
    OperationInvalidError,
    unsupported_flags,
)
from virtkit.events import DomainLifecycleEvent
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.spec import quick
from virtkit.store import check_name
from virtkit_qemu import describing, drafts, starting
from virtkit_qemu.guest import Guest

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit.refs import DomainRef
    from virtkit_qemu.state import QemuState, Session

QEMU = ErrorDomain.QEMU

_NAMED_STATES = {
    DomainState.RUNNING: Listed.RUNNING,
    DomainState.PAUSED: Listed.PAUSED,
    DomainState.SHUTOFF: Listed.SHUTOFF,
}

FILTERS: tuple[tuple[int, Callable[[Guest], int]], ...] = (
    (Listed.ACTIVE | Listed.INACTIVE, lambda guest: Listed.ACTIVE if guest.run else Listed.INACTIVE),
    (
        Listed.PERSISTENT | Listed.TRANSIENT,
        lambda guest: Listed.TRANSIENT if guest.config is None else Listed.PERSISTENT,
    ),
    (
        Listed.RUNNING | Listed.PAUSED | Listed.SHUTOFF | Listed.OTHER,
        lambda guest: _NAMED_STATES.get(guest.state, Listed.OTHER),
    ),
    (
        Listed.AUTOSTART | Listed.NO_AUTOSTART,
        lambda guest: Listed.AUTOSTART if guest.autostart else Listed.NO_AUTOSTART,
    ),
    (Listed.MANAGEDSAVE | Listed.NO_MANAGEDSAVE, lambda guest: Listed.NO_MANAGEDSAVE),
    (Listed.HAS_SNAPSHOT | Listed.NO_SNAPSHOT, lambda guest: Listed.NO_SNAPSHOT),
    (Listed.HAS_CHECKPOINT | Listed.NO_CHECKPOINT, lambda guest: Listed.NO_CHECKPOINT),
)
"""Groups of flags, and which of a group a guest has."""

UNDEFINE_FLAGS = sum(DomainUndefineFlags)


class DefinitionPart(DomainDefinitionSpec["Session"]):
    """The functions of the driver about domains as configuration."""

    # Lookup

    @quick
    def domain_lookup_by_name(self, conn: Session, name: str) -> DomainRef:
        return conn.read().by_name(name).ref

    @quick
    def domain_lookup_by_uuid(self, conn: Session, uuid: bytes) -> DomainRef:
        return conn.read().by_uuid(uuid).ref

    @quick
    def domain_lookup_by_id(self, conn: Session, id: int) -> DomainRef:
        return conn.read().by_id(id).ref

    @quick
    def connect_list_all_domains(self, conn: Session, flags: int) -> list[DomainRef]:
        return [guest.ref for guest in admitted(conn.read().all(), flags)]

    # Description

    @quick
    def domain_get_xml_desc(self, conn: Session, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_xml_desc", flags, sum(DomainXMLFlags))
        return describing.describe(conn.read().by_ref(dom), flags)

    @quick
    def domain_is_active(self, conn: Session, dom: DomainRef) -> bool:
        return conn.read().by_ref(dom).run is not None

    @quick
    def domain_is_persistent(self, conn: Session, dom: DomainRef) -> bool:
        return conn.read().by_ref(dom).config is not None

    @quick
    def domain_is_updated(self, conn: Session, dom: DomainRef) -> bool:
        run = conn.read().by_ref(dom).run
        return run is not None and run.updated

    @quick
    def domain_get_autostart(self, conn: Session, dom: DomainRef) -> bool:
        return conn.read().by_ref(dom).autostart

    def domain_set_autostart(self, conn: Session, dom: DomainRef, autostart: bool) -> None:
        with conn.hold(dom, "domain_set_autostart") as (state, guest):
            _require_persistent(guest, "started by itself")
            state.catalog.definitions.set_autostart(guest.name, bool(autostart))
            guest.autostart = bool(autostart)

    # Definition

    def domain_define_xml_flags(self, conn: Session, xml: str, flags: int) -> DomainRef:
        refuse("domain_define_xml_flags", flags, DomainDefineFlags.VALIDATE)
        state = conn.own()
        draft = drafts.read(state.binaries, xml, validate=bool(flags & DomainDefineFlags.VALIDATE))
        document = describing.stored(draft.domain)
        guest = state.domains.obtain(draft.name, draft.uuid, partial(Guest, draft.name, draft.uuid))
        with state.domains.lock_of(guest).hold("domain_define_xml_flags"):
            added = guest.config is None
            try:
                state.catalog.definitions.save(guest.name, document)
            except BaseException:
                if added and guest.run is None:
                    state.domains.remove(guest)
                raise
            _changed(state, guest, document)
            detail = DomainEventDefinedDetailType.ADDED if added else DomainEventDefinedDetailType.UPDATED
            state.publish(guest, DomainLifecycleEvent(DomainEventType.DEFINED, detail))
            return guest.ref

    def domain_create_xml(self, conn: Session, xml_desc: str, flags: int) -> DomainRef:
        refuse("domain_create_xml", flags, starting.FLAGS)
        state = conn.own()
        draft = drafts.read(state.binaries, xml_desc, validate=bool(flags & DomainCreateFlags.START_VALIDATE))
        guest = state.domains.obtain(draft.name, draft.uuid, partial(Guest, draft.name, draft.uuid))
        with state.domains.lock_of(guest).hold("domain_create_xml"):
            if guest.run is not None:
                raise OperationInvalidError(f"{guest.subject} is running already", domain=QEMU)
            try:
                return starting.serve(conn, guest, draft.domain, flags)
            except BaseException:
                if guest.config is None and guest.run is None:  # one that runs stays in sight, whatever failed then
                    state.domains.remove(guest)
                raise

    def domain_undefine_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_undefine_flags", flags, UNDEFINE_FLAGS)
        for one, other in (("NVRAM", "KEEP_NVRAM"), ("TPM", "KEEP_TPM")):
            if flags & DomainUndefineFlags[one] and flags & DomainUndefineFlags[other]:
                raise InvalidArgError(f"{one} and {other} exclude each other: choose one", domain=QEMU)
        with conn.hold(dom, "domain_undefine_flags") as (state, guest):
            _require_persistent(guest, "undefined")
            variables = _firmware_variables(guest)
            if (
                variables
                and guest.run is None
                and not flags & (DomainUndefineFlags.NVRAM | DomainUndefineFlags.KEEP_NVRAM)
            ):
                raise OperationInvalidError(
                    f"{guest.subject} has firmware variables in {variables}: say NVRAM to delete or KEEP_NVRAM to keep "
                    "them",
                    domain=QEMU,
                )
            state.catalog.definitions.delete(guest.name)
            if variables and flags & DomainUndefineFlags.NVRAM:
                variables.unlink(missing_ok=True)
            guest.config, guest.autostart = None, False
            if guest.run is None:
                state.domains.remove(guest)
            detail = DomainEventUndefinedDetailType.REMOVED
            state.publish(guest, DomainLifecycleEvent(DomainEventType.UNDEFINED, detail))

    def domain_rename(self, conn: Session, dom: DomainRef, new_name: str | None, flags: int) -> None:
        refuse("domain_rename", flags)
        if not new_name:
            raise InvalidArgError(f"domain {dom.name!r} needs a new name that is not empty", domain=QEMU)
        check_name(new_name, "domain", domain=QEMU)
        with conn.hold(dom, "domain_rename") as (state, guest):
            _require_persistent(guest, "renamed")
            if guest.run is not None:
                raise OperationInvalidError(f"{guest.subject} is running: shut it down to rename it", domain=QEMU)
            if new_name in state.domains:
                raise OperationInvalidError(f"a domain is named {new_name!r} already: choose another name", domain=QEMU)
            definition = guest.definition()
            definition.name = new_name
            document, before = describing.stored(definition), guest.ref
            state.catalog.definitions.rename(guest.name, new_name, document)
            state.domains.rename(guest, new_name)
            guest.config = document
            gone = DomainLifecycleEvent(DomainEventType.UNDEFINED, DomainEventUndefinedDetailType.RENAMED)
            state.hub.publish(before, gone)
            state.publish(guest, DomainLifecycleEvent(DomainEventType.DEFINED, DomainEventDefinedDetailType.RENAMED))


def admitted(guests: list[Guest], flags: int) -> list[Guest]:
    """The guests that the flags of a list leave."""
    if not flags:
        return guests
    asked = _asked(flags)
    return [guest for guest in guests if all(bits & of(guest) for bits, of in asked)]


def _asked(flags: int) -> list[tuple[int, Callable[[Guest], int]]]:
    """The groups that some flags choose from."""
    unknown = flags & ~sum(group for group, _ in FILTERS)
    if unknown:
        raise unsupported_flags("connect_list_all_domains", unknown, domain=QEMU)
    return [(flags & group, of) for group, of in FILTERS if flags & group]


def refuse(function: str, flags: int, known: int = 0) -> None:
    """Refuse the flags that a function does not know."""
    unknown = flags & ~int(known)  # the complement of a flag knows no other bits than its class
    if unknown:
        raise unsupported_flags(function, unknown, domain=QEMU)


def _changed(state: QemuState, guest: Guest, document: bytes) -> None:
    """Take over a definition that has been stored."""
    guest.config = document
    if guest.run is not None:
        guest.run.updated = True
        state.note(guest)


def _require_persistent(guest: Guest, what: str) -> None:
    if guest.config is None:
        raise OperationInvalidError(f"{guest.subject} is transient and cannot be {what}: define it first", domain=QEMU)


def _firmware_variables(guest: Guest) -> Path | None:
    if guest.config is None or b"<nvram" not in guest.config:  # parsing it takes twice as long as all else
        return None
    nvram = guest.definition().os.nvram
    return Path(nvram.path) if nvram is not None and nvram.path and os.path.exists(nvram.path) else None
