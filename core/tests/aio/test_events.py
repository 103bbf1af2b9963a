"""Events of asynchronous connections."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from core.tests.aio.lab import MAIL, WEB, AsyncLab, ThreadLab, run, when
from virtkit import aio
from virtkit.enums import DomainEventType
from virtkit.errors import (
    InvalidArgError,
    InvalidConnError,
    NotSupportedError,
    OperationAbortedError,
    OperationDeniedError,
)
from virtkit.events import DomainLifecycleEvent, DomainRebootEvent, QemuMonitorEvent, SecretLifecycleEvent

STARTED = DomainLifecycleEvent(DomainEventType.STARTED, 0)


def test_a_loop_iterates_over_objects_and_records(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            async with conn.events(DomainLifecycleEvent, DomainRebootEvent) as events:
                threads.hub.publish(WEB, STARTED)
                threads.hub.publish(MAIL, DomainRebootEvent())
                assert (aio.Domain(conn, WEB), STARTED) == await anext(events)
                domain, event = await anext(events)
                assert ("mail", DomainRebootEvent()) == (domain.name, event)
                assert conn is domain.connection
            assert set() == conn._listening
        assert {} == threads.hub._routes

    run(program())


def test_an_iteration_begins_with_its_first_step(threads: ThreadLab) -> None:
    async def program() -> Any:
        async with await aio.open("threads:///default") as conn:
            events = conn.events(DomainLifecycleEvent)
            threads.hub.publish(MAIL, STARTED)
            first = asyncio.ensure_future(anext(events))
            await when(lambda: threads.hub._routes)
            threads.hub.publish(WEB, STARTED)
            domain, _ = await first
            await events.aclose()
            return domain.name

    assert "web" == run(program())


def test_events_may_be_of_one_object(threads: ThreadLab) -> None:
    async def program() -> str:
        async with await aio.open("threads:///default") as conn:
            mail = aio.Domain(conn, MAIL)
            async with conn.events(DomainLifecycleEvent, obj=mail) as events:
                threads.hub.publish(WEB, STARTED)
                threads.hub.publish(MAIL, STARTED)
                domain, _ = await anext(events)
                name: str = domain.name
                return name

    assert "mail" == run(program())


def test_closing_the_connection_ends_the_iteration(threads: ThreadLab) -> None:
    async def program() -> list[str]:
        async with await aio.open("threads:///default") as conn:
            events = conn.events(DomainLifecycleEvent)
            await events.__aenter__()
            threads.hub.publish(WEB, STARTED)
            assert threads.hub.drain()
        return [domain.name async for domain, _ in events]

    assert ["web"] == run(program())


def test_closing_the_hub_ends_the_iteration(threads: ThreadLab) -> None:
    async def program() -> list[str]:
        async with await aio.open("threads:///default") as conn, conn.events(DomainLifecycleEvent) as events:
            threads.hub.publish(WEB, STARTED)
            threads.hub.close()
            return [domain.name async for domain, _ in events]

    assert [] == [name for name in run(program()) if name != "web"]


def test_a_program_that_is_too_slow_is_told(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn, conn.events(DomainLifecycleEvent) as events:
            [inbox] = conn._listening
            threads.hub.publish(WEB, STARTED)
            assert threads.hub.drain()
            inbox.lose()
            assert STARTED == (await anext(events))[1]
            with pytest.raises(OperationAbortedError, match="lost"):
                await anext(events)

    run(program())


def test_the_other_side_agrees_before_events_are_awaited(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn, conn.events(DomainLifecycleEvent, DomainRebootEvent):
            assert [0, 1] == lab.hub.asked

    run(program())


def test_a_subscription_that_the_other_side_refuses_is_ended(lab: AsyncLab) -> None:
    lab.hub.refusal = OperationDeniedError("events of domains are refused")

    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            with pytest.raises(OperationDeniedError, match="are refused"):
                async with conn.events(DomainLifecycleEvent):
                    pass
            assert set() == conn._listening
        assert {} == lab.hub._routes

    run(program())


def test_what_there_are_no_events_of_is_refused(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default", readonly=True) as conn:
            with pytest.raises(InvalidArgError, match="not an event"):
                conn.events(int)  # type: ignore[arg-type]
            with pytest.raises(NotSupportedError, match="secret"):
                await anext(conn.events(SecretLifecycleEvent))
            with pytest.raises(OperationDeniedError, match="read-only"):
                await conn.subscribe(QemuMonitorEvent, print)
        with pytest.raises(InvalidConnError):
            await anext(conn.events(DomainLifecycleEvent))

    run(program())


# Callbacks


def test_a_callback_runs_in_the_loop(threads: ThreadLab) -> None:
    got: list[Any] = []

    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            async with await conn.subscribe(
                DomainLifecycleEvent, lambda *each: got.append((*each, threading.current_thread()))
            ):
                threads.hub.publish(WEB, STARTED)
                await when(lambda: got)
                assert (aio.Domain(conn, WEB), STARTED, threading.current_thread()) == got[0]
            assert {} == threads.hub._routes

    run(program())


def test_a_callback_that_fails_is_logged_and_stays(threads: ThreadLab, caplog: pytest.LogCaptureFixture) -> None:
    got: list[str] = []

    def callback(domain: aio.Domain, event: DomainLifecycleEvent) -> None:
        got.append(domain.name)
        raise RuntimeError("no idea")

    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            subscription = await conn.subscribe(DomainLifecycleEvent, callback)
            threads.hub.publish(WEB, STARTED)
            threads.hub.publish(MAIL, STARTED)
            await when(lambda: len(got) == 2)
            await subscription.close()
            await subscription.close()

    with caplog.at_level(logging.ERROR):
        run(program())
    assert ["web", "mail"] == got
    assert 2 == len([record for record in caplog.records if "callback failed" in record.message])


def test_a_callback_that_was_cut_is_logged(threads: ThreadLab, caplog: pytest.LogCaptureFixture) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            await conn.subscribe(DomainLifecycleEvent, print)
            [inbox] = conn._listening
            inbox.lose()
            await when(lambda: "called no more" in caplog.text)

    with caplog.at_level(logging.WARNING):
        run(program())


def test_closing_the_connection_ends_callbacks(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            subscription = await conn.subscribe(DomainLifecycleEvent, print)
        assert {} == threads.hub._routes
        await subscription.close()

    run(program())
