"""The conformance suite: tests of a driver, written once and run by its author over the driver's own URI.

It needs pytest: `pip install virtkit[testing]`. Each class covers one topic of one kind of object; a subclass in the
author's own tests runs it, and the fixture `profile` says what the driver is and can do:

    import pytest
    from virtkit.testing import BaseConnection, BaseDomainLookup, BaseSupport, Can, Offer, Profile

    def domain_xml(name, uuid):
        return f"<domain type='lab'><name>{name}</name><uuid>{uuid}</uuid>...</domain>"

    @pytest.fixture
    def profile():
        return Profile(uri="lab:///default", domain=Offer(Can.LIST | Can.DESCRIBE | Can.DEFINE, xml=domain_xml))

    class TestConnection(BaseConnection): pass
    class TestSupport(BaseSupport): pass
    class TestDomainLookup(BaseDomainLookup): pass

Tests are gated by what the profile declares, never by a driver's name: one whose ability is not declared is skipped,
and says so. `BaseSupport` keeps the declaration true in both directions: what is declared has its functions, what is
not declared answers `NotSupportedError` with the error domain of its kind.

A test that a driver has to answer differently is overridden in the subclass, with the reason in a docstring; attributes
of a class (`refusals`, `nameless`, ...) cover the differences that are known.

This is the basic tier: lookup, enumeration, description, definition, states, errors, events. `BASES` lists its classes.
"""

from __future__ import annotations

import pytest

MODULES = (
    "calls", "connection", "domain", "interface", "lifecycle", "network", "node_device", "nwfilter", "objects",
    "profile", "secret", "storage", "suite", "support",
)  # fmt: skip

# Before they are imported: failures then show the values that were compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in MODULES))

from virtkit.testing.connection import BaseConnection, BaseHost, BaseReadOnly
from virtkit.testing.domain import (
    BaseDomainActivity,
    BaseDomainAutostart,
    BaseDomainDefinition,
    BaseDomainDescription,
    BaseDomainEnumeration,
    BaseDomainEvents,
    BaseDomainInfo,
    BaseDomainLookup,
    BaseDomainMetadata,
    BaseDomainPersistence,
    BaseDomainRename,
    BaseDomainStates,
)
from virtkit.testing.interface import (
    BaseInterfaceActivity,
    BaseInterfaceChanges,
    BaseInterfaceDefinition,
    BaseInterfaceDescription,
    BaseInterfaceEnumeration,
    BaseInterfaceLookup,
)
from virtkit.testing.kinds import Can
from virtkit.testing.network import (
    BaseNetworkActivity,
    BaseNetworkAutostart,
    BaseNetworkDefinition,
    BaseNetworkDescription,
    BaseNetworkEnumeration,
    BaseNetworkEvents,
    BaseNetworkLeases,
    BaseNetworkLookup,
    BaseNetworkPersistence,
    BaseNetworkPorts,
    BaseNetworkUpdate,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceCreation,
    BaseNodeDeviceDescription,
    BaseNodeDeviceEnumeration,
    BaseNodeDeviceEvents,
    BaseNodeDeviceLookup,
    BaseNodeDeviceTree,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterBindingCreation,
    BaseNWFilterBindingDescription,
    BaseNWFilterBindingLookup,
    BaseNWFilterDefinition,
    BaseNWFilterDescription,
    BaseNWFilterEnumeration,
    BaseNWFilterLookup,
)
from virtkit.testing.profile import Offer, Profile
from virtkit.testing.secret import (
    BaseSecretDefinition,
    BaseSecretDescription,
    BaseSecretEnumeration,
    BaseSecretEvents,
    BaseSecretLookup,
    BaseSecretValue,
)
from virtkit.testing.storage import (
    BaseStoragePoolActivity,
    BaseStoragePoolAutostart,
    BaseStoragePoolDefinition,
    BaseStoragePoolDescription,
    BaseStoragePoolEnumeration,
    BaseStoragePoolEvents,
    BaseStoragePoolInfo,
    BaseStoragePoolLookup,
    BaseStoragePoolPersistence,
    BaseStorageVolContents,
    BaseStorageVolCreation,
    BaseStorageVolDescription,
    BaseStorageVolEnumeration,
    BaseStorageVolLookup,
    BaseStorageVolStates,
)
from virtkit.testing.suite import Conformance, Workshop, requires
from virtkit.testing.support import BaseSupport

