"""Events in asyncio programs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from virtkit.errors import InvalidArgError, OperationAbortedError
from virtkit.events import KEY_OF, DomainBalloonChangeEvent, DomainRebootEvent, EventHub, EventKey
from virtkit.refs import DomainRef

DEADLINE = 20.0
BALLOON = KEY_OF[DomainBalloonChangeEvent]
REBOOT = KEY_OF[DomainRebootEvent]
WEB = DomainRef("web", b"w" * 16, 1)


async def take(events: AsyncIterator[Any], count: int) -> list[Any]:
    return [await asyncio.wait_for(anext(events), DEADLINE) for _ in range(count)]


def publish_later(hub: EventHub, *events: Any) -> None:
    def publish() -> None:
        for event in events:
            hub.publish(WEB, event)

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join(DEADLINE)


def test_events_arrive_in_order_from_the_call_on() -> None:
    async def program() -> None:
        hub = EventHub()
        events = hub.listen([BALLOON, REBOOT])
        expected = [DomainBalloonChangeEvent(1), DomainRebootEvent(), DomainBalloonChangeEvent(2)]
        publish_later(hub, *expected)
        assert await take(events, 3) == [(WEB, event) for event in expected]
        hub.close()

    asyncio.run(program())


def test_a_listener_that_waits_is_woken() -> None:
    async def program() -> None:
        hub = EventHub()
        waiting = asyncio.create_task(take(hub.listen([REBOOT]), 2))
        for _ in range(2):
            await asyncio.to_thread(hub.publish, WEB, DomainRebootEvent())
            assert await asyncio.to_thread(hub.drain)
        assert len(await waiting) == 2
        hub.close()

    asyncio.run(program())


def test_leaving_the_loop_ends_the_subscriptions() -> None:
    async def program() -> None:
        hub = EventHub()
        events = hub.listen([BALLOON, REBOOT])
        publish_later(hub, DomainRebootEvent())
        async for _, event in events:
            assert event == DomainRebootEvent()
            break
        await events.aclose()  # type: ignore[attr-defined]
        with pytest.raises(InvalidArgError):
            hub.unsubscribe(0)
        hub.close()

    asyncio.run(program())


def test_closing_the_hub_ends_the_iteration() -> None:
    async def program() -> None:
        hub = EventHub()
        events = hub.listen([REBOOT])
        publish_later(hub, DomainRebootEvent())
        assert await asyncio.to_thread(hub.drain)
        hub.close()
        assert [event async for _, event in events] == [DomainRebootEvent()]

    asyncio.run(asyncio.wait_for(program(), DEADLINE))


def test_a_loop_that_is_too_slow_gets_what_waited_and_then_an_error() -> None:
    async def program() -> None:
        hub = EventHub(limit=10)
        events = hub.listen([BALLOON])
        for size in range(12):
            hub.publish(WEB, DomainBalloonChangeEvent(size))
            hub.drain()
        assert [event.actual for _, event in await take(events, 10)] == list(range(10))
        with pytest.raises(OperationAbortedError, match="lost"):
            await take(events, 1)
        hub.close()

    asyncio.run(program())


def test_a_loop_that_ended_is_cut() -> None:
    hub = EventHub()

    async def program() -> None:
        hub.listen([REBOOT])

    asyncio.run(program())
    hub.publish(WEB, DomainRebootEvent())
    hub.publish(WEB, DomainRebootEvent())
    assert hub.drain()
    with pytest.raises(InvalidArgError):
        hub.unsubscribe(0)
    hub.close()


def test_an_unknown_event_is_refused_at_once_and_leaves_no_subscription() -> None:
    async def program() -> None:
        hub = EventHub()
        with pytest.raises(InvalidArgError):
            hub.listen([REBOOT, EventKey("domain", 99)])
        with pytest.raises(InvalidArgError):
            hub.unsubscribe(0)
        hub.close()

    asyncio.run(program())


def test_importing_events_brings_neither_asyncio_nor_logging() -> None:
    script = "import sys, virtkit.events, virtkit.store; print({'asyncio', 'logging', 'attr'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n"
