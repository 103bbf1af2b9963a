"""Our client and our server, message by message."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from virtkit.driver import Authenticate, Credential
from virtkit.errors import AuthCancelledError, AuthFailedError, ConfSyntaxError
from virtkit_remote.sasl import MAX_DATA, PLAIN, SCRAM, Answer, Client, Credentials, Server, choose, mechanisms


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    found = Credentials(tmp_path_factory.mktemp("sasl") / "users")
    found.add("alice", "wonderland")
    found.add("bjørn", "blåbær")
    return found


def answering(*answers: str) -> Authenticate:
    return lambda questions: answers


def exchange(store: Credentials, mechanism: str, name: str, password: str) -> str | None:
    """Run an exchange as the two sides of a connection do; the name the server believes."""
    client = Client(mechanism, answering(name, password))
    server = Server(mechanism, store, confidential=True)
    answer = server.start(client.start())
    reply = client.step(answer.data)
    while not answer.complete:
        answer = server.step(reply)
        reply = client.step(answer.data)
    assert client.complete
    return server.user_name


@pytest.mark.parametrize("mechanism", [SCRAM, PLAIN])
@pytest.mark.parametrize(("name", "password"), [("alice", "wonderland"), ("bjørn", "blåbær")])
def test_the_right_password_lets_a_user_in(store: Credentials, mechanism: str, name: str, password: str) -> None:
    assert name == exchange(store, mechanism, name, password)


@pytest.mark.parametrize("mechanism", [SCRAM, PLAIN])
@pytest.mark.parametrize(("name", "password"), [("alice", "looking glass"), ("mallory", "wonderland")])
def test_a_wrong_password_and_a_wrong_name_are_refused_alike(
    store: Credentials, mechanism: str, name: str, password: str
) -> None:
    with pytest.raises(AuthFailedError) as raised:
        exchange(store, mechanism, name, password)
    assert (45, 7) == (raised.value.code, raised.value.domain)
    assert "the user name or the password is wrong" in raised.value.message


def test_a_user_who_does_not_exist_is_challenged_with_the_same_salt_each_time(store: Credentials) -> None:
    """Else a name could be told from one that exists by asking twice."""

    def challenge() -> list[bytes]:
        answer = Server(SCRAM, store, confidential=True).start(Client(SCRAM, answering("mallory", "x")).start())
        assert answer.data is not None
        return answer.data.split(b",")[1:]

    assert challenge() == challenge()


def test_the_password_does_not_travel_with_scram(store: Credentials) -> None:
    client = Client(SCRAM, answering("alice", "wonderland"))
    first = client.start()
    second = client.step(Server(SCRAM, store, confidential=True).start(first).data)
    assert second is not None
    assert b"wonderland" not in first + second


def test_a_server_that_does_not_know_the_password_is_found_out(store: Credentials) -> None:
    client = Client(SCRAM, answering("alice", "wonderland"))
    server = Server(SCRAM, store, confidential=True)
    client.step(server.start(client.start()).data)
    with pytest.raises(AuthFailedError, match="could not prove that it knows the password"):
        client.step(b"v=" + b"A" * 43 + b"=")
    assert not client.complete


def test_a_server_that_only_says_yes_has_proved_nothing() -> None:
    client = Client(SCRAM, answering("alice", "wonderland"))
    client.start()
    with pytest.raises(AuthFailedError):
        client.step(None)
    assert not client.complete


def test_a_client_may_keep_its_first_message_until_asked(store: Credentials) -> None:
    server = Server(PLAIN, store, confidential=True)
    assert Answer(False, b"") == server.start(None)
    assert Answer(True, None) == server.step(b"\0alice\0wonderland")


def test_a_client_may_say_that_it_acts_as_itself(store: Credentials) -> None:
    server = Server(PLAIN, store, confidential=True)
    assert Answer(True, None) == server.start(b"alice\0alice\0wonderland")


def test_nobody_acts_as_another(store: Credentials) -> None:
    server = Server(PLAIN, store, confidential=True)
    with pytest.raises(AuthFailedError, match="'alice' cannot act as 'root'"):
        server.start(b"root\0alice\0wonderland")
    assert None is server.user_name


@pytest.mark.parametrize(
    "data", [b"", b"alice", b"\0alice", b"\0alice\0x\0y", b"\xff\xfe", b"\0alice\0" + b"x" * MAX_DATA]
)
def test_what_is_no_plain_message_is_refused(store: Credentials, data: bytes) -> None:
    with pytest.raises(AuthFailedError):
        Server(PLAIN, store, confidential=True).start(data)


@pytest.mark.parametrize("data", [
    b"", b"alice", b"n,,", b"n,,n=alice", b"p=tls-unique,,n=alice,r=x", b"n,,n=,r=abc", b"n,,n=a=lice,r=abc", b"\0" * 9,
    b"n,a=root,n=alice,r=abcdef",
])  # fmt: skip
def test_what_is_no_scram_message_is_refused(store: Credentials, data: bytes) -> None:
    server = Server(SCRAM, store, confidential=True)
    with pytest.raises(AuthFailedError):
        server.start(data)


def test_a_failed_exchange_is_over(store: Credentials) -> None:
    server = Server(PLAIN, store, confidential=True)
    with pytest.raises(AuthFailedError, match="wrong"):
        server.start(b"\0alice\0guess")
    with pytest.raises(AuthFailedError, match="over"):
        server.step(b"\0alice\0wonderland")
    assert None is server.user_name


def test_a_complete_exchange_is_over(store: Credentials) -> None:
    server = Server(PLAIN, store, confidential=True)
    server.start(b"\0alice\0wonderland")
    with pytest.raises(AuthFailedError, match="over"):
        server.step(b"\0bjorn\0x")


def test_an_exchange_begins_once_and_at_the_beginning(store: Credentials) -> None:
    server = Server(PLAIN, store, confidential=True)
    with pytest.raises(AuthFailedError, match="begins with the choice"):
        server.step(b"\0alice\0wonderland")
    server = Server(PLAIN, store, confidential=True)
    server.start(None)
    with pytest.raises(AuthFailedError, match="begins once"):
        server.start(b"\0alice\0wonderland")


def test_plain_is_offered_where_nobody_listens(store: Credentials) -> None:
    assert ([SCRAM, PLAIN], [SCRAM]) == (mechanisms(confidential=True), mechanisms(confidential=False))
    with pytest.raises(AuthFailedError, match="'PLAIN' is not offered here; take one of SCRAM-SHA-256"):
        Server(PLAIN, store, confidential=False)


def test_a_store_that_cannot_be_read_is_not_taken_for_a_wrong_password(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("alice:rot13\n")
    path.chmod(0o600)
    for mechanism in (SCRAM, PLAIN):
        with pytest.raises(ConfSyntaxError, match=r"users, line 1: the verifier of 'alice'"):
            exchange(Credentials(path), mechanism, "alice", "x")


@pytest.mark.parametrize(("offered", "wanted", "confidential", "chosen"), [
    (["PLAIN", "SCRAM-SHA-256", "GSSAPI"], None, True, SCRAM),
    (["PLAIN", "SCRAM-SHA-256"], "PLAIN", True, PLAIN),
    (["PLAIN"], None, True, PLAIN),
    (["SCRAM-SHA-256", "PLAIN"], None, False, SCRAM),
])  # fmt: skip
def test_a_client_takes_the_best_mechanism(
    offered: Sequence[str], wanted: str | None, confidential: bool, chosen: str
) -> None:
    assert chosen == choose(offered, wanted, confidential=confidential)


@pytest.mark.parametrize(("offered", "wanted", "confidential", "problem"), [
    (["GSSAPI"], None, True, r"\(GSSAPI\) none is spoken here"),
    ([], None, True, r"\(none\) none is spoken here"),
    (["PLAIN"], "SCRAM-SHA-256", True, "does not offer the SASL mechanism 'SCRAM-SHA-256' that the URI asks for"),
    (["GSSAPI"], "GSSAPI", True, "none is spoken here"),
    (["PLAIN"], None, False, "would cross the network unencrypted"),
    (["PLAIN", "SCRAM-SHA-256"], "PLAIN", False, "would cross the network unencrypted"),
])  # fmt: skip
def test_a_client_takes_no_mechanism_that_it_should_not(
    offered: Sequence[str], wanted: str | None, confidential: bool, problem: str
) -> None:
    with pytest.raises(AuthFailedError, match=problem):
        choose(offered, wanted, confidential=confidential)


def test_a_caller_is_asked_for_what_the_uri_does_not_say() -> None:
    asked: list[Sequence[Credential]] = []

    def ask(questions: Sequence[Credential]) -> Sequence[str]:
        asked.append(questions)
        return ["x"] * len(questions)

    Client(PLAIN, ask)
    Client(PLAIN, ask, user_name="alice")
    assert [[2, 5], [5]] == [[each.type for each in questions] for questions in asked]


def test_without_anybody_to_ask_there_is_no_exchange() -> None:
    with pytest.raises(AuthFailedError, match="open the connection with something that asks"):
        Client(PLAIN, None)


def test_a_caller_who_gives_no_answer_has_cancelled() -> None:
    with pytest.raises(AuthCancelledError):
        Client(PLAIN, lambda questions: None)


def test_a_client_finds_questions_after_plain_strange() -> None:
    client = Client(PLAIN, answering("alice", "x"))
    client.start()
    with pytest.raises(AuthFailedError, match="answered a PLAIN message with a question"):
        client.step(b"realm?")


def test_without_the_library_nothing_is_offered_and_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, store: Credentials
) -> None:
    monkeypatch.setitem(sys.modules, "scramp", None)
    assert [] == mechanisms(confidential=True)
    for attempt in (lambda: Server(SCRAM, store, confidential=True), lambda: Client(SCRAM, answering("alice", "x"))):
        with pytest.raises(AuthFailedError, match=r"pip install virtkit-remote\[sasl\]"):
            attempt()
