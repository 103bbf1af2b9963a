"""Connection URIs: `driver[+transport]://[user@][host][:port]/[path][?parameters]`.

A URI with a transport or a host names a daemon and goes to the `remote` driver; any other opens a driver in this
process. The grammar is libvirt's, facts from its remote protocol.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from virtkit.errors import InternalError, InvalidArgError

FROM_URI = 45
FROM_REMOTE = 13
TRANSPORTS = ("unix", "tls", "tcp", "ssh", "ext", "libssh", "libssh2")
MAX_PORT = 65535
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
PARTS = re.compile(r"([^:/?#]+):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?")  # RFC 3986, appendix B
AUTHORITY = re.compile(r"(?:(.*)@)?(\[[0-9A-Fa-f:.]+(?:%[^\[\]]*)?\]|[^\[\]:@]*)(?::([0-9]{0,5}))?")
PLAIN = re.compile(r"[A-Za-z0-9_.~/-]*")
"""Text that needs no encoding."""


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
        host = f"[{_encoded(self.host, ':')}]" if ":" in self.host else _encoded(self.host, "")
        user = f"{_encoded(self.user, '')}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in self.query)
        return f"{scheme}://{user}{host}{port}{_encoded(self.path)}{'?' if query else ''}{query}"


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
    parts = PARTS.fullmatch(text)
    scheme, authority, path, query = parts.groups("") if parts else ("", "", "", "")
    driver, plus, transport = scheme.lower().partition("+")
    if not SCHEME.fullmatch(driver):
        raise _malformed(text, "it has no scheme")
    place = AUTHORITY.fullmatch(authority)
    user, host, port = place.groups("") if place else ("", "", "")
    if not place or int(port or 0) > MAX_PORT:
        raise _malformed(text, f"{authority!r} is not a host with an optional user and port")
    if plus and transport not in TRANSPORTS:
        raise InvalidArgError(
            f"URI {text!r}: unknown transport {transport!r}; known are {', '.join(TRANSPORTS)}", domain=FROM_REMOTE
        )
    name, zone, interface = host.strip("[]").partition("%")
    host = _decoded(name.lower() + zone + interface)
    if transport == "unix" and host:
        raise InvalidArgError(
            f"URI {text!r}: transport unix reaches this machine only; drop the host {host!r} or use tls, tcp or ssh",
            domain=FROM_REMOTE,
        )
    user = _decoded(user.partition(":")[0])  # behind the colon: a password, which no driver takes from a URI
    return URI(driver, transport, user, host, int(port or 0), _decoded(path), _query(query))


def _query(text: str) -> tuple[tuple[str, str], ...]:
    """Parameters in order; unlike in forms, `+` is a plus (file names have it)."""
    pairs = (pair.partition("=") for pair in re.split("[&;]", text) if pair)
    return tuple((_decoded(key), _decoded(value)) for key, _, value in pairs)


def _decoded(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote  # 5 ms that few URIs cost

    return unquote(text)


def _encoded(text: str, safe: str = "/") -> str:
    if PLAIN.fullmatch(text) and (safe == "/" or "/" not in text):
        return text
    from urllib.parse import quote

    return quote(text, safe=safe)


def _malformed(text: str, reason: str) -> InternalError:
    shown = text if len(text) <= 200 else f"{text[:200]}..."
    return InternalError(
        f"{shown!r} is not a connection URI: {reason}; write one like qemu:///system or test:///default",
        domain=FROM_URI,
    )
