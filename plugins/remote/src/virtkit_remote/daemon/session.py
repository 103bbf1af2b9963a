"""What a client has once it has opened a connection: the functions of the drivers, with its rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit import access
from virtkit.discovery import Function
from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, NotSupportedError
from virtkit.opening import open_parts, planned
from virtkit.ops import Operation, Ops, Unguarded, never_waits
from virtkit.uri import URI, parse

if TYPE_CHECKING:
    from virtkit.access import Identity
    from virtkit.events import EventHub


class Session:
    """An open connection on behalf of a client.

    Attributes:
        uri: As the client wrote it, or what was chosen where it wrote none.
        readonly: Whether it may change nothing.
        ops: Its functions by name.
    """

    def __init__(self, name: str, *, readonly: bool, identity: Identity, root: str | None) -> None:
        """Open it.

        Args:
            name: The URI as the client wrote it; empty to choose a driver.
            readonly: Whether it may change nothing.
            identity: Who the client is.
            root: The folder in place of the system's and the session's; None for these.

        Raises:
            VirtError: No driver serves the URI, or it refuses.
        """
        self._parts = open_parts(placed(name, root) or None, readonly=readonly, authenticate=None)
        self.uri = name or str(self._parts.request.uri)
        self.readonly = readonly
        self.identity = identity
        self.ops = Ops(self._parts.attach, readonly=readonly)
        self._unchecked = Unguarded(self.ops)
        primary = self._parts.attach("hypervisor")
        self._attached = {"hypervisor", *(primary.driver.kinds if primary else ())}

    def operation(self, function: Function) -> Operation:
        """A function, which checks who calls it where access is controlled."""
        return access.guarded(function, self.ops[function.name], self.identity, self._unchecked)

    def attached(self, kind: str) -> bool:
        """Whether the driver of a kind of objects has been opened; opening it may wait."""
        return kind in self._attached

    def attach(self, kind: str) -> None:
        """Open the driver of a kind of objects, if there is one.

        Raises:
            VirtError: There are several, or it refuses.
        """
        self._parts.attach(kind)
        self._attached.add(kind)

    def waits(self, function: Function) -> bool:
        """Whether a function may wait, and so has to be called by a worker."""
        if access.active():
            return True  # a plugin may look objects up
        part = self._parts.attach(function.kind)
        return part is not None and not never_waits(part.driver, function)

    def hub(self, kind: str, error_domain: int) -> EventHub:
        """The hub of the driver that serves a kind of objects.

        Raises:
            NotSupportedError: No driver does, or it has no events.
        """
        part = self._parts.attach(kind)
        hub = part.driver.driver_events(part.session) if part else None
        if hub is None:
            raise NotSupportedError(f"no driver of {self.uri} publishes {kind} events", domain=error_domain)
        return hub

    def is_secure(self) -> bool:
        """Whether nobody can listen between the driver and the hypervisor."""
        secure: Any = self.ops["connect_is_secure"]()
        return bool(secure)

    def close(self) -> None:
        """Let go of the drivers."""
        self._parts.close()
        self.ops.clear()  # what core derives refers to the table that it is in
        self._unchecked.clear()


def placed(name: str, root: str | None) -> str:
    """The URI to open for what a client wrote.

    Raises:
        InvalidArgError: It leads to another host or runs a program: a client does that itself.
    """
    if not name:
        if root is None:
            return name
        name = str(planned(None, readonly=False, authenticate=None).request.uri)
    uri = parse(name)
    if uri.is_remote or uri.driver == "remote":
        raise InvalidArgError(
            f"{name!r} leads elsewhere: open it from the client; virtkitd serves drivers of its own host only",
            domain=ErrorDomain.RPC,
        )
    if root is None or uri.path not in ("/system", "/session"):
        return name
    return str(URI(uri.driver, path="/embed", query=(("root", root), *uri.query)))
