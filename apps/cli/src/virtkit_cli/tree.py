"""Trees of names, drawn as virsh draws them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def tree(parents: Mapping[str, str | None]) -> Iterator[str]:
    """The lines of a forest.

    Args:
        parents: Name -> name of its parent; a parent that is no name is as None.
    """
    children: dict[str | None, list[str]] = {}
    for name, parent in parents.items():
        children.setdefault(parent if parent in parents else None, []).append(name)
    for root in children.get(None, []):
        yield root
        yield from _below(children, root, "  ")
        yield ""


def _below(children: Mapping[str | None, list[str]], name: str, pad: str) -> Iterator[str]:
    under = children.get(name, [])
    if under:
        yield f"{pad}|"
    for child in under:
        yield f"{pad}+- {child}"
        yield from _below(children, child, pad + ("    " if child == under[-1] else "|   "))
    if under:
        yield pad.rstrip(" ")
