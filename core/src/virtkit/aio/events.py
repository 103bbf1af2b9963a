"""Events of asynchronous connections: iteration, and callbacks in the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from virtkit.aio.domain import Domain
from virtkit.aio.handle import Handle
from virtkit.aio.methods import Methods
from virtkit.aio.network import Network
from virtkit.aio.node_device import NodeDevice
from virtkit.aio.secret import Secret
from virtkit.aio.storage import StoragePool
from virtkit.api.events import OBJECTS, hub_of, key_of, refuse_denied
from virtkit.errors import OperationAbortedError
from virtkit.events import QUEUE_LIMIT
from virtkit.events.listener import Inbox

if TYPE_CHECKING:
    from virtkit.events import Event, EventHub, EventKey

E = TypeVar("E", bound="Event")

HANDLES: dict[str, type[Handle[Any]]] = {
    "domain": Domain,
    "network": Network,
    "storage_pool": StoragePool,
    "node_device": NodeDevice,
    "secret": Secret,
    "qemu_monitor": Domain,
}
"""Class of events -> what they are about."""


class Events:
    """What `Connection.events` returns: an asynchronous iterator of (object, record).

    Events count from the first step of the iteration on, or from the beginning of an `async with` around it.
    """

    def __init__(self, connection: EventMethods, keys: list[EventKey], obj: Handle[Any] | None) -> None:
        self._connection = connection
        self._keys = keys
        self._ref = obj.ref if obj else None
        self._inbox: Inbox | None = None
        self._items = self._iterate()

    async def aclose(self) -> None:
        """End it; the connection goes on. Closing twice is harmless."""
        await self._items.aclose()
        self._end()

    async def _iterate(self) -> AsyncGenerator[tuple[Any, Any], None]:
        inbox = await self._begun()
        try:
            async with aclosing(inbox.items()) as items:  # type: ignore[type-var]  # a generator
                async for (key, ref), record in items:
                    yield HANDLES[key.kind](self._connection, ref), record
        finally:
            self._end()

    async def _begun(self) -> Inbox:
        """Where events arrive from now on."""
        if self._inbox is None:
            self._inbox = Inbox(QUEUE_LIMIT)
            self._connection._listening.add(self._inbox)
            try:
                for key in self._keys:
                    await self._subscribe(self._inbox, key)
            except BaseException:
                self._end()
                raise
        return self._inbox

    async def _subscribe(self, inbox: Inbox, key: EventKey) -> None:
        hub = await self._connection._hub(key)

        def put(ref: Any, record: Any) -> None:
            inbox.put((key, ref), record)

        number = hub.subscribe(key, put, self._ref, lost=inbox.lose, ended=inbox.end)
        inbox.subscriptions.append((hub.unsubscribe, number))
        agreed = hub.agreed(number)
        if agreed is not None:
            await agreed

    def _end(self) -> None:
        if self._inbox is not None:
            self._connection._listening.discard(self._inbox)
            self._inbox.unsubscribe()

    async def __aenter__(self) -> Events:
        await self._begun()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> tuple[Any, Any]:
        return await anext(self._items)


class Subscription:
    """What `Connection.subscribe` returns: closing it ends the calls. It is an asynchronous context manager.

    Without it the callback is called until the connection is closed.
    """

    def __init__(self, events: Events, callback: Callable[[Any, Any], object]) -> None:
        self._events = events
        self._task = asyncio.create_task(_call(events, callback))

    async def close(self) -> None:
        """End it. No call starts from now on; closing twice is harmless."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._events.aclose()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _call(events: Events, callback: Callable[[Any, Any], object]) -> None:
    log = logging.getLogger(__name__)
    try:
        async for obj, record in events:
            try:
                callback(obj, record)
            except Exception:
                log.exception("an event callback failed; it stays subscribed")
    except OperationAbortedError as error:
        log.warning("an event callback is called no more: %s", error)


class EventMethods(Methods):
    """What a connection tells unasked.

    An event is named by the class of its record (`virtkit.events.DomainLifecycleEvent`), or by libvirt's class and id
    (`virtkit.events.EventKey`).
    """

    __slots__ = ()

    _listening: set[Inbox]

    async def subscribe(
        self, event: type[E] | EventKey, callback: Callable[[Any, E], object], obj: Handle[Any] | None = None
    ) -> Subscription:
        """Have `callback(object, record)` called for each event, in order, in the loop.

        Args:
            event: Which event.
            callback: Takes a handle of what the event is about, and the event's record; it is a plain function and
                holds up the loop while it runs. A subscriber that lags 10,000 events behind is cut, which is logged.
            obj: Only events about this object; None: about all.

        Raises:
            NotSupportedError: The connection has no such events.
            OperationDeniedError: Events of QEMU's monitor on a read-only connection.
        """
        events = self.events(event, obj=obj)
        await events._begun()
        return Subscription(events, callback)

    def events(self, *events: type[Event] | EventKey, obj: Handle[Any] | None = None) -> Events:
        """Some events as an asynchronous iterator of (object, record).

            async for domain, event in conn.events(DomainLifecycleEvent):
                ...

        To miss nothing that a call brings about, begin before the call:

            async with conn.events(DomainLifecycleEvent) as events:
                await domain.create()
                async for domain, event in events:
                    ...

        It ends when the connection is closed.

        Raises:
            NotSupportedError: (from the iteration) The connection has no such events.
            OperationAbortedError: (from the iteration) The program was too slow and events were lost.
        """
        return Events(self, [key_of(event) for event in events], obj)

    async def _hub(self, key: EventKey) -> EventHub:
        refuse_denied(key, readonly=self.readonly)
        return hub_of(await self._attached(OBJECTS[key.kind][0]), key)

    def _end_events(self) -> None:
        """End all iterations, because the connection closes."""
        while self._listening:
            inbox = self._listening.pop()
            inbox.unsubscribe()
            inbox.end()
