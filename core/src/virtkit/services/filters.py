"""What a list is asked for: pairs of flags, of which each keeps one half of the objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from virtkit.errors import unsupported_flags

T = TypeVar("T")


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


def matching(
    items: Iterable[T], filters: Iterable[Filter[T]], flags: int, function: str, known: int = 0, *, domain: int = 0
) -> list[T]:
    """The objects that pass every filter.

    Args:
        items: Objects in the order wanted.
        filters: All must keep an object.
        flags: What the caller asked.
        function: Its name, for the error.
        known: Flags beside those of the filters that the function allows.
        domain: Error domain of the driver.

    Raises:
        InvalidArgError: Flags that no filter knows.
    """
    if not flags:
        return list(items)
    filters = tuple(filters)
    for group in filters:
        known |= group.true | group.false
    if flags & ~known:
        raise unsupported_flags(function, flags & ~known, domain=domain)
    found = list(items)
    for group in filters:
        wanted = group.wanted(flags)
        if wanted is not None:
            found = [item for item in found if bool(group.test(item)) is wanted]
    return found
