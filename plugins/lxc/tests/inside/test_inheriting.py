"""Containers that inherit open descriptors."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.documents import container
from tests.containers import remains
from virtkit import Connection, Domain
from virtkit.enums import DomainShutoffReason, DomainState
from virtkit.errors import InvalidArgError, OperationFailedError, OperationInvalidError

PATIENCE_SECONDS = 30.0
NETWORK = "<features><privnet/></features>"


def eventually(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@contextmanager
def pipes(count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Ends to read from, and to write to."""
    ends = [os.pipe() for _ in range(count)]
    try:
        yield [near for near, _ in ends], [far for _, far in ends]
    finally:
        for end in sum(ends, ()):
            os.close(end)


def script(rootfs: Path, text: str) -> str:
    return container(rootfs, "/bin/sh", "-c", text, more=NETWORK).format()


def test_init_finds_them_from_3_on_in_the_order_given_and_no_other(connection: Connection, rootfs: Path) -> None:
    # Ours are numbered the other way round, and one of this process's own may be inherited by its children.
    with pipes(3) as (near, far), open(os.devnull) as own:
        os.set_inheritable(own.fileno(), True)
        text = "echo first >&3; echo second >&4; echo $LISTEN_FDS $LISTEN_PID $$ >&5; exec sleep 1000"
        domain = connection.create_domain_with_files(script(rootfs, text), [far[0], far[2], far[1]])
        assert [b"first\n", b"second\n"] == [os.read(near[0], 99), os.read(near[2], 99)]
        assert b"3 1 1\n" == os.read(near[1], 99)
        eventually(lambda: Path(f"/proc/{domain.id}/cmdline").read_bytes() == b"sleep\x001000\0", "it sleeps")
    assert {"0", "1", "2", "3", "4", "5"} == set(os.listdir(f"/proc/{domain.id}/fd"))
    ignored = next(line for line in Path(f"/proc/{domain.id}/status").read_text().splitlines() if "SigIgn" in line)
    assert 0 == int(ignored.split()[1], 16) & 1 << (signal.SIGPIPE - 1)  # which we ignore ourselves


def test_a_socket_that_listens_outside_is_served_inside(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(script(rootfs, "read line <&3; echo answer to $line >&3; exec sleep 1000"))
    outside, inside = socket.socketpair()
    with outside, inside:
        domain.create_with_files([inside.fileno()])
        outside.sendall(b"question\n")
        assert b"answer to question\n" == outside.recv(99)
    assert domain.is_active()


def test_one_whose_system_shuts_down_is_told_of_and_leaves_nothing(
    connection: Connection, rootfs: Path, tmp_path: Path
) -> None:
    with pipes(1) as (near, far):
        domain = connection.define_domain(
            script(rootfs, "trap 'exit 0' TERM; echo up >&3; while :; do sleep 0.1; done")
        )
        domain.create_with_files(far)
        assert b"up\n" == os.read(near[0], 99)
        domain.shutdown()
        eventually(lambda: not domain.is_active(), "it ends")
    assert DomainShutoffReason.SHUTDOWN == domain.state().reason
    assert {} == remains(tmp_path / "run" / "lxc")


def test_one_that_fails_is_told_of_with_its_status(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(script(rootfs, "read line <&3; exit 7"))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        domain.create_with_files([theirs.fileno()])
        ours.sendall(b"go\n")
        eventually(lambda: not domain.is_active(), "it ends")
    assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == tuple(domain.state())


def test_a_missing_init_is_told_and_leaves_nothing(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    domain = connection.define_domain(container(rootfs, "/bin/nothing", more=NETWORK).format())
    with pipes(1) as (_, far), pytest.raises(OperationFailedError, match="/bin/nothing"):
        domain.create_with_files(far)
    assert not domain.is_active()
    assert {} == remains(tmp_path / "run" / "lxc")


@pytest.mark.parametrize("bad", [[999_999], [-1], [2**40]])
def test_what_is_not_open_is_refused(connection: Connection, rootfs: Path, bad: list[int]) -> None:
    domain = connection.define_domain(container(rootfs).format())
    with pytest.raises(InvalidArgError, match=f"{bad[0]} is no open descriptor"):
        domain.create_with_files(bad)
    with pytest.raises(InvalidArgError, match=f"{bad[0]} is no open descriptor"):
        connection.create_domain_with_files(container(rootfs, name="other").format().replace("c7a5", "c7a6"), bad)
    assert ["web"] == [each.name for each in connection.list_domains()]


def test_without_any_it_starts_as_ever(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(container(rootfs, "/bin/sleep", "1000", more=NETWORK).format())
    domain.create_with_files([])
    assert domain.is_active()
    with pytest.raises(OperationInvalidError, match="running already"):
        domain.create_with_files([])


START_AND_DIE = """
import os, signal, sys, virtkit
domain = virtkit.open(sys.argv[1]).lookup_domain_by_name("web")
domain.create_with_files([int(sys.argv[2])])
print(domain.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_outlives_its_manager_and_is_adopted_with_its_console(uri: str, rootfs: Path) -> None:
    text = "echo up >&3; read line; exit 0"
    with pipes(1) as (near, far):
        with virtkit.open(uri) as connection:
            connection.define_domain(script(rootfs, text))
        done = subprocess.run(
            [sys.executable, "-c", START_AND_DIE, uri, str(far[0])], capture_output=True, text=True, pass_fds=far
        )
        assert b"up\n" == os.read(near[0], 99), done.stderr
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        assert int(done.stdout) == domain.id
        domain.set_autostart(False)  # owns the root, and so watches
        with closing(domain.open_console()) as console:
            console.write(b"go\n")
            eventually(lambda: not domain.is_active(), "it ends")
    assert b"" == done.stderr.encode()


def test_the_id_is_the_pid_of_init(connection: Connection, rootfs: Path) -> None:
    domain: Domain = connection.create_domain(container(rootfs, "/bin/sleep", "1000", more=NETWORK).format())
    assert "/virtkit-lxc/" in Path(f"/proc/{domain.id}/cgroup").read_text()
    assert b"/bin/sleep\x001000\x00" == Path(f"/proc/{domain.id}/cmdline").read_bytes()
    assert domain.name == connection.lookup_domain_by_id(domain.id).name
