"""TLS ports: both sides prove who they are, and several threads use one connection."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from plugins.remote.tests.transports.authority import DAY, Authority, encrypt, now
from plugins.remote.tests.transports.peers import PATIENCE, Serve, echo, listening, read
from virtkit.driver import Credential
from virtkit.enums import ConnectCredentialType
from virtkit.errors import AuthFailedError, ConfigUnsupportedError, OperationTimeoutError, SystemCallError, VirtError
from virtkit.uri import URI, parse
from virtkit_remote.certificates import CertificateFiles, server_context
from virtkit_remote.client.transports import Transport, connect
from virtkit_remote.client.transports.tls import ACCEPTED, TLSSocket


class Place:
    """A port of this host, and the folders of both sides' certificates."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority()
        self.server = self.authority.issue(self.authority.folder(folder / "server"), "server")
        self.pkipath = self.authority.folder(folder / "client")
        self.client = self.authority.issue(self.pkipath, "client")
        self.listener = socket.create_server(("127.0.0.1", 0))

    def uri(self, more: str = "", host: str = "localhost") -> URI:
        return parse(f"test+tls://{host}:{self.listener.getsockname()[1]}/default?pkipath={self.pkipath}{more}")

    def serving(
        self, serve: Serve = echo, *, files: CertificateFiles | None = None, greeting: bytes = ACCEPTED
    ) -> AbstractContextManager[None]:
        """A daemon's side: handshake, greeting, then `serve`."""
        context = server_context(files or self.server, check=False)

        def run(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.sendall(greeting)
                serve(secured)

        return listening(self.listener, run)

    def open(self, more: str = "", host: str = "localhost") -> Transport:
        return connect(self.uri(more, host), readonly=False, timeout=PATIENCE)

    def failure(self, kind: type[VirtError], more: str = "", host: str = "localhost") -> str:
        with pytest.raises(kind) as caught:
            self.open(more, host)
        return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.listener.close()


def hang_up(connection: socket.socket) -> None:
    """Serve nobody."""


def test_bytes_travel_both_ways(place: Place) -> None:
    with place.serving():
        transport = place.open()
        try:
            transport.sock.sendall(b"hello")
            assert b"hello" == read(transport, 5)
        finally:
            transport.close()
    traits = (transport.name, transport.secure, transport.encrypted, transport.passes_fds)
    assert ("tls", True, True, False) == traits


def test_the_strength_of_the_cipher_is_known(place: Place) -> None:
    with place.serving():
        transport = place.open()
        try:
            assert isinstance(transport.sock, TLSSocket)
            assert transport.sock.cipher_bits() in (128, 256)
            assert "subject" in transport.sock.getpeercert()
        finally:
            transport.close()


def test_an_address_can_be_what_a_certificate_is_for(place: Place) -> None:
    with place.serving():
        transport = place.open(host="127.0.0.1")
        transport.close()
    assert transport.peer.startswith("127.0.0.1:")


def test_a_server_with_a_certificate_for_another_host_is_refused(place: Place, tmp_path: Path) -> None:
    files = place.authority.issue(place.authority.folder(tmp_path / "other"), "server", "elsewhere.example")
    with place.serving(files=files):
        assert "is for another host; use a name that it holds" in place.failure(AuthFailedError)


def test_a_server_of_another_authority_is_refused(place: Place, tmp_path: Path) -> None:
    stranger = Authority()
    files = stranger.issue(stranger.folder(tmp_path / "other"), "server")
    with place.serving(files=files):
        expected = f"is signed by an authority that {place.client.authority} does not hold"
        assert expected in place.failure(AuthFailedError)


def test_no_verify_takes_any_server(place: Place, tmp_path: Path) -> None:
    files = place.authority.issue(place.authority.folder(tmp_path / "other"), "server", "elsewhere.example")
    with place.serving(files=files):
        transport = place.open("&no_verify=1")
        transport.close()
    assert "tls" == transport.name


def test_a_client_that_shows_no_certificate_is_told_that_the_server_wants_one(place: Place) -> None:
    assert place.client.certificate
    assert place.client.key
    place.client.certificate.unlink()
    place.client.key.unlink()
    with place.serving():
        text = place.failure(AuthFailedError)
    assert "does not accept this client" in text
    assert "we have no certificate to show" in text


def test_a_client_of_another_authority_is_told_what_it_showed(place: Place, tmp_path: Path) -> None:
    stranger = Authority()
    files = stranger.issue(stranger.folder(tmp_path / "stranger"), "client")
    place.authority.ca.cert_pem.write_to_path(files.authority)  # it trusts the server; the server does not trust it
    place.pkipath = tmp_path / "stranger"
    with place.serving():
        text = place.failure(AuthFailedError, "&no_sanity=1")
    assert "does not accept this client" in text
    assert f"we showed {files.certificate}" in text


def test_our_own_expired_certificate_is_found_before_the_server_is_asked(place: Place) -> None:
    place.authority.issue(place.pkipath, "client", expires=now() - DAY)
    assert f"{place.client.certificate} has expired" in place.failure(AuthFailedError)


@pytest.mark.parametrize("greeting", [b"\0", b""])
def test_a_server_that_does_not_greet_has_refused(place: Place, greeting: bytes) -> None:
    with place.serving(hang_up, greeting=greeting):
        assert "does not accept this client" in place.failure(AuthFailedError)


def test_a_port_without_tls_is_told_as_such(place: Place) -> None:
    with listening(place.listener):
        assert "check that it is a daemon's TLS port" in place.failure(AuthFailedError)


def test_a_silent_port_is_given_up_in_time(place: Place) -> None:
    with pytest.raises(OperationTimeoutError, match="does not answer in time"):
        connect(place.uri(), readonly=False, timeout=0.2)


def test_a_missing_authority_is_an_error_that_names_the_file(place: Place) -> None:
    place.client.authority.unlink()
    assert str(place.client.authority) in place.failure(SystemCallError)


def test_priorities_of_another_library_are_refused_rather_than_ignored(place: Place) -> None:
    assert "tls_priority" in place.failure(ConfigUnsupportedError, "&tls_priority=NORMAL")


def test_the_passphrase_of_the_key_is_asked_of_the_caller(place: Place) -> None:
    encrypt(place.client, "open sesame")
    asked: list[Credential] = []

    def answer(questions: Sequence[Credential]) -> Sequence[str]:
        asked.extend(questions)
        return ["open sesame"]

    with place.serving():
        transport = connect(place.uri(), readonly=False, timeout=PATIENCE, authenticate=answer)
        transport.close()
    assert [(ConnectCredentialType.NOECHOPROMPT, str(place.client.key))] == [(a.type, a.challenge) for a in asked]


def test_no_descriptor_is_left_by_a_connection_that_failed(place: Place) -> None:
    with listening(place.listener, hang_up):
        before = set(os.listdir("/proc/self/fd"))
        place.failure(AuthFailedError)
    assert set() == set(os.listdir("/proc/self/fd")) - before


def test_one_thread_receives_while_others_send_the_whole_of_one_after_the_other(place: Place) -> None:
    size, senders = 4_000_000, 3  # more than the kernel takes before the other side reads
    all_send = threading.Barrier(senders + 1)

    def wait_and_echo(connection: socket.socket) -> None:
        all_send.wait(PATIENCE)
        echo(connection)

    def send(number: int) -> None:
        transport.sock.sendall(bytes([number]))
        all_send.wait(PATIENCE)
        transport.sock.sendall(bytes([number]) * size)

    with place.serving(wait_and_echo), ThreadPoolExecutor() as pool:
        transport = place.open()
        try:
            received = pool.submit(read, transport, (size + 1) * senders)
            for number in range(senders):
                pool.submit(send, number)
            data = received.result(PATIENCE)[senders:]
        finally:
            transport.close()
    order = [data[position * size] for position in range(senders)]
    assert b"".join(bytes([number]) * size for number in order) == data
    assert [0, 1, 2] == sorted(order)


def test_interrupting_wakes_a_thread_that_reads(place: Place) -> None:
    with place.serving(), ThreadPoolExecutor() as pool:
        transport = place.open()
        try:
            received = pool.submit(transport.sock.recv, 1)
            transport.interrupt()
            assert b"" == received.result(PATIENCE)
        finally:
            transport.close()


def test_a_receiver_gives_up_after_its_timeout(place: Place) -> None:
    with place.serving():
        transport = place.open()
        try:
            transport.sock.settimeout(0.01)
            with pytest.raises(TimeoutError):
                transport.sock.recv(1)
        finally:
            transport.close()


def test_a_sender_gives_up_when_the_other_side_takes_nothing(place: Place) -> None:
    done = threading.Event()

    def ignore(connection: socket.socket) -> None:
        done.wait(PATIENCE)

    with place.serving(ignore):
        transport = place.open()
        try:
            transport.sock.settimeout(0.05)
            with pytest.raises(TimeoutError):
                transport.sock.sendall(bytes(32_000_000))
        finally:
            transport.close()
            done.set()


def test_what_was_decrypted_ahead_is_pending(place: Place) -> None:
    with place.serving():
        transport = place.open()
        try:
            assert isinstance(transport.sock, TLSSocket)
            transport.sock.sendall(b"hello")
            read(transport, 1)
            assert 4 == transport.sock.pending()
        finally:
            transport.close()


def test_the_end_of_the_stream_is_empty(place: Place) -> None:
    with place.serving(hang_up):
        transport = place.open()
        try:
            assert b"" == read(transport, 1)
        finally:
            transport.close()


def test_a_closed_connection_neither_sends_nor_receives(place: Place) -> None:
    with place.serving():
        transport = place.open()
        transport.close()
    for use in (lambda: transport.sock.recv(1), lambda: transport.sock.sendall(b"x")):
        with pytest.raises(OSError, match="Bad file descriptor"):
            use()
    assert not isinstance(transport.sock, ssl.SSLSocket)
