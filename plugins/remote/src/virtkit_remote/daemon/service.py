"""The sockets that the daemon listens on, made from its configuration."""

from __future__ import annotations

import grp
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, SystemCallError
from virtkit_remote.daemon import authentication
from virtkit_remote.daemon.authentication import Authentication

if TYPE_CHECKING:
    import ssl

    from virtkit_remote.daemon.config import Config, Tcp, Tls, UnixSocket
    from virtkit_remote.daemon.places import Places
    from virtkit_remote.daemon.procedures import Own

BACKLOG = 128
"""Connections that may wait to be accepted."""

_log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class Service:
    """A socket and what those who come through it get.

    Attributes:
        name: Name of its table in the configuration.
        listener: The listening socket.
        transport: `unix`, `tcp` or `tls`.
        programs: Programs that it serves, by name.
        procedures: Procedures that the daemon answers itself there.
        authentication: How a client proves who it is.
        readonly: Whether its clients may change nothing.
        tls: TLS as the server; None without.
        names: Patterns of distinguished names that are let in; empty: any that has a certificate.
        path: The socket's path; None where it has none, or is not ours to remove.
    """

    name: str
    listener: socket.socket
    transport: str
    programs: tuple[str, ...]
    procedures: dict[str, Own]
    authentication: Authentication
    readonly: bool = False
    tls: ssl.SSLContext | None = None
    names: tuple[str, ...] = ()
    path: Path | None = None

    @property
    def admin(self) -> bool:
        """Whether it is for the administration of the daemon."""
        return "admin" in self.programs

    def close(self) -> None:
        """Listen no more."""
        self.listener.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


SERVICES = ("unix", "unix_readonly", "admin", "tcp", "tls")
"""Their names, which are those of tables of the configuration."""

MAIN_PROGRAMS = ("remote", "qemu", "lxc", "virtkit")


def services(config: Config, places: Places, inherited: dict[str, socket.socket]) -> list[Service]:
    """Listen wherever the configuration says.

    Args:
        config: The configuration.
        places: Where the daemon's files are.
        inherited: Listening sockets that systemd handed over, by the name of their table.

    Raises:
        VirtError: A socket cannot be made, or a certificate is of no use; nothing is left listening.
    """
    made: list[Service] = []
    try:
        for service in _made(config, places, inherited):
            made.append(service)
    except BaseException:
        for service in made:
            service.close()
        raise
    return made


def _made(config: Config, places: Places, inherited: dict[str, socket.socket]) -> Iterator[Service]:
    from virtkit_remote.daemon.admin import ADMIN
    from virtkit_remote.daemon.procedures import MAIN

    for name, path, readonly in (
        ("unix", places.socket, False),
        ("unix_readonly", places.readonly_socket, True),
        ("admin", places.admin_socket, False),
    ):
        settings: UnixSocket = getattr(config, name)
        if not settings.enabled:
            continue
        where = Path(settings.path) if settings.path else path
        ours = name not in inherited
        listener = _listen_unix(where, settings) if ours else inherited[name]
        programs, procedures = (("admin",), ADMIN) if name == "admin" else (MAIN_PROGRAMS, MAIN)
        asked = authentication_of(settings.auth, config, places)
        yield Service(
            name, listener, "unix", programs, procedures, asked, readonly=readonly, path=where if ours else None
        )
    if config.tcp.enabled:
        listener = inherited.get("tcp") or _listen_tcp(config.tcp)
        yield Service("tcp", listener, "tcp", MAIN_PROGRAMS, MAIN, authentication_of(config.tcp.auth, config, places))
    if config.tls.enabled:
        context = tls_context(config.tls)
        listener = inherited.get("tls") or _listen_tcp(config.tls)
        asked = authentication_of(config.tls.auth, config, places)
        yield Service("tls", listener, "tls", MAIN_PROGRAMS, MAIN, asked, tls=context, names=config.tls.allowed_names)


def renewed(service: Service, config: Config, places: Places) -> Service:
    """A service as a changed configuration has it; it goes on listening."""
    settings = getattr(config, service.name)
    asked = authentication_of(settings.auth, config, places)
    if service.tls is None:
        return attrs.evolve(service, authentication=asked)
    return attrs.evolve(service, authentication=asked, tls=tls_context(config.tls), names=config.tls.allowed_names)


def authentication_of(kind: str, config: Config, places: Places) -> Authentication:
    """The way to authenticate that a setting names."""
    if kind == "peer":
        return authentication.Peer(config.peer.users, config.peer.groups, os.geteuid())
    if kind == "sasl":
        from virtkit_remote.daemon.passwords import Sasl
        from virtkit_remote.sasl import Credentials

        return Sasl(Credentials(Path(config.sasl.users or places.sasl_users)))
    return authentication.Polkit() if kind == "polkit" else Authentication()


def tls_context(settings: Tls) -> ssl.SSLContext:
    """The server's side of TLS with the certificates of the configuration.

    Raises:
        VirtError: A certificate is missing, or of no use.
    """
    from virtkit_remote.certificates import CertificateFiles, locate, server_context

    found = locate("server")
    files = CertificateFiles(
        Path(settings.authorities) if settings.authorities else found.authority,
        Path(settings.revocations) if settings.revocations else found.revoked,
        Path(settings.certificate) if settings.certificate else found.certificate,
        Path(settings.key) if settings.key else found.key,
    )
    return server_context(files, verify=settings.verify_client)


def _listen_unix(path: Path, settings: UnixSocket) -> socket.socket:
    """Listen at a path, in place of a socket there that nobody serves any more."""
    listener = socket.socket(socket.AF_UNIX)
    folder = -1
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # A path may be longer than the 107 bytes that an address of a socket has room for.
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        name = f"/proc/self/fd/{folder}/{path.name}"
        if path.exists() and not path.is_socket():
            raise OperationFailedError(
                f"cannot listen at {path}: what is there is no socket; remove it, or configure another path",
                domain=ErrorDomain.RPC,
            )
        if _is_served(name):
            raise OperationFailedError(
                f"another daemon serves {path}: stop it, or give this one a root of its own with --root DIR",
                domain=ErrorDomain.RPC,
            )
        path.unlink(missing_ok=True)
        listener.bind(name)
        os.chmod(path, settings.mode)
        if settings.group:
            os.chown(path, -1, grp.getgrnam(settings.group).gr_gid)
        listener.listen(BACKLOG)
    except (OSError, KeyError) as cause:
        listener.close()
        raise SystemCallError(
            f"cannot listen at {path}: {cause}", domain=ErrorDomain.RPC, int1=getattr(cause, "errno", None) or -1
        ) from cause
    except BaseException:
        listener.close()
        raise
    finally:
        if folder >= 0:
            os.close(folder)
    return listener


def _is_served(name: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(name)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # so many wait for it that nobody else may
            return True
        return True


def _listen_tcp(settings: Tcp | Tls) -> socket.socket:
    address = settings.address
    everywhere = not address
    family = socket.AF_INET6 if everywhere or ":" in address else socket.AF_INET
    try:
        if everywhere and socket.has_dualstack_ipv6():
            return socket.create_server(("", settings.port), family=family, backlog=BACKLOG, dualstack_ipv6=True)
        if everywhere:
            return socket.create_server(("", settings.port), backlog=BACKLOG)
        return socket.create_server((address, settings.port), family=family, backlog=BACKLOG)
    except OSError as cause:
        raise SystemCallError(
            f"cannot listen on {address or 'all addresses'} port {settings.port}: {cause}; choose another in the "
            "configuration",
            domain=ErrorDomain.RPC,
            int1=cause.errno or -1,
        ) from cause
