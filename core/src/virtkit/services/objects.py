"""Tables of a driver's objects: found by name, UUID and id, each with a lock.

    domains: ObjectTable[Domain] = ObjectTable(DOMAIN, error_domain=ErrorDomain.TEST)
    domains.add(Domain(name="web", uuid=uuid))
    domains.by_uuid(ref.uuid).state
    with domains.hold(ref, "suspend") as domain:
        ...

A driver has one table for each kind of object that it holds in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    OperationFailedError,
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
    """The objects of one kind. Reading takes no lock, the first list after a change excepted; changes are serialised.

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
        self.kind = kind
        self._error_domain = error_domain
        self._names: dict[str, T] = {}
        self._sorted: list[T] | None = None  # by name; made when it is asked for
        self._uuids: dict[bytes, T] = {}
        self._ids: dict[int, T] = {}
        self._locks: dict[int, ObjectLock] = {}  # by id() of the object, which the tables above keep alive
        self._numbers: dict[int, int] = {}  # likewise: the other direction of _ids
        self._next_id = first_id
        self._change = threading.RLock()

    def by_name(self, name: str) -> T:
        """The object of that name. Raises the kind's missing error."""
        try:
            return self._names[name]
        except KeyError:
            raise self.missing(f"named {name!r}") from None

    def by_uuid(self, uuid: bytes, name: str = "") -> T:
        """The object of that UUID; `name` is what the caller knows it by, for the kind's missing error."""
        try:
            return self._uuids[uuid]
        except KeyError:
            raise self.missing(_identified(uuid, name)) from None

    def by_id(self, number: int) -> T:
        """The active object of that id. Raises the kind's missing error."""
        try:
            return self._ids[number]
        except KeyError:
            raise self.missing(f"running with id {number}") from None

    def by_ref(self, ref: Reference) -> T:
        """The object a reference names: by UUID, whatever its name is now. Raises the kind's missing error."""
        try:
            return self._uuids[ref.uuid]
        except KeyError:
            raise self.missing(_identified(ref.uuid, ref.name)) from None

    def missing(self, which: str) -> VirtError:
        """The error of an object that is not there; `which` as `named 'web'`."""
        message = f"there is no {self.kind.noun} {which}; `{self.kind.listing}` shows which there are"
        return self.kind.missing(message, domain=self._error_domain)

    def match(self, name: str, uuid: bytes) -> T | None:
        """The object a definition with this name and UUID redefines; None: the definition is of a new one.

        Raises:
            OperationFailedError: Only one of the two is that of an existing object.
        """
        with self._change:
            named, identified = self._names.get(name), self._uuids.get(uuid)
        if named is identified or not uuid:
            return named
        if named is not None:
            raise self._taken(f"named {name!r}", f"with another UUID, {_text(_uuid_of(named))}")
        assert identified is not None
        raise self._taken(f"with UUID {_text(uuid)}", f"with another name, {identified.name!r}")

    def add(self, item: T) -> None:
        """Add an object.

        Raises:
            OperationFailedError: The name or the UUID is taken.
        """
        uuid = _uuid_of(item)
        with self._change:
            if self.match(item.name, uuid) is not None:
                raise self._taken(f"named {item.name!r}", "with the same UUID")
            self._locks[id(item)] = ObjectLock(f"{self.kind.noun} {item.name!r}", domain=self._error_domain)
            if uuid:
                self._uuids[uuid] = item
            self._names[item.name] = item
            self._sorted = None

    def obtain(self, name: str, uuid: bytes, make: Callable[[], T]) -> T:
        """The object with this name and UUID, made and added in one step if there is none.

        Raises:
            OperationFailedError: Only one of the two is that of an existing object.
        """
        with self._change:
            found = self.match(name, uuid)
            if found is None:
                found = make()
                self.add(found)
            return found

    def remove(self, item: T) -> None:
        """Take an object out, with its id. One that is not there is no error."""
        with self._change:
            if self._locks.pop(id(item), None) is None:
                return
            self.clear_id(item)
            self._uuids.pop(_uuid_of(item), None)
            self._names.pop(item.name, None)
            self._sorted = None

    def rename(self, item: T, name: str) -> None:
        """Give an object another name; sets its `name`.

        Raises:
            OperationFailedError: The name is taken.
            VirtError: The kind's missing error: the object is not in the table.
        """
        with self._change:
            lock = self.lock_of(item)
            if name in self._names:
                raise self._taken(f"named {name!r}", f"with UUID {_text(_uuid_of(self._names[name]))}")
            old, item.name = item.name, name
            self._names[name] = item
            del self._names[old]
            self._sorted = None
            lock.label = f"{self.kind.noun} {name!r}"

    def set_id(self, item: T, number: int | None = None) -> int:
        """Make an object active.

        Args:
            item: An object of the table.
            number: Its id, when it keeps one it had before; later ids are higher. None: the next one.

        Returns:
            The id: ids count up and are not used twice.

        Raises:
            OperationFailedError: Another object has that id.
            VirtError: The kind's missing error: the object is not in the table.
        """
        with self._change:
            number = self._next_id if number is None else number
            self.lock_of(item)
            if self._ids.get(number, item) is not item:
                raise self._taken(f"running with id {number}", f"named {self._ids[number].name!r}")
            self.clear_id(item)
            self._ids[number] = item
            self._numbers[id(item)] = number
            self._next_id = max(self._next_id, number + 1)
        return number

    def clear_id(self, item: T) -> None:
        """Make an object inactive. One that is so already is no error."""
        with self._change:
            number = self._numbers.pop(id(item), None)
            if number is not None:
                del self._ids[number]

    def all(self) -> list[T]:
        """Every object, sorted by name."""
        found = self._sorted
        if found is None:
            with self._change:
                found = self._sorted = [self._names[name] for name in sorted(self._names)]
        return found.copy()

    def active(self) -> list[T]:
        """The objects that have an id, sorted by it."""
        ids = self._ids.copy()
        return [ids[number] for number in sorted(ids)]

    def ids(self) -> list[int]:
        """The ids of the active objects, sorted."""
        return sorted(self._ids.copy())

    def lock_of(self, item: T) -> ObjectLock:
        """The lock of an object of the table. Raises the kind's missing error."""
        try:
            return self._locks[id(item)]
        except KeyError:
            raise self.missing(f"named {item.name!r} any more") from None

    @contextmanager
    def hold(self, ref: Reference, call: str, timeout: float = LOCK_TIMEOUT) -> Iterator[T]:
        """The object a reference names, locked for the length of a `with` block and certain to be there still.

        Args:
            ref: Names the object.
            call: What holds it, for the message another caller gets.
            timeout: Seconds to wait.

        Raises:
            VirtError: The kind's missing error: it does not exist, or was removed while this call waited.
            OperationTimeoutError: Another call still holds it.
        """
        item = self.by_ref(ref)
        with self.lock_of(item).hold(call, timeout):
            if self.by_ref(ref) is not item:
                raise self.missing(f"{_identified(ref.uuid, ref.name)} any more")
            yield item

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[T]:
        return iter(self.all())

    def _taken(self, which: str, how: str) -> OperationFailedError:
        message = f"there is a {self.kind.noun} {which} already, {how}; undefine it or choose another"
        return OperationFailedError(message, domain=self.kind.domain)


def _uuid_of(item: object) -> bytes:
    """The UUID of an object; empty for kinds that have none."""
    return getattr(item, "uuid", b"")


def _text(uuid: bytes) -> str:
    digits = uuid.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _identified(uuid: bytes, name: str) -> str:
    return f"named {name!r} with UUID {_text(uuid)}" if name else f"with UUID {_text(uuid)}"
