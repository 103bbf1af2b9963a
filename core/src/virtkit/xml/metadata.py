"""The subtrees that users keep in a document's `metadata`, one per namespace: verbatim, comments included."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING

from virtkit.xml.reader import load

if TYPE_CHECKING:
    from lxml.etree import _Element

    from virtkit.xml.reading import Reading


def read_metadata(node: _Element, reading: Reading) -> dict[str, str]:
    """Return the text of each subtree by namespace; the first of a namespace wins."""
    from lxml.etree import tostring

    subtrees: dict[str, str] = {}
    if node.text:
        reading.stray(node)
    for child in node:
        if isinstance(child.tag, str):
            namespace, brace, _ = child.tag[1:].rpartition("}")
            if not brace:
                reading.notice(child, "an element without a namespace has no place in metadata: ignored")
            elif namespace in subtrees:
                reading.notice(child, "a second element of the same namespace: ignored")
            else:
                # A copy declares those of its parents' namespaces that it uses; printed in place, it declares all.
                alone = deepcopy(child) if node.nsmap else child
                printed = tostring(alone, encoding="unicode", pretty_print=True, with_tail=False)
                subtrees[namespace] = printed.rstrip("\n")
        if child.tail:
            reading.stray(node)
    return subtrees


def write_metadata(subtrees: dict[str, str], pad: str) -> str:
    """Return `metadata` in the layout of libxml2, as libvirt prints it."""
    if not subtrees:
        return f"{pad}<metadata/>\n"
    lines = "".join(_indented(text, len(pad) // 2 + 1) for text in subtrees.values())
    return f"{pad}<metadata>\n{lines}{pad}</metadata>\n"


@lru_cache(maxsize=256)
def _indented(text: str, level: int) -> str:
    # Only the parser can tell layout from content, and libxml2's printer knows the level from the parents.
    from lxml.etree import tostring

    nested = load("<x>" * level + text + "</x>" * level, 0)
    lines = tostring(nested, encoding="unicode", pretty_print=True).splitlines(keepends=True)
    return "".join(lines[level:-level])
