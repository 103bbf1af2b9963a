"""Containers that do not go on: they keep nobody waiting, and end when they are told to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plugins.lxc.tests.driving import document, eventually
from tests.containers.host import remains
from virtkit import Connection, Domain
from virtkit.enums import DomainShutoffReason, DomainState
from virtkit_lxc import cgroups

CALLERS = 8
"""More than may be under way of one object."""


@pytest.fixture
def fine(connection: Connection, rootfs: Path) -> Domain:
    return connection.create_domain(document(rootfs, "/bin/sleep", "1000", name="fine"))


@pytest.fixture
def stuck(connection: Connection, rootfs: Path, tmp_path: Path) -> Iterator[Domain]:
    """A container that somebody else has frozen; the driver knows nothing of it."""
    domain = connection.create_domain(
        document(rootfs, "/bin/sh", "-c", "trap : TERM; while :; do :; done", name="stuck")
    )
    layout, group = cgroups.Layout.read(), cgroups.place(str(tmp_path / "run" / "lxc"), "stuck")
    cgroups.freeze(layout, group)
    yield domain
    assert not cgroups.exist(layout, group)


def test_a_frozen_container_keeps_nobody_waiting(connection: Connection, fine: Domain, stuck: Domain) -> None:
    with ThreadPoolExecutor(CALLERS) as pool:
        asked = [pool.submit(stuck.shutdown) for _ in range(CALLERS)]
        assert {"fine", "stuck"} == {domain.name for domain in connection.list_domains()}
        assert [DomainState.RUNNING] * 2 == [int(told["state.state"]) for _, told in connection.domain_stats()]
        assert DomainState.RUNNING == stuck.info().state
        assert stuck.info().cpu_time >= 0
        assert stuck.memory_stats()
        assert "<name>stuck</name>" in stuck.xml_desc()
        fine.suspend()
        fine.resume()
        fine.destroy()
        assert ["stuck"] == [domain.name for domain in connection.list_domains()]
        assert [None] * CALLERS == [each.result() for each in asked]
    stuck.destroy()


def test_a_frozen_container_is_destroyed(connection: Connection, fine: Domain, stuck: Domain, tmp_path: Path) -> None:
    stuck.destroy()
    assert ["fine"] == [domain.name for domain in connection.list_domains()]
    fine.destroy()
    assert {} == remains(tmp_path / "run" / "lxc")


def test_one_that_was_suspended_is_destroyed(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs))
    domain.create()
    domain.suspend()
    domain.destroy()
    eventually(lambda: DomainState.SHUTOFF == domain.state().state, "its end")
    assert DomainShutoffReason.DESTROYED == domain.state().reason
