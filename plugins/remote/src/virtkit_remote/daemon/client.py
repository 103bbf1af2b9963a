"""A client of the daemon: what its messages mean, and who answers them.

A call is routed by the 16 bytes that name its program, version, procedure and type. The first call of a kind finds out
what these mean for this client and binds a function; the following ones go straight to it. What cannot wait is answered
at once, on the loop's thread; what may is handed to a worker, under the object that it is about.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from virtkit.discovery import function
from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError, InternalError, OperationDeniedError, RPCError, VirtError
from virtkit.refs import CheckpointRef, DomainRef, NetworkPortRef, SnapshotRef
from virtkit_remote.binding import serving
from virtkit_remote.daemon import messages
from virtkit_remote.daemon.identity import acted
from virtkit_remote.daemon.streams import Streams
from virtkit_remote.daemon.subscriptions import Subscriptions
from virtkit_remote.protocol import schema
from virtkit_remote.protocol.codec import decoder
from virtkit_remote.protocol.failures import UNKNOWN_PROCEDURE
from virtkit_remote.protocol.frames import CALL, CALL_WITH_FDS, HEADER, MESSAGE, OK, STREAM, STREAM_HOLE, VERSION, pack
from virtkit_remote.protocol.tables import PROGRAMS

if TYPE_CHECKING:
    from virtkit.access import Identity
    from virtkit.discovery import Function
    from virtkit_remote.daemon.link import Link
    from virtkit_remote.daemon.loop import Timer
    from virtkit_remote.daemon.server import Server
    from virtkit_remote.daemon.service import Service
    from virtkit_remote.daemon.session import Session

KEEPALIVE = PROGRAMS["keepalive"]
PING, PONG = 1, 2

SPARSE_STREAM = 1
"""The flag of calls that open a stream which allows holes in it."""

_PING = pack(KEEPALIVE, PING, MESSAGE, 0, OK, b"")
_PONG = pack(KEEPALIVE, PONG, MESSAGE, 0, OK, b"")

RESIDING_SECONDS = 2.0
"""How long the session of a client that has left is kept for what the daemon has yet to open."""

REFUSED_SECONDS = 1.0
"""How long a client that was not let in stays connected."""

_log = logging.getLogger(__name__)

Handler = Callable[[bytes], object]
"""Takes a call and sees to it that it is answered."""


class Client:
    """One connection, from its acceptance to its end.

    Attributes:
        number: Counts the clients of a server.
        loop: The loop that serves it.
        workers: The threads for what may wait.
        service: The socket it came through.
        identity: Who it is, as far as that is known.
        settled: Whether authentication is done with.
        readonly: Whether it may change nothing, whatever it asks for.
        session: What it has opened; None before.
        link: Its socket.
        since: When it connected, in seconds since 1970.
    """

    link: Link

    def __init__(self, number: int, server: Server, service: Service, identity: Identity, since: float) -> None:
        self.number = number
        self.server = server
        self.loop = server.loop
        self.workers = server.workers
        self.service = service
        self.identity = identity
        self.settled = False
        self.readonly = service.readonly
        self.session: Session | None = None
        self.since = since
        self.streams = Streams(self)
        self.subscriptions = Subscriptions(self)
        self.exchange: Any = None
        """The SASL exchange under way."""
        self.deadline: Timer | None = None
        """When it is cut unless it has proved who it is."""
        self.close_callback = False
        """Whether it wants to be told that a driver closed what it has opened."""
        self._handlers: dict[bytes, Handler] = {}
        self._programs = {PROGRAMS[name] for name in service.programs}
        self._alone = False
        self._under_way = 0
        self._counting = threading.Lock()
        self._held: deque[tuple[Hashable, Callable[[], object], int]] = deque()
        self._held_bytes = 0
        self._leaving = False
        self._refused: AuthFailedError | None = None
        self._left = False
        self.opening = threading.Lock()
        """Held while it opens something."""
        self._pings = 0
        self._keepalive: Timer | None = None

    def __str__(self) -> str:
        return f"client {self.number} ({self.identity})"

    @property
    def under_way(self) -> int:
        """Calls that workers have not answered yet."""
        return self._under_way

    def opened(self) -> Session:
        """What it has opened.

        Raises:
            InternalError: Nothing yet.
        """
        if self.session is None:
            raise InternalError("no connection is open: call CONNECT_OPEN first", domain=ErrorDomain.RPC)
        return self.session

    # Messages

    def receive(self, arrived: list[bytes]) -> None:
        """Handle what has arrived, on the loop's thread."""
        handlers = self._handlers
        self._alone = len(arrived) == 1
        try:
            for message in arrived:
                if self._leaving:
                    return
                handler = handlers.get(message[4:20])
                if handler is not None and message[24:28] == messages.GOOD:
                    handler(message)
                else:
                    self._route(message)
        except Exception:  # noqa: BLE001 - nobody knows what the client would wait for
            _log.exception("%s sent what the daemon failed on", self)
            self.link.cut("its message could not be handled")

    def _route(self, message: bytes) -> None:
        """Handle a message that no function is bound for."""
        _, program, version, number, kind, _, status = HEADER.unpack_from(message)
        if kind in (STREAM, STREAM_HOLE):
            self.streams.take(message)
        elif program == KEEPALIVE and kind == MESSAGE:
            if version == VERSION and number == PING:
                self.link.send(_PONG)
        elif kind in (CALL, CALL_WITH_FDS):
            try:
                handler = self._bound(message, program, version, number, status)
            except VirtError as error:
                _close_all(self._files_of(message))
                self.refuse(message, error)
            else:
                handler(message)
        else:
            _close_all(self._files_of(message))
            _log.debug("%s: ignored: %s", self, messages.shown(message))

    def _bound(self, message: bytes, program: int, version: int, number: int, status: int) -> Handler:
        """The function for a kind of calls; kept for the next one of it."""
        if program not in self._programs or version != VERSION:
            raise _rpc_error(f"program {program:#x} version {version} is not served here")
        procedure = schema.procedure(program, number)
        if procedure is None or procedure.kind != "call":
            raise _rpc_error(f"{UNKNOWN_PROCEDURE} {number} of program {program:#x}: this server is older or other")
        if status != OK:
            raise _rpc_error(f"{procedure.name} was called with the status {status} of a failure")
        if not self.settled and not procedure.before_auth:
            self._let_in(procedure)
        if message[messages.TYPE] == messages.WITH_FILES and not procedure.fds_call:
            raise _rpc_error(f"{procedure.name} takes no descriptors: call it without any")
        own = self.service.procedures.get(procedure.name)
        if own is not None:
            return own(self, procedure)
        known = function(procedure.name)
        if known is None:
            raise _rpc_error(f"{UNKNOWN_PROCEDURE} {procedure.name}: the API has no such function")
        if not self.opened().attached(known.kind):
            return partial(self._attach, procedure.name, known.kind)
        handler = self._handler(procedure, known)
        self._handlers[message[messages.CALL]] = handler
        return handler

    def _let_in(self, procedure: schema.Procedure) -> None:
        """Authenticate a client by its first call, where its program has no procedure to do that.

        Raises:
            RPCError: It has one, and this is another.
            AuthFailedError: The client is not let in. It has a moment to read that and say goodbye, since virt-admin
                is killed by SIGPIPE where it cannot.
        """
        if not self.service.admin:
            raise _rpc_error(f"{procedure.name} was called before authentication: call AUTH_LIST first")
        if self._refused is not None:
            raise self._refused
        try:
            self.service.authentication.methods(self)
        except AuthFailedError as error:
            _log.warning("%s is refused at %s: %s", self, self.service.name, error)
            self._refused = error
            self.loop.call_later(REFUSED_SECONDS, self.link.close)
            raise

    def _attach(self, name: str, kind: str, message: bytes) -> None:
        """Have a worker open the driver for a kind of objects, which may wait, before the first call about one."""

        def attach() -> None:
            self.opened().attach(kind)
            self.loop.call_soon(lambda: self.receive([message]))

        self._submit(message, name, None, attach)

    def _handler(self, procedure: schema.Procedure, known: Function) -> Handler:
        """The function for a procedure that is a hook."""
        session = self.opened()
        operation = self.server.rules.watched(known, session.operation(known), self.identity)
        if procedure.stream:
            return self._stream_handler(procedure, operation)
        if procedure.fds_call or procedure.fds_reply:
            return self._file_handler(procedure, operation)
        if session.waits(known):
            return self._waiting_handler(procedure, known, operation)
        serve = serving.handler(procedure.name, operation)

        def at_once(message: bytes) -> None:
            try:
                answer = messages.reply(message, serve(message))
            except BaseException as error:  # noqa: BLE001 - whatever a driver raises is an answer, SystemExit as well
                answer = messages.refusal(message, self.failure(procedure.name, error))
            self.link.send(answer)

        return at_once

    def _waiting_handler(self, procedure: schema.Procedure, known: Function, operation: serving.Operation) -> Handler:
        decode, serve = serving.parts(procedure.name, operation)
        asks = known.meta.readonly
        lane_of: Callable[[Sequence[Any]], Hashable] = (
            (lambda arguments: None) if procedure.priority else (lambda arguments: lane(arguments, asks=asks))
        )

        def later(message: bytes) -> None:
            try:
                arguments = decode(message)
            except VirtError as error:
                self.refuse(message, error)
                return
            self.on_worker(message, procedure.name, lane_of(arguments), lambda: serve(arguments))

        return later

    def _file_handler(self, procedure: schema.Procedure, operation: serving.Operation) -> Handler:
        serve = serving.file_handler(procedure.name, operation)

        def run(message: bytes, files: Sequence[int]) -> None:
            payload, out = serve(message, files)
            if procedure.fds_reply:
                self.link.send(messages.reply_with_files(message, payload, len(out)), out)
            else:
                self.link.send(messages.reply(message, payload))

        def call(message: bytes) -> None:
            files = self._files_of(message)
            stated = int.from_bytes(message[HEADER.size : HEADER.size + 4], "big") if procedure.fds_call else 0
            if message[messages.TYPE] != messages.WITH_FILES:
                stated = 0
            wanted = stated if procedure.fds_call == schema.ANY else procedure.fds_call
            if len(files) == wanted == stated:
                self._submit(message, procedure.name, None, lambda: run(message, files), files)
            else:
                _close_all(files)
                self.refuse(message, _rpc_error(f"{procedure.name} came with {len(files)} descriptors, not {wanted}"))

        return call

    def _files_of(self, message: bytes) -> list[int]:
        """The descriptors that came behind a message; they have arrived when it is handed over."""
        if message[messages.TYPE] not in (messages.WITH_FILES, messages.REPLY_WITH_FILES):
            return []
        return self.link.take_files(int.from_bytes(message[HEADER.size : HEADER.size + 4], "big"))

    def _stream_handler(self, procedure: schema.Procedure, operation: serving.Operation) -> Handler:
        serve = serving.stream_handler(procedure.name, operation)

        def run(message: bytes) -> None:
            payload, end = serve(message)
            stream = self.streams.open(message, end, sparse=_asks_for_holes(procedure, message))
            self.link.send(messages.reply(message, payload))
            stream.begin()

        return lambda message: self._submit(message, procedure.name, None, lambda: run(message))

    # Answers

    def on_worker(self, message: bytes, name: str, lane: Hashable, call: Callable[[], bytes]) -> None:
        """Have a call answered by a worker, with the payload that `call` returns."""

        def run() -> None:
            answer = messages.reply(message, call())
            self.loop.lead_again()
            self.link.send(answer)

        self._submit(message, name, lane, run)

    def _submit(
        self, message: bytes, name: str, lane: Hashable, run: Callable[[], object], files: Sequence[int] = ()
    ) -> None:
        """Have a call answered by a worker, after others of the client when too many of these are under way.

        Args:
            message: The call.
            name: Name of its procedure.
            lane: The object it is about.
            run: What answers it, or raises why not.
            files: Descriptors to close in the end.
        """

        def task() -> None:
            try:
                if not self.link.closed:
                    run()
            except BaseException as error:  # noqa: BLE001 - whatever a driver raises is an answer, SystemExit as well
                self.refuse(message, self.failure(name, error))
            finally:
                _close_all(files)
                self._ended()

        with self._counting:
            if self._under_way >= self._most_calls:
                self._held.append((lane, task, len(message)))
                self._held_bytes += len(message)
                if self._held_bytes > self.server.limits.message_bytes:
                    self.link.pause(self)
                return
            self._under_way += 1
        # The thread that read a call carries it out and lets another one lead, unless it has read more than this call.
        if self._alone and self.loop.led and self.workers.enter(lane):
            self._alone = False
            here = self.loop.hand_over()
            try:
                if here:
                    task()
            finally:
                self.workers.leave(lane)
            if here:
                return
        self.workers.submit(lane, task)

    @property
    def _most_calls(self) -> int:
        """Calls that may be under way: one at a time before the client has proved who it is."""
        return self.server.limits.client_requests if self.settled else 1

    def _ended(self) -> None:
        """A worker is done with a call: the next one may come."""
        ready = []
        with self._counting:
            self._under_way -= 1
            while self._held and self._under_way < self._most_calls:
                lane, task, size = self._held.popleft()
                self._under_way += 1
                self._held_bytes -= size
                ready.append((lane, task))
            if self._held_bytes <= self.server.limits.message_bytes:
                self.link.resume(self)
            last = self._left and not self._under_way
        for lane, task in ready:
            self.workers.submit(lane, task)
        if last:
            self.workers.submit(None, self._close_session)

    def refuse(self, message: bytes, error: VirtError) -> None:
        """Answer a call with an error."""
        self.link.send(messages.refusal(message, error))

    def failure(self, name: str, error: BaseException) -> VirtError:
        """What is told of a call that failed; a fault of a driver is logged, and who was not let in."""
        if isinstance(error, AuthFailedError) and not self.settled:
            _log.warning("%s is refused at %s: %s", self, self.service.name, error)
        if isinstance(error, VirtError):
            return error
        _log.error("%s: %s failed", self, name, exc_info=error)
        return InternalError(
            f"{name} failed inside the daemon: {type(error).__name__}: {error}; its log has more",
            domain=ErrorDomain.RPC,
        )

    # Life

    @property
    def confidential(self) -> bool:
        """Whether nobody can listen on the way to it."""
        return self.identity.transport != "tcp"

    def settle(self) -> None:
        """It has proved who it is."""
        if not self.settled:
            self.settled = True
            self.server.settled(self)

    def rebind(self) -> None:
        """Find out anew what its calls mean, because what is asked before them has changed."""
        self._handlers.clear()

    def take_identity(self, params: Any) -> None:
        """Act for somebody else from now on.

        Raises:
            OperationDeniedError: Only root and the daemon's own user may.
        """
        if self.identity.user_id not in (0, os.geteuid()) or self.session is None:
            raise OperationDeniedError(f"{self.identity} cannot act for others", domain=ErrorDomain.RPC)
        self.identity = acted(self.identity, params)
        self.session.identity = self.identity
        self.rebind()

    def watch_over(self) -> None:
        """Send pings while the client is silent, and cut it when it does not answer them."""
        if self._keepalive is None:
            self._beat()

    def _beat(self) -> None:
        limits = self.server.limits
        if self.link.closed or limits.keepalive_interval <= 0:
            return
        if self.link.heard or self.link.paused:
            self.link.heard = False
            self._pings = 0
        elif self._pings >= limits.keepalive_count:
            self.link.cut(f"it did not answer {self._pings} pings")
            return
        else:
            self._pings += 1
            self.link.send(_PING)
        self._keepalive = self.loop.call_later(limits.keepalive_interval, self._beat)

    def closed(self, reason: str, fault: bool) -> None:
        """Let go of everything, because the connection is gone; guests and other objects stay."""
        if fault:
            _log.warning("%s is cut: %s", self, reason)
        else:
            _log.debug("%s left: %s", self, reason)
        if self._keepalive is not None:
            self._keepalive.cancel()
        self._handlers.clear()
        self.server.forget(self)
        self.workers.submit(None, self._leave)

    def leave(self) -> None:
        """Take no more calls, and close once everything is sent."""
        self._leaving = True
        self.loop.call_soon(self.link.close)

    def _leave(self) -> None:
        self.streams.close()
        self.subscriptions.close()
        with self._counting:
            self._left = True
            idle = not self._under_way
        if idle:
            self._close_session()

    def _close_session(self) -> None:
        """Close what it has opened, once no call of it is under way."""
        session, self.session = self.session, None
        if session is not None:
            if self.server.residing is not None:  # before, what only this one has open would be forgotten
                self.server.residing.wait(RESIDING_SECONDS)
            try:
                session.close()
            except Exception:  # noqa: BLE001 - there is nobody left to tell
                _log.exception("what %s had open could not be closed", self)


def lane(arguments: Sequence[Any], *, asks: bool) -> Hashable:
    """The object that a call is about, and whether it only asks: who looks does not wait behind those who change.

    None where it is about no object in particular.
    """
    about = arguments[0] if arguments else None
    if isinstance(about, SnapshotRef | CheckpointRef):
        about = about.dom
    elif isinstance(about, NetworkPortRef):
        about = about.net
    if isinstance(about, DomainRef):
        about = about.uuid
    return (asks, about) if isinstance(about, tuple | bytes) else None


def _rpc_error(text: str) -> RPCError:
    return RPCError(text, domain=ErrorDomain.RPC)


def _asks_for_holes(procedure: schema.Procedure, message: bytes) -> bool:
    """Whether a call that opens a stream has the flag that allows holes."""
    if not procedure.sparse or procedure.args is None:
        return False
    flags: int = decoder(procedure.args)(message, HEADER.size)[0][-1]
    return bool(flags & SPARSE_STREAM)


def _close_all(files: Sequence[int]) -> None:
    for file in files:
        os.close(file)
