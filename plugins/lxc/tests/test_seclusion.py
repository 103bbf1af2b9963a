"""No container reaches the monitor of any, and those who may still do; a network namespace is the host."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import INTERFACE, PATIENCE_SECONDS, document, eventually, says, wait_for_shell
from plugins.lxc.tests.lab import Lab
from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace
from virtkit import Connection, Domain
from virtkit.errors import OperationFailedError, OperationInvalidError, VirtError
from virtkit.events import DomainRebootEvent
from virtkit.network.links import Links
from virtkit_lxc import runtime, terminal
from virtkit_lxc.plan import Link

SHELL = ("/bin/sh",)
PRIVATE = "<features><privnet/></features>"
IDMAP = """
<idmap><uid start='0' target='300000' count='65536'/><gid start='0' target='300000' count='65536'/></idmap>
"""

SOCKETS = """
import socket
for line in open("/proc/net/unix"):
    words = line.split()
    if len(words) > 7 and words[7].startswith("@"):
        name = words[7][1:]
        if name.endswith("/command") or name.startswith("lxc/"):
            print(name)
"""
"""The sockets of liblxc that there are in a network."""

ASKING = """
import os, socket, struct, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect(os.fsencode(sys.argv[1]).replace(b"@", b"\\0", 1))
mine = struct.pack("@iII", os.getpid(), os.getuid(), os.getgid())
asking.sendmsg([struct.pack("@iiN", 0, 0, 0)], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, mine)])
print(len(socket.recv_fds(asking, 16, 1)[1]))
"""
"""Asks a monitor for the console of its container."""


def alone(rootfs: Path, *command: str, **parts: str) -> str:
    """The document of a container that is in the network of the host."""
    return document(rootfs, *(command or SHELL), **parts).replace(PRIVATE, "")


def beside(pid: int, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the root of the host in the network of a process, as a container without an id map can."""
    command = ["nsenter", "-t", str(pid), "--net", sys.executable, "-c", script, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


def names(network: Namespace) -> set[str]:
    with network.entered(), Links() as links:
        return {link.name for link in links.all()}


def folder_of(root: Path, domain: Domain) -> Path:
    (found,) = (root / "run" / "lxc").glob(f"*-{domain.name}")
    return found


def address(folder: Path) -> str:
    return os.fsdecode(terminal._address(folder).replace(b"\0", b"@", 1))


def output(domain: Domain, *command: str) -> str:
    """What a program in a container writes; it has to succeed."""
    reading, writing = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    with open(reading, "rb") as file:
        try:
            execution = domain.execute(command, [nothing, writing, writing])
        finally:
            os.close(writing)
            os.close(nothing)
        with execution:
            told = file.read().decode()
            assert 0 == execution.wait(), told
    return told


def test_none_of_the_sockets_is_in_the_network_of_the_host(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path, tmp_path: Path
) -> None:
    found = [
        connection.create_domain(alone(rootfs)),
        connection.create_domain(alone(rootfs, name="other")),
        connection.create_domain(document(rootfs, *SHELL, name="private")),
        connection.create_domain(document(rootfs, *SHELL, name="linked", devices=INTERFACE)),
        connection.define_domain(alone(rootfs, name="inheriting")),
    ]
    with open(os.devnull) as file:
        found[-1].create_with_files([file.fileno()])
    inside = found[0].id
    assert inside is not None
    assert os.path.samefile(f"/proc/{inside}/ns/net", network.path)
    assert "" == beside(inside, SOCKETS).stdout
    for domain in found:
        folder = folder_of(tmp_path, domain)
        assert "Connection refused" in beside(inside, ASKING, address(folder)).stderr, domain.name
        monitor = runtime.monitor_of(folder)
        assert monitor is not None
        # The scripts see and reach it where it is.
        assert address(folder)[1:] in beside(monitor.pid, SOCKETS).stdout.splitlines()
        assert "1\n" == beside(monitor.pid, ASKING, address(folder)).stdout


def test_a_monitor_sees_no_link_of_the_host(network: Namespace, lab: Lab) -> None:
    network.run("ip", "link", "add", "vb0", "type", "bridge")
    made = lab.started(plan={"network": "host"})
    command = ["nsenter", "-t", str(made.running.monitor.pid), "--net", "ip", "-o", "link"]
    assert "vb0" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("more", ["", IDMAP], ids=["root of the host", "id map"])
def test_one_in_the_network_of_the_host_sees_its_links_and_is_spoken_to(
    network: Namespace, lab: Lab, more: str
) -> None:
    network.run("ip", "link", "add", "vb0", "type", "bridge")
    root = lab.root("mapped", owner=300_000) if more else None
    made = lab.started(*SHELL, root=root, more=more, plan={"network": "host"})
    assert "vb0" in made.says("ip link")
    with made.take() as console:
        os.write(console.fileno(), b"echo $((6 * 7)) is it\n")
        eventually(lambda: b"42 is it" in os.read(console.fileno(), 4096), "what it writes")


def test_console_and_programs_are_served_by_the_driver(
    network: Namespace, connection: Connection, rootfs: Path
) -> None:
    network.run("ip", "link", "add", "vb0", "type", "bridge")
    web = connection.create_domain(alone(rootfs))
    assert "vb0" in says(web, "ip link")
    assert "vb0" in output(web, "/bin/ip", "link")


def test_console_and_programs_are_served_by_the_daemon(network: Namespace, rootfs: Path, tmp_path: Path) -> None:
    network.run("ip", "link", "add", "vb0", "type", "bridge")
    with (
        Virtkitd(tmp_path, namespace=network) as daemon,
        virtkit.open(f"lxc+unix:///system?socket={daemon.socket}") as connection,
    ):
        web = connection.create_domain(alone(rootfs))
        try:
            assert "vb0" in says(web, "ip link")
            assert "vb0" in output(web, "/bin/ip", "link")
        finally:
            web.destroy()


def test_a_system_that_reboots_stays_in_the_network_of_the_host(
    network: Namespace, connection: Connection, rootfs: Path, tmp_path: Path
) -> None:
    network.run("ip", "link", "add", "vb0", "type", "bridge")
    rebooted: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: rebooted.append(event))
    web = connection.create_domain(alone(rootfs, "/sbin/init"))
    monitor = runtime.monitor_of(folder_of(tmp_path, web))
    for times in (1, 2):
        wait_for_shell(web)
        web.reboot()
        eventually(lambda: len(rebooted) == times, "it reboots")  # noqa: B023
    wait_for_shell(web)
    assert monitor == runtime.monitor_of(folder_of(tmp_path, web))  # liblxc itself has started it anew
    assert "vb0" in output(web, "/bin/ip", "link")
    assert "" == network.run(sys.executable, "-c", SOCKETS).stdout


