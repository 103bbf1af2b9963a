"""Daemons at a TCP port, in the clear: for networks that are private, or with SASL on top."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import NoConnectError, VirtError
from virtkit_remote.client.transports.transport import Transport, unreachable

if TYPE_CHECKING:
    from virtkit.driver import Authenticate
    from virtkit.uri import URI

REMOTE = ErrorDomain.REMOTE
PORT = 16509


class TCPTransport(Transport):
    """A TCP connection."""

    name = "tcp"


def connect(uri: URI, *, readonly: bool, timeout: float, authenticate: Authenticate | None = None) -> TCPTransport:
    """Connect to the host and port of a URI; the daemon learns from the protocol whether it is read-only."""
    deadline = time.monotonic() + timeout
    return TCPTransport(reach(uri, uri.port or PORT, deadline), f"{uri.host or 'localhost'}:{uri.port or PORT}")


def reach(uri: URI, port: int, deadline: float) -> socket.socket:
    """A TCP connection to the first address of a host that accepts one.

    Args:
        uri: Names the host; none is this one.
        port: Where the daemon listens.
        deadline: When to give up, by the monotonic clock. Each address gets an equal share of what is left.
    """
    host = uri.host or "localhost"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else "it is not a name of a host"
        raise NoConnectError(
            f"cannot open {uri}: {host!r} has no address: {reason}; check the name and the resolver", domain=REMOTE
        ) from cause
    failures: list[tuple[str, OSError]] = []
    for left, (family, _, _, _, address) in zip(range(len(found), 0, -1), found, strict=True):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(max(deadline - time.monotonic(), 0.001) / left)
            sock.connect(address)
        except OSError as cause:
            sock.close()
            failures.append((" port ".join(map(str, address[:2])), cause))
        else:
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return sock
    raise _refused(uri, failures) from failures[-1][1]


def _refused(uri: URI, failures: list[tuple[str, OSError]]) -> VirtError:
    """The error for addresses that were all tried; the last one's decides its kind."""
    *others, (peer, cause) = failures
    neither = "".join(f", nor to {other} ({why.strerror or why})" for other, why in others)
    return unreachable(uri, peer + neither, cause, "check that the daemon listens there and that no filter is between")
