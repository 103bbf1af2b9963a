"""Descriptors that come with calls and replies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from plugins.remote.tests.daemon.daemons import FROM_RPC, INTERNAL, RPC, TEST, Lab, domain, logged, nothing_left
from plugins.remote.tests.daemon.wire import Wire
from virtkit_remote.protocol.frames import CALL_WITH_FDS, ERROR, FDS_MAX, OK, REPLY

REFUSED = (RPC, FROM_RPC)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("d")) as lab:
        yield lab


@pytest.fixture
def wire(daemon: Lab) -> Iterator[Wire]:
    with Wire.open(daemon.socket, "lab:///") as wire:
        yield wire


@contextmanager
def pipes(count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Ends to read from and to write to."""
    ends = [os.pipe() for _ in range(count)]
    try:
        yield [near for near, _ in ends], [far for _, far in ends]
    finally:
        for end in sum(ends, ()):
            os.close(end)


def test_a_reply_brings_a_descriptor(daemon: Lab, wire: Wire) -> None:
    with nothing_left(daemon):
        wire.call("domain_open_graphics_fd", domain("fine"), 0, 0)
        assert b"picture" == os.read(wire.files[0], 100)


def test_a_call_brings_a_descriptor(daemon: Lab, wire: Wire) -> None:
    with nothing_left(daemon), pipes(1) as (near, far):
        wire.call("domain_open_graphics", domain("fine"), 0, 0, files=far)
        assert b"picture" == os.read(near[0], 100)


@pytest.mark.parametrize("count", [0, 1, 5, FDS_MAX])
def test_a_call_brings_as_many_descriptors_as_it_says_in_their_order(daemon: Lab, wire: Wire, count: int) -> None:
    with nothing_left(daemon), pipes(count) as (near, far):
        (found,) = wire.call("domain_create_with_files", domain("fine"), 0, files=far)
        assert count == found.id
        assert [b"%d" % number for number in range(count)] == [os.read(end, 100) for end in near]


def test_calls_with_descriptors_may_follow_each_other_at_once(daemon: Lab, wire: Wire) -> None:
    with nothing_left(daemon), pipes(20) as (near, far):
        serials = [wire.ask("domain_open_graphics", domain("fine"), 0, 0, files=[end]) for end in far]
        assert {OK} == {wire.reply(serial).status for serial in serials}
        assert {b"picture"} == {os.read(end, 100) for end in near}


@pytest.mark.parametrize("count", [0, 2, 3])
def test_a_call_with_too_many_or_too_few_descriptors_is_refused(daemon: Lab, wire: Wire, count: int) -> None:
    with nothing_left(daemon), pipes(count) as (_, far):
        assert REFUSED == wire.refused("domain_open_graphics", domain("fine"), 0, 0, files=far)
    assert 0 == logged(daemon, "domain_open_graphics failed")


def test_a_call_that_says_it_brings_none_is_refused_where_one_is_needed(wire: Wire) -> None:
    serial = wire.ask("domain_open_graphics", domain("fine"), 0, 0, type=CALL_WITH_FDS)
    assert REFUSED == wire.reply(serial).refusal


def test_a_call_that_takes_no_descriptors_is_refused_with_some_and_these_are_closed(daemon: Lab, wire: Wire) -> None:
    with nothing_left(daemon), pipes(2) as (near, far):
        assert REFUSED == wire.refused("domain_get_info", domain("fine"), files=far[:1])
        wire.call("domain_open_graphics", domain("fine"), 0, 0, files=far[1:])
        assert b"picture" == os.read(near[1], 100)


def test_descriptors_of_a_call_that_comes_too_early_are_closed(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire, nothing_left(daemon), pipes(2) as (near, far):
        assert REFUSED == wire.refused("domain_open_graphics", TEST, 0, 0, files=far[:1])
        wire.call("auth_list")
        wire.call("connect_open", "lab:///", 0)
        wire.call("domain_open_graphics", domain("fine"), 0, 0, files=far[1:])
        assert b"picture" == os.read(near[1], 100)


def test_more_descriptors_than_a_message_may_bring_end_the_connection(daemon: Lab) -> None:
    with nothing_left(daemon), Wire.open(daemon.socket, "lab:///") as wire, pipes(FDS_MAX + 1) as (_, far):
        with suppress(ConnectionError):
            wire.ask("domain_create_with_files", domain("fine"), 0, files=far)
        assert wire.at_end()


def test_descriptors_of_a_client_that_leaves_before_it_has_said_what_for_are_closed(daemon: Lab) -> None:
    with nothing_left(daemon), Wire.open(daemon.socket, "lab:///") as wire, pipes(1) as (_, far):
        wire.send(b"\0\0\0\x30")
        wire.send_files(far)


@pytest.mark.parametrize("fault", ["raises", "exits", "wrong"])
def test_a_driver_that_has_no_descriptor_to_give_is_told_of_once(daemon: Lab, wire: Wire, fault: str) -> None:
    serial = wire.ask("domain_open_graphics_fd", domain(fault), 0, 0)
    found = wire.reply(serial)
    assert (REPLY, ERROR, (INTERNAL, FROM_RPC)) == (found.type, found.status, found.refusal)
    wire.call("domain_open_graphics_fd", domain("fine"), 0, 0)
    assert b"picture" == os.read(wire.files[0], 100)
