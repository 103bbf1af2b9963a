"""What a hook returns, made from the plain values of the wire, by the annotation of its specification."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from virtkit import enums, records, streams
from virtkit.events import records as events
from virtkit.flags import Flags

Maker = Callable[[Any], Any]

AS_DECODED = frozenset({"None", "int", "bytes", "TypedParams"})
"""Annotations of values that need nothing more, like those of references; a `str` may have come as characters."""


@cache
def maker(annotation: str) -> Maker | None:
    """What turns a decoded value into one of an annotation; None where it is one already.

    A number that an enumeration does not have, from a daemon newer than we are, stays a number.
    """
    inner, optional, _ = annotation.partition(" | None")
    if optional:
        return _optional(maker(inner))
    if annotation.startswith("list["):
        return _list(maker(annotation[5:-1]))
    if annotation in AS_DECODED or annotation.endswith("Ref") or annotation.startswith("tuple"):
        return None
    if hasattr(streams, annotation):
        return None
    if annotation == "bool":
        return bool
    if annotation == "str":
        return _text
    record = getattr(records, annotation, None) or getattr(events, annotation, None)
    return record_maker(record) if record else _member(annotation)


def _optional(made: Maker | None) -> Maker | None:
    if made is None:
        return None
    return lambda value: None if value is None else made(value)


def _list(made: Maker | None) -> Maker | None:
    if made is None:
        return None
    return lambda values: [made(value) for value in values]


def _text(value: str | bytes) -> str:
    """Text that may have come as single characters, with a zero at its end."""
    return value if isinstance(value, str) else value.rstrip(b"\0").decode("utf-8", "surrogateescape")


def record_maker(cls: Any) -> Maker:
    """What makes a record of a class, of `virtkit.records` or `virtkit.events`, of a sequence of its fields."""
    makers = [maker(annotation) for annotation in cls.__annotations__.values()]
    values = [f"m{number}(v[{number}])" if made else f"v[{number}]" for number, made in enumerate(makers)]
    scope = {f"m{number}": made for number, made in enumerate(makers)}
    made: Maker = eval(
        f"lambda v: new(cls, ({', '.join(values)}{',' if values else ''}))",
        {"new": tuple.__new__, "cls": cls, **scope},
    )
    return made


def _member(name: str) -> Maker:
    """What makes a member of an enumeration of its number."""
    cls: Any = getattr(enums, name)
    if issubclass(cls, Flags):
        of_bits: Maker = cls
        return of_bits
    members = cls._value2member_map_
    return lambda value: members.get(value, value)
