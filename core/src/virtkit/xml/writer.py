"""Our own writer: libvirt's layout, quotes and escapes, and the place of what no class knows."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

INDENT = "  "

# XML cannot carry control characters, surrogates and U+FFFE/U+FFFF at all: they are dropped, so that what is written
# can always be read again. (libvirt drops most control characters and prints 0x1a-0x1f raw.)
_FORBIDDEN = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
_ESCAPES: dict[int, str | None] = dict.fromkeys(_FORBIDDEN)
_ESCAPES.update({ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;", ord("'"): "&apos;", ord('"'): "&quot;"})
_SPECIAL = re.compile("[<>&'\"\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")


def escape(text: str) -> str:
    """Return `text` as it stands in a document, in text and attributes alike."""
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


class Node(NamedTuple):
    """An element that no class declares, as it was written.

    Attributes:
        tag: Name, with its prefix.
        attributes: Names and values, namespace declarations included.
        content: Text and elements in document order; blank text between elements is left out.
    """

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    content: tuple[Node | str, ...] = ()

    def format(self, pad: str) -> str:
        """Return the element in libvirt's layout, indented by `pad`; mixed content stays on its line."""
        return f"{pad}{self._body(pad)}\n"

    def _body(self, pad: str | None) -> str:
        head = f"<{self.tag}{''.join(f' {name}={quote(value)}' for name, value in self.attributes)}"
        if not self.content:
            return f"{head}/>"
        if pad is None or any(isinstance(part, str) for part in self.content):
            inside = "".join(escape(part) if isinstance(part, str) else part._body(None) for part in self.content)
            return f"{head}>{inside}</{self.tag}>"
        lines = "".join(part.format(pad + INDENT) for part in self.content if not isinstance(part, str))
        return f"{head}>\n{lines}{pad}</{self.tag}>"


def quote(value: str) -> str:
    """Return an attribute value in quotes."""
    return f"'{escape(value)}'"


def untyped(values: dict[str, str], order: tuple[str, ...]) -> str:
    """Return untyped attributes, those of `order` first."""
    names = [name for name in order if name in values] + [name for name in values if name not in order]
    return "".join(f" {name}={quote(values[name])}" for name in names)


class Leaf(NamedTuple):
    """What a text element or single-attribute element held besides its value: the `nth` of its `tag`."""

    tag: str
    nth: int
    attributes: tuple[tuple[str, str], ...]
    content: tuple[Node | str, ...]


class Surplus:
    """What one element held that its class does not declare.

    Attributes:
        attributes: Unknown attributes.
        nodes: Unknown children, each with its index among the parent's children.
        leaves: Unknown parts of children that are plain values.
    """

    __slots__ = ("attributes", "leaves", "nodes")

    def __init__(self) -> None:
        self.attributes: list[tuple[str, str]] = []
        self.nodes: list[tuple[int, Node]] = []
        self.leaves: list[Leaf] = []

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Surplus):
            return NotImplemented
        return (self.attributes, self.nodes, self.leaves) == (other.attributes, other.nodes, other.leaves)

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> Surplus:
        """Return an independent copy."""
        twin = Surplus()
        twin.attributes, twin.nodes, twin.leaves = [*self.attributes], [*self.nodes], [*self.leaves]
        return twin

    def head(self) -> str:
        """Return the unknown attributes as they follow the known ones."""
        return "".join(f" {name}={quote(value)}" for name, value in self.attributes)

    def restore(self, lines: list[str], pad: str) -> None:
        """Put the unknown children back among the printed ones, `lines`, each one string that starts with `pad`."""
        for tag in {leaf.tag for leaf in self.leaves}:
            starts = tuple(f"{pad}<{tag}{end}" for end in (" ", "/", ">"))
            places = [place for place, line in enumerate(lines) if line.startswith(starts)]
            for leaf in self.leaves:
                if leaf.tag == tag and leaf.nth < len(places):
                    place = places[leaf.nth]
                    lines[place] = _extended(lines[place], len(pad) + 1 + len(tag), leaf)
        known = iter(lines)
        restored: list[str] = []
        for index, node in self.nodes:
            restored.extend(islice(known, max(0, index - len(restored))))
            restored.append(node.format(pad))
        lines[:] = [*restored, *known]


def _extended(line: str, name_end: int, leaf: Leaf) -> str:
    attributes = "".join(f" {name}={quote(value)}" for name, value in leaf.attributes)
    line = line[:name_end] + attributes + line[name_end:]
    if not leaf.content:
        return line
    content = "".join(escape(part) if isinstance(part, str) else part._body(None) for part in leaf.content)
    closing = f"</{leaf.tag}>\n"
    if line.endswith("/>\n"):
        return f"{line[:-3]}>{content}{closing}"
    return f"{line.removesuffix(closing)}{content}{closing}"
