"""Every transport reaches a real libvirtd: it answers the first question of the protocol."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from plugins.remote.tests.transports import sshd
from plugins.remote.tests.transports.authority import Authority
from plugins.remote.tests.transports.peers import NO_AUTHENTICATION, PATIENCE, ask
from tests.interop import libvirtd
from virtkit.uri import parse
from virtkit_remote.client.transports import connect

pytestmark = pytest.mark.libvirt


class Daemon(NamedTuple):
    """A running libvirtd and what its clients need.

    Attributes:
        path: Its socket.
        tcp: Its port without encryption.
        tls: Its port with.
        pkipath: Certificates of a client.
        folder: Where tests put their own files.
    """

    path: Path
    tcp: int
    tls: int
    pkipath: Path
    folder: Path


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("libvirtd")
    authority = Authority()
    server = authority.issue(authority.folder(folder / "server"), "server")
    pkipath = authority.folder(folder / "client")
    authority.issue(pkipath, "client")
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        tcp, tls = first.getsockname()[1], second.getsockname()[1]
    settings = [
        'listen_addr = "127.0.0.1"',
        *("listen_tcp = 1", f'tcp_port = "{tcp}"', 'auth_tcp = "none"'),
        *("listen_tls = 1", f'tls_port = "{tls}"', 'auth_tls = "none"'),
        *(f'ca_file = "{server.authority}"', f'cert_file = "{server.certificate}"', f'key_file = "{server.key}"'),
    ]
    with libvirtd.running(folder, settings=settings, arguments=["--listen"]) as path:
        yield Daemon(path, tcp, tls, pkipath, folder)


@pytest.fixture(scope="module")
def server(daemon: Daemon) -> Iterator[sshd.Server]:
    """An ssh server on a host where that daemon is at the usual place."""
    folder = daemon.folder / "sshd"
    folder.mkdir()
    with sshd.running(folder, daemon=daemon.path) as server:
        yield server


def answer(text: str) -> bytes:
    transport = connect(parse(text), readonly=False, timeout=PATIENCE)
    try:
        return ask(transport) or str(transport.lost()).encode()
    finally:
        transport.close()


def test_over_its_socket(daemon: Daemon) -> None:
    assert NO_AUTHENTICATION == answer(f"test+unix:///default?socket={daemon.path}")


def test_over_the_socket_of_a_session(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(daemon.path.parent.parent))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert NO_AUTHENTICATION == answer("test+unix:///default")


def test_over_tcp(daemon: Daemon) -> None:
    assert NO_AUTHENTICATION == answer(f"test+tcp://127.0.0.1:{daemon.tcp}/default")


def test_over_tls(daemon: Daemon) -> None:
    assert NO_AUTHENTICATION == answer(f"test+tls://localhost:{daemon.tls}/default?pkipath={daemon.pkipath}")


def test_over_a_program(daemon: Daemon) -> None:
    if not shutil.which("nc"):
        pytest.skip("nc is not installed (netcat-openbsd)")
    script = daemon.folder / "tunnel"
    script.write_text(f"#!/bin/sh\nexec nc -U {daemon.path}\n")
    script.chmod(0o700)
    assert NO_AUTHENTICATION == answer(f"test+ext:///default?command={script}")


@pytest.mark.parametrize("proxy", ["auto", "native", "netcat"])
def test_over_ssh(server: sshd.Server, proxy: str) -> None:
    needed = "nc" if proxy == "netcat" else "virt-ssh-helper"
    if not shutil.which(needed):
        pytest.skip(f"{needed} is not installed")
    uri = f"test+ssh://root@127.0.0.1:{server.port}/default?proxy={proxy}&{server.parameters}"
    assert NO_AUTHENTICATION == answer(uri)
