"""Fixtures of the network filter driver's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.netfilter.tests.lab import Guest, Lab
from tests.namespaces import Namespace


@pytest.fixture
def lab(network: Namespace, tmp_path: Path) -> Iterator[Lab]:
    """A host of its own."""
    lab = Lab(network, tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def conn(lab: Lab) -> Iterator[virtkit.Connection]:
    with lab.open() as connection:
        yield connection


@pytest.fixture
def guest(lab: Lab) -> Guest:
    """A guest that uses an address without having asked anybody."""
    return lab.guest("10.0.0.7")
