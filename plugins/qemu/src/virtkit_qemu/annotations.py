"""Title, description and the elements that applications keep in a domain's document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainMetadataType, ErrorDomain
from virtkit.errors import InvalidArgError, NoDomainMetadataError
from virtkit.events import DomainMetadataChangeEvent
from virtkit.hookspecs.domain_definition import DomainDefinitionSpec
from virtkit.xml.reader import load
from virtkit_qemu import describing, impact
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU

TEXTS = {DomainMetadataType.DESCRIPTION: "description", DomainMetadataType.TITLE: "title"}
"""Type of metadata that is a text -> field of the document."""


class AnnotationsPart(DomainDefinitionSpec["Session"]):
    """The functions of the driver about metadata."""

    def domain_get_metadata(self, conn: Session, dom: DomainRef, type: int, uri: str | None, flags: int) -> str:
        refuse("domain_get_metadata", flags, impact.BITS)
        guest = conn.read().by_ref(dom)
        kind = _kind(type, uri)
        found = read(impact.document(guest, flags), kind, uri)
        if found is None:
            which = f"element of {uri}" if uri else kind.name.lower()
            raise NoDomainMetadataError(f"{guest.subject} has no {which}; set it first", domain=QEMU)
        return found

    def domain_set_metadata(
        self,
        conn: Session,
        dom: DomainRef,
        type: int,
        metadata: str | None,
        key: str | None,
        uri: str | None,
        flags: int,
    ) -> None:
        refuse("domain_set_metadata", flags, impact.BITS)
        kind = _kind(type, uri)
        if kind == DomainMetadataType.TITLE and metadata and "\n" in metadata:
            raise InvalidArgError(f"the title of domain {dom.name!r} cannot have a line break", domain=QEMU)
        if kind == DomainMetadataType.ELEMENT and metadata and not key:
            raise InvalidArgError(f"the element of {uri} needs a key, the prefix of its namespace", domain=QEMU)
        with conn.hold(dom, "domain_set_metadata") as (state, guest):
            concerned = impact.of(guest, flags)
            live, config = (guest.running().live.copy() if concerned.live else None), None
            if concerned.config:
                config = guest.definition()
                write(config, kind, metadata, key, uri)
            if live is not None:
                write(live, kind, metadata, key, uri)
            if config is not None:
                document = describing.stored(config)
                state.catalog.definitions.save(guest.name, document)
                guest.config = document
            if live is not None:
                guest.running().live = live
                state.note(guest)
            state.publish(guest, DomainMetadataChangeEvent(kind, uri))


def read(domain: Domain, kind: DomainMetadataType, uri: str | None) -> str | None:
    """The text, or the element as it was given: without the prefix it is kept under; None where there is none."""
    if kind in TEXTS:
        text: str | None = getattr(domain, TEXTS[kind])
        return text
    kept = (domain.metadata or {}).get(uri or "")
    return None if kept is None else _without_namespace(kept, uri or "")


def write(domain: Domain, kind: DomainMetadataType, value: str | None, key: str | None, uri: str | None) -> None:
    """Set or, with None, remove a text or an element.

    Raises:
        XMLDetailError: The element is not well-formed.
    """
    if kind in TEXTS:
        setattr(domain, TEXTS[kind], value or None)
        return
    elements = {name: text for name, text in (domain.metadata or {}).items() if name != uri}
    if value:
        elements[uri or ""] = _with_namespace(value, key or "", uri or "")
    domain.metadata = elements or None


def _kind(type: int, uri: str | None) -> DomainMetadataType:
    try:
        kind = DomainMetadataType(type)
    except ValueError:
        raise InvalidArgError(f"there is no metadata of type {type}", domain=QEMU) from None
    if (kind == DomainMetadataType.ELEMENT) != bool(uri):
        needed = "needs" if kind == DomainMetadataType.ELEMENT else "has no"
        raise InvalidArgError(f"metadata of type {kind.name} {needed} a namespace (uri)", domain=QEMU)
    return kind


def _with_namespace(text: str, key: str, uri: str) -> str:
    """An element whose names without a namespace are put into one, declared under a prefix."""
    from lxml import etree

    given = load(text, QEMU)
    root = etree.Element(given.tag, dict(given.attrib), nsmap={key: uri})
    root.text = given.text
    root.extend(list(given))
    for node in root.iter("{}*"):  # those without a namespace
        node.tag = f"{{{uri}}}{node.tag!s}"
    return etree.tostring(root, encoding="unicode", pretty_print=True).rstrip("\n")


def _without_namespace(text: str, uri: str) -> str:
    """The opposite."""
    from lxml import etree

    root = load(text, QEMU)
    for node in root.iter(f"{{{uri}}}*"):
        node.tag = str(node.tag).removeprefix(f"{{{uri}}}")
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode", pretty_print=True).rstrip("\n")
