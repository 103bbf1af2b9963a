"""The driver `remote`: every function of the API, by a daemon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import DomainVcpuFlags, ErrorDomain
from virtkit.hookspecs import KINDS
from virtkit.streams import Screenshot
from virtkit_remote.binding.calling import START, call_of
from virtkit_remote.client.session import ARGUMENTS_FIXED, Session, plain
from virtkit_remote.client.streams import RemoteConsole, RemoteSink, Stream, source
from virtkit_remote.protocol.schema import ANY

if TYPE_CHECKING:
    from virtkit.events import EventHub
    from virtkit.records import VcpuInfo

Function = Callable[..., Any]


class RemoteDriver(Driver[Session]):
    """Opens URIs with a transport or a host: `qemu+ssh://root@lab/system`, `test+unix:///default`."""

    name = "remote"
    hook_api = 1
    kinds = tuple(KINDS)
    error_domain = ErrorDomain.REMOTE

    def driver_open(self, request: OpenRequest) -> Session:
        """Reach the daemon and open there what the URI asks for.

        Raises:
            VirtError: It cannot be reached, does not let us in, or refuses the URI.
        """
        return Session(request)

    def driver_close(self, conn: Session) -> None:
        """Hang up."""
        conn.close()

    def driver_alive(self, conn: Session) -> bool:
        """Whether the daemon can be reached, as far as it is known."""
        return conn.channel.alive

    def driver_encrypted(self, conn: Session) -> bool:
        """Whether the transport encrypts."""
        return conn.channel.transport.encrypted

    def driver_events(self, conn: Session) -> EventHub:
        """The events that the daemon sends."""
        return conn.hub

    def driver_resolve(self, name: str) -> Function | None:
        """The call of the procedure of that name."""
        return _function(name)


@cache
def _function(name: str) -> Function | None:
    own = IRREGULAR.get(name)
    if own is not None:
        return own
    try:
        procedure = call_of(name).procedure
    except KeyError:
        return None
    if procedure.stream:
        return _streaming(name)
    if procedure.fds_call or procedure.fds_reply:
        return _with_files(name)
    return plain(name)


def _streaming(name: str) -> Function:
    """The function for a hook that returns a stream, perhaps behind something else."""
    call = call_of(name)

    def function(session: Session, *arguments: Any) -> Any:
        stream = Stream(session, call, arguments)
        if name == "domain_screenshot":
            return Screenshot(call.results(stream.reply, START)[0], source(stream))
        if name in ("domain_open_console", "domain_open_channel"):
            return RemoteConsole(stream)
        if call.procedure.stream == "read":
            return source(stream)
        if call.procedure.ret is None:
            return RemoteSink(stream)
        return (*call.results(stream.reply, START), RemoteSink(stream))

    return function


def _with_files(name: str) -> Function:
    """The function for a hook that takes or returns descriptors."""
    call = call_of(name)
    procedure = call.procedure

    def function(session: Session, *arguments: Any) -> Any:
        files: Sequence[int] | None = None
        if procedure.fds_call:
            *given, last = arguments
            arguments, files = tuple(given), list(last) if procedure.fds_call == ANY else [last]
        message, received = session.channel.call(
            call.program, procedure.number, call.request(arguments, call.most), files
        )
        start = START + 4 if procedure.fds_reply else START
        results = call.results(message, start)
        if not procedure.fds_reply:
            return call.result(arguments, results)
        out: Any = received if procedure.fds_reply == ANY else received[0]
        return (results[0], out) if procedure.ret else out

    return function


def _network_update(session: Session, *arguments: Any) -> None:
    """Daemons before libvirt 7.2 take section and command the other way round."""
    net, command, section, *rest = arguments
    if not session.supports(ARGUMENTS_FIXED):
        command, section = section, command
    plain("network_update")(session, net, command, section, *rest)


def _is_secure(session: Session) -> bool:
    """The daemon's side of the way, and ours."""
    return session.channel.transport.secure and bool(session.procedure("connect_is_secure")[0])


def _scheduler_type(session: Session, dom: Any) -> str:
    kind: str = session.procedure("domain_get_scheduler_type", dom)[0]
    return kind


def _vcpus(session: Session, dom: Any) -> list[VcpuInfo]:
    """The vCPUs; the client has to know their number, and that of the host's CPUs."""
    number = plain("domain_get_info")(session, dom).nr_virt_cpu
    length = _map_length(session)
    found = _sized(session, "domain_get_vcpus", number, dom)
    return [each._replace(cpumap=each.cpumap[:length]) for each in found]


def _vcpu_pins(session: Session, dom: Any, flags: int) -> list[bytes]:
    number = plain("domain_get_vcpus_flags")(session, dom, flags | DomainVcpuFlags.MAXIMUM)
    length = _map_length(session)
    return [each[:length] for each in _sized(session, "domain_get_vcpu_pin_info", number, dom, flags)]


def _emulator_pin(session: Session, dom: Any, flags: int) -> bytes | None:
    found: bytes | None = plain("domain_get_emulator_pin_info")(session, dom, flags)
    return found and found[: _map_length(session)]


def _sized(session: Session, name: str, count: int, *arguments: Any) -> Any:
    """Call a hook whose caller says how many items it has room for."""
    call = call_of(name)
    message, _ = session.channel.call(call.program, call.procedure.number, call.request(arguments, count))
    return call.result(arguments, call.results(message, START))


def _map_length(session: Session) -> int:
    """Bytes of a CPU map of the host."""
    if not session.map_length:
        info = plain("node_get_info")(session)
        session.map_length = (info.nodes * info.sockets * info.cores * info.threads + 7) // 8
    return session.map_length


def _supports_feature(session: Session, feature: int) -> bool:
    return session.supports(feature)


IRREGULAR: dict[str, Function] = {
    "network_update": _network_update,
    "connect_is_secure": _is_secure,
    "connect_supports_feature": _supports_feature,
    "domain_get_scheduler_type": _scheduler_type,
    "domain_get_vcpus": _vcpus,
    "domain_get_vcpu_pin_info": _vcpu_pins,
    "domain_get_emulator_pin_info": _emulator_pin,
}
"""Hooks that are more than the call of their procedure."""
