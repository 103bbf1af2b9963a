"""The guest agent: a program inside a guest that carries out commands of the host.

It speaks JSON, one object a line, over a channel of the guest whose other end QEMU serves as a unix socket. There is
one conversation at a time: connect, find a place in the stream to start from, send one command, wait for its answer,
hang up. So an agent that nobody asks costs nothing, and the answer to a command whose caller gave up cannot be taken
for another's: each conversation begins with a number of its own, which the agent sends back after a byte that no text
contains.

Whatever is read here comes from inside the guest. It is read by the thread of the caller, so that nobody else waits for
it, and up to a bound.
"""

from __future__ import annotations

import json
import math
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    AgentUnresponsiveError,
    InternalError,
    OperationTimeoutError,
    OperationUnsupportedError,
    VirtError,
)
from virtkit_qemu import unixsocket
from virtkit_qemu.wire import seconds_left

CHANNEL = "org.qemu.guest_agent.0"
"""Name of the channel on which a guest agent listens."""

DEFAULT_SECONDS = 5.0
"""So long an agent may take to show that it is there, and, if nobody says otherwise, to answer a command."""

CONVERSATION_BYTES = 4 << 20
"""So much an agent may send in one conversation: as much as a text of libvirt's protocol can have."""

BOUNDARY = b"\xff"
"""Comes before the answer to the number, and nowhere in UTF-8. Sent to the agent, it drops a half command there."""

UNKNOWN_KINDS = frozenset({"CommandNotFound", "CommandDisabled"})
"""Classes of the errors of an agent that does not have, or may not carry out, a command."""

_RECEIVE_BYTES = 64 << 10
_QUOTED = 200  # characters of an agent's own words that are passed on

QEMU = ErrorDomain.QEMU


class NonsenseError(ValueError):
    """An agent sent what it cannot mean; the message completes "the guest agent sent"."""


class Received:
    """Finds the answers in what an agent sends during one conversation.

    Args:
        number: What the conversation begins with; all that is sent before it comes back belongs to earlier ones.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._begun = False
        self._rest = bytearray()
        self._room = CONVERSATION_BYTES

    def take(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The answers that are complete with these further bytes; the first of a conversation is to its number.

        Raises:
            NonsenseError: The agent sends too much, or what is no answer.
        """
        self._room -= len(data)
        if self._room < 0:
            raise NonsenseError(f"more than {CONVERSATION_BYTES} bytes")
        if b"\n" not in data:
            self._rest += data
            return
        *lines, rest = bytes(self._rest + data).split(b"\n")
        self._rest = bytearray(rest)
        for line in filter(None, lines):
            if self._begun:
                yield parse(line)
            elif self._begins(line):
                self._begun = True
                yield {"return": self._number}

    def _begins(self, line: bytes) -> bool:
        _, boundary, text = line.rpartition(BOUNDARY)
        if not boundary:
            return False
        with suppress(NonsenseError):
            return parse(text) == {"return": self._number}
        return False


def parse(line: bytes) -> dict[str, Any]:
    """One answer: an object with either `return` or `error`.

    Raises:
        NonsenseError: It is something else.
    """
    try:
        answer = json.loads(line.decode(), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as cause:
        raise NonsenseError(f"what is no JSON: {quoted(line)}") from cause
    if not isinstance(answer, dict) or ("return" in answer) == ("error" in answer):
        raise NonsenseError(f"what is no answer: {quoted(line)}")
    return answer


def quoted(words: object) -> str:
    """What an agent sent, fit to be shown: cut, and without characters that terminals obey."""
    return f"{words!r:.{_QUOTED}}"


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"JSON has no number {word}")
    return number


