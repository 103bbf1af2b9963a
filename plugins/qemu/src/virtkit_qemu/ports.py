"""TCP ports for graphics servers whose port is left to us."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Set
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.graphics import Graphics

FIRST, LAST = 5900, 65535
"""Ports that are handed out, as by libvirt."""

IN_USE = os.strerror(errno.EADDRINUSE)
"""What QEMU says of a port that somebody else has got meanwhile."""

DEFAULT_LISTEN = "127.0.0.1"


def assign(domain: Domain, taken: Set[int]) -> list[Graphics]:
    """Write a free port and the address to listen on into each VNC server of a live document that lacks them.

    Args:
        domain: The live document.
        taken: Ports of guests that run or are about to: one that has not bound its port yet looks free.

    Returns:
        The servers that got a port.

    Raises:
        InternalError: All are in use.
    """
    chosen: list[Graphics] = []
    for graphics in domain.devices.graphics:
        if graphics.type != "vnc" or graphics.socket or any(item.type == "socket" for item in graphics.listens):
            continue
        address = next((item for item in graphics.listens if item.type == "address"), None)
        if address is not None:
            address.address = address.address or graphics.listen or DEFAULT_LISTEN
            graphics.listen = address.address
        if graphics.port is None or graphics.port < 0:
            graphics.port = free_port(graphics.listen or DEFAULT_LISTEN, taken)
            taken = taken | {graphics.port}
            chosen.append(graphics)
    return chosen


def withdraw(chosen: list[Graphics]) -> set[int]:
    """Take the ports of servers back, so that they get others; returns them."""
    withdrawn = {graphics.port for graphics in chosen if graphics.port is not None}
    for graphics in chosen:
        graphics.port = None
    return withdrawn


def free_port(address: str, taken: Set[int]) -> int:
    """A port on which nobody listens."""
    for port in range(FIRST, LAST + 1):
        if port not in taken and _is_free(address, port):
            return port
    raise InternalError(f"all ports from {FIRST} to {LAST} on {address} are in use", domain=ErrorDomain.QEMU)


def used(domains: Iterable[Domain]) -> frozenset[int]:
    """The ports that live documents name."""
    return frozenset(
        graphics.port for domain in domains for graphics in domain.devices.graphics if graphics.port is not None
    )


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
