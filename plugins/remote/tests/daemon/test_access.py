"""Who gets in, over every transport, and what they may do then."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import virtkit
from plugins.remote.tests.daemon.daemons import (
    ACCESS_DENIED,
    AUTH_FAILED,
    DENIED,
    FROM_RPC,
    TEST,
    Lab,
    is_logged,
    logged,
    until,
)
from plugins.remote.tests.daemon.wire import Wire
from plugins.remote.tests.transports.authority import Authority
from virtkit.driver import Authenticate, Credential
from virtkit.enums import ConnectCredentialType, ErrorDomain
from virtkit.errors import AuthFailedError, VirtError
from virtkit_remote.certificates import CertificateFiles
from virtkit_remote.daemon.server import distinguished_name
from virtkit_remote.sasl import Credentials

NOBODY = 65534
VIRSH = shutil.which("virsh")
needs_virsh = pytest.mark.skipif(VIRSH is None, reason="the package libvirt-clients is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
OTHER = "<domain type='test'><name>other</name><memory>1</memory><os><type>hvm</type></os></domain>"
LIFECYCLE = "domain_event_callback_lifecycle"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="d"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def virsh(uri: str, *command: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run the real virsh."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}
    words = [*before, str(VIRSH), "-c", uri, *command]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


# The kernel's word


@contextmanager
def open_to_all(folder: Path, public: Path, more: str) -> Iterator[tuple[Lab, str]]:
    path = public / "sock"
    configuration = f'[unix]\nmode = 0o777\npath = "{path}"\n{more}'
    with Lab(folder, configuration, at=path) as daemon:
        yield daemon, f"test+unix:///default?socket={path}"


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@needs_root
@needs_virsh
@pytest.mark.parametrize(
    "allowed", ['users = ["nobody"]', 'groups = ["nogroup"]', f'users = ["{NOBODY}"]', 'users = ["*"]']
)
def test_a_user_who_is_named_is_let_in(tmp_path: Path, public: Path, allowed: str) -> None:
    with open_to_all(tmp_path, public, f"[peer]\n{allowed}\n") as (_, uri):
        assert 0 == virsh(uri, "hostname", before=AS_NOBODY).returncode


@needs_root
@needs_virsh
def test_a_user_who_is_not_named_is_refused_and_logged_once(tmp_path: Path, public: Path) -> None:
    with open_to_all(tmp_path, public, '[peer]\nusers = ["daemon"]\n') as (daemon, uri):
        done = virsh(uri, "hostname", before=AS_NOBODY)
        assert (1, "") == (done.returncode, done.stdout.strip())
        assert is_logged(daemon, "is refused at unix")
        assert is_logged(daemon, "nobody")
        assert 0 == virsh(uri, "hostname").returncode


# Names and passwords


def answering(name: str, password: str) -> Authenticate:
    """What answers questions for a name and a password."""

    def answer(asked: Sequence[Credential]) -> list[str]:
        return [name if each.type == ConnectCredentialType.AUTHNAME else password for each in asked]

    return answer


@contextmanager
def with_passwords(folder: Path, transport: str = "unix", more: str = "") -> Iterator[tuple[Lab, int]]:
    port = free_port()
    users = folder / "users"
    Credentials(users).add("alice", "secret")
    place = "" if transport == "unix" else f'enabled = true\nport = {port}\naddress = "127.0.0.1"\n'
    with Lab(folder, f'[{transport}]\nauth = "sasl"\n{place}{more}[sasl]\nusers = "{users}"\n') as daemon:
        yield daemon, port


def test_who_knows_the_password_is_let_in_and_who_does_not_is_refused_and_logged_once(tmp_path: Path) -> None:
    with with_passwords(tmp_path) as (daemon, _):
        uri = daemon.uri()
        with virtkit.open(uri, authenticate=answering("alice", "secret")) as conn:
            assert ["test"] == [domain.name for domain in conn.list_domains()]
        for name, password in (("alice", "wrong"), ("bob", "secret")):
            with pytest.raises(AuthFailedError):
                virtkit.open(uri, authenticate=answering(name, password))
        assert is_logged(daemon, "is refused at unix", 2)


def test_nothing_is_served_in_the_middle_of_an_exchange(tmp_path: Path) -> None:
    with with_passwords(tmp_path) as (daemon, _), Wire.to(daemon.socket) as wire:
        assert ([1],) == wire.call("auth_list")
        assert (AUTH_FAILED, FROM_RPC) == wire.refused("auth_sasl_step", 0, b"x")
        assert (AUTH_FAILED, FROM_RPC) == wire.refused("auth_sasl_start", "NONE", 0, b"x")
        complete, _, _ = wire.call("auth_sasl_start", "SCRAM-SHA-256", 0, b"n,,n=alice,r=abcdefgh")
        assert 0 == complete
        assert (39, FROM_RPC) == wire.refused("connect_open", "test:///default", 0)


def test_who_is_let_in_stays_who_it_is(tmp_path: Path) -> None:
    with with_passwords(tmp_path) as (daemon, _), Wire.to(daemon.socket) as wire:
        wire.call("auth_list")
        assert 1 == wire.call("auth_sasl_start", "PLAIN", 0, b"\0alice\0secret")[0]
        assert (AUTH_FAILED, FROM_RPC) == wire.refused("auth_sasl_start", "PLAIN", 0, b"\0alice\0secret")
        assert () == wire.call("connect_open", "test:///default", 0)


def test_passwords_go_over_tcp_by_scram_only(tmp_path: Path) -> None:
    with with_passwords(tmp_path, "tcp") as (daemon, port):
        wire = Wire(socket.create_connection(("127.0.0.1", port)))
        with wire:
            wire.call("auth_list")
            assert ("SCRAM-SHA-256",) == wire.call("auth_sasl_init")
        uri = f"test+tcp://127.0.0.1:{port}/default"
        with virtkit.open(uri, authenticate=answering("alice", "secret")) as conn:
            assert 1 == len(conn.list_domains())
        with pytest.raises(AuthFailedError):
            virtkit.open(uri, authenticate=answering("alice", "wrong"))
        assert is_logged(daemon, "is refused at tcp")


@needs_virsh
@pytest.mark.parametrize(("password", "status"), [("secret", 0), ("wrong", 1)])
def test_virsh_is_let_in_by_its_password(tmp_path: Path, password: str, status: int) -> None:
    secrets = tmp_path / "auth.conf"
    secrets.write_text(
        f"[credentials-lab]\nusername=alice\nauthname=alice\npassword={password}\n[auth-libvirt-localhost]\ncredentials=lab\n"
        "[auth-libvirt-default]\ncredentials=lab\n"
    )
    with with_passwords(tmp_path) as (daemon, _):
        assert status == virsh(f"{daemon.uri()}&authfile={secrets}", "hostname").returncode


# Certificates


class Certificates:
    """An authority, a daemon's certificate and a client's."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority()
        self.server = self.authority.issue(self.authority.folder(folder / "server"), "server")
        self.pkipath = self.authority.folder(folder / "client")
        self.client = self.authority.issue(self.pkipath, "client")
        self.port = free_port()

    @property
    def uri(self) -> str:
        return f"test+tls://localhost:{self.port}/default?pkipath={self.pkipath}"

    def configuration(self, more: str = "") -> str:
        return (
            f'[tls]\nenabled = true\nport = {self.port}\naddress = "127.0.0.1"\n'
            f'authorities = "{self.server.authority}"\ncertificate = "{self.server.certificate}"\n'
            f'key = "{self.server.key}"\n{more}'
        )


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def test_who_has_a_certificate_of_the_authority_is_let_in(tmp_path: Path, certificates: Certificates) -> None:
    with Lab(tmp_path, certificates.configuration()), virtkit.open(certificates.uri) as conn:
        assert ["test"] == [domain.name for domain in conn.list_domains()]


