"""One thread that waits for all sockets, and steps aside for another before it waits for anything else.

    loop = Loop()
    loop.watch(sock.fileno(), on_ready)
    loop.run()

What cannot wait is answered on the thread that read it, without handing it to another. So is what may wait, if
`hand_over` has the lead given up first: a deputy then takes it as soon as there is something to do, and where there is
nothing until the call ends, the thread that made it leads again and nobody was woken (`docs/adr/0014-*.md` has the
figures). A callback that does not return although it said that it would not wait, because a driver broke its word, is
left to its thread, and the deputy leads.

The deputy waits for the descriptor with which the leader waits for all others. That one counts as ready while something
has arrived, and is watched only while nobody leads.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
NOTHING = 0

STUCK_SECONDS = 0.25
"""A callback that runs longer has waited for something."""

TICK_SECONDS = 0.1

LONGEST_WAIT = 3600.0
"""How long the kernel is asked to wait at a time: it takes no more than 24 days."""

IDLE_SECONDS = 30.0
"""How long a thread that led once waits to lead again."""

Ready = Callable[[int], object]
"""Called with the events of the descriptor."""

_log = logging.getLogger(__name__)


class Timer:
    """A call at a time to come; `cancel` it once it is not wanted."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Let it not happen. One that is being made is not stopped."""
        self.call = None


