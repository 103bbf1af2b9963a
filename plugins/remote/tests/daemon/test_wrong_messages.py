"""What a client can say wrongly, and what the daemon makes of it; the answers are those of libvirtd 9.0.0."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from plugins.remote.tests.daemon.daemons import (
    AUTH_FAILED,
    FROM_RPC,
    INTERNAL,
    RPC,
    TEST,
    Lab,
    logged,
    nothing_left,
    until,
)
from plugins.remote.tests.daemon.wire import KEEPALIVE, PING, PONG, Wire
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import encoder
from virtkit_remote.protocol.frames import CALL, ERROR, HEADER, MESSAGE, MESSAGE_MAX, OK, REPLY, STREAM, pack

REMOTE, ADMIN = schema.PROGRAMS["remote"], schema.PROGRAMS["admin"]
UNKNOWN_PROGRAM = 0x12345678
GET_TYPE = schema.procedure_named("connect_get_type").number
GET_STATE = schema.procedure_named("domain_get_state").number
LOOKUP = schema.procedure_named("domain_lookup_by_name").number
EVENT = schema.procedure_named("domain_event_callback_lifecycle").number
REFUSED = (RPC, FROM_RPC)
SERIAL = 77
STATE_ARGS = encoder("remote_domain_get_state_args")([TEST, 0])


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("d"), "[limits]\nanonymous_clients = 200\n") as lab:
        yield lab


@pytest.fixture
def wire(daemon: Lab) -> Iterator[Wire]:
    with Wire.open(daemon.socket) as wire:
        yield wire


def answered(wire: Wire, program: int, number: int, type: int = CALL, status: int = OK, payload: bytes = b"") -> bytes:
    """Send a message and a good call after it; the first answer to come."""
    wire.send(pack(program, number, type, SERIAL, status, payload))
    wire.send(pack(REMOTE, GET_TYPE, CALL, SERIAL + 1, OK, b""))
    return wire.frame().raw


@pytest.mark.parametrize(
    ("program", "number"),
    [(UNKNOWN_PROGRAM, 1), (ADMIN, 1), (KEEPALIVE, PING), (REMOTE, 9999), (REMOTE, 0), (REMOTE, EVENT)],
    ids=["unknown program", "admin", "keepalive as a call", "unknown procedure", "procedure 0", "event"],
)
def test_a_call_of_what_nobody_serves_is_refused_and_the_connection_stays(
    wire: Wire, program: int, number: int
) -> None:
    wire.send(pack(program, number, CALL, SERIAL, OK, b""))
    found = wire.frame()
    assert (program, 1, number, REPLY, SERIAL, ERROR) == found[:-1]
    assert REFUSED == found.refusal
    assert ("TEST",) == wire.call("connect_get_type")


def test_a_call_of_another_version_is_refused_with_that_version(wire: Wire) -> None:
    wire.send(pack(REMOTE, GET_TYPE, CALL, SERIAL, OK, b"", version=2))
    found = wire.frame()
    assert (REMOTE, 2, GET_TYPE, REPLY, SERIAL, ERROR) == found[:-1]
    assert REFUSED == found.refusal


def test_an_unknown_procedure_is_told_in_the_words_that_clients_look_for(wire: Wire) -> None:
    wire.send(pack(REMOTE, 9999, CALL, SERIAL, OK, b""))
    raw = wire.frame().raw
    assert b"unknown procedure" in raw
    assert (RPC, FROM_RPC) == struct.unpack_from(">ii", raw, HEADER.size)


@pytest.mark.parametrize("status", [1, 2, 3, 2**32 - 1])
def test_a_call_with_the_status_of_something_else_is_refused(wire: Wire, status: int) -> None:
    wire.call("connect_get_type")  # bound already
    wire.send(pack(REMOTE, GET_TYPE, CALL, SERIAL, status, b""))
    assert REFUSED == wire.frame().refusal


@pytest.mark.parametrize("type", [REPLY, MESSAGE, STREAM, 5, 6, 7, 9, 2**32 - 1])
def test_a_message_that_is_no_call_is_not_answered(wire: Wire, type: int) -> None:
    raw = answered(wire, REMOTE, GET_TYPE, type=type)
    assert SERIAL + 1 == HEADER.unpack_from(raw)[5]


def test_undecodable_arguments_fail_the_call_alone(wire: Wire) -> None:
    for size in range(len(STATE_ARGS)):
        wire.send(pack(REMOTE, GET_STATE, CALL, SERIAL, OK, STATE_ARGS[:size]))
        assert REFUSED == wire.frame().refusal
    assert 2 == len(wire.call("domain_get_state", TEST, 0))


def test_what_follows_the_arguments_is_not_looked_at(wire: Wire) -> None:
    wire.send(pack(REMOTE, GET_STATE, CALL, SERIAL, OK, STATE_ARGS + b"more than that"))
    assert OK == wire.frame().status


def test_a_string_that_is_too_long_fails_the_call_alone(wire: Wire) -> None:
    wire.send(pack(REMOTE, LOOKUP, CALL, SERIAL, OK, struct.pack(">I", 2**32 - 1) + b"abcd"))
    assert REFUSED == wire.frame().refusal


@pytest.mark.parametrize("length", [0, 3, 4, 27, MESSAGE_MAX + 1, 2**31, 2**32 - 1])
def test_a_length_that_no_message_has_ends_the_connection_and_is_logged_once(daemon: Lab, length: int) -> None:
    before = logged(daemon, f"cannot have {length} bytes")
    with nothing_left(daemon), Wire.open(daemon.socket) as wire:
        wire.send(struct.pack(">I", length) + bytes(40))
        assert wire.at_end()
    until(lambda: before + 1 == logged(daemon, f"cannot have {length} bytes"), "the log says so")


def test_a_client_that_leaves_in_the_middle_of_a_message_leaves_nothing(daemon: Lab) -> None:
    message = pack(REMOTE, GET_STATE, CALL, SERIAL, OK, STATE_ARGS)
    with Wire.open(daemon.socket) as other, nothing_left(daemon):
        for size in range(len(message)):
            with Wire.open(daemon.socket) as wire:
                wire.send(message[:size])
        assert 2 == len(other.call("domain_get_state", TEST, 0))


def test_a_message_may_come_byte_by_byte(wire: Wire) -> None:
    for byte in pack(REMOTE, GET_STATE, CALL, SERIAL, OK, STATE_ARGS):
        wire.send(bytes([byte]))
    assert OK == wire.frame().status


def test_many_messages_may_come_at_once(wire: Wire) -> None:
    wire.send(b"".join(pack(REMOTE, GET_TYPE, CALL, serial, OK, b"") for serial in range(1000)))
    assert set(range(1000)) == {wire.frame().serial for _ in range(1000)}


# Out of order


def test_nothing_but_authentication_is_answered_before_it(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        assert REFUSED == wire.refused("connect_get_type")
        assert REFUSED == wire.refused("connect_open", "test:///default", 0)
        assert REFUSED == wire.refused("connect_supports_feature", 10)


def test_an_unknown_procedure_is_told_before_authentication(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.send(pack(REMOTE, 9999, CALL, SERIAL, OK, b""))
        assert "unknown procedure" in str(wire.frame().error)


def test_a_ping_is_answered_before_authentication(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.ping()
        assert (KEEPALIVE, 1, PONG, MESSAGE, 0, OK) == wire.frame()[:-1]


def test_a_ping_of_another_version_is_not_answered(wire: Wire) -> None:
    wire.send(pack(KEEPALIVE, PING, MESSAGE, 0, OK, b"", version=2))
    wire.call("connect_get_type")


def test_sasl_is_refused_where_it_is_not_asked_for(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        assert (AUTH_FAILED, FROM_RPC) == wire.refused("auth_sasl_init")
        assert (AUTH_FAILED, FROM_RPC) == wire.refused("auth_sasl_start", "PLAIN", 0, b"x")
        assert (AUTH_FAILED, FROM_RPC) == wire.refused("auth_sasl_step", 0, b"x")


def test_a_call_before_something_is_open_is_refused(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.call("auth_list")
        assert (INTERNAL, FROM_RPC) == wire.refused("connect_get_type")
        assert (INTERNAL, FROM_RPC) == wire.refused("connect_supports_feature", 14)
        assert (1,) == wire.call("connect_supports_feature", 10)


def test_a_connection_is_opened_once(wire: Wire) -> None:
    assert (INTERNAL, FROM_RPC) == wire.refused("connect_open", "test:///default", 0)


def test_of_two_openings_at_once_one_succeeds(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.call("auth_list")
        serials = [wire.ask("connect_open", "lab:///", 0) for _ in range(2)]
        assert [OK, ERROR] == sorted(wire.reply(serial).status for serial in serials)


def test_opening_nothing_is_refused_and_something_may_be_opened_then(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.call("auth_list")
        assert (INTERNAL, FROM_RPC) == wire.refused("connect_open", None, 0)
        assert (INTERNAL, FROM_RPC) == wire.refused("connect_get_type")
        assert () == wire.call("connect_open", "test:///default", 0)


def test_opening_with_flags_nobody_knows_succeeds(daemon: Lab) -> None:
    with Wire.open(daemon.socket, flags=128) as wire:
        assert 1 == len(wire.call("connect_get_type"))


def test_what_leads_to_another_host_is_not_opened(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.call("auth_list")
        for uri in ("test+tcp://example/default", "remote:///", "qemu+ext:///system?command=/bin/true"):
            assert FROM_RPC == wire.refused("connect_open", uri, 0)[1]


def test_after_the_closing_call_nothing_is_answered_and_the_daemon_hangs_up(daemon: Lab) -> None:
    with nothing_left(daemon), Wire.open(daemon.socket) as wire:
        close = schema.procedure_named("connect_close").number
        wire.send(pack(REMOTE, close, CALL, 5, OK, b"") + pack(REMOTE, GET_TYPE, CALL, 6, OK, b""))
        assert 5 == wire.frame().serial
        with pytest.raises(EOFError):
            wire.frame()


# Before authentication


def test_garbage_ends_the_connection(daemon: Lab) -> None:
    with nothing_left(daemon):
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)):
            with Wire.to(daemon.socket) as wire:
                wire.send(garbage)
                assert wire.at_end()


def test_who_is_not_known_yet_sends_no_long_messages(daemon: Lab) -> None:
    with Wire.to(daemon.socket) as wire:
        wire.send(struct.pack(">I", 1 << 20))
        assert wire.at_end()


def test_who_is_known_may(daemon: Lab) -> None:
    with Wire.open(daemon.socket) as wire:
        wire.send(pack(REMOTE, GET_STATE, CALL, SERIAL, OK, STATE_ARGS + bytes(8 << 20)))
        assert OK == wire.frame().status


# Typed parameters and other bounds of a call


def test_typed_parameters_come_in_two_calls(wire: Wire) -> None:
    _, count = wire.call("domain_get_memory_parameters", TEST, 0, 0)
    params, _ = wire.call("domain_get_memory_parameters", TEST, count, 0)
    assert count == len(params)


def test_more_typed_parameters_than_the_limit_are_refused(wire: Wire) -> None:
    assert (INTERNAL, FROM_RPC) == wire.refused("domain_get_memory_parameters", TEST, 17, 0)


def test_every_procedure_may_be_called_with_nonsense(daemon: Lab) -> None:
    close = schema.procedure_named("connect_close").number
    numbers = [number for number in range(500) if number != close]
    with nothing_left(daemon), Wire.open(daemon.socket) as wire:
        for number in numbers:
            wire.send(pack(REMOTE, number, CALL, number, OK, bytes(number)))
            assert number == wire.reply(number).number
