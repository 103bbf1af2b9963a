"""The admin program: servers, clients, limits and logs of the daemon itself, for virt-admin.

What libvirt's administrators know, and what it is here:

| there | here |
|---|---|
| server `virtkitd`; it answers to `libvirtd` too | the clients of all sockets but the admin socket |
| server `admin` | the clients of the admin socket, counted and limited apart: a full daemon can be administered |
| `nclients_max`, `nclients_unauth_max` | `limits.clients` and `limits.anonymous_clients`; 0 of the latter: no bound |
| `minWorkers` | worker threads that stay when there is nothing to do; none unless set |
| `maxWorkers` | `limits.workers` |
| `prioWorkers` | always 0: what never waits is answered without a worker |
| workers of `admin` | none: everything here is answered at once, even while all workers are stuck |
| logging | see `virtkit_remote.daemon.log_settings` |

What is set holds until it is set again, the daemon is told to read its configuration, or it ends. The program has no
procedures to authenticate: the first call of a client does, and may be any. Rules of access do not apply, as with
libvirt: who is let in at the admin socket may do everything here. Changes are written to the audit log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from virtkit import constants
from virtkit.discovery import Function
from virtkit.enums import ClientTransport, ErrorDomain
from virtkit.errors import (
    ArgumentUnsupportedError,
    InternalError,
    InvalidArgError,
    NoClientError,
    NoServerError,
    OperationUnsupportedError,
)
from virtkit.params import BOOLEAN, INT, STRING, TYPE_NAMES, UINT, TypedParams
from virtkit.spec import Meta
from virtkit_remote.daemon import log_settings
from virtkit_remote.daemon.procedures import Answer, Own, answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit_remote.daemon.client import Client

ADMIN: dict[str, Own] = {}
"""The procedures of the admin socket, by name."""

MAIN_SERVER, ADMIN_SERVER = SERVERS = "virtkitd", "admin"
"""The servers, as they are listed."""

DROP_IN_NAME = "libvirtd"
"""What scripts written for libvirt's own daemon call the first of them."""

LEAST_WORKERS_MOST = 1024
"""Most workers that may be asked to stay: they are started at once."""

IDLE_SECONDS_MOST = 2_000_000
"""Longest timeout, some 23 days: the kernel counts the milliseconds of a wait in 31 bits."""

TRANSPORTS = {"unix": ClientTransport.UNIX, "tcp": ClientTransport.TCP, "tls": ClientTransport.TLS}

Ref = tuple[str]
"""A server on the wire."""

ClientRef = tuple[Ref, int, int, int]
"""A client on the wire: its server, its number, when it connected (seconds since 1970), its transport."""

_log = logging.getLogger(__name__)


def administers(name: str, *, changes: bool = False) -> Callable[[Answer], Answer]:
    """Register the function that answers a procedure, which gets its arguments without the flags: none are known.

    Args:
        name: The procedure, without the name of the program.
        changes: Whether it changes something, and is to be written to the audit log.
    """
    known = Function(f"admin_{name}", "admin", Meta("admin", readonly=not changes), (), (), ErrorDomain.ADMIN, "None")

    def register(answer: Answer) -> Answer:
        def watched(client: Client, *arguments: Any) -> Sequence[Any] | None:
            if arguments and arguments[-1]:
                raise InvalidArgError(f"{name} knows no flags, and got {arguments[-1]:#x}", domain=ErrorDomain.ADMIN)
            results: Sequence[Any] | None = client.server.rules.watched(
                known, partial(answer, client), client.identity
            )(*arguments[:-1])
            if changes:
                _log.info("%s: %s", client, name)
            return results

        answers(known.name, table=ADMIN)(watched)
        return answer

    return register


# The connection


@administers("connect_open")
def _open(client: Client) -> None:
    """Nothing is to be opened: whoever gets here has been let in."""


@administers("connect_close")
def _close(client: Client) -> None:
    client.loop.call_soon(client.link.close)


@administers("connect_get_lib_version")
def _lib_version(client: Client) -> Sequence[Any]:
    return (constants.LIBVIR_VERSION_NUMBER,)


@administers("connect_set_daemon_timeout", changes=True)
def _set_timeout(client: Client, seconds: int) -> None:
    if seconds > IDLE_SECONDS_MOST:
        raise InvalidArgError(
            f"the daemon cannot wait {seconds} seconds for clients: give {IDLE_SECONDS_MOST} at most, or 0 for ever",
            domain=ErrorDomain.ADMIN,
        )
    client.server.stop_when_idle(seconds)


# Servers


