"""The events a client has asked for."""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit import access
from virtkit.enums import ConnectDomainQemuMonitorEventRegisterFlags as MonitorFlags
from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError, OperationAbortedError
from virtkit.events import EVENTS, EventHub, EventKey
from virtkit_remote.binding.events import NO_CALLBACK, event_encoder, event_procedures

if TYPE_CHECKING:
    from virtkit_remote.daemon.client import Client

KIND_OF_CLASS = {
    "domain": ("hypervisor", ErrorDomain.DOMAIN),
    "network": ("network", ErrorDomain.NETWORK),
    "storage_pool": ("storage", ErrorDomain.STORAGE),
    "node_device": ("nodedev", ErrorDomain.NODEDEV),
    "secret": ("secret", ErrorDomain.SECRET),
    "qemu_monitor": ("hypervisor", ErrorDomain.QEMU),
}
"""Class of events -> the kind of driver that publishes them, and the domain of errors about them."""

Wanted = Callable[[Any], bool]


class _Subscription(NamedTuple):
    hub: EventHub
    number: int


class Subscriptions:
    """A client's callbacks, by class and number, and its registrations of the old style, by event."""

    def __init__(self, client: Client) -> None:
        self._client = weakref.ref(client)
        self._callbacks: dict[tuple[str, int], _Subscription] = {}
        self._legacy: dict[EventKey, _Subscription] = {}
        self._lock = threading.Lock()
        self._closed = False

    def add(self, key: EventKey, ref: Any, wanted: Wanted | None = None) -> int:
        """Send an event from now on; returns the number of the callback.

        Raises:
            InternalError: There is no such event.
            NotSupportedError: No driver publishes it.
        """
        with self._lock:
            found = self._subscribe(key, "callback", ref, wanted)
            self._callbacks[key.kind, found.number] = found
        return found.number

    def remove(self, kind: str, number: int) -> None:
        """End a callback.

        Raises:
            InternalError: The client has none of that number.
        """
        found = self._callbacks.pop((kind, number), None)
        if found is None:
            raise InternalError(
                f"there is no {kind} event callback {number}: it was removed, or registered by another client",
                domain=ErrorDomain.RPC,
            )
        self._unsubscribe(found)

    def add_legacy(self, key: EventKey) -> None:
        """Send an event from now on in the old style, which knows one registration of each."""
        with self._lock:
            if key in self._legacy:
                raise InternalError(f"event {key.id} is registered already", domain=ErrorDomain.RPC)
            self._legacy[key] = self._subscribe(key, "legacy", None, None)

    def remove_legacy(self, key: EventKey) -> None:
        """End a registration of the old style."""
        found = self._legacy.pop(key, None)
        if found is None:
            raise InternalError(f"event {key.id} is not registered", domain=ErrorDomain.RPC)
        self._unsubscribe(found)

    def close(self) -> None:
        """End all, and begin no more: the client is gone."""
        with self._lock:
            self._closed = True
            for each in (*self._callbacks.values(), *self._legacy.values()):
                self._unsubscribe(each)
            self._callbacks.clear()
            self._legacy.clear()

    def _subscribe(self, key: EventKey, style: str, ref: Any, wanted: Wanted | None) -> _Subscription:
        if key not in EVENTS or (key, style) not in event_procedures():
            raise InternalError(f"there is no {key.kind} event {key.id} in this style", domain=ErrorDomain.RPC)
        client = self._client()
        if self._closed or client is None:
            raise OperationAbortedError("the client left before its events began", domain=ErrorDomain.RPC)
        encode = event_encoder(key, style)
        hub = client.opened().hub(*KIND_OF_CLASS[key.kind])
        number = NO_CALLBACK
        numbering = threading.Lock()

        def deliver(about: Any, record: Any) -> None:
            with numbering:  # the first event may be quicker than the number
                callback = number
            if wanted is not None and not wanted(record):
                return
            if access.active() and not access.may_see(client.identity, key.kind, about):
                return
            client.link.send(encode(callback, about, record))

        with numbering:
            number = hub.subscribe(key, deliver, ref, lost=lambda: client.link.cut("it is too slow to take its events"))
        return _Subscription(hub, number)

    @staticmethod
    def _unsubscribe(found: _Subscription) -> None:
        with suppress(InvalidArgError):  # cut, because it was too slow
            found.hub.unsubscribe(found.number)


def monitor_filter(event: str | None, flags: int) -> Wanted | None:
    """Which events of QEMU's monitor are wanted: all, those of a name, or those that match an expression.

    Raises:
        InvalidArgError: The expression is none.
    """
    if event is None:
        return None
    ignoring = re.IGNORECASE if flags & MonitorFlags.NOCASE else 0
    try:
        pattern = re.compile(event if flags & MonitorFlags.REGEX else re.escape(event), ignoring)
    except re.error as cause:
        raise InvalidArgError(f"{event!r} is no regular expression: {cause}", domain=ErrorDomain.QEMU) from cause
    matches = pattern.search if flags & MonitorFlags.REGEX else pattern.fullmatch
    return lambda record: matches(record.event) is not None
