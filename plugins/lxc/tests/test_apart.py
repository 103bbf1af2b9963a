"""Calls on other threads, and threads that stay for the next call."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from plugins.lxc.tests.lab import eventually
from virtkit_lxc import apart
from virtkit_lxc.apart import Crew


def fail() -> None:
    raise ValueError("no")


class Entered:
    """Counts who enters."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self) -> None:
        self.threads.append(threading.get_ident())


@pytest.mark.parametrize("make", [apart.apart, Crew(lambda: None).do])
def test_a_call_returns_and_raises_what_it_does_elsewhere(make: Callable[[Callable[[], object]], object]) -> None:
    assert threading.get_ident() != make(threading.get_ident)
    with pytest.raises(ValueError, match="no"):
        make(fail)


def test_the_next_call_is_made_by_who_has_entered_already() -> None:
    entered = Entered()
    crew = Crew(entered)
    assert [crew.do(threading.get_ident) for _ in range(3)] == entered.threads * 3
    with pytest.raises(ValueError, match="no"):
        crew.do(fail)
    assert entered.threads == [crew.do(threading.get_ident)]


def test_calls_do_not_wait_for_each_other() -> None:
    crew, meeting = Crew(lambda: None), threading.Barrier(2, timeout=10)
    other = threading.Thread(target=crew.do, args=(meeting.wait,))
    other.start()
    assert crew.do(meeting.wait) in (0, 1)
    other.join()


def test_who_cannot_enter_makes_no_call_and_is_asked_no_more() -> None:
    refusals = iter([True, False])

    def enter() -> None:
        if next(refusals):
            raise PermissionError("closed")

    crew = Crew(enter)
    with pytest.raises(PermissionError, match="closed"):
        crew.do(threading.get_ident)
    assert crew.do(lambda: "made") == "made"


def test_who_has_nothing_to_do_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "IDLE_SECONDS", 0.01)
    entered = Entered()
    crew = Crew(entered)
    crew.do(lambda: None)
    eventually(lambda: entered.threads[0] not in [each.ident for each in threading.enumerate()], "it leaves")
    crew.do(lambda: None)
    assert len(entered.threads) == 2
