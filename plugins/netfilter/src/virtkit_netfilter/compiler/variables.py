"""Variables of rules: what stands for them, and which combinations of values a rule is made for.

`$A` and `$A[@1]` go through the values of A, by iterator 0 and 1; variables of one iterator go through theirs side by
side, iterators are combined each with each. `$A[2]` is the third value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.xml.nwfilter import FilterRef

NWFILTER = ErrorDomain.NWFILTER

Values = Mapping[str, tuple[str, ...]]
"""Values by name of the variable; no variable has no value."""

MOST_COMBINATIONS = 65_536
"""Rules that one rule may become: more is a mistake, and would take the host's memory."""

_REFERENCE = re.compile(r"\$([a-zA-Z0-9_]+)(?:\[(@?)([0-9]+)\])?")


def given(reference: FilterRef) -> dict[str, tuple[str, ...]]:
    """The values that a reference to a filter gives, in their order."""
    found: dict[str, tuple[str, ...]] = {}
    for parameter in reference.parameters:
        name = parameter.name or ""
        found[name] = (*found.get(name, ()), parameter.value or "")
    return found


def name_of(reference: str) -> str:
    """The name of the variable that `$A`, `$A[2]` or `$A[@1]` refers to."""
    return _parts(reference)[0]


def _parts(reference: str) -> tuple[str, bool, int]:
    """Name, whether it is iterated over, and number of the iterator or of the value."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise ValueError(f"{reference} is no variable: the parser lets none such through")
    name, at, number = match.groups()
    return name, bool(at) or number is None, int(number or 0)


def combinations(references: list[str], values: Values, where: str) -> Iterator[dict[str, str]]:
    """Values of the references of a rule, once for each combination.

    Args:
        references: Such as `$IP` and `$PORTS[@1]`.
        values: Of all variables.
        where: The rule, for errors.

    Raises:
        InternalError: A variable has no value, or not as many as asked for.
        ConfigUnsupportedError: Variables of one iterator have different numbers of values; or far too many rules.
    """
    fixed: dict[str, str] = {}
    iterated: dict[int, dict[str, tuple[str, ...]]] = {}
    for reference in references:
        name, iterates, number = _parts(reference)
        if not values.get(name):
            raise InternalError(f"{where}: the variable {name} has no value: give it one", domain=NWFILTER)
        if iterates:
            iterated.setdefault(number, {})[reference] = values[name]
        elif number < len(values[name]):
            fixed[reference] = values[name][number]
        else:
            raise InternalError(
                f"{where}: {reference} asks for value {number} of {name}, counted from 0: it has {len(values[name])}",
                domain=NWFILTER,
            )
    columns = [_side_by_side(number, lists, where) for number, lists in sorted(iterated.items())]
    count = 1
    for column in columns:
        count *= len(column)
    if count > MOST_COMBINATIONS:
        raise ConfigUnsupportedError(
            f"{where}: its variables make {count} rules of it: more than {MOST_COMBINATIONS} are not made",
            domain=NWFILTER,
        )
    for row in product(*columns):
        yield fixed | {reference: value for part in row for reference, value in part.items()}


def _side_by_side(iterator: int, lists: Mapping[str, tuple[str, ...]], where: str) -> list[dict[str, str]]:
    lengths = {reference: len(values) for reference, values in lists.items()}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{reference} {length}" for reference, length in lengths.items())
        raise ConfigUnsupportedError(
            f"{where}: iterator {iterator} goes through lists of different lengths ({counted}): make them equal, or"
            " use another iterator for each combination, such as [@1] and [@2]",
            domain=NWFILTER,
        )
    rows = zip(*lists.values(), strict=True)
    return list({row: dict(zip(lists, row, strict=True)) for row in rows}.values())
