"""The events of a daemon: it is told what somebody here subscribes to, once for each event."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.errors import VirtError
from virtkit.events import Callback, EventHub, EventKey
from virtkit.events.hub import Notice
from virtkit_remote.binding.events import event_decoder
from virtkit_remote.protocol.codec import CodecError
from virtkit_remote.protocol.frames import HEADER

if TYPE_CHECKING:
    from virtkit_remote.client.session import Session

_log = logging.getLogger(__name__)

QEMU_MONITOR = "qemu_monitor"


class Procedures(NamedTuple):
    """What registers and deregisters a class of events, and the arguments behind the event's id."""

    register: str
    deregister: str


REGISTRATION = {
    "domain": Procedures("connect_domain_event_callback_register_any", "connect_domain_event_callback_deregister_any"),
    QEMU_MONITOR: Procedures(
        "qemu_connect_domain_monitor_event_register", "qemu_connect_domain_monitor_event_deregister"
    ),
} | {
    kind: Procedures(f"connect_{kind}_event_register_any", f"connect_{kind}_event_deregister_any")
    for kind in ("network", "storage_pool", "node_device", "secret")
}


def registration(key: EventKey) -> tuple[Any, ...]:
    """The arguments that register an event, of whatever object."""
    return (None, None, 0) if key.kind == QEMU_MONITOR else (key.id, None)


class DaemonHub(EventHub):
    """Publishes what the daemon sends."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._left: set[tuple[EventKey, int]] = set()
        """Registrations that end: what is still sent for them is from before whoever listens now."""

    def receive(self, message: bytes) -> None:
        """Publish what a message tells of; called by whoever reads the socket."""
        _, program, _, number, _, _, _ = HEADER.unpack_from(message)
        found = event_decoder(program, number)
        if found is None:
            return
        key, decode = found
        try:
            callback, ref, record = decode(message)
        except CodecError as error:
            _log.warning("%s: one is lost, for it cannot be read: %s", self._name, error)
            return
        if (key, callback) not in self._left:
            self.publish(ref, record)

    def lose(self) -> None:
        """The connection is gone: whoever waits for events learns it. Never waits."""
        threading.Thread(target=self.close, name="virtkit-remote: end of events", daemon=True).start()


class RemoteHub(DaemonHub):
    """The hub of a connection whose calls wait."""

    def __init__(self, session: Session) -> None:
        super().__init__(f"events of {session.uri}")
        self._session = session
        self._registering = threading.Lock()
        self._users: dict[EventKey, set[int]] = {}
        self._callbacks: dict[EventKey, int] = {}

    def subscribe(
        self,
        key: EventKey,
        callback: Callback,
        ref: Any = None,
        *,
        lost: Notice | None = None,
        ended: Notice | None = None,
    ) -> int:
        number = super().subscribe(key, callback, ref, lost=lost, ended=ended)
        key = EventKey(*key)
        with self._registering:
            users = self._users.setdefault(key, set())
            try:
                if users:
                    self._session.channel.check()
                else:
                    self._register(key)
                users.add(number)
            except BaseException:
                super().unsubscribe(number)
                raise
        return number

    def unsubscribe(self, callback_id: int) -> None:
        try:
            super().unsubscribe(callback_id)
        finally:  # one that was too slow has been cut without the daemon's knowing
            self._leave(callback_id)

    def _leave(self, callback_id: int) -> None:
        with self._registering:
            for key, users in self._users.items():
                if callback_id in users:
                    users.remove(callback_id)
                    if not users:
                        self._deregister(key)
                    return

    def _register(self, key: EventKey) -> None:
        channel = self._session.channel
        channel.attend()
        try:
            self._callbacks[key] = self._session.procedure(REGISTRATION[key.kind].register, *registration(key))[0]
        except BaseException:
            channel.leave()
            raise

    def _deregister(self, key: EventKey) -> None:
        channel = self._session.channel
        callback = self._callbacks.pop(key)
        self._left.add((key, callback))
        with suppress(VirtError):  # the connection may be gone
            self._session.procedure(REGISTRATION[key.kind].deregister, callback)
        self._left.discard((key, callback))
        channel.leave()
