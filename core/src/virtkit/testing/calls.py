"""A trivial call of any function of the API: with arguments that name nothing and change nothing."""

from __future__ import annotations

import inspect
import platform
from collections.abc import Callable
from typing import Any, NamedTuple

from virtkit import Connection
from virtkit.discovery import Function, functions
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
from virtkit.hookspecs import spec_class
from virtkit.ops import Ops
from virtkit.refs import (
    CheckpointRef,
    DomainRef,
    InterfaceRef,
    NetworkPortRef,
    NetworkRef,
    NodeDeviceRef,
    NWFilterBindingRef,
    NWFilterRef,
    SecretRef,
    SnapshotRef,
    StoragePoolRef,
    StorageVolRef,
)
from virtkit.testing.profile import fresh_name

NOBODY = fresh_name()
NO_UUID = b"virtkit-\x80no-one-"
NO_DOMAIN = DomainRef(NOBODY, NO_UUID)
NO_NETWORK = NetworkRef(NOBODY, NO_UUID)

ASKING = ("lookup", "enumeration", "description", "accessor")
"""Families of which a function that a read-only connection may call does nothing but answer."""


class Missing(NamedTuple):
    """A reference to an object that does not exist, and the errors that say so."""

    ref: Any
    errors: tuple[type[VirtError], ...]


MISSING = {
    "DomainRef": Missing(NO_DOMAIN, (NoDomainError,)),
    "SnapshotRef": Missing(SnapshotRef(NOBODY, NO_DOMAIN), (NoDomainError, NoDomainSnapshotError)),
    "CheckpointRef": Missing(CheckpointRef(NOBODY, NO_DOMAIN), (NoDomainError, NoDomainCheckpointError)),
    "NetworkRef": Missing(NO_NETWORK, (NoNetworkError,)),
    "NetworkPortRef": Missing(NetworkPortRef(NO_NETWORK, NO_UUID), (NoNetworkError, NoNetworkPortError)),
    "StoragePoolRef": Missing(StoragePoolRef(NOBODY, NO_UUID), (NoStoragePoolError,)),
    "StorageVolRef": Missing(StorageVolRef(NOBODY, NOBODY, NOBODY), (NoStoragePoolError, NoStorageVolError)),
    "InterfaceRef": Missing(InterfaceRef(NOBODY, ""), (NoInterfaceError,)),
    "NodeDeviceRef": Missing(NodeDeviceRef(NOBODY), (NoNodeDeviceError,)),
    "NWFilterRef": Missing(NWFilterRef(NOBODY, NO_UUID), (NoNWFilterError,)),
    "NWFilterBindingRef": Missing(NWFilterBindingRef(NOBODY, NOBODY), (NoNWFilterBindingError,)),
    "SecretRef": Missing(SecretRef(NO_UUID, 0, ""), (NoSecretError,)),
}
"""Type of reference -> one to nothing."""

EMPTY = {"int": 0, "bool": False, "str": "", "str | None": None, "bytes": b""}
"""Type of a parameter -> a value that says little; sequences and mappings are empty."""

BY_NAME = {"arch": platform.machine(), "uuid": NO_UUID}
"""Parameters for which an empty value would be a mistake of its own."""


class Call(NamedTuple):
    """A trivial call.

    Attributes:
        function: What is called.
        arguments: With what.
        missing: Errors of which one has to come, because an object that does not exist is all it is about;
            empty: anything but an unsupported function may come of it.
        harmless: Whether it can be tried on any host: it names an object that does not exist, or only asks.
    """

    function: Function
    arguments: tuple[Any, ...]
    missing: tuple[type[VirtError], ...]
    harmless: bool

    def outcome(self, conn: Connection) -> BaseException | None:
        """Make the call; the error it raises, whatever it is."""
        try:
            conn.ops[self.function.name](*self.arguments)
        except Exception as error:  # noqa: BLE001 - what a driver raises is what is looked at
            return error
        return None


def call(function: Function, hook: Callable[..., Any]) -> Call:
    """The trivial call of a function, made from the signature of its specification."""
    parameters = list(inspect.signature(hook).parameters.values())[2:]
    types = [str(parameter.annotation) for parameter in parameters]
    about = MISSING.get(types[0]) if types else None
    plain = about is not None and [parameter.name for parameter in parameters[1:]] in ([], ["flags"])
    return Call(
        function,
        tuple(_value(parameter.name, kind) for parameter, kind in zip(parameters, types, strict=True)),
        about.errors if about and plain else (),
        about is not None or (function.meta.readonly and function.meta.family in ASKING),
    )


def _value(name: str, kind: str) -> Any:
    if kind in MISSING:
        return MISSING[kind].ref
    if kind in ("str", "str | None", "bytes") and name in BY_NAME:
        return BY_NAME[name]
    return EMPTY[kind] if kind in EMPTY else {} if kind.startswith("Mapping") else ()


def calls(module: str) -> list[Call]:
    """The trivial calls of the functions that a module of hook specifications declares."""
    known, spec = functions(), spec_class(module)
    return [call(known[name], vars(spec)[name]) for name in vars(spec) if name in known]


def offers(conn: Connection) -> set[str]:
    """The functions that the drivers of a connection offer, their own and derived ones."""
    return {name for name, function in functions().items() if _ops(conn).found(function) is not None}


def is_served(conn: Connection, kind: str) -> bool:
    """Whether a driver of the connection serves a kind of driver."""
    return _ops(conn).attach(kind) is not None


def is_joined(conn: Connection, kind: str) -> bool:
    """Whether a kind of driver is served by another driver than the one the URI names; that has its own profile."""
    part = _ops(conn).attach(kind)
    return part is not None and part is not _ops(conn).attach("hypervisor")


def _ops(conn: Connection) -> Ops:
    assert isinstance(conn.ops, Ops), "the connection is closed"
    return conn.ops
