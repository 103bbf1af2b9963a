"""The hub: in order, on one thread, never in the publisher's way."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from virtkit.enums import DomainEventType, NetworkEventLifecycleType
from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.events import (
    KEY_OF,
    DomainBalloonChangeEvent,
    DomainLifecycleEvent,
    DomainRebootEvent,
    EventHub,
    EventKey,
    NetworkLifecycleEvent,
    NodeDeviceUpdateEvent,
    SecretValueChangedEvent,
)
from virtkit.events.hub import STUCK_AFTER
from virtkit.refs import DomainRef, NetworkRef, NodeDeviceRef, SecretRef

DEADLINE = 20.0
LIFECYCLE = KEY_OF[DomainLifecycleEvent]
REBOOT = KEY_OF[DomainRebootEvent]
BALLOON = KEY_OF[DomainBalloonChangeEvent]
WEB = DomainRef("web", b"w" * 16, 1)
DB = DomainRef("db", b"d" * 16)
STARTED = DomainLifecycleEvent(DomainEventType.STARTED, 0)
STOPPED = DomainLifecycleEvent(DomainEventType.STOPPED, 0)


@pytest.fixture
def hub() -> Iterator[EventHub]:
    hub = EventHub("test hub", limit=100)
    yield hub
    hub.close()
    assert until(lambda: not hub_threads())


def hub_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "test hub"]


def until(condition: Callable[[], bool]) -> bool:
    """Whether a condition came true before the deadline."""
    end = time.monotonic() + DEADLINE
    gate = threading.Event()
    while not condition() and time.monotonic() < end:
        gate.wait(0.002)
    return condition()


class Recorder:
    """A subscriber that remembers; it can be held in its callback."""

    def __init__(self, *, held: bool = False) -> None:
        self.got: list[tuple[Any, Any]] = []
        self.entered = threading.Event()
        self.free = threading.Event()
        if not held:
            self.free.set()

    def __call__(self, ref: Any, event: Any) -> None:
        self.got.append((ref, event))
        self.entered.set()
        assert self.free.wait(DEADLINE)


def test_a_subscriber_gets_its_events_in_order(hub: EventHub) -> None:
    seen = Recorder()
    hub.subscribe(LIFECYCLE, seen)
    for event in (STARTED, STOPPED, STARTED):
        hub.publish(WEB, event)
    assert hub.drain()
    assert seen.got == [(WEB, STARTED), (WEB, STOPPED), (WEB, STARTED)]


def test_a_subscriber_gets_only_the_event_it_asked_for(hub: EventHub) -> None:
    seen = Recorder()
    hub.subscribe(REBOOT, seen)
    hub.publish(WEB, STARTED)
    hub.publish(NetworkRef("default", b"n" * 16), NetworkLifecycleEvent(NetworkEventLifecycleType.STARTED))
    hub.publish(WEB, DomainRebootEvent())
    assert hub.drain()
    assert seen.got == [(WEB, DomainRebootEvent())]


def test_a_subscriber_of_one_object_gets_its_events_whatever_its_name_and_id(hub: EventHub) -> None:
    seen = Recorder()
    hub.subscribe(LIFECYCLE, seen, DomainRef("old name", WEB.uuid))
    hub.publish(DB, STARTED)
    hub.publish(WEB, STARTED)
    assert hub.drain()
    assert seen.got == [(WEB, STARTED)]


def test_an_object_without_a_uuid_is_known_by_its_name(hub: EventHub) -> None:
    seen = Recorder()
    hub.subscribe(KEY_OF[NodeDeviceUpdateEvent], seen, NodeDeviceRef("pci_0"))
    hub.publish(NodeDeviceRef("pci_1"), NodeDeviceUpdateEvent())
    hub.publish(NodeDeviceRef("pci_0"), NodeDeviceUpdateEvent())
    assert hub.drain()
    assert seen.got == [(NodeDeviceRef("pci_0"), NodeDeviceUpdateEvent())]


def test_a_secret_is_known_by_its_uuid(hub: EventHub) -> None:
    seen = Recorder()
    hub.subscribe(KEY_OF[SecretValueChangedEvent], seen, SecretRef(b"s" * 16, 1, "/a"))
    hub.publish(SecretRef(b"s" * 16, 1, "/b"), SecretValueChangedEvent())
    assert hub.drain()
    assert len(seen.got) == 1


def test_ids_count_up_from_zero_over_all_classes(hub: EventHub) -> None:
    keys = [EventKey("network"), EventKey("storage_pool"), EventKey("storage_pool", 1), EventKey("node_device")]
    assert [hub.subscribe(key, Recorder()) for key in keys] == [0, 1, 2, 3]
    hub.unsubscribe(3)
    assert hub.subscribe(LIFECYCLE, Recorder()) == 4


def test_an_event_that_does_not_exist_cannot_be_asked_for(hub: EventHub) -> None:
    with pytest.raises(InvalidArgError, match="no event 99 of class domain"):
        hub.subscribe(EventKey("domain", 99), Recorder())


def test_an_unknown_callback_id_is_refused(hub: EventHub) -> None:
    number = hub.subscribe(LIFECYCLE, Recorder())
    hub.unsubscribe(number)
    with pytest.raises(InvalidArgError, match=f"the id {number}"):
        hub.unsubscribe(number)


def test_nothing_comes_after_unsubscribing(hub: EventHub) -> None:
    first, second = Recorder(held=True), Recorder()
    hub.subscribe(LIFECYCLE, first)
    number = hub.subscribe(LIFECYCLE, second)
    hub.publish(WEB, STARTED)
    assert first.entered.wait(DEADLINE)
    hub.unsubscribe(number)
    first.free.set()
    hub.publish(WEB, STOPPED)
    assert hub.drain()
    assert (len(first.got), second.got) == (2, [])


def test_callbacks_may_subscribe_and_unsubscribe(hub: EventHub) -> None:
    later = Recorder()

    def once(ref: Any, event: Any) -> None:
        hub.subscribe(REBOOT, later)
        hub.unsubscribe(number)

    number = hub.subscribe(LIFECYCLE, once)
    hub.publish(WEB, STARTED)
    hub.publish(WEB, STARTED)
    assert hub.drain()
    hub.publish(WEB, DomainRebootEvent())
    assert hub.drain()
    assert len(later.got) == 1


def test_the_thread_lives_from_the_first_subscription_to_the_last(hub: EventHub) -> None:
    assert hub_threads() == []
    first, second = (hub.subscribe(LIFECYCLE, Recorder()) for _ in range(2))
    (thread,) = hub_threads()
    assert thread.daemon
    hub.unsubscribe(first)
    assert hub_threads() == [thread]
    hub.unsubscribe(second)
    thread.join(DEADLINE)
    assert not thread.is_alive()
    seen = Recorder()
    hub.subscribe(LIFECYCLE, seen)
    hub.publish(WEB, STARTED)
    assert hub.drain()
    assert len(seen.got) == 1


def test_all_callbacks_run_on_that_thread(hub: EventHub) -> None:
    names: set[str] = set()
    for key in (LIFECYCLE, REBOOT):
        hub.subscribe(key, lambda ref, event: names.add(threading.current_thread().name))
    hub.publish(WEB, STARTED)
    hub.publish(WEB, DomainRebootEvent())
    assert hub.drain()
    assert names == {"test hub"}


def test_publishing_without_subscribers_keeps_nothing(hub: EventHub) -> None:
    class Payload:
        pass

    event = DomainBalloonChangeEvent(Payload())  # type: ignore[arg-type]
    kept = weakref.ref(event.actual)
    hub.subscribe(LIFECYCLE, Recorder())
    hub.publish(WEB, event)
    del event
    gc.collect()
    assert kept() is None


def test_a_callback_that_raises_is_logged_and_goes_on(hub: EventHub, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    def callback(ref: Any, event: Any) -> None:
        seen.append(event)
        raise RuntimeError("broken subscriber")

    hub.subscribe(LIFECYCLE, callback)
    with caplog.at_level(logging.ERROR):
        hub.publish(WEB, STARTED)
        hub.publish(WEB, STOPPED)
        assert hub.drain()
    assert seen == [STARTED, STOPPED]
    assert "broken subscriber" in caplog.text


def test_a_slow_subscriber_is_cut_and_told_and_the_others_lose_nothing(
    hub: EventHub, caplog: pytest.LogCaptureFixture
) -> None:
    slow, quick, lost = Recorder(held=True), Recorder(), threading.Event()
    number = hub.subscribe(LIFECYCLE, slow, lost=lost.set)
    hub.subscribe(REBOOT, quick)
    hub.publish(WEB, STARTED)
    assert slow.entered.wait(DEADLINE)
    for _ in range(101):
        hub.publish(WEB, STARTED)
    hub.publish(WEB, DomainRebootEvent())
    assert lost.wait(DEADLINE)
    assert until(lambda: quick.got == [(WEB, DomainRebootEvent())])
    assert len(slow.got) == 1
    assert f"subscriber {number} (domain event 0) is too slow" in caplog.text
    with pytest.raises(InvalidArgError):
        hub.unsubscribe(number)
    slow.free.set()
    assert hub.drain()
    assert len(slow.got) == 1


def test_a_callback_that_never_returns_is_cut_before_the_others_lose_events(
    hub: EventHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("virtkit.events.hub.time", SimpleNamespace(monotonic=lambda: now[0]))
    stuck, innocent, lost = Recorder(held=True), Recorder(), threading.Event()
    hub.subscribe(REBOOT, stuck, lost=lost.set)
    hub.subscribe(BALLOON, innocent)
    hub.publish(WEB, DomainRebootEvent())
    assert stuck.entered.wait(DEADLINE)
    for size in range(60):
        hub.publish(WEB, DomainBalloonChangeEvent(size))
    assert not lost.is_set()
    now[0] += 10 * STUCK_AFTER
    hub.publish(WEB, DomainBalloonChangeEvent(60))
    assert lost.wait(DEADLINE)
    assert until(lambda: len(innocent.got) == 61)
    assert innocent.got == [(WEB, DomainBalloonChangeEvent(size)) for size in range(61)]
    stuck.free.set()
    assert until(lambda: len(hub_threads()) == 1)


def test_publishers_on_many_threads_lose_nothing() -> None:
    hub = EventHub("many publishers")
    seen = Recorder()
    hub.subscribe(BALLOON, seen)

    def publish(first: int) -> None:
        for size in range(first, first + 500):
            hub.publish(WEB, DomainBalloonChangeEvent(size))

    threads = [threading.Thread(target=publish, args=(1000 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert hub.drain()
    hub.close()
    sizes = [event.actual for _, event in seen.got]
    assert sorted(sizes) == [1000 * number + n for number in range(4) for n in range(500)]
    for number in range(4):
        own = [size for size in sizes if size // 1000 == number]
        assert own == sorted(own)


def test_a_closed_hub_ends_its_thread_and_takes_no_subscribers(hub: EventHub) -> None:
    seen = Recorder()
    hub.subscribe(LIFECYCLE, seen)
    hub.close()
    assert hub_threads() == []
    hub.publish(WEB, STARTED)
    assert seen.got == []
    with pytest.raises(OperationInvalidError, match="closed"):
        hub.subscribe(LIFECYCLE, seen)
    hub.close()


def test_a_callback_may_close_the_hub(hub: EventHub) -> None:
    hub.subscribe(LIFECYCLE, lambda ref, event: hub.close())
    (thread,) = hub_threads()
    hub.publish(WEB, STARTED)
    thread.join(DEADLINE)
    assert not thread.is_alive()


def test_drain_says_when_it_gave_up(hub: EventHub) -> None:
    held = Recorder(held=True)
    hub.subscribe(LIFECYCLE, held)
    hub.publish(WEB, STARTED)
    assert held.entered.wait(DEADLINE)
    assert hub.drain(0) is False
    held.free.set()
    assert hub.drain() is True
