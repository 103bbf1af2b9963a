"""A record is a named tuple in all that can be seen of it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from virtkit.record import Record


class Point(Record):
    """A place."""

    x: int
    y: int
    label: str | None = None

    @property
    def sum(self) -> int:
        """Both."""
        return self.x + self.y


class Named(NamedTuple):
    """A place."""

    x: int
    y: int
    label: str | None = None


class Nothing(Record):
    """Has no fields."""


class Far(Point):
    """Inherits the fields."""


def test_a_record_is_made_and_read_like_a_named_tuple() -> None:
    point = Point(1, y=2)
    named = Named(1, 2)
    assert (1, 2, None, 3) == (point.x, point.y, point.label, point.sum)
    assert (tuple(named), hash(named), named._asdict()) == (tuple(point), hash(point), point._asdict())
    assert (Named._fields, Named._field_defaults) == (Point._fields, Point._field_defaults)
    assert "Point(x=1, y=2, label=None)" == repr(point)
    assert (Point(3, 2), Point(1, 2)) == (point._replace(x=3), Point._make([1, 2]))


def test_a_record_is_copied_and_pickled() -> None:
    point = Point(1, 2, "a")
    for other in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert (Point, point) == (type(other), other)


def test_a_record_may_have_no_fields_or_be_inherited() -> None:
    assert ((), "Nothing()") == (Nothing(), repr(Nothing()))
    assert (Far, 3, Point(1, 2)) == (type(Far(1, 2)), Far(1, 2).sum, Far(1, 2))
    match Point(1, 2):
        case Point(x, y):
            assert (1, 2) == (x, y)


@pytest.mark.parametrize("arguments", [(1,), (1, 2, 3, 4)])
@pytest.mark.parametrize("make", [Point, Named])
def test_a_wrong_number_of_values_is_refused(make: Callable[..., Any], arguments: tuple[int, ...]) -> None:
    with pytest.raises(TypeError, match=r"__new__\(\) (missing 1 required|takes from 3 to 4) positional argument"):
        make(*arguments)


def test_a_record_never_changes() -> None:
    point = Point(1, 2)
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(point, name, 3)
