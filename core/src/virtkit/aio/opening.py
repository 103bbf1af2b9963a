"""From a URI to the drivers of an asynchronous connection, by the rules of `virtkit.opening`."""

from __future__ import annotations

import asyncio
from typing import Any

from virtkit import discovery
from virtkit.aio.workers import Workers, release
from virtkit.driver import Authenticate, Driver
from virtkit.errors import InvalidConnError
from virtkit.opening import Plan, joining, peers_in_use, planned
from virtkit.ops import Part

THREADS = 32
"""Calls of one connection that may wait on threads at a time; more wait their turn."""


class AsyncParts:
    """The drivers of one connection, by kind; those that join are opened when first needed.

    Attributes:
        request: What drivers are told.
        workers: Threads for what drivers cannot do asynchronously.
    """

    def __init__(self, plan: Plan) -> None:
        self.request = plan.request
        self.workers = Workers(f"virtkit-{plan.request.uri.driver}", THREADS, f"the connection {plan.request.uri}")
        self._plan = plan
        self._parts: dict[str, Part | None] = {}
        self._joining: dict[str, asyncio.Task[Part | None]] = {}
        self._opened: list[Part] = []
        self._closed = False
        self._joins = True
        self._use = peers_in_use(plan.request)

    async def open_primary(self) -> None:
        """Open the driver the URI asks for; it serves its kinds alone."""
        part = await self._open(self._plan.kind, self._plan.name)
        self._parts.update(dict.fromkeys(part.driver.kinds, part))
        self._parts.setdefault("hypervisor", part)
        self._joins = part.driver.attaches

    @property
    def primary(self) -> Part | None:
        """The driver the URI asked for; None once it is closed."""
        return self._parts.get("hypervisor")

    async def attach(self, kind: str) -> Part | None:
        """The part that serves a kind; None where no driver does.

        Raises:
            InvalidConnError: `close` was called.
            DriverError: Several installed drivers could and the configuration does not choose, or the one is broken.
        """
        if kind in self._parts:
            return self._parts[kind]
        self._refuse_closed()
        task = self._joining.get(kind)
        if task is None:
            task = self._joining[kind] = asyncio.create_task(self._join(kind))
        return await asyncio.shield(task)  # others may wait for it too

    async def _join(self, kind: str) -> Part | None:
        try:
            name = await asyncio.to_thread(joining, kind, self._plan.config) if self._joins else None
            part = self._parts[kind] = await self._open(kind, name) if name else None
            return part
        finally:
            del self._joining[kind]

    async def _open(self, kind: str, name: str) -> Part:
        driver = await asyncio.to_thread(discovery.load, kind, name)
        part = Part(driver, await self._session(driver))
        if self._closed:
            await _end(part)
        self._refuse_closed()
        self._opened.append(part)
        return part

    async def _session(self, driver: Driver[Any]) -> Any:
        opening = driver.driver_open_async(self.request)
        if opening is not None:
            return await opening
        future = self.workers.start(driver.driver_open, self.request)
        try:
            return await self.workers.awaited(future)
        except asyncio.CancelledError:
            release(future, driver.driver_close)
            raise

    async def close(self) -> None:
        """Drop the calls that wait for a thread, and close every session, the one opened last first."""
        self._closed = True
        self._parts.clear()
        self.workers.close()
        try:
            while self._opened:
                await _end(self._opened.pop())
        finally:
            await asyncio.to_thread(self._use.close)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise InvalidConnError(f"the connection {self.request.uri} is closed: open a new one", domain=20)


async def _end(part: Part) -> None:
    closing = part.driver.driver_close_async(part.session)
    await (closing if closing is not None else asyncio.to_thread(part.driver.driver_close, part.session))


async def open_parts(text: str | None, *, readonly: bool, authenticate: Authenticate | None) -> AsyncParts:
    """Open the driver for a URI, an alias, or the default; errors as from `virtkit.opening.open_parts`."""
    parts = AsyncParts(await asyncio.to_thread(planned, text, readonly=readonly, authenticate=authenticate))
    try:
        await parts.open_primary()
    except BaseException:
        await parts.close()
        raise
    return parts
