"""Fixtures of the test driver's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugins.test.tests.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A connection to a fresh `test:///default`."""
    opened = Bench()
    yield opened
    opened.close()
