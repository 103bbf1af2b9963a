"""Fixtures of the tests that start real networks: in a network namespace of their own, under a root of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.network.tests.host import Host
from tests.namespaces import Namespace


@pytest.fixture
def host(network: Namespace, tmp_path: Path) -> Iterator[Host]:
    """A host with nothing on it, whose driver is open; what the test leaves active is stopped."""
    with Host(network, tmp_path) as host:
        yield host
        host.clear()
