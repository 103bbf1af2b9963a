"""Virtual networks: what guests plug their interfaces into.

A network is a switch with, by its forward mode, a way out: none, routing, NAT, a bridge or a pool of interfaces of the
host. A driver of the host's own networks also runs DHCP and DNS for it. Guests do not appear here: each interface of a
running guest is a *port*, which `network_port` has.

A network is *persistent* when a definition of it is stored, *transient* when it exists only as long as it is active:

| | inactive | active |
|---|---|---|
| persistent | defined, can be started | works, stays defined when it is stopped |
| transient | does not exist | works, vanishes when it is stopped |

An active network keeps the configuration it was started with. A definition stored meanwhile waits for the next start;
`network_update` changes parts of either, or of both. The name and the UUID are each unique among the networks of a
driver instance, and so is the name of the bridge.

Events are LIFECYCLE of `virtkit.enums.NetworkEventID` with a `NetworkEventLifecycleType`: DEFINED, UNDEFINED, STARTED,
STOPPED. A change by `network_update` is DEFINED where it changes the definition.

At the least a driver implements `connect_list_all_networks` and `network_get_xml_desc`: lookups, counts, lists of names
and the yes-or-no questions are derived from the first. A driver whose networks can be changed adds
`network_define_xml_flags`, `network_undefine`, `network_create_xml_flags`, `network_create`, `network_destroy` and
`network_set_autostart`; a driver whose guests are on the same host adds `network_get_bridge_name`.
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
    from virtkit.records import DHCPLease
    from virtkit.refs import NetworkRef


class NetworkSpec(Spec[S]):
    """Networks: identity, lists, XML, definitions, leases, start and stop."""

    error_domain = 19  # VIR_FROM_NETWORK

    # Lookup

    @lookup(acl="network:getattr", readonly=True, since="0.2.0", may_block=False)
    def network_lookup_by_name(self, conn: S, name: str) -> NetworkRef:
        """Find a network, active or not, by its name. Derived from `connect_list_all_networks`.

        Raises:
            NoNetworkError: No network has that name.
        """
        raise not_supported("network_lookup_by_name")

    @lookup(acl="network:getattr", readonly=True, since="0.2.0", may_block=False)
    def network_lookup_by_uuid(self, conn: S, uuid: bytes) -> NetworkRef:
        """Find a network, active or not, by its UUID. Derived from `connect_list_all_networks`.

        Args:
            uuid: 16 raw bytes.

        Raises:
            NoNetworkError: No network has that UUID.
        """
        raise not_supported("network_lookup_by_uuid")

    # Enumeration

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.10.2", may_block=False
    )
    def connect_list_all_networks(self, conn: S, flags: int) -> list[NetworkRef]:
        """List the networks that match a set of filters.

        `flags` is made of `virtkit.enums.ConnectListAllNetworksFlags`, in groups: ACTIVE, INACTIVE; PERSISTENT,
        TRANSIENT; AUTOSTART, NO_AUTOSTART. A group of which no bit is set admits everything; of a group with bits set a
        network must match one. A network is listed when it passes every group, so 0 lists all.

        Networks that the caller may not see are removed by the core. All other lists and counts are derived from this
        hook, and so are the questions about one network, so it should not ask the kernel or a helper program anything.

        Args:
            flags: The filters.

        Raises:
            InvalidArgError: A bit outside the enumeration.
        """
        raise not_supported("connect_list_all_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_list_networks(self, conn: S) -> list[str]:
        """List the names of active networks. Derived from `connect_list_all_networks` with ACTIVE."""
        raise not_supported("connect_list_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_num_of_networks(self, conn: S) -> int:
        """Count active networks. Derived from `connect_list_all_networks` with ACTIVE."""
        raise not_supported("connect_num_of_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_list_defined_networks(self, conn: S) -> list[str]:
        """List the names of inactive networks. Derived from `connect_list_all_networks` with INACTIVE."""
        raise not_supported("connect_list_defined_networks")

    @enumeration(
        acl="connect:search_networks", readonly=True, filters="network:getattr", since="0.2.0", may_block=False
    )
    def connect_num_of_defined_networks(self, conn: S) -> int:
        """Count inactive networks. Derived from `connect_list_all_networks` with INACTIVE."""
        raise not_supported("connect_num_of_defined_networks")

    # Description

    @description(acl="network:read", readonly=True, since="0.2.0", may_block=False)
    def network_get_xml_desc(self, conn: S, net: NetworkRef, flags: int) -> str:
        """Describe a network in XML.

        The document is the live configuration while the network is active, with the number of ports in use
        (`connections`), and the definition while it is not. Feeding the inactive form back to
        `network_define_xml_flags` changes nothing.

        Args:
            flags: `virtkit.enums.NetworkXMLFlags`. INACTIVE asks for the definition of an active network; of a
                transient network it is the live configuration without what only a running network has.

        Returns:
            The document, ending in a newline.
        """
        raise not_supported("network_get_xml_desc")

    # Properties

    @accessor(acl="network:read", readonly=True, since="0.7.3", may_block=False)
    def network_is_active(self, conn: S, net: NetworkRef) -> bool:
        """Tell whether a network works now. Derived from `connect_list_all_networks`."""
        raise not_supported("network_is_active")

    @accessor(acl="network:read", readonly=True, since="0.7.3", may_block=False)
    def network_is_persistent(self, conn: S, net: NetworkRef) -> bool:
        """Tell whether a definition of the network is stored. Derived from `connect_list_all_networks`.

        False means that the network vanishes when it is stopped.
        """
        raise not_supported("network_is_persistent")

    @accessor(acl="network:read", readonly=True, since="0.2.1", may_block=False)
    def network_get_autostart(self, conn: S, net: NetworkRef) -> bool:
        """Tell whether the network is started when its driver starts. Derived from `connect_list_all_networks`.

        False for a transient network.
        """
        raise not_supported("network_get_autostart")

    @accessor(acl="network:write", since="0.2.1")
    def network_set_autostart(self, conn: S, net: NetworkRef, autostart: bool) -> None:
        """Say whether the network is to be started when its driver starts. It is not started now.

        The mark lasts until it is taken back or the network is undefined. Setting what is set already succeeds.

        Raises:
            OperationInvalidError: The network is transient.
            OperationFailedError: The mark could not be stored.
        """
        raise not_supported("network_set_autostart")

    @accessor(acl="network:read", readonly=True, since="0.2.0", may_block=False)
    def network_get_bridge_name(self, conn: S, net: NetworkRef) -> str:
        """Name the bridge device on the host that ports of the network are plugged into.

        Works for an inactive network too: the name was settled when it was defined.

        Raises:
            InternalError: The network has no bridge: its forward mode hands out interfaces of the host instead.
        """
        raise not_supported("network_get_bridge_name")

    @accessor(acl="network:read", readonly=True, since="1.2.6")
    def network_get_dhcp_leases(self, conn: S, net: NetworkRef, mac: str | None, flags: int) -> list[DHCPLease]:
        """List the addresses that the network's DHCP server has handed out.

        Args:
            mac: Only leases of this address, as `52:54:00:12:34:56` in either case; None for all.

        Returns:
            Leases that have not expired, IPv4 and IPv6. An inactive network and one without DHCP have none.

        Raises:
            InvalidMACError: `mac` is no address.
            SystemCallError: The server's records cannot be read.
        """
        raise not_supported("network_get_dhcp_leases")

    # Definition

    @definition(acl="network:write network:save", since="7.7.0")
    def network_define_xml_flags(self, conn: S, xml: str, flags: int) -> NetworkRef:
        """Store a network's definition, new or in place of the one with the same UUID.

        A definition that comes without UUID, bridge name or the bridge's MAC address gets them, and keeps them. A new
        network is inactive and does not start with its driver. An active network keeps working as it is: the definition
        holds from its next start on, and a transient network becomes persistent.

        The event is DEFINED.

        Args:
            xml: A `<network>` document.
            flags: `virtkit.enums.NetworkDefineFlags`. VALIDATE checks the document against the schema first.

        Returns:
            Its reference.

        Raises:
            XMLDetailError: The text is no XML.
            XMLError: The document is no network: a malformed address, a range outside its subnet, parts that exclude
                each other in this forward mode.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            NoNameError: No name, or an empty one.
            ConfigUnsupportedError: An unknown forward mode, or something this driver cannot do.
            OperationFailedError: The name belongs to a network of another UUID, or the UUID to one of another name; or
                the definition could not be stored.
        """
        raise not_supported("network_define_xml_flags")

    @definition(acl="network:write network:save", since="0.2.0")
    def network_define_xml(self, conn: S, xml: str) -> NetworkRef:
        """Store a network's definition. Derived from `network_define_xml_flags`, with no flags."""
        raise not_supported("network_define_xml")

    @definition(acl="network:delete", since="0.2.0")
    def network_undefine(self, conn: S, net: NetworkRef) -> None:
        """Remove a network's definition.

        An inactive network is gone with it; an active one goes on as a transient network. Autostart is forgotten, and
        so are recorded leases of a network that is gone. The event is UNDEFINED.

        Raises:
            OperationInvalidError: The network is transient. A driver that has no transient networks refuses an active
                one too.
        """
        raise not_supported("network_undefine")

    @definition(
        acl=(
            "network:write",
            "network:save:!VIR_NETWORK_UPDATE_AFFECT_CONFIG|VIR_NETWORK_UPDATE_AFFECT_LIVE",
            "network:save:VIR_NETWORK_UPDATE_AFFECT_CONFIG",
        ),
        since="0.10.2",
    )
    def network_update(
        self, conn: S, net: NetworkRef, command: int, section: int, parent_index: int, xml: str, flags: int
    ) -> None:
        """Change one part of a network, in its live configuration, its definition or both.

        This is the way to change a network without interrupting its guests. Each section takes an element of its own
        and some of the commands of `virtkit.enums.NetworkUpdateCommand`; ADD_FIRST and ADD_LAST say where among its
        kind an element goes, DELETE and MODIFY find the element by its key:

        | section | element | key | commands |
        |---|---|---|---|
        | IP_DHCP_HOST | `<host mac= id= name= ip=>` | any of its attributes | ADD_FIRST, ADD_LAST, MODIFY, DELETE |
        | IP_DHCP_RANGE | `<range start= end=>` | both ends | ADD_FIRST, ADD_LAST, DELETE |
        | FORWARD_INTERFACE | `<interface dev=>` | device | ADD_FIRST, ADD_LAST, DELETE |
        | PORTGROUP | `<portgroup name=>` | name | ADD_FIRST, ADD_LAST, MODIFY, DELETE |
        | DNS_HOST | `<host ip=>` with `<hostname>` | address or a host name | ADD_FIRST, ADD_LAST, DELETE |
        | DNS_TXT | `<txt name= value=>` | name | ADD_FIRST, ADD_LAST, DELETE |
        | DNS_SRV | `<srv service= protocol= ...>` | the attributes given | ADD_FIRST, ADD_LAST, DELETE |

        BRIDGE, DOMAIN, IP, FORWARD and FORWARD_PF exist as numbers, but no command changes them. A live change takes
        effect at once in DHCP and DNS; a change of interfaces or port groups holds for ports created from then on. The
        outcome is checked as a whole network is on define. A network changed in both places is changed in both or in
        neither.

        Args:
            command: `virtkit.enums.NetworkUpdateCommand`. It comes before `section` here, as it does in what a program
                calls.
            section: `virtkit.enums.NetworkUpdateSection`.
            parent_index: Which `<ip>` of the network the DHCP sections mean, from 0; -1 finds it: for a host or a range
                the one with the DHCP server, or failing that the first of the address' family.
            xml: The element alone.
            flags: `virtkit.enums.NetworkUpdateFlags`: LIVE, CONFIG, both, or CURRENT, as `DomainModificationImpact` is
                used.

        Raises:
            OperationInvalidError: LIVE for an inactive network or CONFIG for a transient one; nothing or more than one
                matches what is to be changed or deleted; what is to be added is there already; an interface is in use;
                `parent_index` is past the last.
            OperationUnsupportedError: The section cannot be changed, or not by that command.
            InvalidArgError: `command` is NONE or not of the enumeration.
            XMLError: The text is not the element of the section, or what comes out is no network.
        """
        raise not_supported("network_update")

    # Creation

    @creation(acl="network:write network:start", since="7.8.0")
    def network_create_xml_flags(self, conn: S, xml: str, flags: int) -> NetworkRef:
        """Start a network from XML without storing a definition: a transient network.

        When UUID and name are those of an inactive persistent network, that network is started with this configuration,
        and its definition is back when it is stopped. If the start fails nothing remains of a transient network.

        The event is STARTED.

        Args:
            xml: A `<network>` document, completed as `network_define_xml_flags` does.
            flags: `virtkit.enums.NetworkCreateFlags`. VALIDATE checks the document against the schema first.

        Raises:
            OperationInvalidError: A network of that UUID is active already.
            OperationFailedError: The name belongs to a network of another UUID, or the UUID to one of another name.
            XMLError: The document is no network; further errors of documents as in `network_define_xml_flags`.
            InternalError: It did not start; see `network_create`.
        """
        raise not_supported("network_create_xml_flags")

    @creation(acl="network:write network:start", since="0.2.0")
    def network_create_xml(self, conn: S, xml: str) -> NetworkRef:
        """Start a transient network. Derived from `network_create_xml_flags`, with no flags."""
        raise not_supported("network_create_xml")

    # Lifecycle

    @lifecycle(acl="network:start", since="0.2.0")
    def network_create(self, conn: S, net: NetworkRef) -> None:
        """Start an inactive network from its definition.

        Everything is set up or nothing is: bridge, addresses, routing, firewall rules, DHCP and DNS. What an earlier
        start left behind without an owner is taken over or removed. The event is STARTED.

        Raises:
            OperationInvalidError: The network is active already.
            InternalError: It did not start: an address is in use on the host, the bridge's name is taken, a helper
                program failed. The message ends with what was said.
            ConfigUnsupportedError: The host cannot do what the definition asks for.
        """
        raise not_supported("network_create")

    @lifecycle(acl="network:stop", since="0.2.0")
    def network_destroy(self, conn: S, net: NetworkRef) -> None:
        """Stop an active network and take apart what its start set up.

        Guests keep running; their interfaces lose the network until it is started again and they are plugged in anew. A
        transient network is gone. What is not there any more is no error, so that a network half gone can be stopped.
        The event is STOPPED.

        Raises:
            OperationInvalidError: The network is not active.
        """
        raise not_supported("network_destroy")
