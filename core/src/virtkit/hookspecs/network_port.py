"""TODO-DOC module network_port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, creation, description, destruction, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.refs import NetworkPortRef, NetworkRef


class NetworkPortSpec(Spec[S]):
    """TODO-DOC class network_port."""

    error_domain = 19  # VIR_FROM_NETWORK

    @lookup(acl="network_port:getattr", readonly=True, since="5.5.0", may_block=False)
    def network_port_lookup_by_uuid(self, conn: S, network: NetworkRef, uuid: bytes) -> NetworkPortRef:
        """TODO-DOC virNetworkPortLookupByUUID."""
        raise not_supported("network_port_lookup_by_uuid")

    @enumeration(
        acl="network:search_ports", readonly=True, filters="network_port:getattr", since="5.5.0", may_block=False
    )
    def network_list_all_ports(self, conn: S, network: NetworkRef, flags: int) -> list[NetworkPortRef]:
        """TODO-DOC virNetworkListAllPorts."""
        raise not_supported("network_list_all_ports")

    @description(acl="network_port:read", readonly=True, since="5.5.0")
    def network_port_get_xml_desc(self, conn: S, port: NetworkPortRef, flags: int) -> str:
        """TODO-DOC virNetworkPortGetXMLDesc."""
        raise not_supported("network_port_get_xml_desc")

    @accessor(acl="network_port:read", readonly=True, since="5.5.0")
    def network_port_get_parameters(self, conn: S, port: NetworkPortRef, flags: int) -> TypedParams:
        """TODO-DOC virNetworkPortGetParameters."""
        raise not_supported("network_port_get_parameters")

    @accessor(acl="network_port:write", since="5.5.0")
    def network_port_set_parameters(
        self, conn: S, port: NetworkPortRef, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virNetworkPortSetParameters."""
        raise not_supported("network_port_set_parameters")

    @creation(acl="network_port:create", since="5.5.0")
    def network_port_create_xml(self, conn: S, network: NetworkRef, xml: str, flags: int) -> NetworkPortRef:
        """TODO-DOC virNetworkPortCreateXML."""
        raise not_supported("network_port_create_xml")

    @destruction(acl="network_port:delete", since="5.5.0")
    def network_port_delete(self, conn: S, port: NetworkPortRef, flags: int) -> None:
        """TODO-DOC virNetworkPortDelete."""
        raise not_supported("network_port_delete")
