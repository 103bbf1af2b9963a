"""Unix sockets below folders of any depth.

A socket's path is limited to 107 bytes, which a root such as a test's temporary folder exceeds easily. The folder is
therefore opened first and the socket named relative to it, through /proc.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`, accessible to its owner only; a socket left there by another is replaced."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)
        with _short(path) as name:
            listener.bind(name)
            # Nobody can connect before listen(), so nobody can before the mode is right.
            os.chmod(name, 0o600)
        listener.listen(1)
    except BaseException:
        listener.close()
        raise
    return listener


def connect(path: Path, *, seconds: float | None = None) -> socket.socket:
    """A connection to the socket at `path`.

    Args:
        path: Where it is.
        seconds: How long to wait where too many are waiting already; None: for ever.

    Raises:
        BlockingIOError: Too many are waiting.
        OSError: Nothing is at `path` or nobody listens.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        if seconds is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(seconds))
        with _short(path) as name:
            connection.connect(name)
    except BaseException:
        connection.close()
        raise
    return connection


def _timeval(seconds: float) -> bytes:
    """The kernel's form of a timeout, in which 0 is for ever."""
    micros = max(1, int(seconds * 1e6))
    return struct.pack("@ll", *divmod(micros, 1_000_000))


@contextmanager
def _short(path: Path) -> Iterator[str]:
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
