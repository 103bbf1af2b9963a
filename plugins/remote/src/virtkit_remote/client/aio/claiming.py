"""Replies that bring what has to be let go of, if who made the call has given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def claimed(reply: asyncio.Future[Any], release: Callable[[Any], object]) -> Any:
    """Await a reply; when that is cancelled, have the reply released once it comes."""
    try:
        return await asyncio.shield(reply)
    except asyncio.CancelledError:
        reply.add_done_callback(lambda done: _release(done, release))
        raise


def _release(done: asyncio.Future[Any], release: Callable[[Any], object]) -> None:
    if not done.cancelled() and done.exception() is None:
        release(done.result())
