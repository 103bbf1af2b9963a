"""What a document holds that no class declares: kept as it was written, and put back at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from virtkit.xml.writer import INDENT, escape, quote


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
        parts: list[str] = [pad]
        self.write(parts.append, pad)
        parts.append("\n")
        return "".join(parts)

    def write(self, add: Callable[[str], None], pad: str | None) -> None:
        """Add the parts of the element's text, children on lines of their own unless `pad` is None."""
        listed = "".join([f" {name}={quote(value)}" for name, value in self.attributes])
        if not self.content:
            add(f"<{self.tag}{listed}/>")
            return
        add(f"<{self.tag}{listed}>")
        inner = None if pad is None or any(isinstance(part, str) for part in self.content) else pad + INDENT
        for part in self.content:
            if isinstance(part, str):
                add(escape(part))
            else:
                add("" if inner is None else f"\n{inner}")
                part.write(add, inner)
        add(f"</{self.tag}>" if inner is None else f"\n{pad}</{self.tag}>")


def inline(content: Iterable[Node | str]) -> str:
    """Return text and elements on one line."""
    parts: list[str] = []
    for part in content:
        if isinstance(part, str):
            parts.append(escape(part))
        else:
            part.write(parts.append, None)
    return "".join(parts)


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
                    lines[place] = _extended(lines[place], leaf)
        known = iter(lines)
        restored: list[str] = []
        for index, node in self.nodes:
            restored.extend(islice(known, max(0, index - len(restored))))
            restored.append(node.format(pad))
        lines[:] = [*restored, *known]


def _extended(line: str, leaf: Leaf) -> str:
    """Return the line of a leaf with the rest of what it held; values have no `>`, since it is escaped."""
    end = line.index(">")
    end -= line[end - 1] == "/"
    line = line[:end] + "".join(f" {name}={quote(value)}" for name, value in leaf.attributes) + line[end:]
    if not leaf.content:
        return line
    content, closing = inline(leaf.content), f"</{leaf.tag}>\n"
    if line.endswith("/>\n"):
        return f"{line[:-3]}>{content}{closing}"
    return f"{line.removesuffix(closing)}{content}{closing}"
