"""Threads for calls that wait, awaited in an event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from virtkit.errors import InvalidConnError

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """Some threads, started as calls need them."""

    def __init__(self, name: str, limit: int, owner: str) -> None:
        """Name threads, and start none yet.

        Args:
            name: Start of the threads' names.
            limit: How many calls run at a time; others wait in order.
            owner: Whose calls they are, for messages, such as `the connection lab:///default`.
        """
        self._owner = owner
        self._pool = ThreadPoolExecutor(limit, thread_name_prefix=name)
        self._closed = False

    def start(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Have a function called on a thread, in the context of the caller.

        Raises:
            InvalidConnError: `close` was called.
        """
        if self._closed:
            raise self._gone()
        return self._pool.submit(contextvars.copy_context().run, _result, partial(function, *arguments, **named))

    async def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call a function on a thread and wait for it.

        Cancelling drops a call that has not begun. One that has begun goes on, and what it returns or raises is lost.

        Raises:
            InvalidConnError: `close` was called before the call began.
        """
        return await self.awaited(self.start(function, *arguments, **named))

    async def awaited(self, future: Future[T]) -> T:
        """The result of what `start` started; errors and cancellation as in `run`."""
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and future.cancelled() and task is not None and not task.cancelling():
                raise self._gone() from None
            raise

    def close(self) -> None:
        """Take no more calls and drop those that have not begun. Threads end with the calls that have."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _gone(self) -> InvalidConnError:
        return InvalidConnError(f"{self._owner} is closed: open a new one", domain=20)


def _result(call: Callable[[], T]) -> T:
    try:
        return call()
    except StopIteration as error:  # no future takes it, and who waits would do so for ever
        raise RuntimeError(f"{call} raised StopIteration") from error


def release(future: Future[Any], closing: Callable[[Any], object]) -> None:
    """Close what a call returns that nobody waits for any more."""

    def closed(done: Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None:
            closing(done.result())

    future.add_done_callback(closed)
