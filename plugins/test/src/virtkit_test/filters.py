"""Flags: what lists are asked for, and bits that nobody knows."""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import TypeVar

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, unsupported_flags
from virtkit.services import filters
from virtkit.services.filters import Filter as Filter

E = TypeVar("E", bound=IntEnum)

matching = partial(filters.matching, domain=ErrorDomain.TEST)


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
