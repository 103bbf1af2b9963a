"""The workers: a lane for each object, and threads that come and go."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from plugins.remote.tests.daemon.daemons import until
from plugins.remote.tests.daemon.wire import PATIENCE
from virtkit_remote.daemon.workers import LANE_WIDTH, Workers


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def workers(release: threading.Event) -> Iterator[Workers]:
    pool = Workers(10)
    yield pool
    release.set()
    assert pool.drain(PATIENCE)
    pool.close()
    until(lambda: pool.threads == 0, "all threads have ended")


class Running:
    """Tasks that run until they are released."""

    def __init__(self, release: threading.Event) -> None:
        self.release = release
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.count += 1
        self.release.wait(PATIENCE)


def test_tasks_of_an_object_run_in_a_lane_of_their_own(workers: Workers, release: threading.Event) -> None:
    stuck, done = Running(release), threading.Event()
    for _ in range(LANE_WIDTH + 5):
        workers.submit("stuck", stuck)
    workers.submit("other", done.set)
    assert done.wait(PATIENCE)
    until(lambda: stuck.count == LANE_WIDTH, "the lane is full")
    assert 5 == workers.waiting
    release.set()
    assert workers.drain(PATIENCE)
    assert LANE_WIDTH + 5 == stuck.count


def test_every_task_gets_a_thread_while_there_may_be_more(workers: Workers, release: threading.Event) -> None:
    for round in range(1, 11):
        stuck = Running(release)
        workers.submit(None, stuck)
        until(lambda stuck=stuck: stuck.count == 1, f"task {round} runs")  # type: ignore[misc]
    done = threading.Event()
    workers.submit(None, done.set)
    assert (10, 1) == (workers.threads, workers.waiting)
    assert not done.is_set()


@pytest.mark.parametrize("fault", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_task_that_raises_costs_no_thread(workers: Workers, fault: type[BaseException]) -> None:
    def fail() -> None:
        raise fault

    for _ in range(30):
        workers.submit("lane", fail)
    assert workers.drain(PATIENCE)
    done = threading.Event()
    workers.submit("lane", done.set)
    assert done.wait(PATIENCE)


def test_who_enters_takes_a_place_in_the_lane(workers: Workers, release: threading.Event) -> None:
    assert [True] * LANE_WIDTH + [False] == [workers.enter("lane") for _ in range(LANE_WIDTH + 1)]
    assert workers.enter("other")
    done = threading.Event()
    workers.submit("lane", done.set)
    assert 1 == workers.waiting
    workers.leave("lane")
    assert done.wait(PATIENCE)
    for _ in range(LANE_WIDTH - 1):
        workers.leave("lane")
    workers.leave("other")
    assert workers.drain(PATIENCE)


def test_draining_tells_when_it_takes_too_long(workers: Workers, release: threading.Event) -> None:
    workers.submit(None, Running(release))
    assert not workers.drain(0.01)
    release.set()
    assert workers.drain(PATIENCE)
