"""TODO-DOC module network."""

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
    from virtkit.records import DHCPLease
    from virtkit.refs import NetworkRef


class NetworkSpec(Spec[S]):
    """TODO-DOC class network."""

    error_domain = 19  # VIR_FROM_NETWORK

    @lookup(acl="network:getattr", readonly=True, since="0.2.0", may_block=False)
    def network_lookup_by_name(self, conn: S, name: str) -> NetworkRef:
        """TODO-DOC virNetworkLookupByName."""
        raise not_supported("network_lookup_by_name")

    @lookup(acl="network:getattr", readonly=True, since="0.2.0", may_block=False)
    def network_lookup_by_uuid(self, conn: S, uuid: bytes) -> NetworkRef:
        """TODO-DOC virNetworkLookupByUUID."""
        raise not_supported("network_lookup_by_uuid")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_list_defined_networks(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListDefinedNetworks."""
        raise not_supported("connect_list_defined_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_list_networks(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListNetworks."""
        raise not_supported("connect_list_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_num_of_defined_networks(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfDefinedNetworks."""
        raise not_supported("connect_num_of_defined_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_num_of_networks(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfNetworks."""
        raise not_supported("connect_num_of_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_networks(self, conn: S, flags: int) -> list[NetworkRef]:
        """TODO-DOC virConnectListAllNetworks."""
        raise not_supported("connect_list_all_networks")

    @description(acl="network:read", readonly=True, since="0.2.0", may_block=False)
    def network_get_xml_desc(self, conn: S, net: NetworkRef, flags: int) -> str:
        """TODO-DOC virNetworkGetXMLDesc."""
        raise not_supported("network_get_xml_desc")

    @accessor(acl="network:read", readonly=True, since="0.2.1", may_block=False)
    def network_get_autostart(self, conn: S, net: NetworkRef) -> bool:
        """TODO-DOC virNetworkGetAutostart."""
        raise not_supported("network_get_autostart")

    @accessor(acl="network:read", readonly=True, since="0.2.0", may_block=False)
    def network_get_bridge_name(self, conn: S, net: NetworkRef) -> str:
        """TODO-DOC virNetworkGetBridgeName."""
        raise not_supported("network_get_bridge_name")

    @accessor(acl="network:write", since="0.2.1", may_block=False)
    def network_set_autostart(self, conn: S, net: NetworkRef, autostart: bool) -> None:
        """TODO-DOC virNetworkSetAutostart."""
        raise not_supported("network_set_autostart")

    @accessor(acl="network:read", readonly=True, since="0.7.3", may_block=False)
    def network_is_active(self, conn: S, net: NetworkRef) -> bool:
        """TODO-DOC virNetworkIsActive."""
        raise not_supported("network_is_active")

    @accessor(acl="network:read", readonly=True, since="0.7.3", may_block=False)
    def network_is_persistent(self, conn: S, net: NetworkRef) -> bool:
        """TODO-DOC virNetworkIsPersistent."""
        raise not_supported("network_is_persistent")

    @accessor(acl="network:read", readonly=True, since="1.2.6")
    def network_get_dhcp_leases(self, conn: S, net: NetworkRef, mac: str | None, flags: int) -> list[DHCPLease]:
        """TODO-DOC virNetworkGetDHCPLeases."""
        raise not_supported("network_get_dhcp_leases")

    @definition(acl="network:write network:save", since="0.2.0", may_block=False)
    def network_define_xml(self, conn: S, xml: str) -> NetworkRef:
        """TODO-DOC virNetworkDefineXML."""
        raise not_supported("network_define_xml")

    @definition(acl="network:delete", since="0.2.0", may_block=False)
    def network_undefine(self, conn: S, net: NetworkRef) -> None:
        """TODO-DOC virNetworkUndefine."""
        raise not_supported("network_undefine")

    @definition(
        acl=(
            "network:write",
            "network:save:!VIR_NETWORK_UPDATE_AFFECT_CONFIG|VIR_NETWORK_UPDATE_AFFECT_LIVE",
            "network:save:VIR_NETWORK_UPDATE_AFFECT_CONFIG",
        ),
        since="0.10.2",
        may_block=False,
    )
    def network_update(
        self, conn: S, net: NetworkRef, command: int, section: int, parent_index: int, xml: str, flags: int
    ) -> None:
        """TODO-DOC virNetworkUpdate."""
        raise not_supported("network_update")

    @definition(acl="network:write network:save", since="7.7.0", may_block=False)
    def network_define_xml_flags(self, conn: S, xml: str, flags: int) -> NetworkRef:
        """TODO-DOC virNetworkDefineXMLFlags."""
        raise not_supported("network_define_xml_flags")

    @creation(acl="network:write network:start", since="0.2.0")
    def network_create_xml(self, conn: S, xml: str) -> NetworkRef:
        """TODO-DOC virNetworkCreateXML."""
        raise not_supported("network_create_xml")

    @creation(acl="network:write network:start", since="7.8.0", may_block=False)
    def network_create_xml_flags(self, conn: S, xml: str, flags: int) -> NetworkRef:
        """TODO-DOC virNetworkCreateXMLFlags."""
        raise not_supported("network_create_xml_flags")

    @lifecycle(acl="network:start", since="0.2.0")
    def network_create(self, conn: S, net: NetworkRef) -> None:
        """TODO-DOC virNetworkCreate."""
        raise not_supported("network_create")

    @lifecycle(acl="network:stop", since="0.2.0", may_block=False)
    def network_destroy(self, conn: S, net: NetworkRef) -> None:
        """TODO-DOC virNetworkDestroy."""
        raise not_supported("network_destroy")
