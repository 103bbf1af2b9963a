"""Links of containers in all their kinds: what they have inside, links that the host lends, changes on the way."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import INTERFACE, MAC, PATIENCE_SECONDS, document, eventually, says, wait_for_shell
from tests.namespaces import Namespace
from virtkit import Connection, Domain
from virtkit.enums import DomainModificationImpact
from virtkit.errors import ConfigUnsupportedError, InternalError, OperationUnsupportedError
from virtkit.events import DomainRebootEvent
from virtkit.network.links import Links

LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG
GUEST = "10.0.0.2"
SHELL = ("/bin/sh",)


def plugged(*parts: str, kind: str = "bridge", source: str = "<source bridge='vb0'/>", mac: str = MAC) -> str:
    """An interface with the address of `GUEST` and more parts."""
    return (
        f"<interface type='{kind}'><mac address='{mac}'/>{source}<guest dev='net0'/>"
        f"<ip address='{GUEST}' prefix='24'/>{''.join(parts)}</interface>"
    )


def names(network: Namespace) -> set[str]:
    with network.entered(), Links() as links:
        return {link.name for link in links.all()}


@pytest.fixture
def lower(network: Namespace) -> Iterator[Namespace]:
    """A host with a link `eth9`, and who is at its other end: 10.0.0.1, 10.9.0.1 and 10.7.0.1."""
    with Namespace() as peer:
        network.connect("eth9", peer, "far")
        for address in ("10.0.0.1/24", "10.9.0.1/24", "10.7.0.1/32"):
            peer.run("ip", "address", "add", address, "dev", "far")
        yield peer


# What an interface has inside


def test_an_interface_has_its_size_and_routes_when_init_starts(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    routes = (
        "<mtu size='1400'/>",
        "<route family='ipv4' address='0.0.0.0' gateway='10.0.0.1'/>",
        "<route family='ipv4' address='10.5.0.0' prefix='16' gateway='10.0.0.9' metric='7'/>",
        "<route family='ipv4' address='10.6.0.0' netmask='255.255.0.0' gateway='10.0.0.9'/>",
    )
    script = "ip route; ip link show net0; exec sh"
    web = connection.create_domain(document(rootfs, "/bin/sh", "-c", script, devices=plugged(*routes)))
    shown = says(web, "ip route; ip link show net0")
    assert "default via 10.0.0.1 dev net0" in shown
    assert re.search(r"10\.5\.0\.0/16 via 10\.0\.0\.9 dev net0 +metric 7", shown)
    assert "10.6.0.0/16 via 10.0.0.9 dev net0" in shown
    assert "mtu 1400" in shown
    with Links() as links:
        device = links.find("vnet0")
        assert device is not None
        assert 1400 == device.mtu
    web.destroy()
    assert "vnet0" not in names(network)


def test_a_route_to_nowhere_is_told(bridge: str, network: Namespace, connection: Connection, rootfs: Path) -> None:
    route = "<route family='ipv4' address='10.5.0.0' prefix='16' gateway='192.0.2.1'/>"
    before = names(network)
    with pytest.raises(virtkit.VirtError):
        connection.create_domain(document(rootfs, *SHELL, devices=plugged(route)))
    assert before == names(network)


@pytest.mark.parametrize("mode", ["vepa", "bridge", "private", "passthrough"])
def test_a_direct_interface_is_a_macvlan_of_its_mode(
    lower: Namespace, network: Namespace, connection: Connection, rootfs: Path, mode: str
) -> None:
    device = plugged(kind="direct", source=f"<source dev='eth9' mode='{mode}'/>")
    web = connection.create_domain(document(rootfs, *SHELL, devices=device))
    assert lower.pings(GUEST, times=3)
    assert MAC in says(web, "ip link show net0")
    web.destroy()
    assert {"lo", "eth9"} == names(network)


def test_an_ethernet_interface_is_a_pair_that_the_host_does_with_as_it_likes(
    network: Namespace, connection: Connection, rootfs: Path
) -> None:
    device = plugged("<target dev='mine0'/>", kind="ethernet", source="")
    web = connection.create_domain(document(rootfs, *SHELL, devices=device))
    network.run("ip", "address", "add", "10.0.0.1/24", "dev", "mine0")
    assert network.pings(GUEST, times=3)
    web.destroy()
    assert {"lo"} == names(network)


def test_what_a_link_cannot_have_is_named(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    ours = "<virtualport type='openvswitch'/>"
    with pytest.raises(ConfigUnsupportedError, match="<virtualport>"):
        connection.create_domain(document(rootfs, *SHELL, devices=plugged(ours)))
    assert {"lo", "vb0"} == names(network)


def test_an_interface_whose_link_is_down_has_no_carrier(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    web = connection.create_domain(document(rootfs, *SHELL, devices=plugged("<link state='down'/>")))
    assert "LOWER_UP" not in says(web, "ip link set net0 up; ip link show net0")
    assert not network.pings(GUEST, timeout=1)
    web.update_device(plugged("<link state='up'/>"))
    assert "LOWER_UP" in says(web, "ip link show net0")
    assert network.pings(GUEST, times=3)
    assert "<link state='up'/>" in web.xml_desc()


# Links of the host

LENT = """<hostdev mode='capabilities' type='net'><source><interface>eth9</interface></source>
    <ip address='10.9.0.2' family='ipv4' prefix='24'/>
    <route family='ipv4' address='0.0.0.0' gateway='10.9.0.1'/></hostdev>"""


def test_a_link_of_the_host_is_lent_and_comes_back(
    lower: Namespace, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    web = connection.define_domain(document(rootfs, *SHELL, devices=LENT))
    web.create()
    assert {"lo"} == names(network)
    assert lower.pings("10.9.0.2", times=3)
    assert "default via 10.9.0.1 dev eth9" in says(web, "ip route")
    with pytest.raises(InternalError, match="'eth9' that it is to get is not on this host"):
        connection.create_domain(document(rootfs, *SHELL, devices=LENT, name="other"))
    web.destroy()
    assert {"lo", "eth9"} == names(network)


START_AND_DIE = """
import os, signal, sys, virtkit
virtkit.open(sys.argv[1]).lookup_domain_by_name("web").create()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_link_of_the_host_comes_back_after_its_manager_has_died(
    lower: Namespace, network: Namespace, uri: str, rootfs: Path
) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs, *SHELL, devices=LENT))
    done = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    assert lower.pings("10.9.0.2", times=3)
    with virtkit.open(uri) as connection:
        connection.lookup_domain_by_name("web").destroy()
        assert {"lo", "eth9"} == names(network)


