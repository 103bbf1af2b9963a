"""Threads for the calls that may wait, with one queue per object.

A call is submitted under a lane, mostly the object that it is about. At most `LANE_WIDTH` calls of a lane run at once;
the others of that lane wait in its queue, without a thread. So an object that does not answer holds up a few threads
and nobody else's calls, while a second caller can still ask, and abort, what the first one waits for.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable
from queue import Empty, SimpleQueue

LANE_WIDTH = 4
"""Calls of one object that run at once: one that changes it, and some that look or abort meanwhile."""

IDLE_SECONDS = 30.0
"""How long a thread without work stays."""

_log = logging.getLogger(__name__)

Task = Callable[[], object]


class _Lane:
    __slots__ = ("running", "waiting")

    def __init__(self) -> None:
        self.running = 0
        self.waiting: deque[Task] = deque()


class Workers:
    """A pool that grows on demand up to a limit, and shrinks when there is nothing to do.

    Args:
        most: Threads at most.
        name: What their names start with.
    """

    def __init__(self, most: int, name: str = "virtkitd-worker") -> None:
        self.least, self.most = 0, most
        self._name = name
        self._lock = threading.Lock()
        self._idle_or_none = threading.Condition(self._lock)
        self._ready: SimpleQueue[tuple[Hashable, Task] | None] = SimpleQueue()
        self._lanes: dict[Hashable, _Lane] = {}
        self._threads = 0
        self._unfinished = 0
        self._queued = 0
        self._running = 0
        self._guests = 0

    @property
    def threads(self) -> int:
        """How many threads there are; `free` of them have nothing to do."""
        return self._threads

    @property
    def free(self) -> int:
        """Threads without work."""
        return self._threads - (self._running - self._guests)

    @property
    def unfinished(self) -> int:
        """Calls that run or wait."""
        return self._unfinished

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread or for their lane."""
        return self._unfinished - self._running

    def submit(self, lane: Hashable, task: Task) -> None:
        """Have a task run; returns at once.

        Args:
            lane: What the task is about; None waits for nothing else.
            task: What to run. What it raises is logged.
        """
        with self._lock:
            self._unfinished += 1
            if lane is not None:
                entry = self._lanes.get(lane)
                if entry is None:
                    entry = self._lanes[lane] = _Lane()
                if entry.running >= LANE_WIDTH:
                    entry.waiting.append(task)
                    return
                entry.running += 1
            self._enqueue(lane, task)

    def enter(self, lane: Hashable) -> bool:
        """Count the calling thread in, to run a task of a lane itself; False where the task has to wait."""
        with self._lock:
            if self._running >= self.most:
                return False
            if lane is not None:
                entry = self._lanes.get(lane)
                if entry is None:
                    entry = self._lanes[lane] = _Lane()
                if entry.running >= LANE_WIDTH:
                    return False
                entry.running += 1
            self._unfinished += 1
            self._running += 1
            self._guests += 1
            return True

    def leave(self, lane: Hashable) -> None:
        """Count the calling thread out again."""
        with self._lock:
            self._guests -= 1
        self._done(lane)

    def resize(self, least: int, most: int) -> None:
        """Change how many threads stay when there is nothing to do, and how many there may be.

        Missing ones start now; of those that are too many each ends once its task has.

        Args:
            least: Threads that stay.
            most: Threads at most; not less than `least`.
        """
        with self._lock:
            self.least, self.most = least, most
            for _ in range(least - self._threads):
                self._start()
            for _ in range(self._threads - most):
                self._ready.put(None)

    def drain(self, seconds: float) -> bool:
        """Wait until everything submitted has run; False when that takes longer."""
        with self._idle_or_none:
            return self._idle_or_none.wait_for(lambda: self._unfinished == 0, seconds)

    def close(self) -> None:
        """End the threads that have nothing to do; one that is stuck in a call is left to it."""
        self.resize(0, 0)

    def _enqueue(self, lane: Hashable, task: Task) -> None:
        """Hand a task to a thread, a new one where none is free; the lock is held."""
        self._ready.put((lane, task))
        self._queued += 1  # until a thread counts as running: one that has just taken a task is not free for the next
        if self._queued > self.free and self._threads < self.most:
            self._start()

    def _start(self) -> None:
        """Have one more thread; the lock is held."""
        thread = threading.Thread(target=self._work, name=f"{self._name}-{self._threads + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            _log.error("no more than %d workers can be had: %s", self._threads, error)
        else:
            self._threads += 1

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            lane, task = taken
            try:
                task()
            except BaseException:  # noqa: BLE001 - the thread goes on with other calls, after SystemExit as well
                _log.exception("a task of the workers failed; nobody gets its answer")
            self._done(lane)

    def _take(self) -> tuple[Hashable, Task] | None:
        """The next task; None when this thread is to end."""
        idle = False
        while not self._ends(idle=idle):
            try:
                taken = self._ready.get(timeout=IDLE_SECONDS)
            except Empty:
                idle = True
                continue
            idle = False
            if taken is not None:
                with self._lock:
                    self._queued -= 1
                    self._running += 1
                return taken
        return None

    def _ends(self, *, idle: bool) -> bool:
        """Whether the calling thread is one too many, or `idle` and not needed; it is not counted any more then."""
        if not idle and self._threads <= self.most:
            return False
        with self._lock:
            ends = self._threads > self.most or (idle and self._threads > self.least and self._ready.empty())
            self._threads -= ends
            return ends

    def _done(self, lane: Hashable) -> None:
        with self._lock:
            self._running -= 1
            self._unfinished -= 1
            if self._unfinished == 0:
                self._idle_or_none.notify_all()
            if lane is None:
                return
            entry = self._lanes[lane]
            if entry.waiting:
                self._enqueue(lane, entry.waiting.popleft())
                return
            entry.running -= 1
            if entry.running == 0:
                del self._lanes[lane]