def test_one_is_spoken_to_from_another_network(network: Namespace, rootfs: Path, uri: str) -> None:
    with virtkit.open(uri) as connection:
        connection.create_domain(alone(rootfs))
    with Namespace() as other, other.entered(), virtkit.open(uri) as connection:
        web = connection.lookup_domain_by_name("web")
        assert "42" in says(web, "echo $((6 * 7))")
        assert "42\n" == output(web, "/bin/sh", "-c", "echo $((6 * 7))")


def test_the_network_of_the_host_is_let_go(lab: Lab) -> None:
    made = lab.started(plan={"network": "host"})
    home = made.plan.folder / "host.net"
    assert os.path.samefile(home, "/proc/thread-self/ns/net")
    made.end()
    assert not home.exists()


@pytest.mark.parametrize("runs", [True, False])
def test_who_listens_under_the_name_of_a_monitor_is_not_asked(network: Namespace, lab: Lab, runs: bool) -> None:
    """A container in the network of the host can: it would get a program of the host's root to enter what it likes."""
    made = lab.started(*SHELL)
    if not runs:
        made.running.monitor.send(signal.SIGKILL)
        assert made.running.monitor.wait(PATIENCE_SECONDS)
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(terminal._address(made.plan.folder))
        impostor.listen()
        impostor.setblocking(False)
        if runs:
            made.take().close()
            assert "root" == made.says("whoami")
        else:
            with pytest.raises(OperationInvalidError, match=r"'c0' has no console here \(No such process\): start it"):
                made.take()
            with pytest.raises(OperationFailedError, match="has ended; start it again"):
                made.says("whoami")
        with pytest.raises(BlockingIOError):
            impostor.accept()


