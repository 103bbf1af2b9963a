"""The asynchronous API over the test driver, a whole host in memory."""

from __future__ import annotations

import asyncio

import pytest

from core.tests.aio.lab import run
from virtkit import aio
from virtkit.enums import DomainEventType, DomainState
from virtkit.errors import NoDomainError, VirtError
from virtkit.events import DomainLifecycleEvent

XML = """
<domain type='test'>
  <name>aio</name>
  <memory unit='MiB'>64</memory>
  <os><type>hvm</type></os>
</domain>
"""


def test_a_domain_lives_and_its_events_tell() -> None:
    async def program() -> list[DomainEventType]:
        async with await aio.open("test:///default") as conn, conn.events(DomainLifecycleEvent) as events:
            domain = await conn.define_domain(XML)
            await domain.create()
            assert domain.id > 0
            with pytest.raises(VirtError, match="running already"):
                await domain.create()
            await domain.suspend()
            assert DomainState.PAUSED == (await domain.state()).state
            await domain.destroy()
            await domain.undefine()
            with pytest.raises(NoDomainError):
                await conn.lookup_domain_by_name("aio")
            return [(await anext(events))[1].event for _ in range(5)]

    kinds = DomainEventType
    assert [kinds.DEFINED, kinds.STARTED, kinds.SUSPENDED, kinds.STOPPED, kinds.UNDEFINED] == run(program())


def test_everything_of_the_host_is_asked_at_once() -> None:
    async def program() -> list[list[str]]:
        async with await aio.open("test:///default", readonly=True) as conn:
            lists = await asyncio.gather(
                conn.list_domains(), conn.list_networks(), conn.list_storage_pools(), conn.list_interfaces()
            )
            return [[each.name for each in objects] for objects in lists]

    assert [["test"], ["default"], ["default-pool"], ["eth1"]] == run(program())