def test_who_has_none_or_one_of_another_authority_is_told_so_and_logged_once(
    tmp_path: Path, certificates: Certificates
) -> None:
    other = Certificates(tmp_path / "other")
    with Lab(tmp_path, certificates.configuration()) as daemon:
        alerts = [alert(certificates, files) for files in (None, other.client)]
        assert [True, True] == ["certificate" in alerts[0], "unknown ca" in alerts[1]]
        assert is_logged(daemon, "is cut: it is refused", 2)
        with virtkit.open(certificates.uri):
            pass


def alert(certificates: Certificates, files: CertificateFiles | None) -> str:
    """Why a daemon refuses a client with some certificate, as the client is told."""
    context = ssl.create_default_context(cafile=str(certificates.server.authority))
    if files is not None:
        assert files.certificate
        context.load_cert_chain(files.certificate, files.key)
    with socket.create_connection(("localhost", certificates.port)) as plain:
        plain.settimeout(30)
        with pytest.raises(ssl.SSLError) as caught, context.wrap_socket(plain, server_hostname="localhost") as tls:
            tls.recv(1)
    return str(caught.value)


@pytest.mark.parametrize(("pattern", "let_in"), [("O=trustme*", True), ("O=Lab,CN=*", False)])
def test_only_allowed_names_are_let_in(tmp_path: Path, certificates: Certificates, pattern: str, let_in: bool) -> None:
    with Lab(tmp_path, certificates.configuration(f'allowed_names = ["{pattern}"]\n')) as daemon:
        try:
            virtkit.open(certificates.uri).close()
        except VirtError:
            assert not let_in
            assert is_logged(daemon, "is none of tls.allowed_names")
        else:
            assert let_in


