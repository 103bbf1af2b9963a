"""Networks of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllNetworksFlags as Listed
from virtkit.enums import ErrorDomain, NetworkDefineFlags, NetworkEventLifecycleType, NetworkUpdateFlags
from virtkit.errors import InternalError, OperationInvalidError
from virtkit.events import NetworkLifecycleEvent
from virtkit.hookspecs.network import NetworkSpec
from virtkit.refs import NetworkRef
from virtkit.spec import quick
from virtkit_test.filters import Filter, matching, refuse
from virtkit_test.reading import read

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST
NETWORK = ErrorDomain.NETWORK


class Network:
    """A network: its definition, what it runs with, or both.

    A network runs with its definition itself until one of the two is changed alone by `CONFIG`, as in libvirt's
    simulator: what is changed in a running network before is there after it stopped.
    """

    def __init__(self, name: str, uuid: bytes) -> None:
        self.name = name
        self.uuid = uuid
        self.config: NetworkXML | None = None
        self.live: NetworkXML | None = None
        self.autostart = False

    @property
    def ref(self) -> NetworkRef:
        """What names it."""
        return NetworkRef(self.name, self.uuid)

    @property
    def document(self) -> NetworkXML:
        """What it runs with, else its definition."""
        document = self.live or self.config
        assert document is not None, "a network without both is not in the table"
        return document


FILTERS = (
    Filter[Network](Listed.ACTIVE, Listed.INACTIVE, lambda network: network.live is not None),
    Filter[Network](Listed.PERSISTENT, Listed.TRANSIENT, lambda network: network.config is not None),
    Filter[Network](Listed.AUTOSTART, Listed.NO_AUTOSTART, lambda network: network.autostart),
)


def parse(xml: str, *, validate: bool = False) -> NetworkXML:
    """Read and complete a definition.

    Raises:
        VirtError: As for parsing and for `virtkit.define.network.complete`.
    """
    from virtkit.define.network import complete
    from virtkit.xml.network import Network as NetworkXML

    document = read(NetworkXML, xml, validate=validate)
    complete(document)
    return document


def guest_address(network: Network, offset: int) -> tuple[str, int]:
    """An address for a guest: `offset` + 1 after the first of the DHCP range, else after the network's own.

    Returns:
        Address and prefix.

    Raises:
        OperationInvalidError: The network has no address.
    """
    from ipaddress import ip_address

    from virtkit.define.subnets import prefix_of

    for ip in network.document.ips:
        ranges = ip.dhcp.ranges if ip.dhcp is not None else []
        first = ranges[0].start if ranges else ip.address
        if ip.address and first:
            return str(ip_address(first) + offset + 1), prefix_of(ip)
    raise OperationInvalidError(f"network {network.name!r} has no address: give it an <ip>", domain=TEST)


class NetworkPart(NetworkSpec["TestState"]):
    """The network functions of the driver."""

    @quick
    def connect_list_all_networks(self, conn: TestState, flags: int) -> list[NetworkRef]:
        return [network.ref for network in matching(conn.networks, FILTERS, flags, "connect_list_all_networks")]

    @quick
    def network_lookup_by_name(self, conn: TestState, name: str) -> NetworkRef:
        return conn.networks.by_name(name).ref

    @quick
    def network_lookup_by_uuid(self, conn: TestState, uuid: bytes) -> NetworkRef:
        return conn.networks.by_uuid(uuid).ref

    @quick
    def network_get_xml_desc(self, conn: TestState, net: NetworkRef, flags: int) -> str:
        refuse("network_get_xml_desc", flags)
        return conn.networks.by_ref(net).document.format()

    @quick
    def network_get_bridge_name(self, conn: TestState, net: NetworkRef) -> str:
        bridge = conn.networks.by_ref(net).document.bridge
        if bridge is None or bridge.name is None:
            raise InternalError(f"network {net.name!r} has no bridge with a name", domain=TEST)
        return bridge.name

    @quick
    def network_is_active(self, conn: TestState, net: NetworkRef) -> bool:
        return conn.networks.by_ref(net).live is not None

    @quick
    def network_is_persistent(self, conn: TestState, net: NetworkRef) -> bool:
        return conn.networks.by_ref(net).config is not None

    @quick
    def network_get_autostart(self, conn: TestState, net: NetworkRef) -> bool:
        return conn.networks.by_ref(net).autostart

    @quick
    def network_set_autostart(self, conn: TestState, net: NetworkRef, autostart: bool) -> None:
        conn.networks.by_ref(net).autostart = bool(autostart)

    @quick
    def network_define_xml_flags(self, conn: TestState, xml: str, flags: int) -> NetworkRef:
        refuse("network_define_xml_flags", flags & ~NetworkDefineFlags.VALIDATE)
        document = parse(xml, validate=bool(flags & NetworkDefineFlags.VALIDATE))
        network = _obtain(conn, document)
        network.config = document
        _publish(conn, network, NetworkEventLifecycleType.DEFINED)
        return network.ref

    @quick
    def network_update(
        self, conn: TestState, net: NetworkRef, command: int, section: int, parent_index: int, xml: str, flags: int
    ) -> None:
        from virtkit.define.network import check, update

        refuse("network_update", flags & ~(NetworkUpdateFlags.LIVE | NetworkUpdateFlags.CONFIG))
        with conn.networks.hold(net, "network_update") as network:
            live, config = _meant(network, flags)

            def changed(document: NetworkXML | None) -> NetworkXML:
                assert document is not None, "flags that mean nothing have been refused"
                twin = document.copy()
                update(twin, command, section, parent_index, xml)
                check(twin)
                return twin

            running = changed(network.live) if live else network.live
            if config:
                network.config = changed(network.config)
            elif network.config is network.live:
                network.config = running
            network.live = running

    @quick
    def network_create_xml_flags(self, conn: TestState, xml: str, flags: int) -> NetworkRef:
        refuse("network_create_xml_flags", flags & ~NetworkDefineFlags.VALIDATE)
        document = parse(xml, validate=bool(flags & NetworkDefineFlags.VALIDATE))
        network = _obtain(conn, document)
        if network.live is not None:
            raise OperationInvalidError(f"network {network.name!r} is active already: destroy it first", domain=NETWORK)
        network.live = document
        _publish(conn, network, NetworkEventLifecycleType.STARTED)
        return network.ref

    @quick
    def network_create(self, conn: TestState, net: NetworkRef) -> None:
        with conn.networks.hold(net, "network_create") as network:
            if network.live is not None:
                raise OperationInvalidError(f"network {network.name!r} is active already", domain=TEST)
            network.live = network.config
            _publish(conn, network, NetworkEventLifecycleType.STARTED)

    @quick
    def network_destroy(self, conn: TestState, net: NetworkRef) -> None:
        with conn.networks.hold(net, "network_destroy") as network:
            network.live = None
            _publish(conn, network, NetworkEventLifecycleType.STOPPED)
            if network.config is None:
                conn.networks.remove(network)

    @quick
    def network_undefine(self, conn: TestState, net: NetworkRef) -> None:
        with conn.networks.hold(net, "network_undefine") as network:
            if network.live is not None:
                raise OperationInvalidError(
                    f"network {network.name!r} is active: destroy it before it is undefined", domain=TEST
                )
            conn.networks.remove(network)
            _publish(conn, network, NetworkEventLifecycleType.UNDEFINED)


def _meant(network: Network, flags: int) -> tuple[bool, bool]:
    """Whether the flags of a change mean what the network runs with, and its definition."""
    if flags & NetworkUpdateFlags.LIVE and network.live is None:
        raise OperationInvalidError(f"network {network.name!r} is not active: start it first", domain=NETWORK)
    if flags & NetworkUpdateFlags.CONFIG and network.config is None:
        raise OperationInvalidError(f"network {network.name!r} is transient and has no definition", domain=NETWORK)
    if not flags:
        return network.live is not None, network.live is None
    return bool(flags & NetworkUpdateFlags.LIVE), bool(flags & NetworkUpdateFlags.CONFIG)


def _obtain(conn: TestState, document: NetworkXML) -> Network:
    assert document.name is not None and document.uuid is not None
    name, uuid = document.name, document.uuid
    return conn.networks.obtain(name, uuid, lambda: Network(name, uuid))


def _publish(conn: TestState, network: Network, event: NetworkEventLifecycleType) -> None:
    conn.hub.publish(network.ref, NetworkLifecycleEvent(event))
