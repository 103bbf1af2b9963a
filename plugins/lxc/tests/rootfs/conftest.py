"""Fixtures of tests that make root file systems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.lxc.tests.imagelayouts import (
    Layouts,
)


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    return Layouts(tmp_path / "layout")


@pytest.fixture(autouse=True)
def _is_root() -> None:
    if os.geteuid():
        pytest.skip("giving files away needs root")
