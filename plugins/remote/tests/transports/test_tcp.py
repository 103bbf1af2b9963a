"""TCP ports."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from plugins.remote.tests.transports.peers import PATIENCE, listening, read
from virtkit.errors import NoConnectError, OperationTimeoutError, SystemCallError
from virtkit.uri import parse
from virtkit_remote.client.transports import connect


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_bytes_travel_both_ways() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with listening(listener):
        transport = connect(parse(f"test+tcp://127.0.0.1:{port}/default"), readonly=False, timeout=PATIENCE)
        try:
            transport.sock.sendall(b"hello")
            assert b"hello" == read(transport, 5)
        finally:
            transport.close()
    traits = (transport.name, transport.secure, transport.encrypted, transport.passes_fds, transport.peer)
    assert ("tcp", False, False, False, f"127.0.0.1:{port}") == traits


def test_small_frames_are_sent_at_once() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listening(listener):
        uri = parse(f"test+tcp://127.0.0.1:{listener.getsockname()[1]}/default")
        transport = connect(uri, readonly=False, timeout=PATIENCE)
        try:
            assert isinstance(transport.sock, socket.socket)
            assert transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert transport.sock.gettimeout() is None
        finally:
            transport.close()


def test_every_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = closed_port()
    listener = socket.create_server(("127.0.0.1", 0))
    alive = listener.getsockname()[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (dead, alive)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with listening(listener):
        transport = connect(parse("test+tcp://lab/default"), readonly=False, timeout=PATIENCE)
        try:
            assert isinstance(transport.sock, socket.socket)
            assert ("127.0.0.1", alive) == transport.sock.getpeername()
        finally:
            transport.close()


def test_a_port_where_nobody_listens_is_an_error_with_its_errno() -> None:
    port = closed_port()
    with pytest.raises(SystemCallError, match=f"127.0.0.1 port {port}: Connection refused; check") as caught:
        connect(parse(f"test+tcp://127.0.0.1:{port}/default"), readonly=False, timeout=PATIENCE)
    assert errno.ECONNREFUSED == caught.value.int1


def test_the_error_names_each_address_that_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = (closed_port(), closed_port())
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(SystemCallError) as caught:
        connect(parse("test+tcp://lab/default"), readonly=False, timeout=PATIENCE)
    assert [True, True] == [f"127.0.0.1 port {port}" in str(caught.value) for port in ports]


def test_a_host_without_an_address_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoConnectError, match="'lab' has no address: Name or service not known; check the name"):
        connect(parse("test+tcp://lab/default"), readonly=False, timeout=PATIENCE)


def test_a_host_name_that_is_none_is_an_error_that_names_it() -> None:
    with pytest.raises(NoConnectError, match="has no address"):
        connect(parse(f"test+tcp://{'x' * 64}.lab/default"), readonly=False, timeout=PATIENCE)


def test_a_peer_that_does_not_answer_is_given_up_in_time() -> None:
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filler.connect(listener.getsockname())  # its queue holds one, which nobody accepts
        uri = parse(f"test+tcp://127.0.0.1:{listener.getsockname()[1]}/default")
        with pytest.raises(OperationTimeoutError, match="does not answer in time"):
            connect(uri, readonly=False, timeout=0.05)


def test_no_descriptor_is_left_by_a_connection_that_failed() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(SystemCallError):
        connect(parse(f"test+tcp://127.0.0.1:{closed_port()}/default"), readonly=False, timeout=PATIENCE)
    assert before == len(os.listdir("/proc/self/fd"))
