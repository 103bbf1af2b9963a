"""Drivers that asynchronous connections find without being installed."""

from __future__ import annotations

import pytest

from core.tests.aio.lab import AsyncLab, NetLab, ThreadLab
from virtkit import config, discovery
from virtkit.config import Config


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncLab:
    """The driver of `lab:///default`, which has asynchronous functions."""
    driver = AsyncLab()
    monkeypatch.setitem(discovery._drivers, ("hypervisor", "lab"), driver)
    return driver


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> ThreadLab:
    """The driver of `threads:///default`, whose functions run on threads; no driver that is installed here joins it."""
    driver = ThreadLab()
    monkeypatch.setattr(discovery, "names", lambda kind: [])
    monkeypatch.setitem(discovery._drivers, ("hypervisor", "threads"), driver)
    return driver


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> NetLab:
    """A driver of networks that joins connections."""
    driver = NetLab()
    monkeypatch.setitem(discovery._drivers, ("network", "net"), driver)
    monkeypatch.setattr(config, "load", lambda: Config(drivers={"network": "net"}))
    return driver
