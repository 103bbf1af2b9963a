"""libvirt's own virt-admin, and what it prints."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SECONDS = 30.0
"""How long a command may take, or something may take to come true, on a busy machine."""

MISSING = shutil.which("virt-admin") is None or shutil.which("virsh") is None


class VirtAdmin:
    """Runs its commands at the admin socket of a daemon.

    Args:
        socket: The socket.
        prefix: What virt-admin is run by, `setpriv` and its arguments for one.
    """

    def __init__(self, socket: Path, prefix: Sequence[str] = ()) -> None:
        self._command = (*prefix, "virt-admin", "-c", f"libvirtd:///system?socket={socket}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command, whatever comes of it."""
        command = [*self._command, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)

    def __call__(self, *arguments: str) -> str:
        """What a command prints, without the lines that are empty."""
        done = self.run(*arguments)
        assert (0, "") == (done.returncode, done.stderr), f"{arguments}: {done.returncode}, {done.stderr}"
        return "".join(f"{line}\n" for line in done.stdout.splitlines() if line)

    def refused(self, *arguments: str) -> str:
        """The last line that a command prints of why it failed."""
        done = self.run(*arguments)
        assert 1 == done.returncode, done.stdout
        return done.stderr.splitlines()[-1].removeprefix("error: ")

    def values(self, *arguments: str) -> dict[str, str]:
        """What a command prints as `name : value`."""
        pairs = (line.partition(":") for line in self(*arguments).splitlines())
        return {name.strip(): value.strip() for name, _, value in pairs}

    def column(self, title: str, *arguments: str) -> list[str]:
        """A column of the table that a command prints."""
        head, _, *rows = self(*arguments).splitlines()
        at = re.split(r" {2,}", head.strip()).index(title)
        return [re.split(r" {2,}", row.strip())[at] for row in rows]


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Return once something is true; fail when it does not come true in time."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


@contextmanager
def listener(uri: str, output: Path) -> Iterator[subprocess.Popen[str]]:
    """A virsh that listens to the events of `test:///default`, and has heard one; killed in the end.

    Args:
        uri: Where it listens, and where another virsh makes events.
        output: File for what it prints.
    """
    with open(output, "w") as file:
        process = subprocess.Popen(
            ["virsh", "-c", uri, "event", "--all", "--loop"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        try:
            wait_until(lambda: _heard(uri, output), "virsh hears of an event")
            yield process
        finally:
            process.kill()


def _heard(uri: str, output: Path) -> bool:
    """Whether a listener has printed something after an event."""
    for command in ("suspend", "resume"):
        virsh(uri, command, "test")
    return output.stat().st_size > 0


def virsh(uri: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of virsh, whatever comes of it."""
    command = ["virsh", "-c", uri, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
