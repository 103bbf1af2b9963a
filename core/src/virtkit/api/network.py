"""Virtual networks and their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle, UUIDHandle, uuid_bytes
from virtkit.api.methods import Methods
from virtkit.refs import NetworkPortRef, NetworkRef

if TYPE_CHECKING:
    import uuid as uuids
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import DHCPLease

FROM_NETWORK = 19


class NetworkMethods(Methods):
    """What a connection does with networks."""

    __slots__ = ()

    def list_networks(self, flags: int = 0) -> list[Network]:
        """All networks that match `virtkit.enums.ConnectListAllNetworksFlags`; 0 lists every one."""
        return [Network(self, ref) for ref in self.ops["connect_list_all_networks"](flags)]

    def list_network_names(self) -> list[str]:
        """Names of the active networks."""
        return self.ops["connect_list_networks"]()

    def list_defined_network_names(self) -> list[str]:
        """Names of the inactive networks."""
        return self.ops["connect_list_defined_networks"]()

    def num_of_networks(self) -> int:
        """How many networks are active."""
        return self.ops["connect_num_of_networks"]()

    def num_of_defined_networks(self) -> int:
        """How many networks are inactive."""
        return self.ops["connect_num_of_defined_networks"]()

    def lookup_network_by_name(self, name: str) -> Network:
        """The network of a name.

        Raises:
            NoNetworkError: There is none.
        """
        return Network(self, self.ops["network_lookup_by_name"](name))

    def lookup_network_by_uuid(self, uuid: uuids.UUID | bytes | str) -> Network:
        """The network of a UUID.

        Raises:
            NoNetworkError: There is none.
        """
        return Network(self, self.ops["network_lookup_by_uuid"](uuid_bytes(uuid, FROM_NETWORK)))

    def define_network(self, xml: str, flags: int = 0) -> Network:
        """Make a network persistent, or change its definition; `virtkit.enums.NetworkDefineFlags`."""
        return Network(self, self.ops["network_define_xml_flags"](xml, flags))

    def create_network(self, xml: str, flags: int = 0) -> Network:
        """Start a network that has no definition and vanishes when stopped; `virtkit.enums.NetworkCreateFlags`."""
        return Network(self, self.ops["network_create_xml_flags"](xml, flags))


class Network(NamedUUIDHandle[NetworkRef]):
    """A virtual network."""

    __slots__ = ()

    def xml_desc(self, flags: int = 0) -> str:
        """The description; `virtkit.enums.NetworkXMLFlags`."""
        return self.connection.ops["network_get_xml_desc"](self.ref, flags)

    def is_active(self) -> bool:
        """Whether it runs."""
        return self.connection.ops["network_is_active"](self.ref)

    def is_persistent(self) -> bool:
        """Whether it has a stored definition."""
        return self.connection.ops["network_is_persistent"](self.ref)

    def bridge_name(self) -> str:
        """The host interface of its bridge.

        Raises:
            InternalError: It has no bridge.
        """
        return self.connection.ops["network_get_bridge_name"](self.ref)

    def dhcp_leases(self, mac: str | None = None, flags: int = 0) -> list[DHCPLease]:
        """The addresses its DHCP server has given out, to all or to the interface of one MAC address."""
        return self.connection.ops["network_get_dhcp_leases"](self.ref, mac, flags)

    def autostart(self) -> bool:
        """Whether it is started with the host."""
        return self.connection.ops["network_get_autostart"](self.ref)

    def set_autostart(self, autostart: bool) -> None:
        """Say whether it is started with the host; it must be persistent."""
        self.connection.ops["network_set_autostart"](self.ref, autostart)

    def create(self) -> None:
        """Start it.

        Raises:
            OperationInvalidError: It runs already.
        """
        self.connection.ops["network_create"](self.ref)

    def destroy(self) -> None:
        """Stop it; one without a definition is gone.

        Raises:
            OperationInvalidError: It does not run.
        """
        self.connection.ops["network_destroy"](self.ref)

    def undefine(self) -> None:
        """Remove its definition; if it runs it goes on until it is stopped."""
        self.connection.ops["network_undefine"](self.ref)

    def update(self, command: int, section: int, parent_index: int, xml: str, flags: int = 0) -> None:
        """Change one part: add, modify or delete the element `xml`.

        `virtkit.enums.NetworkUpdateCommand`, `NetworkUpdateSection` and `NetworkUpdateFlags` (live, definition, both).

        Args:
            command: What to do.
            section: Which part of the definition.
            parent_index: Which of several parents, from 0; -1 leaves the choice to the driver.
            xml: The element.
            flags: What is changed.
        """
        self.connection.ops["network_update"](self.ref, command, section, parent_index, xml, flags)

    def list_ports(self, flags: int = 0) -> list[NetworkPort]:
        """The ports through which guests use it."""
        return [
            NetworkPort(self.connection, ref) for ref in self.connection.ops["network_list_all_ports"](self.ref, flags)
        ]

    def lookup_port_by_uuid(self, uuid: uuids.UUID | bytes | str) -> NetworkPort:
        """The port of a UUID.

        Raises:
            NoNetworkPortError: There is none.
        """
        return NetworkPort(
            self.connection,
            self.connection.ops["network_port_lookup_by_uuid"](self.ref, uuid_bytes(uuid, FROM_NETWORK)),
        )

    def create_port(self, xml: str, flags: int = 0) -> NetworkPort:
        """Claim a port from XML; `virtkit.enums.NetworkPortCreateFlags`."""
        return NetworkPort(self.connection, self.connection.ops["network_port_create_xml"](self.ref, xml, flags))


class NetworkPort(UUIDHandle[NetworkPortRef]):
    """A port of a network: what one guest's interface holds of it."""

    __slots__ = ()

    @property
    def network(self) -> Network:
        """The network it belongs to."""
        return Network(self.connection, self.ref.net)

    def xml_desc(self, flags: int = 0) -> str:
        """The description."""
        return self.connection.ops["network_port_get_xml_desc"](self.ref, flags)

    def parameters(self, flags: int = 0) -> TypedParams:
        """Its bandwidth limits: `virtkit.constants.NETWORK_PORT_BANDWIDTH_*`."""
        return self.connection.ops["network_port_get_parameters"](self.ref, flags)

    def set_parameters(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change its bandwidth limits; names as in `parameters`."""
        self.connection.ops["network_port_set_parameters"](self.ref, params, flags)

    def delete(self, flags: int = 0) -> None:
        """Give the port back."""
        self.connection.ops["network_port_delete"](self.ref, flags)