class Loop:
    """Calls back when descriptors are ready, and at times.

    `watch`, `change`, `forget`, `call_soon` and `call_later` may be used from any thread.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._wake, READ)
        self._ready: dict[int, Ready] = {self._wake: self._woken}
        self._wanted: dict[int, int] = {}
        self._muted: dict[int, threading.Thread | None] = {}
        self._watching = threading.Lock()
        self._soon: deque[Callable[[], object]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._timing = threading.Lock()
        self._alert = select.epoll()
        self._alert.register(self._epoll, NOTHING)
        self._leading = threading.Lock()
        """Held while somebody begins or ceases to lead, or to stand by for it."""
        self._leader: threading.Thread | None = None
        self._former: threading.Thread | None = None
        self._has_deputy = False
        self._spare: deque[SimpleQueue[bool]] = deque()
        self._current = -1
        self._busy_since = 0.0
        self._active = threading.Event()
        self._stopped = threading.Event()
        self._ended = threading.Event()

    def watch(self, descriptor: int, ready: Ready, events: int = READ) -> None:
        """Call `ready` whenever a descriptor is ready for one of the events, or broken."""
        with self._watching:
            self._ready[descriptor] = ready
            self._wanted[descriptor] = events
            self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        """Wait for other events of a watched descriptor; 0 waits for none but its end."""
        with self._watching:
            if descriptor in self._wanted:
                self._wanted[descriptor] = events
                if descriptor not in self._muted:
                    self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Stop watching; to be called before the descriptor is closed. An unwatched one is left alone."""
        with self._watching:
            if self._ready.pop(descriptor, None) is not None:
                del self._wanted[descriptor]
                self._muted.pop(descriptor, None)
                self._epoll.unregister(descriptor)

    def call_soon(self, call: Callable[[], object]) -> None:
        """Call on the loop's thread."""
        self._soon.append(call)
        os.eventfd_write(self._wake, 1)

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call on the loop's thread after some time."""
        timer = Timer(call)
        with self._timing:
            heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), timer))
            first = self._timers[0][2] is timer
        if first and threading.current_thread() is not self._leader:
            os.eventfd_write(self._wake, 1)
        return timer

    def run(self) -> None:
        """Serve until `stop`. Others lead: this thread could not come back from a call that never ends."""
        threading.Thread(target=self._watch_over, name="virtkitd-watch", daemon=True).start()
        self._start()
        self._let_deputy_lead()
        self._stopped.wait()
        self._ended.wait(STUCK_SECONDS)  # who leads may be stuck

    def hand_over(self) -> bool:
        """Have the deputy lead once there is something to do, because this thread is going to wait.

        To be called by a callback, as the last thing that it does for what is ready now. False where there can be no
        other thread: this one still leads, and must not wait.
        """
        with self._leading:
            if self._alert.closed or not (self._has_deputy or self._appoint()):
                return False
            self._former, self._leader = self._leader, None
            self._current, self._busy_since = -1, 0.0
            self._alert.modify(self._epoll, READ)
        return True

    def lead_again(self) -> None:
        """Take the lead back where this thread has handed it over and nobody took it: it is going to wait no more.

        Before a client gets its answer, so that the deputy is not woken by what the client sends next.
        """
        me = threading.current_thread()
        if self._former is me and self._take_lead(me):
            self._busy_since = time.monotonic()

    @property
    def led(self) -> bool:
        """Whether the calling thread leads."""
        return self._leader is threading.current_thread()

    def stop(self) -> None:
        """Let `run` return."""
        self._stopped.set()
        self._active.set()
        self._rouse()  # unless `run` has returned already, and the loop been closed
        while self._spare:
            self._spare.pop().put(False)

    def close(self) -> None:
        """Make the calls that were still to be made soon, and let go of the loop's own descriptors; it has stopped."""
        while self._soon:
            self._call(self._soon.popleft())
        with self._watching:
            self._epoll.close()
            self._alert.close()
            os.close(self._wake)

    def _start(self) -> None:
        """Start a thread that is the deputy."""
        threading.Thread(target=self._serve, name=f"virtkitd-loop-{next(self._numbers)}", daemon=True).start()
        self._has_deputy = True

    def _woken(self, _: int) -> None:
        if not self._stopped.is_set():  # after that it wakes the deputy too
            with suppress(BlockingIOError):  # the thread that led before has read it
                os.eventfd_read(self._wake)

    def _let_deputy_lead(self) -> None:
        """Take the lead from who has it, also if nothing arrives."""
        if self.hand_over():
            self._rouse()

    def _rouse(self) -> None:
        """Wake who leads, if the loop is still open."""
        with self._watching:
            if not self._epoll.closed:
                os.eventfd_write(self._wake, 1)

    def _appoint(self) -> bool:
        """Have a thread stand by; False where there can be no other thread. The lock is held."""
        try:
            self._spare.pop().put(True)
            self._has_deputy = True
        except IndexError:
            try:
                self._start()
            except RuntimeError as error:
                _log.error("the loop stays with its thread: %s", error)
        return self._has_deputy

    def _serve(self) -> None:
        """Stand by and lead, again and again, until the loop stops or has not needed this thread for a while."""
        me, turn = threading.current_thread(), SimpleQueue[bool]()
        while self._stand_by(me):
            self._lead(me)
            if self._stopped.is_set():
                self._end(me)
                return
            self._spare.append(turn)
            if not self._is_appointed(turn):
                return

    def _is_appointed(self, turn: SimpleQueue[bool]) -> bool:
        """Wait in reserve; False where this thread is not needed any more."""
        try:
            return turn.get(timeout=IDLE_SECONDS)
        except Empty:
            try:
                self._spare.remove(turn)
            except ValueError:
                return turn.get()  # it was told just now
            return False

    def _stand_by(self, me: threading.Thread) -> bool:
        """Wait as the deputy until there is something to do and nobody leads; False where the loop is closed before."""
        while not self._alert.closed:
            with suppress(ValueError):  # it was closed just now
                self._alert.poll(IDLE_SECONDS)
            if self._take_lead(me, as_deputy=True):
                return True
        return False

    def _take_lead(self, me: threading.Thread, *, as_deputy: bool = False) -> bool:
        """Lead, unless another thread does."""
        with self._leading:
            if self._leader is not None or self._alert.closed:
                return False
            self._leader = me
            self._has_deputy &= not as_deputy
            self._alert.modify(self._epoll, NOTHING)
        return True

    def _end(self, me: threading.Thread) -> None:
        """Let the deputy end too, or tell that nobody is left."""
        if self._leader is me:
            if self._has_deputy:
                self.hand_over()
            else:
                self._ended.set()

    def _lead(self, me: threading.Thread) -> None:
        """Lead until another thread does, or the loop stops."""
        poll = self._epoll.poll
        while not self._stopped.is_set() and (self._leader is me or self._take_lead(me)):
            try:
                found = poll(self._seconds_to_next())
            except ValueError:  # the loop was closed without waiting for this thread
                return
            self._busy_since = time.monotonic()
            if not self._active.is_set():
                self._active.set()
            self._call_back(me, found)

    def _call_back(self, me: threading.Thread, found: list[tuple[int, int]]) -> None:
        """Make the calls for what is ready, and those that are due, as long as this thread leads."""
        ready = self._ready
        for descriptor, events in found:
            callback = ready.get(descriptor)
            if callback is None:
                continue
            self._current = descriptor
            try:
                callback(events)
            except Exception:  # noqa: BLE001 - one client's fault must not end the thread that serves all
                _log.exception("a callback of the loop failed")
            if descriptor in self._muted:
                self._unmute(descriptor)
            if self._leader is not me or self._stopped.is_set():
                return
            if self._current != descriptor:
                break  # the lead was away meanwhile: what else was found may be old
        self._current = -1
        if self._soon or self._timers:
            self._call_due(me)
        if self._leader is me:
            self._busy_since = 0.0

    def _call_due(self, me: threading.Thread) -> None:
        while self._soon:
            self._call(self._soon.popleft())
            if self._leader is not me:
                return
        now = time.monotonic()
        while self._leader is me:
            with self._timing:
                if not self._timers or self._timers[0][0] > now:
                    return
                call = heapq.heappop(self._timers)[2].call
            if call is not None:
                self._call(call)

    def _call(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - likewise
            _log.exception("a call of the loop failed")

    def _seconds_to_next(self) -> float | None:
        if self._soon:
            return 0
        with self._timing:
            return min(max(0.0, self._timers[0][0] - time.monotonic()), LONGEST_WAIT) if self._timers else None

    def _watch_over(self) -> None:
        """Look at the loop now and then while it has something to do, and replace a thread that is stuck."""
        while not self._stopped.is_set():
            self._active.wait()
            quiet = 0
            while quiet < 2 and not self._stopped.wait(TICK_SECONDS):
                since = self._busy_since
                quiet = 0 if since or self._leader is None else quiet + 1
                if self._leader is None:
                    self._rouse()  # a call takes long: the deputy is to look after the timers
                elif since and time.monotonic() - since > STUCK_SECONDS:
                    self._replace()
            self._active.clear()
            if self._busy_since or self._leader is None:  # it began just now and saw that it was watched
                self._active.set()

    def _replace(self) -> None:
        """Let another thread lead in place of one that is stuck, and leave to that one what it was reading."""
        stuck, descriptor = self._leader, self._current
        _log.error("thread %s of the loop is stuck in a call; another one goes on", stuck and stuck.name)
        with self._watching:
            if descriptor in self._wanted:
                self._muted[descriptor] = stuck
                self._epoll.modify(descriptor, NOTHING)
        self._let_deputy_lead()

    def _unmute(self, descriptor: int) -> None:
        """Have others read what the calling thread was stuck with."""
        with self._watching:
            if self._muted.get(descriptor) is threading.current_thread() and not self._epoll.closed:
                del self._muted[descriptor]
                self._epoll.modify(descriptor, self._wanted[descriptor])
