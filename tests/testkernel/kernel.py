"""A test kernel that runs: its processes, its console, and the line on which a program in it talks to us."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.testkernel.booting import command_line, environment, fill
from tests.testkernel.installed import Installed

LINE = "/dev/ttyS0"
"""The line's name in the kernel; messages are lines of JSON in both directions."""

CONSOLE_LINES = 80
"""How much of the console is shown when something went wrong."""

STOP_SECONDS = 10
"""How long it may take to end, which takes no time, before it is killed; then it leaves processes to be reaped."""

HANGS = "Timeout ("
"""What `faulthandler` writes on the console for a test that hangs, before the time is over."""

LOOK_SECONDS = 0.5
"""How often a silent kernel is looked at: does it still run?"""


class KernelLostError(Exception):
    """The kernel ended or did not answer in time; the message ends with the last lines of its console.

    Attributes:
        stood_still: It gave no sign of life to the end of the time, when pytest in it would have told where it is.
    """

    stood_still = False


class Kernel:
    """A kernel that runs one command as root, on an overlay over the root of this machine.

    Nothing that is done in it reaches the machine, except what is written to its disks and to `folder`. It ends with
    its command, when it is closed, and with this process.

    Attributes:
        folder: What it shares with this machine, at the same path in both; gone when the kernel is closed.
    """

    def __init__(
        self, installed: Installed, command: Sequence[str], *, directory: Path, variables: Mapping[str, str]
    ) -> None:
        """Start it.

        Args:
            installed: The kernel to start.
            command: What it runs.
            directory: Where it runs that.
            variables: What the command finds in its environment, beside init's.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="testkernel-"))
        fill(self.folder, command, directory=directory, variables=variables)
        self._console = self.folder / "console"
        self._received = bytearray()
        self._line, theirs = socket.socketpair()
        with theirs, self._console.open("wb") as console:
            self._process = subprocess.Popen(
                command_line(installed, self.folder, f"ssl0=fd:{theirs.fileno()}"),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=environment(installed, self.folder),
            )

    def send(self, message: Any) -> None:
        """Send a message to the program that has the line open."""
        with suppress(BrokenPipeError):  # the next `receive` says what became of the kernel
            self._line.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, deadline: float) -> Any:
        """The next message from the kernel.

        Args:
            deadline: Until when it is awaited, on the monotonic clock.

        Raises:
            KernelLostError: The kernel ended, or the deadline passed.
        """
        while b"\n" not in self._received:
            self._wait(deadline)
            received = self._line.recv(1 << 16)
            if not received:
                raise self._lost("ended")
            self._received += received
        message, _, self._received = self._received.partition(b"\n")
        return json.loads(message)

    def close(self) -> None:
        """End it, with all that runs in it, and remove its folder."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._line.close()
        shutil.rmtree(self.folder)

    def _wait(self, deadline: float) -> None:
        while not select.select([self._line], [], [], LOOK_SECONDS)[0]:
            if self._process.poll() is not None:
                raise self._lost("ended")
            if time.monotonic() > deadline:
                lost = self._lost("did not answer in time")
                lost.stood_still = HANGS not in str(lost)
                raise lost

    def _lost(self, what: str) -> KernelLostError:
        lines = self._console.read_text(errors="replace").splitlines()[-CONSOLE_LINES:]
        return KernelLostError("\n".join([f"the test kernel {what}; the last lines of its console:", *lines]))
