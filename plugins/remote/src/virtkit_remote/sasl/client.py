"""The client's side of an exchange."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from virtkit.driver import Authenticate, Credential
from virtkit.enums import ConnectCredentialType, ErrorDomain
from virtkit.errors import AuthCancelledError
from virtkit_remote.sasl.mechanism import PLAIN, SCRAM, refused, scramp, text_of


def choose(offered: Sequence[str], wanted: str | None = None, *, confidential: bool) -> str:
    """The mechanism to take of those a server offers.

    Args:
        offered: The server's list.
        wanted: The one a URI asks for with `auth=sasl.NAME`; None takes the best.
        confidential: Nobody can listen: the transport is encrypted or stays within the host.

    Raises:
        AuthFailedError: There is none that both sides speak, or the password would travel for everybody to read.
    """
    shown = ", ".join(offered) or "none"
    if wanted is not None and wanted not in offered:
        raise refused(f"the server does not offer the SASL mechanism {wanted!r} that the URI asks for; it has {shown}")
    spoken = [each for each in (SCRAM, PLAIN) if each in offered and wanted in (None, each)]
    if not spoken:
        raise refused(f"of the server's SASL mechanisms ({shown}) none is spoken here; those are {SCRAM} and {PLAIN}")
    if spoken == [PLAIN] and not confidential:
        raise refused("the password would cross the network unencrypted with PLAIN: take tls or ssh in the URI")
    return spoken[0]


class Client:
    """Proves to a server who the caller is, and with SCRAM has the server prove that it knows the password too.

    Attributes:
        mechanism: Name of the mechanism.
    """

    def __init__(self, mechanism: str, ask: Authenticate | None, *, user_name: str | None = None) -> None:
        """Begin an exchange.

        Args:
            mechanism: What `choose` returned.
            ask: Asks the caller for what is missing; None where nobody can answer.
            user_name: The caller's name, if the URI or a file has it already.

        Raises:
            AuthFailedError: The library that SCRAM takes is not installed, or nobody can be asked.
            AuthCancelledError: The caller gave no answer.
        """
        self.mechanism = mechanism
        name, password = _asked(ask, user_name)
        self._steps = _ScramSteps(name, password) if mechanism == SCRAM else _PlainSteps(name, password)

    @property
    def complete(self) -> bool:
        """Whether the server has proved what the mechanism asks of it: do not believe before what it says."""
        return self._steps.complete

    def start(self) -> bytes:
        """The first message, to go with the choice of the mechanism.

        Raises:
            AuthFailedError: The name or the password has characters that SASL forbids.
        """
        return self._steps.start().encode()

    def step(self, data: bytes | None) -> bytes | None:
        """Take a message of the server and return the next one; None where there is nothing to say.

        Call it for the last message too: that is the one with the server's proof.

        Raises:
            AuthFailedError: The server's proof is wrong, or what it sent is no message of the mechanism.
        """
        reply = self._steps.step(text_of(data or b""))
        return None if reply is None else reply.encode()


class _PlainSteps:
    """The password, at once. The server proves nothing: that it is the right one is for TLS to know."""

    def __init__(self, name: str, password: str) -> None:
        self.name = name
        self.password = password
        self.complete = False

    def start(self) -> str:
        if "\0" in self.name + self.password:
            raise refused("a user name or password with a NUL character cannot be sent")
        self.complete = True
        return f"\0{self.name}\0{self.password}"

    def step(self, message: str) -> str | None:
        if message:
            raise refused("the server answered a PLAIN message with a question; it speaks another mechanism")
        return None


class _ScramSteps:
    """Name and nonce; the proof; then the server's proof is looked at."""

    def __init__(self, name: str, password: str) -> None:
        self.library = scramp()
        self.complete = False
        self.proved = False
        try:
            self.client: Any = self.library.ScramClient([SCRAM], name, password)
        except self.library.ScramException as cause:
            raise refused(f"SCRAM cannot take this user name and password: {cause}") from cause

    def start(self) -> str:
        return str(self.client.get_client_first())

    def step(self, message: str) -> str | None:
        if self.complete:
            return None
        try:
            if self.proved:
                self.client.set_server_final(message)
                self.complete = True
                return None
            self.client.set_server_first(message)
            self.proved = True
            return str(self.client.get_client_final())
        except self.library.ScramException as cause:
            raise refused(f"the server could not prove that it knows the password: {cause}; do not trust it") from cause


def _asked(ask: Authenticate | None, user_name: str | None) -> tuple[str, str]:
    """Name and password of the caller."""
    if ask is None:
        raise refused(
            "the server wants a user name and a password: open the connection with something that asks for them"
        )
    questions = [Credential(int(ConnectCredentialType.PASSPHRASE), "Password")]
    if user_name is None:
        questions.insert(0, Credential(int(ConnectCredentialType.AUTHNAME), "User name"))
    answers = ask(questions)
    if answers is None or len(answers) != len(questions):
        raise AuthCancelledError("nobody gave a user name and a password", domain=int(ErrorDomain.RPC))
    return (user_name, answers[0]) if user_name is not None else (answers[0], answers[1])
