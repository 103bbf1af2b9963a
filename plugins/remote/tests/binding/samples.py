"""Made-up values of the types that hooks take and return."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from inspect import Signature, signature
from typing import Any

from virtkit import enums, records, refs
from virtkit.discovery import functions
from virtkit.events import records as events
from virtkit.flags import Flags
from virtkit.hookspecs import KINDS, spec_class
from virtkit.params import BOOLEAN, DOUBLE, INT, LLONG, STRING, UINT, ULLONG, TypedParams
from virtkit.spec import specified
from virtkit_remote.protocol.schema import procedure_named


def signatures() -> dict[str, Signature]:
    """Every hook's signature as it is declared."""
    specs = [spec_class(module) for modules in KINDS.values() for module in modules]
    return {name: signature(function) for spec in specs for name, function, _ in specified(spec)}


def plain_hooks() -> list[str]:
    """The hooks of procedures without streams and descriptors."""
    return sorted(name for name in functions() if not _carries(name))


def _carries(name: str) -> bool:
    procedure = procedure_named(name)
    return bool(procedure.stream or procedure.fds_call or procedure.fds_reply)


class Samples:
    """Values, all different."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def of(self, annotation: str) -> Any:
        """A value of an annotation."""
        number = next(self._numbers)
        inner, optional, _ = annotation.partition(" | None")
        if optional:
            return self.of(inner)
        for beginning in ("list[", "Sequence["):
            if annotation.startswith(beginning):
                return [self.of(annotation[len(beginning) : -1]) for _ in range(3)]
        if annotation == "dict[DomainMemoryStatTags, int]":
            return {tag: next(self._numbers) for tag in enums.DomainMemoryStatTags}
        if annotation in ("TypedParams", "Mapping[str, Value]"):
            return self.params()
        if annotation in _PLAIN:
            return _PLAIN[annotation](number)
        return self._of_class(annotation)

    def _of_class(self, annotation: str) -> Any:
        found = next((getattr(home, annotation) for home in (refs, records, events) if hasattr(home, annotation)), None)
        if found:
            return found(*map(self._of_field, found._fields, found.__annotations__.values()))
        members = [*getattr(enums, annotation)]
        return members[0] | members[-1] if isinstance(members[0], Flags) else members[-1]

    def _of_field(self, name: str, annotation: str) -> Any:
        return next(self._numbers).to_bytes(16, "big") if name == "uuid" else self.of(annotation)

    def params(self) -> TypedParams:
        """Parameters of every type, one of them twice."""
        params = TypedParams()
        for kind, value in _EVERY_KIND:
            params.put(f"kind-{kind}", kind, value)
        return params.put("kind-7", STRING, "second")

    def arguments(self, hook: Signature) -> list[Any]:
        """Arguments of a hook, after the session."""
        return [self._argument(each.name, each.annotation) for each in [*hook.parameters.values()][2:]]

    def _argument(self, name: str, annotation: str) -> Any:
        if name == "uuid":
            return next(self._numbers).to_bytes(16, "big")
        return 4 if name == "flags" else self.of(annotation)


_EVERY_KIND: Sequence[tuple[int, Any]] = (
    (INT, -5), (UINT, 5), (LLONG, -(2**40)), (ULLONG, 2**63), (DOUBLE, 0.5), (BOOLEAN, True), (STRING, "first"),
)  # fmt: skip

_PLAIN: dict[str, Any] = {
    "None": lambda number: None,
    "int": lambda number: number,
    "bool": lambda number: True,
    "str": lambda number: f"text-{number}",
    "bytes": lambda number: bytes([number % 256]) * 5,
}
