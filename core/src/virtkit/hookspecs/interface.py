"""TODO-DOC module interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, definition, description, enumeration, lifecycle, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import InterfaceRef


class InterfaceSpec(Spec[S]):
    """TODO-DOC class interface."""

    error_domain = 26  # VIR_FROM_INTERFACE

    @lookup(acl="interface:getattr", readonly=True, since="0.6.4", may_block=False)
    def interface_lookup_by_name(self, conn: S, name: str) -> InterfaceRef:
        """TODO-DOC virInterfaceLookupByName."""
        raise not_supported("interface_lookup_by_name")

    @lookup(acl="interface:getattr", readonly=True, since="0.6.4", may_block=False)
    def interface_lookup_by_mac_string(self, conn: S, mac: str) -> InterfaceRef:
        """TODO-DOC virInterfaceLookupByMACString."""
        raise not_supported("interface_lookup_by_mac_string")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.6.4", may_block=False
    )
    def connect_num_of_interfaces(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfInterfaces."""
        raise not_supported("connect_num_of_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.6.4", may_block=False
    )
    def connect_list_interfaces(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListInterfaces."""
        raise not_supported("connect_list_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.7.0", may_block=False
    )
    def connect_num_of_defined_interfaces(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfDefinedInterfaces."""
        raise not_supported("connect_num_of_defined_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.7.0", may_block=False
    )
    def connect_list_defined_interfaces(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListDefinedInterfaces."""
        raise not_supported("connect_list_defined_interfaces")

    @enumeration(
        acl="connect:search_interfaces", readonly=True, filters="interface:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_interfaces(self, conn: S, flags: int) -> list[InterfaceRef]:
        """TODO-DOC virConnectListAllInterfaces."""
        raise not_supported("connect_list_all_interfaces")

    @description(acl="interface:read", readonly=True, since="0.6.4")
    def interface_get_xml_desc(self, conn: S, iface: InterfaceRef, flags: int) -> str:
        """TODO-DOC virInterfaceGetXMLDesc."""
        raise not_supported("interface_get_xml_desc")

    @accessor(acl="interface:read", readonly=True, since="0.7.3", may_block=False)
    def interface_is_active(self, conn: S, iface: InterfaceRef) -> bool:
        """TODO-DOC virInterfaceIsActive."""
        raise not_supported("interface_is_active")

    @definition(acl="interface:write interface:save", since="0.6.4", may_block=False)
    def interface_define_xml(self, conn: S, xml: str, flags: int) -> InterfaceRef:
        """TODO-DOC virInterfaceDefineXML."""
        raise not_supported("interface_define_xml")

    @definition(acl="interface:delete", since="0.6.4", may_block=False)
    def interface_undefine(self, conn: S, iface: InterfaceRef) -> None:
        """TODO-DOC virInterfaceUndefine."""
        raise not_supported("interface_undefine")

    @lifecycle(acl="interface:start", since="0.6.4")
    def interface_create(self, conn: S, iface: InterfaceRef, flags: int) -> None:
        """TODO-DOC virInterfaceCreate."""
        raise not_supported("interface_create")

    @lifecycle(acl="interface:stop", since="0.6.4", may_block=False)
    def interface_destroy(self, conn: S, iface: InterfaceRef, flags: int) -> None:
        """TODO-DOC virInterfaceDestroy."""
        raise not_supported("interface_destroy")

    @lifecycle(acl="connect:interface_transaction", since="0.9.2")
    def interface_change_begin(self, conn: S, flags: int) -> None:
        """TODO-DOC virInterfaceChangeBegin."""
        raise not_supported("interface_change_begin")

    @lifecycle(acl="connect:interface_transaction", since="0.9.2")
    def interface_change_commit(self, conn: S, flags: int) -> None:
        """TODO-DOC virInterfaceChangeCommit."""
        raise not_supported("interface_change_commit")

    @lifecycle(acl="connect:interface_transaction", since="0.9.2")
    def interface_change_rollback(self, conn: S, flags: int) -> None:
        """TODO-DOC virInterfaceChangeRollback."""
        raise not_supported("interface_change_rollback")
