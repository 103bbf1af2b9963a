"""The life of a connection, and what `import virtkit` costs."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import Any

import pytest

import virtkit
from virtkit.api.domain import Domain
from virtkit.errors import InvalidConnError
from virtkit.refs import DomainRef


def test_a_closed_connection_refuses_every_call(lab: Any) -> None:
    domain = Domain(lab.conn, DomainRef("web", bytes(16)))
    lab.conn.close()
    with pytest.raises(InvalidConnError, match="connect_get_hostname"):
        lab.conn.hostname()
    with pytest.raises(InvalidConnError, match="domain_get_info"):
        domain.info()
    with pytest.raises(InvalidConnError):
        lab.conn.is_encrypted()


def test_closing_twice_closes_the_drivers_once(lab: Any) -> None:
    with lab.conn:
        assert not lab.conn.is_closed
    lab.conn.close()
    assert lab.conn.is_closed
    assert 1 == lab.parts.closed


def test_a_connection_nobody_holds_closes_itself(make_lab: Any) -> None:
    lab = make_lab()
    domain, parts = Domain(lab.conn, DomainRef("web", bytes(16))), lab.parts
    del lab
    gc.collect()
    assert 0 == parts.closed, "a handle holds it"
    del domain
    gc.collect()
    assert 1 == parts.closed


def test_a_connection_is_alive_until_its_driver_says_otherwise_or_it_is_closed(lab: Any) -> None:
    assert lab.conn.is_alive()
    lab.parts.driver.alive = False
    assert not lab.conn.is_alive()
    lab.parts.driver.alive = True
    lab.conn.close()
    assert not lab.conn.is_alive()


def test_the_driver_knows_whether_a_connection_is_encrypted(lab: Any, make_lab: Any) -> None:
    assert not lab.conn.is_encrypted()
    assert make_lab(session="over TLS").conn.is_encrypted()


def test_a_connection_shows_its_uri_and_state(lab: Any, make_lab: Any) -> None:
    assert "<Connection lab:///default open>" == repr(lab.conn)
    assert "<Connection lab:///default read-only>" == repr(make_lab(readonly=True).conn)
    lab.conn.close()
    assert "<Connection lab:///default closed>" == repr(lab.conn)


def test_every_exported_name_is_there_and_typed() -> None:
    for name in virtkit.__all__:
        assert getattr(virtkit, name) is not None
        assert name in dir(virtkit)
    with pytest.raises(AttributeError, match="Weight"):
        virtkit.Weight  # noqa: B018


def test_importing_virtkit_imports_neither_the_api_nor_other_packages() -> None:
    script = "import sys; before = set(sys.modules); import virtkit; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    imported = done.stdout.split()
    assert ["virtkit"] == [name for name in imported if name.startswith("virtkit")]
    assert not {"lxml", "stevedore", "pluggy", "attr", "asyncio", "logging"} & set(imported)