def test_what_speaks_no_tls_is_refused_and_logged_once(tmp_path: Path, certificates: Certificates) -> None:
    with Lab(tmp_path, certificates.configuration()) as daemon:
        with Wire(socket.create_connection(("127.0.0.1", certificates.port))) as wire:
            wire.send(b"GET / HTTP/1.1\r\n\r\n")
            assert wire.at_end()
        assert is_logged(daemon, "is cut: it is refused")


def test_a_password_may_be_asked_for_besides_the_certificate(tmp_path: Path, certificates: Certificates) -> None:
    users = tmp_path / "users"
    Credentials(users).add("alice", "secret")
    with Lab(tmp_path, certificates.configuration(f'auth = "sasl"\n[sasl]\nusers = "{users}"\n')):
        with virtkit.open(certificates.uri, authenticate=answering("alice", "secret")) as conn:
            assert 1 == len(conn.list_domains())
        with pytest.raises(AuthFailedError):
            virtkit.open(certificates.uri, authenticate=answering("alice", "wrong"))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("web", "CN=web"),
        ("x,O=Lab", r"CN=x\,O\=Lab"),
        ("a+b", r"CN=a\+b"),
        ('"<;>', r"CN=\"\<\;\>"),
        (" both ", r"CN=\ both\ "),
        ("#1", r"CN=\#1"),
        ("a#b c", "CN=a#b c"),
        ("back\\slash", r"CN=back\\slash"),
        ("a\nb\0", r"CN=a\0Ab\00"),
        ("", "CN="),
    ],
)
def test_no_value_of_a_certificate_can_pass_for_two(value: str, written: str) -> None:
    assert written == distinguished_name(((("commonName", value),),))


def test_a_distinguished_name_has_its_parts_in_order() -> None:
    subject = ((("countryName", "GB"),), (("organizationName", "Lab, Inc."),), (("userId", "7"),))
    assert r"C=GB,O=Lab\, Inc.,userId=7" == distinguished_name(subject)


# TCP without anything


def test_tcp_may_be_open_to_all(tmp_path: Path) -> None:
    port = free_port()
    with Lab(tmp_path, f'[tcp]\nenabled = true\nauth = "none"\nport = {port}\n'):
        with virtkit.open(f"test+tcp://127.0.0.1:{port}/default") as conn:
            assert 1 == len(conn.list_domains())
        with Wire(socket.create_connection(("127.0.0.1", port))) as wire:
            wire.call("auth_list")
            wire.call("connect_open", "test:///default", 0)
            assert (0,) == wire.call("connect_supports_feature", 8)  # descriptors do not travel there
            assert (0,) == wire.call("connect_is_secure")


