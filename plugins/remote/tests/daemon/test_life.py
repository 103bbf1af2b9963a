"""A daemon's life: how it begins, is told of changes, and ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plugins.remote.tests.daemon.daemons import Lab, domain, is_logged, logged, until, volume
from plugins.remote.tests.daemon.wire import PATIENCE, Wire
from tests.interop.virtkitd import PROGRAM, Virtkitd
from virtkit_remote.protocol.frames import OK

ACTIVATED = """
import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.dup2(int(sys.argv[1]), 3)
os.execv(sys.argv[2], sys.argv[2:])
"""


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a daemon that does not begin."""
    return subprocess.run(
        [str(PROGRAM), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Beginning


def test_a_second_daemon_of_a_root_is_refused_with_the_first_named_and_the_first_serves_on(tmp_path: Path) -> None:
    with Virtkitd(tmp_path) as daemon:
        done = started(tmp_path, "--root", str(daemon.root))
        assert 1 == done.returncode
        assert str(daemon.root) in done.stderr
        assert str(daemon.process.pid) in done.stderr
        with Wire.open(daemon.socket) as wire:
            assert 1 == len(wire.call("connect_get_type"))


def test_a_socket_that_another_daemon_serves_is_left_to_it(tmp_path: Path) -> None:
    with Virtkitd(tmp_path) as daemon:
        configuration = tmp_path / "second.toml"
        configuration.write_text(f'[unix]\npath = "{daemon.socket}"\n')
        done = started(tmp_path, "--root", str(tmp_path / "second"), "--config", str(configuration))
        assert 1 == done.returncode
        assert f"another daemon serves {daemon.socket}" in done.stderr
        assert daemon.socket.is_socket()


def test_sockets_that_a_killed_daemon_left_are_replaced(tmp_path: Path) -> None:
    daemon = Virtkitd(tmp_path)
    daemon.start()
    daemon.kill()
    assert daemon.socket.is_socket()
    with daemon, Wire.open(daemon.socket) as wire:
        assert 1 == len(wire.call("connect_get_type"))


def test_what_is_no_socket_is_not_replaced(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    configuration = tmp_path / "virtkitd.toml"
    configuration.write_text(f'[unix]\npath = "{precious}"\n')
    done = started(tmp_path, "--root", str(tmp_path / "root"), "--config", str(configuration))
    assert (1, "precious") == (done.returncode, precious.read_text())
    assert "is no socket" in done.stderr


def test_a_socket_whose_queue_is_full_counts_as_served(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(str(path))
        listener.listen(0)
        waiting.connect(str(path))
        configuration = tmp_path / "virtkitd.toml"
        configuration.write_text(f'[unix]\npath = "{path}"\n')
        done = started(tmp_path, "--root", str(tmp_path / "root"), "--config", str(configuration))
        assert 1 == done.returncode
        assert f"another daemon serves {path}" in done.stderr


def test_a_port_that_is_taken_is_told_of(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configuration = tmp_path / "virtkitd.toml"
        configuration.write_text(f"[tcp]\nenabled = true\nport = {port}\n")
        done = started(tmp_path, "--root", str(tmp_path / "root"), "--config", str(configuration))
        assert 1 == done.returncode
        assert f"port {port}" in done.stderr
        assert [] == list((tmp_path / "root" / "run").glob("*sock*"))


def test_a_root_of_any_length_has_its_sockets(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    daemon = Virtkitd(folder)
    link = tmp_path / "short"
    link.symlink_to(folder)
    daemon.socket = link / "root" / "run" / "libvirt-sock"
    with daemon, Wire.open(daemon.socket) as wire:
        assert 1 == len(wire.call("connect_get_type"))


# systemd


@contextmanager
def activated(folder: Path, names: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, socket.socket]]:
    """A daemon that was handed a listening socket as systemd does, that socket's path, and where it tells its state."""
    path = folder / "activated"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as state:
        listener.bind(str(path))
        listener.listen()
        state.bind(str(folder / "notify"))
        state.settimeout(PATIENCE)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": names,
            "NOTIFY_SOCKET": str(folder / "notify"),
        }
        program = [str(PROGRAM), "--root", str(folder / "root")]
        command = [sys.executable, "-c", ACTIVATED, str(listener.fileno()), *program]
        process = subprocess.Popen(
            command, env=environment, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        with process:
            try:
                yield process, path, state
            finally:
                process.terminate()
                process.wait(PATIENCE)


def test_a_socket_that_systemd_listens_on_is_served_and_left_in_the_end(tmp_path: Path) -> None:
    with activated(tmp_path, "unix") as (process, path, state):
        with Wire.open(path) as wire:
            assert 1 == len(wire.call("connect_get_type"))
        assert b"READY=1" == state.recv(100)
        assert not (tmp_path / "root" / "run" / "libvirt-sock").exists()
        assert (tmp_path / "root" / "run" / "libvirt-sock-ro").is_socket()
        process.send_signal(signal.SIGHUP)
        assert [b"RELOADING=1", b"READY=1"] == [state.recv(100) for _ in range(2)]
        with Wire.open(path) as wire:
            assert 1 == len(wire.call("connect_get_type"))
        process.terminate()
        assert b"STOPPING=1" == state.recv(100)
        assert 0 == process.wait(PATIENCE)
        assert path.is_socket()


@pytest.mark.parametrize("names", ["", "virtkitd.socket"])
def test_a_socket_that_systemd_did_not_name_is_refused_with_the_names(tmp_path: Path, names: str) -> None:
    with activated(tmp_path, names) as (process, _, _):
        assert 1 == process.wait(PATIENCE)
        assert process.stderr
        assert b"FileDescriptorName=" in process.stderr.read()


# Changes


def test_a_reload_changes_limits_and_leaves_who_is_connected(tmp_path: Path) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket) as wire:
        assert daemon.configuration
        daemon.configuration.write_text("[limits]\nclients = 1\n[unix]\nmode = 0o777\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert is_logged(daemon, "the configuration was read again; unix.mode need a restart")
        with Wire.to(daemon.socket) as late:
            assert late.at_end()
        assert 1 == len(wire.call("connect_get_type"))


@pytest.mark.parametrize("mistake", ["[limits]\nclint = 3\n", "no TOML", '[tls]\nallowed_names = "x"\n'])
def test_a_configuration_with_a_mistake_changes_nothing(tmp_path: Path, mistake: str) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket) as wire:
        assert daemon.configuration
        daemon.configuration.write_text(mistake)
        daemon.process.send_signal(signal.SIGHUP)
        assert is_logged(daemon, "the configuration stays as it was")
        assert 1 == len(wire.call("connect_get_type"))
        with Wire.open(daemon.socket) as late:
            assert 1 == len(late.call("connect_get_type"))


# The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_call_ends_and_is_answered_before_the_daemon_does(tmp_path: Path, number: int) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        stuck = wire.ask("domain_get_xml_desc", domain("pauses"), 0)
        daemon.lives("pausing")
        daemon.process.send_signal(number)
        assert is_logged(daemon, "stopping: 1 clients, 1 calls under way")
        (daemon.journal.parent / "go on").touch()
        assert OK == wire.reply(stuck).status
        assert wire.at_end()
        assert 0 == daemon.process.wait(PATIENCE)
        assert [] == list((daemon.root / "run").glob("libvirt-*"))
        assert not (daemon.root / "run" / "virtkitd.pid").exists()


def test_a_long_answer_is_sent_whole_before_the_daemon_ends(tmp_path: Path) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        stuck = wire.ask("domain_get_xml_desc", domain("pauses")._replace(name="pauses" + "x" * 3_000_000), 0)
        daemon.lives("pausing")
        daemon.process.send_signal(signal.SIGTERM)
        assert is_logged(daemon, "stopping: ")
        (daemon.journal.parent / "go on").touch()
        assert 3_000_000 < len(wire.reply(stuck).raw)


def test_new_clients_and_new_calls_are_not_taken_while_the_daemon_ends(tmp_path: Path) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        wire.ask("domain_get_xml_desc", domain("pauses"), 0)
        daemon.lives("pausing")
        daemon.process.send_signal(signal.SIGTERM)
        assert is_logged(daemon, "stopping: ")
        late = wire.ask("domain_get_info", domain("fine"))
        (daemon.journal.parent / "go on").touch()
        assert wire.at_end()
        assert late not in {frame.serial for frame in wire._others}


def test_an_upload_under_way_is_dropped_when_the_daemon_ends(tmp_path: Path) -> None:
    with Lab(tmp_path) as daemon, Wire.open(daemon.socket, "lab:///") as wire:
        serial = wire.ask("storage_vol_upload", volume("plain"), 0, 0, 0)
        assert OK == wire.reply(serial).status
        assert 0 == daemon.stop()
        assert 1 == daemon.lived().count("abort")


def test_a_daemon_without_clients_ends_at_once(tmp_path: Path) -> None:
    daemon = Virtkitd(tmp_path)
    daemon.start()
    until(lambda: logged(daemon, "ready:"), "it is ready")
    assert 0 == daemon.stop()


# In place of libvirt's


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a mount namespace of its own")
@pytest.mark.skipif(shutil.which("virsh") is None, reason="the package libvirt-clients is not installed")
def test_dropped_in_it_is_found_by_clients_that_name_no_socket(tmp_path: Path) -> None:
    script = f"""
    set -e
    mount -t tmpfs none /run
    mount -t tmpfs none /var/lib
    mount -t tmpfs none /var/log
    mkdir -p /run/virtkit
    {PROGRAM} --drop-in &
    daemon=$!
    for _ in $(seq 600); do [ -S /run/libvirt/libvirt-sock ] && break; sleep 0.05; done
    virsh -c test+unix:///default list --name
    virsh -c test+unix:///default --readonly list --name
    kill $daemon
    wait $daemon
    [ ! -e /run/libvirt/libvirt-sock ]
    """
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "sh", "-c", script],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (0, ["test", "test"]) == (done.returncode, done.stdout.split()), done.stderr
