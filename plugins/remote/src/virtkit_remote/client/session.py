"""A connection as the daemon knows it: authenticated, opened, called, closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError, NotSupportedError, VirtError
from virtkit_remote.binding.calling import START, Call
from virtkit_remote.client.channel import Channel
from virtkit_remote.client.hub import RemoteHub
from virtkit_remote.client.plans import Facts, Plan, Step
from virtkit_remote.client.transports import connect
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.schema import procedure_named
from virtkit_remote.protocol.tables import PROGRAMS

if TYPE_CHECKING:
    from virtkit.driver import OpenRequest
    from virtkit.uri import URI

CONNECT_SECONDS = 30.0
"""How long reaching a daemon may take."""

NONE, SASL, POLKIT = range(3)
"""What a daemon may ask for, as numbers of the wire."""

READONLY = 1
"""The flag of `connect_open`."""


class Session:
    """An open connection to a daemon.

    Attributes:
        uri: What was opened.
        channel: What calls go through.
        hub: Its events.
        facts: What it has learnt of its daemon.
    """

    def __init__(self, request: OpenRequest) -> None:
        """Reach the daemon, prove who we are, and open what the URI asks for.

        Raises:
            VirtError: One of these failed.
        """
        self.uri: URI = request.uri
        transport = connect(
            request.uri, readonly=request.readonly, timeout=CONNECT_SECONDS, authenticate=request.authenticate
        )
        self.hub = RemoteHub(self)
        self.channel = Channel(transport, on_event=self.hub.receive, on_closed=lambda reason: self.hub.lose())
        self.facts = Facts(secure=transport.secure)
        try:
            self._authenticate(request)
            self.procedure("connect_open", request.uri.for_server(), READONLY if request.readonly else 0)
        except BaseException:
            self.channel.close()
            raise

    def procedure(self, name: str, *arguments: Any) -> Sequence[Any]:
        """Call a procedure with its arguments as on the wire; returns its results as on the wire."""
        known = procedure_named(name)
        payload = encoder(known.args)(arguments) if known.args else b""
        message, _ = self.channel.call(PROGRAMS[known.program], known.number, payload)
        return decoder(known.ret)(message, START)[0] if known.ret else ()

    def follow(self, plan: Plan) -> Any:
        """Make the calls of a plan; returns what the hook returns."""
        try:
            step = next(plan)
            while True:
                step = plan.send(self._make(step))
        except StopIteration as end:
            return end.value

    def _make(self, step: Step) -> Sequence[Any]:
        call, arguments, room = step
        message, _ = self.channel.call(call.program, call.procedure.number, call.request(arguments, room))
        return call.results(message, START)

    def close(self) -> None:
        """Say goodbye, and hang up."""
        self.hub.close()
        if self.channel.alive:
            with suppress(VirtError):
                self.procedure("connect_close")
        self.channel.close()

    def _authenticate(self, request: OpenRequest) -> None:
        try:
            offered: Sequence[int] = self.procedure("auth_list")[0]
        except NotSupportedError:  # older than authentication
            return
        wanted, _, mechanism = self.uri.parameter("auth").partition(".")
        names = {"none": NONE, "sasl": SASL, "polkit": POLKIT}
        if wanted and names.get(wanted) not in offered:
            raise _refused(f"{self.uri} asks for auth={wanted}, which the daemon does not offer")
        chosen = names[wanted] if wanted else next(iter(offered), NONE)
        if chosen == SASL:
            self._prove(request, mechanism)
        elif chosen == POLKIT:
            self.procedure("auth_polkit")
        elif chosen != NONE:
            raise _refused(f"the daemon asks for a way to authenticate that nobody here knows, number {chosen}")

    def _prove(self, request: OpenRequest, mechanism: str) -> None:
        from virtkit_remote import sasl

        transport = self.channel.transport
        offered = str(self.procedure("auth_sasl_init")[0]).split(",")
        chosen = sasl.choose(offered, mechanism or None, confidential=transport.secure)
        client = sasl.Client(chosen, request.authenticate, user_name=self.uri.user or None)
        complete, nil, data = self.procedure("auth_sasl_start", chosen, 0, client.start())
        while True:
            answer = client.step(None if nil else data) if not client.complete or not nil else None
            if complete:
                break
            complete, nil, data = self.procedure("auth_sasl_step", int(answer is None), answer or b"")
        if not client.complete:
            raise _refused("the daemon did not prove that it knows the password: it is not the one that it seems to be")


def plain(call: Call) -> Callable[..., Any]:
    """The function for a hook that is one call."""
    program, number, most = call.program, call.procedure.number, call.most
    request, results, result = call.request, call.results, call.result

    def function(session: Session, *arguments: Any) -> Any:
        message, _ = session.channel.call(program, number, request(arguments, most))
        return result(arguments, results(message, START))

    return function


def _refused(text: str) -> AuthFailedError:
    return AuthFailedError(text, domain=ErrorDomain.REMOTE)
