"""A migration led by an asynchronous program: the phases of the synchronous one, each awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.tests.aio.lab import WEB, AsyncLab, run, when
from virtkit import aio
from virtkit.enums import DomainMigrateFlags, DomainState
from virtkit.errors import InvalidArgError
from virtkit.records import DomainStateReason, MigrateBegin, MigrateFinish, MigratePrepare
from virtkit.refs import DomainRef

THERE = DomainRef("web", bytes(16), 9)
ANSWERS = {
    "connect_supports_feature": True,
    "domain_get_state": DomainStateReason(DomainState.RUNNING, 1),
    "domain_migrate_begin3_params": MigrateBegin(b"begun", "<domain/>"),
    "domain_migrate_prepare3_params": MigratePrepare(b"prepared", "tcp://there:49152"),
    "domain_migrate_perform3_params": b"performed",
    "domain_migrate_finish3_params": MigrateFinish(THERE, b"finished"),
    "domain_lookup_by_name": THERE,
}


class Answers(dict[str, Callable[..., Awaitable[Any]]]):
    """The functions of one side: notes each call, and lets the loop go on before it answers."""

    def __init__(self, side: str, calls: list[str], stuck: str = "") -> None:
        super().__init__()
        self.side, self.calls, self.stuck = side, calls, stuck

    def __missing__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def answer(*arguments: Any) -> Any:
            short = name.removeprefix("domain_migrate_").removesuffix("_params")
            self.calls.append(f"{self.side} {short}" + (" cancelled" if arguments[-1] is True else ""))
            await (asyncio.Event().wait() if name == self.stuck else asyncio.sleep(0))
            return ANSWERS.get(name)

        return answer


async def migrated(calls: list[str], flags: int, stuck: str = "") -> aio.Domain:
    async with await aio.open("lab:///default") as source, await aio.open("lab:///default") as destination:
        source.ops, destination.ops = Answers("source", calls, stuck), Answers("destination", calls)
        return await aio.Domain(source, WEB).migrate(destination, flags=flags)


def test_each_phase_awaits_the_one_before(lab: AsyncLab) -> None:
    calls: list[str] = []
    domain = run(migrated(calls, DomainMigrateFlags.LIVE))
    assert 9 == domain.id
    assert [
        "source connect_supports_feature",
        "source begin3",
        "source domain_get_state",
        "destination prepare3",
        "source perform3",
        "destination finish3",
        "source confirm3",
    ] == calls


def test_a_migration_between_daemons_is_one_call(lab: AsyncLab) -> None:
    async def program() -> None:
        calls: list[str] = []
        async with await aio.open("lab:///default") as conn:
            conn.ops = Answers("source", calls)
            with pytest.raises(InvalidArgError, match="leads back to the host"):
                await aio.Domain(conn, WEB).migrate_to_uri("lab:///default", flags=DomainMigrateFlags.PEER2PEER)
            await aio.Domain(conn, WEB).migrate_to_uri("lab://there/", flags=DomainMigrateFlags.PEER2PEER)
        assert ["source perform3"] == calls

    run(program())


def test_a_migration_that_is_cancelled_is_dropped_at_the_destination(lab: AsyncLab) -> None:
    async def program() -> None:
        calls: list[str] = []
        migration = asyncio.create_task(migrated(calls, DomainMigrateFlags.LIVE, "domain_migrate_perform3_params"))
        await when(lambda: "source perform3" in calls)
        migration.cancel()
        with pytest.raises(asyncio.CancelledError):
            await migration
        assert ["source perform3", "destination finish3 cancelled"] == calls[4:]

    run(program())
