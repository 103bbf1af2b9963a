"""A guest on a virtual network behind a filter, driven by the real virsh through virtkitd: all drivers together.

The daemon, the guest and another host on the network are in network namespaces of the test's own.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.guests import Cache, GuestBuildError, LinuxGuest, linux_guest
from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace
from virtkit.network.links import Links

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.libvirt,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86_64 of Debian"),
    pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="needs dnsmasq-base of Debian"),
]

SECONDS = 60
MAC, OTHER_MAC = "52:54:00:aa:bb:cc", "52:54:00:66:66:66"
NAME = "known-as"
HOST, PEER, RESERVED, STOLEN = "10.88.0.1", "10.88.0.2", "10.88.0.15", "10.88.0.99"
NETWORK = f"""
<network>
  <name>lan</name>
  <bridge name='vbr7' stp='off' delay='0'/>
  <ip address='{HOST}' netmask='255.255.255.0'>
    <dhcp><range start='10.88.0.10' end='10.88.0.20'/><host mac='{MAC}' name='{NAME}' ip='{RESERVED}'/></dhcp>
  </ip>
</network>
"""
GUEST = """
<domain type='qemu'>
  <name>web</name>
  <memory unit='MiB'>128</memory>
  <os>
    <type>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>{append} modules=virtio_pci,virtio_net,virtio_console dhcp=eth0</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <interface type='network'>
      <mac address='{mac}'/>
      <source network='lan'/>
      <model type='virtio'/>
      <filterref filter='clean-traffic'/>
    </interface>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='unix'><source mode='bind' path='{console}'/></serial>
  </devices>
