"""TLS of a link: bytes in, bytes out."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from virtkit.enums import ErrorDomain
from virtkit.errors import RPCError
from virtkit_remote.daemon.link import CHUNK


class Encryption:
    """The server's side of TLS without a socket. Not thread-safe: the link calls it with its lock held."""

    def __init__(self, context: ssl.SSLContext, on_secured: Callable[[ssl.SSLObject], object]) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._established = False
        self._on_secured = on_secured
        self.object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def encrypt(self, data: bytes) -> bytes:
        """Some bytes as they go over the wire."""
        self.object.write(data)
        return self._outgoing.read()

    def answer(self) -> bytes:
        """What TLS itself has to send."""
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """The plain bytes in what came over the wire.

        Raises:
            EOFError: The other end said goodbye.
            VirtError: The handshake failed, the bytes are no TLS, or the client is refused.
        """
        self._incoming.write(data)
        plain = []
        try:
            if not self._established:
                self.object.do_handshake()
                self._on_secured(self.object)
                self._established = True
                self.object.write(b"\1")  # libvirt's servers say so that they have accepted the certificate
            while piece := self.object.read(CHUNK):
                plain.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError as error:
            raise EOFError from error
        except ssl.SSLError as error:
            raise RPCError(str(error), domain=ErrorDomain.RPC) from error
        return b"".join(plain)
