"""Ports of virtual networks: the interfaces that are plugged in.

A port records one use of an active network: whose it is (`<owner>`, usually a domain), the MAC address, port group,
bandwidth and filters, and, once created, how it is plugged in (`<plug>`: a bridge, a device or PCI function of the
host, ...). It exists from creation to deletion or until its network is stopped; nothing of it is ever started.

The callers are drivers of domains, through `OpenRequest.peers`: before a guest starts, its driver creates a port for
each interface that names a network, reads from the port's XML what to connect the interface to, and deletes it when the
guest is gone. After a restart it claims its ports again with RECLAIM. A port that nobody deletes holds its resources.

The UUID of a port is unique within its network. There are no events.

A network driver whose guests are on the same host implements all but the lookup; one that only describes networks
implements none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, creation, description, destruction, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.refs import NetworkPortRef, NetworkRef


class NetworkPortSpec(Spec[S]):
    """Network ports: identity, lists, XML, bandwidth, creation and deletion."""

    error_domain = 19  # VIR_FROM_NETWORK

    # Lookup

    @lookup(acl="network_port:getattr", readonly=True, since="5.5.0", may_block=False)
    def network_port_lookup_by_uuid(self, conn: S, network: NetworkRef, uuid: bytes) -> NetworkPortRef:
        """Find a port of a network by its UUID. Derived from `network_list_all_ports`.

        Args:
            uuid: 16 raw bytes.

        Raises:
            NoNetworkPortError: The network has no such port.
            NoNetworkError: The network is gone.
        """
        raise not_supported("network_port_lookup_by_uuid")

    # Enumeration

    @enumeration(
        acl="network:search_ports", readonly=True, filters="network_port:getattr", since="5.5.0", may_block=False
    )
    def network_list_all_ports(self, conn: S, network: NetworkRef, flags: int) -> list[NetworkPortRef]:
        """List the ports of a network; an inactive one has none.

        Raises:
            NoNetworkError: The network is gone.
        """
        raise not_supported("network_list_all_ports")

    # Description

    @description(acl="network_port:read", readonly=True, since="5.5.0")
    def network_port_get_xml_desc(self, conn: S, port: NetworkPortRef, flags: int) -> str:
        """Describe a port in XML, with how it is plugged in.

        Returns:
            A `<networkport>` document, ending in a newline.

        Raises:
            NoNetworkPortError: The port is gone.
        """
        raise not_supported("network_port_get_xml_desc")

    # Properties

    @accessor(acl="network_port:read", readonly=True, since="5.5.0")
    def network_port_get_parameters(self, conn: S, port: NetworkPortRef, flags: int) -> TypedParams:
        """Tell the bandwidth limits of a port.

        Returns:
            By the names `virtkit.constants.NETWORK_PORT_BANDWIDTH_*`, each a `UINT`: for `inbound` and `outbound`, as
            the guest sees it, `.average` and `.peak` in KiB per second and `.burst` in KiB; `inbound.floor`,
            guaranteed, in KiB per second. A direction without limits has no entries.

        Raises:
            NoNetworkPortError: The port is gone.
        """
        raise not_supported("network_port_get_parameters")

    @accessor(acl="network_port:write", since="5.5.0")
    def network_port_set_parameters(
        self, conn: S, port: NetworkPortRef, params: Mapping[str, Value], flags: int
    ) -> None:
        """Set the bandwidth limits of a port. They take effect at once and hold until the port is deleted.

        What is given replaces all limits there were: a direction without an average or a floor has none afterwards.

        Args:
            params: By the names that `network_port_get_parameters` returns; unsigned numbers.

        Raises:
            NoNetworkPortError: The port is gone.
            InvalidArgError: An unknown name, a value of the wrong type, or a peak below the average.
            OperationInvalidError: A floor, and too much of the network's own limit is guaranteed to other ports.
            OperationUnsupportedError: Ports of this network's mode cannot be limited; or a floor, and the network has
                no limit of its own to guarantee it from.
        """
        raise not_supported("network_port_set_parameters")

    # Creation

    @creation(acl="network_port:create", since="5.5.0")
    def network_port_create_xml(self, conn: S, network: NetworkRef, xml: str, flags: int) -> NetworkPortRef:
        """Plug an interface into a network and say how.

        What the network's mode calls for is claimed: an interface or PCI function of its pool, a bandwidth class of its
        bridge. A port group named in the document, or the network's default one, adds its settings; what the document
        says itself wins.

        Args:
            xml: A `<networkport>` document. Without a UUID it gets one.
            flags: `virtkit.enums.NetworkPortCreateFlags`. RECLAIM makes a port known again that the document describes
                in full, as it was before the driver restarted, and claims exactly what it names. VALIDATE checks the
                document against the schema first.

        Raises:
            OperationInvalidError: The network is not active, or too much of its own limit is guaranteed to other ports.
            OperationUnsupportedError: A floor, and the network has no limit of its own to guarantee it from.
            NetworkPortExistsError: The network has a port of that UUID.
            XMLError: The document is no port.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            InvalidArgError: It says how it is plugged in, without RECLAIM.
            InternalError: Every interface of the network's pool is in use, or what RECLAIM names is in other hands.
            ConfigUnsupportedError: The network's mode has no place for what the document asks for.
        """
        raise not_supported("network_port_create_xml")

    # Destruction

    @destruction(acl="network_port:delete", since="5.5.0")
    def network_port_delete(self, conn: S, port: NetworkPortRef, flags: int) -> None:
        """Unplug an interface and release what its port had claimed.

        The driver of the domain has let go of the interface before. The limits of the port go with it.

        Raises:
            NoNetworkPortError: The port is gone already.
        """
        raise not_supported("network_port_delete")