</domain>
"""


@pytest.fixture
def linux() -> LinuxGuest:
    try:
        return linux_guest(Cache())
    except GuestBuildError as error:
        pytest.skip(str(error))


@pytest.fixture
def daemon(network: Namespace, tmp_path: Path) -> Iterator[Virtkitd]:
    """A daemon in the namespace; whatever runs under it in the end is stopped."""
    for driver in ("virtkit_network.driver", "virtkit_netfilter.driver"):
        pytest.importorskip(driver)
    with Virtkitd(tmp_path) as running:
        try:
            yield running
        finally:
            if running.process.poll() is not None:
                running.start()
            for command, names in (("destroy", "list"), ("net-destroy", "net-list")):
                for name in virsh(running, names, "--name").split():
                    virsh(running, command, name)


def virsh(daemon: Virtkitd, *words: str) -> str:
    """What virsh prints; it has to succeed."""
    command = ["virsh", "-c", daemon.uri("qemu:///system"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "") == (done.returncode, done.stderr), words
    return done.stdout.strip()


def rows(table: str) -> list[list[str]]:
    """The cells of a table of virsh, without its heading."""
    return [line.split() for line in table.splitlines()[2:]]


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {SECONDS} seconds"
        time.sleep(0.05)


class Shell:
    """The console of a guest, with a shell on it."""

    def __init__(self, path: Path) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(path))
        self._line.settimeout(SECONDS)
        self._seen = b""

    def expect(self, text: bytes) -> bytes:
        """Read up to and including a text; what came before it."""
        while text not in self._seen:
            data = self._line.recv(4096)
            assert data, f"the console closed after {self._seen!r}"
            self._seen += data
        before, _, self._seen = self._seen.partition(text)
        return before

    def run(self, command: str) -> int:
        """Run a command; its exit status."""
        self._line.sendall(f"{command} >/dev/null 2>&1; echo st''atus $? end\n".encode())
        self.expect(b"status ")
        return int(self.expect(b" end"))

    def close(self) -> None:
        self._line.close()


class Capture:
    """What arrives at a link: as told by `tcpdump -e`, but by us."""

    def __init__(self, device: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.bind((device, 0))
        self._socket.setblocking(False)

    def senders(self) -> set[tuple[str, str]]:
        """Address of the link and of the protocol (IPv4 or ARP) of whoever has sent something since the last call."""
        found: set[tuple[str, str]] = set()
        while True:
            try:
                frame = self._socket.recv(65536)
            except BlockingIOError:
                return found
            where = {b"\x08\x00": 26, b"\x08\x06": 28}.get(frame[12:14])
            address = socket.inet_ntoa(frame[where : where + 4]) if where else ""
            found.add((frame[6:12].hex(":"), address))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def booted(daemon: Virtkitd, linux: LinuxGuest, folder: Path) -> Iterator[tuple[Shell, str]]:
    """The guest, with its console and the address it was given."""
    console, document = folder / "console", folder / "guest.xml"
    document.write_text(
        GUEST.format(
            kernel=linux.kernel, initrd=linux.agent or linux.initrd, append=linux.append, mac=MAC, console=console
        )
    )
    virsh(daemon, "define", str(document))
    virsh(daemon, "start", "web", "--paused")
    shell = Shell(console)
    try:
        virsh(daemon, "resume", "web")
        shell.expect(linux.lease)
        address = shell.expect(b"/24").decode()
        shell.expect(linux.ready)
        yield shell, address
    finally:
        shell.close()


def test_a_guest_of_a_network_gets_an_address_answers_and_cannot_pretend_to_be_another(
    network: Namespace, daemon: Virtkitd, linux: LinuxGuest, tmp_path: Path
) -> None:
    (tmp_path / "lan.xml").write_text(NETWORK)
    virsh(daemon, "net-define", str(tmp_path / "lan.xml"))
    virsh(daemon, "net-start", "lan")
    with Namespace() as peer, booted(daemon, linux, tmp_path) as (shell, address):
        network.connect("port", peer, "eth0")
        network.run("ip", "link", "set", "port", "master", "vbr7")
        peer.run("ip", "address", "add", f"{PEER}/24", "dev", "eth0")

        # it is there, and everybody says so
        assert RESERVED == address
        assert peer.pings(address)
        assert network.pings(address)
        assert [["vnet0", "network", "lan", "virtio", MAC]] == rows(virsh(daemon, "domiflist", "web"))
        assert [["vnet0", MAC, "ipv4", f"{address}/24"]] == rows(virsh(daemon, "domifaddr", "web"))
        assert ["vnet0", MAC, "ipv4", f"{address}/0"] in rows(virsh(daemon, "domifaddr", "web", "--source", "arp"))
        assert NAME == virsh(daemon, "domhostname", "web", "--source", "lease")
        if linux.agent is not None:  # Debian's qemu-guest-agent is installed
            eventually(lambda: "state='connected'" in virsh(daemon, "dumpxml", "web"), "the start of the agent")
            inside = rows(virsh(daemon, "domifaddr", "web", "--source", "agent"))
            assert ["lo", "00:00:00:00:00:00", "ipv4", "127.0.0.1/8"] in inside
            assert ["eth0", MAC, "ipv4", f"{address}/24"] in inside
            assert "linux-guest" == virsh(daemon, "domhostname", "web", "--source", "agent")
            answer = virsh(daemon, "qemu-agent-command", "web", '{"execute": "guest-ping"}')
            assert {"return": {}} == json.loads(answer)
        stats = dict(line.split()[1:] for line in virsh(daemon, "domifstat", "web", "vnet0").splitlines())
        assert int(stats["rx_packets"]) > 0
        assert int(stats["tx_packets"]) > 0
        assert [["vnet0", "clean-traffic"]] == rows(virsh(daemon, "nwfilter-binding-list"))
        (port,) = re.findall("portid='(.*?)'", virsh(daemon, "dumpxml", "web"))
        assert [[port]] == rows(virsh(daemon, "net-port-list", "lan"))

        # it cannot pretend, and the next daemon sees to that as well
        pretend(shell, peer, address)
        daemon.kill()
        assert peer.pings(address)
        daemon.start()
        assert "running" == virsh(daemon, "domstate", "web")
        assert [["vnet0", "clean-traffic"]] == rows(virsh(daemon, "nwfilter-binding-list"))
        assert [[port]] == rows(virsh(daemon, "net-port-list", "lan"))
        pretend(shell, peer, address)

        # it ends, and leaves nothing
        virsh(daemon, "shutdown", "web")
        eventually(lambda: virsh(daemon, "domstate", "web") == "shut off", "the end of the guest")
        assert [] == rows(virsh(daemon, "nwfilter-binding-list"))
        assert [] == rows(virsh(daemon, "net-port-list", "lan"))
        virsh(daemon, "net-destroy", "lan")
        assert "vnet0" not in network.run("nft", "list", "ruleset").stdout
        with Links() as links:
            assert {"lo", "port"} == {link.name for link in links.all()}


def pretend(shell: Shell, peer: Namespace, address: str) -> None:
    """Have the guest pretend to be another: what it sends leaves it, and does not reach its peer."""
    left = Capture("vnet0")
    with peer.entered():
        reached = Capture("eth0")
    try:
        assert 0 == shell.run(f"ping -c 1 -W 5 {PEER}")
        assert (MAC, address) in left.senders()
        assert (MAC, address) in reached.senders()

        shell.run(f"ip address add {STOLEN}/24 dev eth0")
        assert 0 != shell.run(f"ping -c 1 -W 1 -I {STOLEN} {PEER}")
        shell.run(f"arping -c 1 -w 1 -I eth0 -s {STOLEN} {PEER}")
        shell.run(f"ip address del {STOLEN}/24 dev eth0")
        assert (MAC, STOLEN) in left.senders()
        assert not [sender for sender in reached.senders() if STOLEN in sender]

        shell.run(f"ip link set eth0 down; ip link set eth0 address {OTHER_MAC}; ip link set eth0 up")
        assert 0 != shell.run(f"ping -c 1 -W 1 {PEER}")
        assert OTHER_MAC in {mac for mac, _ in left.senders()}
        assert OTHER_MAC not in {mac for mac, _ in reached.senders()}
        shell.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up")
        assert 0 == shell.run(f"ping -c 1 -W 5 {PEER}")
    finally:
        left.close()
        reached.close()
