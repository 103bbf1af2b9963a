"""Fixtures of tests with real containers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plugins.lxc.tests.lab import Lab
from tests.containers import needs_containers


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose containers end with the test, without anything left."""
    needs_containers()
    with closing(Lab(tmp_path)) as made:
        yield made
