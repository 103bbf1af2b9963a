"""From text to a parser's tree, safely; and the record of what a document held that no class declares.

Safe means: the size is checked before anything else, a DOCTYPE is refused before the parser sees it (so there are no
entities but the five of XML), nothing is fetched, depth and number of elements are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, XMLDetailError, XMLError, XMLInvalidSchemaError
from virtkit.xml.names import PREFIXES, displayed, nearest, qualified
from virtkit.xml.schema import ChildField
from virtkit.xml.values import Refusal, quoted
from virtkit.xml.writer import Leaf, Node, Surplus

if TYPE_CHECKING:
    from lxml.etree import XMLParser, XMLSyntaxError, _Element

    from virtkit.xml.element import Document, Element
    from virtkit.xml.units import Size

D = TypeVar("D", bound="Document")

MAX_BYTES = 4 * 1024 * 1024
"""The longest string of the remote protocol: no larger document can come from, or go to, any client."""

MAX_ELEMENTS = 100_000
"""Each element costs about 1 KB while a document is parsed; the largest real definitions have a few thousand."""

MAX_NOTICES = 100
"""Notices after these are only counted: finding line, path and nearest name of one costs more than parsing it."""

MAX_SIBLINGS = 1000
"""How far a path counts equal siblings."""

MAX_QUOTED_LINE = 120
"""How much of the source line an error of the syntax shows."""

# Possessive and atomic, so that a long prolog without DOCTYPE is passed once.
_DOCTYPE = re.compile(r"\ufeff?(?>\s++|<\?(?>[^?]|\?(?!>))*+\?>|<!--(?>[^-]|-(?!->))*+-->)*+<!DOCTYPE")


class Notice(NamedTuple):
    """Something in a document that has no effect.

    Attributes:
        path: Where, as in `/domain/devices/disk[2]/@typ`.
        line: Line in the text, from 1.
        problem: What it is, and whether it was kept.
        nearest: The known name it may have been meant to be; None if none is near.
    """

    path: str
    line: int
    problem: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean '{self.nearest}'?" if self.nearest else ""
        return f"line {self.line}: {self.path}: {self.problem}{hint}"


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
            cls = reading.variant(root, classes, field.key, field.default)
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


def path_of(node: _Element, attribute: str | None = None) -> str:
    """Return where a node stands, as in `/domain/devices/disk[2]/@type`."""
    steps = [] if attribute is None else ["@" + displayed(attribute)]
    current: _Element | None = node
    while current is not None:
        tag = str(current.tag)
        before = sum(1 for _ in islice(current.itersiblings(tag, preceding=True), MAX_SIBLINGS))
        alone = not before and next(current.itersiblings(tag), None) is None
        steps.append(displayed(tag) if alone else f"{displayed(tag)}[{before + 1}]")
        current = current.getparent()
    return "/" + "/".join(reversed(steps))


class Reading:
    """The parse of one document: its notices, and the slow paths of the compiled functions.

    Attributes:
        error_domain: Domain of errors.
        notices: The first `MAX_NOTICES`.
        uncounted: How many more there were.
    """

    __slots__ = ("error_domain", "notices", "uncounted")

    def __init__(self, error_domain: int) -> None:
        self.error_domain = error_domain
        self.notices: list[Notice] = []
        self.uncounted = 0

    def notice(self, node: _Element, problem: str, attribute: str | None = None, known: Iterable[str] = ()) -> None:
        """Note something without effect at `node`, or at its `attribute`; `known` are the names it may have meant."""
        if len(self.notices) == MAX_NOTICES:
            self.uncounted += 1
            return
        hint = nearest(displayed(attribute or str(node.tag)), known)
        self.notices.append(Notice(path_of(node, attribute), _line(node), problem, hint))

    def refuse(self, refusal: Refusal, node: _Element, attribute: str | None) -> NoReturn:
        """Raise the error of a refused value, with its place."""
        domain = refusal.domain if attribute is None else refusal.attribute_domain
        domain = self.error_domain if domain is None else domain
        place = f"{path_of(node, attribute)} (line {_line(node)})"
        raise refusal.error(f"{place}: {refusal.message}", domain=domain) from None

    def unknown_attribute(self, cls: type[Element], into: dict[str, Any], node: _Element, name: str) -> None:
        """Keep an attribute that `cls` does not declare."""
        known = [name for field in cls.fields.values() for name in field.attribute_names]
        self.notice(node, "unknown attribute: kept, without effect", name, known)
        _surplus(into).attributes.extend(_attributes(node, (name,)))

    def unknown_child(self, cls: type[Element], into: dict[str, Any], index: int, node: _Element) -> None:
        """Keep a child that `cls` does not declare; `index` is its place among the parent's children."""
        known = [name for field in cls.fields.values() for name in field.child_names]
        self.notice(node, "unknown element: kept, without effect", known=known)
        _surplus(into).nodes.append((index, self.node(node)))

    def repeated(self, node: _Element) -> None:
        """Leave out the second of what may stand once."""
        self.notice(node, "may stand only once: the first counts, this one is ignored")

    def stray(self, node: _Element) -> None:
        """Leave out text between elements."""
        texts = [node.text, *(child.tail for child in node)]
        if any(text and not text.isspace() for text in texts):
            self.notice(node, "text between elements: ignored")

    def text(self, node: _Element) -> str | None:
        """Return the text of a node, comments cut out."""
        if not len(node):
            return node.text
        return (node.text or "") + "".join(child.tail or "" for child in node)

    def leaf_text(self, into: dict[str, Any], node: _Element, nth: int) -> str | None:
        """Return the text of a child that is only text."""
        if len(node) or node.keys():
            self._leaf(into, node, nth, ())
            return self.text(node) or None
        return node.text or None

    def leaf_attribute(self, into: dict[str, Any], node: _Element, name: str, nth: int) -> str | None:
        """Return the attribute of a child that is only one attribute."""
        value = node.get(name)
        if value is None:
            if len(node) or node.text or node.keys():
                self.notice(node, f"the attribute '{name}' is missing: ignored")
        elif len(node) or node.text or len(node.keys()) > 1:
            self._leaf(into, node, nth, (name,), keep_text=True)
        return value

    def leaf_size(self, into: dict[str, Any], node: _Element, size: Size) -> int | None:
        """Return the size that a child is."""
        if len(node) or node.keys() not in ([], ["unit"]):
            self._leaf(into, node, 0, ("unit",))
        text = self.text(node)
        return size.read(text, node.get("unit")) if text else None

    def leaf_flag(self, into: dict[str, Any], node: _Element) -> bool:
        """Return True: the child is there."""
        if len(node) or node.text or node.keys():
            self._leaf(into, node, 0, (), keep_text=True)
        return True

    def _leaf(
        self, into: dict[str, Any], node: _Element, nth: int, known: tuple[str, ...], keep_text: bool = False
    ) -> None:
        unknown = [name for name, _ in node.items() if name not in known]
        for name in unknown:
            self.notice(node, "unknown attribute: kept, without effect", name, known)
        content: list[Node | str] = []
        if keep_text and (text := self.text(node)):
            self.notice(node, "text where none is expected: kept, without effect")
            content.append(text)
        for child in node:
            if isinstance(child.tag, str):
                self.notice(child, "unknown element: kept, without effect")
                content.append(self.node(child))
        if unknown or content:
            leaf = Leaf(displayed(str(node.tag)), nth, tuple(_attributes(node, unknown)), tuple(content))
            _surplus(into).leaves.append(leaf)

    def node(self, node: _Element) -> Node:
        """Return a subtree as it is written, comments and blank text between elements left out."""
        return _node(node, {})

    def variant(
        self, node: _Element, classes: dict[str | None, type[Element]], key: str, default: str | None
    ) -> type[Element]:
        """Return the class that the attribute `key` tells."""
        value = node.get(key, default)
        if value is None:
            words = ", ".join(map(str, classes))
            raise Refusal(f"the attribute '{key}' is missing: one of {words}", domain=ErrorDomain.XML)
        try:
            return classes[value]
        except KeyError:
            words = ", ".join(map(str, classes))
            raise Refusal(f"{quoted(value)} is not one of {words}", domain=ErrorDomain.XML) from None