# To look only


@pytest.mark.parametrize("flags", [0, 1])
def test_on_the_read_only_socket_and_with_the_flag_nothing_is_changed(tmp_path: Path, flags: int) -> None:
    with Lab(tmp_path) as daemon:
        path = daemon.socket if flags else daemon.readonly_socket
        with Wire.open(path, flags=flags) as wire:
            assert 2 == len(wire.call("domain_get_state", TEST, 0))
            assert (DENIED, int(ErrorDomain.DOMAIN)) == wire.refused("domain_destroy", TEST)
            assert (DENIED, int(ErrorDomain.NETWORK)) == wire.refused("network_define_xml", "<network/>")
            assert (DENIED, int(ErrorDomain.DOMAIN)) == wire.refused("domain_get_xml_desc", TEST, 1)  # secure


# The policy

POLICY = """
[[rule]]
users = ["uid:0"]
objects = ["connect"]

[[rule]]
users = ["uid:0"]
objects = ["domain:test"]
permissions = ["getattr", "read", "suspend"]
"""


def test_a_policy_decides_from_a_reload_on_for_clients_that_are_there_as_well(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket) as wire:
        (other,) = wire.call("domain_define_xml", OTHER)
        wire.call("domain_get_state", other, 0)
        (number,) = wire.call("connect_domain_event_callback_register_any", 0, None)
        policy.write_text(POLICY)
        policy.chmod(0o600)
        assert daemon.configuration
        daemon.configuration.write_text(f'[access]\npolicy = "{policy}"\n')
        daemon.process.send_signal(signal.SIGHUP)
        assert is_logged(daemon, "the configuration was read again")
        until(lambda: wire.reply(wire.ask("domain_get_state", other, 0)).status, "the rules hold for who is there")
        # Refused, also what the client could do before.
        assert (ACCESS_DENIED, 0) == (wire.refused("domain_get_state", other, 0)[0], 0)
        assert ACCESS_DENIED == wire.refused("domain_undefine", TEST)[0]
        assert ACCESS_DENIED == wire.refused("domain_create", other)[0]
        # Allowed.
        assert 2 == len(wire.call("domain_get_state", TEST, 0))
        # Filtered.
        domains, count = wire.call("connect_list_all_domains", 1, 0)
        assert (["test"], 1) == ([each.name for each in domains], count)
        assert (1,) == wire.call("connect_num_of_domains")
        assert ([],) == wire.call("connect_list_defined_domains", 10)
        wire.call("domain_suspend", TEST)
        assert (number, "test") == (lambda found: (found[0], found[1][0].name))(wire.event(LIFECYCLE))


def test_events_of_what_a_client_may_not_see_do_not_come(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        POLICY + '\n[[rule]]\nusers = ["*"]\nobjects = ["domain:other"]\npermissions = ["write", "save", "start"]\n'
    )
    policy.chmod(0o600)
    with Lab(tmp_path, f'[access]\npolicy = "{policy}"\n') as daemon, Wire.open(daemon.socket) as wire:
        wire.call("connect_domain_event_callback_register_any", 0, None)
        wire.call("domain_define_xml", OTHER)
        wire.call("domain_suspend", TEST)
        assert "test" == wire.event(LIFECYCLE)[1][0].name


def test_a_policy_with_a_mistake_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    policy.chmod(0o600)
    with Lab(tmp_path, f'[access]\npolicy = "{policy}"\n') as daemon, Wire.open(daemon.socket) as wire:
        policy.write_text("[[rule]]\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert is_logged(daemon, "the configuration stays as it was")
        assert ACCESS_DENIED == wire.refused("domain_undefine", TEST)[0]
        with Wire.open(daemon.socket) as late:
            assert 2 == len(late.call("domain_get_state", TEST, 0))
        assert 0 == logged(daemon, "Traceback")
