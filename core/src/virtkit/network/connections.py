"""Connections that the kernel remembers, and with them what it has put in place of their addresses.

Rules of nat are asked once for each connection. A client of UDP that goes on from the same port stays with the answer,
whatever the rules say by now: to change where a port leads, connections to it have to be forgotten.

This acts in the network namespace of the thread that calls. pyroute2 is imported by the first call.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.network.links import Links

PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}

IPS_SEEN_REPLY, IPS_DST_NAT = 0x2, 0x20
"""Of a connection's status: somebody has answered, its destination was changed; from nf_conntrack_common.h."""

FAMILIES = {socket.AF_INET: "V4", socket.AF_INET6: "V6"}


class Ports(NamedTuple):
    """Ports of the host.

    Attributes:
        proto: `tcp` or `udp`.
        address: An address of the host; None: any.
        first: The first port.
        last: The last port.
    """

    proto: str
    address: str | None
    first: int
    last: int


class _Ends(NamedTuple):
    """Where a connection comes from and goes to, as its first packet says."""

    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int


def forget(ports: Iterable[Ports]) -> int:
    """Forget connections to ports of the host that were sent elsewhere, and those that nobody has answered.

    What a program of the host itself has answered goes on.

    Returns:
        How many were forgotten.

    Raises:
        ConfigUnsupportedError: pyroute2 is not installed, or the kernel tells nothing about connections.
        InternalError: It may not be changed.
    """
    wanted = list(ports)
    if not wanted:
        return 0
    with Links() as links:
        own = {message.get_attr("IFA_ADDRESS") for message in links.socket.get_addr()}
    return sum(_forget(family, wanted, own) for family in FAMILIES)


def _forget(family: socket.AddressFamily, ports: list[Ports], own: set[str]) -> int:
    from pyroute2.netlink.exceptions import NetlinkError
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

    forgotten = 0
    try:
        with NFCTSocket(nfgen_family=family) as talk:
            found = [_ends(message, family) for message in talk.dump() if _is_ours_to_forget(message)]
            for ends in found:
                if ends is not None and ends.destination in own and any(_is_to(ends, each) for each in ports):
                    forgotten += _delete(talk, NFCTAttrTuple(family, *ends))
    except (NetlinkError, OSError) as error:
        number = getattr(error, "code", None) or getattr(error, "errno", None)
        if number in (errno.EPROTONOSUPPORT, errno.EINVAL):
            raise ConfigUnsupportedError("this host's kernel lacks nf_conntrack_netlink: connections stay") from error
        raise InternalError(f"cannot forget connections: {error}") from error
    return forgotten


def _delete(talk: Any, ends: Any) -> int:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        talk.entry("del", tuple_orig=ends)
    except NetlinkError as error:
        if error.code == errno.ENOENT:  # it has just ended by itself
            return 0
        raise
    return 1


def _is_ours_to_forget(message: Any) -> bool:
    status = message.get_attr("CTA_STATUS") or 0
    return bool(status & IPS_DST_NAT) or not status & IPS_SEEN_REPLY


def _is_to(ends: _Ends, ports: Ports) -> bool:
    return (
        ends.protocol == PROTOCOLS[ports.proto]
        and ports.first <= ends.destination_port <= ports.last
        and ports.address in (None, ends.destination)
    )


def _ends(message: Any, family: socket.AddressFamily) -> _Ends | None:
    """The ends of a connection; None: it has no ports."""
    origin = message.get_attr("CTA_TUPLE_ORIG")
    addresses, protocol = origin.get_attr("CTA_TUPLE_IP"), origin.get_attr("CTA_TUPLE_PROTO")
    number = protocol.get_attr("CTA_PROTO_NUM")
    if number not in PROTOCOLS.values():
        return None
    return _Ends(
        addresses.get_attr(f"CTA_IP_{FAMILIES[family]}_SRC"),
        addresses.get_attr(f"CTA_IP_{FAMILIES[family]}_DST"),
        number,
        protocol.get_attr("CTA_PROTO_SRC_PORT"),
        protocol.get_attr("CTA_PROTO_DST_PORT"),
    )
