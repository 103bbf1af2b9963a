"""The functions of the driver about ports.

A port's limits are kept here, and put in force by the driver of its domain, which knows the guest's device; what this
driver puts in force itself is the `floor`: a class of its own on the network's bridge.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from virtkit.enums import NetworkPortCreateFlags
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    NetworkPortExistsError,
    OperationUnsupportedError,
    VirtError,
    unsupported_flags,
)
from virtkit.hookspecs.network_port import NetworkPortSpec
from virtkit.refs import NetworkPortRef
from virtkit.spec import quick
from virtkit_network.network import NETWORK, key_of, uuid_text

if TYPE_CHECKING:
    from virtkit.params import TypedParams, Value
    from virtkit.refs import NetworkRef
    from virtkit.xml.networkport import NetworkPort
    from virtkit_network.network import Network
    from virtkit_network.state import NetworkState, Session


class PortPart(NetworkPortSpec["Session"]):
    """Ports: who is plugged into a network, and how."""

    @quick
    def network_port_lookup_by_uuid(self, conn: Session, network: NetworkRef, uuid: bytes) -> NetworkPortRef:
        found = conn.network(network)
        ref = NetworkPortRef(found.ref, uuid)
        found.port(ref)
        return ref

    @quick
    def network_list_all_ports(self, conn: Session, network: NetworkRef, flags: int) -> list[NetworkPortRef]:
        _refuse("network_list_all_ports", flags)
        found = conn.network(network)
        return [NetworkPortRef(found.ref, uuid) for uuid in list(found.ports)]

    @quick
    def network_port_get_xml_desc(self, conn: Session, port: NetworkPortRef, flags: int) -> str:
        _refuse("network_port_get_xml_desc", flags)
        return conn.network(port.net).port(port).format()

    @quick
    def network_port_get_parameters(self, conn: Session, port: NetworkPortRef, flags: int) -> TypedParams:
        from virtkit_network import limits

        _refuse("network_port_get_parameters", flags)
        return limits.told(conn.network(port.net).port(port).bandwidth)

    def network_port_set_parameters(
        self, conn: Session, port: NetworkPortRef, params: Mapping[str, Value], flags: int
    ) -> None:
        from virtkit_network import limits

        _refuse("network_port_set_parameters", flags)
        bandwidth = limits.read(params)
        with conn.hold(port.net, "network_port_set_parameters") as (state, found):
            known = found.port(port)
            if known.plug is not None and known.plug.type == "hostdev-pci":
                raise OperationUnsupportedError(
                    f"port {uuid_text(port.uuid)} of {found.subject} is a PCI function, which nobody here can limit",
                    domain=NETWORK,
                )
            changed = known.copy()
            changed.bandwidth = bandwidth
            _exchange(state, found, known, changed)

    def network_port_create_xml(self, conn: Session, network: NetworkRef, xml: str, flags: int) -> NetworkPortRef:
        from virtkit.xml.networkport import NetworkPort
        from virtkit_network import plugging

        _refuse("network_port_create_xml", flags, sum(NetworkPortCreateFlags))
        port = NetworkPort.parse(xml, validate=bool(flags & NetworkPortCreateFlags.VALIDATE))
        port.uuid = port.uuid or os.urandom(16)
        with conn.hold(network, "network_port_create_xml") as (state, found):
            live = found.active()
            if port.uuid in found.ports:
                raise NetworkPortExistsError(
                    f"{found.subject} has a port {uuid_text(port.uuid)} already: choose another UUID", domain=NETWORK
                )
            reclaim = bool(flags & NetworkPortCreateFlags.RECLAIM)
            plugging.plug(live, found.ports.values(), port, reclaim=reclaim)
            if not reclaim:
                _check_bridge(port, live.name or "")
            _exchange(state, found, None, port)
            return NetworkPortRef(found.ref, port.uuid)

    def network_port_delete(self, conn: Session, port: NetworkPortRef, flags: int) -> None:
        _refuse("network_port_delete", flags)
        with conn.hold(port.net, "network_port_delete") as (state, found):
            _exchange(state, found, found.port(port), None)


def _exchange(state: NetworkState, network: Network, old: NetworkPort | None, new: NetworkPort | None) -> None:
    """Put a port in the place of another, with the class that guarantees its rate; both or neither.

    Raises:
        VirtError: It cannot be recorded, or the rate not be guaranteed; the ports are as they were.
    """
    from virtkit_network import limits
    from virtkit_network.shape import is_behind_host

    live, before = network.active(), dict(network.ports)
    if new is not None:
        limits.admit(live, [port for port in before.values() if port is not old], new)
    after = dict(before)
    if new is not None:
        after[key_of(new)] = new
    elif old is not None:
        del after[key_of(old)]
    network.ports = after
    try:
        state.record(network, live)
        if is_behind_host(live):
            limits.guarantee(live, [port for port in before.values() if port is not old], old, new)
    except BaseException:
        network.ports = before
        _record_again(state, network)
        raise


def _record_again(state: NetworkState, network: Network) -> None:
    try:
        state.record(network, network.active())
    except VirtError:
        return  # the first failure is told; a port too many or too few is cleared up by its domain's driver


def _check_bridge(port: NetworkPort, network: str) -> None:
    """Refuse to plug a port into a bridge that is not there, or that mixes the VLANs it should keep apart.

    Raises:
        InternalError: There is no such bridge.
        ConfigUnsupportedError: The port has VLANs, and the bridge does not filter them.
    """
    plug = port.plug
    switched = port.virtual_port is not None and port.virtual_port.type is not None
    if plug is None or plug.bridge is None or switched or (plug.type == "network" and port.vlan is None):
        return
    from virtkit.network.links import Links
    from virtkit_network.parts import filters_vlans

    with Links(domain=NETWORK) as links:
        if links.find(plug.bridge) is None:
            raise InternalError(
                f"network {network!r} plugs its ports into the bridge {plug.bridge}, which is not there: make it first",
                domain=NETWORK,
            )
        if port.vlan is not None and not filters_vlans(links, plug.bridge):
            raise ConfigUnsupportedError(
                f"the port of network {network!r} has VLANs, which the bridge {plug.bridge} does not keep apart: "
                f"`ip link set {plug.bridge} type bridge vlan_filtering 1`, or leave out <vlan>",
                domain=NETWORK,
            )


def _refuse(hook: str, flags: int, known: int = 0) -> None:
    if flags & ~known:
        raise unsupported_flags(hook, flags & ~known, domain=NETWORK)
