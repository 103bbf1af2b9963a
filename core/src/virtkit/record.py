"""Named tuples that cost little to declare: `Record` is `typing.NamedTuple` without its price at import.

    class NetworkRef(Record):
        name: str
        uuid: bytes

Declaring a `NamedTuple` takes 0.16 ms, most of it for compiling annotations and a constructor that many programs never
use; a hundred of them would be a fifth of what opening a connection may take (`docs/adr/0010-*.md`). A record compiles
its constructor on first use and has the same methods from then on; type checkers see a `NamedTuple`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from _collections import _tuplegetter as _getter

    class _Fields(tuple):
        """What the instances of all records do, as named tuples do it."""

        __slots__ = ()

        def __new__(cls, *values: Any, **named: Any) -> Any:
            record = next(base for base in cls.__mro__ if "_fields" in base.__dict__)
            record.__new__ = _constructor(record)
            return record.__new__(cls, *values, **named)

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Any:
            return cls(*values)

        def _replace(self, **changes: Any) -> Any:
            return type(self)(**self._asdict() | changes)

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    def _constructor(record: type) -> Any:
        names = ", ".join(record._fields)
        source = f"lambda cls, {names}: new(cls, ({names},))" if names else "lambda cls: new(cls)"
        function = eval(source, {"new": tuple.__new__})
        function.__name__ = "__new__"
        function.__qualname__ = f"{record.__qualname__}.__new__"
        function.__defaults__ = tuple(record._field_defaults.values())
        return function

    class _Declaring(type):
        """Makes a class body with annotations a class of tuples."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
            fields = tuple(body.get("__annotations__", ()))
            defaults = {name: body[name] for name in fields if name in body}
            body.update((name, _getter(number, f"Field number {number}")) for number, name in enumerate(fields))
            body.update(__slots__=(), _fields=fields, _field_defaults=defaults, __match_args__=fields)
            return type(name, (_Fields,), body)

    Record = type.__new__(_Declaring, "Record", (), {})
