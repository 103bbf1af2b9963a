"""What every transport is to the rest of the client: a socket, what it may be trusted with, and how it ends."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationTimeoutError, SystemCallError, VirtError

if TYPE_CHECKING:
    from virtkit.uri import URI
    from virtkit_remote.client.transports.tls import TLSSocket

REMOTE = ErrorDomain.REMOTE


class Transport:
    """A way to a daemon.

    One thread may receive from `sock` while others send: on a plain socket the kernel sees to it, a `TLSSocket` itself.
    Two that send at once must agree on whose frame goes first.

    Attributes:
        name: unix, tcp, tls, ssh or ext.
        secure: Nobody on the way can read or change what is sent.
        encrypted: It leaves this process encrypted.
        passes_fds: File descriptors can be sent along: `sock` has `sendmsg` and `recvmsg`.
        sock: Connected and blocking, without a timeout.
        peer: The other side in words, for messages: "libvirtd's socket /run/libvirt/libvirt-sock".
    """

    name: ClassVar[str]
    secure: ClassVar[bool] = False
    encrypted: ClassVar[bool] = False
    passes_fds: ClassVar[bool] = False

    def __init__(self, sock: socket.socket | TLSSocket, peer: str) -> None:
        self.sock = sock
        self.peer = peer

    def interrupt(self) -> None:
        """Wake every thread that receives or sends: it sees the end of the stream, or an `OSError`."""
        with suppress(OSError):  # the other side was quicker
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket, and of the program behind it; any number of times, from any thread."""
        self.interrupt()
        self.sock.close()

    def why(self) -> str:
        """What is known of why the connection ended, beyond that it did; empty: nothing."""
        return ""

    def lost(self) -> VirtError:
        """The error for a connection that the other side ended. To be asked for before `close`."""
        reason = self.why() or "its log tells why"
        return SystemCallError(
            f"{self.peer} ended the connection: {reason}; open a new one", domain=REMOTE, int1=errno.ECONNRESET
        )


def unreachable(uri: URI, peer: str, cause: OSError, step: str) -> VirtError:
    """The error for a daemon that cannot be connected to.

    Args:
        uri: What the caller wanted to open.
        peer: What was tried, in words.
        cause: What the system said.
        step: What the caller can do, as an imperative.
    """
    if isinstance(cause, TimeoutError | BlockingIOError):
        return OperationTimeoutError(f"cannot open {uri}: {peer} does not answer in time; {step}", domain=REMOTE)
    reason = cause.strerror or str(cause)
    return SystemCallError(
        f"cannot open {uri}: cannot connect to {peer}: {reason}; {step}", domain=REMOTE, int1=cause.errno or -1
    )
