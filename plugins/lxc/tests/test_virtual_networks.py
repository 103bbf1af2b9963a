"""Containers on virtual networks: leases, filters, forwarded ports, and what remains of them."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import PATIENCE_SECONDS, document, eventually, says, wait_for_shell
from plugins.network.tests.host import CONFIGURE, nat
from tests.containers.rootfs import make_root
from tests.namespaces import Namespace
from virtkit import Connection, Domain, Network
from virtkit.enums import DomainInterfaceAddressesSource as Source
from virtkit.enums import DomainModificationImpact, IPAddrType
from virtkit.errors import ArgumentUnsupportedError, ConfigUnsupportedError, NoNetworkError, OperationInvalidError
from virtkit.events import DomainRebootEvent
from virtkit.network.links import Links
from virtkit.records import IPAddress

pytestmark = [
    pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="needs dnsmasq-base of Debian"),
    pytest.mark.skipif(shutil.which("nft") is None, reason="needs nftables of Debian"),
]

LIVE = DomainModificationImpact.LIVE
MAC, OTHER_MAC, FALSE_MAC = "52:54:00:00:07:05", "52:54:00:00:07:06", "52:54:00:66:66:66"
HOST, ADDRESS, STOLEN, OUTSIDE = "10.7.0.1", "10.7.0.5", "10.7.0.99", "198.51.100.2"
BRIDGE = "virbr7"
FILTER = "<filterref filter='clean-traffic'/>"
KNOWN = f"<filterref filter='clean-traffic'><parameter name='IP' value='{ADDRESS}'/></filterref>"
PORT, SERVED = "8080", "busybox nc -ll -p 80 -e echo hello & true"


def interface(*parts: str, mac: str = MAC, network: str = "nat") -> str:
    return (
        f"<interface type='network'><mac address='{mac}'/><source network='{network}'/><guest dev='eth7'/>"
        f"{''.join(parts)}</interface>"
    )


@pytest.fixture
def served(network: Namespace, uri: str) -> Iterator[None]:
    """A network with NAT and DHCP that is active; whatever is active in the end is stopped, and nothing remains."""
    for driver in ("virtkit_network.driver", "virtkit_netfilter.driver"):
        pytest.importorskip(driver)
    with virtkit.open(uri) as connection:
        connection.define_network(nat()).create()
    yield
    with virtkit.open(uri) as connection:
        for domain in connection.list_domains():
            if domain.is_active():
                domain.destroy()
        for each in connection.list_networks():
            if each.is_active():
                each.destroy()
    assert {"lo"} == links() - {"uplink"}
    rules = network.run("nft", "list", "ruleset").stdout
    assert {"virtkit-nwfilter"} >= set(re.findall(r"^table \w+ (\S+)", rules, re.MULTILINE))
    assert "vnet" not in rules


@pytest.fixture
def lan(served: None, connection: Connection) -> Network:
    """The network."""
    return connection.lookup_network_by_name("nat")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with what a container needs that asks for an address: `/lease` has it then."""
    folder = make_root(tmp_path_factory.mktemp("root"))
    folder.chmod(0o755)
    script = folder / "etc" / "lease.sh"
    script.write_text(CONFIGURE.replace("{told}", "/lease"))
    script.chmod(0o755)
    return folder


def links() -> set[str]:
    with Links() as found:
        return {link.name for link in found.all()}


def asks(domain: Domain) -> str:
    """The address that a container gets by DHCP."""
    name = f"-x hostname:{domain.name}"
    return says(domain, f"udhcpc -i eth7 -f -n -q -t 10 -T 1 {name} -s /etc/lease.sh >/dev/null 2>&1; cat /lease")


def pings(domain: Domain, address: str, more: str = "") -> bool:
    return "0" == says(domain, f"ping -c 1 -W 1 {more} {address} >/dev/null 2>&1; echo $?")


