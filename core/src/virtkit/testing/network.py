"""Tests of virtual networks."""

from __future__ import annotations

from typing import ClassVar

from virtkit.errors import NoNameError, OperationInvalidError, VirtError
from virtkit.testing.kinds import NETWORK
from virtkit.testing.lifecycle import Activity, ActivityEvents, Persistence
from virtkit.testing.objects import (
    Autostart,
    Description,
    Enumeration,
    NameLists,
    NameLookup,
    UUIDDefinition,
    UUIDLookup,
)


class BaseNetworkLookup(NameLookup, UUIDLookup):
    """Finding networks by name and UUID."""

    kind = NETWORK


class BaseNetworkEnumeration(Enumeration, NameLists):
    """Listing networks."""

    kind = NETWORK
    parts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ACTIVE", "INACTIVE"),
        ("PERSISTENT", "TRANSIENT"),
        ("AUTOSTART", "NO_AUTOSTART"),
    )


class BaseNetworkDescription(Description):
    """Networks as XML."""

    kind = NETWORK


class BaseNetworkDefinition(UUIDDefinition):
    """Defining networks."""

    kind = NETWORK
    nameless: ClassVar[type[VirtError]] = NoNameError


class BaseNetworkActivity(Activity):
    """Starting and stopping networks."""

    kind = NETWORK


class BaseNetworkPersistence(Persistence):
    """Persistent and transient networks."""

    kind = NETWORK


class BaseNetworkAutostart(Autostart):
    """Networks that start with their driver."""

    kind = NETWORK
    transient_refusal: ClassVar[type[VirtError]] = OperationInvalidError


class BaseNetworkEvents(ActivityEvents):
    """Events of networks."""

    kind = NETWORK
