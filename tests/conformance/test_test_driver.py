"""The test driver passes the conformance suite for the kinds it has, and says of the others that it has them not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtkit import Domain
from virtkit.errors import InternalError, InvalidArgError, OperationFailedError
from virtkit.testing import (
    BaseConnection,
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
    BaseHost,
    BaseInterfaceActivity,
    BaseInterfaceChanges,
    BaseInterfaceDefinition,
    BaseInterfaceDescription,
    BaseInterfaceEnumeration,
    BaseInterfaceLookup,
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
    BaseNodeDeviceCreation,
    BaseNodeDeviceDescription,
    BaseNodeDeviceEnumeration,
    BaseNodeDeviceEvents,
    BaseNodeDeviceLookup,
    BaseNodeDeviceTree,
    BaseReadOnly,
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
    BaseSupport,
    Can,
    Offer,
    Profile,
    Workshop,
)

HOST = Can.IDENTIFY | Can.DESCRIBE | Can.INFO
DOMAIN = (
    Can.LIST | Can.DESCRIBE | Can.INFO | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
    | Can.PAUSE | Can.SHUTDOWN | Can.REBOOT | Can.RESET | Can.RENAME | Can.METADATA
)  # fmt: skip
BASIC = Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.CREATE | Can.START | Can.AUTOSTART | Can.EVENTS
NETWORK = BASIC | Can.UPDATE
POOL = BASIC | Can.INFO | Can.BUILD | Can.REFRESH
VOLUME = Can.LIST | Can.DESCRIBE | Can.INFO | Can.CREATE | Can.CLONE
INTERFACE = Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.START | Can.CHANGES
DEVICE = Can.LIST | Can.DESCRIBE | Can.CREATE | Can.EVENTS

WRONG_STATE = dict.fromkeys(("create", "shutdown", "suspend", "resume"), InternalError)
"""What libvirt's simulator answers to these in the wrong state."""


def domain_xml(name: str, uuid: str) -> str:
    return f"""<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>64</memory>
        <os><type>hvm</type></os></domain>"""


def pool_xml(name: str, uuid: str) -> str:
    return f"<pool type='dir'><name>{name}</name><uuid>{uuid}</uuid><target><path>/{name}</path></target></pool>"


def interface_xml(name: str, uuid: str) -> str:
    mac = ":".join(["52", "54", "00", uuid[0:2], uuid[2:4], uuid[4:6]])
    return f"""<interface type='ethernet' name='{name}'><start mode='none'/><mac address='{mac}'/></interface>"""


def device_xml(name: str, uuid: str) -> str:
    """A virtual port of the simulated adapter."""
    wwns = f"<wwnn>{uuid[:8]}12345678</wwnn><wwpn>{uuid[:8]}87654321</wwpn>"
    return f"""<device><parent>scsi_host1</parent>
        <capability type='scsi_host'><capability type='fc_host'>{wwns}</capability></capability></device>"""


@pytest.fixture
def profile() -> Profile:
    return Profile(
        uri="test:///default",
        wrong_uris=("test://", "test:///"),
        host=Offer(HOST),
        domain=Offer(DOMAIN, xml=domain_xml),
        network=Offer(NETWORK),
        storage_pool=Offer(POOL, xml=pool_xml),
        storage_vol=Offer(VOLUME),
        interface=Offer(INTERFACE, xml=interface_xml),
        node_device=Offer(DEVICE, xml=device_xml),
    )


class TestConnection(BaseConnection):
    pass


class TestHost(BaseHost):
    pass


class TestReadOnly(BaseReadOnly):
    pass


class TestSupport(BaseSupport):
    pass


class TestDomainLookup(BaseDomainLookup):
    pass


class TestDomainEnumeration(BaseDomainEnumeration):
    pass


class TestDomainDescription(BaseDomainDescription):
    pass


class TestDomainInfo(BaseDomainInfo):
    pass


class TestDomainDefinition(BaseDomainDefinition):
    pass


class TestDomainActivity(BaseDomainActivity):
    refusals = WRONG_STATE


class TestDomainPersistence(BaseDomainPersistence):
    refusals = WRONG_STATE

    def test_what_is_transient_has_no_definition_to_remove(self, workshop: Workshop) -> None:
        """Libvirt's simulator lets it be."""
        domain = workshop.create(self.kind)
        domain.undefine()
        assert domain.is_active() is True


