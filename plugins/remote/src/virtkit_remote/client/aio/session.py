"""A connection in a loop as the daemon knows it, and the functions for its hooks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from virtkit.aio.streams import Screenshot
from virtkit.aio.workers import Workers, release
from virtkit.errors import VirtError
from virtkit_remote.binding.calling import START, Call
from virtkit_remote.client.aio.channel import Channel, Finish
from virtkit_remote.client.aio.claiming import claimed
from virtkit_remote.client.aio.hub import Hub
from virtkit_remote.client.aio.streams import RemoteConsole, RemoteSink, Stream, source
from virtkit_remote.client.functions import Makers, function_of
from virtkit_remote.client.plans import Forms, Plan, Step, joined, parted, shown
from virtkit_remote.client.session import Session as WaitingSession
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.schema import procedure_named
from virtkit_remote.protocol.tables import PROGRAMS

if TYPE_CHECKING:
    from virtkit.driver import OpenRequest

Function = Callable[..., Awaitable[Any]]

GOODBYE_SECONDS = 5.0
"""How long a daemon has to agree that a connection is closed."""


class Session:
    """An open connection to a daemon; it belongs to the running loop.

    Attributes:
        uri: What was opened.
        channel: What calls go through.
        hub: Its events.
        facts: What it has learnt of its daemon.
    """

    def __init__(self, opened: WaitingSession) -> None:
        """Take over what was opened on a thread."""
        self.uri = opened.uri
        self.facts = opened.facts
        self.hub = Hub(self)
        self.channel = Channel(*opened.channel.release(), on_event=self.hub.receive, on_lost=self.hub.lose)

    def procedure(self, name: str, *arguments: Any) -> asyncio.Future[Sequence[Any]]:
        """Call a procedure with its arguments as on the wire; returns what will have its results as on the wire."""
        known = procedure_named(name)
        payload = encoder(known.args)(arguments) if known.args else b""
        decode = decoder(known.ret) if known.ret else None
        return self.channel.call(
            PROGRAMS[known.program],
            known.number,
            payload,
            lambda message, _, files: decode(message, START)[0] if decode else (),
        )

    async def follow(self, plan: Plan) -> Any:
        """Make the calls of a plan; returns what the hook returns."""
        try:
            step = next(plan)
            while True:
                step = plan.send(await self._make(step))
        except StopIteration as end:
            return end.value

    def _make(self, step: Step) -> Awaitable[Sequence[Any]]:
        call, arguments, room = step
        return self.channel.call(
            call.program,
            call.procedure.number,
            call.request(arguments, room),
            lambda message, _, files: call.results(message, START),
        )

    async def close(self) -> None:
        """Let the calls under way fail, say goodbye, and hang up."""
        try:
            self.channel.fail_calls()
            if self.channel.alive:
                with suppress(VirtError, TimeoutError):
                    await asyncio.wait_for(self.procedure("connect_close"), GOODBYE_SECONDS)
        finally:
            await self.channel.close()
            await asyncio.to_thread(self.hub.close)  # it may have to wait for a callback


async def open_session(request: OpenRequest) -> Session:
    """Reach the daemon, prove who we are, and open what the URI asks for: on a thread.

    Raises:
        VirtError: One of these failed.
    """
    workers = Workers("virtkit-remote", 1, f"the connection {request.uri}")
    opening = workers.start(WaitingSession, request)
    try:
        return Session(await workers.awaited(opening))
    except asyncio.CancelledError:
        release(opening, WaitingSession.close)
        raise
    finally:
        workers.close()


def _plain(call: Call) -> Function:
    """The function for a hook that is one call."""
    program, number, most = call.program, call.procedure.number, call.most
    request, finish = call.request, _finish(call)

    def function(session: Session, *arguments: Any) -> asyncio.Future[Any]:
        return session.channel.call(program, number, request(arguments, most), finish, arguments)

    return function


def _finish(call: Call) -> Finish:
    results, result = call.results, call.result
    return lambda message, arguments, files: result(arguments, results(message, START))


def _streaming(call: Call) -> Function:
    """The function for a hook that returns a stream, perhaps behind something else."""

    async def function(session: Session, *arguments: Any) -> Any:
        stream = Stream(session.channel, call)
        return shown(call, await stream.open(arguments), stream, FORMS)

    return function


def _with_files(call: Call) -> Function:
    """The function for a hook that takes or returns descriptors."""

    def finish(message: bytes, values: Sequence[Any], files: Sequence[int]) -> tuple[Any, Sequence[int]]:
        return joined(call, values, message, files), files

    async def function(session: Session, *arguments: Any) -> Any:
        values, files = parted(call, arguments)
        payload = call.request(values, call.most)
        reply = session.channel.call(call.program, call.procedure.number, payload, finish, values, files)
        return (await claimed(reply, lambda pair: _close_all(pair[1])))[0]

    return function


def _close_all(files: Sequence[int]) -> None:
    for file in files:
        os.close(file)


FORMS = Forms(source, RemoteSink, RemoteConsole, Screenshot)


@cache
def resolve(name: str) -> Function | None:
    """The function for a hook, with the session as its first parameter; None where no procedure has the name."""
    return function_of(name, Makers(_plain, _streaming, _with_files))
