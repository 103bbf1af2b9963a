"""Connection URIs: `driver[+transport]://[user@][host][:port]/[path][?parameters]`.

A URI with a transport or a host names a daemon and goes to the `remote` driver; any other opens a driver in this
process. The grammar is libvirt's, facts from its remote protocol.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

from virtkit.errors import InternalError, InvalidArgError

FROM_URI = 45
FROM_REMOTE = 13
TRANSPORTS = ("unix", "tls", "tcp", "ssh", "ext", "libssh", "libssh2")
MAX_LENGTH = 8192  # far above any real URI; keeps a hostile one from costing time

CLIENT_PARAMETERS = frozenset(
    {
        "name", "command", "socket", "auth", "sshauth", "netcat", "keyfile", "pkipath", "known_hosts",
        "known_hosts_verify", "tls_priority", "mode", "proxy", "no_sanity", "no_verify", "no_tty", "authfile",
    }
)  # fmt: skip
"""Parameters the connecting side consumes; all others travel to the driver."""

ALIAS = re.compile(r"[A-Za-z0-9_-]+")
SCHEME = re.compile(r"[a-z][a-z0-9.-]*")


class URI(NamedTuple):
    """A parsed connection URI.

    Attributes:
        driver: Name of the driver, or `remote` where the daemon chooses.
        transport: One of `TRANSPORTS`, lower case; empty where none was written.
        user: Login at the host; empty if none.
        host: Name or address without brackets; empty for this machine.
        port: TCP port; 0 if none was written.
        path: As written, decoded; `/system`, `/session`, `/default`, a file, or empty.
        query: Parameters in order, decoded.
    """

    driver: str
    transport: str = ""
    user: str = ""
    host: str = ""
    port: int = 0
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()

    @property
    def is_remote(self) -> bool:
        """Whether a daemon is meant rather than a driver in this process."""
        return bool(self.transport or self.host)

    def parameter(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return next((value for key, value in self.query if key == name), default)

    def for_server(self) -> str:
        """The name a client sends to the daemon: without transport, host and the parameters it consumed."""
        given = self.parameter("name")
        if given:
            return given
        if self.driver == "remote":
            return ""
        kept = tuple((key, value) for key, value in self.query if key not in CLIENT_PARAMETERS)
        return str(URI(self.driver, path=self.path, query=kept))

    def __str__(self) -> str:
        scheme = f"{self.driver}+{self.transport}" if self.transport else self.driver
        host = f"[{quote(self.host, safe=':')}]" if ":" in self.host else quote(self.host, safe="")
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        query = f"?{urlencode(self.query, safe='/', quote_via=quote)}" if self.query else ""
        return f"{scheme}://{user}{host}{port}{quote(self.path)}{query}"


def is_alias(text: str) -> bool:
    """Whether a text can be an alias of the configuration rather than a URI."""
    return ALIAS.fullmatch(text) is not None


def parse(text: str) -> URI:
    """Read a URI.

    Raises:
        InternalError: It is not a URI.
        InvalidArgError: Its transport is unknown, or the transport does not go with its host.
    """
    if len(text) > MAX_LENGTH or re.search(r"[\x00-\x20]", text):
        raise _malformed(text, "it is too long or holds blanks or control characters")
    try:
        parts = urlsplit(text)
        port = parts.port or 0
    except ValueError as cause:
        raise _malformed(text, str(cause)) from cause
    driver, _, transport = parts.scheme.lower().partition("+")
    if not SCHEME.fullmatch(driver):
        raise _malformed(text, "it has no scheme")
    if "+" in parts.scheme and transport not in TRANSPORTS:
        raise InvalidArgError(
            f"URI {text!r}: unknown transport {transport!r}; known are {', '.join(TRANSPORTS)}", domain=FROM_REMOTE
        )
    host = unquote(parts.hostname or "")
    if transport == "unix" and host:
        raise InvalidArgError(
            f"URI {text!r}: transport unix reaches this machine only; drop the host {host!r} or use tls, tcp or ssh",
            domain=FROM_REMOTE,
        )
    return URI(driver, transport, unquote(parts.username or ""), host, port, unquote(parts.path), _query(parts.query))


def _query(text: str) -> tuple[tuple[str, str], ...]:
    """Parameters in order; unlike in forms, `+` is a plus (file names have it)."""
    pairs = (pair.partition("=") for pair in re.split("[&;]", text) if pair)
    return tuple((unquote(key), unquote(value)) for key, _, value in pairs)


def _malformed(text: str, reason: str) -> InternalError:
    shown = text if len(text) <= 200 else f"{text[:200]}..."
    return InternalError(
        f"{shown!r} is not a connection URI: {reason}; write one like qemu:///system or test:///default",
        domain=FROM_URI,
    )