__all__ = [
    "BASES", "BaseConnection", "BaseDomainActivity", "BaseDomainAutostart", "BaseDomainDefinition",
    "BaseDomainDescription", "BaseDomainEnumeration", "BaseDomainEvents", "BaseDomainInfo", "BaseDomainLookup",
    "BaseDomainMetadata", "BaseDomainPersistence", "BaseDomainRename", "BaseDomainStates", "BaseHost",
    "BaseInterfaceActivity", "BaseInterfaceChanges", "BaseInterfaceDefinition", "BaseInterfaceDescription",
    "BaseInterfaceEnumeration", "BaseInterfaceLookup", "BaseNWFilterBindingCreation", "BaseNWFilterBindingDescription",
    "BaseNWFilterBindingLookup", "BaseNWFilterDefinition", "BaseNWFilterDescription", "BaseNWFilterEnumeration",
    "BaseNWFilterLookup", "BaseNetworkActivity", "BaseNetworkAutostart", "BaseNetworkDefinition",
    "BaseNetworkDescription", "BaseNetworkEnumeration", "BaseNetworkEvents", "BaseNetworkLeases", "BaseNetworkLookup",
    "BaseNetworkPersistence", "BaseNetworkPorts", "BaseNetworkUpdate",
    "BaseNodeDeviceCreation", "BaseNodeDeviceDescription", "BaseNodeDeviceEnumeration",
    "BaseNodeDeviceEvents", "BaseNodeDeviceLookup", "BaseNodeDeviceTree", "BaseReadOnly", "BaseSecretDefinition",
    "BaseSecretDescription", "BaseSecretEnumeration", "BaseSecretEvents", "BaseSecretLookup", "BaseSecretValue",
    "BaseStoragePoolActivity", "BaseStoragePoolAutostart", "BaseStoragePoolDefinition", "BaseStoragePoolDescription",
    "BaseStoragePoolEnumeration", "BaseStoragePoolEvents", "BaseStoragePoolInfo", "BaseStoragePoolLookup",
    "BaseStoragePoolPersistence", "BaseStorageVolContents", "BaseStorageVolCreation", "BaseStorageVolDescription",
    "BaseStorageVolEnumeration", "BaseStorageVolLookup", "BaseStorageVolStates", "BaseSupport", "Can", "Conformance",
    "Offer", "Profile", "Workshop", "requires",
]  # fmt: skip

BASES: dict[str, tuple[type[Conformance], ...]] = {
    "connection": (BaseConnection, BaseHost, BaseReadOnly, BaseSupport),
    "domain": (
        BaseDomainLookup, BaseDomainEnumeration, BaseDomainDescription, BaseDomainInfo, BaseDomainDefinition,
        BaseDomainActivity, BaseDomainPersistence, BaseDomainAutostart, BaseDomainEvents, BaseDomainStates,
        BaseDomainRename, BaseDomainMetadata,
    ),
    "network": (
        BaseNetworkLookup, BaseNetworkEnumeration, BaseNetworkDescription, BaseNetworkDefinition, BaseNetworkActivity,
        BaseNetworkPersistence, BaseNetworkAutostart, BaseNetworkEvents, BaseNetworkUpdate, BaseNetworkLeases,
        BaseNetworkPorts,
    ),
    "storage": (
        BaseStoragePoolLookup, BaseStoragePoolEnumeration, BaseStoragePoolDescription, BaseStoragePoolInfo,
        BaseStoragePoolDefinition, BaseStoragePoolActivity, BaseStoragePoolPersistence, BaseStoragePoolAutostart,
        BaseStoragePoolEvents, BaseStorageVolLookup, BaseStorageVolEnumeration, BaseStorageVolDescription,
        BaseStorageVolCreation, BaseStorageVolContents, BaseStorageVolStates,
    ),
    "interface": (
        BaseInterfaceLookup, BaseInterfaceEnumeration, BaseInterfaceDescription, BaseInterfaceDefinition,
        BaseInterfaceActivity, BaseInterfaceChanges,
    ),
    "nodedev": (
        BaseNodeDeviceLookup, BaseNodeDeviceEnumeration, BaseNodeDeviceDescription, BaseNodeDeviceTree,
        BaseNodeDeviceCreation, BaseNodeDeviceEvents,
    ),
    "secret": (
        BaseSecretLookup, BaseSecretEnumeration, BaseSecretDescription, BaseSecretDefinition, BaseSecretValue,
        BaseSecretEvents,
    ),
    "nwfilter": (
        BaseNWFilterLookup, BaseNWFilterEnumeration, BaseNWFilterDescription, BaseNWFilterDefinition,
        BaseNWFilterBindingLookup, BaseNWFilterBindingDescription, BaseNWFilterBindingCreation,
    ),
}  # fmt: skip
"""Subject -> classes of the suite: every driver runs those of `connection`, and those of the kinds it serves."""
