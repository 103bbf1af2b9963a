"""Containers on a virtual network behind a filter, driven by the real virsh through virtkitd, which dies meanwhile.

The daemon, the containers and another host on the network are in network namespaces of the test's own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.containers.host import needs_containers, remains
from tests.containers.rootfs import make_root
from tests.interop import guest_network
from tests.interop.guest_network import HOST, MAC, NAME, NETWORK, PEER, RESERVED, eventually, pretend, rows
from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace
from virtkit.network.links import Links

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
    pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="needs dnsmasq-base of Debian"),
]

URI = "lxc:///system"
OTHER_MAC = "52:54:00:aa:bb:cd"
VIRTKIT = Path(sys.executable).with_name("virtkit")
GUEST = """
<domain type='lxc'>
  <name>web</name>
  <memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/sbin/init</init></os>
  <devices>
    <filesystem><source dir='{root}'/><target dir='/'/></filesystem>
    {interface}
    <console type='pty'/>
  </devices>
</domain>
"""
INTERFACE = """<interface type='network'>
  <mac address='{mac}'/><source network='lan'/><guest dev='eth0'/>{more}
</interface>"""
FILTER = "<filterref filter='clean-traffic'/>"
CONFIGURE = """#!/bin/sh
[ "$1" = bound ] && ip address add $ip/24 dev $interface && echo $ip > /lease
"""

virsh = partial(guest_network.virsh, uri=URI)


@pytest.fixture
def daemon(network: Namespace, tmp_path: Path) -> Iterator[Virtkitd]:
    """A daemon in the namespace; whatever runs under it in the end is stopped, and nothing of it remains."""
    needs_containers()
    for driver in ("virtkit_network.driver", "virtkit_netfilter.driver"):
        pytest.importorskip(driver)
    with Virtkitd(tmp_path, namespace=network) as running:
        try:
            yield running
        finally:
            if running.process.poll() is not None:
                running.start()
            for command, names in (("destroy", "list"), ("net-destroy", "net-list")):
                for name in virsh(running, names, "--name").split():
                    virsh(running, command, name)
        assert {} == remains(running.root / "run" / "lxc")


class Inside:
    """Commands in a container, by its namespaces."""

    def __init__(self, daemon: Virtkitd) -> None:
        self._daemon = daemon

    def run(self, command: str) -> int:
        words = ("lxc-enter-namespace", "web", "--noseclabel", "/bin/sh", "-c", command)
        line = ["virsh", "-q", "-c", self._daemon.uri(URI), *words]
        return subprocess.run(line, capture_output=True, timeout=guest_network.SECONDS, check=False).returncode


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_root(tmp_path / "rootfs")
    script = made / "etc" / "lease.sh"
    script.write_text(CONFIGURE)
    script.chmod(0o755)
    return made


@pytest.fixture
def lan(daemon: Virtkitd, tmp_path: Path) -> None:
    (tmp_path / "lan.xml").write_text(NETWORK.replace("<bridge", "<forward mode='nat'/><bridge"))
    virsh(daemon, "net-define", str(tmp_path / "lan.xml"))
    virsh(daemon, "net-start", "lan")


def device(folder: Path, text: str) -> str:
    """A file with the document of a device."""
    path = folder / "device.xml"
    path.write_text(text)
    return str(path)


def leased(inside: Inside, root: Path) -> str:
    """The address that the container gets."""
    inside.run("udhcpc -i eth0 -f -n -q -t 10 -T 1 -s /etc/lease.sh")
    return (root / "lease").read_text().strip()


def test_a_container_of_a_network_gets_an_address_answers_and_cannot_pretend_to_be_another(
    network: Namespace, daemon: Virtkitd, lan: None, root: Path, tmp_path: Path
) -> None:
    interface = INTERFACE.format(mac=MAC, more=FILTER)
    virsh(daemon, "define", device(tmp_path, GUEST.format(root=root, interface=interface)))
    virsh(daemon, "start", "web")
    inside = Inside(daemon)
    with Namespace() as peer:
        network.connect("port", peer, "eth0")
        network.run("ip", "link", "set", "port", "master", "vbr7")
        peer.run("ip", "address", "add", f"{PEER}/24", "dev", "eth0")

        # it is there, and everybody says so
        assert RESERVED == leased(inside, root)
        assert peer.pings(RESERVED, times=3)
        assert 0 == inside.run(f"ping -c 1 -W 5 {HOST}")
        assert [["vnet0", "network", "lan", "-", MAC]] == rows(virsh(daemon, "domiflist", "web"))
        assert [["vnet0", MAC, "ipv4", f"{RESERVED}/24"]] == rows(virsh(daemon, "domifaddr", "web"))
        assert ["vnet0", MAC, "ipv4", f"{RESERVED}/0"] in rows(virsh(daemon, "domifaddr", "web", "--source", "arp"))
        assert NAME == virsh(daemon, "domhostname", "web", "--source", "lease")
        ((*_, mac, _, address, name, _),) = rows(virsh(daemon, "net-dhcp-leases", "lan"))
        assert (MAC, f"{RESERVED}/24", NAME) == (mac, address, name)
        stats = dict(line.split()[1:] for line in virsh(daemon, "domifstat", "web", "vnet0").splitlines())
        assert int(stats["rx_packets"]) > 0
        assert int(stats["tx_packets"]) > 0
        bulk = dict(line.strip().split("=", 1) for line in virsh(daemon, "domstats", "web").splitlines()[1:])
        assert ("1", "vnet0", "1") == (bulk["net.count"], bulk["net.0.name"], bulk["state.state"])
        assert int(bulk["net.0.rx.pkts"]) >= int(stats["rx_packets"])
        assert "cpu_time" in virsh(daemon, "cpu-stats", "web", "--total")
        assert "rd_bytes" in virsh(daemon, "domblkstat", "web")
        assert [] == rows(virsh(daemon, "domblklist", "web"))
        assert [["vnet0", "clean-traffic"]] == rows(virsh(daemon, "nwfilter-binding-list"))
        assert 1 == len(rows(virsh(daemon, "net-port-list", "lan")))

        # it cannot pretend, and the next daemon sees to that as well
        pretend(inside, peer, RESERVED)
        daemon.kill()
        assert peer.pings(RESERVED, times=3)
        daemon.start()
        assert "running" == virsh(daemon, "domstate", "web")
        assert [["vnet0", "clean-traffic"]] == rows(virsh(daemon, "nwfilter-binding-list"))
        assert 1 == len(rows(virsh(daemon, "net-port-list", "lan")))
        pretend(inside, peer, RESERVED)

        # it ends, and leaves nothing
        virsh(daemon, "shutdown", "web")
        eventually(lambda: virsh(daemon, "domstate", "web") == "shut off", "the end of the container")
        assert [] == rows(virsh(daemon, "nwfilter-binding-list"))
        assert [] == rows(virsh(daemon, "net-port-list", "lan"))
        virsh(daemon, "net-destroy", "lan")
        assert "vnet0" not in network.run("nft", "list", "ruleset").stdout
        with Links() as links:
            assert {"lo", "port"} == {link.name for link in links.all()}


def test_a_port_of_the_host_leads_to_a_container(
    network: Namespace, daemon: Virtkitd, lan: None, root: Path, tmp_path: Path
) -> None:
    words = ("net-port-forward", "lan", "--add", "--guest", MAC, "--port", "8080", "--to", "80")
    subprocess.run([VIRTKIT, "-c", daemon.uri(URI), *words], check=True, timeout=60, capture_output=True)
    interface = INTERFACE.format(mac=MAC, more=FILTER)
    virsh(daemon, "create", device(tmp_path, GUEST.format(root=root, interface=interface)))
    inside = Inside(daemon)
    assert RESERVED == leased(inside, root)
    assert 0 == inside.run(f"ip route add default via {HOST}; nc -ll -p 80 -e echo hello >/dev/null 2>&1 &")
    with Namespace() as peer:
        network.connect("uplink", peer, "eth0")
        network.run("ip", "address", "add", "198.51.100.1/24", "dev", "uplink")
        peer.run("ip", "address", "add", "198.51.100.2/24", "dev", "eth0")
        greeting = ("busybox", "nc", "-w", "1", "198.51.100.1", "8080")
        eventually(lambda: "hello" in peer.run(*greeting, check=False).stdout, "the port leads to the container")


def test_virsh_attaches_changes_and_detaches_devices(
    network: Namespace, daemon: Virtkitd, lan: None, root: Path, tmp_path: Path
) -> None:
    first = INTERFACE.format(mac=MAC, more="")
    virsh(daemon, "define", device(tmp_path, GUEST.format(root=root, interface=first)))
    virsh(daemon, "start", "web")
    inside = Inside(daemon)
    both = ("--live", "--config")

    # an interface comes, changes and goes
    second = INTERFACE.format(mac=OTHER_MAC, more="{}").replace("eth0", "eth1")
    virsh(daemon, "attach-device", "web", device(tmp_path, second.format("")), *both)
    assert [MAC, OTHER_MAC] == [row[-1] for row in rows(virsh(daemon, "domiflist", "web"))]
    assert 0 == inside.run("ip link show eth1")
    virsh(daemon, "domif-setlink", "web", OTHER_MAC, "down")
    assert "down" in virsh(daemon, "domif-getlink", "web", OTHER_MAC)
    assert 0 != inside.run("ip link show eth1 | grep LOWER_UP")
    virsh(daemon, "domif-setlink", "web", OTHER_MAC, "up")
    assert 0 == inside.run("ip link show eth1 | grep LOWER_UP")
    virsh(daemon, "update-device", "web", device(tmp_path, second.format(FILTER)), *both)
    assert [["vnet1", "clean-traffic"]] == rows(virsh(daemon, "nwfilter-binding-list"))
    virsh(daemon, "domiftune", "web", "vnet1", "--outbound", "500", "--live")
    assert "outbound.average: 500" in virsh(daemon, "domiftune", "web", "vnet1")
    virsh(daemon, "detach-device", "web", device(tmp_path, second.format(FILTER)), *both)
    assert [MAC] == [row[-1] for row in rows(virsh(daemon, "domiflist", "web"))]
    assert [MAC] == [row[-1] for row in rows(virsh(daemon, "domiflist", "web", "--inactive"))]
    assert 0 != inside.run("ip link show eth1")

    # file systems
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_text("here")
    for kind, source in (("mount", f"dir='{shared}'"), ("ram", "usage='512'")):
        text = f"<filesystem type='{kind}'><source {source}/><target dir='/srv/{kind}'/></filesystem>"
        virsh(daemon, "attach-device", "web", device(tmp_path, text), *both)
        assert 0 == inside.run(f"grep ' /srv/{kind} ' /proc/mounts")
        assert f"<target dir='/srv/{kind}'/>" in virsh(daemon, "dumpxml", "web", "--inactive")
        virsh(daemon, "detach-device", "web", device(tmp_path, text), *both)
        assert 0 != inside.run(f"grep ' /srv/{kind} ' /proc/mounts")
        assert f"/srv/{kind}" not in virsh(daemon, "dumpxml", "web", "--inactive")

    # a link of the host
    with Namespace() as peer:
        network.connect("eth9", peer, "far")
        lent = "<hostdev mode='capabilities' type='net'><source><interface>eth9</interface></source></hostdev>"
        virsh(daemon, "attach-device", "web", device(tmp_path, lent), "--live")
        assert 0 == inside.run("ip link show eth9")
        virsh(daemon, "detach-device", "web", device(tmp_path, lent), "--live")
        with Links() as links:
            assert links.find("eth9") is not None
