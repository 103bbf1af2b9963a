"""Daemons at a TLS port: both sides show certificates.

After the handshake the server sends one byte, `ACCEPTED`, inside TLS: only then has it looked at our certificate.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.driver import Credential
from virtkit.enums import ConnectCredentialType, ErrorDomain
from virtkit.errors import AuthFailedError, ConfigUnsupportedError, VirtError
from virtkit_remote import certificates
from virtkit_remote.certificates import CertificateFiles, Passphrase
from virtkit_remote.client.transports.tcp import reach
from virtkit_remote.client.transports.transport import Transport, unreachable

if TYPE_CHECKING:
    from virtkit.driver import Authenticate
    from virtkit.uri import URI

REMOTE = ErrorDomain.REMOTE
PORT = 16514
ACCEPTED = b"\1"
RECORD = 16384
"""Bytes of a TLS record: what is encrypted under one hold of the lock."""


class TLSSocket:
    """A TLS connection that several threads use at once, with the methods of a socket that a stream needs.

    OpenSSL's state of a connection must not be touched by two threads at a time, and CPython sees to that only from
    3.13 on, where one thread that waits for data keeps all others from sending. Here the socket never blocks: every
    step into OpenSSL happens under a lock, and waiting for the network outside of it.

    What OpenSSL has decrypted ahead is invisible to `select`: call `recv` rather than wait for `fileno` to be
    readable, or ask `pending` first.
    """

    def __init__(self, connection: ssl.SSLSocket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._state = threading.Lock()
        self._sending = threading.Lock()  # a send that had to wait is repeated before another begins
        self._timeout: float | None = None

    def recv(self, limit: int) -> bytes:
        """Up to `limit` bytes, as soon as there are any; empty at the end of the stream.

        Raises:
            TimeoutError: None came within the timeout.
            OSError: The connection broke, or was closed on this side.
        """
        deadline = self._deadline()
        while True:
            with self._state:
                try:
                    return self._connection.recv(limit)
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""
                except ssl.SSLWantReadError:
                    events = select.POLLIN
                except ssl.SSLWantWriteError:
                    events = select.POLLOUT
            self._wait(events, deadline)

    def sendall(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of `data`; two threads that do so take turns, the whole of one after the other.

        Raises:
            TimeoutError: The other side did not take it within the timeout; how much it took is unknown.
            OSError: The connection broke, or was closed on this side.
        """
        deadline = self._deadline()
        rest = memoryview(data).cast("B")
        with self._sending:
            while rest:
                rest = rest[self._send(rest[:RECORD], deadline) :]

    def try_recv(self, limit: int) -> bytes:
        """Up to `limit` bytes that are there, and what OpenSSL has decrypted with them; empty at the end of the stream.

        Raises:
            BlockingIOError: There are none yet.
            OSError: The connection broke.
        """
        with self._state:
            try:
                data = self._connection.recv(limit)
                while self._connection.pending():
                    data += self._connection.recv(limit)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
        return data

    def try_send(self, data: memoryview) -> int:
        """Send what there is room for; how many bytes it was. What was refused is to be offered again, and first.

        Raises:
            BlockingIOError: There is no room now.
            OSError: The connection broke.
        """
        with self._state:
            try:
                return self._connection.send(data[:RECORD])
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None

    def pending(self) -> int:
        """Bytes that `recv` would return without looking at the network."""
        with self._state:
            return self._connection.pending()

    def fileno(self) -> int:
        """The descriptor of the connection; -1 once it is closed."""
        return self._connection.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Bound each following `recv` and `sendall`; None: they wait for ever, as at first."""
        self._timeout = seconds

    def shutdown(self, how: int) -> None:
        """Stop the stream below TLS, which wakes whoever waits for it."""
        # Not the connection's own method: that forgets OpenSSL's state while others use it.
        socket.socket.shutdown(self._connection, how)

    def close(self) -> None:
        """Release the connection."""
        with self._state:
            self._connection.close()

    def getpeercert(self) -> dict[str, object]:
        """The server's certificate as `ssl` decodes it; empty if it was not verified."""
        return dict(self._connection.getpeercert() or {})

    def cipher_bits(self) -> int:
        """Strength of the cipher in bits, which SASL takes for its external security layer."""
        cipher = self._connection.cipher()
        return cipher[2] if cipher else 0

    def _send(self, part: memoryview, deadline: float | None) -> int:
        while True:
            with self._state:
                try:
                    return self._connection.send(part)
                except ssl.SSLWantWriteError:
                    events = select.POLLOUT
                except ssl.SSLWantReadError:
                    events = select.POLLIN
            self._wait(events, deadline)

    def _deadline(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _wait(self, events: int, deadline: float | None) -> None:
        file = self.fileno()
        if file < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        poll = select.poll()
        poll.register(file, events)
        left = None if deadline is None else max(deadline - time.monotonic(), 0) * 1000
        if not poll.poll(left):
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


class TLSTransport(Transport):
    """A TLS connection to a server that has accepted us."""

    name = "tls"
    secure = True
    encrypted = True


def connect(uri: URI, *, readonly: bool, timeout: float, authenticate: Authenticate | None = None) -> TLSTransport:
    """Connect to the host and port of a URI, prove who we are and have the server prove who it is."""
    deadline = time.monotonic() + timeout
    if uri.parameter("tls_priority"):
        raise ConfigUnsupportedError(
            f"URI {uri}: tls_priority is GnuTLS's language, not spoken here; leave it out (TLS 1.2 is the least)",
            domain=REMOTE,
        )
    files, context = _credentials(uri, authenticate)
    peer = f"{uri.host or 'localhost'}:{uri.port or PORT}"
    sock = reach(uri, uri.port or PORT, deadline)
    try:
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        connection = context.wrap_socket(sock, server_hostname=_name(uri))
        sock = connection  # it has taken the descriptor over
        if connection.recv(len(ACCEPTED)) != ACCEPTED:
            raise _not_accepted(uri, peer, files, "it ended the connection after the handshake")
    except VirtError:
        sock.close()
        raise
    except ssl.SSLError as cause:
        sock.close()
        raise _failed(uri, peer, files, cause) from cause
    except ConnectionError as cause:
        sock.close()
        raise _not_accepted(uri, peer, files, "it cut the connection") from cause
    except OSError as cause:
        sock.close()
        raise unreachable(uri, peer, cause, "check that it is a daemon's TLS port") from cause
    return TLSTransport(TLSSocket(connection), peer)


def _credentials(uri: URI, authenticate: Authenticate | None) -> tuple[CertificateFiles, ssl.SSLContext]:
    home = None if os.geteuid() == 0 else Path(os.path.expanduser("~"))
    files = certificates.locate("client", folder=uri.parameter("pkipath"), home=home)
    context = certificates.client_context(
        files,
        verify=uri.parameter("no_verify", "0") == "0",
        check=uri.parameter("no_sanity", "0") == "0",
        passphrase=_passphrase(authenticate),
    )
    return files, context


def _passphrase(authenticate: Authenticate | None) -> Passphrase | None:
    return partial(_asked, authenticate) if authenticate else None


def _asked(authenticate: Authenticate, key: Path) -> str | None:
    question = Credential(ConnectCredentialType.NOECHOPROMPT, f"Passphrase of {key}", challenge=str(key))
    answers = authenticate([question])
    return answers[0] if answers else None


def _name(uri: URI) -> str:
    """What the server's certificate has to be for."""
    return uri.host.partition("%")[0] or "localhost"  # without the interface of a link-local address


def _failed(uri: URI, peer: str, files: CertificateFiles, cause: ssl.SSLError) -> VirtError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        finding = certificates.describe(cause, files, "server")
        return AuthFailedError(f"cannot open {uri}: the certificate of {peer} {finding}", domain=REMOTE)
    if "ALERT" in (cause.reason or "") or isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _not_accepted(uri, peer, files, f"it said {cause.reason or 'nothing'}")
    return AuthFailedError(
        f"cannot open {uri}: TLS with {peer} failed: {cause.reason or cause}; check that it is a daemon's TLS port",
        domain=REMOTE,
    )


def _not_accepted(uri: URI, peer: str, files: CertificateFiles, reason: str) -> VirtError:
    shown = f"we showed {files.certificate}" if files.certificate else "we have no certificate to show"
    return AuthFailedError(
        f"cannot open {uri}: {peer} does not accept this client ({reason}); {shown}: "
        "use one that the server's authority signed, its log says more",
        domain=REMOTE,
    )
