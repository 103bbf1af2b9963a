"""ssh: which arguments it gets, that nothing in a URI becomes more than a value, and real connections."""

from __future__ import annotations

import itertools
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from plugins.remote.tests.transports import sshd
from plugins.remote.tests.transports.peers import PATIENCE, listening, read
from virtkit.errors import AuthFailedError, InvalidArgError, SystemCallError
from virtkit.uri import URI, parse
from virtkit_remote.client.transports import Transport, connect
from virtkit_remote.client.transports.ssh import command, remote_text

HOSTILE = ["-oProxyCommand=touch pwned", "lab;touch pwned", "lab`touch pwned`", "lab touch", "$(touch pwned)", "a\nb"]


def arguments(text: str, *, readonly: bool = False) -> list[str]:
    return command(parse(text), readonly=readonly, timeout=9.5)


def options(text: str) -> list[str]:
    found = arguments(text)
    return [value for name, value in itertools.pairwise(found) if name == "-o"]


def test_the_plainest_uri_gets_no_options_of_its_own() -> None:
    found = arguments("qemu+ssh://lab/system")
    assert ["ssh", "-T", "-e", "none", "-o", "ConnectTimeout=10", "--", "lab"] == found[:-1]


def test_port_and_user_are_arguments() -> None:
    found = arguments("qemu+ssh://ada@lab:2222/system")
    assert ["ssh", "-p", "2222", "-l", "ada"] == found[:5]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("no_tty=1", ["BatchMode=yes"]),
        ("no_tty=0", []),
        ("no_verify=1", ["StrictHostKeyChecking=no"]),
        ("known_hosts_verify=normal", ["StrictHostKeyChecking=yes"]),
        ("known_hosts_verify=auto", ["StrictHostKeyChecking=accept-new"]),
        ("known_hosts_verify=ignore", ["StrictHostKeyChecking=no"]),
        ("known_hosts=/a b/known%25h", ['UserKnownHostsFile="/a b/known%%h"']),
        ("sshauth=agent,privkey,password", ["PreferredAuthentications=publickey,password"]),
    ],
)
def test_parameters_become_settings_of_ssh(parameters: str, expected: list[str]) -> None:
    assert expected == options(f"qemu+ssh://lab/system?{parameters.replace(' ', '%20')}")[1:]


def test_a_key_becomes_a_setting_of_ssh(tmp_path: Path) -> None:
    (tmp_path / "my key").touch()
    expected = f'IdentityFile="{tmp_path}/my key"'
    assert [expected] == options(f"qemu+ssh://lab/system?keyfile={tmp_path}/my%20key")[1:]


def test_another_program_can_stand_for_ssh() -> None:
    assert "/opt/ssh" == arguments("qemu+ssh://lab/system?command=/opt/ssh")[0]


@pytest.mark.parametrize("transport", ["libssh", "libssh2"])
def test_the_libraries_transports_run_the_program_too(transport: str) -> None:
    expected = arguments("qemu+ssh://lab/system")
    assert expected == arguments(f"qemu+{transport}://lab/system")


@pytest.mark.parametrize("host", HOSTILE)
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(InvalidArgError, match="cannot be the host of an ssh connection"):
        command(URI("qemu", "ssh", host=host, path="/system"), readonly=False, timeout=1)


@pytest.mark.parametrize("user", HOSTILE)
def test_a_user_that_is_no_name_is_refused(user: str) -> None:
    with pytest.raises(InvalidArgError, match="cannot be the user of an ssh connection"):
        command(URI("qemu", "ssh", user, "lab", path="/system"), readonly=False, timeout=1)


@pytest.mark.parametrize("host", ["lab", "lab-1.example", "10.0.0.1", "fe80::1%eth0", "lab_x", "münchen"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert host == command(URI("qemu", "ssh", host=host), readonly=False, timeout=1)[-2]


@pytest.mark.parametrize("name", ["keyfile", "known_hosts"])
@pytest.mark.parametrize("value", ['/a"b', "/a$HOME", "/a\\b", "/a\nb"])
def test_a_file_name_that_ssh_would_take_apart_is_refused(name: str, value: str) -> None:
    uri = URI("qemu", "ssh", host="lab", query=((name, value),))
    with pytest.raises(InvalidArgError, match="cannot be handed to ssh"):
        command(uri, readonly=False, timeout=1)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("proxy=sideways", "proxy=sideways is none of auto, native, netcat"),
        ("proxy=native&socket=/s", "proxy=native finds the socket itself; leave out socket"),
        ("socket=s", "socket=s is no absolute path on lab"),
        ("netcat=-e", "netcat=-e is no program"),
        ("sshauth=magic", "sshauth=magic is none of agent"),
        ("known_hosts_verify=maybe", "known_hosts_verify=maybe is none of normal, auto, ignore"),
        ("name=a%0Ab", "it holds control characters"),
    ],
)
def test_wrong_parameters_are_refused(parameters: str, expected: str) -> None:
    with pytest.raises(InvalidArgError, match=expected):
        arguments(f"qemu+ssh://lab/system?{parameters}")


