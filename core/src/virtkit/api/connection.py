"""A connection: the way to all objects of a hypervisor or daemon."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from virtkit.api.domain.methods import DomainMethods
from virtkit.api.events import EventMethods
from virtkit.api.host import HostMethods
from virtkit.api.interface import InterfaceMethods
from virtkit.api.network import NetworkMethods
from virtkit.api.node_device import NodeDeviceMethods
from virtkit.api.nwfilter import NWFilterMethods
from virtkit.api.secret import SecretMethods
from virtkit.api.storage import StorageMethods
from virtkit.errors import InvalidConnError
from virtkit.opening import Parts, open_parts
from virtkit.ops import ClosedOps, Ops

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from virtkit.driver import Authenticate
    from virtkit.ops import Part

FROM_DOMAIN = 20  # where libvirt reports what concerns connections


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
    """An open connection; `virtkit.open` makes one.

    It is a context manager, may be used from several threads, and closes itself when nobody holds it or a handle of
    it any more. Closing it leaves guests and all other objects as they are.

    Attributes:
        uri: The URI as opened, after aliases and defaults.
        readonly: Whether calls that change anything are refused with `OperationDeniedError`.
    """

    __slots__ = ("__weakref__", "_parts", "_subscriptions", "ops", "readonly", "uri")

    ops: dict[str, Callable[..., Any]]

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.uri = str(parts.request.uri)
        self.readonly = parts.request.readonly
        self._subscriptions = {}
        self.ops = Ops(parts.attach, readonly=self.readonly)

    def close(self) -> None:
        """Close it; every later call raises `InvalidConnError`. Closing twice is harmless."""
        if not isinstance(self.ops, ClosedOps):
            self.ops = ClosedOps()
            self._end_subscriptions()
            self._parts.close()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return isinstance(self.ops, ClosedOps)

    def is_alive(self) -> bool:
        """Whether calls can reach the other side: it is open, and the daemon of a remote one still answers."""
        if self.is_closed:
            return False
        part = self._attached("hypervisor")
        return part is not None and part.driver.driver_alive(part.session)

    def is_encrypted(self) -> bool:
        """Whether what travels to the other side is encrypted; False where nothing travels."""
        part = self._attached("hypervisor")
        return part is not None and part.driver.driver_encrypted(part.session)

    def _attached(self, kind: str) -> Part | None:
        """The driver that serves a kind of objects, and its session; None where no driver does."""
        if self.is_closed:
            raise InvalidConnError("the connection is closed: open a new one", domain=FROM_DOMAIN)
        return self._parts.attach(kind)

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
