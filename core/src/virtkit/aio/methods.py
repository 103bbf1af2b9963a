"""What the groups of an asynchronous connection's methods stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from virtkit.ops import Part


class Methods:
    """Base of each group of methods of a connection: one group per object kind, in that kind's module.

    Attributes:
        ops: The functions of the connection by name, bound to its drivers. Awaiting `ops["domain_get_info"](ref)` is
            what every method does, and what a program may do for a function it knows by name.
        readonly: Whether calls that change anything are refused with `OperationDeniedError`.
    """

    __slots__ = ()

    ops: dict[str, Callable[..., Awaitable[Any]]]
    readonly: bool

    async def _attached(self, kind: str) -> Part | None:
        """The driver that serves a kind of objects, and its session; None where no driver does.

        Raises:
            InvalidConnError: The connection is closed.
        """
        raise NotImplementedError
