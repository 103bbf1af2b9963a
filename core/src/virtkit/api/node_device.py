"""Devices of the host."""

from __future__ import annotations

from virtkit.api.handle import NamedHandle
from virtkit.api.methods import Methods
from virtkit.refs import NodeDeviceRef


class NodeDeviceMethods(Methods):
    """What a connection does with devices of the host."""

    __slots__ = ()

    def list_node_devices(self, flags: int = 0) -> list[NodeDevice]:
        """All devices that match `virtkit.enums.ConnectListAllNodeDeviceFlags`; 0 lists every one."""
        return [NodeDevice(self, ref) for ref in self.ops["connect_list_all_node_devices"](flags)]

    def list_node_device_names(self, cap: str | None = None, flags: int = 0) -> list[str]:
        """Names of the devices, or of those with a capability such as `net` or `pci`."""
        return self.ops["node_list_devices"](cap, flags)

    def num_of_node_devices(self, cap: str | None = None, flags: int = 0) -> int:
        """How many devices there are, or how many have a capability."""
        return self.ops["node_num_of_devices"](cap, flags)

    def lookup_node_device_by_name(self, name: str) -> NodeDevice:
        """The device of a name such as `pci_0000_00_1f_2`.

        Raises:
            NoNodeDeviceError: There is none.
        """
        return NodeDevice(self, self.ops["node_device_lookup_by_name"](name))

    def lookup_node_device_scsi_host_by_wwn(self, wwnn: str, wwpn: str, flags: int = 0) -> NodeDevice:
        """The SCSI host of a world wide node name and port name.

        Raises:
            NoNodeDeviceError: There is none.
        """
        return NodeDevice(self, self.ops["node_device_lookup_scsi_host_by_wwn"](wwnn, wwpn, flags))

    def define_node_device(self, xml: str, flags: int = 0) -> NodeDevice:
        """Store the definition of a mediated device; `virtkit.enums.NodeDeviceDefineXMLFlags`."""
        return NodeDevice(self, self.ops["node_device_define_xml"](xml, flags))

    def create_node_device(self, xml: str, flags: int = 0) -> NodeDevice:
        """Create a virtual device that has no definition; `virtkit.enums.NodeDeviceCreateXMLFlags`."""
        return NodeDevice(self, self.ops["node_device_create_xml"](xml, flags))


class NodeDevice(NamedHandle[NodeDeviceRef]):
    """A device of the host."""

    __slots__ = ()

    def xml_desc(self, flags: int = 0) -> str:
        """The description."""
        return self.connection.ops["node_device_get_xml_desc"](self.ref, flags)

    def parent(self) -> str | None:
        """The name of the device it hangs on; None at the root."""
        return self.connection.ops["node_device_get_parent"](self.ref)

    def num_of_caps(self) -> int:
        """How many capabilities it has."""
        return self.connection.ops["node_device_num_of_caps"](self.ref)

    def list_caps(self) -> list[str]:
        """Its capabilities, such as `net` or `pci`."""
        return self.connection.ops["node_device_list_caps"](self.ref)

    def is_active(self) -> bool:
        """Whether it is there, rather than only defined."""
        return self.connection.ops["node_device_is_active"](self.ref)

    def is_persistent(self) -> bool:
        """Whether it has a stored definition."""
        return self.connection.ops["node_device_is_persistent"](self.ref)

    def autostart(self) -> bool:
        """Whether it is created with its parent."""
        return self.connection.ops["node_device_get_autostart"](self.ref)

    def set_autostart(self, autostart: bool) -> None:
        """Say whether it is created with its parent; it must be persistent."""
        self.connection.ops["node_device_set_autostart"](self.ref, autostart)

    def create(self, flags: int = 0) -> None:
        """Create a defined device."""
        self.connection.ops["node_device_create"](self.ref, flags)

    def destroy(self) -> None:
        """Remove a virtual device from the host; a definition stays."""
        self.connection.ops["node_device_destroy"](self.ref)

    def undefine(self, flags: int = 0) -> None:
        """Remove its definition."""
        self.connection.ops["node_device_undefine"](self.ref, flags)

    def detach(self, driver_name: str | None = None, flags: int = 0) -> None:
        """Take it from the host's driver so that a guest can have it; `driver_name` such as `vfio`."""
        self.connection.ops["node_device_detach_flags"](self.ref, driver_name, flags)

    def reattach(self) -> None:
        """Give it back to the host's driver."""
        self.connection.ops["node_device_re_attach"](self.ref)

    def reset(self) -> None:
        """Reset it; it must be detached and no guest may use it."""
        self.connection.ops["node_device_reset"](self.ref)
