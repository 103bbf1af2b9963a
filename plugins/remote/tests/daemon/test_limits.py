"""Bounds on what clients can take: connections, time, calls."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from plugins.remote.tests.daemon.daemons import (
    Lab,
    descriptors,
    domain,
    is_logged,
    logged,
    nothing_left,
    resident,
    until,
)
from plugins.remote.tests.daemon.wire import PING, PONG, Wire
from virtkit_remote.protocol.frames import OK

CROWD = 10_000
SMALL = "[limits]\nmessage_bytes = 65536\nclient_requests = 5\n"
MARGIN = 24 << 20
"""Bytes by which a daemon may be larger after a crowd than before it, or after another one just as large."""


@contextmanager
def crowd(daemon: Lab, count: int) -> Iterator[list[socket.socket]]:
    """Connect many times; `count` or what the limit of descriptors allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = count if hard == resource.RLIM_INFINITY else min(count, hard - 500)
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        sockets = []
        for _ in range(count):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(str(daemon.socket))
            sockets.append(sock)
        yield sockets


@contextmanager
def wires(daemon: Lab) -> Iterator[tuple[Wire, Wire]]:
    """Two clients."""
    with Wire.open(daemon.socket, "lab:///") as first, Wire.open(daemon.socket, "lab:///") as second:
        yield first, second


def test_ten_thousand_connections_are_refused_beyond_the_limit_and_leave_nothing(tmp_path: Path) -> None:
    with Lab(tmp_path, "[limits]\nanonymous_clients = 20\n") as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        with nothing_left(daemon):
            before = resident(daemon)
            with crowd(daemon, CROWD) as sockets:
                assert wire.call("domain_get_xml_desc", domain("fine"), 0)
                until(lambda: len(sockets) - 20 <= logged(daemon, "is refused at unix"), "all others are refused")
                assert len(sockets) - 20 == logged(daemon, "limits.anonymous_clients allows no more")
        assert resident(daemon) - before < MARGIN
        with Wire.open(daemon.socket, "lab:///") as late:
            assert late.call("domain_get_info", domain("fine"))


