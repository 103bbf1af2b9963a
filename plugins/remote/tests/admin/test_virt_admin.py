"""virt-admin, as its users know it, administers virtkitd."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.remote.tests.admin.virt_admin import MISSING, SECONDS, VirtAdmin, listener, virsh, wait_until
from plugins.remote.tests.admin.wire import Wire
from tests.interop.virtkitd import Virtkitd

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(MISSING, reason="virt-admin and virsh are not installed"),
]
STRANGER = ("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path) as running:
        yield running


@pytest.fixture
def admin(daemon: Virtkitd) -> VirtAdmin:
    return VirtAdmin(daemon.admin_socket)


@pytest.fixture
def listening(daemon: Virtkitd, admin: VirtAdmin, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A virsh that listens to events, the only client of `virtkitd`."""
    with listener(daemon.uri(), tmp_path / "events") as process:
        wait_until(lambda: len(clients(admin)) == 1, "the virsh that made an event is gone")
        yield process


def clients(admin: VirtAdmin, server: str = "virtkitd") -> list[str]:
    return admin.column("Id", "client-list", server)


def test_the_clients_and_the_administrators_are_two_servers(admin: VirtAdmin) -> None:
    assert ["virtkitd", "admin"] == admin.column("Name", "server-list")


def test_scripts_for_libvirtd_find_its_server(admin: VirtAdmin) -> None:
    assert admin("server-clients-info", "virtkitd") == admin("server-clients-info", "libvirtd")


def test_the_daemon_tells_the_version_of_libvirt_that_it_is_like(admin: VirtAdmin) -> None:
    assert "Running against daemon: 9.0.0" == admin("version").splitlines()[-1]


def test_a_server_that_there_is_not_is_named(admin: VirtAdmin) -> None:
    assert "there is no server 'nope', only virtkitd and admin" == admin.refused("client-list", "nope")


def test_an_administrator_sees_itself(admin: VirtAdmin) -> None:
    assert ["unix"] == admin.column("Transport", "client-list", "admin")


def test_a_client_is_told_of_with_who_it_is(admin: VirtAdmin, listening: subprocess.Popen[str]) -> None:
    told = admin.values("client-info", "virtkitd", clients(admin)[0])
    assert ["no", str(listening.pid)] == [told["readonly"], told["unix_process_id"]]


def test_a_client_that_only_looks_is_told_of_as_such(daemon: Virtkitd, admin: VirtAdmin) -> None:
    with Wire(daemon.readonly_socket):
        wait_until(lambda: len(clients(admin)) == 1, "the daemon has accepted it")
        assert "yes" == admin.values("client-info", "virtkitd", clients(admin)[0])["readonly"]


def test_a_client_is_disconnected(admin: VirtAdmin, listening: subprocess.Popen[str]) -> None:
    number = clients(admin)[0]
    admin("client-disconnect", "virtkitd", number)
    _, errors = listening.communicate(timeout=SECONDS)
    assert (1, True) == (listening.returncode, "due to end of file" in errors), errors
    assert f"server 'virtkitd' has no client {number}: list those that are connected" == admin.refused(
        "client-info", "virtkitd", number
    )


def test_a_client_of_one_server_is_none_of_the_other(admin: VirtAdmin, listening: subprocess.Popen[str]) -> None:
    number = clients(admin)[0]
    assert f"server 'admin' has no client {number}: list those that are connected" == admin.refused(
        "client-disconnect", "admin", number
    )
    assert None is listening.poll()


def test_the_limits_are_those_of_the_configuration(tmp_path: Path) -> None:
    with Virtkitd(tmp_path, configuration="[limits]\nclients = 7\nanonymous_clients = 3\nworkers = 4\n") as daemon:
        admin = VirtAdmin(daemon.admin_socket)
        assert {"nclients_max": "7", "nclients": "0", "nclients_unauth_max": "3", "nclients_unauth": "0"} == (
            admin.values("server-clients-info", "virtkitd")
        )
        assert "4" == admin.values("server-threadpool-info", "virtkitd")["maxWorkers"]


def test_a_full_daemon_refuses_a_further_client_and_can_still_be_administered(
    daemon: Virtkitd, admin: VirtAdmin, listening: subprocess.Popen[str]
) -> None:
    admin("server-clients-set", "virtkitd", "--max-clients", "1", "--max-unauth-clients", "1")
    further = virsh(daemon.uri(), "list")  # which may die of SIGPIPE: the daemon hangs up
    admin("server-clients-set", "virtkitd", "--max-clients", "2")
    assert (False, 0, None) == (further.returncode == 0, virsh(daemon.uri(), "list").returncode, listening.poll())


def test_administrators_have_a_limit_of_their_own(daemon: Virtkitd, admin: VirtAdmin) -> None:
    admin("server-clients-set", "admin", "--max-clients", "3", "--max-unauth-clients", "2")
    told = admin.values("server-clients-info", "admin")
    assert ("3", "1", "2") == (told["nclients_max"], told["nclients"], told["nclients_unauth_max"])
    assert "5000" == admin.values("server-clients-info", "virtkitd")["nclients_max"]


