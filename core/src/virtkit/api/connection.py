"""A connection: the way to all objects of a hypervisor or daemon."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from virtkit.api.network import NetworkMethods
from virtkit.opening import Parts, open_parts
from virtkit.ops import ClosedOps, Ops

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from virtkit.driver import Authenticate


class Connection(NetworkMethods):
    """An open connection; `virtkit.open` makes one.

    It is a context manager, may be used from several threads, and closes itself when nobody holds it or a handle of
    it any more. Closing it leaves guests and all other objects as they are.

    Attributes:
        uri: The URI as opened, after aliases and defaults.
        readonly: Whether calls that change anything are refused with `OperationDeniedError`.
    """

    __slots__ = ("__weakref__", "_parts", "ops", "readonly", "uri")

    ops: dict[str, Callable[..., Any]]

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.uri = str(parts.request.uri)
        self.readonly = parts.request.readonly
        self.ops = Ops(parts.attach, readonly=self.readonly)

    def close(self) -> None:
        """Close it; every later call raises `InvalidConnError`. Closing twice is harmless."""
        if not isinstance(self.ops, ClosedOps):
            self.ops = ClosedOps()
            self._parts.close()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return isinstance(self.ops, ClosedOps)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "ops"):
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "read-only" if self.readonly else "open"
        return f"<Connection {self.uri} {state}>"


def open_connection(uri: str | None, *, readonly: bool, authenticate: Authenticate | None) -> Connection:
    """Open a connection; see `virtkit.open`."""
    return Connection(open_parts(uri, readonly=readonly, authenticate=authenticate))
