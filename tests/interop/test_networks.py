"""Networks in virtkitd, and beside the real libvirt's: virsh drives them, and both print and refuse the same."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import virtkit
from tests.interop import libvirtd
from tests.interop.virtkitd import PROGRAM, Virtkitd
from tests.namespaces import Namespace
from virtkit.enums import NetworkXMLFlags
from virtkit.errors import VirtError

pytestmark = pytest.mark.libvirt

PATIENCE = 30.0
QUIET = "[log]\nlevel = 'warning'\n"

Virsh = Callable[..., str]


@pytest.fixture
def host(network: Namespace) -> Namespace:
    """A host of its own for a daemon of the test."""
    return network


@pytest.fixture
def daemon(host: Namespace, tmp_path: Path) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path, configuration=QUIET) as running:
        yield running
        with virtkit.open(running.uri("network:///system")) as conn:
            for each in conn.list_networks():
                if each.is_active():
                    each.destroy()


@pytest.fixture
def virsh(daemon: Virtkitd) -> Virsh:
    """Runs the real virsh; what it prints, stripped."""

    def call(*words: str | Path) -> str:
        command = ["virsh", "-q", "-c", daemon.uri("network:///system"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert 0 == done.returncode, f"{words}: {done.stderr}"
        return done.stdout.strip()

    return call


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"it never happened: {what}"
        time.sleep(0.01)


NAT = """
<network>
  <name>lab</name>
  <forward mode='nat'/>
  <bridge name='virbr7' stp='off'/>
  <ip address='10.7.0.1' prefix='24'><dhcp><range start='10.7.0.10' end='10.7.0.20'/></dhcp></ip>
