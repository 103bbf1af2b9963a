"""From text to a parser's tree, safely, and from there to a document.

Safe means: the size is checked before anything else, a DOCTYPE is refused before the parser sees it (so there are no
entities but the five of XML), nothing is fetched, depth and number of elements are bounded.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NoReturn, TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLDetailError, XMLError, XMLInvalidSchemaError
from virtkit.xml.names import displayed, qualified
from virtkit.xml.reading import Notice, Reading
from virtkit.xml.schema import ChildField
from virtkit.xml.values import Refusal

if TYPE_CHECKING:
    from lxml.etree import XMLParser, XMLSyntaxError, _Element

    from virtkit.xml.element import Document, Element

D = TypeVar("D", bound="Document")

MAX_BYTES = 4 * 1024 * 1024
"""The longest string of the remote protocol: no larger document can come from, or go to, any client."""

MAX_ELEMENTS = 100_000
"""Each element costs about 1 KB while a document is parsed; the largest real definitions have a few thousand."""

MAX_ATTRIBUTES = 256
"""Per element: reading them takes quadratic time; the richest real element has about 40."""

MAX_NAMESPACES = 1000
"""Declarations per document: finding the prefix of a name takes time with their number."""

MAX_QUOTED_LINE = 120
"""How much of the source line an error of the syntax shows."""

# Possessive and atomic, so that a long prolog without DOCTYPE is passed once.
_DOCTYPE = re.compile(r"\ufeff?(?>\s++|<\?(?>[^?]|\?(?!>))*+\?>|<!--(?>[^-]|-(?!->))*+-->)*+<!DOCTYPE")


def load(text: str | bytes, error_domain: int, title: str = "document") -> _Element:
    """Return the root of a document.

    Raises:
        XMLDetailError: See `virtkit.xml.element.Document.parse`.
    """

    def refuse(problem: str) -> NoReturn:
        raise XMLDetailError(f"({title}): {problem}", domain=error_domain)

    if len(text) > MAX_BYTES:
        refuse(f"longer than {MAX_BYTES} bytes, the limit of the protocol")
    try:
        data, source = (text.encode(), text) if isinstance(text, str) else (text, text.decode())
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        refuse(f"not UTF-8: {error.reason} at {error.start}")
    if len(data) > MAX_BYTES:
        refuse(f"longer than {MAX_BYTES} bytes, the limit of the protocol")
    if "\0" in source:
        refuse(f"a NUL character at {source.index(chr(0))}: documents are text")
    if _DOCTYPE.match(source):
        refuse("a DOCTYPE is not allowed: remove it and write its entities out")
    return _parsed(data, source, error_domain, title)


def _parsed(data: bytes, source: str, error_domain: int, title: str) -> _Element:
    from lxml.etree import XMLSyntaxError, fromstring

    try:
        root = fromstring(data, _parser())
    except XMLSyntaxError as error:
        raise XMLDetailError(_syntax_message(error, source, title), domain=error_domain) from None
    if source.count("<") > MAX_ELEMENTS and sum(1 for _ in islice(root.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        raise XMLDetailError(f"({title}): more than {MAX_ELEMENTS} elements", domain=error_domain)
    if source.count("xmlns:") > MAX_NAMESPACES:
        raise XMLDetailError(f"({title}): more than {MAX_NAMESPACES} namespace prefixes", domain=error_domain)
    if source.count("=") > MAX_ATTRIBUTES and any(len(node.attrib) > MAX_ATTRIBUTES for node in root.iter("*")):
        raise XMLDetailError(f"({title}): more than {MAX_ATTRIBUTES} attributes in an element", domain=error_domain)
    return root


def _parser() -> XMLParser:
    global _shared_parser
    if _shared_parser is None:
        from lxml.etree import XMLParser

        # Comments stay: metadata keeps them. Blank text between elements goes, as libvirt has it.
        _shared_parser = XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_blank_text=True,
            strip_cdata=False,
            collect_ids=False,
        )
    return _shared_parser


_shared_parser: XMLParser | None = None


def _syntax_message(error: XMLSyntaxError, source: str, title: str) -> str:
    line, column = error.position
    lines = source.split("\n", line)
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    start = max(0, column - MAX_QUOTED_LINE // 2)
    problem = re.sub(r", line \d+, column \d+$", "", error.msg or "Document is empty")
    shown = shown[start : start + MAX_QUOTED_LINE]
    return f"({title}):{max(line, 1)}: {problem}\n{shown}\n{'-' * max(0, column - start - 1)}^"


def read_document(cls: type[D], text: str | bytes, validate: bool) -> D:
    """Parse a document of one class; see `Document.parse`."""
    root = load(text, cls.error_domain, f"{cls.tag} definition")
    if root.tag != qualified(cls.tag):
        raise XMLError(
            f"expected a document with the root element <{cls.tag}>, found <{displayed(str(root.tag))}>",
            domain=ErrorDomain.XML,
        )
    return _read(cls, root, cls.error_domain, validate)


def read_child(parent: type[Element], text: str | bytes, error_domain: int, validate: bool) -> Element:
    """Parse a document that is one child of an element of class `parent`; see `Element.parse_child`."""
    root = load(text, error_domain)
    fields = {tag: field for field in parent.fields.values() if isinstance(field, ChildField) for tag in field.tags}
    field = next((field for tag, field in fields.items() if qualified(tag) == root.tag), None)
    if field is None:
        known = ", ".join(f"<{tag}>" for tag in fields)
        raise ConfigUnsupportedError(
            f"<{displayed(str(root.tag))}> is not supported here: one of {known}", domain=error_domain
        )
    reading = Reading(error_domain)
    classes = field.classes
    try:
        if field.key is not None:
            cls = reading.variant(root, field, classes)
        else:
            cls = classes.get(None) or classes[str(root.tag)]
    except Refusal as refusal:
        reading.refuse(refusal, root, field.key)
    return _read(cls, root, error_domain, validate)


R = TypeVar("R", bound="Element")


def _read(cls: type[R], root: _Element, error_domain: int, validate: bool) -> R:
    reading = Reading(error_domain)
    element = cls.read_node(root, reading)
    notices = tuple(reading.notices)
    if reading.uncounted:
        notices += (Notice("/", 1, f"{reading.uncounted} more of the same kinds, not listed"),)
    if validate and notices:
        listed = "\n".join(map(str, notices))
        raise XMLInvalidSchemaError(f"the document does not match its schema:\n{listed}", domain=ErrorDomain.XML)
    if notices:
        element.__dict__["_notices"] = notices
    return element
