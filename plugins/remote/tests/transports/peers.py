"""Other sides for transports: one that sends back what it gets, and the first question to a real daemon."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from virtkit_remote.client.transports import Transport

PATIENCE = 30.0
"""Seconds after which a test has failed; nothing here takes long."""

AUTH_LIST = bytes.fromhex("0000001c 20008086 00000001 00000042 00000000 00000000 00000000")
NO_AUTHENTICATION = bytes.fromhex("00000024 20008086 00000001 00000042 00000001 00000000 00000000 00000001 00000000")
"""The question for the ways to authenticate, and the answer of a daemon that asks for none."""

Serve = Callable[[socket.socket], None]


def echo(connection: socket.socket) -> None:
    """Send back what comes until the stream ends."""
    while chunk := connection.recv(65536):
        connection.sendall(chunk)


@contextmanager
def listening(listener: socket.socket, serve: Serve = echo) -> Iterator[None]:
    """Serve each connection of a listener on a thread; all are ended with the context."""
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def run(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connections.append(listener.accept()[0])
                threads.append(threading.Thread(target=run, args=(connections[-1],)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(PATIENCE)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(PATIENCE)
        listener.close()


def read(transport: Transport, size: int) -> bytes:
    """Exactly `size` bytes, fewer if the stream ends."""
    data = b""
    transport.sock.settimeout(PATIENCE)
    while len(data) < size and (chunk := transport.sock.recv(size - len(data))):
        data += chunk
    return data


def ask(transport: Transport) -> bytes:
    """A daemon's answer to `AUTH_LIST`; empty where the stream ends instead."""
    transport.sock.sendall(AUTH_LIST)
    head = read(transport, 4)
    return head + read(transport, struct.unpack(">I", head)[0] - 4) if head else b""
