"""The event hub: what a driver publishes goes to who subscribed, on one thread, without ever holding up the driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from virtkit.events.records import Event, EventKey, Ref

QUEUE_LIMIT = 10_000
"""Events that may wait for one subscriber. A thousand guests that start at once publish a few thousand."""

STUCK_AFTER = 1.0
"""Seconds: a callback that runs longer while a queue overflows is the one to blame for it."""

Callback = Callable[[Any, Any], object]
"""Called with the reference of the object and the event's record."""


class EventHub:
    """Publishes the events of a driver instance.

    Callbacks run on the hub's one thread, in the order of publication; it starts with the first subscription and ends
    with the last. At most `QUEUE_LIMIT` events wait for a subscriber: one that is slower is cut, that is, its
    subscription ends, `lost` is called and a warning is logged. A callback that raises is logged and stays subscribed.
    """

    def __init__(self, name: str = "events", *, limit: int = QUEUE_LIMIT) -> None:
        """Make a hub; `name` becomes its thread's name."""

    def publish(self, ref: Ref, event: Event) -> None:
        """Hand an event to its subscribers. Never waits; costs next to nothing when there are none."""
        raise NotImplementedError

    def subscribe(
        self, key: EventKey, callback: Callback, ref: Ref | None = None, *, lost: Callable[[], object] | None = None
    ) -> int:
        """Have `callback` called for every event of a key from now on.

        Args:
            key: Which event.
            callback: Called with (reference, record) on the hub's thread.
            ref: Only events of this object (found by UUID, or by name where it has none); None: of all.
            lost: Called on the hub's thread when the subscriber was too slow and has been cut.

        Returns:
            The callback id, counting up from 0 for each hub over all classes of events.

        Raises:
            InvalidArgError: There is no such event.
        """
        raise NotImplementedError

    def unsubscribe(self, callback_id: int) -> None:
        """End a subscription. No call of its callback starts after this returns; one may still be running.

        Raises:
            InvalidArgError: No subscription has this id (any more).
        """
        raise NotImplementedError

    def listen(self, keys: Iterable[EventKey], ref: Ref | None = None) -> AsyncIterator[tuple[Ref, Any]]:
        """The events of some keys as an asynchronous iterator, from this call on.

        Call it in a running asyncio loop; leaving the `async for` ends the subscriptions.

        Raises:
            OperationAbortedError: (from the iteration) The loop was too slow and events were lost.
        """
        raise NotImplementedError

    def drain(self, timeout: float = 10.0) -> bool:
        """Wait until the events published so far have been delivered; False after `timeout` seconds."""
        raise NotImplementedError

    def close(self) -> None:
        """End every subscription and the thread. Later events go nowhere."""
        raise NotImplementedError
