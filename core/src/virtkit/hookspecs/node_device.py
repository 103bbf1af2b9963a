"""Devices of the host: what is on its buses, as a tree, and which of them guests may be given.

A device has a name that the driver makes (`pci_0000_00_1f_2`, `net_eth0_52_54_00_12_34_56`), which stays the same from
one boot to the next while the device stays where it is, a parent, but for the root `computer`, and *capabilities*,
which say what it is: `pci`, `net`, `storage`, `mdev`. One device can have several.

Most devices come and go by themselves. Two kinds can be made: mediated devices (`mdev`), carved out of a physical one,
and virtual ports of Fibre Channel adapters (`vports`, `scsi_host`). `node_device_create_xml` makes a transient one,
which is gone after a boot. A mediated device can also be defined, and is then inactive until it is started:

| | inactive | active |
|---|---|---|
| persistent | a defined mediated device | a started one |
| transient | does not exist | everything else |

A device that is to be passed to a guest is first taken from its driver on the host by `node_device_detach_flags`, and
given back by `node_device_re_attach`.

Events are those of `virtkit.enums.NodeDeviceEventID`: LIFECYCLE with a `NodeDeviceEventLifecycleType` (CREATED and
DELETED for devices that appear and vanish, however that happens, DEFINED and UNDEFINED), and UPDATE when something a
device's XML shows has changed.

At the least a driver implements `connect_list_all_node_devices`, `node_device_get_xml_desc`, `node_device_get_parent`
and `node_device_list_caps`: the lookup by name, lists and counts are derived from the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    definition,
    description,
    enumeration,
    lifecycle,
    lookup,
    not_supported,
)

if TYPE_CHECKING:
    from virtkit.refs import NodeDeviceRef


class NodeDeviceSpec(Spec[S]):
    """Devices of the host: identity, lists, XML, creation, and passing them to guests."""

    error_domain = 22  # VIR_FROM_NODEDEV

    # Lookup

    @lookup(acl="node_device:getattr", readonly=True, since="0.5.0", may_block=False)
    def node_device_lookup_by_name(self, conn: S, name: str) -> NodeDeviceRef:
        """Find a device by its name. Derived from `connect_list_all_node_devices`.

        Raises:
            NoNodeDeviceError: There is no such device.
        """
        raise not_supported("node_device_lookup_by_name")

    @lookup(acl="node_device:getattr", readonly=True, since="1.0.3", may_block=False)
    def node_device_lookup_scsi_host_by_wwn(self, conn: S, wwnn: str, wwpn: str, flags: int) -> NodeDeviceRef:
        """Find a Fibre Channel adapter, or a virtual port of one, by its world wide names.

        Args:
            wwnn: Node name: 16 hexadecimal digits.
            wwpn: Port name: 16 hexadecimal digits.

        Raises:
            NoNodeDeviceError: No adapter has both names.
        """
        raise not_supported("node_device_lookup_scsi_host_by_wwn")

    # Enumeration

    @enumeration(
        acl="connect:search_node_devices", readonly=True, filters="node_device:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_node_devices(self, conn: S, flags: int) -> list[NodeDeviceRef]:
        """List the devices that match a set of filters.

        `flags` is made of `virtkit.enums.ConnectListAllNodeDeviceFlags`, in groups: ACTIVE, INACTIVE; and the
        capabilities from CAP_SYSTEM on, of which a device must have one. A group of which no bit is set admits
        everything, so 0 lists all.

        Devices that the caller may not see are removed by the core.

        Args:
            flags: The filters. CAP_VPORTS, CAP_FC_HOST, CAP_MDEV_TYPES and CAP_VPD are of capabilities within others.

        Raises:
            InvalidArgError: A bit outside the enumeration.
        """
        raise not_supported("connect_list_all_node_devices")

    @enumeration(
        acl="connect:search_node_devices", readonly=True, filters="node_device:getattr", since="0.5.0", may_block=False
    )
    def node_list_devices(self, conn: S, cap: str | None, flags: int) -> list[str]:
        """List the names of devices with a capability. Derived from `connect_list_all_node_devices`.

        Args:
            cap: Capability as XML names it: `system`, `pci`, `usb_device`, `usb`, `net`, `scsi_host`, `scsi_target`,
                `scsi`, `storage`, `fc_host`, `vports`, `scsi_generic`, `drm`, `mdev_types`, `mdev`, `ccw`, `css`,
                `vdpa`, `ap_card`, `ap_queue`, `ap_matrix`, `vpd`; None for all devices. No device has one that is
                unknown.
        """
        raise not_supported("node_list_devices")

    @enumeration(
        acl="connect:search_node_devices", readonly=True, filters="node_device:getattr", since="0.5.0", may_block=False
    )
    def node_num_of_devices(self, conn: S, cap: str | None, flags: int) -> int:
        """Count the devices with a capability. Derived from `node_list_devices`.

        Args:
            cap: As in `node_list_devices`.
        """
        raise not_supported("node_num_of_devices")

    @enumeration(acl="node_device:read", readonly=True, since="0.5.0", may_block=False)
    def node_device_list_caps(self, conn: S, dev: NodeDeviceRef) -> list[str]:
        """List the capabilities of a device, as XML names them, those within others included."""
        raise not_supported("node_device_list_caps")

    @enumeration(acl="node_device:read", readonly=True, since="0.5.0", may_block=False)
    def node_device_num_of_caps(self, conn: S, dev: NodeDeviceRef) -> int:
        """Count the capabilities of a device. Derived from `node_device_list_caps`."""
        raise not_supported("node_device_num_of_caps")

    # Description

    @description(acl="node_device:read", readonly=True, since="0.5.0")
    def node_device_get_xml_desc(self, conn: S, dev: NodeDeviceRef, flags: int) -> str:
        """Describe a device in XML: its parent, its driver on the host, and what each capability tells.

        What may change at any time, such as the link of a network device, is read anew.

        Returns:
            A `<device>` document, ending in a newline.
        """
        raise not_supported("node_device_get_xml_desc")

    # Properties

    @accessor(acl="node_device:read", readonly=True, since="0.5.0", may_block=False)
    def node_device_get_parent(self, conn: S, dev: NodeDeviceRef) -> str | None:
        """Name the device that this one is behind.

        Returns:
            The parent's name; None for the root.
        """
        raise not_supported("node_device_get_parent")

    @accessor(acl="node_device:read", readonly=True, since="7.8.0", may_block=False)
    def node_device_is_active(self, conn: S, dev: NodeDeviceRef) -> bool:
        """Tell whether a device is there now. Derived from `connect_list_all_node_devices`.

        False only for mediated devices that are defined and not started.
        """
        raise not_supported("node_device_is_active")

    @accessor(acl="node_device:read", readonly=True, since="7.8.0", may_block=False)
    def node_device_is_persistent(self, conn: S, dev: NodeDeviceRef) -> bool:
        """Tell whether a definition of the device is stored, which only mediated devices can have."""
        raise not_supported("node_device_is_persistent")

    @accessor(acl="node_device:read", since="7.8.0", may_block=False)
    def node_device_get_autostart(self, conn: S, dev: NodeDeviceRef) -> bool:
        """Tell whether a mediated device is started when the host boots or its parent appears.

        Raises:
            ConfigUnsupportedError: The device is no mediated device.
        """
        raise not_supported("node_device_get_autostart")

    @accessor(acl="node_device:write", since="7.8.0")
    def node_device_set_autostart(self, conn: S, dev: NodeDeviceRef, autostart: bool) -> None:
        """Say whether a mediated device is to be started when the host boots or its parent appears.

        It is not started now. Setting what is set already succeeds.

        Raises:
            ConfigUnsupportedError: The device is no mediated device.
            OperationInvalidError: The device is transient.
            OperationFailedError: The mark could not be stored.
        """
        raise not_supported("node_device_set_autostart")

    # Definition

    @definition(acl="node_device:write", since="7.3.0")
    def node_device_define_xml(self, conn: S, xml_desc: str, flags: int) -> NodeDeviceRef:
        """Store the definition of a mediated device, new or in place of the one with the same UUID and parent.

        A new one is inactive and does not start by itself. One that is active keeps its configuration until it is
        started again. The event is DEFINED.

        Args:
            xml_desc: A `<device>` document with a `<parent>` and an `mdev` capability. Without a UUID it gets one.
            flags: `virtkit.enums.NodeDeviceDefineXMLFlags`. VALIDATE checks the document against the schema first.

        Raises:
            XMLError: The document is no device, or lacks what a mediated device needs.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            ConfigUnsupportedError: It describes a device of another kind.
            NoNodeDeviceError: There is no such parent.
            OperationFailedError: The helper program failed. The message ends with what it said.
        """
        raise not_supported("node_device_define_xml")

    @definition(acl="node_device:delete", since="7.3.0")
    def node_device_undefine(self, conn: S, dev: NodeDeviceRef, flags: int) -> None:
        """Remove the definition of a mediated device.

        An inactive one is gone with it; an active one goes on as a transient device. The event is UNDEFINED.

        Raises:
            OperationInvalidError: The device is transient.
            OperationFailedError: The helper program failed. The message ends with what it said.
        """
        raise not_supported("node_device_undefine")

    # Creation

    @creation(acl="node_device:write node_device:start", since="0.6.3")
    def node_device_create_xml(self, conn: S, xml_desc: str, flags: int) -> NodeDeviceRef:
        """Make a transient device: a mediated device or a virtual port of an adapter.

        Returns once the device is there and can be looked up. The event is CREATED.

        Args:
            xml_desc: A `<device>` document with the `<parent>` and one capability, `mdev` or `scsi_host` with an
                `fc_host` in it. The name in it does not count.
            flags: `virtkit.enums.NodeDeviceCreateXMLFlags`. VALIDATE checks the document against the schema first.

        Returns:
            Its reference, with the name it got.

        Raises:
            XMLError: The document is no device.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            InternalError: The capability is of a kind that cannot be made: libvirt's code for it.
            NoNodeDeviceError: There is no such parent, or what was made did not appear.
            OperationFailedError: The host refused. The message ends with what was said.
        """
        raise not_supported("node_device_create_xml")

    # Lifecycle

    @lifecycle(acl="node_device:start", since="7.3.0")
    def node_device_create(self, conn: S, dev: NodeDeviceRef, flags: int) -> None:
        """Start a defined mediated device. The event is CREATED.

        Raises:
            OperationInvalidError: The device is active already.
            ConfigUnsupportedError: The device is of another kind.
            OperationFailedError: The host refused. The message ends with what was said.
        """
        raise not_supported("node_device_create")

    @lifecycle(acl="node_device:stop", since="0.6.3")
    def node_device_destroy(self, conn: S, dev: NodeDeviceRef) -> None:
        """Remove a device that was made: a mediated device or a virtual port.

        A defined mediated device stays defined, inactive. The event is DELETED.

        Raises:
            ConfigUnsupportedError: The device is of another kind.
            OperationInvalidError: The device is not active.
            ResourceBusyError: A guest uses it.
            OperationFailedError: The host refused. The message ends with what was said.
        """
        raise not_supported("node_device_destroy")

    @lifecycle(acl="node_device:detach", since="1.0.5")
    def node_device_detach_flags(self, conn: S, dev: NodeDeviceRef, driver_name: str | None, flags: int) -> None:
        """Take a device from its driver on the host, so that it can be passed to a guest.

        The device is bound to a driver that only hands it on. One that is already is left as it is. This is not needed
        for devices that a domain lists as managed.

        Args:
            driver_name: What to bind it to: `vfio`, or the name of a driver; None chooses what the hypervisor needs.

        Raises:
            ArgumentUnsupportedError: The device is no PCI device, or there is no such driver.
            OperationInvalidError: A running guest uses the device.
            OperationFailedError: The host refused.
        """
        raise not_supported("node_device_detach_flags")

    @lifecycle(acl="node_device:detach", since="0.6.1")
    def node_device_dettach(self, conn: S, dev: NodeDeviceRef) -> None:
        """Take a device from its driver on the host. Derived from `node_device_detach_flags`, with None and no flags.

        The spelling is libvirt's.
        """
        raise not_supported("node_device_dettach")

    @lifecycle(acl="node_device:detach", since="0.6.1")
    def node_device_re_attach(self, conn: S, dev: NodeDeviceRef) -> None:
        """Give a device back to its driver on the host, undoing `node_device_detach_flags`.

        A device that no other driver holds is left as it is.

        Raises:
            ArgumentUnsupportedError: The device is no PCI device.
            OperationInvalidError: A running guest uses the device.
            OperationFailedError: The host refused.
        """
        raise not_supported("node_device_re_attach")

    @lifecycle(acl="node_device:detach", since="0.6.1")
    def node_device_reset(self, conn: S, dev: NodeDeviceRef) -> None:
        """Reset a device, so that no state of a guest is left in it.

        Raises:
            ArgumentUnsupportedError: The device is no PCI device.
            OperationInvalidError: A running guest uses the device, or a device that would be reset with it.
            OperationFailedError: The device cannot be reset by itself, or the host refused.
        """
        raise not_supported("node_device_reset")
