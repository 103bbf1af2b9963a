"""The events of a daemon in a loop: subscribing sends the registration, and who cares awaits what the daemon says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from virtkit.errors import VirtError
from virtkit.events import Callback, EventKey
from virtkit.events.hub import Notice
from virtkit_remote.client.hub import REGISTRATION, DaemonHub, registration

if TYPE_CHECKING:
    from virtkit_remote.client.aio.session import Session


class _Registration:
    """A class of events that the daemon was asked for.

    Attributes:
        users: Subscriptions.
        reply: Will have what the daemon answers: its number for it.
    """

    def __init__(self, reply: asyncio.Future[Sequence[Any]]) -> None:
        self.users: set[int] = set()
        self.reply = reply


class Hub(DaemonHub):
    """The hub of a connection in a loop. Subscribe in that loop; subscriptions may end on any thread."""

    def __init__(self, session: Session) -> None:
        super().__init__(f"events of {session.uri}")
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._registrations: dict[EventKey, _Registration] = {}

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
        try:
            found = self._registrations.get(key) or self._register(key)
        except BaseException:
            super().unsubscribe(number)
            raise
        found.users.add(number)
        return number

    def agreed(self, callback_id: int) -> Awaitable[None] | None:
        for found in self._registrations.values():
            if callback_id in found.users:
                return self._agreement(found)
        return None

    def unsubscribe(self, callback_id: int) -> None:
        try:
            super().unsubscribe(callback_id)
        finally:  # one that was too slow has been cut without the daemon's knowing
            if threading.get_ident() == self._thread_id:
                self._leave(callback_id)
            else:
                with suppress(RuntimeError):  # the loop was closed, and the connection with it
                    self._loop.call_soon_threadsafe(self._leave, callback_id)

    async def _agreement(self, found: _Registration) -> None:
        await asyncio.shield(found.reply)  # others may wait for it too

    def _register(self, key: EventKey) -> _Registration:
        channel = self._session.channel
        reply = self._session.procedure(REGISTRATION[key.kind].register, *registration(key))
        channel.expecting += 1
        found = self._registrations[key] = _Registration(reply)
        reply.add_done_callback(lambda _: self._replied(key, found))
        return found

    def _replied(self, key: EventKey, found: _Registration) -> None:
        if found.reply.cancelled() or found.reply.exception() is not None:
            self._forget(key, found)
        elif not found.users:
            self._deregister(key, found)

    def _leave(self, callback_id: int) -> None:
        for key, found in self._registrations.items():
            if callback_id in found.users:
                found.users.remove(callback_id)
                if not found.users and found.reply.done():
                    self._deregister(key, found)
                return

    def _deregister(self, key: EventKey, found: _Registration) -> None:
        self._forget(key, found)
        with suppress(VirtError):  # the connection may be gone
            callback = found.reply.result()[0]
            reply = self._session.procedure(REGISTRATION[key.kind].deregister, callback)
            self._left.add((key, callback))
            reply.add_done_callback(lambda done: self._deregistered(done, key, callback))

    def _deregistered(self, done: asyncio.Future[Any], key: EventKey, callback: int) -> None:
        self._left.discard((key, callback))
        if not done.cancelled():
            done.exception()  # nobody waits for it, and with the connection the registration is gone too

    def _forget(self, key: EventKey, found: _Registration) -> None:
        if self._registrations.get(key) is found:
            del self._registrations[key]
            self._session.channel.expecting -= 1
