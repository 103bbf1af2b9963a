"""Our side of an exchange with the other one in Cyrus SASL, which libvirt speaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plugins.remote.tests.sasl import cyrus
from virtkit.errors import AuthFailedError
from virtkit_remote.sasl import PLAIN, SCRAM, Client, Credentials, Server

pytestmark = pytest.mark.skipif(
    not cyrus.available(), reason="needs Cyrus SASL: apt-get install libsasl2-modules libsasl2-modules-db"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    found = Credentials(tmp_path_factory.mktemp("sasl") / "users")
    found.add("alice", "wonderland")
    return found


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cyrus") / "sasldb2"
    with closing(cyrus.Server(path)) as server:
        server.add("alice", "wonderland")
    return path


@pytest.fixture
def their_server(users: Path) -> Iterator[cyrus.Server]:
    with closing(cyrus.Server(users)) as server:
        yield server


def entered(store: Credentials, mechanism: str, name: str, password: str) -> str | None:
    """Let their client in to our server; the name we believe."""
    server = Server(mechanism, store, confidential=True)
    with closing(cyrus.Client(name, password)) as client:
        answer = server.start(client.start(mechanism))
        while not answer.complete:
            answer = server.step(client.step(answer.data))
        if answer.data is not None:
            client.step(answer.data)
        assert client.complete
    return server.user_name


@pytest.mark.parametrize("mechanism", [SCRAM, PLAIN])
def test_their_client_enters_our_server(store: Credentials, mechanism: str) -> None:
    assert "alice" == entered(store, mechanism, "alice", "wonderland")


@pytest.mark.parametrize("mechanism", [SCRAM, PLAIN])
@pytest.mark.parametrize(("name", "password"), [("alice", "looking glass"), ("mallory", "wonderland")])
def test_their_client_is_refused_by_our_server(store: Credentials, mechanism: str, name: str, password: str) -> None:
    with pytest.raises(AuthFailedError, match="the user name or the password is wrong"):
        entered(store, mechanism, name, password)


def test_their_client_finds_out_a_server_that_does_not_know_the_password(store: Credentials) -> None:
    server = Server(SCRAM, store, confidential=True)
    with closing(cyrus.Client("alice", "wonderland")) as client:
        client.step(server.start(client.start(SCRAM)).data)
        with pytest.raises(cyrus.CyrusError):
            client.step(b"v=" + b"A" * 43 + b"=")


@pytest.mark.parametrize("mechanism", [SCRAM, PLAIN])
def test_our_client_enters_their_server(their_server: cyrus.Server, mechanism: str) -> None:
    client = Client(mechanism, lambda questions: ["alice", "wonderland"])
    data = their_server.start(mechanism, client.start())
    reply = client.step(data)
    while not their_server.complete:
        reply = client.step(their_server.step(reply))
    assert (True, "alice@lab.example") == (client.complete, their_server.user_name)


@pytest.mark.parametrize("mechanism", [SCRAM, PLAIN])
def test_our_client_is_refused_by_their_server(their_server: cyrus.Server, mechanism: str) -> None:
    client = Client(mechanism, lambda questions: ["alice", "looking glass"])
    with pytest.raises(cyrus.CyrusError):  # noqa: PT012 - which message tells is the server's choice
        data = their_server.start(mechanism, client.start())
        their_server.step(client.step(data))
    assert not their_server.complete
