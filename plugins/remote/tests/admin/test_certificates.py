"""Certificates that are renewed while the daemon runs."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plugins.remote.tests.admin.wire import SECONDS, Wire
from plugins.remote.tests.transports.authority import Authority
from tests.interop.virtkitd import Virtkitd
from virtkit.errors import InternalError, VirtError
from virtkit_remote.certificates import CertificateFiles

MAIN, ADMIN = ("virtkitd",), ("admin",)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def configuration(files: CertificateFiles, port: int) -> str:
    return f"""[tls]
enabled = true
address = "127.0.0.1"
port = {port}
verify_client = false
authorities = "{files.authority}"
certificate = "{files.certificate}"
key = "{files.key}"
"""


def shown(port: int) -> bytes | None:
    """The certificate that the daemon shows a client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), SECONDS) as sock, context.wrap_socket(sock) as tls:
        return tls.getpeercert(binary_form=True)


def as_shown(files: CertificateFiles) -> bytes:
    assert files.certificate
    return ssl.PEM_cert_to_DER_cert(files.certificate.read_text())


@contextmanager
def administered(folder: Path, files: CertificateFiles, port: int) -> Iterator[Wire]:
    """A daemon that has read its certificates, and listens for TLS."""
    daemon = Virtkitd(folder, configuration=configuration(files, port))
    with daemon, Wire(daemon.admin_socket) as wire:
        wire.call("connect_open", 0)
        yield wire


@pytest.fixture
def authority() -> Authority:
    return Authority()


def test_new_certificates_are_shown_once_an_administrator_says_so(authority: Authority, tmp_path: Path) -> None:
    files, port = authority.issue(authority.folder(tmp_path / "pki"), "server"), free_port()
    with administered(tmp_path, files, port) as wire:
        old = as_shown(files)
        authority.issue(tmp_path / "pki", "server")
        before = shown(port)
        assert None is wire.call("server_update_tls_files", MAIN, 0)
        assert [old, as_shown(files)] == [before, shown(port)]


def test_certificates_of_no_use_leave_everything_as_it_was(authority: Authority, tmp_path: Path) -> None:
    files, port = authority.issue(authority.folder(tmp_path / "pki"), "server"), free_port()
    with administered(tmp_path, files, port) as wire:
        old = as_shown(files)
        assert files.certificate
        files.certificate.write_text("nonsense")
        with pytest.raises(VirtError, match="servercert"):
            wire.call("server_update_tls_files", MAIN, 0)
        assert old == shown(port)


def test_administrators_come_without_certificates(authority: Authority, tmp_path: Path) -> None:
    files, port = authority.issue(authority.folder(tmp_path / "pki"), "server"), free_port()
    with (
        administered(tmp_path, files, port) as wire,
        pytest.raises(InternalError, match="server 'admin' has no certificates"),
    ):
        wire.call("server_update_tls_files", ADMIN, 0)
