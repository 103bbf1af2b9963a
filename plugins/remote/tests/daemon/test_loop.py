"""The loop: one thread leads, another one takes over from it, and nothing that is watched gets lost."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from plugins.remote.tests.daemon.daemons import until
from plugins.remote.tests.daemon.wire import PATIENCE
from virtkit_remote.daemon import loop as loops
from virtkit_remote.daemon.loop import READ, WRITE, Loop


@contextmanager
def running() -> Iterator[Loop]:
    """A loop that somebody leads, so that nothing of its start arrives any more."""
    loop = Loop()
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        until(lambda: loop._leader is not None, "somebody leads")
        yield loop
    finally:
        loop.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        loop.close()


@contextmanager
def pairs(count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    made = [socket.socketpair() for _ in range(count)]
    try:
        yield made
    finally:
        for pair in made:
            for sock in pair:
                sock.close()


def echo(sock: socket.socket, before: Callable[[bytes], object] = lambda data: None) -> Callable[[int], None]:
    def ready(_: int) -> None:
        data = sock.recv(100)
        before(data)
        sock.send(data)

    return ready


def answered(sock: socket.socket, data: bytes) -> bytes:
    sock.settimeout(PATIENCE)
    sock.send(data)
    return sock.recv(100)


def test_what_is_ready_is_told() -> None:
    with pairs(1) as [(near, far)], running() as loop:
        loop.watch(far.fileno(), echo(far))
        assert b"hello" == answered(near, b"hello")


def test_what_is_forgotten_or_not_waited_for_is_not_told() -> None:
    with pairs(2) as [(near, far), (other, answering)], running() as loop:
        seen: list[int] = []
        loop.watch(far.fileno(), seen.append)
        loop.watch(answering.fileno(), echo(answering))
        loop.change(far.fileno(), 0)
        near.send(b"x")
        assert b"later" == answered(other, b"later")
        loop.forget(far.fileno())
        loop.forget(far.fileno())
        loop.change(far.fileno(), READ)
        assert b"later" == answered(other, b"later")
        assert [] == seen


def test_calls_are_made_soon_and_at_their_time_in_order() -> None:
    with running() as loop:
        made: list[str] = []
        done = threading.Event()
        loop.call_later(0.02, lambda: made.append("late"))
        loop.call_later(0.03, done.set)
        loop.call_later(0.01, lambda: made.append("early"))
        loop.call_later(0.005, lambda: made.append("cancelled")).cancel()
        loop.call_soon(lambda: made.append("soon"))
        assert done.wait(PATIENCE)
        assert ["soon", "early", "late"] == made


def test_a_callback_that_raises_leaves_the_loop_running() -> None:
    with pairs(2) as [(near, far), (other, answering)], running() as loop:
        loop.watch(far.fileno(), lambda events: 1 // 0)
        loop.watch(answering.fileno(), echo(answering))
        near.send(b"x")
        assert b"on" == answered(other, b"on")


def test_several_threads_may_be_stuck_and_each_goes_on_with_what_it_was_reading() -> None:
    release = threading.Event()

    def wait(data: bytes) -> None:
        if data == b"stuck":
            release.wait(PATIENCE)

    with pairs(4) as sockets, running() as loop:
        for _, far in sockets:
            loop.watch(far.fileno(), echo(far, wait))
        *stuck, (good, _) = sockets
        for near, _ in stuck:
            near.send(b"stuck")
            assert b"good" == answered(good, b"good")
        release.set()
        for near, _ in stuck:
            near.settimeout(PATIENCE)
            assert b"stuck" == near.recv(100)
            assert b"again" == answered(near, b"again")


def test_a_thread_that_was_stuck_leaves_nothing_that_keeps_the_loop_busy() -> None:
    release, woken = threading.Event(), []

    def ready(_: int) -> None:
        woken.append(far.recv(100))
        release.wait(PATIENCE)

    with pairs(2) as [(near, far), (other, answering)], running() as loop:
        loop.watch(far.fileno(), ready)
        loop.watch(answering.fileno(), echo(answering))
        near.send(b"stuck")
        assert b"good" == answered(other, b"good")
        release.set()
        near.send(b"more")
        until(lambda: len(woken) == 2, "it is read again")
        loop.change(far.fileno(), READ | WRITE)
        loop.change(far.fileno(), READ)
        assert b"good" == answered(other, b"good")
        assert [b"stuck", b"more"] == woken


def test_a_call_that_never_ends_does_not_keep_the_loop_from_stopping() -> None:
    stuck, release, ended = threading.Event(), threading.Event(), threading.Event()

    def ready(_: int) -> None:
        stuck.set()
        release.wait()
        ended.set()

    with pairs(1) as [(near, far)]:
        with running() as loop:
            loop.watch(far.fileno(), ready)
            near.send(b"x")
            assert stuck.wait(PATIENCE)
        release.set()
        assert ended.wait(PATIENCE)


def test_a_stopped_loop_has_closed_what_it_opened_and_made_the_calls_it_owed() -> None:
    before = len(os.listdir("/proc/self/fd"))
    made: list[int] = []
    with running() as loop:
        pass_on = threading.Event()
        loop.call_soon(pass_on.set)
        assert pass_on.wait(PATIENCE)
        loop.stop()
        loop.call_soon(lambda: made.append(1))
    assert [1] == made
    assert before == len(os.listdir("/proc/self/fd"))


def test_a_call_that_waits_holds_up_nobody_and_no_timer() -> None:
    release, late = threading.Event(), threading.Event()

    with pairs(4) as sockets, running() as loop:

        def wait(data: bytes) -> None:
            if data == b"wait":
                assert loop.hand_over()
                release.wait(PATIENCE)

        for _, far in sockets:
            loop.watch(far.fileno(), echo(far, wait))
        *waiting, (good, _) = sockets
        for near, _ in waiting:
            near.send(b"wait")
            assert b"good" == answered(good, b"good")
        loop.call_later(0.01, late.set)
        assert late.wait(PATIENCE)
        release.set()
        for near, _ in waiting:
            near.settimeout(PATIENCE)
            assert b"wait" == near.recv(100)
            assert b"again" == answered(near, b"again")


def test_a_timer_comes_while_the_only_call_waits() -> None:
    late = threading.Event()

    with pairs(1) as [(near, far)], running() as loop:

        def wait(_: bytes) -> None:
            loop.call_later(0.01, late.set)
            assert loop.hand_over()
            assert late.wait(PATIENCE)

        loop.watch(far.fileno(), echo(far, wait))
        assert b"x" == answered(near, b"x")


def test_who_handed_over_leads_again_where_nothing_arrived_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "TICK_SECONDS", PATIENCE)  # what looks after timers has the deputy lead
    leaders: list[tuple[threading.Thread, bool]] = []

    with pairs(1) as [(near, far)], running() as loop:

        def call(_: bytes) -> None:
            assert loop.hand_over()
            led = loop.led
            loop.lead_again()
            leaders.append((threading.current_thread(), led))
            assert loop.led

        loop.watch(far.fileno(), echo(far, call))
        for _ in range(5):
            assert b"x" == answered(near, b"x")
        assert 1 == len(set(leaders))
        assert not leaders[0][1]


def test_who_handed_over_leads_no_more_where_another_has_begun_to() -> None:
    led = []

    with pairs(2) as [(near, far), (other, answering)], running() as loop:

        def call(_: bytes) -> None:
            assert loop.hand_over()
            assert b"good" == answered(other, b"good")
            loop.lead_again()
            led.append(loop.led)

        loop.watch(far.fileno(), echo(far, call))
        loop.watch(answering.fileno(), echo(answering))
        assert b"x" == answered(near, b"x")
        assert [False] == led


def test_nobody_else_leads_by_asking_for_the_lead_again() -> None:
    with running() as loop:
        loop.lead_again()
        assert not loop.led


def test_a_loop_that_is_closed_may_be_stopped_again() -> None:
    with running() as loop:
        pass
    loop.stop()
