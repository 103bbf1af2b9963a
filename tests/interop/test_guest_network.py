"""A guest on a virtual network behind a filter, driven by the real virsh through virtkitd: all drivers together.

The daemon, the guest and another host on the network are in network namespaces of the test's own.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.guests import Cache, GuestBuildError, LinuxGuest, linux_guest
from tests.interop.guest_network import (
    MAC,
    NAME,
    NETWORK,
    PEER,
    RESERVED,
    SECONDS,
    eventually,
    pretend,
    rows,
    virsh,
)
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


class SerialShell:
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


@contextmanager
def booted(daemon: Virtkitd, linux: LinuxGuest, folder: Path) -> Iterator[tuple[SerialShell, str]]:
    """The guest, with its console and the address it was given."""
    console, document = folder / "console", folder / "guest.xml"
    document.write_text(
        GUEST.format(
            kernel=linux.kernel, initrd=linux.agent or linux.initrd, append=linux.append, mac=MAC, console=console
        )
    )
    virsh(daemon, "define", str(document))
    virsh(daemon, "start", "web", "--paused")
    shell = SerialShell(console)
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
