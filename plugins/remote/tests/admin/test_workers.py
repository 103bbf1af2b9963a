"""How many workers there are, set while they work."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from plugins.remote.tests.admin.virt_admin import SECONDS, wait_until
from virtkit_remote.daemon.workers import Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(4)
    yield made
    made.close()
    wait_until(lambda: made.threads == 0, "the workers end")


def occupy(workers: Workers, count: int) -> threading.Event:
    """Have some workers wait for an event; returns once all of them do."""
    go, there = threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        there.release()
        go.wait(SECONDS)

    for _ in range(count):
        workers.submit(None, wait)
    for _ in range(count):
        assert there.acquire(timeout=SECONDS)
    return go


def test_workers_that_shall_stay_are_there_at_once(workers: Workers) -> None:
    workers.resize(3, 4)
    assert (3, 3) == (workers.threads, workers.free)


def test_idle_workers_that_are_too_many_end(workers: Workers) -> None:
    workers.resize(4, 4)
    workers.resize(0, 1)
    wait_until(lambda: workers.threads == 1, "three of four end")
    done = threading.Event()
    workers.submit(None, done.set)
    assert done.wait(SECONDS)


def test_busy_workers_that_are_too_many_end_after_their_task(workers: Workers) -> None:
    go = occupy(workers, 3)
    workers.resize(0, 1)
    assert 3 == workers.threads
    go.set()
    wait_until(lambda: workers.threads == 1, "two of three end")


def test_more_workers_take_what_waits_with_the_next_task(workers: Workers) -> None:
    go = occupy(workers, 4)
    done = threading.Event()
    workers.submit(None, done.set)
    assert 1 == workers.waiting
    workers.resize(6, 8)
    assert done.wait(SECONDS)
    go.set()


def test_all_tasks_run_while_the_number_changes(workers: Workers) -> None:
    ran = []
    for number in range(500):
        workers.submit(number % 7, lambda number=number: ran.append(number))  # type: ignore[misc]
        workers.resize(0, 1 + number % 5)
    assert workers.drain(SECONDS)
    assert list(range(500)) == sorted(ran)
