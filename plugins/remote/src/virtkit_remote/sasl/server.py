"""The server's side of an exchange."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

from virtkit.errors import AuthFailedError, VirtError
from virtkit_remote.sasl.credentials import Credentials
from virtkit_remote.sasl.mechanism import PLAIN, SCRAM, refused, scramp, text_of


class Answer(NamedTuple):
    """What to send to the client.

    Attributes:
        complete: The client has proved who it is; it still has to look at `data`.
        data: The message; None is none (`nil` on the wire).
    """

    complete: bool
    data: bytes | None


def mechanisms(*, confidential: bool) -> list[str]:
    """The mechanisms a server offers, the best first; none where the library scramp is not installed.

    Args:
        confidential: Nobody can listen: the transport is encrypted or stays within the host.
    """
    if find_spec("scramp") is None:
        return []
    return [SCRAM, PLAIN] if confidential else [SCRAM]


class Server:
    """Verifies one client. A failed exchange is over: the client begins another one.

    Attributes:
        mechanism: Name of the mechanism.
        user_name: Who the client has proved to be; None until the exchange is complete.
    """

    def __init__(self, mechanism: str, store: Credentials, *, confidential: bool) -> None:
        """Begin an exchange.

        Args:
            mechanism: As the client chose it.
            store: Who may come in.
            confidential: As for `mechanisms`.

        Raises:
            AuthFailedError: The mechanism is not offered.
        """
        offered = mechanisms(confidential=confidential)
        if mechanism not in offered:
            scramp()
            raise refused(f"the SASL mechanism {mechanism!r} is not offered here; take one of {', '.join(offered)}")
        self.mechanism = mechanism
        self.user_name: str | None = None
        self._steps = _ScramSteps(store) if mechanism == SCRAM else _PlainSteps(store)
        self._over = False
        self._started = False

    def start(self, data: bytes | None) -> Answer:
        """Take the client's first message; None where it sends none with its choice of the mechanism.

        Raises:
            AuthFailedError: The client is refused; which part was wrong is not told.
            ConfSyntaxError: The store cannot be read.
        """
        if self._started:
            raise self._failed("a SASL exchange begins once")
        self._started = True
        # Both mechanisms begin with the client: without a message from it, it is asked for one.
        return Answer(False, b"") if data is None else self._stepped(data)

    def step(self, data: bytes | None) -> Answer:
        """Take a further message of the client; None counts as an empty one.

        Raises:
            AuthFailedError: As `start`.
            ConfSyntaxError: As `start`.
        """
        if not self._started:
            raise self._failed("a SASL exchange begins with the choice of a mechanism")
        return self._stepped(data or b"")

    def _stepped(self, data: bytes) -> Answer:
        if self._over:
            raise refused("the SASL exchange is over: begin another one")
        self._over = True  # unless this step ends well and another one follows
        answer, user_name = self._steps.take(text_of(data))
        self._over = user_name is not None
        self.user_name = user_name
        return Answer(self._over, answer)

    def _failed(self, reason: str) -> AuthFailedError:
        self._over = True
        return refused(reason)


REFUSAL = "the user name or the password is wrong; who may come in is in the daemon's file of SASL users"


class _PlainSteps:
    """One message: the identity to act as, the name, the password."""

    def __init__(self, store: Credentials) -> None:
        self.store = store

    def take(self, message: str) -> tuple[bytes | None, str | None]:
        """The answer to a message, and who the client is if that settles it."""
        parts = message.split("\0")
        if len(parts) != 3:
            raise refused("a PLAIN message has three parts: whom to act as, user name and password")
        acting, name, password = parts
        if not self.store.verifier(name).accepts(password):
            raise refused(REFUSAL)
        if acting not in ("", name):
            raise refused(f"{name!r} cannot act as {acting!r}: nobody acts as another here")
        return None, name


class _ScramSteps:
    """Two messages: name and nonce, then the proof. The answer to the second is the server's own proof."""

    def __init__(self, store: Credentials) -> None:
        self.library = scramp()
        self.name = ""
        self.store = store
        self.server: Any = self.library.ScramMechanism(SCRAM).make_server(self._verifier)
        self.challenged = False

    def _verifier(self, name: str) -> tuple[bytes, bytes, bytes, int]:
        self.name = name
        return tuple(self.store.verifier(name))  # type: ignore[return-value]

    def take(self, message: str) -> tuple[bytes | None, str | None]:
        """The answer to a message, and who the client is if that settles it."""
        try:
            if self.challenged:
                self.server.set_client_final(message)
                return self.server.get_server_final().encode(), self.name
            self.server.set_client_first(message)
            self.challenged = True
            return self.server.get_server_first().encode(), None
        except self.library.ScramException as cause:
            if isinstance(cause.__cause__, VirtError):
                raise cause.__cause__ from None  # the store cannot be read
            raise refused(REFUSAL) from cause