@administers("connect_list_servers")
def _list_servers(client: Client, results: int) -> Sequence[Any]:
    return [(name,) for name in SERVERS] if results else [], len(SERVERS)


@administers("connect_lookup_server")
def _lookup_server(client: Client, name: str) -> Sequence[Any]:
    return ((named(name),),)


def named(name: str) -> str:
    """The server of a name.

    Raises:
        NoServerError: There is none.
    """
    if name == DROP_IN_NAME:
        return MAIN_SERVER
    if name not in SERVERS:
        raise NoServerError(f"there is no server {name!r}, only {' and '.join(SERVERS)}", domain=ErrorDomain.RPC)
    return name


@administers("server_get_threadpool_parameters")
def _get_workers(client: Client, server: Ref) -> Sequence[Any]:
    workers = client.workers
    own = named(server[0]) == MAIN_SERVER
    values = {
        constants.THREADPOOL_WORKERS_MIN: workers.least,
        constants.THREADPOOL_WORKERS_MAX: workers.most,
        constants.THREADPOOL_WORKERS_CURRENT: workers.threads,
        constants.THREADPOOL_WORKERS_FREE: workers.free,
        constants.THREADPOOL_WORKERS_PRIORITY: 0,
        constants.THREADPOOL_JOB_QUEUE_DEPTH: workers.waiting,
    }
    return (TypedParams.all_of(UINT, {name: max(0, value) if own else 0 for name, value in values.items()}),)


@administers("server_set_threadpool_parameters", changes=True)
def _set_workers(client: Client, server: Ref, params: TypedParams) -> None:
    if named(server[0]) == ADMIN_SERVER:
        raise OperationUnsupportedError(
            f"server {ADMIN_SERVER!r} has no workers, as it answers at once: set those of {MAIN_SERVER!r}",
            domain=ErrorDomain.ADMIN,
        )
    workers, priority = client.workers, constants.THREADPOOL_WORKERS_PRIORITY
    least, most = constants.THREADPOOL_WORKERS_MIN, constants.THREADPOOL_WORKERS_MAX
    given = checked(params, least, most, priority)
    if given.get(priority):
        raise ArgumentUnsupportedError(
            f"{priority} cannot be set: no workers are set apart, since what never waits is answered without one",
            domain=ErrorDomain.ADMIN,
        )
    new_least, new_most = given.get(least, workers.least), given.get(most, workers.most)
    if not new_least <= min(new_most, LEAST_WORKERS_MOST) or new_most < 1:
        raise InvalidArgError(
            f"{least} {new_least} and {most} {new_most} do not go together: {most} is 1 or more, and {least} no more "
            f"than that nor than {LEAST_WORKERS_MOST}",
            domain=ErrorDomain.ADMIN,
        )
    workers.resize(new_least, new_most)


@administers("server_get_client_limits")
def _get_limits(client: Client, server: Ref) -> Sequence[Any]:
    admin = named(server[0]) == ADMIN_SERVER
    limits = client.server.admin_limits if admin else client.server.limits
    clients = client.server.clients_of(admin=admin)
    values = {
        constants.SERVER_CLIENTS_MAX: limits.clients,
        constants.SERVER_CLIENTS_CURRENT: len(clients),
        constants.SERVER_CLIENTS_UNAUTH_MAX: limits.anonymous_clients,
        constants.SERVER_CLIENTS_UNAUTH_CURRENT: sum(not each.settled for each in clients),
    }
    return (TypedParams.all_of(UINT, values),)


@administers("server_set_client_limits", changes=True)
def _set_limits(client: Client, server: Ref, params: TypedParams) -> None:
    admin = named(server[0]) == ADMIN_SERVER
    limits = client.server.admin_limits if admin else client.server.limits
    most, anonymous = constants.SERVER_CLIENTS_MAX, constants.SERVER_CLIENTS_UNAUTH_MAX
    given = checked(params, most, anonymous)
    new_most, new_anonymous = given.get(most, limits.clients), given.get(anonymous, limits.anonymous_clients)
    if new_most < 1 or new_anonymous > new_most:
        raise InvalidArgError(
            f"{most} {new_most} and {anonymous} {new_anonymous} do not go together: {most} is 1 or more, and "
            f"{anonymous} no more than that",
            domain=ErrorDomain.ADMIN,
        )
    limits.clients, limits.anonymous_clients = new_most, new_anonymous


