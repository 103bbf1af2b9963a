"""What all handles of asynchronous connections share: those of the synchronous ones, with another connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api import handle
from virtkit.api.handle import R
from virtkit.api.handle import uuid_bytes as uuid_bytes

if TYPE_CHECKING:
    from virtkit.aio.connection import Connection
    from virtkit.aio.methods import Methods


class Handle(handle.Handle[R]):
    """An object of a connection, named by a reference; its methods are awaited, its properties are not."""

    __slots__ = ()

    connection: Connection  # type: ignore[assignment]  # not the synchronous one

    def __init__(self, connection: Methods, ref: R) -> None:
        super().__init__(connection, ref)  # type: ignore[arg-type]


class NamedHandle(handle.NamedHandle[R], Handle[R]):
    """An object with a name."""

    __slots__ = ()


class UUIDHandle(handle.UUIDHandle[R], Handle[R]):
    """An object with a UUID, which stays when its name changes."""

    __slots__ = ()


class NamedUUIDHandle(NamedHandle[R], UUIDHandle[R]):
    """An object with a name and a UUID."""

    __slots__ = ()
