"""The ways into containers by way of virtkitd: virsh's own, and ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

import virtkit
from apps.cli.tests.terminals import Terminal
from plugins.lxc.tests.documents import container
from tests.containers.host import needs_containers, remains
from tests.containers.rootfs import make_root
from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd
from virtkit import Connection
from virtkit.errors import NotSupportedError

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
]

PATIENCE_SECONDS = 60.0

CONTROLLERS = ("memory", "freezer", "cpu")
"""Some of those whose groups virsh enters; it leaves the group of systemd to systemd."""


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    needs_containers()
    return make_root(tmp_path / "rootfs")


@pytest.fixture
def daemon(tmp_path: Path, rootfs: Path) -> Iterator[Virtkitd]:
    """A daemon; whatever runs under it in the end is stopped, and nothing of it may remain."""
    with Virtkitd(tmp_path) as running:
        try:
            yield running
        finally:
            with virtkit.open(running.uri("lxc:///system")) as left:
                for domain in left.list_domains():
                    if domain.is_active():
                        domain.destroy()
        assert {} == remains(running.root / "run" / "lxc")


@pytest.fixture
def connection(daemon: Virtkitd) -> Iterator[Connection]:
    with virtkit.open(daemon.uri("lxc:///system")) as opened:
        yield opened


def virsh(daemon: Virtkitd, *words: str, files: tuple[int, ...] = ()) -> str:
    """What virsh prints; it has to succeed."""
    command = ["virsh", "-q", "-c", daemon.uri("lxc:///system"), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, pass_fds=files
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.strip()


def document(rootfs: Path, *command: str) -> str:
    return container(rootfs, *(command or ("/bin/sleep", "1000")), more="<features><privnet/></features>").format()


def test_virsh_enters_label_control_groups_and_namespaces(
    daemon: Virtkitd, connection: Connection, rootfs: Path
) -> None:
    init = connection.create_domain(document(rootfs)).id
    assert "web" == virsh(daemon, "lxc-enter-namespace", "web", "/bin/hostname")
    inside = virsh(daemon, "lxc-enter-namespace", "web", "/bin/cat", "/proc/self/cgroup").splitlines()
    for line in Path(f"/proc/{init}/cgroup").read_text().splitlines():
        if any(name in line.split(":")[1].split(",") for name in CONTROLLERS):
            assert "/virtkit-lxc/" in line
            assert line in inside


def command(uri: str, *words: str) -> tuple[int, str, str]:
    """Exit status, output and errors of `virtkit exec`."""
    words = (sys.executable, "-m", "virtkit_cli.main", "-c", uri, "exec", *words)
    done = subprocess.run(words, input="typed\n", capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_daemon_runs_a_program_with_the_descriptors_of_a_client(
    daemon: Virtkitd, connection: Connection, rootfs: Path
) -> None:
    connection.create_domain(document(rootfs))
    script = "read line; echo got $line; echo oops >&2; exit 5"
    uri = daemon.uri("lxc:///system")
    assert (5, "got typed\n", "oops\n") == command(uri, "-i", "web", "--", "/bin/sh", "-c", script)
    assert (127, "") == command(uri, "web", "nothing")[:2]


def test_a_terminal_reaches_through_the_daemon(daemon: Virtkitd, connection: Connection, rootfs: Path) -> None:
    connection.create_domain(document(rootfs))
    words = ("-c", daemon.uri("lxc:///system"), "exec", "-t", "web", "/bin/sh")
    with Terminal(sys.executable, "-m", "virtkit_cli.main", *words) as terminal:
        terminal.expect(b"/ # ")
        terminal.type(b"exit $((40 + 2))\n")
        assert 42 == terminal.end()


def test_a_program_is_killed_when_its_client_is(daemon: Virtkitd, connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    words = (sys.executable, "-m", "virtkit_cli.main", "-c", daemon.uri("lxc:///system"), "exec", "web", "sleep", "797")
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as client:
        eventually(lambda: b"797" in b"".join(commands(domain.id)), "the program runs")
        client.kill()
        eventually(lambda: b"797" not in b"".join(commands(domain.id)), "the program ends")


def commands(init: int) -> Iterator[bytes]:
    """The command lines of the processes of a container."""
    wanted = os.readlink(f"/proc/{init}/ns/pid")
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.readlink(f"/proc/{name}/ns/pid") == wanted:
                yield Path(f"/proc/{name}/cmdline").read_bytes()


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS:g} seconds"
        time.sleep(0.02)


def test_a_way_that_carries_no_descriptors_is_told(tmp_path: Path, rootfs: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    settings = f'[tcp]\nenabled = true\nport = {port}\nauth = "none"\n'
    daemon = Virtkitd(tmp_path, configuration=settings)
    with daemon, virtkit.open(daemon.uri("lxc:///system")) as connection:
        domain = connection.create_domain(document(rootfs))
        status, _, told = command(f"lxc+tcp://127.0.0.1:{port}/system", "web", "true")
        assert 1 == status
        assert "descriptors" in told
        domain.destroy()


def test_a_libvirtd_says_that_it_has_no_such_function(tmp_path: Path) -> None:
    with libvirtd.running(tmp_path) as path, virtkit.open(f"test+unix:///default?socket={path}") as connection:
        domain = connection.lookup_domain_by_name("test")
        with open(os.devnull) as null, pytest.raises(NotSupportedError):
            domain.execute(["true"], [null.fileno()] * 3)


def test_virsh_starts_one_that_inherits_descriptors(daemon: Virtkitd, connection: Connection, rootfs: Path) -> None:
    connection.define_domain(document(rootfs, "/bin/sh", "-c", "echo $LISTEN_FDS >&4; echo hello >&3; sleep 1000"))
    (near, far), (near_too, far_too) = os.pipe(), os.pipe()
    try:
        virsh(daemon, "start", "web", "--pass-fds", f"{far},{far_too}", files=(far, far_too))
        assert [b"hello\n", b"2\n"] == [os.read(near, 99), os.read(near_too, 99)]
    finally:
        for file in (near, far, near_too, far_too):
            os.close(file)


def test_our_client_starts_one_that_inherits_descriptors(connection: Connection, rootfs: Path) -> None:
    near, far = os.pipe()
    try:
        domain = connection.create_domain_with_files(document(rootfs, "/bin/sh", "-c", "echo hi >&3; sleep 9"), [far])
        assert b"hi\n" == os.read(near, 99)
        assert domain.is_active()
    finally:
        os.close(near)
        os.close(far)
