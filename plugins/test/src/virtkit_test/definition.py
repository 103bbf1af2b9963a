"""Definitions of the simulator's domains: lookups, lists, XML, metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllDomainsFlags as Listed
from virtkit.enums import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainEventDefinedDetailType,
    DomainEventType,
    DomainEventUndefinedDetailType,
    DomainMetadataType,
    DomainState,
    DomainUndefineFlags,
    DomainXMLFlags,
    ErrorDomain,
)
from virtkit.errors import InvalidArgError, OperationInvalidError, XMLError
from virtkit.events import DomainMetadataChangeEvent
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.refs import DomainRef
from virtkit.spec import quick
from virtkit_test.domain import DOMAIN, IMPACT, Domain, definition_of, parse, publish, start
from virtkit_test.filters import Filter, known, matching, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.xml.domain import Domain as DomainXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

FILTERS = (
    Filter[Domain](Listed.ACTIVE, Listed.INACTIVE, lambda domain: domain.active),
    Filter[Domain](Listed.PERSISTENT, Listed.TRANSIENT, lambda domain: domain.config is not None),
    Filter[Domain](Listed.MANAGEDSAVE, Listed.NO_MANAGEDSAVE, lambda domain: domain.saved),
    Filter[Domain](Listed.AUTOSTART, Listed.NO_AUTOSTART, lambda domain: domain.autostart),
    Filter[Domain](Listed.HAS_SNAPSHOT, Listed.NO_SNAPSHOT, lambda domain: bool(domain.snapshots)),
    Filter[Domain](Listed.HAS_CHECKPOINT, Listed.NO_CHECKPOINT, lambda domain: bool(domain.checkpoints)),
)
STATE_FLAGS = {
    DomainState.RUNNING: Listed.RUNNING,
    DomainState.PAUSED: Listed.PAUSED,
    DomainState.SHUTOFF: Listed.SHUTOFF,
}
STATES = Listed.RUNNING | Listed.PAUSED | Listed.SHUTOFF | Listed.OTHER


class DefinitionPart(DomainDefinitionSpec["TestState"]):
    """The functions about which domains there are and what they are made of."""

    @quick
    def connect_list_all_domains(self, conn: TestState, flags: int) -> list[DomainRef]:
        return [domain.ref for domain in listed(conn, flags, "connect_list_all_domains")]

    @quick
    def connect_list_domains(self, conn: TestState) -> list[int]:
        return conn.domains.ids()

    @quick
    def domain_lookup_by_name(self, conn: TestState, name: str) -> DomainRef:
        return conn.domains.by_name(name).ref

    @quick
    def domain_lookup_by_uuid(self, conn: TestState, uuid: bytes) -> DomainRef:
        return conn.domains.by_uuid(uuid).ref

    @quick
    def domain_lookup_by_id(self, conn: TestState, id: int) -> DomainRef:
        return conn.domains.by_id(id).ref

    @quick
    def domain_is_active(self, conn: TestState, dom: DomainRef) -> bool:
        return conn.domains.by_ref(dom).active

    @quick
    def domain_is_persistent(self, conn: TestState, dom: DomainRef) -> bool:
        return conn.domains.by_ref(dom).config is not None

    @quick
    def domain_is_updated(self, conn: TestState, dom: DomainRef) -> bool:
        conn.domains.by_ref(dom)
        return False

    @quick
    def domain_get_autostart(self, conn: TestState, dom: DomainRef) -> bool:
        return conn.domains.by_ref(dom).autostart

    @quick
    def domain_set_autostart(self, conn: TestState, dom: DomainRef, autostart: bool) -> None:
        conn.domains.by_ref(dom).autostart = bool(autostart)

    @quick
    def domain_get_xml_desc(self, conn: TestState, dom: DomainRef, flags: int) -> str:
        from virtkit.define.secrets import without_secrets

        known = DomainXMLFlags.SECURE | DomainXMLFlags.INACTIVE | DomainXMLFlags.MIGRATABLE
        refuse("domain_get_xml_desc", flags & ~known)
        domain = conn.domains.by_ref(dom)
        document = domain.document
        if flags & DomainXMLFlags.INACTIVE and domain.live is not None:
            document = inactive(domain)
        if not flags & (DomainXMLFlags.SECURE | DomainXMLFlags.MIGRATABLE):
            document = without_secrets(document)
        return document.format()

    @quick
    def domain_define_xml_flags(self, conn: TestState, xml: str, flags: int) -> DomainRef:
        refuse("domain_define_xml_flags", flags & ~DomainDefineFlags.VALIDATE)
        document = parse(xml, validate=bool(flags & DomainDefineFlags.VALIDATE))
        domain = obtain(conn, document)
        with conn.domains.lock_of(domain).hold("domain_define_xml_flags"):
            new = domain.config is None
            domain.config = document
            domain.update()
        details = DomainEventDefinedDetailType
        publish(conn, domain, DomainEventType.DEFINED, details.ADDED if new else details.UPDATED)
        return domain.ref

    @quick
    def domain_create_xml(self, conn: TestState, xml_desc: str, flags: int) -> DomainRef:
        refuse("domain_create_xml", flags & ~DomainCreateFlags.START_VALIDATE)
        document = parse(xml_desc, validate=bool(flags & DomainCreateFlags.START_VALIDATE))
        present = conn.domains.match(document.name or "", document.uuid or b"")
        if present is not None and present.active:
            raise OperationInvalidError(f"domain {present.name!r} is running already: destroy it first", domain=DOMAIN)
        domain = obtain(conn, document)
        start(conn, domain, document=document)
        return domain.ref

    @quick
    def domain_create_xml_with_files(
        self, conn: TestState, xml_desc: str, flags: int, files: Sequence[int]
    ) -> DomainRef:
        return self.domain_create_xml(conn, xml_desc, flags)

    @quick
    def domain_undefine_flags(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        allowed = DomainUndefineFlags.MANAGED_SAVE | DomainUndefineFlags.SNAPSHOTS_METADATA
        refuse("domain_undefine_flags", flags & ~allowed)
        with conn.domains.hold(dom, "domain_undefine_flags") as domain:
            _check_undefine(domain, flags)
            domain.saved = False
            if domain.active:
                domain.config = None
            else:
                domain.snapshots.clear()
                conn.domains.remove(domain)
            publish(conn, domain, DomainEventType.UNDEFINED, DomainEventUndefinedDetailType.REMOVED)

    @quick
    def domain_rename(self, conn: TestState, dom: DomainRef, new_name: str | None, flags: int) -> None:
        refuse("domain_rename", flags)
        if not new_name:
            raise InvalidArgError(
                "domain_rename needs a new name", domain=DOMAIN, str1="domain_rename", str2="new_name"
            )
        with conn.domains.hold(dom, "domain_rename") as domain:
            _check_rename(conn, domain, new_name)
            publish(conn, domain, DomainEventType.UNDEFINED, DomainEventUndefinedDetailType.RENAMED)
            conn.domains.rename(domain, new_name)
            domain.document.name = new_name
            domain.update()
            publish(conn, domain, DomainEventType.DEFINED, DomainEventDefinedDetailType.RENAMED)

    @quick
    def domain_get_metadata(self, conn: TestState, dom: DomainRef, type: int, uri: str | None, flags: int) -> str:
        from virtkit.define.metadata import get_metadata

        document = definition_of(conn, dom, flags, "domain_get_metadata")
        return get_metadata(document, known(DomainMetadataType, type, "type of metadata"), uri)

    @quick
    def domain_set_metadata(
        self,
        conn: TestState,
        dom: DomainRef,
        type: int,
        metadata: str | None,
        key: str | None,
        uri: str | None,
        flags: int,
    ) -> None:
        from virtkit.define.metadata import set_metadata

        refuse("domain_set_metadata", flags & ~IMPACT)
        kind = known(DomainMetadataType, type, "type of metadata")
        with conn.domains.hold(dom, "domain_set_metadata") as domain:
            for document in domain.definitions(flags):
                set_metadata(document, kind, metadata, key, uri)
            conn.hub.publish(domain.ref, DomainMetadataChangeEvent(kind, uri))


def listed(conn: TestState, flags: int, function: str, known: int = 0) -> list[Domain]:
    """The domains that the filters of `ConnectListAllDomainsFlags` keep; `known`: further flags to allow."""
    domains = matching(conn.domains.all(), FILTERS, flags, function, STATES | known)
    if not flags & STATES:
        return domains
    states = {state for state in DomainState if flags & STATE_FLAGS.get(state, Listed.OTHER)}
    return [domain for domain in domains if domain.state in states]


def inactive(domain: Domain) -> DomainXML:
    """The definition a domain would start with next: for a transient one what it runs with, without its id."""
    if domain.config is not None:
        return domain.config
    document = domain.document.copy()
    document.id = None
    return document


def obtain(conn: TestState, document: DomainXML) -> Domain:
    """The domain a document defines, made if there is none."""
    assert document.name is not None
    assert document.uuid is not None
    name, uuid = document.name, document.uuid
    return conn.domains.obtain(name, uuid, lambda: Domain(name, uuid))


def _check_undefine(domain: Domain, flags: int) -> None:
    if domain.saved and not flags & DomainUndefineFlags.MANAGED_SAVE:
        raise OperationInvalidError(
            f"domain {domain.name!r} has a managed save image: remove it, or undefine with MANAGED_SAVE", domain=TEST
        )
    if domain.snapshots and not domain.active and not flags & DomainUndefineFlags.SNAPSHOTS_METADATA:
        raise OperationInvalidError(
            f"domain {domain.name!r} has {len(domain.snapshots)} snapshots: delete them, or undefine with "
            "SNAPSHOTS_METADATA",
            domain=TEST,
        )


def _check_rename(conn: TestState, domain: Domain, new_name: str) -> None:
    if domain.active:
        raise OperationInvalidError(f"domain {domain.name!r} is running: stop it before it is renamed", domain=TEST)
    if new_name == domain.name:
        raise OperationInvalidError(f"domain {domain.name!r} has that name already", domain=DOMAIN)
    if "/" in new_name or "\n" in new_name:
        raise XMLError(f"{new_name!r} is no name for a domain: use neither '/' nor line breaks", domain=TEST)
    if new_name in conn.domains:
        raise OperationInvalidError(f"there is a domain named {new_name!r} already: choose another name", domain=DOMAIN)