class TestDomainAutostart(BaseDomainAutostart):
    def test_a_transient_object_refuses_it(self, workshop: Workshop) -> None:
        """Libvirt's simulator takes the mark."""
        domain = workshop.create(self.kind)
        domain.set_autostart(True)
        assert domain.autostart() is True


class TestDomainEvents(BaseDomainEvents):
    pass


class TestDomainStates(BaseDomainStates):
    refusals = WRONG_STATE

    def test_suspending_twice_changes_nothing(self, domain_in: Callable[[str], Domain]) -> None:
        """Libvirt's simulator takes a paused domain for one that does not run."""
        domain = domain_in("paused")
        with self.refused("suspend"):
            domain.suspend()
        assert domain.is_active() is True


class TestDomainRename(BaseDomainRename):
    pass


class TestDomainMetadata(BaseDomainMetadata):
    pass


class TestNetworkLookup(BaseNetworkLookup):
    pass


class TestNetworkEnumeration(BaseNetworkEnumeration):
    pass


class TestNetworkDescription(BaseNetworkDescription):
    pass


class TestNetworkDefinition(BaseNetworkDefinition):
    pass


class TestNetworkActivity(BaseNetworkActivity):
    def test_stopping_what_is_inactive_is_refused(self, workshop: Workshop) -> None:
        """Libvirt's simulator stops it once more."""
        network = workshop.define(self.kind)
        network.destroy()
        assert network.is_active() is False


class TestNetworkPersistence(BaseNetworkPersistence):
    outlives_definition = False


class TestNetworkAutostart(BaseNetworkAutostart):
    def test_a_transient_object_refuses_it(self, workshop: Workshop) -> None:
        """Libvirt's simulator takes the mark."""
        network = workshop.create(self.kind)
        network.set_autostart(True)
        assert network.autostart() is True


class TestNetworkEvents(BaseNetworkEvents):
    pass


class TestNetworkUpdate(BaseNetworkUpdate):
    pass


class TestNetworkLeases(BaseNetworkLeases):
    pass


class TestNetworkPorts(BaseNetworkPorts):
    pass


class TestStoragePoolLookup(BaseStoragePoolLookup):
    pass


class TestStoragePoolEnumeration(BaseStoragePoolEnumeration):
    pass


class TestStoragePoolDescription(BaseStoragePoolDescription):
    pass


class TestStoragePoolInfo(BaseStoragePoolInfo):
    pass


class TestStoragePoolDefinition(BaseStoragePoolDefinition):
    described = 0


class TestStoragePoolActivity(BaseStoragePoolActivity):
    pass


class TestStoragePoolPersistence(BaseStoragePoolPersistence):
    pass


class TestStoragePoolAutostart(BaseStoragePoolAutostart):
    transient_refusal = InvalidArgError


class TestStoragePoolEvents(BaseStoragePoolEvents):
    pass


class TestStorageVolLookup(BaseStorageVolLookup):
    pass


class TestStorageVolEnumeration(BaseStorageVolEnumeration):
    pass


class TestStorageVolDescription(BaseStorageVolDescription):
    pass


class TestStorageVolCreation(BaseStorageVolCreation):
    taken = OperationFailedError


class TestStorageVolContents(BaseStorageVolContents):
    pass


class TestStorageVolStates(BaseStorageVolStates):
    pass


class TestInterfaceLookup(BaseInterfaceLookup):
    pass


class TestInterfaceEnumeration(BaseInterfaceEnumeration):
    pass


class TestInterfaceDescription(BaseInterfaceDescription):
    pass


class TestInterfaceDefinition(BaseInterfaceDefinition):
    described = 0


class TestInterfaceActivity(BaseInterfaceActivity):
    pass


class TestInterfaceChanges(BaseInterfaceChanges):
    pass


class TestNodeDeviceLookup(BaseNodeDeviceLookup):
    pass


class TestNodeDeviceEnumeration(BaseNodeDeviceEnumeration):
    parts = ()  # libvirt's simulator refuses the filters ACTIVE and INACTIVE


class TestNodeDeviceDescription(BaseNodeDeviceDescription):
    pass


class TestNodeDeviceTree(BaseNodeDeviceTree):
    pass


class TestNodeDeviceCreation(BaseNodeDeviceCreation):
    pass


class TestNodeDeviceEvents(BaseNodeDeviceEvents):
    pass
