"""Title, description and the applications' own elements of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainMetadataType, ErrorDomain
from virtkit.errors import InvalidArgError, NoDomainMetadataError
from virtkit.xml.domain import Domain
from virtkit.xml.reader import load

if TYPE_CHECKING:
    from lxml.etree import _Element

DOMAIN = ErrorDomain.DOMAIN


def get_metadata(document: Domain, kind: DomainMetadataType, uri: str | None) -> str:
    """Read one of them: a text, or the element of the namespace `uri`, without its namespace.

    Raises:
        NoDomainMetadataError: The domain has none.
        InvalidArgError: An element without a namespace to look for, or a text with one.
    """
    if kind == DomainMetadataType.ELEMENT:
        element = (document.metadata or {}).get(_required(uri, "uri"))
        found = None if element is None else _bare(element)
    elif uri is not None:
        raise _invalid("uri", "only metadata of type ELEMENT has a namespace: leave out the uri")
    else:
        found = document.title if kind == DomainMetadataType.TITLE else document.description
    if found is None:
        raise NoDomainMetadataError(
            f"domain {document.name!r} has no {kind.name.lower()}{f' of {uri}' if uri else ''}", domain=DOMAIN
        )
    return found


def set_metadata(
    document: Domain, kind: DomainMetadataType, text: str | None, key: str | None, uri: str | None
) -> None:
    """Set one of them, or remove it with None; an empty title or description is removed too.

    Args:
        document: The definition to change.
        kind: What to set.
        text: The text, or the XML of the element.
        key: Prefix that the element gets for its namespace.
        uri: Its namespace.

    Raises:
        InvalidArgError: A title of several lines, or an element without prefix or namespace.
        XMLDetailError: The element is no XML.
    """
    match kind:
        case DomainMetadataType.TITLE:
            if text and "\n" in text:
                raise _invalid("metadata", f"the title of domain {document.name!r} cannot have a line break")
            document.title = text or None
        case DomainMetadataType.DESCRIPTION:
            document.description = text or None
        case DomainMetadataType.ELEMENT:
            _set_element(document, text, key, _required(uri, "uri"))


def _set_element(document: Domain, text: str | None, key: str | None, uri: str) -> None:
    if text is not None:
        element = _qualified(load(text, DOMAIN, "metadata_xml"), _required(key, "key"), uri)
        others = {known: other for known, other in (document.metadata or {}).items() if known != uri}
        document.metadata = {**others, uri: element}
    elif document.metadata is not None:
        document.metadata.pop(uri, None)  # the element around it stays, as in libvirt


def _qualified(root: _Element, key: str, uri: str) -> str:
    """The element with everything in it that has no namespace in `uri`, by the prefix `key`."""
    from lxml import etree

    def renamed(node: _Element, tag: str) -> _Element:
        twin = etree.Element(tag, dict(node.attrib), nsmap={**node.nsmap, key: uri} if node is root else node.nsmap)
        twin.text, twin.tail = node.text, node.tail
        twin.extend([convert(child) for child in node])
        return twin

    def convert(node: _Element) -> _Element:
        tag = node.tag
        if not isinstance(tag, str):
            return node
        return renamed(node, tag if tag.startswith("{") else f"{{{uri}}}{tag}")

    return etree.tostring(convert(root), encoding="unicode", with_tail=False)


def _bare(element: str) -> str:
    """An element without the namespace of its root, as libvirt hands it out."""
    from lxml import etree

    root = load(element, DOMAIN, "metadata_xml")
    uri = etree.QName(root).namespace
    for node in root.iter(f"{{{uri}}}*"):
        node.tag = etree.QName(node).localname
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode", with_tail=False, pretty_print=True).rstrip("\n")


def _required(value: str | None, argument: str) -> str:
    if not value:
        raise _invalid(argument, "metadata of type ELEMENT needs a namespace (uri) and, to be set, a prefix (key)")
    return value


def _invalid(argument: str, problem: str) -> InvalidArgError:
    return InvalidArgError(f"metadata: {problem}", domain=DOMAIN, str1="domain_set_metadata", str2=argument)
