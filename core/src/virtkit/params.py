"""Typed parameters: a mapping that keeps the wire type of each entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

INT, UINT, LLONG, ULLONG, DOUBLE, BOOLEAN, STRING = range(1, 8)
"""Wire types, with the values of `virtkit.enums.TypedParameterType`."""

TYPE_NAMES = {INT: "int", UINT: "uint", LLONG: "llong", ULLONG: "ullong", DOUBLE: "double", BOOLEAN: "boolean"}
TYPE_NAMES[STRING] = "string"

Value = int | float | bool | str


class TypedParams(dict[str, Value]):
    """Name -> value, in order, with `types` telling each entry's wire type.

    Where libvirt repeats a field name (lists, such as several disks of a migration), the value of the name is the
    last one and `repeated` holds all of them in order.

    A plain dict serves wherever parameters are passed in: `TypedParams.of` guesses the types a driver did not state.
    """

    __slots__ = ("repeated", "types")

    def __init__(self, values: Mapping[str, Value] | None = None, types: Mapping[str, int] | None = None) -> None:
        if values:
            self.update(values)
        self.types: dict[str, int] = dict(types or ())
        self.repeated: dict[str, list[Value]] = {}

    def put(self, name: str, kind: int, value: Value) -> TypedParams:
        """Add an entry of a stated wire type; a name given before becomes repeated."""
        if name in self:
            self.repeated.setdefault(name, [self[name]]).append(value)
        self[name] = value
        self.types[name] = kind
        return self

    def type_of(self, name: str) -> int:
        """The wire type of an entry: the stated one, else by its Python type (int -> llong)."""
        return self.types.get(name) or guess(self[name])

    def entries(self) -> Iterable[tuple[str, int, Value]]:
        """(name, wire type, value) of every entry, repeated ones included."""
        for name, value in self.items():
            for each in self.repeated.get(name, (value,)):
                yield name, self.type_of(name), each

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> TypedParams:
        """The values as parameters; those that are already are returned as they are."""
        return values if isinstance(values, TypedParams) else cls(values)

    @classmethod
    def all_of(cls, kind: int, values: Mapping[str, Value]) -> TypedParams:
        """Parameters that are all of one wire type."""
        return cls(values, dict.fromkeys(values, kind))


def guess(value: Value) -> int:
    """The wire type that holds a Python value: bool -> boolean, int -> llong, float -> double, str -> string."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return LLONG
    return DOUBLE if isinstance(value, float) else STRING
