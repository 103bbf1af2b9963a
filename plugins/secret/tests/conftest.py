"""Fixtures of the secret driver's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.secret.tests.place import VALUE, Place, document


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def conn(place: Place) -> Iterator[virtkit.Connection]:
    with place.open() as connection:
        yield connection


@pytest.fixture
def secret(conn: virtkit.Connection) -> virtkit.Secret:
    """A secret with a value."""
    defined = conn.define_secret(document())
    defined.set_value(VALUE)
    return defined