def _line(node: _Element) -> int:
    return int(node.sourceline or 1)


def _surplus(into: dict[str, Any]) -> Surplus:
    surplus: Surplus = into.setdefault("_surplus", Surplus())
    return surplus


def _node(node: _Element, outer: dict[str, str]) -> Node:
    attributes = _attributes(node, node.keys(), outer)
    declared = {**outer, **{name[6:]: uri for name, uri in attributes if name.startswith("xmlns:")}}
    content: list[Node | str] = []
    _add_text(content, node.text)
    for child in node:
        if isinstance(child.tag, str):
            content.append(_node(child, declared))
        _add_text(content, child.tail)
    return Node(_prefixed(node, str(node.tag)), tuple(attributes), tuple(content))


def _add_text(content: list[Node | str], text: str | None) -> None:
    if not text:
        return
    if content and isinstance(content[-1], str):
        content[-1] += text
    else:
        content.append(text)


def _attributes(node: _Element, names: Iterable[str], outer: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Return attributes with prefixed names, and declarations of the prefixes that `outer` lacks.

    The name of the element itself needs one too, if `outer` is given.
    """
    names = list(names)
    spelled = names if outer is None else [str(node.tag), *names]
    result: list[tuple[str, str]] = []
    for name in spelled:
        if name.startswith("{") and (prefix := _prefixed(node, name).partition(":")[0]) != "xml":
            declaration = (f"xmlns:{prefix}", name[1:].partition("}")[0])
            if (outer or {}).get(prefix) != declaration[1] and declaration not in result:
                result.append(declaration)
    return result + [(_prefixed(node, name), node.get(name) or "") for name in names]


def _prefixed(node: _Element, name: str) -> str:
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    if uri == "http://www.w3.org/XML/1998/namespace":
        return f"xml:{local}"
    # A default namespace gets a prefix: our own writer keeps every name explicit.
    prefix = PREFIXES.get(uri) or next((key for key, value in node.nsmap.items() if value == uri and key), "ns")
    return f"{prefix}:{local}"