# Links of the host, which liblxc takes from where its monitor is

LENT = "<hostdev mode='capabilities' type='net'><source><interface>eth9</interface></source>{parts}</hostdev>"
NOWHERE = "<route family='ipv4' address='10.5.0.0' prefix='16' gateway='192.0.2.1'/>"


@pytest.fixture
def lower(network: Namespace) -> Iterator[Namespace]:
    """A host with a link `eth9`, which goes where it is put, and who is at its other end."""
    with Namespace() as peer:
        network.connect("eth9", peer, "far")
        peer.run("ip", "address", "add", "10.9.0.1/24", "dev", "far")
        yield peer


def test_a_link_is_home_when_a_container_ends_that_nobody_manages(
    lower: Namespace, network: Namespace, lab: Lab
) -> None:
    made = lab.started(plan={"links": (Link("eth9", "eth9"),)})
    assert "eth9" not in names(network)
    made.running.init.send(signal.SIGKILL)
    eventually(lambda: "eth9" in names(network), "it comes back")


def test_a_link_comes_along_when_a_system_reboots(
    lower: Namespace, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    rebooted: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: rebooted.append(event))
    parts = "<ip address='10.9.0.2' family='ipv4' prefix='24'/>"
    web = connection.create_domain(document(rootfs, devices=LENT.format(parts=parts)))
    wait_for_shell(web)
    web.reboot()
    eventually(lambda: rebooted, "it reboots")
    assert lower.pings("10.9.0.2", times=3)
    web.destroy()
    assert {"lo", "eth9"} == names(network)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("bridge", "'none0', which is no bridge of this host"),
        ("profile of system calls", "Failed to read seccomp policy"),
        ("init", "Failed to exec"),
        ("route", "Failed to run lxc.hook.start-host"),
    ],
)
def test_a_link_is_home_when_a_start_fails(
    lower: Namespace, network: Namespace, connection: Connection, rootfs: Path, tmp_path: Path, what: str, told: str
) -> None:
    init = "/bin/nothing" if what == "init" else "/bin/sh"
    text = document(rootfs, init, devices=LENT.format(parts=NOWHERE if what == "route" else ""))
    if what == "bridge":
        text = text.replace("</devices>", INTERFACE.replace("vb0", "none0") + "</devices>")
    if what == "profile of system calls":
        profile = tmp_path / "profile"
        profile.write_text("this is none\n")
        seccomp = f'<seccomp profile="{profile}"/>'
        added = f'<metadata><container xmlns="urn:virtkit:lxc:1">{seccomp}</container></metadata>'
        text = text.replace("<os>", f"{added}<os>")
    with pytest.raises(VirtError, match=told):
        connection.create_domain(text)
    assert {"lo", "eth9"} == names(network)


def test_a_start_that_fails_with_a_link_tells_only_why(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    with pytest.raises(VirtError, match=r'"/bin/nothing"$'):
        connection.create_domain(document(rootfs, "/bin/nothing", devices=INTERFACE))
    assert {"lo", "vb0"} == names(network)


def test_whoever_talks_to_a_monitor_stays_where_he_is(network: Namespace, lab: Lab) -> None:
    def networks() -> set[str]:
        return {os.readlink(f"/proc/self/task/{task}/ns/net") for task in os.listdir("/proc/self/task")}

    made = lab.started(*SHELL)
    before = networks()
    with closing(made.take()):
        assert networks() <= before
    made.says("true")
    assert networks() <= before
