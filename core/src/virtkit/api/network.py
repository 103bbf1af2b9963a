"""Virtual networks and their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import UUIDHandle, uuid_bytes
from virtkit.api.methods import Methods
from virtkit.refs import NetworkRef

if TYPE_CHECKING:
    import uuid as uuids


class NetworkMethods(Methods):
    """What a connection does with networks."""

    __slots__ = ()

    def list_networks(self, flags: int = 0) -> list[Network]:
        """All networks that match `virtkit.enums.ConnectListAllNetworksFlags`; 0 lists every one."""
        return [Network(self, ref) for ref in self.ops["connect_list_all_networks"](flags)]

    def num_of_networks(self) -> int:
        """How many networks are active."""
        return self.ops["connect_num_of_networks"]()

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
        return Network(self, self.ops["network_lookup_by_uuid"](uuid_bytes(uuid)))

    def define_network(self, xml: str, flags: int = 0) -> Network:
        """Make a network persistent, or change its definition; `virtkit.enums.NetworkDefineFlags`."""
        return Network(self, self.ops["network_define_xml_flags"](xml, flags))

    def create_network(self, xml: str, flags: int = 0) -> Network:
        """Start a network that has no definition and vanishes when stopped; `virtkit.enums.NetworkCreateFlags`."""
        return Network(self, self.ops["network_create_xml_flags"](xml, flags))


class Network(UUIDHandle[NetworkRef]):
    """A virtual network."""

    __slots__ = ()

    def xml_desc(self, flags: int = 0) -> str:
        """The description; `virtkit.enums.NetworkXMLFlags`."""
        return self.connection.ops["network_get_xml_desc"](self.ref, flags)

    def create(self) -> None:
        """Start it."""
        self.connection.ops["network_create"](self.ref)
