"""Consoles and terminals of a container, asked of its monitor, which holds them and copies their output to its log.

This speaks liblxc's own protocol over the socket of a container (`src/lxc/commands.c` there): a request and an answer
of 16 bytes, the descriptor beside the answer. Versions 2 to 6 have the same one.
"""

from __future__ import annotations

import os
import socket
import struct
import termios
import tty
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, OperationInvalidError
from virtkit_lxc import runtime, seclusion

ANSWER_SECONDS = 5.0
"""How long the monitor may take to answer: it does nothing else that takes time."""

GET_TERMINAL = 0
"""The command: which descriptor is terminal N; 0 is the console."""

LONGEST_NAME = 105
"""Bytes of an abstract socket's name that liblxc uses as it is: its buffer has 108, and it keeps two and a NUL."""

_MESSAGE = struct.Struct("@iiN")
_CREDENTIALS = struct.Struct("@iII")


class Terminal:
    """A terminal of a container that is ours until it is closed; its output meanwhile comes here.

    Args:
        connection: Connection to the monitor; the terminal is ours while it lasts. Owned.
        file: Descriptor to read from and write to. Owned.
    """

    def __init__(self, connection: socket.socket, file: int) -> None:
        self._connection = connection
        self._file = file

    def fileno(self) -> int:
        """The descriptor; reading ends with EIO when the container ends."""
        return self._file

    def close(self) -> None:
        """Give it back; harmless when it is closed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def take(name: str, folder: Path, number: int = 0) -> Terminal:
    """Take a terminal of a container that runs.

    Args:
        name: For messages.
        folder: The container's folder.
        number: 0 is its console, N its /dev/ttyN.

    Raises:
        OperationInvalidError: The container does not run; or it is a plain user's, in another network namespace.
        OperationFailedError: There is no such terminal, or somebody else has it.
    """
    connection = _connected(name, folder)
    try:
        return Terminal(connection, _asked(connection, name, number))
    except BaseException:
        connection.close()
        raise


def _connected(name: str, folder: Path) -> socket.socket:
    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(_address(folder))
        except BaseException:
            connection.close()
            raise
        return connection

    try:
        return seclusion.beside(runtime.monitor_of(folder), connect)
    except OSError as error:
        raise OperationInvalidError(
            f"domain {name!r} has no console here ({error.strerror}): start it", domain=ErrorDomain.LXC
        ) from error


def _address(folder: Path) -> bytes:
    """The socket of a container: an abstract name, of its folder or, where that is too long, of a hash of it."""
    path = os.fsencode(folder)
    name = path + b"/command"
    return b"\0" + (name if len(name) <= LONGEST_NAME else b"lxc/%016x/command" % _fnv1a(path))


def _fnv1a(data: bytes) -> int:
    """The hash of Fowler, Noll and Vo, 64 bits, variant 1a."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def _asked(connection: socket.socket, name: str, number: int) -> int:
    try:
        credentials = _CREDENTIALS.pack(os.getpid(), os.getuid(), os.getgid())
        request = _MESSAGE.pack(GET_TERMINAL, 0, number)
        connection.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])
        _, files, _, _ = socket.recv_fds(connection, _MESSAGE.size, 1)
    except OSError as error:
        raise OperationFailedError(
            f"domain {name!r}: its monitor does not answer: {error}", domain=ErrorDomain.LXC
        ) from error
    if not files:
        raise OperationFailedError(
            f"domain {name!r}: terminal {number} is not there or in use: close the other console",
            domain=ErrorDomain.LXC,
        )
    os.set_inheritable(files[0], False)
    if number == 0:  # a terminal between the monitor and us: the container's own does what is to be done to lines
        with suppress(OSError):
            tty.setraw(files[0], termios.TCSANOW)  # what it has written meanwhile stays
    return files[0]
