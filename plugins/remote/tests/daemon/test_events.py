"""Events of both styles, and clients that do not read them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugins.remote.tests.daemon.daemons import (
    FROM_RPC,
    INTERNAL,
    Lab,
    domain,
    is_logged,
    nothing_left,
    resident,
    until,
)
from plugins.remote.tests.daemon.wire import Wire
from virtkit.enums import DomainEventType

REGISTER, DEREGISTER = "connect_domain_event_callback_register_any", "connect_domain_event_callback_deregister_any"
LIFECYCLE = "domain_event_callback_lifecycle"
REFUSED = (INTERNAL, FROM_RPC)
SUSPENDED = int(DomainEventType.SUSPENDED)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("d")) as lab:
        yield lab


@pytest.fixture
def wire(daemon: Lab) -> Iterator[Wire]:
    with Wire.open(daemon.socket, "lab:///") as wire:
        yield wire


def test_an_event_comes_with_the_number_of_each_callback_that_is_for_it(wire: Wire) -> None:
    (every,) = wire.call(REGISTER, 0, None)
    (upper,) = wire.call(REGISTER, 0, domain("upper"))
    (lower,) = wire.call(REGISTER, 0, domain("lower"))
    assert 3 == len({every, upper, lower})
    wire.call("domain_suspend", domain("upper"))
    found = [wire.event(LIFECYCLE) for _ in range(2)]
    assert {every, upper} == {callback for callback, _ in found}
    assert {(domain("upper"), SUSPENDED, 0)} == {event for _, event in found}
    for number in (every, upper, lower):
        wire.call(DEREGISTER, number)


def test_no_event_comes_after_a_callback_was_removed(wire: Wire) -> None:
    (first,) = wire.call(REGISTER, 0, None)
    (second,) = wire.call(REGISTER, 0, None)
    wire.call(DEREGISTER, first)
    wire.call("domain_suspend", domain("upper"))
    assert second == wire.event(LIFECYCLE)[0]


def test_a_callback_is_removed_by_who_has_it_and_once(daemon: Lab, wire: Wire) -> None:
    (number,) = wire.call(REGISTER, 0, None)
    with Wire.open(daemon.socket, "lab:///") as other:
        assert REFUSED == other.refused(DEREGISTER, number)
    wire.call(DEREGISTER, number)
    assert REFUSED == wire.refused(DEREGISTER, number)


@pytest.mark.parametrize("event", [-1, 999, 2**31 - 1])
def test_an_event_that_nobody_knows_is_refused(wire: Wire, event: int) -> None:
    assert REFUSED == wire.refused(REGISTER, event, None)
    assert REFUSED == wire.refused("connect_domain_event_register_any", event)


def test_the_old_style_knows_one_registration_of_each_event(wire: Wire) -> None:
    wire.call("connect_domain_event_register_any", 0)
    assert REFUSED == wire.refused("connect_domain_event_register_any", 0)
    assert REFUSED == wire.refused("connect_domain_event_register")
    wire.call("domain_suspend", domain("upper"))
    assert (domain("upper"), SUSPENDED, 0) == wire.event("domain_event_lifecycle")
    wire.call("connect_domain_event_deregister_any", 0)
    assert REFUSED == wire.refused("connect_domain_event_deregister_any", 0)


def test_the_oldest_style_tells_whether_something_is_registered(wire: Wire) -> None:
    assert (1,) == wire.call("connect_domain_event_register")
    assert (0,) == wire.call("connect_domain_event_deregister")


def test_an_event_that_is_in_the_new_style_only_is_refused_in_the_old(wire: Wire) -> None:
    assert 1 == len(wire.call(REGISTER, 25, None))
    assert REFUSED == wire.refused("connect_domain_event_register_any", 25)


def test_a_close_callback_is_registered_once_and_removed_once(wire: Wire) -> None:
    assert REFUSED == wire.refused("connect_unregister_close_callback")
    wire.call("connect_register_close_callback")
    assert REFUSED == wire.refused("connect_register_close_callback")
    wire.call("connect_unregister_close_callback")
    assert REFUSED == wire.refused("connect_unregister_close_callback")


def test_a_client_that_leaves_right_after_it_registered_leaves_nothing(daemon: Lab) -> None:
    with nothing_left(daemon):
        for _ in range(50):
            with Wire.open(daemon.socket, "lab:///") as wire:
                for _ in range(4):
                    wire.ask(REGISTER, 0, None)
    with Wire.open(daemon.socket, "lab:///") as wire:
        wire.call("domain_suspend", domain("upper"))


def test_a_client_that_does_not_read_its_events_is_cut_and_others_get_theirs(daemon: Lab) -> None:
    before = resident(daemon)
    talkative = domain("lower")._replace(name="lower" * 1000)
    with nothing_left(daemon), Wire.open(daemon.socket, "lab:///") as lazy, Wire.open(daemon.socket, "lab:///") as wire:
        for _ in range(9):
            lazy.call(REGISTER, 0, None)
        (number,) = wire.call(REGISTER, 0, domain("upper"))
        for _ in range(3):
            wire.call("domain_reset", talkative, 0)
        assert is_logged(daemon, "is cut: it did not read")
        wire.call("domain_suspend", domain("upper"))
        assert (number, (domain("upper"), SUSPENDED, 0)) == wire.event(LIFECYCLE)
        assert lazy.at_end()
    until(lambda: resident(daemon) - before < 128 << 20, "memory is let go")
