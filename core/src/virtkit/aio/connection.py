"""An asynchronous connection: the way to all objects of a hypervisor or daemon."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import TYPE_CHECKING

from virtkit.aio.domain.methods import DomainMethods
from virtkit.aio.events import EventMethods
from virtkit.aio.host import HostMethods
from virtkit.aio.interface import InterfaceMethods
from virtkit.aio.network import NetworkMethods
from virtkit.aio.node_device import NodeDeviceMethods
from virtkit.aio.nwfilter import NWFilterMethods
from virtkit.aio.opening import AsyncParts, open_parts
from virtkit.aio.ops import AsyncOps
from virtkit.aio.secret import SecretMethods
from virtkit.aio.storage import StorageMethods
from virtkit.ops import ClosedOps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from virtkit.driver import Authenticate
    from virtkit.ops import Part


class Connection(
    HostMethods,
    DomainMethods,
    NetworkMethods,
    StorageMethods,
    InterfaceMethods,
    NodeDeviceMethods,
    NWFilterMethods,
    SecretMethods,
    EventMethods,
):
    """An open connection; `virtkit.aio.open` makes one.

    It belongs to the loop it was opened in, and calls run there at the same time: whoever wants several answers
    gathers them. It is an asynchronous context manager. Closing it leaves guests and all other objects as they are.

    Cancelling a call ends the waiting. What the driver is doing for it may go on to its end.

    Attributes:
        uri: The URI as opened, after aliases and defaults.
        readonly: Whether calls that change anything are refused with `OperationDeniedError`.
    """

    __slots__ = ("__weakref__", "_listening", "_parts", "ops", "readonly", "uri")

    ops: dict[str, Callable[..., Awaitable[Any]]]

    def __init__(self, parts: AsyncParts) -> None:
        self._parts = parts
        self.uri = str(parts.request.uri)
        self.readonly = parts.request.readonly
        self._listening = set()
        self.ops = AsyncOps(parts.attach, parts.workers, readonly=self.readonly)

    async def close(self) -> None:
        """Close it; every later call raises `InvalidConnError`. Closing twice is harmless.

        Calls under way fail, or end as the driver ends them; iterations over events end.
        """
        if not isinstance(self.ops, ClosedOps):
            self.ops = ClosedOps()
            self._end_events()
            await self._parts.close()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return isinstance(self.ops, ClosedOps)

    def is_alive(self) -> bool:
        """Whether calls can reach the other side: it is open, and the daemon of a remote one still answers."""
        part = self._parts.primary
        return part is not None and part.driver.driver_alive(part.session)

    def is_encrypted(self) -> bool:
        """Whether what travels to the other side is encrypted; False where nothing travels, or no more."""
        part = self._parts.primary
        return part is not None and part.driver.driver_encrypted(part.session)

    async def _attached(self, kind: str) -> Part | None:
        """The driver that serves a kind of objects, and its session; None where no driver does."""
        return await self._parts.attach(kind)

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        if hasattr(self, "ops") and not self.is_closed:
            warnings.warn(f"{self!r} was never closed: use async with", ResourceWarning, source=self, stacklevel=1)

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "read-only" if self.readonly else "open"
        return f"<Connection {self.uri} {state}>"


async def open_connection(uri: str | None, *, readonly: bool, authenticate: Authenticate | None) -> Connection:
    """Open a connection; see `virtkit.aio.open`."""
    return Connection(await open_parts(uri, readonly=readonly, authenticate=authenticate))
