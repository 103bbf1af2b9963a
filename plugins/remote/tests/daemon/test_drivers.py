"""Drivers that break their word: the daemon answers for them, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.remote.tests.daemon.daemons import FROM_RPC, INTERNAL, Lab, domain, is_logged, logged, nothing_left, until
from plugins.remote.tests.daemon.wire import PONG, Wire
from virtkit_remote.daemon.workers import LANE_WIDTH
from virtkit_remote.protocol.frames import OK

INTERNAL_FAULT = (INTERNAL, FROM_RPC)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path) as lab:
        yield lab


@pytest.fixture
def wire(daemon: Lab) -> Iterator[Wire]:
    with Wire.open(daemon.socket, "lab:///") as wire:
        yield wire


@pytest.fixture
def other(daemon: Lab) -> Iterator[Wire]:
    with Wire.open(daemon.socket, "lab:///") as wire:
        yield wire


def release(wire: Wire) -> None:
    """Let everything go on that hangs."""
    wire.call("domain_destroy", domain("any"))


@pytest.mark.parametrize("fault", ["raises", "exits", "wrong"])
@pytest.mark.parametrize("call", ["domain_get_info", "domain_get_xml_desc"])
def test_what_a_hook_does_wrong_is_told_the_client_and_the_next_call_succeeds(
    daemon: Lab, wire: Wire, call: str, fault: str
) -> None:
    flags = (0,) if call == "domain_get_xml_desc" else ()
    for _ in range(3):
        assert INTERNAL_FAULT == wire.refused(call, domain(fault), *flags)
        assert wire.call(call, domain("fine"), *flags)


def test_a_hook_that_raises_is_logged_once_with_client_function_and_traceback(daemon: Lab, wire: Wire) -> None:
    wire.refused("domain_get_xml_desc", domain("raises"), 0)
    assert is_logged(daemon, "domain_get_xml_desc failed")
    assert is_logged(daemon, "ZeroDivisionError: the driver has a bug")


def test_a_call_that_hangs_holds_up_neither_others_of_its_connection_nor_pings(
    daemon: Lab, wire: Wire, other: Wire
) -> None:
    stuck = wire.ask("domain_get_xml_desc", domain("hangs"), 0)
    daemon.lives("hanging")
    assert wire.call("domain_get_xml_desc", domain("fine"), 0)
    assert wire.call("domain_get_info", domain("fine"))
    wire.ping()
    assert PONG == wire.frame().number
    release(other)
    assert OK == wire.reply(stuck).status


def test_calls_of_one_object_beyond_a_lane_wait_while_those_of_others_do_not(tmp_path: Path) -> None:
    configuration = "[limits]\nclient_requests = 100\n"
    with Lab(tmp_path, configuration) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        stuck = [wire.ask("domain_get_xml_desc", domain("hangs"), 0) for _ in range(LANE_WIDTH + 3)]
        daemon.lives("hanging", LANE_WIDTH)
        assert wire.call("domain_get_xml_desc", domain("fine"), 0)
        assert LANE_WIDTH == daemon.lived().count("hanging")
        release(wire)
        assert {OK} == {wire.reply(serial).status for serial in stuck}


def test_who_asks_of_an_object_does_not_wait_behind_those_who_change_it(tmp_path: Path) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        stuck = [wire.ask("domain_resume", domain("hangs")) for _ in range(LANE_WIDTH + 1)]
        daemon.lives("hanging", LANE_WIDTH)
        asked = wire.ask("domain_get_xml_desc", domain("hangs"), 0)
        daemon.lives("hanging", LANE_WIDTH + 1)
        release(wire)
        assert {OK} == {wire.reply(serial).status for serial in (*stuck, asked)}


def test_a_quick_hook_that_hangs_is_left_to_its_thread_and_everyone_else_is_served(
    daemon: Lab, wire: Wire, other: Wire
) -> None:
    stuck = wire.ask("domain_get_info", domain("hangs"))
    daemon.lives("hanging")
    assert other.call("domain_get_info", domain("fine"))
    assert other.call("domain_get_xml_desc", domain("fine"), 0)
    with Wire.open(daemon.socket, "lab:///") as late:
        assert late.call("domain_get_info", domain("fine"))
    assert is_logged(daemon, "is stuck in a call")
    release(other)
    assert OK == wire.reply(stuck).status
    assert wire.call("domain_get_info", domain("fine"))


def test_several_quick_hooks_may_hang_at_once(daemon: Lab, other: Wire) -> None:
    wires = [Wire.open(daemon.socket, "lab:///") for _ in range(3)]
    stuck = []
    for number, wire in enumerate(wires, 1):
        stuck.append(wire.ask("domain_get_info", domain("hangs")))
        daemon.lives("hanging", number)
        assert other.call("domain_get_info", domain("fine"))
    release(other)
    for wire, serial in zip(wires, stuck, strict=True):
        assert OK == wire.reply(serial).status
        assert wire.call("domain_get_info", domain("fine"))
        wire.close()


def test_a_driver_that_does_not_open_is_told_of(daemon: Lab) -> None:
    for fault in ("raises", "exits"):
        with Wire.to(daemon.socket) as wire:
            wire.call("auth_list")
            assert INTERNAL_FAULT == wire.refused("connect_open", f"lab:///{fault}", 0)
            assert () == wire.call("connect_open", "lab:///", 0)


def test_what_is_opened_after_its_client_has_left_is_closed(daemon: Lab, other: Wire) -> None:
    opened = daemon.lived().count("open")
    with nothing_left(daemon):
        with Wire.to(daemon.socket) as wire:
            wire.call("auth_list")
            wire.ask("connect_open", "lab:///hangs", 0)
            daemon.lives("hanging")
        release(other)
        daemon.lives("open", opened + 1)
        daemon.lives("closed")


def test_a_session_is_closed_after_its_last_call_has_ended(daemon: Lab, other: Wire) -> None:
    with nothing_left(daemon):
        with Wire.open(daemon.socket, "lab:///") as wire:
            wire.ask("domain_get_xml_desc", domain("hangs"), 0)
            daemon.lives("hanging")
        assert other.call("domain_get_xml_desc", domain("fine"), 0)
        assert 0 == daemon.lived().count("closed")
        release(other)
        daemon.lives("closed")


def test_calls_of_a_client_that_has_left_are_not_begun(daemon: Lab, other: Wire) -> None:
    with Wire.open(daemon.socket, "lab:///") as wire:
        for _ in range(20):
            wire.ask("domain_get_xml_desc", domain("hangs"), 0)
        daemon.lives("hanging", LANE_WIDTH)
    release(other)
    daemon.lives("closed")
    assert LANE_WIDTH == daemon.lived().count("hanging")


def test_a_daemon_whose_quick_hook_hangs_ends_when_told_to(tmp_path: Path) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        wire.ask("domain_get_info", domain("hangs"))
        daemon.lives("hanging")
        until(lambda: logged(daemon, "is stuck in a call"), "the loop has another thread")
        assert 0 == daemon.stop()
