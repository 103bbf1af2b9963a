"""Op tables of asynchronous connections: from the name of an API function to what is awaited.

The rules are those of `virtkit.ops`. What a table holds for a name is, in this order:

- the driver's asynchronous function (`Driver.driver_resolve_async`), awaited in the loop;
- the driver's own function, called at once where it never waits (`virtkit.ops.never_waits`), else on a thread;
- the derivation from others of the driver: at once where none of them waits, else on a thread, from where it has the
  asynchronous ones run in the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from threading import Event
from typing import Any

from virtkit.aio.streams import CARRIERS, Carrier
from virtkit.aio.workers import Workers, release
from virtkit.discovery import Function
from virtkit.driver import Driver
from virtkit.ops import Operation, Part, guarded, known, never_waits, own_function

AsyncOperation = Callable[..., Awaitable[Any]]

AsyncAttach = Callable[[str], "Awaitable[Part | None]"]
"""Finds the part of a connection that serves a kind; None where no driver does."""


class AsyncOps(dict[str, AsyncOperation]):
    """The functions of a connection, without their session argument.

    A function is bound when it is first awaited, since the driver that serves it may have to be opened.
    """

    def __init__(self, attach: AsyncAttach, workers: Workers, *, readonly: bool = False) -> None:
        super().__init__()
        self.attach = attach
        self.workers = workers
        self.readonly = readonly

    def __missing__(self, name: str) -> AsyncOperation:
        function = known(name)

        async def bound(*arguments: Any) -> Any:
            operation = self[name] = guarded(function, await self.found(function), readonly=self.readonly)
            return await operation(*arguments)

        return bound

    async def found(self, function: Function) -> AsyncOperation | None:
        """The driver's own function, else one that core derives from others of the driver, else None."""
        part = await self.attach(function.kind)
        if part is None:
            return None
        asynchronous = part.driver.driver_resolve_async(function.name)
        if asynchronous is not None:
            return partial(asynchronous, part.session)
        own = own_function(part.driver, function)
        if own is not None:
            return self._own(part, function, partial(own, part.session))
        return self._derived(part, function)

    def _own(self, part: Part, function: Function, operation: Operation) -> AsyncOperation:
        carrier = CARRIERS.get(function.returns)
        if carrier is not None:
            return partial(_carried, self.workers, carrier, operation)
        if never_waits(part.driver, function):
            return partial(_at_once, operation)
        return partial(self.workers.run, operation)

    def _derived(self, part: Part, function: Function) -> AsyncOperation | None:
        if not _is_derived(part.driver, function):
            return None
        if never_waits(part.driver, function):
            return partial(_at_once, Waiting(part).derived(function))
        return partial(_on_thread, self.workers, part, function)


async def _at_once(operation: Operation, *arguments: Any) -> Any:
    return operation(*arguments)


async def _carried(workers: Workers, carrier: Carrier, operation: Operation, *arguments: Any) -> Any:
    """Call a function on a thread for the stream that it returns."""
    future = workers.start(operation, *arguments)
    try:
        return carrier.adapt(await workers.awaited(future))
    except asyncio.CancelledError:
        release(future, carrier.release)
        raise


async def _on_thread(workers: Workers, part: Part, function: Function, *arguments: Any) -> Any:
    """Call a derived function on a thread."""
    ops = Waiting(part, asyncio.get_running_loop())
    try:
        return await workers.run(ops.derived(function), *arguments)
    except asyncio.CancelledError:
        ops.stop()
        raise


def _is_derived(driver: Driver[Any], function: Function) -> bool:
    from virtkit.fallbacks import derivation  # 10 ms that a driver with the function itself spares

    return derivation(function.name, partial(_has, driver)) is not None


def _has(driver: Driver[Any], name: str) -> bool:
    return driver.driver_resolve_async(name) is not None or own_function(driver, known(name)) is not None


class Waiting(dict[str, Operation]):
    """The functions of one driver for a derivation: each returns when it is done.

    Those that are asynchronous run in the loop, for which a thread waits. `stop` has it wait no longer.
    """

    def __init__(self, part: Part, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Make a table.

        Args:
            part: The driver and its session.
            loop: Where asynchronous functions run; None where none is called.
        """
        super().__init__()
        self.part = part
        self.loop = loop
        self._stopped = Event()
        self._awaited: Future[Any] | None = None

    def __missing__(self, name: str) -> Operation:
        function = known(name)
        asynchronous = self.part.driver.driver_resolve_async(name)
        own = own_function(self.part.driver, function) if asynchronous is None else None
        if asynchronous is not None:
            operation: Operation | None = partial(self._awaiting, asynchronous)
        elif own is not None:
            operation = partial(own, self.part.session)
        else:
            operation = self.derived(function) if _is_derived(self.part.driver, function) else None
        bound = self[name] = guarded(function, operation)
        return bound

    def derived(self, function: Function) -> Operation:
        """The derivation of a function from these."""
        from virtkit.fallbacks import FALLBACKS, bind

        return bind(FALLBACKS[function.name], self, self.part.driver.error_domain or function.error_domain)

    def stop(self) -> None:
        """Cancel the function that is waited for, and begin no other."""
        self._stopped.set()
        if self._awaited is not None:
            self._awaited.cancel()

    def _awaiting(self, asynchronous: AsyncOperation, *arguments: Any) -> Any:
        assert self.loop is not None
        if self._stopped.is_set():
            raise CancelledError

        async def call() -> Any:
            return await asynchronous(self.part.session, *arguments)

        self._awaited = asyncio.run_coroutine_threadsafe(call(), self.loop)
        if self._stopped.is_set():
            self._awaited.cancel()
        return self._awaited.result()
