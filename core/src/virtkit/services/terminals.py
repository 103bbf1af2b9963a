"""Terminals of guests, opened by one user at a time."""

from __future__ import annotations

import fcntl
import os
import select
import termios
import threading
import tty
import weakref

from virtkit.errors import OperationFailedError

_users: weakref.WeakValueDictionary[str, Line] = weakref.WeakValueDictionary()
"""Terminal -> who has it open in this process."""


class Line:
    """A descriptor of a terminal or socket as a `virtkit.streams.Duplex`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._closed = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closing = threading.Lock()

    def read(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """The next bytes; b'' when either end has been closed, by another thread too."""
        ready = select.poll()
        with self._closing:
            if self._descriptor < 0:
                return b""
            ready.register(self._descriptor, select.POLLIN)
            ready.register(self._closed, select.POLLIN)
        if not ready.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError
        with self._closing:
            try:
                return os.read(self._descriptor, size) if self._descriptor >= 0 else b""
            except OSError:  # a terminal whose QEMU has ended
                return b""

    def write(self, data: bytes) -> None:
        """Send bytes; waits while the guest does not read."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def fileno(self) -> int:
        """The descriptor; -1 once it is closed."""
        return self._descriptor

    def close(self) -> None:
        """Close it; twice is harmless."""
        with self._closing:
            if self._descriptor >= 0:
                os.eventfd_write(self._closed, 1)
                os.close(self._descriptor)
                self._descriptor = -1

    def __del__(self) -> None:
        self.close()
        os.close(self._closed)


def open_terminal(path: str, subject: str, *, force: bool, domain: int = 0) -> Line:
    """Open a terminal for one user at a time.

    Args:
        path: The terminal.
        subject: What messages call the guest, as "domain 'web'".
        force: End who uses it in this process.
        domain: Error domain of the driver.

    Raises:
        OperationFailedError: It cannot be opened, or somebody uses it.
    """
    if force and (user := _users.get(path)) is not None:
        user.close()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise OperationFailedError(f"cannot open {path} of {subject}: {error.strerror}", domain=domain) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # seen by other processes, and gone with this one
        tty.setraw(descriptor, termios.TCSANOW)
    except BlockingIOError:
        os.close(descriptor)
        who = "another program" if force else "another session"
        raise OperationFailedError(
            f"the console {path} of {subject} is in use by {who}: end it, or use FORCE", domain=domain
        ) from None
    line = _users[path] = Line(descriptor)
    return line