def test_a_uri_without_a_host_is_refused() -> None:
    with pytest.raises(InvalidArgError, match="transport ssh needs a host"):
        arguments("qemu+ssh:///system")


def test_a_missing_key_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match=r"cannot read the key .*: No such file or directory; check keyfile="):
        arguments(f"qemu+ssh://lab/system?keyfile={tmp_path}/none")


class FarSide:
    """The shell of a far side without ssh: programs are scripts that print their arguments, one a line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("sh", "grep"):
            (self.bin / name).symlink_to(str(shutil.which(name)))
        self.install("id", "echo 7")

    def install(self, name: str, text: str = 'for word in "$0" "$@"; do echo "$word"; done') -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)

    def listen(self, name: str) -> str:
        """Make a socket below its folder, for ever without a listener."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        return str(path)

    def run(self, text: str) -> list[str]:
        """What runs there for a URI: program and arguments."""
        line = arguments(text)[-1]  # ssh hands it to the login shell
        environment = {"PATH": str(self.bin), "XDG_RUNTIME_DIR": str(self.folder)}
        result = subprocess.run(
            ["/bin/sh", "-c", line], capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False,
            cwd=self.folder,
        )  # fmt: skip
        return (result.stdout or result.stderr).splitlines()


@pytest.fixture
def far_side(tmp_path: Path) -> FarSide:
    return FarSide(tmp_path)


def test_the_helper_is_preferred_where_it_is(far_side: FarSide) -> None:
    far_side.install("virt-ssh-helper")
    far_side.install("nc")
    expected = [str(far_side.bin / "virt-ssh-helper"), "--", "qemu:///system"]
    assert expected == far_side.run("qemu+ssh://lab/system")


def test_a_read_only_connection_tells_the_helper_so() -> None:
    text = remote_text(parse("qemu+ssh://lab/system?proxy=native"), readonly=True)
    assert "exec virt-ssh-helper -r -- qemu:///system" == text


def test_a_named_socket_means_netcat(far_side: FarSide) -> None:
    far_side.install("virt-ssh-helper")
    far_side.install("nc")
    path = far_side.listen("s")
    assert [str(far_side.bin / "nc"), "-U", path] == far_side.run(f"qemu+ssh://lab/system?socket={path}")


def test_netcat_ends_with_its_input_where_it_can_be_told_to(far_side: FarSide) -> None:
    far_side.install("nc", 'if [ "$1" = -h ]; then echo " -q seconds" >&2; else echo "$1"; fi')
    assert ["-q0"] == far_side.run(f"qemu+ssh://lab/system?socket={far_side.listen('s')}")


def test_a_session_uri_means_the_daemons_of_the_user_there(far_side: FarSide) -> None:
    far_side.install("nc")
    found = []
    for daemon in ("libvirt", "virtkit"):
        path = far_side.listen(f"{daemon}/libvirt-sock")
        found.append([str(far_side.bin / "nc"), "-U", path] == far_side.run("qemu+ssh://lab/session"))
    assert [True, True] == found


def test_for_root_a_session_uri_means_the_systems_daemons_there(far_side: FarSide) -> None:
    far_side.install("nc")
    far_side.listen("libvirt/libvirt-sock")
    far_side.install("id", "echo 0")
    assert str(far_side.folder) not in " ".join(far_side.run("qemu+ssh://lab/session"))


def test_a_read_only_connection_looks_for_sockets_of_readers() -> None:
    text = remote_text(parse("qemu+ssh://lab/system"), readonly=True)
    assert "set -- /run/virtkit/libvirt-sock-ro /run/libvirt/libvirt-sock-ro" in text


def test_without_a_daemon_the_far_side_says_what_it_tried(far_side: FarSide) -> None:
    far_side.install("nc")
    assert ["no daemon listens on this host: tried /none"] == far_side.run("qemu+ssh://lab/system?socket=/none")


