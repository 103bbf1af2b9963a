"""Ports of virtual networks that interfaces of guests are plugged into: claimed, claimed again, given back.

While a guest runs its document says what the port told: `<source network= portid= bridge=>`, and where the network has
no bridge of its own the type of the interface becomes `bridge` or `direct`, as in libvirt. `unsettle` takes that back.
"""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any, NoReturn

from virtkit.define.devices import drop_port
from virtkit.enums import ErrorDomain, NetworkPortCreateFlags
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    NoNetworkError,
    NoNetworkPortError,
    NotSupportedError,
    OperationInvalidError,
)
from virtkit.network.ownership import mac_of
from virtkit.refs import NetworkPortRef

if TYPE_CHECKING:
    from virtkit.network.ownership import Owner, Peers
    from virtkit.params import TypedParams
    from virtkit.xml.domain.devices.interface import Interface
    from virtkit.xml.networkport import NetworkPort

SETTINGS = {"bandwidth": "bandwidth", "vlan": "vlan", "virtual_port": "virtualport", "port_isolated": "port_isolated"}
"""What a port says of an interface beside its plug: what the interface asked for, else its port group."""

_log = logging.getLogger(__name__)


def names_network(interface: Interface) -> bool:
    """Whether an interface is plugged into a virtual network, also while it is shown as what it became."""
    return bool(interface.source and interface.source.network)


def number(interface: Interface) -> None:
    """Choose the UUID of the port that an interface will ask for, so that it can be on record before it exists."""
    if interface.type == "network" and interface.source is not None:
        interface.source.portid = str(uuid.uuid4())


def claim(peers: Peers, owner: Owner, interface: Interface) -> None:
    """Create the port of an interface, and write into the interface what it is plugged into.

    Args:
        peers: Functions of the network driver.
        owner: Whose interface it is.
        interface: One of type `network` that has its number; changed in place.

    Raises:
        NoNetworkError: There is no such network.
        OperationInvalidError: It is not active.
        ConfigUnsupportedError: No network driver is installed, or the network hands out what no interface can use.
        VirtError: The network driver refuses.
    """
    network = _lookup(peers, owner, interface)
    name = _network_of(interface)
    try:
        port = peers["network_port_create_xml"](network, _asked(owner, interface).format(), 0)
    except NotSupportedError as error:
        _missing(owner, interface, error)
    except OperationInvalidError as error:
        raise OperationInvalidError(
            f"{owner.about(interface)}: {error.message}; start the network with `virtkit net-start {name}`",
            domain=ErrorDomain.NETWORK,
        ) from error
    _settle(owner, interface, _described(peers, port))


def reclaim(peers: Peers, owner: Owner, interface: Interface) -> None:
    """Have the network know the port of an interface again, if it does not.

    Raises:
        VirtError: As `claim`.
    """
    network = _lookup(peers, owner, interface)
    try:
        _described(peers, NetworkPortRef(network, _number_of(interface)))
    except NoNetworkPortError:
        port = _asked(owner, interface)
        port.plug = _plug(interface)
        peers["network_port_create_xml"](network, port.format(), NetworkPortCreateFlags.RECLAIM)


def limit(peers: Peers, interface: Interface, params: TypedParams) -> None:
    """Tell the network of new limits of an interface, if it is plugged into one.

    Raises:
        VirtError: The network driver refuses, as when it cannot guarantee a floor.
    """
    if names_network(interface):
        network = peers["network_lookup_by_name"](_network_of(interface))
        peers["network_port_set_parameters"](NetworkPortRef(network, _number_of(interface)), params, 0)


def release(peers: Peers, interface: Interface) -> None:
    """Give the port of an interface back; one that is gone is no error."""
    if not names_network(interface) or interface.source is None or not interface.source.portid:
        return
    try:
        network = peers["network_lookup_by_name"](_network_of(interface))
        peers["network_port_delete"](NetworkPortRef(network, _number_of(interface)), 0)
    except (NoNetworkError, NoNetworkPortError, NotSupportedError) as error:
        _log.debug("the port of interface %s is gone already: %s", mac_of(interface), error)


def unsettle(interface: Interface) -> None:
    """Make an interface again what it was before its guest started."""
    if names_network(interface):
        interface.type = "network"
        drop_port(interface)


def _lookup(peers: Peers, owner: Owner, interface: Interface) -> Any:
    name = _network_of(interface)
    try:
        return peers["network_lookup_by_name"](name)
    except NotSupportedError as error:
        _missing(owner, interface, error)
    except NoNetworkError as error:
        raise NoNetworkError(
            f"{owner.about(interface)} is plugged into network {name!r}, which does not exist: define the network, or "
            "correct the definition of the domain",
            domain=ErrorDomain.NETWORK,
        ) from error


def _missing(owner: Owner, interface: Interface, error: NotSupportedError) -> NoReturn:
    raise ConfigUnsupportedError(
        f"{owner.about(interface)} is plugged into network {_network_of(interface)!r}, and no network driver is "
        "installed: pip install virtkit-network",
        domain=owner.driver,
    ) from error


def _network_of(interface: Interface) -> str:
    return (interface.source.network if interface.source else None) or ""


def _number_of(interface: Interface) -> bytes:
    return uuid.UUID((interface.source.portid if interface.source else None) or "").bytes


def _described(peers: Peers, port: NetworkPortRef) -> NetworkPort:
    from virtkit.xml.networkport import NetworkPort

    return NetworkPort.parse(peers["network_port_get_xml_desc"](port, 0))


def _asked(owner: Owner, interface: Interface) -> NetworkPort:
    """The document that asks for a port."""
    from virtkit.xml import networkport

    return networkport.NetworkPort(
        uuid=_number_of(interface),
        owner=networkport.Owner(name=owner.name, uuid=owner.uuid),
        group=interface.source.portgroup if interface.source else None,
        mac=mac_of(interface),
        virtual_port=interface.virtualport,
        bandwidth=interface.bandwidth,
        vlan=interface.vlan,
        port_isolated=interface.port_isolated,
        trust_guest=interface.trust_guest_rx_filters,
    )


def _plug(interface: Interface) -> Any:
    """How an interface that runs is plugged in, as its port says it."""
    from virtkit.xml.networkport import Plug

    source = interface.source
    assert source is not None
    return Plug(
        type=interface.type,
        bridge=source.bridge,
        dev=source.dev,
        mode=source.mode,
        mac_table_manager=source.mac_table_manager,
    )


def _settle(owner: Owner, interface: Interface, port: NetworkPort) -> None:
    plug, source = port.plug, interface.source
    assert source is not None
    if plug is None or plug.type not in ("network", "bridge", "direct"):
        kind = plug.type if plug else None
        error = InternalError if kind in (None, "none") else ConfigUnsupportedError
        raise error(
            f"{owner.about(interface)} is plugged into network {_network_of(interface)!r}, whose port is of type "
            f"{kind}, which is not supported: use a network with a bridge",
            domain=owner.driver,
        )
    interface.type = plug.type
    source.bridge, source.dev, source.mode = plug.bridge, plug.dev, plug.mode
    source.mac_table_manager = plug.mac_table_manager
    for there, here in SETTINGS.items():
        found = getattr(port, there)
        if found is not None:
            setattr(interface, here, found)
    if interface.bandwidth is not None:
        interface.bandwidth.class_id = None  # it is the network's
