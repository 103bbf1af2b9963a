"""The event hub: what a driver publishes goes to who subscribed, on one thread, without ever holding up the driver."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.events.records import EVENTS, Event, EventKey, Ref

QUEUE_LIMIT = 10_000
"""Events that may wait for one subscriber. A thousand guests that start at once publish a few thousand."""

STUCK_AFTER = 1.0
"""Seconds: a callback that runs longer while others' queues fill up is the one to blame for it."""

Callback = Callable[[Any, Any], object]
"""Called with the reference of the object and the event's record."""

Notice = Callable[[], object]


class _Subscription:
    __slots__ = ("alive", "callback", "ended", "identity", "key", "lost", "number", "waiting")

    def __init__(
        self, number: int, key: EventKey, callback: Callback, ref: Ref | None, lost: Notice | None, ended: Notice | None
    ) -> None:
        self.number = number
        self.key = key
        self.callback = callback
        self.identity = None if ref is None else _identity(ref)
        self.lost = lost
        self.ended = ended
        self.waiting = 0
        self.alive = True

    def __str__(self) -> str:
        return f"subscriber {self.number} ({self.key.kind} event {self.key.id})"


def _identity(ref: Any) -> Any:
    """What stays the same of an object through renames and restarts."""
    return getattr(ref, "uuid", None) or ref.name


def _known(key: EventKey) -> EventKey:
    if key not in EVENTS:
        raise InvalidArgError(f"there is no event {key[1]} of class {key[0]}; virtkit.events.EVENTS has them all")
    return EventKey(*key)


