"""Documents of networks that come in: read, checked, and completed with a bridge and its MAC address."""

from __future__ import annotations

import logging
import os
import socket
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.errors import InternalError
from virtkit.store import check_name
from virtkit.xml.network import Bridge
from virtkit_network.network import NETWORK, bridge_name
from virtkit_network.shape import is_behind_host

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from virtkit.xml.network import Network as NetworkXML
    from virtkit_network.network import Network

BRIDGE_NAMES = "virbr%d"
"""What bridges are called whose networks do not say; `%d` is the first free number."""

PREFIX = bytes((0x52, 0x54, 0x00))
"""The first bytes of generated MAC addresses: the guests' and the bridges' of QEMU and libvirt."""

_log = logging.getLogger(__name__)


def read(xml: str, *, validate: bool = False) -> NetworkXML:
    """Read the document of a network, check it and fill in what does not depend on the host.

    Args:
        xml: The document.
        validate: Refuse names nobody knows; otherwise they are kept, and logged as warnings.

    Raises:
        VirtError: As `network_define_xml_flags`.
    """
    from virtkit.define.network import complete
    from virtkit.xml.network import Network as NetworkXML

    document = NetworkXML.parse(xml, validate=validate)
    for notice in document.notices:
        _log.warning("network %r: %s", document.name, notice)
    complete(document)
    check_name(document.name or "", "network", domain=NETWORK)
    check(document)
    return without_counts(document)


def check(document: NetworkXML) -> None:
    """Refuse what no network of this host can be started with; errors as from `read`."""
    from virtkit_network import checks, forwarding
    from virtkit_network.dnsmasq import configuration

    checks.check(document)
    forwarding.read(document)
    nowhere = document.copy()
    nowhere.bridge = Bridge(name=BRIDGE_NAMES.replace("%d", "0"))
    configuration.configuration(nowhere, configuration.Paths.of(Path("/"), Path("/"), "x"))


def without_counts(document: NetworkXML) -> NetworkXML:
    """The document without the numbers of guests that only an active network has; changed in place."""
    document.connections = None
    if document.forward is not None:
        for interface in document.forward.interfaces:
            interface.connections = None
        for address in document.forward.addresses:
            address.connections = None
    return document


def settle(document: NetworkXML, network: Network, others: Iterable[Network]) -> None:
    """Give a network that has a bridge of its own the bridge's name and MAC address, unless it has them.

    Args:
        document: The network; completed in place.
        network: The network that it is of, and whose bridge it keeps if that has one already.
        others: All networks.

    Raises:
        InternalError: The bridge it names is another network's.
    """
    if not is_behind_host(document) or document.bridge is None:
        return
    before = network.config or network.live
    if before is not None and not is_behind_host(before):
        before = None
    taken = {bridge_name(each) for other in others if other is not network for each in other.documents()}
    name = document.bridge.name or (bridge_name(before) if before is not None else None) or BRIDGE_NAMES
    if "%d" in name:
        name = _free(name, {*taken, *_links()})
    elif name in taken:
        raise InternalError(
            f"network {document.name!r} names the bridge {name!r}, which another network has: choose another",
            domain=NETWORK,
        )
    document.bridge.name = name
    document.mac = document.mac or (before.mac if before is not None else None) or _new_mac()


def _free(pattern: str, taken: Collection[str | None]) -> str:
    return next(name for number in count() if (name := pattern.replace("%d", str(number), 1)) not in taken)


def _links() -> set[str]:
    """Names of the host's links, without netlink: a definition needs no privileges and no library."""
    return {name for _, name in socket.if_nameindex()}


def _new_mac() -> str:
    return (PREFIX + os.urandom(3)).hex(":")
