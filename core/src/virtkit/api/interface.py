"""Network interfaces of the host."""

from __future__ import annotations

from virtkit.api.handle import NamedHandle
from virtkit.api.methods import Methods
from virtkit.refs import InterfaceRef


class InterfaceMethods(Methods):
    """What a connection does with host interfaces."""

    __slots__ = ()

    def list_interfaces(self, flags: int = 0) -> list[Interface]:
        """All interfaces that match `virtkit.enums.ConnectListAllInterfacesFlags`; 0 lists every one."""
        return [Interface(self, ref) for ref in self.ops["connect_list_all_interfaces"](flags)]

    def list_interface_names(self) -> list[str]:
        """Names of the active interfaces."""
        return self.ops["connect_list_interfaces"]()

    def list_defined_interface_names(self) -> list[str]:
        """Names of the inactive interfaces."""
        return self.ops["connect_list_defined_interfaces"]()

    def num_of_interfaces(self) -> int:
        """How many interfaces are active."""
        return self.ops["connect_num_of_interfaces"]()

    def num_of_defined_interfaces(self) -> int:
        """How many interfaces are inactive."""
        return self.ops["connect_num_of_defined_interfaces"]()

    def lookup_interface_by_name(self, name: str) -> Interface:
        """The interface of a name.

        Raises:
            NoInterfaceError: There is none.
        """
        return Interface(self, self.ops["interface_lookup_by_name"](name))

    def lookup_interface_by_mac_string(self, mac: str) -> Interface:
        """The interface of a MAC address such as `52:54:00:12:34:56`.

        Raises:
            NoInterfaceError: There is none.
            MultipleInterfacesError: Several have it.
        """
        return Interface(self, self.ops["interface_lookup_by_mac_string"](mac))

    def define_interface(self, xml: str, flags: int = 0) -> Interface:
        """Store an interface's configuration, or change it; `virtkit.enums.InterfaceDefineFlags`."""
        return Interface(self, self.ops["interface_define_xml"](xml, flags))

    def interface_change_begin(self, flags: int = 0) -> None:
        """Remember the configuration of all interfaces; a reboot without `interface_change_commit` restores it.

        Raises:
            OperationInvalidError: A change is open already.
        """
        self.ops["interface_change_begin"](flags)

    def interface_change_commit(self, flags: int = 0) -> None:
        """Keep what changed since `interface_change_begin`."""
        self.ops["interface_change_commit"](flags)

    def interface_change_rollback(self, flags: int = 0) -> None:
        """Restore what `interface_change_begin` remembered."""
        self.ops["interface_change_rollback"](flags)


class Interface(NamedHandle[InterfaceRef]):
    """A network interface of the host."""

    __slots__ = ()

    @property
    def mac_string(self) -> str:
        """The MAC address, as last known; empty if it has none."""
        return self.ref.mac

    def xml_desc(self, flags: int = 0) -> str:
        """The description; `virtkit.enums.InterfaceXMLFlags`."""
        return self.connection.ops["interface_get_xml_desc"](self.ref, flags)

    def is_active(self) -> bool:
        """Whether it is up."""
        return self.connection.ops["interface_is_active"](self.ref)

    def create(self, flags: int = 0) -> None:
        """Bring it up."""
        self.connection.ops["interface_create"](self.ref, flags)

    def destroy(self, flags: int = 0) -> None:
        """Take it down."""
        self.connection.ops["interface_destroy"](self.ref, flags)

    def undefine(self) -> None:
        """Remove its configuration."""
        self.connection.ops["interface_undefine"](self.ref)
