"""Guests as configuration: found, listed, started by themselves or not, defined, undefined, renamed.

A driver inherits `ConfigurationPart` and has `domain_define_xml_flags` and `domain_undefine_flags` of its own, which
check what is particular to it and then call `define` and `undefine`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from virtkit.enums import (
    DomainEventDefinedDetailType,
    DomainEventType,
    DomainEventUndefinedDetailType,
)
from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.events import DomainLifecycleEvent
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.services.guests.guest import Guest, R
from virtkit.services.guests.listing import admitted, refuse
from virtkit.services.guests.state import GuestSession, GuestState
from virtkit.spec import quick
from virtkit.store import check_name

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain

S = TypeVar("S", bound=GuestSession[Any, Any])


class ConfigurationPart(DomainDefinitionSpec[S]):
    """The functions of a driver about domains as configuration."""

    @quick
    def domain_lookup_by_name(self, conn: S, name: str) -> DomainRef:
        return conn.read().by_name(name).ref

    @quick
    def domain_lookup_by_uuid(self, conn: S, uuid: bytes) -> DomainRef:
        return conn.read().by_uuid(uuid).ref

    @quick
    def domain_lookup_by_id(self, conn: S, id: int) -> DomainRef:
        return conn.read().by_id(id).ref

    @quick
    def connect_list_all_domains(self, conn: S, flags: int) -> list[DomainRef]:
        return [guest.ref for guest in admitted(conn.read().all(), flags, domain=conn.state.error_domain)]

    @quick
    def domain_is_active(self, conn: S, dom: DomainRef) -> bool:
        return conn.read().by_ref(dom).run is not None

    @quick
    def domain_is_persistent(self, conn: S, dom: DomainRef) -> bool:
        return conn.read().by_ref(dom).config is not None

    @quick
    def domain_is_updated(self, conn: S, dom: DomainRef) -> bool:
        run = conn.read().by_ref(dom).run
        return run is not None and run.updated

    @quick
    def domain_get_autostart(self, conn: S, dom: DomainRef) -> bool:
        return conn.read().by_ref(dom).autostart

    def domain_set_autostart(self, conn: S, dom: DomainRef, autostart: bool) -> None:
        with conn.hold(dom, "domain_set_autostart") as (state, guest):
            require_persistent(guest, "started by itself")
            state.catalog.definitions.set_autostart(guest.name, bool(autostart))
            guest.autostart = bool(autostart)

    def domain_rename(self, conn: S, dom: DomainRef, new_name: str | None, flags: int) -> None:
        domain = conn.state.error_domain
        refuse("domain_rename", flags, domain=domain)
        if not new_name:
            raise InvalidArgError(f"domain {dom.name!r} needs a new name that is not empty", domain=domain)
        check_name(new_name, "domain", domain=domain)
        with conn.hold(dom, "domain_rename") as (state, guest):
            require_persistent(guest, "renamed")
            if guest.run is not None:
                raise OperationInvalidError(f"{guest.subject} is running: shut it down to rename it", domain=domain)
            if new_name in state.domains:
                raise OperationInvalidError(
                    f"a domain is named {new_name!r} already: choose another name", domain=domain
                )
            definition = guest.definition()
            definition.name = new_name
            document, before = stored(definition), guest.ref
            state.catalog.definitions.rename(guest.name, new_name, document)
            state.domains.rename(guest, new_name)
            guest.config = document
            gone = DomainLifecycleEvent(DomainEventType.UNDEFINED, DomainEventUndefinedDetailType.RENAMED)
            state.hub.publish(before, gone)
            state.publish(guest, DomainLifecycleEvent(DomainEventType.DEFINED, DomainEventDefinedDetailType.RENAMED))


def stored(domain: Domain) -> bytes:
    """A definition as it is stored: inactive, with secrets."""
    return domain.format().encode()


def define(state: GuestState[R], name: str, uuid: bytes, domain: Domain) -> DomainRef:
    """Store a complete definition of a guest, new or not.

    Raises:
        OperationFailedError: Only one of name and UUID is that of an existing guest.
        OperationTimeoutError: Another call holds it for too long.
        SystemCallError: It cannot be stored.
    """
    document = stored(domain)
    guest = state.obtain(name, uuid)
    with state.domains.lock_of(guest).hold("domain_define_xml_flags"):
        added = guest.config is None
        try:
            state.catalog.definitions.save(guest.name, document)
        except BaseException:
            if added and guest.run is None:
                state.domains.remove(guest)
            raise
        guest.config = document
        if guest.run is not None:
            guest.run.updated = True
            state.note(guest)
        detail = DomainEventDefinedDetailType.ADDED if added else DomainEventDefinedDetailType.UPDATED
        state.publish(guest, DomainLifecycleEvent(DomainEventType.DEFINED, detail))
        return guest.ref


def redefine(state: GuestState[R], guest: Guest[R], domain: Domain) -> None:
    """Store a changed definition of a guest whose lock is held, as part of a call that tells of it itself.

    Raises:
        SystemCallError: It cannot be stored.
    """
    document = stored(domain)
    state.catalog.definitions.save(guest.name, document)
    guest.config = document


def undefine(state: GuestState[R], guest: Guest[R]) -> None:
    """Remove the definition of a guest whose lock is held; one that is off is gone then.

    Raises:
        SystemCallError: It cannot be removed.
    """
    state.catalog.definitions.delete(guest.name)
    guest.config, guest.autostart = None, False
    if guest.run is None:
        state.domains.remove(guest)
    detail = DomainEventUndefinedDetailType.REMOVED
    state.publish(guest, DomainLifecycleEvent(DomainEventType.UNDEFINED, detail))


def require_persistent(guest: Guest[R], what: str) -> None:
    """Refuse what needs a definition.

    Args:
        guest: The guest.
        what: What a transient one cannot be, as `renamed`.

    Raises:
        OperationInvalidError: It is transient.
    """
    if guest.config is None:
        raise OperationInvalidError(
            f"{guest.subject} is transient and cannot be {what}: define it first", domain=guest.error_domain
        )
