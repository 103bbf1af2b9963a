"""The functions of the driver about networks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import NetworkCreateFlags, NetworkDefineFlags, NetworkXMLFlags
from virtkit.enums import NetworkEventLifecycleType as Event
from virtkit.errors import InternalError, InvalidMACError, NoNetworkError, OperationInvalidError, unsupported_flags
from virtkit.hookspecs.network import NetworkSpec
from virtkit.spec import quick
from virtkit_network import filters
from virtkit_network.network import NETWORK, Network, bridge_name

if TYPE_CHECKING:
    from virtkit.records import DHCPLease
    from virtkit.refs import NetworkRef
    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.state import NetworkState, Session


MAC = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}")


class NetworkPart(NetworkSpec["Session"]):
    """Networks: what is asked about them, their definitions, and their life."""

    # Lookup

    @quick
    def network_lookup_by_name(self, conn: Session, name: str) -> NetworkRef:
        return conn.view().by_name(name).ref

    @quick
    def network_lookup_by_uuid(self, conn: Session, uuid: bytes) -> NetworkRef:
        return conn.view().by_uuid(uuid).ref

    # Enumeration

    @quick
    def connect_list_all_networks(self, conn: Session, flags: int) -> list[NetworkRef]:
        return [network.ref for network in filters.chosen(conn.view().all(), flags)]

    # Description

    @quick
    def network_get_xml_desc(self, conn: Session, net: NetworkRef, flags: int) -> str:
        from virtkit_network.describing import described

        _refuse("network_get_xml_desc", flags, NetworkXMLFlags.INACTIVE)
        return described(conn.network(net), flags)

    # Properties

    @quick
    def network_is_active(self, conn: Session, net: NetworkRef) -> bool:
        return conn.network(net).live is not None

    @quick
    def network_is_persistent(self, conn: Session, net: NetworkRef) -> bool:
        return conn.network(net).config is not None

    @quick
    def network_get_autostart(self, conn: Session, net: NetworkRef) -> bool:
        return conn.network(net).autostart

    def network_set_autostart(self, conn: Session, net: NetworkRef, autostart: bool) -> None:
        with conn.hold(net, "network_set_autostart") as (state, found):
            if found.config is None:
                raise OperationInvalidError(f"{found.subject} is transient: define it before autostart", domain=NETWORK)
            state.definitions.set_autostart(found.name, autostart)
            found.autostart = autostart

    @quick
    def network_get_bridge_name(self, conn: Session, net: NetworkRef) -> str:
        found = conn.network(net)
        name = bridge_name(found.document)
        if name is None:
            raise InternalError(f"{found.subject} has no bridge: it hands out devices of the host", domain=NETWORK)
        return name

    def network_get_dhcp_leases(self, conn: Session, net: NetworkRef, mac: str | None, flags: int) -> list[DHCPLease]:
        from virtkit_network import server

        _refuse("network_get_dhcp_leases", flags)
        wanted = _read_mac(mac) if mac is not None else None
        found = conn.network(net)
        handed_out = server.handed_out(conn.state, found.live) if found.live is not None else []
        return [lease for lease in handed_out if wanted in (None, lease.mac)]

    # Definition

    def network_define_xml_flags(self, conn: Session, xml: str, flags: int) -> NetworkRef:
        from virtkit_network import definitions, redefining

        _refuse("network_define_xml_flags", flags, NetworkDefineFlags.VALIDATE)
        document = definitions.read(xml, validate=bool(flags & NetworkDefineFlags.VALIDATE))
        state = conn.own()
        with _made(state, document, "network_define_xml_flags") as network:
            redefining.define(state, network, document)
            state.publish(network, Event.DEFINED)
            return network.ref

    def network_undefine(self, conn: Session, net: NetworkRef) -> None:
        from virtkit_network import server

        with conn.hold(net, "network_undefine") as (state, found):
            if found.config is None:
                raise OperationInvalidError(f"{found.subject} is transient: destroy it instead", domain=NETWORK)
            if found.live is None:
                server.forget(state, found.name)
            state.definitions.delete(found.name)
            found.config, found.autostart = None, False
            state.drop_empty(found)
            state.publish(found, Event.UNDEFINED)

    def network_update(
        self, conn: Session, net: NetworkRef, command: int, section: int, parent_index: int, xml: str, flags: int
    ) -> None:
        from virtkit_network import updating

        with conn.hold(net, "network_update") as (state, found):
            updating.update(state, found, updating.Change(command, section, parent_index, xml), flags)

    # Creation and lifecycle

    def network_create_xml_flags(self, conn: Session, xml: str, flags: int) -> NetworkRef:
        from virtkit_network import definitions, starting

        _refuse("network_create_xml_flags", flags, NetworkCreateFlags.VALIDATE)
        document = definitions.read(xml, validate=bool(flags & NetworkCreateFlags.VALIDATE))
        state = conn.own()
        with _made(state, document, "network_create_xml_flags", active=False) as network:
            starting.start(state, network, document)
            return network.ref

    def network_create(self, conn: Session, net: NetworkRef) -> None:
        from virtkit_network import starting

        with conn.hold(net, "network_create") as (state, found):
            found.require_inactive()
            starting.start(state, found, found.document.copy())

    def network_destroy(self, conn: Session, net: NetworkRef) -> None:
        from virtkit_network import stopping

        with conn.hold(net, "network_destroy") as (state, found):
            stopping.stop(state, found)


def _refuse(hook: str, flags: int, known: int = 0) -> None:
    if flags & ~known:
        raise unsupported_flags(hook, flags & ~known, domain=NETWORK)


def _read_mac(text: str) -> str:
    """A MAC address as leases have it.

    Raises:
        InvalidMACError: It is none.
    """
    if not MAC.fullmatch(text):
        raise InvalidMACError(f"{text!r} is no MAC address: six bytes such as 52:54:00:12:34:56", domain=NETWORK)
    return ":".join(f"{int(byte, 16):02x}" for byte in text.split(":"))


@contextmanager
def _made(state: NetworkState, document: NetworkXML, call: str, *, active: bool = True) -> Iterator[Network]:
    """The network a document is about, held; one that is new is gone again if the block fails.

    Args:
        state: The networks.
        document: The document; it is completed with what is chosen on this host.
        call: What holds it.
        active: It may be active.

    Raises:
        OperationFailedError: Its name or UUID is another network's.
        OperationInvalidError: It is active, and may not be.
        InternalError: Its bridge is another network's.
    """
    from virtkit_network import definitions

    with _held(state, document, call) as network:
        try:
            if not active:
                network.require_inactive()
            with state.claiming:
                definitions.settle(document, network, state.networks.all())
                network.pending = document
            yield network
        except BaseException:
            state.drop_empty(network)
            raise
        finally:
            network.pending = None


@contextmanager
def _held(state: NetworkState, document: NetworkXML, call: str) -> Iterator[Network]:
    """The network a document is about, made if there is none, and certain to be in the table while it is held."""
    name, uuid = document.name or "", document.uuid or b""
    while True:
        network = state.networks.obtain(name, uuid, partial(Network, name, uuid, document))
        with ExitStack() as stack:
            try:
                held = stack.enter_context(state.networks.hold(network.ref, call))
            except NoNetworkError:
                continue  # another call has just removed it
            if held is network:
                yield network
                return
