"""Tables of a driver's objects: found by name, UUID and id, each with a lock.

    domains: ObjectTable[Domain] = ObjectTable(DOMAIN, error_domain=ErrorDomain.TEST)
    domains.add(Domain(name="web", uuid=uuid))
    domains.by_uuid(ref.uuid).state
    with domains.hold(ref, "suspend") as domain:
        ...

A driver has one table for each kind of object that it holds in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Generic, NamedTuple, Protocol, TypeVar

from virtkit.errors import (
    NoDomainCheckpointError,
    NoDomainError,
    NoDomainSnapshotError,
    NoInterfaceError,
    NoNetworkError,
    NoNetworkPortError,
    NoNodeDeviceError,
    NoNWFilterBindingError,
    NoNWFilterError,
    NoSecretError,
    NoStoragePoolError,
    NoStorageVolError,
    VirtError,
)
from virtkit.services.locks import LOCK_TIMEOUT, ObjectLock


class Kind(NamedTuple):
    """A kind of object, in the words of errors about it.

    Attributes:
        noun: What one is called.
        missing: Error of one that does not exist.
        domain: `virtkit.enums.ErrorDomain` of errors about its definition.
        listing: Command that shows which exist.
    """

    noun: str
    missing: type[VirtError]
    domain: int
    listing: str


DOMAIN = Kind("domain", NoDomainError, 20, "virtkit list --all")
NETWORK = Kind("network", NoNetworkError, 19, "virtkit net-list --all")
NETWORK_PORT = Kind("network port", NoNetworkPortError, 19, "virtkit net-port-list NETWORK")
STORAGE_POOL = Kind("storage pool", NoStoragePoolError, 18, "virtkit pool-list --all")
STORAGE_VOL = Kind("storage volume", NoStorageVolError, 18, "virtkit vol-list POOL")
INTERFACE = Kind("interface", NoInterfaceError, 26, "virtkit iface-list --all")
NODE_DEVICE = Kind("node device", NoNodeDeviceError, 22, "virtkit nodedev-list --all")
NWFILTER = Kind("network filter", NoNWFilterError, 33, "virtkit nwfilter-list")
NWFILTER_BINDING = Kind("network filter binding", NoNWFilterBindingError, 33, "virtkit nwfilter-binding-list")
SECRET = Kind("secret", NoSecretError, 30, "virtkit secret-list")
SNAPSHOT = Kind("snapshot", NoDomainSnapshotError, 35, "virtkit snapshot-list DOMAIN")
CHECKPOINT = Kind("checkpoint", NoDomainCheckpointError, 69, "virtkit checkpoint-list DOMAIN")


class Named(Protocol):
    """What a table needs of an object; one that also has `uuid: bytes` is found by that too."""

    name: str


class Reference(Protocol):
    """What names an object with a UUID: `DomainRef`, `NetworkRef`, `StoragePoolRef`, `NWFilterRef`."""

    @property
    def name(self) -> str:
        """The name the object had when the reference was made."""

    @property
    def uuid(self) -> bytes:
        """The UUID, 16 bytes."""


T = TypeVar("T", bound=Named)


class ObjectTable(Generic[T]):
    """The objects of one kind. Reading takes no lock; changes are serialised.

    What the `by_` methods return may be removed by another call at any time: a call that changes an object goes
    through `hold`, which looks again once it has the lock.
    """

    def __init__(self, kind: Kind, *, error_domain: int = 0, first_id: int = 1) -> None:
        """Make an empty table.

        Args:
            kind: What the objects are.
            error_domain: Error domain of the driver, for missing objects.
            first_id: The first id that `set_id` gives.
        """

    def by_name(self, name: str) -> T:
        """The object of that name. Raises the kind's missing error."""
        raise NotImplementedError

    def by_uuid(self, uuid: bytes, name: str = "") -> T:
        """The object of that UUID; `name` is what the caller knows it by, for the kind's missing error."""
        raise NotImplementedError

    def by_id(self, number: int) -> T:
        """The active object of that id. Raises the kind's missing error."""
        raise NotImplementedError

    def by_ref(self, ref: Reference) -> T:
        """The object a reference names: by UUID, whatever its name is now. Raises the kind's missing error."""
        raise NotImplementedError

    def match(self, name: str, uuid: bytes) -> T | None:
        """The object a definition with this name and UUID redefines; None: the definition is of a new one.

        Raises:
            OperationFailedError: Only one of the two is that of an existing object.
        """
        raise NotImplementedError

    def add(self, item: T) -> None:
        """Add an object.

        Raises:
            OperationFailedError: The name or the UUID is taken.
        """
        raise NotImplementedError

    def obtain(self, name: str, uuid: bytes, make: Callable[[], T]) -> T:
        """The object with this name and UUID, made and added in one step if there is none.

        Raises:
            OperationFailedError: Only one of the two is that of an existing object.
        """
        raise NotImplementedError

    def remove(self, item: T) -> None:
        """Take an object out, with its id. One that is not there is no error."""
        raise NotImplementedError

    def rename(self, item: T, name: str) -> None:
        """Give an object another name; sets its `name`.

        Raises:
            OperationFailedError: The name is taken.
        """
        raise NotImplementedError

    def set_id(self, item: T, number: int | None = None) -> int:
        """Make an object active.

        Args:
            item: An object of the table.
            number: Its id, when it keeps one it had before; later ids are higher. None: the next one.

        Returns:
            The id: ids count up and are not used twice.
        """
        raise NotImplementedError

    def clear_id(self, item: T) -> None:
        """Make an object inactive. One that is so already is no error."""
        raise NotImplementedError

    def all(self) -> list[T]:
        """Every object, sorted by name."""
        raise NotImplementedError

    def active(self) -> list[T]:
        """The objects that have an id, sorted by it."""
        raise NotImplementedError

    def ids(self) -> list[int]:
        """The ids of the active objects, sorted."""
        raise NotImplementedError

    def lock_of(self, item: T) -> ObjectLock:
        """The lock of an object of the table."""
        raise NotImplementedError

    def hold(self, ref: Reference, call: str, timeout: float = LOCK_TIMEOUT) -> AbstractContextManager[T]:
        """The object a reference names, locked for the length of a `with` block and certain to be there still.

        Args:
            ref: Names the object.
            call: What holds it, for the message another caller gets.
            timeout: Seconds to wait.

        Raises:
            VirtError: The kind's missing error: it does not exist, or was removed while this call waited.
            OperationTimeoutError: Another call still holds it.
        """
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __contains__(self, name: str) -> bool:
        raise NotImplementedError

    def __iter__(self) -> Iterator[T]:
        return iter(self.all())
