"""The server: it accepts clients, within limits, and serves them until it is told to stop."""

from __future__ import annotations

import fnmatch
import logging
import os
import re
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError
from virtkit_remote.daemon.client import Client
from virtkit_remote.daemon.config import Config
from virtkit_remote.daemon.identity import identity_of
from virtkit_remote.daemon.link import Link
from virtkit_remote.daemon.loop import READ, Loop, Timer
from virtkit_remote.daemon.places import Places
from virtkit_remote.daemon.rules import Rules
from virtkit_remote.daemon.service import Service, renewed
from virtkit_remote.daemon.workers import Workers

if TYPE_CHECKING:
    import ssl

ACCEPTED_AT_ONCE = 64
"""Connections accepted before those that are there get their turn."""

PAUSE_SECONDS = 1.0
"""How long nobody is accepted after the machine ran out of descriptors."""

STOP_SECONDS = 20.0
"""How long running calls may take to end when the daemon stops."""

CLOSE_SECONDS = 5.0
"""How long clients may take to read the last answers, and drivers to close."""

ANONYMOUS_BYTES = 1 << 19
"""Bytes of a message before authentication: what the longest step of SASL takes, twice."""

_log = logging.getLogger(__name__)


@attrs.define
class Limits:
    """What may change while the server runs; the names are those of the configuration."""

    clients: int
    anonymous_clients: int
    client_requests: int
    message_bytes: int
    auth_seconds: int
    keepalive_interval: int
    keepalive_count: int

    @classmethod
    def of(cls, config: Config) -> Limits:
        """The limits of a configuration."""
        known = {field.name for field in attrs.fields(cls)}
        given = {name: value for name, value in attrs.asdict(config.limits).items() if name in known}
        return cls(**given, keepalive_interval=config.keepalive.interval, keepalive_count=config.keepalive.count)