def test_limits_that_contradict_each_other_are_refused(admin: VirtAdmin) -> None:
    before = admin("server-clients-info", "virtkitd")
    assert admin.refused("server-clients-set", "virtkitd", "--max-clients", "4").startswith(
        "nclients_max 4 and nclients_unauth_max 20 do not go together"
    )
    assert before == admin("server-clients-info", "virtkitd")


def test_workers_are_set(admin: VirtAdmin) -> None:
    admin("server-threadpool-set", "virtkitd", "--min-workers", "3", "--max-workers", "9")
    told = admin.values("server-threadpool-info", "virtkitd")
    assert ("3", "9", "0") == (told["minWorkers"], told["maxWorkers"], told["prioWorkers"])
    assert int(told["nWorkers"]) >= 3


def test_workers_of_priority_cannot_be_set(admin: VirtAdmin) -> None:
    assert admin.refused("server-threadpool-set", "virtkitd", "--priority-workers", "2").startswith(
        "prioWorkers cannot be set: no workers are set apart"
    )


def test_what_was_set_ends_when_the_configuration_is_read_again(daemon: Virtkitd, admin: VirtAdmin) -> None:
    admin("server-clients-set", "virtkitd", "--max-clients", "77")
    admin("daemon-log-filters", "3:virtkit")
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: admin.values("server-clients-info", "virtkitd")["nclients_max"] == "5000", "limits go back")
    wait_until(lambda: admin("daemon-log-filters") == " Logging filters: \n", "filters go back")


def test_the_log_goes_to_a_file_and_back(daemon: Virtkitd, admin: VirtAdmin, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.log"
    before = admin("daemon-log-outputs")
    admin("daemon-log-outputs", f"1:file:{file}")
    set_to = admin("daemon-log-outputs")
    admin("daemon-log-outputs", "")
    assert [" Logging outputs: 2:stderr\n", f" Logging outputs: 1:file:{file}\n", before] == [
        before, set_to, admin("daemon-log-outputs")
    ]  # fmt: skip
    assert " DEBUG " in file.read_text()


def test_a_log_that_the_daemon_does_not_have_is_refused(admin: VirtAdmin) -> None:
    assert admin.refused("daemon-log-outputs", "3:journald").startswith("the daemon does not log to journald")
    assert " Logging outputs: 2:stderr\n" == admin("daemon-log-outputs")


def test_filters_are_set(admin: VirtAdmin) -> None:
    admin("daemon-log-filters", "4:loop 1:virtkit_qemu")
    assert " Logging filters: 4:*loop* 1:*virtkit_qemu*\n" == admin("daemon-log-filters")


def test_a_daemon_ends_once_nobody_has_been_connected_for_the_timeout(daemon: Virtkitd, admin: VirtAdmin) -> None:
    admin("daemon-timeout", "--timeout", "1")
    assert 0 == daemon.process.wait(SECONDS)


def test_certificates_are_read_again_only_where_there_are_any(admin: VirtAdmin) -> None:
    assert admin.refused("server-update-tls", "virtkitd").startswith("server 'virtkitd' has no certificates")


def test_changes_are_in_the_audit_log_with_who_made_them(daemon: Virtkitd, admin: VirtAdmin) -> None:
    admin("server-clients-info", "virtkitd")
    admin("server-clients-set", "virtkitd", "--max-clients", "77")
    lines = [json.loads(line) for line in (daemon.root / "log" / "audit.log").read_text().splitlines()]
    assert [("admin_server_set_client_limits", "success")] == [(line["function"], line["outcome"]) for line in lines]


@pytest.mark.parametrize("name", ["socket", "readonly_socket"])
def test_the_other_sockets_do_not_serve_administrators(daemon: Virtkitd, name: str) -> None:
    path: Path = getattr(daemon, name)
    assert "program 0x6900690 version 1 is not served here" == VirtAdmin(path).refused("server-list")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_who_is_not_let_in_administers_nothing_though_the_socket_is_open() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Virtkitd(folder, configuration="[admin]\nmode = 0o777\n") as daemon:
            for each in (folder, daemon.root, daemon.admin_socket.parent):
                each.chmod(0o755)
            stranger = VirtAdmin(daemon.admin_socket, STRANGER)
            assert stranger.refused("server-clients-set", "virtkitd", "--max-clients", "30").endswith(
                "is not let in here: the administrator adds users and groups to the daemon's configuration"
            )
            admin = VirtAdmin(daemon.admin_socket)
            assert "5000" == admin.values("server-clients-info", "virtkitd")["nclients_max"]
            assert 1 == daemon.output.read_text().count("is refused at admin")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_who_is_let_in_by_the_configuration_administers() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration = '[admin]\nmode = 0o777\n[peer]\nusers = ["1000"]\n'
        with Virtkitd(folder, configuration=configuration) as daemon:
            for each in (folder, daemon.root, daemon.admin_socket.parent):
                each.chmod(0o755)
            assert ["virtkitd", "admin"] == VirtAdmin(daemon.admin_socket, STRANGER).column("Name", "server-list")