class EventHub:
    """Publishes the events of a driver instance.

    Callbacks run on the hub's one thread, in the order of publication; it starts with the first subscription and ends
    with the last. At most `QUEUE_LIMIT` events wait for a subscriber. One that is slower is cut: its subscription
    ends, `lost` is called and a warning is logged. So is one whose callback does not return while others wait; another
    thread then takes over. A callback that raises is logged and stays subscribed.
    """

    def __init__(self, name: str = "events", *, limit: int = QUEUE_LIMIT) -> None:
        """Make a hub.

        Args:
            name: Name of its thread.
            limit: Events that may wait for one subscriber.
        """
        self._name = name
        self._limit = limit
        self._routes: dict[type, tuple[_Subscription, ...]] = {}
        self._subscriptions: dict[int, _Subscription] = {}
        self._numbers = itertools.count()
        self._queue: deque[tuple[_Subscription | None, Callable[..., object], tuple[Any, ...]]] = deque()
        # Re-entrant, because a finalizer that publishes may run anywhere.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._running: _Subscription | None = None
        self._since = 0.0
        self._closed = False

    def publish(self, ref: Ref, event: Event) -> None:
        """Hand an event to its subscribers. Never waits; costs next to nothing when there are none."""
        if type(event) in self._routes:
            self._enqueue(ref, event)

    def subscribe(
        self,
        key: EventKey,
        callback: Callback,
        ref: Ref | None = None,
        *,
        lost: Notice | None = None,
        ended: Notice | None = None,
    ) -> int:
        """Have `callback` called for every event of a key from now on.

        Args:
            key: Which event.
            callback: Called with (reference, record) on the hub's thread.
            ref: Only events of this object (found by UUID, or by name where it has none); None: of all.
            lost: Called on the hub's thread when the subscriber was too slow and has been cut.
            ended: Called on the hub's thread when the hub was closed.

        Returns:
            The callback id, counting up from 0 for each hub over all classes of events.

        Raises:
            InvalidArgError: There is no such event.
            OperationInvalidError: The hub is closed.
        """
        return self._add(key, callback, ref, lost, ended)

    def agreed(self, callback_id: int) -> Awaitable[None] | None:
        """What an asynchronous connection awaits after it has subscribed; None where nobody else has to agree.

        For the hub of a driver whose events come from another side, which `subscribe` has asked for them without
        waiting for the answer. What it raises ends the subscription.
        """
        return None

    def unsubscribe(self, callback_id: int) -> None:
        """End a subscription. No call of its callback starts after this returns; one may still be running.

        Raises:
            InvalidArgError: No subscription has this id (any more).
        """
        with self._changed:
            found = self._subscriptions.get(callback_id)
            if found is None:
                raise InvalidArgError(f"no event callback has the id {callback_id}; it was removed or never registered")
            self._end(found)

    def listen(self, keys: Iterable[EventKey], ref: Ref | None = None) -> AsyncIterator[tuple[Any, Any]]:
        """The events of some keys as an asynchronous iterator of (reference, record), from this call on.

        Call it in a running asyncio loop. Leaving the `async for` ends the subscriptions, closing the hub ends the
        iteration.

        Raises:
            OperationAbortedError: (from the iteration) The loop was too slow and events were lost.
        """
        from virtkit.events.listener import Inbox  # brings asyncio, 40 ms

        inbox = Inbox(self._limit)
        for key in [_known(key) for key in keys]:
            number = self._add(key, inbox.put, ref, inbox.lose, inbox.end)
            inbox.subscriptions.append((self.unsubscribe, number))
        return inbox.items()

    def drain(self, timeout: float = 10.0) -> bool:
        """Wait until the events published so far have been delivered; False after `timeout` seconds."""
        delivered = threading.Event()
        with self._changed:
            if self._thread is None:
                return True
            self._put(None, delivered.set)
        return delivered.wait(timeout)

    def close(self) -> None:
        """End every subscription and the thread. Events still waiting, and later ones, go nowhere."""
        with self._changed:
            self._closed = True
            thread = self._thread
            for found in list(self._subscriptions.values()):
                self._end(found)
                if found.ended is not None:
                    self._put(None, found.ended)
        # It is not alive where Ctrl+C came while it was being started.
        if thread is not None and thread is not threading.current_thread() and thread.is_alive():
            thread.join(STUCK_AFTER)

    def _add(
        self, key: EventKey, callback: Callback, ref: Ref | None, lost: Notice | None, ended: Notice | None
    ) -> int:
        key = _known(key)
        with self._changed:
            if self._closed:
                raise OperationInvalidError(f"the hub {self._name!r} is closed and has no more events")
            found = _Subscription(next(self._numbers), key, callback, ref, lost, ended)
            self._subscriptions[found.number] = found
            self._route(key)
            if self._thread is None:
                self._start()
            return found.number

    def _enqueue(self, ref: Ref, event: Event) -> None:
        with self._changed:
            for found in self._routes.get(type(event), ()):
                if found.identity is None or found.identity == _identity(ref):
                    found.waiting += 1
                    self._put(found, found.callback, ref, event)
                    if found.waiting * 2 > self._limit:
                        self._relieve(found)

    def _put(self, found: _Subscription | None, call: Callable[..., object], *arguments: Any) -> None:
        self._queue.append((found, call, arguments))
        if len(self._queue) == 1:
            self._changed.notify()

    def _relieve(self, found: _Subscription) -> None:
        """See who is to blame for a queue that is half full or full, and go on without them."""
        running = self._running
        if found.waiting > self._limit:
            self._cut(found)
        elif running is not None and time.monotonic() - self._since > STUCK_AFTER:
            self._cut(running)
        if running is not None and not running.alive:
            self._start()

    def _cut(self, found: _Subscription) -> None:
        import logging

        logging.getLogger(__name__).warning("%s: %s is too slow and has been cut", self._name, found)
        if found.lost is not None:
            self._put(None, found.lost)
        self._end(found)

    def _end(self, found: _Subscription) -> None:
        found.alive = False
        self._subscriptions.pop(found.number, None)
        self._route(found.key)
        self._changed.notify()

    def _route(self, key: EventKey) -> None:
        routes = tuple(found for found in self._subscriptions.values() if found.key == key)
        if routes:
            self._routes[EVENTS[key]] = routes
        else:
            self._routes.pop(EVENTS[key], None)

    def _start(self) -> None:
        """Let a new thread deliver; one that did until now ends when its callback returns."""
        self._running = None
        self._thread = threading.Thread(target=self._deliver, name=self._name, daemon=True)
        self._thread.start()

    def _deliver(self) -> None:
        while (work := self._next()) is not None:
            call, arguments = work
            try:
                call(*arguments)
            except Exception:
                import logging

                logging.getLogger(__name__).exception("%s: an event callback failed; it stays subscribed", self._name)

    def _next(self) -> tuple[Callable[..., object], tuple[Any, ...]] | None:
        """What to call next; None when this thread is no longer needed."""
        me = threading.current_thread()
        with self._changed:
            while self._thread is me:
                self._running = None
                if self._queue:
                    found, call, arguments = self._queue.popleft()
                    if found is not None:
                        found.waiting -= 1
                        if not found.alive:
                            continue
                    self._running, self._since = found, time.monotonic()
                    return call, arguments
                if not self._subscriptions:
                    self._thread = None
                    break
                self._changed.wait()
        return None