@pytest.mark.parametrize("hostile", ["; touch pwned;", "$(touch pwned)", "`touch pwned`", "' touch pwned '", '"', "-x"])
def test_no_value_of_a_uri_becomes_shell_text_of_the_far_side(far_side: FarSide, hostile: str) -> None:
    far_side.install("virt-ssh-helper")
    (far_side.bin / "touch").symlink_to(str(shutil.which("touch")))
    value = quote(hostile, safe="")
    by_helper = far_side.run(f"qemu+ssh://lab/system?name={value}")
    by_netcat = far_side.run(f"qemu+ssh://lab/system?socket=/{value}&netcat=/nc{value}")
    assert [str(far_side.bin / "virt-ssh-helper"), "--", hostile] == by_helper
    assert [f"no daemon listens on this host: tried /{hostile}"] == by_netcat
    assert not (far_side.folder / "pwned").exists()


def test_a_login_shell_of_another_kind_can_quote_what_it_gets() -> None:
    line = arguments("qemu+ssh://lab/system")[-1]
    assert ["sh", "-c", remote_text(parse("qemu+ssh://lab/system"), readonly=False)] == shlex.split(line)
    assert "\n" not in line


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Server]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A socket on the far side that sends back what it gets."""
    if not shutil.which("nc"):
        pytest.skip("nc is not installed (netcat-openbsd)")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "sock"))
    listener.listen(4)
    with listening(listener):
        yield tmp_path / "sock"


def through(server: sshd.Server, parameters: str, user: str = "root") -> Transport:
    uri = parse(f"test+ssh://{user}@127.0.0.1:{server.port}/default?{parameters}")
    return connect(uri, readonly=False, timeout=PATIENCE)


def test_bytes_travel_both_ways_through_a_real_ssh(server: sshd.Server, path: Path) -> None:
    transport = through(server, f"socket={path}&{server.parameters}")
    data = bytes(range(256)) * 4096
    try:
        transport.sock.sendall(data[:1000])
        transport.sock.sendall(data[1000:])
        assert data == read(transport, len(data))
    finally:
        transport.close()
    traits = (transport.name, transport.secure, transport.encrypted, transport.passes_fds, transport.peer)
    assert ("ssh", True, True, False, "root@127.0.0.1 over ssh") == traits


def test_a_key_that_the_host_does_not_know_is_a_refusal(server: sshd.Server, path: Path, tmp_path: Path) -> None:
    sshd.make_key(tmp_path / "stranger")
    settings = f"known_hosts={server.known_hosts}&no_tty=1&sshauth=privkey&keyfile={tmp_path}/stranger"
    transport = through(server, f"socket={path}&{settings}", user="daemon")  # whom no key of this machine opens
    try:
        assert b"" == read(transport, 1)
        error = transport.lost()
    finally:
        transport.close()
    assert (AuthFailedError, True) == (type(error), "Permission denied (publickey)" in str(error))


def test_a_host_key_that_is_not_known_is_a_refusal(server: sshd.Server, path: Path, tmp_path: Path) -> None:
    settings = f"known_hosts={tmp_path}/empty&known_hosts_verify=normal&no_tty=1&keyfile={server.keyfile}"
    transport = through(server, f"socket={path}&{settings}")
    try:
        assert b"" == read(transport, 1)
        error = transport.lost()
    finally:
        transport.close()
    assert (AuthFailedError, True) == (type(error), "Host key verification failed" in str(error))


def test_a_host_key_that_is_not_known_is_taken_without_verification(
    server: sshd.Server, path: Path, tmp_path: Path
) -> None:
    settings = f"known_hosts={tmp_path}/empty&no_verify=1&no_tty=1&keyfile={server.keyfile}"
    transport = through(server, f"socket={path}&{settings}")
    try:
        transport.sock.sendall(b"hello")
        assert b"hello" == read(transport, 5)
    finally:
        transport.close()


def test_a_far_side_without_a_daemon_says_so(server: sshd.Server, tmp_path: Path) -> None:
    transport = through(server, f"socket={tmp_path}/none&{server.parameters}")
    try:
        assert b"" == read(transport, 1)
        error = transport.lost()
    finally:
        transport.close()
    expected = f"ssh ended with status 1 and wrote: no daemon listens on this host: tried {tmp_path}/none"
    assert (SystemCallError, True) == (type(error), expected in str(error))
