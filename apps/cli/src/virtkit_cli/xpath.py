"""What an XPath expression finds in a document."""

from __future__ import annotations

from lxml import etree

from virtkit_cli.command import UsageError


def found(text: str, expression: str, *, wrap: bool) -> str:
    """What an expression finds, one piece a line; with `wrap` one document of the elements.

    Raises:
        UsageError: It is no expression.
    """
    root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True))
    try:
        pieces = root.xpath(expression)
    except etree.XPathError as cause:
        raise UsageError(f"--xpath {expression!r}: {cause}") from cause
    nodes = pieces if isinstance(pieces, list) else [pieces]
    if wrap:
        parent = etree.Element("nodes")
        parent.extend(node for node in nodes if isinstance(node, etree._Element))
        nodes = [parent]
    return "\n".join(_written(node) for node in nodes)


def _written(node: object) -> str:
    if not isinstance(node, etree._Element):
        return str(node)
    node.tail = None
    return etree.tostring(node, encoding="unicode", pretty_print=True).rstrip("\n")
