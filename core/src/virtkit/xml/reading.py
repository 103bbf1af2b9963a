"""The parse of one document: what the compiled functions hand over when a node is not as declared.

Unknown names are kept (`virtkit.xml.surplus`) and told, what has to be left out is told, what a field refuses raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError
from virtkit.xml.names import displayed, nearest
from virtkit.xml.subtree import Subtrees
from virtkit.xml.surplus import Leaf, Node, Surplus
from virtkit.xml.values import Refusal, quoted

if TYPE_CHECKING:
    from lxml.etree import _Element

    from virtkit.xml.element import Element
    from virtkit.xml.schema import ChildField
    from virtkit.xml.units import Size

MAX_NOTICES = 100
"""Notices after these are only counted: finding line, path and nearest name of one costs more than parsing it."""

MAX_SIBLINGS = 1000
"""How far a path counts equal siblings."""


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

    __slots__ = ("_subtrees", "error_domain", "notices", "uncounted")

    def __init__(self, error_domain: int) -> None:
        self.error_domain = error_domain
        self.notices: list[Notice] = []
        self.uncounted = 0
        self._subtrees: Subtrees | None = None

    @property
    def subtrees(self) -> Subtrees:
        """The unknown parts; most documents have none."""
        if self._subtrees is None:
            self._subtrees = Subtrees()
        return self._subtrees

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

    def unknown_attribute(
        self, cls: type[Element], into: dict[str, Any], node: _Element, name: str, value: str
    ) -> None:
        """Keep an attribute that `cls` does not declare."""
        known = [name for field in cls.fields.values() for name in field.attribute_names]
        self.notice(node, "unknown attribute: kept, without effect", name, known)
        _surplus(into).attributes.extend(self.subtrees.attributes(node, [(name, value)]))

    def unknown_child(self, cls: type[Element], into: dict[str, Any], index: int, node: _Element) -> None:
        """Keep a child that `cls` does not declare; `index` is its place among the parent's children."""
        known = [name for field in cls.fields.values() for name in field.child_names]
        self.notice(node, "unknown element: kept, without effect", known=known)
        _surplus(into).nodes.append((index, self.subtrees.node(node)))

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

    def own_text(self, node: _Element) -> str | None:
        """Return the text of a node that may have children; beside children, blanks around it are layout."""
        text = self.text(node)
        if text and next(node.iterchildren("*"), None) is not None:
            return text.strip()
        return text

    def leaf_text(self, into: dict[str, Any], node: _Element, nth: int) -> str:
        """Return the text of a child that is only text."""
        if len(node) or node.keys():
            self._leaf(into, node, nth, ())
            return self.text(node) or ""
        return node.text or ""

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
        if len(node) or node.keys() not in ([], [size.attribute]):
            self._leaf(into, node, 0, (size.attribute,))
        text = self.text(node)
        return size.read(text, node.get(size.attribute)) if text else None

    def leaf_flag(self, into: dict[str, Any], node: _Element) -> bool:
        """Return True: the child is there."""
        if len(node) or node.text or node.keys():
            self._leaf(into, node, 0, (), keep_text=True)
        return True

    def _leaf(
        self, into: dict[str, Any], node: _Element, nth: int, known: tuple[str, ...], keep_text: bool = False
    ) -> None:
        unknown = [(str(name), str(value)) for name, value in node.items() if name not in known]
        for name, _ in unknown:
            self.notice(node, "unknown attribute: kept, without effect", name, known)
        content: list[Node | str] = []
        if keep_text and (text := self.text(node)):
            self.notice(node, "text where none is expected: kept, without effect")
            content.append(text)
        for child in node:
            if isinstance(child.tag, str):
                self.notice(child, "unknown element: kept, without effect")
                content.append(self.subtrees.node(child))
        if unknown or content:
            leaf = Leaf(displayed(str(node.tag)), nth, tuple(self.subtrees.attributes(node, unknown)), tuple(content))
            _surplus(into).leaves.append(leaf)

    def variant(self, node: _Element, field: ChildField, classes: dict[str | None, type[Element]]) -> type[Element]:
        """Return the class that the telling attribute of a field names."""
        key = str(field.key)
        value = node.get(key, field.default)
        if value is None:
            words = ", ".join(map(str, classes))
            domain = ErrorDomain.XML if field.missing is None else None
            raise Refusal(f"the attribute '{key}' is missing: one of {words}", field.missing or XMLError, domain)
        found = classes.get(value)
        if found is None:
            words = ", ".join(map(str, classes))
            domain = ErrorDomain.XML if field.error is XMLError else None
            raise Refusal(f"{quoted(value)} is not one of {words}", field.error, domain)
        return found


def _line(node: _Element) -> int:
    return int(node.sourceline or 1)


def _surplus(into: dict[str, Any]) -> Surplus:
    surplus: Surplus = into.setdefault("_surplus", Surplus())
    return surplus
