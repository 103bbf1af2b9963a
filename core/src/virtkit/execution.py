"""A program that runs in a container, as `Domain.execute` returns it."""

from __future__ import annotations

import os
import select
import time
from enum import IntFlag

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError

STATUS_BYTES = 16
"""More than the longest status."""


class ExecuteFlags(IntFlag):
    """How a program is run."""

    TERMINAL = 1
    """Standard input, output and error are one terminal of the caller: the program has it, and is told its size."""


class Execution:
    """A program in a container; a context manager that ends it if it still runs.

    Args:
        descriptor: What the driver has returned: it brings the exit status when the program has ended.
        subject: What messages call it.
    """

    def __init__(self, descriptor: int, subject: str) -> None:
        self._descriptor = descriptor
        self._subject = subject
        self._status: int | None = None

    def fileno(self) -> int:
        """A descriptor that is readable once the program has ended, for select; -1 once it is closed."""
        return self._descriptor

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the program has ended.

        Args:
            timeout: Seconds; None: however long it takes.

        Returns:
            Its exit status; 128 and the signal that ended it; 127: it is not there; 126: it cannot be run.

        Raises:
            TimeoutError: It has not ended within `timeout`.
            OperationFailedError: Nobody knows: the daemon has ended meanwhile, or it has been closed here.
        """
        end = None if timeout is None else time.monotonic() + timeout
        told = b""
        while self._status is None:
            part = self._read(end)
            told += part
            if not part:
                self._status = self._known(told)
                self.close()
        return self._status

    def _read(self, end: float | None) -> bytes:
        if self._descriptor < 0:
            return b""
        ready = select.poll()
        ready.register(self._descriptor, select.POLLIN)
        if not ready.poll(None if end is None else max(0.0, end - time.monotonic()) * 1000):
            raise TimeoutError
        try:
            return os.read(self._descriptor, STATUS_BYTES)
        except ConnectionResetError:
            return b""

    def _known(self, told: bytes) -> int:
        if told:
            return int(told)
        raise OperationFailedError(
            f"{self._subject}: nobody tells how it ended: it was closed, or its daemon has ended",
            domain=ErrorDomain.LXC,
        )

    def close(self) -> None:
        """End the program if it still runs, but not what that has started; twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Execution:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