</network>
"""


def test_virsh_takes_a_network_through_its_life(virsh: Virsh, host: Namespace, tmp_path: Path) -> None:
    (tmp_path / "lab.xml").write_text(NAT)
    virsh("net-define", tmp_path / "lab.xml")
    virsh("net-autostart", "lab")
    virsh("net-start", "lab")
    assert ["lab", "active", "yes", "yes"] == virsh("net-list").split()
    assert {"Bridge:         virbr7", "Active:         yes"} <= set(virsh("net-info", "lab").splitlines())
    host.run("ip", "link", "show", "virbr7")
    line = "<host mac='52:54:00:00:00:01' name='web' ip='10.7.0.5'/>"
    virsh("net-update", "lab", "add", "ip-dhcp-host", line, "--live", "--config")
    assert line in virsh("net-dumpxml", "lab")
    assert line in virsh("net-dumpxml", "lab", "--inactive")
    assert "" == virsh("net-dhcp-leases", "lab").partition("\n")[2]
    (tmp_path / "port.xml").write_text(
        "<networkport><uuid>0b2f2a44-5b0e-4f5c-8d1c-9f2f7c1d0a77</uuid><owner><name>g</name>"
        "<uuid>0b2f2a44-5b0e-4f5c-8d1c-9f2f7c1d0a78</uuid></owner><mac address='52:54:00:00:00:01'/></networkport>"
    )
    virsh("net-port-create", "lab", tmp_path / "port.xml")
    port = virsh("net-port-list", "lab", "--uuid")
    assert "<plug type='network' bridge='virbr7'/>" in virsh("net-port-dumpxml", "lab", port)
    virsh("net-port-delete", "lab", port)
    virsh("net-undefine", "lab")
    assert ["lab", "active", "no", "no"] == virsh("net-list", "--all").split()
    virsh("net-destroy", "lab")
    assert "" == virsh("net-list", "--all")
    assert "virbr7" not in host.run("ip", "link").stdout


def test_networks_outlive_the_daemon_and_its_crash(host: Namespace, tmp_path: Path) -> None:
    first = Virtkitd(tmp_path, configuration=QUIET)
    with first, virtkit.open(first.uri("network:///system")) as conn:
        conn.define_network(NAT).create()
        first.kill()
    with Virtkitd(tmp_path, configuration=QUIET) as second, virtkit.open(second.uri("network:///system")) as conn:
        network = conn.lookup_network_by_name("lab")
        assert network.is_active() is True
        network.destroy()
    assert "virbr7" not in host.run("ip", "link").stdout
    assert [] == servers(tmp_path)


def servers(folder: Path) -> list[str]:
    """Command lines of dnsmasq with a configuration below a folder, whatever links lead there."""
    names = [os.path.join("/proc", name, "cmdline") for name in os.listdir("/proc") if name.isdigit()]
    found = []
    for name in names:
        with suppress(OSError):
            words = Path(name).read_text().split("\0")
            place = os.path.realpath(next((w for w in words if w.startswith("--conf-file=")), "").partition("=")[2])
            found += [place] * place.startswith(os.path.realpath(folder))
    return found


def test_a_reload_puts_flushed_rules_back(daemon: Virtkitd, host: Namespace) -> None:
    def tables() -> str:
        return host.run("nft", "list", "tables").stdout

    with virtkit.open(daemon.uri("network:///system")) as conn:
        conn.define_network(NAT).create()
        assert "virtkit_network_virbr7" in tables()
        host.run("nft", "flush", "ruleset")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "virtkit_network_virbr7" in tables(), "the rules are back")


def test_the_command_forwards_ports_of_an_active_network(daemon: Virtkitd, host: Namespace) -> None:
    def virtkit_cli(*words: str) -> str:
        command = [str(PROGRAM.with_name("virtkit")), "-c", daemon.uri("network:///system"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def rules() -> str:
        return host.run("nft", "list", "table", "inet", "virtkit_network_virbr7").stdout

    with virtkit.open(daemon.uri("network:///system")) as conn:
        conn.define_network(NAT).create()
    virtkit_cli("net-port-forward", "lab", "--add", "--guest", "10.7.0.9", "--port", "8080", "--to", "80")
    assert "tcp dport 8080 dnat ip to 10.7.0.9:80" in rules()
    assert ["tcp", "-", "8080", "10.7.0.9", "80"] in [
        line.split() for line in virtkit_cli("net-port-forward", "lab").splitlines()
    ]
    virtkit_cli("net-port-forward", "lab", "--remove", "--port", "8080")
    assert "8080" not in rules()


def test_marked_networks_start_with_the_daemon(host: Namespace, tmp_path: Path) -> None:
    with Virtkitd(tmp_path, configuration=QUIET) as daemon, virtkit.open(daemon.uri("network:///system")) as conn:
        conn.define_network(NAT).set_autostart(True)
    (daemon.root / "run/network/autostarted").unlink()
    with Virtkitd(tmp_path, configuration=QUIET) as daemon, virtkit.open(daemon.uri("network:///system")) as conn:
        until(conn.lookup_network_by_name("lab").is_active, "the network starts")
        conn.lookup_network_by_name("lab").destroy()


# Beside the real libvirt

UUID = "<uuid>0b2f2a44-5b0e-4f5c-8d1c-9f2f7c1d0a{:02x}</uuid>"
MAC = "<mac address='52:54:00:00:07:{:02x}'/>"


def whole(number: int, inner: str, mode: str = "", *, own: bool = True) -> str:
    """A document in which nothing is left to choose."""
    forward = f"<forward mode='{mode}'/>" if mode and "<forward" not in inner else ""
    bridge = f"<bridge name='vkbr{number}'/>{MAC.format(number)}" if own else ""
    return f"<network><name>n{number}</name>{UUID.format(number)}{forward}{bridge}{inner}</network>"


DOCUMENTS = [
    whole(1, ""),
    whole(2, "<ip address='10.2.0.1' netmask='255.255.255.0'/>"),
    whole(3, "<ip address='10.3.0.1' prefix='24'/><ip family='ipv6' address='fd00:3::1' prefix='64'/>", "nat"),
    whole(
        4, "<ip address='10.4.0.1' prefix='24'/><route address='10.44.0.0' prefix='16' gateway='10.4.0.9'/>", "route"
    ),
    whole(5, "<ip address='10.5.0.1' prefix='24'><dhcp><range start='10.5.0.2' end='10.5.0.9'/></dhcp></ip>", "open"),
    whole(6, "<mtu size='1400'/><domain name='lab.test' localOnly='yes'/><ip address='10.6.0.1' prefix='24'/>", "nat"),
    whole(
        7,
        "<forward mode='nat'><nat><address start='192.0.2.5' end='192.0.2.9'/><port start='2000' end='3000'/></nat>"
        "</forward><ip address='10.7.0.1' prefix='24'/><portgroup name='a' default='yes'/>",
    ),
    whole(8, "<bridge name='br-none'/>", "bridge", own=False),
    whole(9, "<forward mode='private'><interface dev='e1'/><interface dev='e2'/></forward>", own=False),
    whole(10, "<forward mode='passthrough' dev='e1'/>", own=False),
    whole(11, "<forward dev='lo'/><ip address='10.11.0.1' prefix='24'/>"),
]

REFUSED = [
    "<forward mode='nat'/>",
    "<forward mode='open'/>",
    "<forward mode='open' dev='e1'/><ip address='10.9.0.1' prefix='24'/>",
    "<forward mode='bridge'/><bridge name='br0'/><ip address='10.9.0.1' prefix='24'/>",
    "<forward mode='bridge'><interface dev='e1'/></forward><bridge name='br0'/>",
    "<forward mode='private'/><bridge name='br0'/>",
    "<forward mode='private'/><mac address='52:54:00:00:00:01'/>",
    "<forward mode='private'/><mtu size='1400'/>",
    "<forward mode='vepa'/><domain name='a'/>",
    "<forward mode='vepa'/><bandwidth><inbound average='5'/></bandwidth>",
    "<mac address='53:54:00:00:00:01'/>",
    "<bandwidth><inbound average='5' floor='1'/></bandwidth>",
    "<portgroup name='a' default='yes'/><portgroup name='b' default='yes'/>",
    "<portgroup name='a'/><portgroup name='a'/>",
    "<ip address='10.9.0.1' prefix='24'/><route address='10.0.0.0' prefix='16' gateway='10.1.0.1'/>",
    "<forward mode='route'><nat><port start='1' end='2'/></nat></forward><ip address='10.9.0.1'/>",
    "<forward mode='nat'/><vlan><tag id='4'/></vlan><ip address='10.9.0.1' prefix='24'/>",
    "<forward mode='route'><interface dev='a'/><interface dev='b'/></forward><ip address='10.9.0.1'/>",
    "<bridge name='vkbr1'/>",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[virtkit.Connection, virtkit.Connection]]:
    """The real libvirtd's networks, and ours, each on a host of its own."""
    folder = tmp_path_factory.mktemp("libvirtd")
    ours = Virtkitd(tmp_path_factory.mktemp("virtkitd"), configuration=QUIET)
    with ExitStack() as stack, libvirtd.running_system(folder) as socket:
        with stack.enter_context(Namespace()).entered():
            stack.enter_context(ours)
        real = stack.enter_context(virtkit.open(f"network+unix:///system?socket={socket}"))
        own = stack.enter_context(virtkit.open(ours.uri("network:///system")))
        yield real, own
        for conn in (real, own):
            for each in conn.list_networks():
                if each.is_active():
                    each.destroy()


Both = tuple[virtkit.Connection, virtkit.Connection]


@pytest.mark.parametrize("xml", DOCUMENTS, ids=range(1, len(DOCUMENTS) + 1))
def test_both_print_a_network_alike(both: Both, xml: str) -> None:
    told = []
    for conn in both:
        network = conn.define_network(xml)
        defined = network.xml_desc()
        network.create()
        told.append((defined, network.xml_desc(), network.xml_desc(NetworkXMLFlags.INACTIVE)))
    real, own = told
    assert real == own


@pytest.mark.parametrize("inner", REFUSED, ids=range(len(REFUSED)))
def test_both_refuse_a_network_alike(both: Both, inner: str) -> None:
    told = []
    for conn in both:
        if "vkbr1" in inner and "n1" not in conn.list_defined_network_names() + conn.list_network_names():
            conn.define_network(DOCUMENTS[0])
        with pytest.raises(VirtError) as refused:
            conn.define_network(f"<network><name>r</name>{inner}</network>")
        told.append(type(refused.value))
    real, own = told
    assert real is own
