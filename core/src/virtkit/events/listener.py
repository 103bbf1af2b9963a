"""Events for asyncio programs: what the hub's thread delivers, handed over to an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from virtkit.errors import InvalidArgError, OperationAbortedError


class Inbox:
    """Events on their way from the threads of one or more hubs into the running loop; at most `limit` wait.

    Attributes:
        subscriptions: What ends each subscription, and its callback id; to be filled by who subscribes `put`.
    """

    def __init__(self, limit: int) -> None:
        self.subscriptions: list[tuple[Callable[[int], None], int]] = []
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Any, Any]] = deque()
        self._arrived = asyncio.Event()
        self._lost = self._ended = False

    def put(self, ref: Any, event: Any) -> None:
        """Take an event; called on a hub's thread."""
        if len(self._waiting) >= self._limit:
            self.lose()
            return
        self._waiting.append((ref, event))
        self._wake()

    def lose(self) -> None:
        """End with an error once what waits has been read."""
        self._lost = True
        self.unsubscribe()
        self._wake()

    def end(self) -> None:
        """End once what waits has been read."""
        self._ended = True
        self._wake()

    def unsubscribe(self) -> None:
        """End the subscriptions; those that have ended are skipped."""
        for unsubscribe, number in self.subscriptions:
            try:
                unsubscribe(number)
            except InvalidArgError:
                continue

    async def items(self) -> AsyncIterator[tuple[Any, Any]]:
        """The events as they arrive."""
        try:
            while True:
                while self._waiting:
                    yield self._waiting.popleft()
                if self._lost:
                    raise OperationAbortedError("events were lost: the program was too slow to take them; listen again")
                if self._ended:
                    return
                self._arrived.clear()
                await self._arrived.wait()
        finally:
            self.unsubscribe()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:  # the loop was closed before the iteration ended
            self.unsubscribe()
