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

from virtkit.testing.connection import BaseConnection as BaseConnection
from virtkit.testing.connection import BaseHost as BaseHost
from virtkit.testing.connection import BaseReadOnly as BaseReadOnly
from virtkit.testing.domain import (
    BaseDomainActivity as BaseDomainActivity,
)
from virtkit.testing.domain import (
    BaseDomainAutostart as BaseDomainAutostart,
)
from virtkit.testing.domain import (
    BaseDomainDefinition as BaseDomainDefinition,
)
from virtkit.testing.domain import (
    BaseDomainDescription as BaseDomainDescription,
)
from virtkit.testing.domain import (
    BaseDomainEnumeration as BaseDomainEnumeration,
)
from virtkit.testing.domain import (
    BaseDomainEvents as BaseDomainEvents,
)
from virtkit.testing.domain import (
    BaseDomainInfo as BaseDomainInfo,
)
from virtkit.testing.domain import (
    BaseDomainLookup as BaseDomainLookup,
)
from virtkit.testing.domain import (
    BaseDomainMetadata as BaseDomainMetadata,
)
from virtkit.testing.domain import (
    BaseDomainPersistence as BaseDomainPersistence,
)
from virtkit.testing.domain import (
    BaseDomainRename as BaseDomainRename,
)
from virtkit.testing.domain import (
    BaseDomainStates as BaseDomainStates,
)
from virtkit.testing.interface import (
    BaseInterfaceActivity as BaseInterfaceActivity,
)
from virtkit.testing.interface import (
    BaseInterfaceChanges as BaseInterfaceChanges,
)
from virtkit.testing.interface import (
    BaseInterfaceDefinition as BaseInterfaceDefinition,
)
from virtkit.testing.interface import (
    BaseInterfaceDescription as BaseInterfaceDescription,
)
from virtkit.testing.interface import (
    BaseInterfaceEnumeration as BaseInterfaceEnumeration,
)
from virtkit.testing.interface import (
    BaseInterfaceLookup as BaseInterfaceLookup,
)
from virtkit.testing.kinds import Can as Can
from virtkit.testing.network import (
    BaseNetworkActivity as BaseNetworkActivity,
)
from virtkit.testing.network import (
    BaseNetworkAutostart as BaseNetworkAutostart,
)
from virtkit.testing.network import (
    BaseNetworkDefinition as BaseNetworkDefinition,
)
from virtkit.testing.network import (
    BaseNetworkDescription as BaseNetworkDescription,
)
from virtkit.testing.network import (
    BaseNetworkEnumeration as BaseNetworkEnumeration,
)
from virtkit.testing.network import (
    BaseNetworkEvents as BaseNetworkEvents,
)
from virtkit.testing.network import (
    BaseNetworkLookup as BaseNetworkLookup,
)
from virtkit.testing.network import (
    BaseNetworkPersistence as BaseNetworkPersistence,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceCreation as BaseNodeDeviceCreation,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceDescription as BaseNodeDeviceDescription,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceEnumeration as BaseNodeDeviceEnumeration,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceEvents as BaseNodeDeviceEvents,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceLookup as BaseNodeDeviceLookup,
)
from virtkit.testing.node_device import (
    BaseNodeDeviceTree as BaseNodeDeviceTree,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterBindingCreation as BaseNWFilterBindingCreation,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterBindingDescription as BaseNWFilterBindingDescription,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterBindingLookup as BaseNWFilterBindingLookup,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterDefinition as BaseNWFilterDefinition,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterDescription as BaseNWFilterDescription,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterEnumeration as BaseNWFilterEnumeration,
)
from virtkit.testing.nwfilter import (
    BaseNWFilterLookup as BaseNWFilterLookup,
)
from virtkit.testing.profile import Offer as Offer
from virtkit.testing.profile import Profile as Profile
from virtkit.testing.secret import (
    BaseSecretDefinition as BaseSecretDefinition,
)
from virtkit.testing.secret import (
    BaseSecretDescription as BaseSecretDescription,
)
from virtkit.testing.secret import (
    BaseSecretEnumeration as BaseSecretEnumeration,
)
from virtkit.testing.secret import (
    BaseSecretEvents as BaseSecretEvents,
)
from virtkit.testing.secret import (
    BaseSecretLookup as BaseSecretLookup,
)
from virtkit.testing.secret import (
    BaseSecretValue as BaseSecretValue,
)
from virtkit.testing.storage import (
    BaseStoragePoolActivity as BaseStoragePoolActivity,
)
from virtkit.testing.storage import (
    BaseStoragePoolAutostart as BaseStoragePoolAutostart,
)
from virtkit.testing.storage import (
    BaseStoragePoolDefinition as BaseStoragePoolDefinition,
)
from virtkit.testing.storage import (
    BaseStoragePoolDescription as BaseStoragePoolDescription,
)
from virtkit.testing.storage import (
    BaseStoragePoolEnumeration as BaseStoragePoolEnumeration,
)
from virtkit.testing.storage import (
    BaseStoragePoolEvents as BaseStoragePoolEvents,
)
from virtkit.testing.storage import (
    BaseStoragePoolInfo as BaseStoragePoolInfo,
)
from virtkit.testing.storage import (
    BaseStoragePoolLookup as BaseStoragePoolLookup,
)
from virtkit.testing.storage import (
    BaseStoragePoolPersistence as BaseStoragePoolPersistence,
)
from virtkit.testing.storage import (
    BaseStorageVolContents as BaseStorageVolContents,
)
from virtkit.testing.storage import (
    BaseStorageVolCreation as BaseStorageVolCreation,
)
from virtkit.testing.storage import (
    BaseStorageVolDescription as BaseStorageVolDescription,
)
from virtkit.testing.storage import (
    BaseStorageVolEnumeration as BaseStorageVolEnumeration,
)
from virtkit.testing.storage import (
    BaseStorageVolLookup as BaseStorageVolLookup,
)
from virtkit.testing.storage import (
    BaseStorageVolStates as BaseStorageVolStates,
)
from virtkit.testing.suite import Conformance as Conformance
from virtkit.testing.suite import Workshop as Workshop
from virtkit.testing.suite import requires as requires
from virtkit.testing.support import BaseSupport as BaseSupport

BASES: dict[str, tuple[type[Conformance], ...]] = {
    "connection": (BaseConnection, BaseHost, BaseReadOnly, BaseSupport),
    "domain": (
        BaseDomainLookup, BaseDomainEnumeration, BaseDomainDescription, BaseDomainInfo, BaseDomainDefinition,
        BaseDomainActivity, BaseDomainPersistence, BaseDomainAutostart, BaseDomainEvents, BaseDomainStates,
        BaseDomainRename, BaseDomainMetadata,
    ),
    "network": (
        BaseNetworkLookup, BaseNetworkEnumeration, BaseNetworkDescription, BaseNetworkDefinition, BaseNetworkActivity,
        BaseNetworkPersistence, BaseNetworkAutostart, BaseNetworkEvents,
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
