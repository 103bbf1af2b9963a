"""The fixture for tests in a network namespace of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.namespaces.namespace import Namespace


@pytest.fixture
def network() -> Iterator[Namespace]:
    """The test's thread is in a network namespace of its own; skipped where none can be made."""
    if os.geteuid() or not shutil.which("nsenter"):
        pytest.skip("a network namespace needs root and nsenter")
    with Namespace() as namespace, namespace.entered():
        yield namespace
