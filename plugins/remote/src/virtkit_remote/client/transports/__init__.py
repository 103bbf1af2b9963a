"""How the client reaches a daemon: one connected socket, whichever way the URI names.

    transport = connect(parse("qemu+ssh://root@lab/system"), readonly=False, timeout=10)
    transport.sock.sendall(frame)

A transport knows nothing of frames. `connect` returns once bytes can be sent; a program on the way (ssh) may find
later that it cannot go on: the socket then ends, and `Transport.lost` says why.

| transport | socket | traits |
|---|---|---|
| unix | `socket.socket` | local, passes descriptors |
| tcp | `socket.socket` | anyone on the way can read it |
| tls | `TLSSocket` | encrypted, server and usually client proved by certificates |
| ssh, libssh, libssh2 | one end of a socketpair; the other is standard input and output of `ssh` | encrypted |
| ext | likewise, of a program of the user's | as good as the program |
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit_remote.client.transports.transport import Transport as Transport

if TYPE_CHECKING:
    from virtkit.driver import Authenticate
    from virtkit.uri import URI

MODULES = {
    "unix": "unix",
    "tcp": "tcp",
    "tls": "tls",
    "ssh": "ssh",
    "libssh": "ssh",  # libraries that speak ssh in the caller's process: the program does what they do
    "libssh2": "ssh",
    "ext": "ext",
}
"""Transport of a URI -> module here that serves it, each with a function `connect`; imported when first used."""


def transport_of(uri: URI) -> str:
    """The transport a URI means: the one it names, else tls where it names a host, else unix."""
    return uri.transport or ("tls" if uri.host else "unix")


def connect(uri: URI, *, readonly: bool, timeout: float, authenticate: Authenticate | None = None) -> Transport:
    """Reach the daemon a URI names.

    Args:
        uri: Its path and its parameters `socket`, `mode`, `command`, `netcat`, `keyfile`, `known_hosts` and so on say
            how.
        readonly: Use the daemon's read-only socket where it has one.
        timeout: Seconds until bytes can be sent; names are looked up by the system in its own time.
        authenticate: Asks for the passphrase of an encrypted key (tls). ssh asks by itself, at the terminal or
            through SSH_ASKPASS.

    Raises:
        InvalidArgError: A parameter of the URI is wrong.
        SystemCallError: Nobody listens, or the system refuses; `int1` is the errno.
        NoConnectError: The host has no address.
        OperationTimeoutError: Nobody answered in time.
        AuthFailedError: A certificate or key was refused, ours or theirs.
    """
    name = transport_of(uri)
    if name not in MODULES:
        raise InvalidArgError(
            f"URI {uri}: unknown transport {name!r}; known are {', '.join(MODULES)}", domain=ErrorDomain.REMOTE
        )
    module = import_module(f"{__name__}.{MODULES[name]}")
    transport: Transport = module.connect(uri, readonly=readonly, timeout=timeout, authenticate=authenticate)
    return transport
