"""Flags: filters of the list-all functions, pairs of which each keeps one half, and bits that nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, unsupported_flags

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)


class Filter(NamedTuple, Generic[T]):
    """A group of two flags; none or both of them keep every object.

    Attributes:
        true: Flag that keeps the objects for which `test` holds.
        false: Flag that keeps the others.
        test: Looks at an object.
    """

    true: int
    false: int
    test: Callable[[T], bool]

    def wanted(self, flags: int) -> bool | None:
        """What `test` must say of an object that the flags keep; None: it does not matter."""
        true, false = bool(flags & self.true), bool(flags & self.false)
        return None if true == false else true


def matching(items: Iterable[T], filters: Iterable[Filter[T]], flags: int, function: str, known: int = 0) -> list[T]:
    """The objects that pass every filter.

    Args:
        items: Objects in the order wanted.
        filters: All must keep an object.
        flags: What the caller asked.
        function: Its name, for the error.
        known: Flags beside those of the filters that the function allows.

    Raises:
        InvalidArgError: Flags that no filter knows.
    """
    filters = tuple(filters)
    for group in filters:
        known |= group.true | group.false
    refuse(function, flags & ~known)
    found = list(items)
    for group in filters:
        wanted = group.wanted(flags)
        if wanted is not None:
            found = [item for item in found if bool(group.test(item)) is wanted]
    return found


def refuse(function: str, flags: int) -> None:
    """Refuse flags that a function does not know.

    Raises:
        InvalidArgError: There are any.
    """
    if flags:
        raise unsupported_flags(function, flags, domain=ErrorDomain.TEST)


def known(enumeration: type[E], value: int, what: str) -> E:
    """The member of an enumeration.

    Raises:
        InvalidArgError: It has none of that value.
    """
    try:
        return enumeration(value)
    except ValueError:
        raise InvalidArgError(
            f"there is no {what} {value}; known are {', '.join(f'{member} ({member.name})' for member in enumeration)}",
            domain=ErrorDomain.DOMAIN,
        ) from None
