"""Devices of the simulated host, and virtual ports of its Fibre Channel adapters, which can be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllNodeDeviceFlags as Listed
from virtkit.enums import ErrorDomain, NodeDeviceCreateXMLFlags, NodeDeviceEventLifecycleType
from virtkit.errors import InternalError
from virtkit.events import NodeDeviceLifecycleEvent
from virtkit.hookspecs.node_device import NodeDeviceSpec
from virtkit.refs import NodeDeviceRef
from virtkit.spec import quick
from virtkit_test.filters import refuse
from virtkit_test.reading import read

if TYPE_CHECKING:
    from virtkit.xml.nodedev import Capability, FcHost, NodeDevice
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
NODEDEV = ErrorDomain.NODEDEV

VPORT_HOST, VPORT_ID, VPORT_PARENT = 11, 10, "scsi_host1"
"""SCSI host and unique id of every virtual port, and where it is, whatever its definition says."""

FIRST_VPORT = 12

CAPABILITIES = sum(flag for flag in Listed if flag.name is not None and flag.name.startswith("CAP_"))


class Device:
    """A device: its document."""

    def __init__(self, name: str, document: NodeDevice) -> None:
        self.name = name
        self.document = document

    @property
    def ref(self) -> NodeDeviceRef:
        """What names it."""
        return NodeDeviceRef(self.name)


class NodeDevicePart(NodeDeviceSpec["TestState"]):
    """The device functions of the driver."""

    @quick
    def connect_list_all_node_devices(self, conn: TestState, flags: int) -> list[NodeDeviceRef]:
        from virtkit.fallbacks.objects import capability_flag

        refuse("connect_list_all_node_devices", flags & ~CAPABILITIES)
        return [
            device.ref
            for device in conn.devices
            if not flags or any((capability_flag(kind) or 0) & flags for kind in all_kinds(device.document))
        ]

    @quick
    def node_device_is_active(self, conn: TestState, dev: NodeDeviceRef) -> bool:
        return conn.devices.by_name(dev.name) is not None  # the list does not know the filter this is derived from

    @quick
    def node_device_lookup_by_name(self, conn: TestState, name: str) -> NodeDeviceRef:
        return conn.devices.by_name(name).ref

    @quick
    def node_device_get_parent(self, conn: TestState, dev: NodeDeviceRef) -> str | None:
        return parent_of(conn.devices.by_name(dev.name).document)

    @quick
    def node_device_list_caps(self, conn: TestState, dev: NodeDeviceRef) -> list[str]:
        return [kind.type or "" for kind in conn.devices.by_name(dev.name).document.capabilities]

    @quick
    def node_device_get_xml_desc(self, conn: TestState, dev: NodeDeviceRef, flags: int) -> str:
        refuse("node_device_get_xml_desc", flags)
        return conn.devices.by_name(dev.name).document.format()

    @quick
    def node_device_create_xml(self, conn: TestState, xml_desc: str, flags: int) -> NodeDeviceRef:
        from virtkit.xml.nodedev import FcHost, NodeDevice, Parent, ScsiHostCapability

        refuse("node_device_create_xml", flags & ~NodeDeviceCreateXMLFlags.VALIDATE)
        wanted = read(NodeDevice, xml_desc, validate=bool(flags & NodeDeviceCreateXMLFlags.VALIDATE))
        port = _port(wanted)
        parent = parent_of(wanted)
        if parent is not None and parent not in conn.devices:
            raise InternalError(f"there is no device {parent!r} to make a port of", domain=NODEDEV)
        number = FIRST_VPORT
        while f"scsi_host{number}" in conn.devices:
            number += 1
        document = NodeDevice(name=f"scsi_host{number}", parent=Parent(name=VPORT_PARENT))
        fabric = FcHost(type="fc_host", wwnn=port.wwnn, wwpn=port.wwpn, fabric_wwn="2000000043214321")
        document.capabilities = [
            ScsiHostCapability(type="scsi_host", host=VPORT_HOST, unique_id=VPORT_ID, capabilities=[fabric])
        ]
        device = Device(document.name or "", document)
        conn.devices.add(device)
        conn.hub.publish(device.ref, NodeDeviceLifecycleEvent(NodeDeviceEventLifecycleType.CREATED))
        return device.ref

    @quick
    def node_device_destroy(self, conn: TestState, dev: NodeDeviceRef) -> None:
        device = conn.devices.by_name(dev.name)
        if parent_of(device.document) is None:
            return  # The root stays, as in libvirt's simulator, and that is no error there.
        conn.devices.remove(device)
        conn.hub.publish(device.ref, NodeDeviceLifecycleEvent(NodeDeviceEventLifecycleType.DELETED))


def parent_of(document: NodeDevice) -> str | None:
    """Name of the device that one hangs on; None for the root."""
    return document.parent.name if document.parent is not None else None


def all_kinds(document: NodeDevice) -> Iterator[str]:
    """The capabilities of a device, those within others included, as lists of devices name them."""
    from virtkit.xml.nodedev import VportOps

    for kind in document.capabilities:
        yield kind.type or ""
        inner: list[Capability] = getattr(kind, "capabilities", [])
        for one in inner:
            yield "vports" if isinstance(one, VportOps) else one.type or ""


def _port(wanted: NodeDevice) -> FcHost:
    """The port that a definition asks for."""
    from virtkit.xml.nodedev import FcHost, ScsiHostCapability

    if not wanted.capabilities:
        raise InternalError("the device has no <capability>: say what it is", domain=NODEDEV)
    for kind in wanted.capabilities:
        for inner in kind.capabilities if isinstance(kind, ScsiHostCapability) else ():
            if isinstance(inner, FcHost):
                if not inner.wwnn or not inner.wwpn:
                    raise InternalError("the virtual port has no <wwnn> or no <wwpn>: give it both", domain=NODEDEV)
                return inner
    raise InternalError("only virtual ports, scsi_host with an fc_host in it, can be made", domain=NODEDEV)
