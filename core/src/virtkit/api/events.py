"""Events for programs: callbacks, and asynchronous iteration."""

from __future__ import annotations

import weakref
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from virtkit.api.domain import Domain
from virtkit.api.handle import Handle
from virtkit.api.methods import Methods
from virtkit.api.network import Network
from virtkit.api.node_device import NodeDevice
from virtkit.api.secret import Secret
from virtkit.api.storage import StoragePool
from virtkit.errors import InvalidArgError, NotSupportedError, OperationDeniedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from virtkit.events import Event, EventHub, EventKey
    from virtkit.ops import Part

E = TypeVar("E", bound="Event")

OBJECTS: dict[str, tuple[str, type[Handle[Any]]]] = {
    "domain": ("hypervisor", Domain),
    "network": ("network", Network),
    "storage_pool": ("storage", StoragePool),
    "node_device": ("nodedev", NodeDevice),
    "secret": ("secret", Secret),
    "qemu_monitor": ("hypervisor", Domain),
}
"""Class of events -> the kind of driver that publishes them, and what they are about."""


class Subscription:
    """What `Connection.subscribe` returns: closing it ends the calls. It may be used as a context manager.

    Without it the callback is called until the connection is closed.
    """

    __slots__ = ("connection", "hub", "number")

    def __init__(self, connection: EventMethods, hub: EventHub, number: int) -> None:
        self.connection = connection
        self.hub = hub
        self.number = number

    def close(self) -> None:
        """End it. No call starts after this returns, one may still be running; closing twice is harmless."""
        if self.connection._subscriptions.pop((self.hub, self.number), None):
            with suppress(InvalidArgError):  # cut, because it was too slow
                self.hub.unsubscribe(self.number)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class EventMethods(Methods):
    """What a connection tells unasked.

    An event is named by the class of its record (`virtkit.events.DomainLifecycleEvent`), or by libvirt's class and id
    (`virtkit.events.EventKey`).
    """

    __slots__ = ()

    _subscriptions: dict[tuple[EventHub, int], Callable[[], object]]
    # Hub and number of each callback -> what to call when the connection closes.

    def subscribe(
        self, event: type[E] | EventKey, callback: Callable[[Any, E], object], obj: Handle[Any] | None = None
    ) -> Subscription:
        """Have `callback(object, record)` called for each event, in order, on a thread of the library.

        Args:
            event: Which event.
            callback: Takes a handle of what the event is about, and the event's record. It should return soon: a
                subscriber that lags 10,000 events behind is cut, which is logged.
            obj: Only events about this object; None: about all.

        Raises:
            NotSupportedError: The connection has no such events.
            OperationDeniedError: Events of QEMU's monitor on a read-only connection.
        """
        key = key_of(event)
        alive = weakref.ref(self)

        def deliver(ref: Any, record: E) -> None:
            connection = alive()
            if connection is not None:
                callback(handle(connection, key, ref), record)

        hub = self._hub(key)
        number = hub.subscribe(key, deliver, obj.ref if obj else None)
        self._subscriptions[hub, number] = lambda: None
        return Subscription(self, hub, number)

    def events(self, *events: type[Event] | EventKey, obj: Handle[Any] | None = None) -> AsyncIterator[tuple[Any, Any]]:
        """Some events as an asynchronous iterator of (object, record), from this call on.

            async for domain, event in conn.events(DomainLifecycleEvent):
                ...

        Call it in a running asyncio loop. It ends when the connection is closed.

        Raises:
            NotSupportedError: The connection has no such events.
            OperationAbortedError: (from the iteration) The program was too slow and events were lost.
        """
        from virtkit.events import QUEUE_LIMIT
        from virtkit.events.listener import Inbox  # brings asyncio, 40 ms

        inbox = Inbox(QUEUE_LIMIT)
        tokens = []
        for key in map(key_of, events):
            hub = self._hub(key)

            def put(ref: Any, record: Any, key: EventKey = key) -> None:
                inbox.put((key, ref), record)

            number = hub.subscribe(key, put, obj.ref if obj else None, lost=inbox.lose, ended=inbox.end)
            inbox.subscriptions.append((hub.unsubscribe, number))
            self._subscriptions[hub, number] = inbox.end
            tokens.append((hub, number))
        return self._with_handles(inbox.items(), tokens)

    async def _with_handles(
        self, items: AsyncIterator[tuple[Any, Any]], tokens: list[tuple[EventHub, int]]
    ) -> AsyncIterator[tuple[Any, Any]]:
        try:
            async with aclosing(items):  # type: ignore[type-var]  # a generator
                async for (key, ref), record in items:
                    yield handle(self, key, ref), record
        finally:
            for token in tokens:
                self._subscriptions.pop(token, None)

    def _hub(self, key: EventKey) -> EventHub:
        refuse_denied(key, readonly=self.readonly)
        return hub_of(self._attached(OBJECTS[key.kind][0]), key)

    def _end_subscriptions(self) -> None:
        """End all subscriptions, because the connection closes."""
        while self._subscriptions:
            (hub, number), ended = self._subscriptions.popitem()
            with suppress(InvalidArgError):
                hub.unsubscribe(number)
            ended()


def key_of(event: type[Any] | EventKey) -> EventKey:
    """The key of an event.

    Raises:
        InvalidArgError: It is none.
    """
    from virtkit.events import EVENTS, KEY_OF

    key = KEY_OF.get(event) if isinstance(event, type) else event
    if key not in EVENTS:
        raise InvalidArgError(f"{event!r} is not an event; virtkit.events.EVENTS has them all")
    return key


def refuse_denied(key: EventKey, *, readonly: bool) -> None:
    """Refuse what a read-only connection is not told.

    Raises:
        OperationDeniedError: Events of QEMU's monitor.
    """
    if key.kind == "qemu_monitor" and readonly:
        raise OperationDeniedError("events of QEMU's monitor are refused: the connection is read-only", domain=20)


def hub_of(part: Part | None, key: EventKey) -> EventHub:
    """The hub that publishes an event.

    Raises:
        NotSupportedError: The driver of its objects has none, or there is no such driver.
    """
    hub = part.driver.driver_events(part.session) if part else None
    if hub is None:
        raise NotSupportedError(f"no driver of this connection publishes {key.kind} events")
    return hub


def handle(connection: Methods, key: EventKey, ref: Any) -> Handle[Any]:
    """The object an event is about."""
    return OBJECTS[key.kind][1](connection, ref)
