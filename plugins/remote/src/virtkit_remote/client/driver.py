"""The driver `remote`: every function of the API, by a daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import ErrorDomain
from virtkit.hookspecs import KINDS
from virtkit.streams import Screenshot
from virtkit_remote.binding.calling import Call
from virtkit_remote.client.functions import Makers, function_of
from virtkit_remote.client.plans import Forms, joined, parted, shown
from virtkit_remote.client.session import Session, plain
from virtkit_remote.client.streams import RemoteConsole, RemoteSink, Stream, source

if TYPE_CHECKING:
    from virtkit.events import EventHub
    from virtkit_remote.client.aio.session import Session as AsyncSession

Function = Callable[..., Any]


class RemoteDriver(Driver[Any]):
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

    def driver_alive(self, conn: Session | AsyncSession) -> bool:
        """Whether the daemon can be reached, as far as it is known."""
        return conn.channel.alive

    def driver_encrypted(self, conn: Session | AsyncSession) -> bool:
        """Whether the transport encrypts."""
        return conn.channel.transport.encrypted

    def driver_events(self, conn: Session | AsyncSession) -> EventHub:
        """The events that the daemon sends."""
        return conn.hub

    def driver_resolve(self, name: str) -> Function | None:
        """The call of the procedure of that name."""
        return _function(name)

    # Asynchronous connections; what they take is imported with the first of them, since it brings asyncio, 40 ms.

    def driver_open_async(self, request: OpenRequest) -> Awaitable[AsyncSession]:
        from virtkit_remote.client.aio.session import open_session

        return open_session(request)

    def driver_close_async(self, conn: AsyncSession) -> Awaitable[None]:
        return conn.close()

    def driver_resolve_async(self, name: str) -> Callable[..., Awaitable[Any]] | None:
        from virtkit_remote.client.aio.session import resolve

        return resolve(name)


def _streaming(call: Call) -> Function:
    """The function for a hook that returns a stream, perhaps behind something else."""

    def function(session: Session, *arguments: Any) -> Any:
        stream = Stream(session, call, arguments)
        return shown(call, stream.reply, stream, FORMS)

    return function


def _with_files(call: Call) -> Function:
    """The function for a hook that takes or returns descriptors."""

    def function(session: Session, *arguments: Any) -> Any:
        values, files = parted(call, arguments)
        payload = call.request(values, call.most)
        message, received = session.channel.call(call.program, call.procedure.number, payload, files)
        return joined(call, values, message, received)

    return function


FORMS = Forms(source, RemoteSink, RemoteConsole, Screenshot)


@cache
def _function(name: str) -> Function | None:
    return function_of(name, Makers(plain, _streaming, _with_files))