def test_a_link_of_the_host_comes_and_goes(
    lower: Namespace, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    web = connection.define_domain(document(rootfs, *SHELL))
    web.create()
    web.attach_device(LENT, LIVE | CONFIG)
    assert lower.pings("10.9.0.2", times=3)
    assert "<interface>eth9</interface>" in web.xml_desc()
    web.detach_device(LENT, LIVE)
    assert {"lo", "eth9"} == names(network)
    assert "eth9" not in web.xml_desc()
    with pytest.raises(virtkit.VirtError, match="no such device"):
        web.detach_device(LENT, LIVE)
    web.destroy()
    web.create()
    assert lower.pings("10.9.0.2", times=3)


def test_a_container_in_the_network_of_the_host_gets_no_link(
    bridge: str, lower: Namespace, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    web = connection.create_domain(document(rootfs, *SHELL).replace("<features><privnet/></features>", ""))
    before = names(network)
    for device in (LENT, INTERFACE):
        with pytest.raises(OperationUnsupportedError, match="in the network of the host"):
            web.attach_device(device)
    assert before == names(network)


def test_a_system_that_reboots_has_the_interface_that_it_was_given(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    told: list[object] = []
    connection.subscribe(DomainRebootEvent, lambda _, event: told.append(event))
    web = connection.create_domain(document(rootfs))
    wait_for_shell(web)
    web.attach_device(plugged("<bandwidth><outbound average='500'/></bandwidth>"))
    web.reboot()
    eventually(lambda: told, "it reboots")
    assert network.pings(GUEST, times=3)
    assert 500 == web.interface_parameters(MAC)["outbound.average"]
    web.destroy()
    assert {"lo", "vb0"} == names(network)


# Changes


def rates(network: Namespace, device: str = "vnet0") -> str:
    shown = network.run("tc", "class", "show", "dev", device).stdout
    return shown + network.run("tc", "filter", "show", "dev", device, "parent", "ffff:").stdout


def test_limits_change_while_a_container_runs(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    some = "<bandwidth><inbound average='1000' peak='2000'/></bandwidth>"
    web = connection.define_domain(document(rootfs, *SHELL, devices=plugged(some)))
    web.create()
    assert "rate 8192Kbit ceil 16384Kbit" in rates(network)
    web.update_device(plugged(some.replace("1000", "500")), LIVE | CONFIG)
    assert "rate 4096Kbit ceil 16384Kbit" in rates(network)
    assert "average='500'" in web.xml_desc()
    web.set_interface_parameters("vnet0", {"inbound.average": 250, "outbound.average": 100}, LIVE)
    assert "rate 2048Kbit" in rates(network)
    assert (250, 100) == tuple(web.interface_parameters(MAC)[f"{way}.average"] for way in ("inbound", "outbound"))
    assert network.pings(GUEST, times=3)
    web.update_device(plugged(), LIVE)
    assert "" == rates(network)
    assert network.pings(GUEST, times=3)


def test_an_interface_changes_its_bridge(bridge: str, network: Namespace, connection: Connection, rootfs: Path) -> None:
    with Links() as links:
        links.add_bridge("vb1", mac=None, stp=False, delay=0, mtu=None)
        links.set_up("vb1")
    web = connection.create_domain(document(rootfs, *SHELL, devices=plugged()))
    assert network.pings(GUEST, times=3)
    web.update_device(plugged(source="<source bridge='vb1'/>"))
    assert not network.pings(GUEST, timeout=1)
    assert "<source bridge='vb1'/>" in web.xml_desc()
    with pytest.raises(InternalError, match="'vb2' is no bridge"):
        web.update_device(plugged(source="<source bridge='vb2'/>"))
    assert "<source bridge='vb1'/>" in web.xml_desc()
    web.update_device(plugged())
    assert network.pings(GUEST, times=3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dev='net0'", "dev='net1'"),
        ("prefix='24'", "prefix='16'"),
        ("</interface>", "<mtu size='1300'/></interface>"),
        ("</interface>", "<target dev='other0'/></interface>"),
        ("type='bridge'", "type='ethernet'"),
    ],
)
def test_what_cannot_change_while_a_container_runs_is_refused(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path, before: str, after: str
) -> None:
    web = connection.create_domain(document(rootfs, *SHELL, devices=plugged()))
    shown = web.xml_desc()
    wanted = plugged("<link state='down'/>").replace(before, after)
    with pytest.raises(OperationUnsupportedError, match=f"only filter, bandwidth, link state and bridge.*{MAC}"):
        web.update_device(wanted)
    assert shown == web.xml_desc()
    assert network.pings(GUEST, times=3)


def test_the_document_of_one_that_runs_changes_it_too(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    web = connection.create_domain(document(rootfs, *SHELL, devices=plugged()))
    (shown,) = re.findall("<interface.*?</interface>", web.xml_desc(), re.DOTALL)
    web.update_device(shown.replace("</interface>", "<link state='down'/></interface>"))
    assert not network.pings(GUEST, timeout=1)


def test_a_disk_does_not_change_while_a_container_runs(connection: Connection, rootfs: Path) -> None:
    disk = "<disk type='block'><source dev='/dev/loop0'/><target dev='vda'/></disk>"
    web: Domain = connection.create_domain(document(rootfs, *SHELL))
    with pytest.raises(OperationUnsupportedError, match="its disks cannot be changed"):
        web.update_device(disk)
