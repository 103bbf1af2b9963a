"""The tree of filters behind a reference, as a list: every rule with the variables that hold where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from virtkit.errors import ConfigUnsupportedError, InternalError, OperationFailedError
from virtkit.xml.element import Element
from virtkit.xml.nwfilter import CHAINS, FilterRef, NWFilter, Rule
from virtkit.xml.surplus import Surplus
from virtkit_netfilter.compiler.variables import NWFILTER, Values, given

Filters = Mapping[str, NWFilter]
"""Filters by name."""

ROOT = "root"

PRIORITY_OF_CHAIN = {"stp": -810, "mac": -800, "vlan": -750, "ipv4": -700, "ipv6": -600, "arp": -500, "rarp": -400}
"""By what the name of the chain begins with."""

PRIORITY_OF_RULE = 500

MOST_RULES = 200_000
"""Rules and references of a device, those of filters that are referred to several times counted as often."""

DEEPEST = 64
"""References that lead from one filter to the next."""


class Placed(NamedTuple):
    """A rule where it stands.

    Attributes:
        rule: The rule.
        filter: Its filter.
        number: Which rule of its filter it is, counted from 1.
        values: Variables there.
        path: Names of the filters that lead to it, its own the last.
    """

    rule: Rule
    filter: NWFilter
    number: int
    values: Values
    path: tuple[str, ...]

    @property
    def chain(self) -> str:
        """The chain the rule belongs to."""
        return self.filter.chain or ROOT

    @property
    def priority(self) -> int:
        """Its place in its chain: lower ones come first."""
        return PRIORITY_OF_RULE if self.rule.priority is None else self.rule.priority

    @property
    def where(self) -> str:
        """The rule's place, for people."""
        return f"rule {self.number} of {route(self.path)}"


def route(path: tuple[str, ...]) -> str:
    """A filter and how it was reached, for people."""
    reached = f" (through {' -> '.join(path[:-1])})" if len(path) > 1 else ""
    return f"filter '{path[-1]}'{reached}"


def prefix_of(chain: str) -> str:
    """What kind of traffic a chain is for: one of `CHAINS`."""
    return next(prefix for prefix in CHAINS if chain.startswith(prefix))


def priority_of(definition: NWFilter) -> int:
    """Where the chain of a filter stands among the rules of the root chain and the other chains."""
    if definition.priority is not None:
        return definition.priority
    chain = definition.chain or ROOT
    return 0 if chain == ROOT else PRIORITY_OF_CHAIN[prefix_of(chain)]


def unknown(element: Element) -> list[str]:
    """Names of attributes and children that mean nothing in an element; those with a prefix are somebody else's."""
    surplus: Surplus | None = element.__dict__.get("_surplus")
    if surplus is None:
        return []
    names = [name for name, _ in surplus.attributes] + [node.tag for _, node in surplus.nodes]
    return [name for name in names if ":" not in name and name != "xmlns"]


def placed(reference: FilterRef, filters: Filters, values: Values) -> Iterator[Placed]:
    """All rules of a filter and of what it refers to, in document order.

    What a reference within a filter gives its variables counts only where the variable has no value yet, so that
    the interface has the last word, as in libvirt.

    Args:
        reference: The filter.
        filters: All definitions.
        values: What is known of the interface.

    Raises:
        InternalError: A filter that is referred to is not defined.
        OperationFailedError: A filter refers to itself, directly or through others.
        ConfigUnsupportedError: There are far too many rules, or parts of a filter that mean nothing.
    """
    walk = _Walk(filters)
    yield from walk.through(reference.filter or "", values, ())


class _Walk:
    """A way through a tree of filters, which ends where it gets too long: each may refer to the next one twice."""

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        self.visited = 0

    def through(self, name: str, values: Values, path: tuple[str, ...]) -> Iterator[Placed]:
        """All rules of a filter that `path` leads to."""
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise OperationFailedError(f"filter '{name}' refers to itself: {circle}", domain=NWFILTER)
        path = (*path, name)
        self._check(path)
        number = 0
        for part in self.filters[name].parts:
            if isinstance(part, Rule):
                number += 1
                yield Placed(part, self.filters[name], number, values, path)
            elif isinstance(part, FilterRef):
                yield from self.through(part.filter or "", {**given(part), **values}, path)

    def _check(self, path: tuple[str, ...]) -> None:
        definition = self.filters.get(path[-1])
        if definition is None:
            raise InternalError(f"{route(path)} is not defined: define it first", domain=NWFILTER)
        if names := unknown(definition):
            raise ConfigUnsupportedError(f"{route(path)}: {', '.join(names)} means nothing: remove it", domain=NWFILTER)
        self.visited += max(1, len(definition.parts))
        if len(path) > DEEPEST or self.visited > MOST_RULES:
            raise ConfigUnsupportedError(
                f"filter '{path[0]}' is too large: at most {MOST_RULES} rules and references, one within another"
                f" {DEEPEST} times at most",
                domain=NWFILTER,
            )


def reached(reference: FilterRef, filters: Filters) -> list[str]:
    """Names of the filters that a reference leads to, directly or through others, each once; defined or not."""
    found: dict[str, None] = {}
    waiting = [reference.filter or ""]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            parts = filters[name].parts if name in filters else []
            waiting += [part.filter or "" for part in reversed(parts) if isinstance(part, FilterRef)]
    return list(found)
