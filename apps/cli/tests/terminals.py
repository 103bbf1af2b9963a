"""The other end of a terminal on which a program runs."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping

DEADLINE = 30


class Terminal:
    """A terminal and the program on it; a context manager that ends both."""

    def __init__(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.seen = b""

    def expect(self, text: bytes) -> None:
        """Read until the text has come; what follows it stays for the next call."""
        end = time.monotonic() + DEADLINE
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"{text!r} did not come; there is {self.seen!r}"
            self.seen += self._read(text)
        self.seen = self.seen.partition(text)[2]

    def _read(self, awaited: bytes) -> bytes:
        try:
            return os.read(self.master, 4096)
        except OSError:  # nobody has the terminal any more
            raise AssertionError(f"the program ended before {awaited!r} came; there is {self.seen!r}") from None

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def end(self) -> int:
        """Wait until the program has ended; its status."""
        return self.process.wait(DEADLINE)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
