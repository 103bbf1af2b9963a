"""Calls on other threads: the kernel keeps namespaces for each thread, so one that enters others does nothing else."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

IDLE_SECONDS = 30.0
"""How long a thread of a crew waits for its next call."""


def apart(do: Callable[[], T]) -> T:
    """Make a call on a thread that ends with it; what the call returns or raises, this does.

    Whoever is interrupted meanwhile waits for its end, so that what it makes can be undone.
    """
    call = _Call(do)
    thread = threading.Thread(target=call.make, name=_name())
    thread.start()
    try:
        thread.join()
    finally:
        thread.join()
    return call.outcome()


class Crew:
    """Threads that have entered other namespaces and wait there for the next call: to start one takes 0.5 ms.

    Args:
        enter: Has the calling thread enter them; what it raises, `do` raises.
    """

    def __init__(self, enter: Callable[[], object]) -> None:
        self._enter = enter
        self._idle: deque[SimpleQueue[_Call[Any]]] = deque()

    def do(self, do: Callable[[], T]) -> T:
        """Make a call on one of them; the rest as with `apart`."""
        call = _Call(do)
        try:
            self._idle.pop().put(call)
        except IndexError:
            threading.Thread(target=self._serve, args=(call,), name=_name(), daemon=True).start()
        try:
            call.over.wait()
        finally:
            call.over.wait()
        return call.outcome()

    def _serve(self, call: _Call[Any] | None) -> None:
        assert call is not None
        entering = _Call(self._enter)
        entering.make()
        if entering.raised:
            call.raised = entering.raised
            call.over.set()
            return
        turn = SimpleQueue[_Call[Any]]()
        while call is not None:
            call.make()
            self._idle.append(turn)  # before whoever waits calls again
            call.over.set()
            call = self._next(turn)

    def _next(self, turn: SimpleQueue[_Call[Any]]) -> _Call[Any] | None:
        try:
            return turn.get(timeout=IDLE_SECONDS)
        except Empty:
            try:
                self._idle.remove(turn)
            except ValueError:
                return turn.get()  # it was given one just now
            return None


class _Call(Generic[T]):
    """A call that another thread makes.

    Attributes:
        raised: What it has raised, alone; empty: nothing yet.
        over: Set once it is.
    """

    def __init__(self, do: Callable[[], T]) -> None:
        self._do = do
        self._returned: list[T] = []
        self.raised: list[BaseException] = []
        self.over = threading.Event()

    def make(self) -> None:
        try:
            self._returned.append(self._do())
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever waits
            self.raised.append(error)

    def outcome(self) -> T:
        """What it has returned; raises what it has raised."""
        if self.raised:
            raise self.raised[0]
        return self._returned[0]


def _name() -> str:
    return f"{threading.current_thread().name}, apart"
