"""From nodes of the parser to `Node`s, with prefixes instead of namespaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from virtkit.xml.names import NAMESPACES, PREFIXES
from virtkit.xml.surplus import Node

if TYPE_CHECKING:
    from lxml.etree import _Element

_XML = "http://www.w3.org/XML/1998/namespace"


class Subtrees:
    """The unknown parts of one document.

    A namespace has one prefix in all of them: ours, or the one that the user chose first. Looking a prefix up takes
    time with the number of declarations in scope, so each is looked up once.
    """

    def __init__(self) -> None:
        self._prefixes = {_XML: "xml"}

    def node(self, node: _Element, outer: dict[str, str] | None = None) -> Node:
        """Return a subtree as it is written, comments left out; `outer` are the prefixes that parents declare."""
        outer = outer or {}
        attributes = self.attributes(node, node.items(), outer, str(node.tag))
        declared = {**outer, **{name[6:]: uri for name, uri in attributes if name.startswith("xmlns:")}}
        content: list[Node | str] = []
        _add_text(content, node.text)
        for child in node:
            if isinstance(child.tag, str):
                content.append(self.node(child, declared))
            _add_text(content, child.tail)
        if len(content) > 1 and all(isinstance(part, Node) or part.isspace() for part in content):
            content = [part for part in content if isinstance(part, Node)]
        return Node(self._prefixed(node, str(node.tag)), tuple(attributes), tuple(content))

    def attributes(
        self, node: _Element, items: Iterable[tuple[str, str]], outer: dict[str, str] | None = None, tag: str = ""
    ) -> list[tuple[str, str]]:
        """Return attributes with prefixed names, after declarations of the prefixes that `outer` lacks.

        `tag` is the element's own name, if its prefix is to be declared too.
        """
        items = list(items)
        declared: dict[str, str] = {}
        for name in [tag, *(name for name, _ in items)]:
            if name.startswith("{"):
                prefix, uri = self._prefixed(node, name).partition(":")[0], name[1:].partition("}")[0]
                if uri != _XML and (outer or {}).get(prefix) != uri:
                    declared[f"xmlns:{prefix}"] = uri
        return [*declared.items(), *((self._prefixed(node, name), value) for name, value in items)]

    def _prefixed(self, node: _Element, name: str) -> str:
        if not name.startswith("{"):
            return name
        uri, _, local = name[1:].partition("}")
        prefix = PREFIXES.get(uri) or self._prefixes.get(uri)
        if prefix is None:
            # A default namespace gets a prefix: our own writer keeps every name explicit.
            prefix = next((key for key, value in node.nsmap.items() if value == uri and key), "ns")
            while prefix in NAMESPACES or prefix in self._prefixes.values():
                prefix += "_"
            self._prefixes[uri] = prefix
        return f"{prefix}:{local}"


def _add_text(content: list[Node | str], text: str | None) -> None:
    if not text:
        return
    if content and isinstance(content[-1], str):
        content[-1] += text
    else:
        content.append(text)
