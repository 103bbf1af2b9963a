"""Sizes with units: any unit in, one unit inside and out, rounded up."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.xml.values import Refusal, quoted

_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_UNIT = re.compile(r"b|bytes?|([kmgtpe])(i?b)?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,20}")

LARGEST = 2**64 - 1
"""Sizes travel as unsigned 64-bit numbers."""


@lru_cache(64)
def factor(unit: str) -> int:
    """Return the bytes in one `unit`: `b`, `bytes`, `KB` (1000), `K` or `KiB` (1024), up to `E`.

    Raises:
        Refusal: The unit is unknown (an `InvalidArgError` for the user).
    """
    match = _UNIT.fullmatch(unit) if len(unit) <= 5 else None
    if match is None:
        message = f"{quoted(unit)} is not a unit such as bytes, KiB, MiB, GiB, KB, MB, GB"
        raise Refusal(message, InvalidArgError, ErrorDomain.NONE)
    letter, suffix = match.groups()
    if letter is None:
        return 1
    base = 1000 if suffix in ("b", "B") else 1024
    return int(base ** _POWERS[letter.lower()])


class Size:
    """A number with a unit beside it.

    Args:
        unit: The unit inside and printed.
        default: The unit of a number that has none; None is `unit`.
        attribute: Name of the attribute with the unit.
    """

    __slots__ = ("attribute", "default", "read", "unit")

    def __init__(self, unit: str, default: str | None = None, attribute: str = "unit") -> None:
        self.unit = unit
        self.default = default or unit
        self.attribute = attribute
        self.read = self._reader()

    def _reader(self) -> Callable[[str, str | None], int]:
        inside, without = factor(self.unit), factor(self.default)

        def read(text: str, unit: str | None) -> int:
            """Return `text` in `unit` as a number of this size's own unit, rounded up."""
            if not _NUMBER.fullmatch(text):
                raise Refusal(f"{quoted(text)} is not a size: a whole number without sign or blanks")
            size = int(text) * (without if unit is None else factor(unit))
            if size > LARGEST:
                raise Refusal(f"the size {text} {unit or self.default} exceeds 64 bits: use a smaller one")
            return -(-size // inside)

        return read