class Conversation:
    """One connection to an agent, whose attention it has once it has `begun`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        number = int.from_bytes(os.urandom(6))  # what JSON keeps exactly in every language
        self._number = number
        self._received = Received(number)
        self._answers: list[dict[str, Any]] = []

    def begin(self, deadline: float | None) -> None:
        """Wait until the agent is at our number."""
        self._write(BOUNDARY + _line("guest-sync-delimited", {"id": self._number}), deadline)
        self.answer(deadline)

    def send(self, command: str, arguments: Mapping[str, object] | None, deadline: float | None) -> None:
        """Send a command."""
        self._write(_line(command, arguments), deadline)

    def answer(self, deadline: float | None) -> dict[str, Any]:
        """The next answer.

        Raises:
            TimeoutError: It has not come by then.
            ConnectionError: It will not come.
            NonsenseError: It is none.
        """
        while not self._answers:
            self._limit(deadline)
            data = self._connection.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionResetError
            self._answers += self._received.take(data)
        return self._answers.pop(0)

    def _write(self, data: bytes, deadline: float | None) -> None:
        self._limit(deadline)
        self._connection.sendall(data)

    def _limit(self, deadline: float | None) -> None:
        seconds = seconds_left(deadline)
        if seconds == 0:
            raise TimeoutError
        self._connection.settimeout(seconds)


def _line(command: str, arguments: Mapping[str, object] | None) -> bytes:
    request: dict[str, object] = {"execute": command}
    if arguments:
        request["arguments"] = arguments
    return json.dumps(request).encode() + b"\n"


@define(eq=False)
class Line:
    """What the conversations with one guest's agent share.

    Attributes:
        seconds: How long a command may take; None: as long as the agent is there.
    """

    seconds: float | None = DEFAULT_SECONDS
    _turn: threading.Lock = field(factory=threading.Lock)
    _connection: socket.socket | None = None

    @contextmanager
    def open(self, path: Path, deadline: float) -> Iterator[Conversation]:
        """Have the agent's attention, as the only one.

        Raises:
            OperationTimeoutError: Another conversation does not end.
            TimeoutError: The agent does not answer.
            OSError: It cannot be reached.
        """
        if not self._turn.acquire(timeout=seconds_left(deadline) or 0):
            raise OperationTimeoutError("another call speaks with the guest agent: try again later", domain=QEMU)
        try:
            with closing(unixsocket.connect(path, seconds=seconds_left(deadline))) as connection:
                self._connection = connection
                conversation = Conversation(connection)
                conversation.begin(deadline)
                yield conversation
        finally:
            self._connection = None
            self._turn.release()

    def hang_up(self) -> None:
        """End the conversation that is going on: the agent has closed its end, which the socket does not tell."""
        connection = self._connection
        if connection is not None:
            with suppress(OSError):  # it has ended meanwhile
                connection.shutdown(socket.SHUT_RDWR)


@frozen
class Agent:
    """The agent of a guest that runs.

    Attributes:
        subject: What messages call the guest.
        path: The socket of its channel.
        line: What its conversations share.

    The methods raise:
        AgentUnresponsiveError: It does not answer in time, or goes away meanwhile.
        OperationTimeoutError: Another call has its attention for too long.
        OperationUnsupportedError: It does not know the command.
        InternalError: It refuses the command, or answers with what it cannot mean.
    """

    subject: str
    path: Path
    line: Line

    def ask(self, command: str, arguments: Mapping[str, object] | None = None, /) -> Any:
        """Carry out a command, in the time that is set for this agent.

        Returns:
            Its result, as the agent says: of any type and content.
        """
        return self.answer(command, arguments, self.line.seconds)["return"]

    def answer(self, command: str, arguments: Mapping[str, object] | None, seconds: float | None) -> dict[str, Any]:
        """Carry out a command in that time, and return the whole answer."""
        with self._conversation(command, seconds) as conversation:
            deadline = _deadline(seconds)
            conversation.send(command, arguments, deadline)
            return self._succeeded(command, conversation.answer(deadline))

    def tell(self, command: str, arguments: Mapping[str, object] | None) -> None:
        """Send a command and wait for no answer to it."""
        with self._conversation(command, DEFAULT_SECONDS) as conversation:
            conversation.send(command, arguments, _deadline(DEFAULT_SECONDS))

    def order(self, command: str, arguments: Mapping[str, object]) -> None:
        """Send a command that has no answer unless it fails, and that may end the agent.

        The agent takes one command after the other: once it answers the next one, it has not refused this one.
        """
        with self._conversation(command, self.line.seconds) as conversation:
            deadline = _deadline(self.line.seconds)
            conversation.send(command, arguments, deadline)
            with suppress(ConnectionError):  # obeyed already
                conversation.send("guest-ping", None, deadline)
                self._succeeded(command, conversation.answer(deadline))

    @contextmanager
    def _conversation(self, command: str, seconds: float | None) -> Iterator[Conversation]:
        until = _deadline(DEFAULT_SECONDS if seconds is None else min(seconds, DEFAULT_SECONDS))
        assert until is not None
        try:
            with self.line.open(self.path, until) as conversation:
                yield conversation
        except OperationTimeoutError as cause:
            raise OperationTimeoutError(f"{self.subject}: {cause.message}", domain=QEMU) from cause
        except NonsenseError as cause:
            raise InternalError(
                f"{self.subject}: in answer to {command} the guest agent sent {cause}", domain=QEMU
            ) from cause
        except (TimeoutError, BlockingIOError) as cause:
            message = (
                f"{self.subject}: the guest agent has not answered {command} in time: see that qemu-guest-agent runs "
                "in the guest, and that no other program has its channel open"
            )
            raise AgentUnresponsiveError(message, domain=QEMU) from cause
        except OSError as cause:
            raise AgentUnresponsiveError(
                f"{self.subject}: the guest agent went away before it answered {command}", domain=QEMU
            ) from cause

    def _succeeded(self, command: str, answer: dict[str, Any]) -> dict[str, Any]:
        if "error" not in answer:
            return answer
        error = answer["error"]
        kind = error.get("class") if isinstance(error, dict) else None
        reason = error.get("desc") if isinstance(error, dict) else error
        unknown = isinstance(kind, str) and kind in UNKNOWN_KINDS
        refusal: type[VirtError] = OperationUnsupportedError if unknown else InternalError
        raise refusal(f"{self.subject}: the guest agent refused {command}: {quoted(reason)}", domain=QEMU)


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds
