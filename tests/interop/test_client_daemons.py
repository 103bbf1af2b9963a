"""The remote driver and daemons as they are run: passwords, certificates, events, signs of life, and their end.

Polkit is not here: no test machine has its D-Bus service.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import virtkit
from plugins.remote.tests.transports.authority import Authority
from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd
from virtkit import Connection
from virtkit.driver import Credential, OpenRequest
from virtkit.enums import ConnectCredentialType, DomainEventType
from virtkit.errors import (
    AuthCancelledError,
    AuthFailedError,
    OperationAbortedError,
    OperationDeniedError,
    OperationInvalidError,
    VirtError,
)
from virtkit.events import DomainLifecycleEvent
from virtkit.uri import parse
from virtkit_remote.client import channel as channels
from virtkit_remote.client.channel import Waiter
from virtkit_remote.client.driver import RemoteDriver
from virtkit_remote.sasl import Credentials

pytestmark = pytest.mark.libvirt

PATIENCE = 60.0
"""Seconds after which a test has failed."""

NAME, PASSWORD = "alice", "a secret"
XML = "<domain type='test'><name>{name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"


@pytest.fixture(params=["virtkitd", "libvirtd"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of the test driver of a daemon."""
    with ExitStack() as stack:
        if request.param == "libvirtd":
            path = stack.enter_context(libvirtd.running(tmp_path))
        else:
            path = stack.enter_context(Virtkitd(tmp_path)).socket
        yield f"test+unix:///default?socket={path}"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


# Threads, events, signs of life


def test_threads_that_change_and_look_lose_no_event(uri: str) -> None:
    threads, rounds = 6, 15
    seen: list[tuple[str, int]] = []

    def work(conn: Connection, number: int) -> None:
        for _ in range(rounds):
            domain = conn.create_domain(XML.format(name=f"lab-{number}"))
            assert f"lab-{number}" == conn.lookup_domain_by_name(domain.name).name
            domain.destroy()

    with (
        virtkit.open(uri) as conn,
        conn.subscribe(DomainLifecycleEvent, lambda domain, record: seen.append((domain.name, record.event))),
        ThreadPoolExecutor(threads) as pool,
    ):
        for each in [pool.submit(work, conn, number) for number in range(threads)]:
            each.result(PATIENCE)
        wait_for(lambda: [event for _, event in seen].count(DomainEventType.STOPPED) == threads * rounds)
    started = [name for name, event in seen if event == DomainEventType.STARTED]
    assert {f"lab-{number}": rounds for number in range(threads)} == {name: started.count(name) for name in started}


def test_an_event_may_be_answered_with_calls(uri: str) -> None:
    """A callback runs on a thread of its own, so that it may use the connection."""
    seen: list[str] = []
    with (
        virtkit.open(uri) as conn,
        conn.subscribe(DomainLifecycleEvent, lambda domain, record: seen.append(domain.xml_desc()[:7])),
    ):
        conn.define_domain(XML.format(name="lab"))
        wait_for(lambda: seen)
    assert ["<domain"] == seen


def test_events_end_with_their_subscription(uri: str) -> None:
    first: list[int] = []
    second: list[int] = []
    with virtkit.open(uri) as conn:
        one = conn.subscribe(DomainLifecycleEvent, lambda domain, record: first.append(record.event))
        with conn.subscribe(DomainLifecycleEvent, lambda domain, record: second.append(record.event)):
            one.close()
            conn.define_domain(XML.format(name="lab"))
            wait_for(lambda: second)
    assert ([], [DomainEventType.DEFINED]) == (first, second)


def test_a_daemon_answers_pings_of_a_client_that_waits(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "PING_SECONDS", 0.1)
    monkeypatch.setattr(channels, "PINGS", 2)
    session = RemoteDriver().driver_open(OpenRequest(parse(uri), readonly=False, root=None, peers={}))
    try:
        assert session.channel.wait(Waiter(), 1.0) is False
        assert session.channel.alive is True
    finally:
        session.close()


def test_nothing_is_left_of_closed_connections(uri: str) -> None:
    virtkit.open(uri).close()
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with virtkit.open(uri) as conn:
            conn.subscribe(DomainLifecycleEvent, lambda domain, record: None)
            conn.lookup_domain_by_name("test")
    wait_for(lambda: before == (threading.active_count(), len(os.listdir("/proc/self/fd"))))


# The end of a daemon


def test_a_daemon_that_is_killed_fails_calls_and_ends_events(tmp_path: Path) -> None:
    with Virtkitd(tmp_path) as daemon, virtkit.open(daemon.uri()) as conn:
        seen: list[str] = []
        conn.subscribe(DomainLifecycleEvent, lambda domain, record: seen.append(domain.name))
        assert conn.is_alive() is True
        os.kill(daemon.process.pid, signal.SIGKILL)
        daemon.process.wait()
        with pytest.raises(OperationAbortedError, match=r"is lost.*open a new one"):
            _call_until_it_fails(conn)
        wait_for(lambda: conn.is_alive() is False)
        with pytest.raises((OperationAbortedError, OperationInvalidError)):
            conn.subscribe(DomainLifecycleEvent, lambda domain, record: None)


def _call_until_it_fails(conn: Connection) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        conn.lookup_domain_by_name("test")


def test_a_daemon_that_is_stopped_and_started_takes_a_new_connection(tmp_path: Path) -> None:
    daemon = Virtkitd(tmp_path)
    with daemon, virtkit.open(daemon.uri()) as old:
        assert 0 == daemon.stop()
        with pytest.raises(OperationAbortedError):
            _call_until_it_fails(old)
    with Virtkitd(tmp_path) as again, virtkit.open(again.uri()) as new:
        assert "test" == new.lookup_domain_by_name("test").name


def test_a_daemon_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(VirtError, match="start virtkitd or libvirtd"):
        virtkit.open(f"test+unix:///default?socket={tmp_path / 'none'}")


# Names and passwords


def answering(*answers: str) -> Callable[[Sequence[Credential]], list[str]]:
    """Somebody who answers questions for a name and for a password."""
    by_type = dict(zip((ConnectCredentialType.AUTHNAME, ConnectCredentialType.PASSPHRASE), answers, strict=True))
    return lambda questions: [by_type[ConnectCredentialType(each.type)] for each in questions]


@contextmanager
def asking_for_passwords(folder: Path, configuration: str) -> Iterator[Virtkitd]:
    """A daemon that knows Alice."""
    users = folder / "sasl-users"
    Credentials(users).add(NAME, PASSWORD)
    with Virtkitd(folder, configuration=f"{configuration}\n[sasl]\nusers = '{users}'\n") as daemon:
        wait_for(lambda: "ready: " in daemon.log())  # at its ports too
        yield daemon


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    with asking_for_passwords(tmp_path_factory.mktemp("virtkitd"), '[unix]\nauth = "sasl"\n') as daemon:
        yield daemon


@pytest.mark.parametrize("auth", ["", "&auth=sasl", "&auth=sasl.SCRAM-SHA-256", "&auth=sasl.PLAIN"])
def test_who_knows_the_password_is_let_in(closed: Virtkitd, auth: str) -> None:
    with virtkit.open(closed.uri() + auth, authenticate=answering(NAME, PASSWORD)) as conn:
        assert "test" == conn.lookup_domain_by_name("test").name


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN"])
@pytest.mark.parametrize("answers", [(NAME, "wrong"), ("nobody", PASSWORD)])
def test_who_does_not_know_it_is_refused(closed: Virtkitd, mechanism: str, answers: tuple[str, str]) -> None:
    with pytest.raises(AuthFailedError):
        virtkit.open(f"{closed.uri()}&auth=sasl.{mechanism}", authenticate=answering(*answers))


def test_nobody_to_ask_is_told_of(closed: Virtkitd) -> None:
    with pytest.raises(AuthFailedError, match="wants a user name and a password"):
        virtkit.open(closed.uri())


def test_who_is_asked_may_give_up(closed: Virtkitd) -> None:
    with pytest.raises(AuthCancelledError):
        virtkit.open(closed.uri(), authenticate=lambda questions: None)


@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        ("sasl.GSSAPI", "does not offer the SASL mechanism 'GSSAPI'"),
        ("polkit", "asks for auth=polkit, which the daemon does not offer"),
        ("none", "asks for auth=none, which the daemon does not offer"),
    ],
)
def test_another_way_than_the_daemon_s_is_refused(closed: Virtkitd, auth: str, reason: str) -> None:
    with pytest.raises(AuthFailedError, match=reason):
        virtkit.open(f"{closed.uri()}&auth={auth}", authenticate=answering(NAME, PASSWORD))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_passwords_over_tcp_are_never_sent_themselves(tmp_path: Path) -> None:
    port = free_port()
    with asking_for_passwords(tmp_path, f"[tcp]\nenabled = true\nport = {port}\n"):
        uri = f"test+tcp://{NAME}@127.0.0.1:{port}/default"
        with virtkit.open(uri, authenticate=lambda questions: [PASSWORD]) as conn:
            assert (False, False) == (conn.is_encrypted(), conn.is_secure())
            assert "test" == conn.lookup_domain_by_name("test").name
        with pytest.raises(AuthFailedError, match="does not offer the SASL mechanism 'PLAIN'"):
            virtkit.open(f"{uri}?auth=sasl.PLAIN", authenticate=lambda questions: [PASSWORD])


def test_passwords_and_certificates_over_tls(tmp_path: Path) -> None:
    authority, port = Authority(), free_port()
    server = authority.issue(authority.folder(tmp_path / "server"), "server")
    client = authority.folder(tmp_path / "client")
    authority.issue(client, "client")
    configuration = f"""
[tls]
enabled = true
address = "127.0.0.1"
port = {port}
auth = "sasl"
authorities = "{server.authority}"
certificate = "{server.certificate}"
key = "{server.key}"
"""
    with asking_for_passwords(tmp_path, configuration):
        uri = f"test+tls://localhost:{port}/default?pkipath={client}"
        for mechanism in ("SCRAM-SHA-256", "PLAIN"):
            answers = answering(NAME, PASSWORD)
            with virtkit.open(f"{uri}&auth=sasl.{mechanism}", authenticate=answers) as conn:
                assert (True, True) == (conn.is_encrypted(), conn.is_secure())
                with ThreadPoolExecutor(4) as pool:
                    names = list(pool.map(lambda _, conn=conn: conn.lookup_domain_by_name("test").name, range(100)))
                assert ["test"] * 100 == names


# Who only looks


def test_a_connection_to_look_changes_nothing(uri: str) -> None:
    with virtkit.open(uri, readonly=True) as conn, pytest.raises(OperationDeniedError):
        conn.define_domain(XML.format(name="lab"))


def test_the_socket_to_look_refuses_by_itself(tmp_path: Path) -> None:
    with Virtkitd(tmp_path) as daemon, virtkit.open(daemon.uri(readonly=True)) as conn:
        assert "test" == conn.lookup_domain_by_name("test").name
        with pytest.raises(OperationDeniedError):
            conn.define_domain(XML.format(name="lab"))