class Server:
    """All clients of a daemon.

    Attributes:
        clients: Those that are connected, by number.
        limits: The limits in force.
        admin_limits: How many clients the administration of the daemon may have; the rest of them is in `limits`.
        rules: What is asked before calls and written after them.
        started: When it began, in seconds since 1970.
        residing: Set once what the daemon keeps open itself is (`Residents.opened`); None: it keeps nothing open.
    """

    def __init__(self, config: Config, places: Places, services: list[Service], rules: Rules) -> None:
        self.config = config
        self.places = places
        self.services = services
        self.rules = rules
        self.limits = Limits.of(config)
        self.admin_limits = Limits.of(config)
        self.loop = Loop()
        self.workers = Workers(config.limits.workers)
        self.clients: dict[int, Client] = {}
        self.started = time.time()
        self.residing: threading.Event | None = None
        self._next_number = 1
        self._here: dict[bool, set[int]] = {False: set(), True: set()}
        self._anonymous: dict[bool, set[int]] = {False: set(), True: set()}
        self._stopping = False
        self._left = threading.Event()
        self._idle_seconds = 0
        self._idle: Timer | None = None

    @property
    def root(self) -> str | None:
        """The folder in place of the system's and the session's; None for these."""
        return self.places.root

    def clients_of(self, *, admin: bool) -> list[Client]:
        """The clients that administer the daemon, or those that do not: each kind has limits of its own."""
        return [client for client in list(self.clients.values()) if client.service.admin == admin]

    def run(self) -> None:
        """Serve until `stop`."""
        for service in self.services:
            self._listen(service)
        self.loop.run()
        self._end()

    def stop(self) -> None:
        """Accept nobody any more, let running calls end, and return from `run`; guests stay."""
        if self._stopping:
            return
        self._stopping = True
        _log.info("stopping: %d clients, %d calls under way", len(self.clients), self.workers.unfinished)
        for service in self.services:
            self.loop.forget(service.listener.fileno())
        for client in list(self.clients.values()):
            client.link.pause(self)  # nobody's calls are taken any more
        threading.Thread(target=self._finish, name="virtkitd-stop", daemon=True).start()

    def _finish(self) -> None:
        """Let calls end and their answers be sent, while the loop still runs."""
        if not self.workers.drain(STOP_SECONDS):
            _log.warning("%d calls have not ended in time; they are left", self.workers.unfinished)
        for client in list(self.clients.values()):
            client.link.close()
        if self.clients:
            self._left.wait(CLOSE_SECONDS)
        self.loop.stop()

    def reload(self, config: Config) -> None:
        """Take over a changed configuration; clients that are connected stay.

        Raises:
            VirtError: A certificate is of no use; everything stays as it was.
        """
        self._replace([renewed(service, config, self.places) for service in self.services])
        self.config = config
        self.limits = Limits.of(config)
        self.admin_limits = Limits.of(config)
        self.workers.resize(0, config.limits.workers)
        for client in list(self.clients.values()):
            self.loop.call_soon(client.rebind)

    def renew_certificates(self) -> bool:
        """Read the files of TLS again, for clients to come; False where the daemon does not listen for it.

        Raises:
            VirtError: One is of no use; everything stays as it was.
        """
        self._replace([
            service if service.tls is None else renewed(service, self.config, self.places) for service in self.services
        ])  # fmt: skip
        return any(service.tls is not None for service in self.services)

    def _replace(self, services: list[Service]) -> None:
        """Go on with services of the same sockets."""
        for service in services:
            self.loop.forget(service.listener.fileno())
            self._listen(service)
        self.services = services

    def settled(self, client: Client) -> None:
        """A client has proved who it is, and may send longer messages."""
        self._anonymous[client.service.admin].discard(client.number)
        client.link.take_bytes(self.limits.message_bytes + 4)
        if client.deadline is not None:
            client.deadline.cancel()
        _log.debug("%s is let in through %s", client, client.service.name)

    def forget(self, client: Client) -> None:
        """A client is gone."""
        self.clients.pop(client.number, None)
        self._here[client.service.admin].discard(client.number)
        self._anonymous[client.service.admin].discard(client.number)
        if client.deadline is not None:
            client.deadline.cancel()
        if self._stopping and not self.clients:
            self._left.set()
        if self._idle_seconds and not self.clients:
            self.loop.call_soon(self._await_clients)

    def stop_when_idle(self, seconds: int) -> None:
        """Stop once nobody has been connected for so long; 0: never. Called on the loop's thread."""
        self._idle_seconds = seconds
        self._await_clients()

    def _await_clients(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._idle_seconds and not self.clients:
            self._idle = self.loop.call_later(self._idle_seconds, self._stop_idle)

    def _stop_idle(self) -> None:
        if not self.clients:
            _log.info("nobody has been connected for %d seconds", self._idle_seconds)
            self.stop()

    def _listen(self, service: Service) -> None:
        service.listener.setblocking(False)
        self.loop.watch(service.listener.fileno(), lambda events: self._accept(service))

    def _accept(self, service: Service) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, _address = service.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._pause(service, error)
                return
            self._take_in(service, sock)

    def _pause(self, service: Service, error: OSError) -> None:
        """Accept nobody for a while: the machine has no more descriptors or memory, and would be asked at once."""
        _log.error("nobody can be accepted through %s: %s", service.name, error.strerror)
        listener = service.listener.fileno()
        self.loop.change(listener, 0)
        self.loop.call_later(PAUSE_SECONDS, lambda: self.loop.change(listener, READ))

    def _take_in(self, service: Service, sock: socket.socket) -> None:
        try:
            identity = identity_of(sock, service.transport)
        except OSError:  # gone already
            sock.close()
            return
        refused = self._full(service)
        if refused:
            _log.warning("%s is refused at %s: %s", identity, service.name, refused)
            sock.close()
            return
        client = Client(self._next_number, self, service, identity, time.time())
        self._next_number += 1
        client.link = Link(
            sock,
            self.loop,
            limit=min(self.limits.message_bytes, ANONYMOUS_BYTES) + 4,
            on_messages=client.receive,
            on_closed=client.closed,
            tls=service.tls,
            on_secured=lambda tls: self._identify(client, tls),
        )
        self.clients[client.number] = client
        self._here[service.admin].add(client.number)
        self._anonymous[service.admin].add(client.number)
        if service.transport != "unix":
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.deadline = self.loop.call_later(self.limits.auth_seconds, lambda: self._check_settled(client))
        client.link.start()

    def _full(self, service: Service) -> str:
        """Why nobody can come in there now; empty where somebody can."""
        limits = self.admin_limits if service.admin else self.limits
        clients, anonymous = len(self._here[service.admin]), len(self._anonymous[service.admin])
        if clients >= limits.clients:
            return f"there are {clients} clients, as many as limits.clients allows"
        if limits.anonymous_clients and anonymous >= limits.anonymous_clients:
            return f"{anonymous} clients have not proved who they are: limits.anonymous_clients allows no more"
        return ""

    def _check_settled(self, client: Client) -> None:
        if not client.settled and not client.link.closed:
            client.link.cut(f"it did not prove who it is within {self.limits.auth_seconds} seconds")

    @staticmethod
    def _identify(client: Client, tls: ssl.SSLObject) -> None:
        """Take a client's name from its certificate, and refuse names that are not allowed."""
        certificate = tls.getpeercert() or {}
        name = distinguished_name(certificate.get("subject", ()))  # type: ignore[arg-type]
        allowed = client.service.names
        if allowed and not any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed):
            raise AuthFailedError(f"{name!r} is none of tls.allowed_names", domain=ErrorDomain.RPC)
        client.identity = client.identity._replace(x509_dname=name or None)

    def _end(self) -> None:
        """Let go of who has not gone, and of everything else."""
        for client in list(self.clients.values()):
            client.link.cut("the daemon stops", fault=False)
        self.workers.drain(CLOSE_SECONDS)
        self.workers.close()
        for service in self.services:
            service.close()
        self.loop.close()


SHORT = {
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "commonName": "CN",
}
"""OpenSSL's name of an attribute -> how it is written."""


SPECIAL = re.compile(r'[,+"\\<>;=]|^[ #]| $')
"""What has a meaning of its own in a distinguished name, by RFC 4514; and `=`, which may be escaped."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def distinguished_name(subject: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    r"""The subject of a certificate, as `C=GB,O=Lab,CN=web`.

    What would be more than text in a value is escaped as in RFC 4514 (`CN=x\,O\=Lab`): no value can pass for two.
    """
    return ",".join(f"{SHORT.get(name, name)}={_escaped(value)}" for part in subject for name, value in part)


def _escaped(value: str) -> str:
    value = SPECIAL.sub(lambda found: f"\\{found[0]}", value)
    return CONTROL.sub(lambda found: f"\\{ord(found[0]):02X}", value)


def notify(state: str) -> None:
    """Tell systemd how the daemon is, where it asked."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to, suppress(OSError):
            to.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