def checked(params: TypedParams, *known: str) -> dict[str, int]:
    """The values of parameters that are all `uint`.

    Raises:
        ArgumentUnsupportedError: One is none of the known ones.
        InvalidArgError: One is of another type, or comes twice.
    """
    values: dict[str, int] = {}
    for name, kind, value in params.entries():
        if name not in known:
            raise ArgumentUnsupportedError(
                f"{name} cannot be set: there are {', '.join(known)}", domain=ErrorDomain.ADMIN
            )
        if kind != UINT or name in values:
            problem = "is given twice" if name in values else f"is of the type {TYPE_NAMES[kind]}"
            raise InvalidArgError(f"{name} {problem}: give one {TYPE_NAMES[UINT]}", domain=ErrorDomain.ADMIN)
        values[name] = int(value)
    return values


@administers("server_update_tls_files", changes=True)
def _update_tls(client: Client, server: Ref) -> None:
    if named(server[0]) == ADMIN_SERVER or not client.server.renew_certificates():
        raise InternalError(
            f"server {server[0]!r} has no certificates: it does not listen for TLS, see [tls] in the configuration",
            domain=ErrorDomain.RPC,
        )


# Clients


@administers("server_list_clients")
def _list_clients(client: Client, server: Ref, results: int) -> Sequence[Any]:
    name = named(server[0])
    clients = client.server.clients_of(admin=name == ADMIN_SERVER)
    return [reference(each) for each in clients] if results else [], len(clients)


@administers("server_lookup_client")
def _lookup_client(client: Client, server: Ref, number: int) -> Sequence[Any]:
    return (reference(numbered(client, server, number)),)


@administers("client_get_info")
def _client_info(client: Client, ref: ClientRef) -> Sequence[Any]:
    asked = numbered(client, *ref[:2])
    who = asked.identity
    readonly = asked.readonly or (asked.session is not None and asked.session.readonly)
    params = TypedParams().put(constants.CLIENT_INFO_READONLY, BOOLEAN, readonly)
    for name, kind, value in (
        (constants.CLIENT_INFO_SASL_USER_NAME, STRING, who.sasl_user_name),
        (constants.CLIENT_INFO_SOCKET_ADDR, STRING, who.address),
        (constants.CLIENT_INFO_X509_DISTINGUISHED_NAME, STRING, who.x509_dname),
        (constants.CLIENT_INFO_UNIX_USER_ID, INT, who.user_id),
        (constants.CLIENT_INFO_UNIX_USER_NAME, STRING, who.user_name),
        (constants.CLIENT_INFO_UNIX_GROUP_ID, INT, who.group_id),
        (constants.CLIENT_INFO_UNIX_GROUP_NAME, STRING, who.group_name),
        (constants.CLIENT_INFO_UNIX_PROCESS_ID, INT, who.process_id),
        (constants.CLIENT_INFO_SELINUX_CONTEXT, STRING, who.selinux_context),
    ):
        if value is not None:
            params.put(name, kind, value)
    return (params,)


@administers("client_close", changes=True)
def _close_client(client: Client, ref: ClientRef) -> None:
    closed = numbered(client, *ref[:2])
    if closed is client:
        client.loop.call_soon(client.link.close)  # behind the reply
    else:
        closed.link.cut(f"{client} closed it", fault=False)


def reference(client: Client) -> ClientRef:
    """A client as it is on the wire."""
    server = ADMIN_SERVER if client.service.admin else MAIN_SERVER
    return (server,), client.number, int(client.since), TRANSPORTS[client.service.transport]


def numbered(client: Client, server: Ref, number: int) -> Client:
    """The client of a server by its number.

    Raises:
        NoServerError: There is no such server.
        NoClientError: It has no such client, or has no more.
    """
    found = client.server.clients.get(number)
    name = named(server[0])
    if found is None or found.service.admin != (name == ADMIN_SERVER):
        raise NoClientError(
            f"server {name!r} has no client {number}: list those that are connected", domain=ErrorDomain.RPC
        )
    return found


# Logs


@administers("connect_get_logging_outputs")
def _get_outputs(client: Client) -> Sequence[Any]:
    outputs = log_settings.outputs()
    return " ".join(outputs), len(outputs)


@administers("connect_get_logging_filters")
def _get_filters(client: Client) -> Sequence[Any]:
    filters = log_settings.filters()
    return " ".join(filters) or None, len(filters)


@administers("connect_set_logging_outputs", changes=True)
def _set_outputs(client: Client, outputs: str | None) -> None:
    log_settings.set_outputs(outputs, client.server.config.log)


@administers("connect_set_logging_filters", changes=True)
def _set_filters(client: Client, filters: str | None) -> None:
    log_settings.set_filters(filters)
