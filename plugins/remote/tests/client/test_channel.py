"""Many calls on one connection: replies in any order, whoever reads."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from plugins.remote.tests.client.daemons import (
    KEEPALIVE,
    PATIENCE,
    PING,
    PONG,
    REMOTE,
    Daemon,
    Outcome,
    echo,
    open_files,
    serving,
)
from virtkit.errors import InternalError, OperationAbortedError, VirtError
from virtkit_remote.client import channel as channels
from virtkit_remote.client.channel import Channel, Waiter
from virtkit_remote.protocol.frames import CONTINUE, HEADER, MESSAGE, OK, STREAM

FIRST, SECOND = b"\0\0\0\1", b"\0\0\0\2"


def ask(channel: Channel, payload: bytes = FIRST, procedure: int = 6) -> bytes:
    """Call a procedure; the payload of its reply."""
    return channel.call(REMOTE, procedure, payload)[0][HEADER.size :]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.001)


def test_a_call_returns_the_reply() -> None:
    with serving(echo) as channel:
        assert [FIRST, SECOND] == [ask(channel, FIRST), ask(channel, SECOND)]


def test_a_call_raises_the_error_that_the_daemon_answers() -> None:
    def script(daemon: Daemon) -> None:
        daemon.refuse(daemon.next())
        echo(daemon)

    with serving(script) as channel:
        with pytest.raises(InternalError, match="it is broken"):
            ask(channel)
        assert FIRST == ask(channel)


def test_replies_in_reverse_order_find_their_calls() -> None:
    def script(daemon: Daemon) -> None:
        calls = [daemon.next() for _ in range(8)]
        for call in reversed(calls):
            daemon.answer(call, call.payload)

    with serving(script) as channel:
        outcomes = [Outcome(lambda n=n: ask(channel, bytes([0, 0, 0, n]))) for n in range(8)]  # type: ignore[misc]
        assert [bytes([0, 0, 0, n]) for n in range(8)] == [each.result() for each in outcomes]


def test_who_has_its_reply_lets_another_caller_read_on() -> None:
    """The daemon answers the second call only when the first caller, who reads, has gone."""
    gone = threading.Event()

    def script(daemon: Daemon) -> None:
        first, second = daemon.next(), daemon.next()
        daemon.answer(first, first.payload)
        assert gone.wait(PATIENCE)
        daemon.answer(second, second.payload)

    with serving(script) as channel:
        outcomes = [Outcome(lambda p=p: ask(channel, p)) for p in (FIRST, SECOND)]  # type: ignore[misc]
        wait_for(lambda: sum(not each._thread.is_alive() for each in outcomes) == 1)
        gone.set()
        assert [FIRST, SECOND] == [each.result() for each in outcomes]


def test_many_threads_and_a_storm_of_events_lose_nothing() -> None:
    events: list[bytes] = []

    def script(daemon: Daemon) -> None:
        while True:
            call = daemon.next()
            daemon.event(call.payload)
            daemon.answer(call, call.payload)
            daemon.event(call.payload)

    def work(channel: Channel, number: int) -> int:
        wanted = bytes([0, 0, 0, number])
        return sum(ask(channel, wanted) == wanted for _ in range(100))

    with serving(script, on_event=events.append) as channel:
        channel.attend()
        outcomes = [Outcome(lambda n=n: work(channel, n)) for n in range(8)]  # type: ignore[misc]
        assert [100] * 8 == [each.result() for each in outcomes]
        wait_for(lambda: len(events) == 1600)
        channel.leave()


def test_a_waiter_that_gives_up_leaves_the_reading_to_others() -> None:
    def script(daemon: Daemon) -> None:
        while True:
            call = daemon.next()
            if call.payload == SECOND:
                daemon.answer(call, SECOND)

    with serving(script) as channel:
        idle = Waiter()
        assert channel.wait(idle, 0.01) is False
        assert SECOND == ask(channel, SECOND)


def test_events_arrive_while_nobody_calls() -> None:
    events: list[bytes] = []

    def script(daemon: Daemon) -> None:
        call = daemon.next()
        daemon.answer(call)
        daemon.event(FIRST)
        daemon.event(SECOND)
        daemon.next()

    with serving(script, on_event=events.append) as channel:
        channel.attend()
        ask(channel)
        wait_for(lambda: len(events) == 2)
    assert [FIRST, SECOND] == [message[HEADER.size :] for message in events]


def test_attending_ends_when_everybody_has_left_and_can_begin_again() -> None:
    with serving(echo) as channel:
        before = threading.active_count()
        channel.attend()
        channel.attend()
        channel.leave()
        assert before + 1 == threading.active_count()
        channel.leave()
        wait_for(lambda: threading.active_count() == before)
        channel.attend()
        assert FIRST == ask(channel)
        channel.leave()
        assert SECOND == ask(channel, SECOND)


def test_an_event_that_cannot_be_read_costs_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(message: bytes) -> None:
        raise InternalError("it means nothing")

    def script(daemon: Daemon) -> None:
        call = daemon.next()
        daemon.event()
        daemon.answer(call, call.payload)
        echo(daemon)

    with serving(script, on_event=refuse) as channel:
        assert [FIRST, FIRST] == [ask(channel), ask(channel)]
    assert "an event of the daemon of the test is lost: it means nothing" in caplog.text


def test_what_nobody_waits_for_is_dropped() -> None:
    def script(daemon: Daemon) -> None:
        call = daemon.next()
        daemon.answer(call._replace(serial=77), SECOND)
        daemon.send(REMOTE, 209, STREAM, 5, CONTINUE, b"late")
        daemon.answer(call, call.payload)
        daemon.next()

    with serving(script) as channel:
        assert FIRST == ask(channel)


# The end


def test_calls_under_way_fail_when_the_connection_is_closed_here() -> None:
    arrived = threading.Event()

    def script(daemon: Daemon) -> None:
        daemon.next(), daemon.next()
        arrived.set()
        daemon.next()

    with serving(script) as channel:
        outcomes = [Outcome(lambda: ask(channel)) for _ in range(2)]
        assert arrived.wait(PATIENCE)
        channel.close()
        for each in outcomes:
            with pytest.raises(OperationAbortedError, match="2 calls without an answer: it was closed here"):
                each.result()


def test_a_daemon_that_dies_fails_every_call_and_says_what_is_lost() -> None:
    reasons: list[VirtError] = []

    def script(daemon: Daemon) -> None:
        daemon.next(), daemon.next(), daemon.next()

    with serving(script, on_closed=reasons.append) as channel:
        outcomes = [Outcome(lambda: ask(channel)) for _ in range(3)]
        for each in outcomes:
            with pytest.raises(OperationAbortedError, match="3 calls without an answer: the daemon ended it"):
                each.result()
        assert (False, 1) == (channel.alive, len(reasons))
        with pytest.raises(OperationAbortedError, match="open a new one"):
            ask(channel)


def test_a_daemon_that_dies_while_only_events_are_awaited_is_noticed() -> None:
    reasons: list[VirtError] = []

    def script(daemon: Daemon) -> None:
        daemon.answer(daemon.next())

    with serving(script, on_closed=reasons.append) as channel:
        channel.attend()
        ask(channel)
        wait_for(lambda: reasons)


def test_a_connection_closed_here_is_not_told_of_as_lost() -> None:
    reasons: list[VirtError] = []
    with serving(echo, on_closed=reasons.append) as channel:
        channel.attend()
        ask(channel)
        channel.close()
    assert [] == reasons


@pytest.mark.parametrize(
    "sent",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x1b" + bytes(24), b"\x7f\xff\xff\xff" + bytes(24), b"\0\0\0\0"],
    ids=["text", "too short", "too long", "nothing"],
)
def test_what_is_no_message_ends_the_connection(sent: bytes) -> None:
    def script(daemon: Daemon) -> None:
        daemon.next()
        daemon.sock.sendall(sent)
        daemon.next()

    with serving(script) as channel, pytest.raises(OperationAbortedError, match="1 calls without an answer: it sent"):
        ask(channel)


def test_messages_in_pieces_are_put_together() -> None:
    def script(daemon: Daemon) -> None:
        call = daemon.next()
        frame = HEADER.pack(32, REMOTE, 1, call.procedure, 1, call.serial, OK) + FIRST
        for byte in frame:
            daemon.sock.sendall(bytes([byte]))
        daemon.next()

    with serving(script) as channel:
        assert FIRST == ask(channel)


# Signs of life


def test_pings_of_the_daemon_are_answered_while_a_call_waits() -> None:
    def script(daemon: Daemon) -> None:
        call = daemon.next()
        daemon.send(KEEPALIVE, PING, MESSAGE, 0, OK)
        pong = daemon.next()
        assert (KEEPALIVE, PONG, MESSAGE) == (pong.program, pong.procedure, pong.type)
        daemon.answer(call, call.payload)

    with serving(script) as channel:
        assert FIRST == ask(channel)


@pytest.mark.parametrize("attended", [False, True])
def test_a_silent_daemon_is_asked_and_goes_on(attended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "PING_SECONDS", 0.02)

    def script(daemon: Daemon) -> None:
        call = daemon.next()
        for _ in range(2 * channels.PINGS):
            ping = daemon.next()
            assert (KEEPALIVE, PING, MESSAGE) == (ping.program, ping.procedure, ping.type)
            daemon.send(KEEPALIVE, PONG, MESSAGE, 0, OK)
        daemon.answer(call, call.payload)

    with serving(script) as channel:
        if attended:
            channel.attend()
        assert FIRST == ask(channel)


@pytest.mark.parametrize("attended", [False, True])
def test_a_daemon_that_answers_no_ping_is_given_up(attended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "PING_SECONDS", 0.02)

    def script(daemon: Daemon) -> None:
        while True:
            daemon.next()

    with serving(script) as channel:
        if attended:
            channel.attend()
        with pytest.raises(OperationAbortedError, match="1 calls without an answer: it has not answered for"):
            ask(channel)


# Interruptions


def test_an_interrupted_call_leaves_the_connection_good() -> None:
    """Ctrl+C while the reply is awaited: it is dropped when it comes."""
    main = threading.main_thread().ident
    assert main is not None
    made: list[Channel] = []

    def script(daemon: Daemon) -> None:
        call = daemon.next()
        wait_for(lambda: made[0]._reading.locked())  # the call has left and waits
        signal.pthread_kill(main, signal.SIGINT)
        following = daemon.next()
        daemon.answer(call, SECOND)
        daemon.answer(following, FIRST)
        echo(daemon)

    with serving(script) as channel:
        made.append(channel)
        with pytest.raises(KeyboardInterrupt):
            ask(channel)
        assert [FIRST, SECOND] == [ask(channel), ask(channel, SECOND)]


def test_interruptions_at_any_time_end_in_good_replies_or_a_lost_connection() -> None:
    """None is mistaken for another, and nothing hangs."""
    main = threading.main_thread().ident
    assert main is not None
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.0005):
            signal.pthread_kill(main, signal.SIGUSR1)

    class Interrupted(BaseException):
        pass

    def handle(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, handle)
    wrong = lost = interrupted = 0
    with serving(echo) as channel:
        thread = threading.Thread(target=interrupt)
        try:
            thread.start()
            for number in range(3000):
                wanted = number.to_bytes(4, "big")
                try:
                    wrong += ask(channel, wanted) != wanted
                except Interrupted:
                    interrupted += 1
                except OperationAbortedError:
                    lost += 1
                    break
        except Interrupted:
            pass
        finally:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            over.set()
            thread.join(PATIENCE)
            signal.signal(signal.SIGUSR1, before)
        assert (0, True) == (wrong, interrupted > 0)


# Descriptors


def content(file: int) -> bytes:
    with os.fdopen(file, "rb") as opened:
        opened.seek(0)
        return opened.read()


def holding(data: bytes) -> int:
    file = os.memfd_create("test")
    os.write(file, data)
    return file


def test_descriptors_travel_with_the_call_and_with_the_reply() -> None:
    def script(daemon: Daemon) -> None:
        call = daemon.next()
        files = daemon.files(2)
        daemon.answer(call, b"", files[::-1])
        for file in files:
            os.close(file)

    with serving(script) as channel:
        files = [holding(b"one"), holding(b"two")]
        _, received = channel.call(REMOTE, 6, b"", files)
        assert [b"two", b"one", b"one", b"two"] == [content(each) for each in (*received, *files)]


def test_descriptors_reach_the_call_they_were_sent_for() -> None:
    """Whichever of two callers looks first."""

    def script(daemon: Daemon) -> None:
        calls = [daemon.next(), daemon.next()]
        for call in reversed(calls):
            file = holding(call.payload)
            daemon.answer(call, b"", [file])
            os.close(file)

    def ask_for_file(channel: Channel, payload: bytes) -> bytes:
        return content(channel.call(REMOTE, 6, payload)[1][0])

    with serving(script) as channel:
        outcomes = [Outcome(lambda p=p: ask_for_file(channel, p)) for p in (FIRST, SECOND)]  # type: ignore[misc]
        assert [FIRST, SECOND] == [each.result() for each in outcomes]


def test_descriptors_that_nobody_waits_for_are_closed() -> None:
    read, write = os.pipe()

    def script(daemon: Daemon) -> None:
        call = daemon.next()
        daemon.answer(call._replace(serial=9), b"", [write])
        os.close(write)
        daemon.answer(call)
        daemon.next()

    with serving(script) as channel:
        ask(channel)
        os.set_blocking(read, False)
        wait_for(lambda: _ended(read))
    os.close(read)


def _ended(pipe: int) -> bool:
    """Whether nobody has the other end of a pipe any more."""
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


def test_what_is_no_descriptor_is_refused_before_anything_is_sent() -> None:
    with serving(echo) as channel:
        with pytest.raises(VirtError, match="-1 cannot be sent: it is no open descriptor"):
            channel.call(REMOTE, 6, b"", [-1])
        assert FIRST == ask(channel)


def test_fewer_descriptors_than_announced_are_an_error() -> None:
    def script(daemon: Daemon) -> None:
        call = daemon.next()
        daemon.send(REMOTE, 6, 5, call.serial, OK, b"\0\0\0\1")
        daemon.sock.sendall(b"\0")  # the byte of a descriptor, without one
        daemon.next()

    with serving(script) as channel, pytest.raises(InternalError, match="announced 1 descriptors and sent 0"):
        ask(channel)


def test_nothing_is_left_of_a_closed_connection() -> None:
    threads, files = threading.active_count(), open_files()
    with serving(echo) as channel:
        channel.attend()
        assert FIRST == ask(channel)
    wait_for(lambda: threading.active_count() == threads)
    assert files == open_files()


def test_closing_twice_and_leaving_later_do_no_harm() -> None:
    with serving(echo) as channel:
        channel.attend()
        channel.close()
        channel.close()
        channel.leave()
    assert channel.alive is False
