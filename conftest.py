"""Fixtures and marks for the tests of every distribution."""

from __future__ import annotations

pytest_plugins = ["tests.namespaces.plugin", "tests.testkernel.plugin"]
