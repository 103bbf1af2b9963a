"""Programs that lead to a daemon: what they read and write on standard input and output is the connection."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import SystemCallError
from virtkit.services import runner
from virtkit_remote.client.transports.transport import Transport

if TYPE_CHECKING:
    from virtkit.uri import URI

REMOTE = ErrorDomain.REMOTE

ENVIRONMENT = (
    *runner.ENVIRONMENT,
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "TERM"),
    *("SSH_AUTH_SOCK", "KRB5CCNAME", "OPENSSL_CONF", "DBUS_SESSION_BUS_ADDRESS"),
)
"""Variables such a program inherits: who the user is, how to ask them, and where their credentials are."""

COMPLAINT_LIMIT = 4096
"""Last bytes of standard error that are kept, however much the other side writes."""

QUOTED_LINES = 3
"""Last lines of standard error that a message quotes."""

GRACE = 1.0
"""Seconds a program has to end by itself when its input has ended, and again after SIGTERM."""


class ProgramTransport(Transport):
    """A connection through a program, which ends with it."""

    def __init__(self, program: Program, peer: str) -> None:
        super().__init__(program.sock, peer)
        self.program = program

    def close(self) -> None:
        """Let go of the socket, and end and reap the program."""
        super().close()
        self.program.end()

    def why(self) -> str:
        """How the program ended and the last lines it wrote to standard error."""
        status = self.program.ended()
        lines = self.program.last_lines()
        how = "is still running" if status is None else f"ended with status {status}"
        return f"{self.program.name} {how}" + (f" and wrote: {'; '.join(lines)}" if lines else "")


class Program:
    """A running program whose standard input and output are a socket's other end.

    Args:
        uri: What is opened, for messages.
        arguments: Program, by path or found in PATH, and its arguments.
        detached: It gets a session of its own and can then ask nobody at the terminal.

    Attributes:
        name: The program's.
        sock: Our end.

    Raises:
        SystemCallError: It cannot be started; `int1` is the errno.
    """

    def __init__(self, uri: URI, arguments: Sequence[str], *, detached: bool = False) -> None:
        self.name = os.path.basename(arguments[0])
        self.sock, theirs = socket.socketpair()
        # Standard error is a socket and no pipe: reading can be ended from here when a process that the program left
        # behind (ssh with ControlPersist) keeps the other end open.
        self._complaints, complaining = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [runner.find_program(arguments[0]) or arguments[0], *arguments[1:]],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=complaining.fileno(),
                env=_environment(),
                start_new_session=detached,
            )
        except OSError as cause:
            self.sock.close()
            self._complaints.close()
            step = "install it, or name another with ?command=PATH"
            message = f"cannot open {uri}: cannot run {arguments[0]}: {cause.strerror}; {step}"
            raise SystemCallError(message, domain=REMOTE, int1=cause.errno or errno.EIO) from cause
        finally:
            theirs.close()
            complaining.close()
        self._text = bytearray()
        self._ending = threading.Lock()
        self._reader = threading.Thread(target=self._read, name=f"{self.name}-stderr", daemon=True)
        self._reader.start()

    def ended(self) -> int | None:
        """The exit status of a program that is about to end, negative for a signal; None: it goes on."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(GRACE)
        return None

    def end(self) -> None:
        """End and reap it, first kindly, then not; any number of times, from any thread."""
        with self._ending:
            for stop in (self._process.terminate, self._process.kill):
                if self.ended() is None:
                    stop()
            self._process.wait()
            with suppress(OSError):
                self._complaints.shutdown(socket.SHUT_RDWR)
            self._reader.join()
            self._complaints.close()

    def last_lines(self) -> list[str]:
        """The last lines it wrote to standard error; complete once it has ended."""
        if self._process.poll() is not None:
            self._reader.join(GRACE)
        text = bytes(self._text).decode(errors="replace")
        return [line for line in map(str.strip, text.splitlines()) if line][-QUOTED_LINES:]

    def _read(self) -> None:
        with suppress(OSError):
            while chunk := self._complaints.recv(COMPLAINT_LIMIT):
                self._text += chunk
                del self._text[:-COMPLAINT_LIMIT]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return {**kept, "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
