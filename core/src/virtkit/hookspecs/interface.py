"""Network interfaces of the host, as its own configuration defines them: ethernet devices, bridges, bonds, VLANs.

An interface is *active* while its device is up, *defined* when the host's configuration describes it, usually both. The
name is that of the device and unique; MAC addresses are not: a bridge has that of a device in it.

A mistake here can cut the host off, so changes can be bracketed. `interface_change_begin` remembers the configuration
as it is; then `interface_change_commit` keeps what was changed and `interface_change_rollback` puts the remembered
configuration back. A host that is booted with changes still open rolls them back. Changes outside of brackets take
effect for good. There is one bracket per host, whoever opened it. There are no events.

At the least a driver implements `connect_list_all_interfaces` and `interface_get_xml_desc`: lookups, counts, lists of
names and `interface_is_active` are derived from the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, definition, description, enumeration, lifecycle, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import InterfaceRef


class InterfaceSpec(Spec[S]):
    """Host interfaces: identity, lists, XML, definitions, up and down, and changes that can be taken back."""

    error_domain = 26  # VIR_FROM_INTERFACE

    # Lookup

    @lookup(acl="interface:getattr", readonly=True, since="0.6.4", may_block=False)
    def interface_lookup_by_name(self, conn: S, name: str) -> InterfaceRef:
        """Find an interface by the name of its device. Derived from `connect_list_all_interfaces`.

        Raises:
            NoInterfaceError: No interface has that name.
        """
        raise not_supported("interface_lookup_by_name")

    @lookup(acl="interface:getattr", readonly=True, since="0.6.4", may_block=False)
    def interface_lookup_by_mac_string(self, conn: S, mac: str) -> InterfaceRef:
        """Find the interface with a MAC address. Derived from `connect_list_all_interfaces`.

        Args:
            mac: As `52:54:00:12:34:56`; upper and lower case are the same.

        Raises:
            NoInterfaceError: No interface has that address.
            MultipleInterfacesError: Several have it; the message names them.
        """
        raise not_supported("interface_lookup_by_mac_string")

    # Enumeration

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_interfaces(self, conn: S, flags: int) -> list[InterfaceRef]:
        """List the interfaces that match a set of filters.

        Devices that belong to guests or to virtual networks are not interfaces of the host. Interfaces that the caller
        may not see are removed by the core. All other lists, counts, lookups and `interface_is_active` are derived from
        this hook.

        Args:
            flags: `virtkit.enums.ConnectListAllInterfacesFlags`: ACTIVE, INACTIVE, or both, which like 0 lists all.

        Raises:
            InvalidArgError: A bit outside the enumeration.
        """
        raise not_supported("connect_list_all_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.6.4", may_block=False
    )
    def connect_list_interfaces(self, conn: S) -> list[str]:
        """List the names of active interfaces. Derived from `connect_list_all_interfaces` with ACTIVE."""
        raise not_supported("connect_list_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.6.4", may_block=False
    )
    def connect_num_of_interfaces(self, conn: S) -> int:
        """Count active interfaces. Derived from `connect_list_all_interfaces` with ACTIVE."""
        raise not_supported("connect_num_of_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.7.0", may_block=False
    )
    def connect_list_defined_interfaces(self, conn: S) -> list[str]:
        """List the names of inactive interfaces. Derived from `connect_list_all_interfaces` with INACTIVE."""
        raise not_supported("connect_list_defined_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.7.0", may_block=False
    )
    def connect_num_of_defined_interfaces(self, conn: S) -> int:
        """Count inactive interfaces. Derived from `connect_list_all_interfaces` with INACTIVE."""
        raise not_supported("connect_num_of_defined_interfaces")

    # Description

    @description(acl="interface:read", readonly=True, since="0.6.4")
    def interface_get_xml_desc(self, conn: S, iface: InterfaceRef, flags: int) -> str:
        """Describe an interface in XML.

        Args:
            flags: `virtkit.enums.InterfaceXMLFlags`. Without flags the document has the addresses and the link as they
                are now; INACTIVE asks for what is configured.

        Returns:
            An `<interface>` document, ending in a newline.
        """
        raise not_supported("interface_get_xml_desc")

    # Properties

    @accessor(acl="interface:read", readonly=True, since="0.7.3", may_block=False)
    def interface_is_active(self, conn: S, iface: InterfaceRef) -> bool:
        """Tell whether the device is up. Derived from `connect_list_all_interfaces`."""
        raise not_supported("interface_is_active")

    # Definition

    @definition(acl="interface:write interface:save", since="0.6.4")
    def interface_define_xml(self, conn: S, xml: str, flags: int) -> InterfaceRef:
        """Store an interface in the host's configuration, new or in place of the one with the same name.

        The device itself is left as it is: `interface_create` applies the definition. Interfaces named within a bridge,
        bond or VLAN are defined with it.

        Args:
            xml: An `<interface>` document.
            flags: `virtkit.enums.InterfaceDefineFlags`. VALIDATE checks the document against the schema first.

        Raises:
            XMLDetailError: The text is no XML.
            XMLError: The document is no interface: an unknown type, no name.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            ConfigUnsupportedError: The host's configuration cannot express it.
            OperationFailedError: It could not be stored.
        """
        raise not_supported("interface_define_xml")

    @definition(acl="interface:delete", since="0.6.4")
    def interface_undefine(self, conn: S, iface: InterfaceRef) -> None:
        """Remove an interface from the host's configuration. The device itself is left as it is.

        Raises:
            NoInterfaceError: It is not defined (any more).
            OperationFailedError: The configuration could not be changed.
        """
        raise not_supported("interface_undefine")

    # Lifecycle

    @lifecycle(acl="interface:start", since="0.6.4")
    def interface_create(self, conn: S, iface: InterfaceRef, flags: int) -> None:
        """Bring an interface up as its definition says, waiting for addresses that it has to ask for.

        Raises:
            OperationInvalidError: The interface is active already.
            OperationFailedError: The host's network service refused. The message ends with what it said.
        """
        raise not_supported("interface_create")

    @lifecycle(acl="interface:stop", since="0.6.4")
    def interface_destroy(self, conn: S, iface: InterfaceRef, flags: int) -> None:
        """Take an interface down. Its definition stays.

        Raises:
            OperationInvalidError: The interface is not active.
            OperationFailedError: The host's network service refused.
        """
        raise not_supported("interface_destroy")

    @lifecycle(acl="connect:interface_transaction", since="0.9.2")
    def interface_change_begin(self, conn: S, flags: int) -> None:
        """Remember the host's interface configuration, to be able to return to it.

        Raises:
            OperationInvalidError: Changes are open already.
        """
        raise not_supported("interface_change_begin")

    @lifecycle(acl="connect:interface_transaction", since="0.9.2")
    def interface_change_commit(self, conn: S, flags: int) -> None:
        """Keep the changes made since `interface_change_begin` and forget what was remembered.

        Raises:
            OperationInvalidError: No changes are open.
        """
        raise not_supported("interface_change_commit")

    @lifecycle(acl="connect:interface_transaction", since="0.9.2")
    def interface_change_rollback(self, conn: S, flags: int) -> None:
        """Put back the configuration remembered by `interface_change_begin`, and restart the interfaces it differs for.

        Raises:
            OperationInvalidError: No changes are open.
            OperationFailedError: The host's network service refused; what was remembered is kept.
        """
        raise not_supported("interface_change_rollback")
