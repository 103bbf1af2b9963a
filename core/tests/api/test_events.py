"""Programs subscribe to events of a connection, by callback or in an asyncio loop."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest

from virtkit.api.domain import Domain
from virtkit.api.network import Network
from virtkit.enums import DomainEventType, NetworkEventLifecycleType
from virtkit.errors import InvalidArgError, InvalidConnError, NotSupportedError, OperationDeniedError
from virtkit.events import (
    DomainLifecycleEvent,
    DomainRebootEvent,
    EventKey,
    NetworkLifecycleEvent,
    QemuMonitorEvent,
    SecretLifecycleEvent,
)
from virtkit.refs import DomainRef, NetworkRef

WEB, MAIL = DomainRef("web", bytes(16), 1), DomainRef("mail", bytes(15) + b"\1", 2)
NET = NetworkRef("default", bytes(16))
STARTED = DomainLifecycleEvent(DomainEventType.STARTED, 0)


def publish(lab: Any, *events: tuple[Any, Any]) -> None:
    """Publish and wait until callbacks have run."""
    for ref, event in events:
        lab.parts.driver.hub.publish(ref, event)
    assert lab.parts.driver.hub.drain()


def test_a_callback_gets_a_handle_and_the_record(lab: Any) -> None:
    got: list[Any] = []
    lab.conn.subscribe(DomainLifecycleEvent, lambda *each: got.append(each))
    publish(lab, (WEB, STARTED))
    assert [(Domain(lab.conn, WEB), STARTED)] == got
    assert got[0][0].connection is lab.conn


def test_an_event_may_be_named_by_class_and_id(lab: Any) -> None:
    got: list[Any] = []
    lab.conn.subscribe(EventKey("network", 0), lambda *each: got.append(each))
    event = NetworkLifecycleEvent(NetworkEventLifecycleType.STARTED)
    publish(lab, (NET, event), (WEB, STARTED))
    assert [(Network(lab.conn, NET), event)] == got


def test_a_subscription_may_be_for_one_object(lab: Any) -> None:
    got: list[Any] = []
    lab.conn.subscribe(DomainRebootEvent, lambda domain, _: got.append(domain.name), Domain(lab.conn, MAIL))
    publish(lab, (WEB, DomainRebootEvent()), (MAIL, DomainRebootEvent()))
    assert ["mail"] == got


def test_a_closed_subscription_is_silent(lab: Any) -> None:
    got: list[Any] = []
    with lab.conn.subscribe(DomainLifecycleEvent, lambda *each: got.append(each)) as subscription:
        publish(lab, (WEB, STARTED))
    subscription.close()
    publish(lab, (MAIL, STARTED))
    assert 1 == len(got)
    assert {} == lab.conn._subscriptions


def test_closing_the_connection_ends_its_subscriptions(lab: Any) -> None:
    got: list[Any] = []
    subscription = lab.conn.subscribe(DomainLifecycleEvent, lambda *each: got.append(each))
    lab.conn.close()
    publish(lab, (WEB, STARTED))
    subscription.close()
    assert [] == got


def test_a_callback_alone_does_not_keep_a_connection_open(make_lab: Any) -> None:
    lab = make_lab()
    parts = lab.parts
    subscription = lab.conn.subscribe(DomainLifecycleEvent, print)
    del lab
    gc.collect()
    assert 0 == parts.closed, "the subscription holds it"
    del subscription
    gc.collect()
    assert 1 == parts.closed


def test_callbacks_run_on_another_thread(lab: Any) -> None:
    threads: list[threading.Thread] = []
    lab.conn.subscribe(DomainLifecycleEvent, lambda *_: threads.append(threading.current_thread()))
    publish(lab, (WEB, STARTED))
    assert [threading.current_thread()] != threads


def test_a_connection_without_such_objects_has_no_such_events(lab: Any) -> None:
    with pytest.raises(NotSupportedError, match="secret"):
        lab.conn.subscribe(SecretLifecycleEvent, print)


@pytest.mark.parametrize("event", [int, EventKey("domain", 999), EventKey("weather", 0)])
def test_what_is_no_event_is_refused(lab: Any, event: Any) -> None:
    with pytest.raises(InvalidArgError, match="not an event"):
        lab.conn.subscribe(event, print)


def test_a_closed_connection_takes_no_subscription(lab: Any) -> None:
    lab.conn.close()
    with pytest.raises(InvalidConnError):
        lab.conn.subscribe(DomainLifecycleEvent, print)


def test_a_read_only_connection_has_no_monitor_events(make_lab: Any) -> None:
    with pytest.raises(OperationDeniedError, match="read-only"):
        make_lab(readonly=True).conn.subscribe(QemuMonitorEvent, print)
    make_lab(readonly=True).conn.subscribe(DomainLifecycleEvent, print).close()


def test_a_loop_iterates_over_events_of_several_kinds(lab: Any) -> None:
    async def program() -> list[Any]:
        got: list[Any] = []
        events = lab.conn.events(DomainLifecycleEvent, NetworkLifecycleEvent)
        publish(lab, (WEB, STARTED), (NET, NetworkLifecycleEvent(NetworkEventLifecycleType.STOPPED)))
        async for obj, event in events:
            got.append((obj, event))
            if len(got) == 2:
                return got
        return got

    domain_event, network_event = asyncio.run(asyncio.wait_for(program(), 60))
    assert (Domain(lab.conn, WEB), STARTED) == domain_event
    assert Network(lab.conn, NET) == network_event[0]


def test_closing_the_connection_ends_the_iteration(lab: Any) -> None:
    async def program() -> list[Any]:
        events = lab.conn.events(DomainLifecycleEvent)
        publish(lab, (WEB, STARTED))
        lab.conn.close()
        return [domain.name async for domain, _ in events]

    assert ["web"] == asyncio.run(asyncio.wait_for(program(), 60))


def test_leaving_the_iteration_ends_its_subscriptions(lab: Any) -> None:
    async def program() -> None:
        events = lab.conn.events(DomainLifecycleEvent)
        publish(lab, (WEB, STARTED))
        async for _ in events:
            break
        await events.aclose()

        assert {} == lab.conn._subscriptions

    asyncio.run(asyncio.wait_for(program(), 60))
