"""The base of enumerations whose members are bits."""

from __future__ import annotations

from enum import EnumType, IntFlag
from typing import Any


def complement(flags: IntFlag) -> int:
    """Every other bit, as in C."""
    return ~int(flags)


class FlagsType(EnumType):
    """Gives each class its complement: `EnumType` puts its own into every subclass, whatever its base has."""

    def __new__(cls, *arguments: Any, **options: Any) -> FlagsType:  # noqa: D102
        made = super().__new__(cls, *arguments, **options)
        type.__setattr__(made, "__invert__", complement)
        return made


class Flags(IntFlag, metaclass=FlagsType):
    """Bits of a number, of which `flags & ~KNOWN` is what a caller should not have set.

    Python's own complement has, in most versions, only the other members, and would let unknown bits pass.
    """

    def __invert__(self) -> int:  # type: ignore[override]
        return complement(self)
