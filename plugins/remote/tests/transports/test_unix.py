"""Sockets of this host: which one a URI means, and what is said where it cannot be reached."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.remote.tests.transports.peers import PATIENCE, listening, read
from virtkit.errors import InvalidArgError, SystemCallError
from virtkit.uri import URI, parse
from virtkit_remote.client.transports import connect, transport_of
from virtkit_remote.client.transports.unix import candidates, find

ENVIRONMENT = {"HOME": "/home/ada", "XDG_RUNTIME_DIR": "/run/user/7"}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A socket that sends back what it gets."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "sock"))
    listener.listen(4)
    with listening(listener):
        yield tmp_path / "sock"


def at(path: Path, more: str = "") -> URI:
    return parse(f"test+unix:///default?socket={path}{more}")


def places(text: str, *, readonly: bool = False, uid: int = 7) -> list[str]:
    return [str(path) for path in candidates(parse(text), readonly=readonly, environment=ENVIRONMENT, uid=uid)]


def test_bytes_travel_both_ways(path: Path) -> None:
    transport = connect(at(path), readonly=False, timeout=PATIENCE)
    try:
        transport.sock.sendall(b"hello")
        assert b"hello" == read(transport, 5)
    finally:
        transport.close()


def test_a_local_socket_is_secure_and_passes_descriptors(path: Path) -> None:
    transport = connect(at(path), readonly=False, timeout=PATIENCE)
    transport.close()
    traits = (transport.name, transport.secure, transport.encrypted, transport.passes_fds, transport.peer)
    assert ("unix", True, False, True, f"the socket {path}") == traits


def test_the_socket_blocks_once_connected(path: Path) -> None:
    transport = connect(at(path), readonly=False, timeout=0.5)
    try:
        assert isinstance(transport.sock, socket.socket)
        send_timeout = transport.sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16)
        assert (None, bytes(16)) == (transport.sock.gettimeout(), send_timeout)
    finally:
        transport.close()


def test_interrupting_ends_the_stream_for_a_thread_that_reads(path: Path) -> None:
    transport = connect(at(path), readonly=False, timeout=PATIENCE)
    try:
        transport.interrupt()
        assert b"" == transport.sock.recv(1)
    finally:
        transport.close()


def test_a_transport_can_be_closed_twice(path: Path) -> None:
    transport = connect(at(path), readonly=False, timeout=PATIENCE)
    transport.close()
    transport.close()
    assert -1 == transport.sock.fileno()


def test_the_error_of_a_lost_connection_names_the_socket(path: Path) -> None:
    transport = connect(at(path), readonly=False, timeout=PATIENCE)
    transport.close()
    error = transport.lost()
    assert (SystemCallError, errno.ECONNRESET, True) == (type(error), error.int1, str(path) in str(error))


def test_a_system_uri_means_virtkitd_then_the_drivers_daemon_then_libvirtd() -> None:
    expected = ["/run/virtkit/libvirt-sock", "/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"]
    assert expected == places("qemu+unix:///system")


def test_a_read_only_connection_prefers_the_sockets_for_readers() -> None:
    expected = ["/run/virtkit/libvirt-sock-ro", "/run/libvirt/virtqemud-sock-ro", "/run/libvirt/libvirt-sock-ro"]
    assert expected == places("qemu+unix:///system", readonly=True)


@pytest.mark.parametrize("text", ["qemu+unix:///session", "test+unix:///default"])
def test_a_session_uri_means_the_users_own_daemons_which_have_one_socket(text: str) -> None:
    driver = text.partition("+")[0]
    expected = [
        "/run/user/7/virtkit/libvirt-sock",
        f"/run/user/7/libvirt/virt{driver}d-sock",
        "/run/user/7/libvirt/libvirt-sock",
    ]
    assert [expected, expected] == [places(text), places(text, readonly=True)]


def test_the_session_of_root_is_the_system() -> None:
    assert places("qemu+unix:///system", uid=0) == places("qemu+unix:///session", uid=0)


def test_without_a_runtime_folder_a_sessions_sockets_are_below_the_cache() -> None:
    uri = parse("qemu+unix:///session?mode=legacy")
    found = candidates(uri, readonly=False, environment={"HOME": "/home/ada"}, uid=7)
    expected = ["/home/ada/.cache/virtkit/run/libvirt-sock", "/home/ada/.cache/libvirt/libvirt-sock"]
    assert expected == [str(path) for path in found]


def test_the_mode_chooses_among_libvirts_daemons() -> None:
    legacy = ["/run/virtkit/libvirt-sock", "/run/libvirt/libvirt-sock"]
    direct = ["/run/libvirt/virtlxcd-sock"]
    assert [legacy, direct] == [places(f"lxc+unix:///system?mode={mode}") for mode in ("legacy", "direct")]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InvalidArgError, match="mode=sideways is none of auto, legacy, direct"):
        places("lxc+unix:///system?mode=sideways")


def test_the_first_socket_that_exists_is_taken(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    folder = tmp_path / "libvirt"
    folder.mkdir()
    found = []
    for name in ("libvirt-sock", "virtqemud-sock"):
        (folder / name).touch()
        path = find(parse("qemu+unix:///session"), readonly=False, environment=environment, uid=7)
        found.append(path.name)
    assert ["libvirt-sock", "virtqemud-sock"] == found


def test_where_no_daemon_is_the_error_lists_what_was_tried(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    with pytest.raises(SystemCallError) as caught:
        find(parse("qemu+unix:///session"), readonly=False, environment=environment, uid=7)
    text = str(caught.value)
    expected = [str(tmp_path / "virtkit/libvirt-sock"), str(tmp_path / "libvirt/libvirt-sock"), "start virtkitd"]
    assert (errno.ENOENT, expected) == (caught.value.int1, [part for part in expected if part in text])


def test_a_named_socket_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match="No such file or directory; start") as caught:
        connect(at(tmp_path / "none"), readonly=False, timeout=PATIENCE)
    assert errno.ENOENT == caught.value.int1


def test_a_socket_that_its_daemon_left_behind_is_told_as_such(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    with pytest.raises(SystemCallError, match="the daemon that made it is gone") as caught:
        connect(at(tmp_path / "dead"), readonly=False, timeout=PATIENCE)
    assert errno.ECONNREFUSED == caught.value.int1


def test_a_socket_path_beyond_the_kernels_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgError, match="longer than 107 bytes"):
        connect(at(tmp_path / ("x" * 108)), readonly=False, timeout=PATIENCE)


def test_no_descriptor_is_left_by_a_connection_that_failed(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SystemCallError):
        connect(at(tmp_path / "none"), readonly=False, timeout=PATIENCE)
    assert before == len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("test+tcp://lab/default", "tcp"), ("qemu://lab/system", "tls"), ("remote:///", "unix"), ("qemu+ext:///", "ext")],
)
def test_a_uri_without_a_transport_means_tls_with_a_host_and_unix_without(text: str, expected: str) -> None:
    assert expected == transport_of(parse(text))
