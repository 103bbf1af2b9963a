"""Fixtures of tests with real containers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plugins.lxc.tests.lab import Lab
from tests.containers import needs_containers


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab whose containers end with the test, without anything left; users of id maps may enter its folder."""
    needs_containers()
    with tempfile.TemporaryDirectory(prefix="virtkit-lxc-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        with closing(Lab(Path(folder))) as made:
            yield made
