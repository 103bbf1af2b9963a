"""What the groups of a connection's methods stand on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Methods:
    """Base of each group of methods of a connection: one group per object kind, in that kind's module.

    Attributes:
        ops: The functions of the connection by name, bound to its drivers. Calling `ops["domain_get_info"](ref)` is
            what every method does, and what a program may do for a function it knows by name.
    """

    __slots__ = ()

    ops: dict[str, Callable[..., Any]]