def test_a_container_gets_a_lease_and_reaches_host_and_peer(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    web = connection.create_domain(document(root, "/bin/sh", devices=interface()))
    peer = connection.create_domain(document(root, "/bin/sh", devices=interface(mac=OTHER_MAC), name="peer"))
    assert ADDRESS == asks(web)
    other = asks(peer)
    leases = {lease.mac: (lease.ipaddr, lease.hostname) for lease in lan.dhcp_leases()}
    assert {MAC: (ADDRESS, "web"), OTHER_MAC: (other, "peer")} == leases
    assert pings(web, HOST)
    assert pings(web, other)
    assert network.pings(ADDRESS)

    (leased,) = web.interface_addresses(Source.LEASE)
    assert ("vnet0", MAC, [IPAddress(IPAddrType.IPV4, ADDRESS, 24)]) == (leased.name, leased.hwaddr, leased.addrs)
    (met,) = web.interface_addresses(Source.ARP)
    assert IPAddress(IPAddrType.IPV4, ADDRESS, 0) in met.addrs
    with pytest.raises(ArgumentUnsupportedError, match="no guest agent: use LEASE or ARP"):
        web.interface_addresses(Source.AGENT)
    assert "web" == web.hostname()
    assert 2 == len(lan.list_ports())
    web.destroy()
    assert 1 == len(lan.list_ports())
    assert {"lo", BRIDGE, "vnet1"} == links()


def test_a_container_reaches_the_outside_by_the_host(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    web = connection.create_domain(document(root, "/bin/sh", devices=interface()))
    asks(web)
    with outside(network) as peer:
        assert pings(web, OUTSIDE)
        assert not peer.pings(ADDRESS, timeout=1)


def outside(network: Namespace) -> Namespace:
    """Another host, which knows no way back to guests."""
    peer = Namespace()
    network.connect("uplink", peer, "eth0")
    network.run("ip", "address", "add", "198.51.100.1/24", "dev", "uplink")
    peer.run("ip", "address", "add", f"{OUTSIDE}/24", "dev", "eth0")
    return peer


def test_a_port_of_the_host_leads_to_a_container(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    forward = f"<vk:forward guest='{MAC}' proto='tcp' port='{PORT}' to='80'/>"
    marked = f"<metadata><vk:forwards xmlns:vk='urn:virtkit:network:1'>{forward}</vk:forwards></metadata>"
    connection.define_network(nat(more=marked))
    web = connection.create_domain(document(root, "/bin/sh", devices=interface(FILTER)))
    asks(web)
    says(web, SERVED)
    with outside(network) as peer:
        eventually(lambda: "hello" in greeting(peer), "the port leads to the container")


def greeting(peer: Namespace) -> str:
    return peer.run("busybox", "nc", "-w", "1", "198.51.100.1", PORT, check=False).stdout


def test_a_filtered_container_cannot_pretend_to_be_another(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    web = connection.create_domain(document(root, "/bin/sh", devices=interface(FILTER)))
    peer = connection.create_domain(document(root, "/bin/sh", devices=interface(mac=OTHER_MAC), name="peer"))
    asks(web)
    other = asks(peer)
    pretend(web, other)
    assert ["vnet0"] == [binding.port_dev for binding in connection.list_nwfilter_bindings()]
    web.destroy()
    assert [] == connection.list_nwfilter_bindings()
    assert "vnet0" not in network.run("nft", "list", "ruleset").stdout


def pretend(web: Domain, other: str) -> None:
    """Have a container pretend to be another, by each of its addresses; only as itself it is answered."""
    eventually(lambda: pings(web, other), "its address is learned")
    says(web, f"ip address add {STOLEN}/24 dev eth7")
    assert not pings(web, other, f"-I {STOLEN}")
    assert "0" != says(web, f"arping -c 1 -w 1 -I eth7 -s {STOLEN} {other} >/dev/null 2>&1; echo $?")
    says(web, f"ip address del {STOLEN}/24 dev eth7")
    says(web, f"ip link set eth7 down; ip link set eth7 address {FALSE_MAC}; ip link set eth7 up")
    assert not pings(web, other)
    says(web, f"ip link set eth7 down; ip link set eth7 address {MAC}; ip link set eth7 up; ip neigh flush dev eth7")
    eventually(lambda: pings(web, other), "it is itself again")


def test_a_filter_comes_and_goes_while_a_container_runs(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    web = connection.create_domain(document(root, "/bin/sh", devices=interface()))
    peer = connection.create_domain(document(root, "/bin/sh", devices=interface(mac=OTHER_MAC), name="peer"))
    asks(web)
    other = asks(peer)
    says(web, f"ip address add {STOLEN}/24 dev eth7")
    assert pings(web, other, f"-I {STOLEN}")
    web.update_device(interface(KNOWN), LIVE)
    assert KNOWN in re.sub(">\\s+<", "><", web.xml_desc())
    says(web, f"ip address del {STOLEN}/24 dev eth7")
    pretend(web, other)
    with pytest.raises(virtkit.VirtError, match="no-such"):
        web.update_device(interface("<filterref filter='no-such'/>"), LIVE)
    assert "clean-traffic" in web.xml_desc()
    pretend(web, other)
    web.update_device(interface(), LIVE)
    assert [] == connection.list_nwfilter_bindings()
    says(web, f"ip address add {STOLEN}/24 dev eth7")
    assert pings(web, other, f"-I {STOLEN}")


def test_a_system_that_reboots_keeps_filter_lease_and_port(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    web = connection.create_domain(document(root, devices=interface(FILTER)))
    peer = connection.create_domain(document(root, "/bin/sh", devices=interface(mac=OTHER_MAC), name="peer"))
    wait_for_shell(web)
    asks(web)
    other = asks(peer)
    before = {port.ref for port in lan.list_ports()}
    web.reboot()
    eventually(lambda: told, "it reboots")
    wait_for_shell(web)
    assert ADDRESS == asks(web)
    assert before == {port.ref for port in lan.list_ports()}
    assert ["vnet0"] == [binding.port_dev for binding in connection.list_nwfilter_bindings()]
    pretend(web, other)


START_AND_DIE = """
import os, signal, sys, virtkit
connection = virtkit.open(sys.argv[1])
for name in sys.argv[2:]:
    connection.lookup_domain_by_name(name).create()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_container_whose_manager_has_died_keeps_all_of_it(served: None, uri: str, root: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(root, "/bin/sh", devices=interface(KNOWN)))
        connection.define_domain(document(root, "/bin/sh", devices=interface(mac=OTHER_MAC), name="peer"))
    done = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, uri, "peer", "web"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    with virtkit.open(uri) as connection:
        web, lan = connection.lookup_domain_by_name("web"), connection.lookup_network_by_name("nat")
        other = asks(connection.lookup_domain_by_name("peer"))
        assert ADDRESS == asks(web)
        assert ["vnet1"] == [binding.port_dev for binding in connection.list_nwfilter_bindings()]
        assert 2 == len(lan.list_ports())
        pretend(web, other)
        web.destroy()
        assert [] == connection.list_nwfilter_bindings()
        assert 1 == len(lan.list_ports())


FORWARD = "<forward mode='nat'/>"


@pytest.mark.parametrize(
    ("forward", "reaches", "is_reached"),
    [("", False, False), ("<forward mode='route'/>", True, True), ("<forward mode='open'/>", True, True)],
)
def test_what_lies_beyond_a_network_is_as_far_as_its_mode_says(
    network: Namespace,
    lan: Network,
    connection: Connection,
    root: Path,
    forward: str,
    *,
    reaches: bool,
    is_reached: bool,
) -> None:
    lan.destroy()
    connection.define_network(nat().replace(FORWARD, forward)).create()
    web = connection.create_domain(document(root, "/bin/sh", devices=interface()))
    assert ADDRESS == asks(web)
    assert pings(web, HOST)
    with outside(network) as peer:
        peer.run("ip", "route", "add", "10.7.0.0/24", "via", "198.51.100.1")
        assert reaches == pings(web, OUTSIDE)
        assert is_reached == peer.pings(ADDRESS, timeout=1)


def test_a_network_of_the_links_of_the_host_gives_a_macvlan(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    pool = "<network><name>pool</name><forward mode='bridge'><interface dev='uplink'/></forward></network>"
    with outside(network) as peer:
        other = connection.define_network(pool)
        other.create()
        address = "<ip address='198.51.100.7' prefix='24'/>"
        web = connection.create_domain(document(root, "/bin/sh", devices=interface(address, network="pool")))
        assert peer.pings("198.51.100.7", times=3)
        assert "<source network='pool'" in web.xml_desc()
        assert 1 == len(other.list_ports())
        web.destroy()
        assert [] == other.list_ports()
        assert {"lo", BRIDGE, "uplink"} == links()


def test_a_network_that_is_off_or_missing_is_named(
    lan: Network, network: Namespace, connection: Connection, root: Path
) -> None:
    with pytest.raises(NoNetworkError, match="'lost'"):
        connection.create_domain(document(root, "/bin/sh", devices=interface(network="lost")))
    lan.destroy()
    with pytest.raises(OperationInvalidError, match="virtkit net-start nat"):
        connection.create_domain(document(root, "/bin/sh", devices=interface()))
    assert {"lo"} == links()


def test_a_filter_without_its_driver_is_refused(
    lan: Network, connection: Connection, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from virtkit.errors import NotSupportedError
    from virtkit.network import bindings

    def missing(*_: object) -> None:
        raise NotSupportedError("nobody has it")

    monkeypatch.setattr(bindings, "_find", missing)  # what the core says for a function that no driver has
    with pytest.raises(ConfigUnsupportedError, match="no filter driver is installed: pip install virtkit-netfilter"):
        connection.create_domain(document(root, "/bin/sh", devices=interface(FILTER)))
    assert [] == lan.list_ports()
    assert {"lo", BRIDGE} == links()