def test_ten_thousand_clients_are_served_where_they_are_allowed_and_leave_nothing(tmp_path: Path) -> None:
    configuration = "[limits]\nclients = 20000\nanonymous_clients = 20000\n"
    with Lab(tmp_path, configuration) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        sizes = []
        with nothing_left(daemon):
            for _ in range(3):
                with crowd(daemon, CROWD // 2) as sockets:
                    until(lambda: descriptors(daemon) >= CROWD // 2, "all are in")
                    assert wire.call("domain_get_xml_desc", domain("fine"), 0)
                    Wire(sockets[-1]).call("auth_list")
                until(lambda: descriptors(daemon) < 100, "all have left")
                sizes.append(resident(daemon))
        assert sizes[-1] - sizes[0] < MARGIN
        assert wire.call("domain_get_xml_desc", domain("fine"), 0)


def test_clients_beyond_the_limit_are_sent_away_until_one_leaves(tmp_path: Path) -> None:
    with Lab(tmp_path, "[limits]\nclients = 2\n") as daemon:
        with Wire.open(daemon.socket), Wire.open(daemon.socket) as second:
            with Wire.to(daemon.socket) as third:
                assert third.at_end()
            assert is_logged(daemon, "as many as limits.clients allows")
            assert 1 == len(second.call("connect_get_type"))
        until(lambda: answers(daemon), "somebody is let in again")


def answers(daemon: Lab) -> bool:
    with Wire.to(daemon.socket) as wire:
        try:
            return len(wire.call("auth_list")) == 1
        except (EOFError, ConnectionError):
            return False


def test_a_client_that_has_proved_who_it_is_makes_room_for_others(tmp_path: Path) -> None:
    with Lab(tmp_path, "[limits]\nanonymous_clients = 1\n") as daemon, ExitStack() as stack:
        until(lambda: answers(daemon), "who waited for the daemon has left")
        for _ in range(5):
            stack.enter_context(Wire.open(daemon.socket))
        with Wire.to(daemon.socket) as silent, Wire.to(daemon.socket) as refused:
            assert refused.at_end()
            silent.call("auth_list")


@pytest.mark.parametrize("said", [b"", b"\0", b"\0\0\0\x1c\x20\0\x80\x86"])
def test_who_does_not_prove_who_it_is_in_time_is_cut_however_slowly_it_speaks(tmp_path: Path, said: bytes) -> None:
    with Lab(tmp_path, "[limits]\nauth_seconds = 1\n") as daemon, Wire.open(daemon.socket) as known:
        with Wire.to(daemon.socket) as silent:
            silent.send(said)
            assert silent.at_end()
        assert is_logged(daemon, "did not prove who it is within 1 seconds")
        assert 1 == len(known.call("connect_get_type"))


def test_calls_of_a_client_beyond_the_limit_wait_while_pings_and_other_clients_are_answered(tmp_path: Path) -> None:
    with Lab(tmp_path, "[limits]\nclient_requests = 2\n") as daemon, wires(daemon) as (wire, other):
        names = ["hangs"] * 2 + ["fine"] * 20
        serials = [wire.ask("domain_get_xml_desc", domain(name), 0) for name in names]
        daemon.lives("hanging", 2)
        wire.ping()
        assert PONG == wire.frame().number
        assert other.call("domain_get_xml_desc", domain("fine"), 0)
        other.call("domain_destroy", domain("any"))
        assert {OK} == {wire.reply(serial).status for serial in serials}


def test_descriptors_of_calls_that_wait_go_to_their_calls(tmp_path: Path) -> None:
    with Lab(tmp_path, "[limits]\nclient_requests = 1\n") as daemon, wires(daemon) as (wire, other):
        wire.ask("domain_get_xml_desc", domain("hangs"), 0)
        daemon.lives("hanging")
        with open(tmp_path / "file", "wb") as file:
            serials = [
                wire.ask("domain_create_with_files", domain("fine"), 0, files=[file.fileno()] * count)
                for count in (3, 1, 2)
            ]
        other.call("domain_destroy", domain("any"))
        assert [3, 1, 2] == [wire.result("domain_create_with_files", serial)[0].id for serial in serials]


def test_a_client_that_sends_calls_without_end_is_read_no_further(tmp_path: Path) -> None:
    with (
        Lab(tmp_path, "[limits]\nmessage_bytes = 65536\nclient_requests = 5\n") as daemon,
        Wire.open(daemon.socket, "lab:///") as wire,
        Wire.open(daemon.socket, "lab:///") as other,
    ):
        for _ in range(5):
            wire.ask("domain_get_xml_desc", domain("hangs"), 0)
        daemon.lives("hanging", 4)
        before = resident(daemon)
        sent = flooded(wire)
        assert resident(daemon) - before < MARGIN
        other.call("domain_destroy", domain("any"))
        assert sent <= sum(wire.frame().status == OK for _ in range(sent))


def flooded(wire: Wire) -> int:
    """Send calls until the daemon takes no more; how many it took."""
    wire.sock.settimeout(1)
    for sent in range(1 << 20):
        try:
            wire.ask("domain_get_xml_desc", domain("fine"), 0)
        except TimeoutError:
            wire.sock.settimeout(30)
            return sent
    raise AssertionError("it takes everything")


def test_a_message_longer_than_the_limit_ends_the_connection(tmp_path: Path) -> None:
    with Lab(tmp_path, "[limits]\nmessage_bytes = 65536\n") as daemon, Wire.open(daemon.socket) as wire:
        wire.send((65536 + 5).to_bytes(4, "big") + bytes(100))
        assert wire.at_end()


def test_a_client_that_answers_no_pings_is_cut_and_one_that_does_stays(tmp_path: Path) -> None:
    with Lab(tmp_path, "[keepalive]\ninterval = 1\ncount = 1\n") as daemon, wires(daemon) as (lively, dead):
        lively.call("connect_supports_feature", 10)
        dead.call("connect_supports_feature", 10)
        while not logged(daemon, "did not answer 1 pings"):
            assert PING == lively.frame().number
            lively.call("domain_get_info", domain("fine"))
        assert dead.at_end()
        assert lively.call("domain_get_info", domain("fine"))
