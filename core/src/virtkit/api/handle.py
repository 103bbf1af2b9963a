"""What all handles share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from virtkit.errors import InvalidArgError

if TYPE_CHECKING:
    import uuid as uuids

    from virtkit.api.connection import Connection
    from virtkit.api.methods import Methods

R = TypeVar("R", bound=tuple[Any, ...])


class Handle(Generic[R]):
    """An object of a connection, named by a reference.

    Attributes:
        connection: The connection it was looked up on.
        ref: What names it in calls to the driver.
    """

    __slots__ = ("connection", "ref")

    connection: Connection

    def __init__(self, connection: Methods, ref: R) -> None:
        self.connection = connection  # type: ignore[assignment]  # a connection, seen as one group of its methods
        self.ref = ref

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.connection is other.connection and self.identity == other.identity

    def __hash__(self) -> int:
        return hash((type(self), self.identity))

    @property
    def identity(self) -> Any:
        """What tells the object from others of its kind and connection, whatever else becomes of it."""
        return self.ref

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ref[0]!r}>"


class NamedHandle(Handle[R]):
    """An object with a name."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def name(self) -> str:
        """The name, as last known."""
        name: str = self.ref.name  # type: ignore[attr-defined]
        return name


class UUIDHandle(Handle[R]):
    """An object with a UUID, which stays when its name changes."""

    __slots__ = ()

    @property
    def uuid(self) -> uuids.UUID:
        """The UUID."""
        import uuid as uuids  # 4 ms that only who asks pays

        return uuids.UUID(bytes=self.identity)

    @property
    def uuid_string(self) -> str:
        """The UUID as text, in lower case with dashes."""
        digits = self.identity.hex()  # the module uuid takes 4 ms, and this is what every list prints
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    @property
    def identity(self) -> bytes:
        """The UUID's bytes."""
        raw: bytes = self.ref.uuid  # type: ignore[attr-defined]
        return raw

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self.ref, 'name', self.uuid_string)!r}>"


class NamedUUIDHandle(NamedHandle[R], UUIDHandle[R]):
    """An object with a name and a UUID."""

    __slots__ = ()


def uuid_bytes(given: uuids.UUID | bytes | str, error_domain: int) -> bytes:
    """The 16 bytes of a UUID in any form.

    Args:
        given: The UUID.
        error_domain: `virtkit.enums.ErrorDomain` of the kind of object.

    Raises:
        InvalidArgError: It is not a UUID.
    """
    if isinstance(given, bytes) and len(given) == 16:
        return given
    import uuid as uuids

    if isinstance(given, uuids.UUID):
        return given.bytes
    try:
        return uuids.UUID(given if isinstance(given, str) else "").bytes
    except ValueError:
        raise InvalidArgError(
            f"{given!r} is not a UUID: 32 hex digits, with or without dashes",
            domain=error_domain,
            str2="uuidstr",
            int1=0,
            int2=0,
        ) from None
