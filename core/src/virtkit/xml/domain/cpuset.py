"""Sets of CPUs or NUMA nodes as documents write them: `0-3,^2,8`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.xml.values import Refusal, Value, quoted

HIGHEST = 16383
"""No CPU or node has a higher number; keeps a hostile range from filling memory."""

_PART = re.compile(r"(\^)?([0-9]{1,5})(?:-([0-9]{1,5}))?")


def members(text: str) -> set[int]:
    """The numbers a set's text stands for; `^n` takes one out.

    Raises:
        Refusal: It is not such a text.
    """
    bits = 0
    for part in text.replace(" ", "").split(","):
        match = _PART.fullmatch(part)
        low = int(match[2]) if match else 0
        high = int(match[3]) if match and match[3] else low
        if match is None or high < low or high > HIGHEST or (match[1] and match[3]):
            raise Refusal(f"{quoted(text)} is not a set of CPUs such as 0-3,^2,8", InvalidArgError, ErrorDomain.NONE)
        span = (1 << high + 1) - (1 << low)
        bits = bits & ~span if match[1] else bits | span
    return {number for number in range(bits.bit_length()) if bits >> number & 1}


def written(numbers: Iterable[int]) -> str:
    """The shortest text of a set: ranges, in order."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


CPUSET: Value[str] = Value(lambda text: written(members(text)))
"""A set in its shortest form; `members` has its numbers."""
