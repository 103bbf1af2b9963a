"""An agent that is none: a thread at a unix socket, which misbehaves as a test wants it to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from virtkit_qemu import unixsocket
from virtkit_qemu.agent import BOUNDARY, Agent, Line

Request = dict[str, Any]
Reply = Callable[[Request], bytes]

EMPTY = b'{"return": {}}\n'


class FakeAgent:
    """Serves one connection after the other, as QEMU does for a channel.

    Attributes:
        requests: Names of the commands that came.
        before: Sent before the next answer to the number.
        reply: What to send for a command; the connection is closed where it raises `ConnectionError`.
        piece: So many bytes are sent at a time.
        agent: As the driver has it.
    """

    def __init__(self, path: Path) -> None:
        self.requests: list[str] = []
        self.before = b""
        self.reply: Reply = lambda request: EMPTY
        self.piece = 1 << 16
        self.agent = Agent("domain 'web'", path, Line())
        self._listener = unixsocket.listen(path)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            for line in lines:
                self._send(connection, self._answer(json.loads(line.rpartition(BOUNDARY)[2])))

    def _answer(self, request: Request) -> bytes:
        if request["execute"] != "guest-sync-delimited":
            self.requests.append(request["execute"])
            return self.reply(request)
        before, self.before = self.before, b""
        return before + began(request["arguments"]["id"])

    def _send(self, connection: socket.socket, data: bytes) -> None:
        for start in range(0, len(data), self.piece):
            connection.sendall(data[start : start + self.piece])


def began(number: int) -> bytes:
    """The answer to a number."""
    return BOUNDARY + json.dumps({"return": number}).encode() + b"\n"


@contextmanager
def fake_agent(folder: Path) -> Iterator[FakeAgent]:
    made = FakeAgent(folder / "agent.sock")
    try:
        yield made
    finally:
        made.close()
