"""The procedures the daemon answers itself: authentication, opening and closing, features, events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from virtkit import access
from virtkit.discovery import function
from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError, InternalError, OperationDeniedError, VirtError
from virtkit.events import EventKey
from virtkit_remote.daemon import messages
from virtkit_remote.daemon.session import Session
from virtkit_remote.daemon.subscriptions import monitor_filter
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import HEADER
from virtkit_remote.protocol.schema import Procedure

if TYPE_CHECKING:
    from virtkit_remote.daemon.client import Client, Handler

Own = Callable[["Client", Procedure], "Handler"]
"""Makes the handler of a procedure for a client."""

Answer = Callable[..., Sequence[Any] | None]
"""Takes the client and the wire arguments; returns the wire results."""

MAIN: dict[str, Own] = {}
"""The procedures of the sockets for libvirt's clients, by name."""

READONLY = 1
"""The flag of `connect_open` that asks for a read-only connection."""

FD_PASSING, KEEPALIVE, EVENT_CALLBACK, CLOSE_CALLBACK = 8, 10, 14, 15
"""Features that are the daemon's own; drivers are asked for the others."""


def answers(*names: str, table: dict[str, Own] = MAIN, waits: bool = False) -> Callable[[Answer], Answer]:
    """Register the function that answers procedures; one that `waits` is called by a worker."""

    def register(answer: Answer) -> Answer:
        table.update(dict.fromkeys(names, _own(answer, waits)))
        return answer

    return register


def _own(answer: Answer, waits: bool) -> Own:
    def make(client: Client, procedure: Procedure) -> Handler:
        decode = decoder(procedure.args) if procedure.args else None
        encode = encoder(procedure.ret) if procedure.ret else None

        def run(message: bytes) -> bytes:
            arguments = decode(message, HEADER.size)[0] if decode else ()
            if access.active():
                access.require_procedure(client.identity, procedure.name)
            results = answer(client, *arguments)
            return encode(results) if encode and results is not None else b""

        def call(message: bytes) -> None:
            if waits:
                client.on_worker(message, procedure.name, None, lambda: run(message))
                return
            try:
                client.link.send(messages.reply(message, run(message)))
            except BaseException as error:  # noqa: BLE001 - whatever a driver raises is an answer, SystemExit as well
                client.refuse(message, client.failure(procedure.name, error))

        return call

    return make


def _error(text: str) -> VirtError:
    return InternalError(text, domain=ErrorDomain.RPC)


# Authentication


@answers("auth_list")
def _auth_list(client: Client) -> Sequence[Any]:
    return ([int(each) for each in client.service.authentication.methods(client)],)


@answers("auth_sasl_init")
def _sasl_init(client: Client) -> Sequence[Any]:
    _not_settled(client)
    return (client.service.authentication.mechanisms(client),)


@answers("auth_sasl_start", waits=True)
def _sasl_start(client: Client, mechanism: str, nil: int, data: bytes) -> Sequence[Any]:
    _not_settled(client)
    return _sasl_answer(*client.service.authentication.start(client, mechanism, None if nil else data))


@answers("auth_sasl_step", waits=True)
def _sasl_step(client: Client, nil: int, data: bytes) -> Sequence[Any]:
    _not_settled(client)
    return _sasl_answer(*client.service.authentication.step(client, None if nil else data))


def _not_settled(client: Client) -> None:
    if client.settled:
        raise AuthFailedError(f"{client.identity} is let in already: who it is stays as it is", domain=ErrorDomain.RPC)


def _sasl_answer(complete: bool, data: bytes | None) -> Sequence[Any]:
    return complete, data is None, data or b""


@answers("auth_polkit", waits=True)
def _polkit(client: Client) -> Sequence[Any]:
    client.service.authentication.polkit(client)
    return (1,)


# Opening and closing


@answers("connect_open", waits=True)
def _open(client: Client, name: str | None, flags: int) -> None:
    if name is None:
        raise _error("CONNECT_OPEN names nothing to open: send a URI, or an empty text for the default")
    with client.opening:
        if client.session is not None:
            raise _error(f"{client.session.uri} is open already: open another one on another connection")
        client.session = Session(
            name,
            readonly=client.readonly or bool(flags & READONLY),
            identity=client.identity,
            root=client.server.root,
        )


@answers("connect_close")
def _close(client: Client) -> None:
    client.leave()


@answers("connect_get_uri")
def _get_uri(client: Client) -> Sequence[Any]:
    return (client.opened().uri,)


@answers("connect_supports_feature")
def _supports_feature(client: Client, feature: int) -> Sequence[Any]:
    if feature == KEEPALIVE:
        client.watch_over()
        return (1,)
    session = client.opened()
    if feature == FD_PASSING:
        return (int(client.identity.transport == "unix"),)
    if feature in (EVENT_CALLBACK, CLOSE_CALLBACK):
        return (1,)
    return (int(session.ops["connect_supports_feature"](feature)),)


@answers("connect_is_secure")
def _is_secure(client: Client) -> Sequence[Any]:
    own = client.identity.transport != "tcp"
    return (int(client.opened().is_secure() and own),)


@answers("connect_set_identity")
def _set_identity(client: Client, params: Any, flags: int) -> None:
    """For a program that calls on behalf of its own clients, such as another daemon of the same host."""
    if flags:
        raise _error(f"CONNECT_SET_IDENTITY knows no flags, and got {flags:#x}")
    if client.opened().readonly:
        raise OperationDeniedError("a read-only connection cannot take another identity", domain=ErrorDomain.RPC)
    client.take_identity(params)


@answers("connect_register_close_callback")
def _register_close(client: Client) -> None:
    client.opened()
    if client.close_callback:
        raise _error("a close callback is registered already")
    client.close_callback = True


@answers("connect_unregister_close_callback")
def _unregister_close(client: Client) -> None:
    client.opened()
    if not client.close_callback:
        raise _error("no close callback is registered")
    client.close_callback = False


# One question that drivers answer in two parts


@answers("domain_get_scheduler_type", waits=True)
def _scheduler_type(client: Client, dom: Any) -> Sequence[Any]:
    session = client.opened()
    kind, parameters = (
        session.operation(known)
        for name in ("domain_get_scheduler_type", "domain_get_scheduler_parameters")
        if (known := function(name)) is not None
    )
    return kind(dom), len(parameters(dom))


# Events


def _callbacks(kind: str, register: str, deregister: str) -> None:
    """Registration of a class of events in the new style."""

    @answers(register, waits=True)
    def add(client: Client, event: int, ref: Any) -> Sequence[Any]:
        return (client.subscriptions.add(EventKey(kind, event), ref),)

    @answers(deregister)
    def remove(client: Client, number: int) -> None:
        client.subscriptions.remove(kind, number)


_callbacks("domain", "connect_domain_event_callback_register_any", "connect_domain_event_callback_deregister_any")
for _kind in ("network", "storage_pool", "node_device", "secret"):
    _callbacks(_kind, f"connect_{_kind}_event_register_any", f"connect_{_kind}_event_deregister_any")

LIFECYCLE = EventKey("domain", 0)


@answers("connect_domain_event_register", waits=True)
def _register_lifecycle(client: Client) -> Sequence[Any]:
    client.subscriptions.add_legacy(LIFECYCLE)
    return (1,)


@answers("connect_domain_event_deregister")
def _deregister_lifecycle(client: Client) -> Sequence[Any]:
    client.subscriptions.remove_legacy(LIFECYCLE)
    return (0,)


@answers("connect_domain_event_register_any", waits=True)
def _register_any(client: Client, event: int) -> None:
    client.subscriptions.add_legacy(EventKey("domain", event))


@answers("connect_domain_event_deregister_any")
def _deregister_any(client: Client, event: int) -> None:
    client.subscriptions.remove_legacy(EventKey("domain", event))


@answers("qemu_connect_domain_monitor_event_register", waits=True)
def _register_monitor(client: Client, dom: Any, event: str | None, flags: int) -> Sequence[Any]:
    if client.opened().readonly:
        raise OperationDeniedError(
            "events of QEMU's monitor are refused: the connection is read-only", domain=ErrorDomain.QEMU
        )
    return (client.subscriptions.add(EventKey("qemu_monitor"), dom, monitor_filter(event, flags)),)


@answers("qemu_connect_domain_monitor_event_deregister")
def _deregister_monitor(client: Client, number: int) -> None:
    client.subscriptions.remove("qemu_monitor", number)
