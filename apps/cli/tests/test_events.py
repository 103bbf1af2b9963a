"""Events as they come."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from virtkit.enums import DomainEventStartedDetailType, DomainEventType, NetworkEventLifecycleType
from virtkit.events import (
    KEY_OF,
    DomainBalloonChangeEvent,
    DomainDeviceAddedEvent,
    DomainLifecycleEvent,
    DomainRebootEvent,
    EventKey,
    NetworkLifecycleEvent,
    QemuMonitorEvent,
)
from virtkit.refs import DomainRef, NetworkRef

from .conftest import Lab

WEB = DomainRef("web", bytes(16), 7)
OTHER = DomainRef("other", bytes(15) + b"1", 8)
LAB = NetworkRef("lab", bytes(16))
STARTED = DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)


def watching(lab: Lab, words: list[str], *events: tuple[Any, Any]) -> str:
    """What a command prints when some events are published after it has subscribed."""
    hub = lab.parts.driver.hub
    subscribed = threading.Event()
    subscribe = hub.subscribe
    wanted = {KEY_OF[type(event)] for _, event in events} if "--all" in words else set()

    def noted(key: EventKey, *arguments: Any, **more: Any) -> int:
        number = subscribe(key, *arguments, **more)
        wanted.discard(key)
        if not wanted:
            subscribed.set()
        return number

    def publish() -> None:
        assert subscribed.wait(30)
        for ref, event in events:
            hub.publish(ref, event)

    hub.subscribe = noted  # type: ignore[method-assign]
    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        result = lab.run(*words)
    finally:
        publisher.join()
    assert (0, "") == (result.status, result.err)
    return result.out


BALLOON = DomainBalloonChangeEvent(9)
STARTED_NETWORK = NetworkLifecycleEvent(NetworkEventLifecycleType.STARTED)


@pytest.mark.parametrize(
    ("words", "ref", "event", "text"),
    [
        ("event --event lifecycle", WEB, STARTED, "event 'lifecycle' for domain 'web': Started Booted"),
        ("event --event reboot", WEB, DomainRebootEvent(), "event 'reboot' for domain 'web'"),
        ("event --event device-added", WEB, DomainDeviceAddedEvent("n0"), "event 'device-added' for domain 'web': n0"),
        (
            "event --event balloon-change",
            WEB,
            DomainBalloonChangeEvent(9),
            "event 'balloon-change' for domain 'web': 9",
        ),
        ("net-event --event lifecycle", LAB, STARTED_NETWORK, "event 'lifecycle' for network 'lab': Started"),
        ("qemu-monitor-event", WEB, QemuMonitorEvent("RESUME", 1, 2, None), "event 'RESUME' for domain 'web'"),
    ],
)
def test_the_first_event_is_printed_and_ends_the_command(lab: Lab, words: str, ref: Any, event: Any, text: str) -> None:
    assert f"{text}\nevents received: 1\n\n" == watching(lab, [words], (ref, event))


def test_programs_are_told_an_event_a_line(lab: Lab) -> None:
    words = ["-j", "event", "--all", "--loop", "--timeout", "1"]
    text = watching(lab, words, (WEB, STARTED), (WEB, DomainRebootEvent()))
    assert [
        {"event": "lifecycle", "domain": "web", "what": "started", "detail": "booted"},
        {"event": "reboot", "domain": "web"},
    ] == [json.loads(line) for line in text.splitlines()]


def test_events_of_one_domain_can_be_asked(lab: Lab) -> None:
    lab.answer(domain_lookup_by_name=WEB)
    text = watching(lab, ["event --event lifecycle --domain web"], (OTHER, STARTED), (WEB, STARTED))
    assert "event 'lifecycle' for domain 'web': Started Booted\nevents received: 1\n\n" == text


def test_a_loop_ends_at_its_time(lab: Lab) -> None:
    text = watching(lab, ["event --all --loop --timeout 1"], (WEB, STARTED), (OTHER, STARTED))
    assert text.endswith("event loop timed out\nevents received: 2\n\n")


def test_what_to_wait_for_has_to_be_said(lab: Lab) -> None:
    assert "event needs --event, --all or --list" in lab.run("event").err
    assert "no event is named 'nosuch'; `virtkit event --list` shows them" in lab.run("event --event nosuch").err
