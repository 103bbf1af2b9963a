"""Tests of host devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from virtkit import Connection, NodeDevice
from virtkit.errors import NoNodeDeviceError, XMLError
from virtkit.testing.kinds import NODE_DEVICE, Can
from virtkit.testing.lifecycle import Events
from virtkit.testing.objects import Description, Enumeration, NameLookup
from virtkit.testing.suite import Conformance, Recorder, Workshop, requires


class BaseNodeDeviceLookup(NameLookup):
    """Finding devices by name."""

    kind = NODE_DEVICE


class BaseNodeDeviceEnumeration(Enumeration):
    """Listing devices."""

    kind = NODE_DEVICE
    parts: ClassVar[tuple[tuple[str, str], ...]] = (("ACTIVE", "INACTIVE"),)

    def test_names_and_count_agree_with_the_list(self, conn: Connection, obj: NodeDevice) -> None:
        names = sorted(each.name for each in conn.list_node_devices())
        assert (names, len(names)) == (sorted(conn.list_node_device_names()), conn.num_of_node_devices())

    def test_a_device_is_listed_under_each_of_its_capabilities(self, conn: Connection, obj: NodeDevice) -> None:
        lists = {cap: conn.list_node_device_names(cap) for cap in obj.list_caps()}
        assert [] == [cap for cap, names in lists.items() if obj.name not in names]

    def test_no_device_has_an_unknown_capability(self, conn: Connection) -> None:
        assert ([], 0) == (conn.list_node_device_names("conformance"), conn.num_of_node_devices("conformance"))


class BaseNodeDeviceDescription(Description):
    """Devices as XML."""

    kind = NODE_DEVICE
    identity: ClassVar[dict[str, str]] = {"name": "name"}


class BaseNodeDeviceTree(Conformance):
    """Parents and capabilities."""

    kind = NODE_DEVICE
    needs = Can.LIST

    def test_every_parent_is_a_device(self, conn: Connection) -> None:
        devices = conn.list_node_devices()
        parents = {parent for device in devices if (parent := device.parent()) is not None}
        assert set() == parents - {device.name for device in devices}

    def test_there_is_one_root(self, conn: Connection) -> None:
        assert 1 == sum(device.parent() is None for device in conn.list_node_devices())

    def test_every_device_has_a_capability(self, conn: Connection) -> None:
        assert [] == [device.name for device in conn.list_node_devices() if not device.list_caps()]

    def test_capabilities_are_counted(self, obj: NodeDevice) -> None:
        assert len(obj.list_caps()) == obj.num_of_caps()


class BaseNodeDeviceCreation(Conformance):
    """Making devices that have no definition, and removing them."""

    kind = NODE_DEVICE
    needs = Can.LIST | Can.CREATE

    def test_a_new_device_is_listed(self, conn: Connection, workshop: Workshop) -> None:
        assert workshop.create(NODE_DEVICE) in conn.list_node_devices()

    def test_a_removed_device_is_gone(self, conn: Connection, workshop: Workshop) -> None:
        device = workshop.create(NODE_DEVICE)
        device.destroy()
        with pytest.raises(NoNodeDeviceError):
            conn.lookup_node_device_by_name(device.name)

    def test_a_document_of_another_kind_is_refused(self, conn: Connection) -> None:
        with pytest.raises(XMLError):
            conn.create_node_device("<conformance/>")


class BaseNodeDeviceEvents(Events):
    """Events of devices."""

    kind = NODE_DEVICE

    @requires(Can.CREATE)
    def test_coming_and_going_are_told(self, record: Callable[..., Recorder], workshop: Workshop) -> None:
        events = record()
        device = workshop.create(NODE_DEVICE)
        device.destroy()
        assert self.told("CREATED", "DELETED") == self.types(events, device, "DELETED")
