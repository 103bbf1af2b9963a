"""What passes a network and what does not, with packets."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.network.tests.host import Host, eventually, nat
from tests.namespaces import Namespace

ISOLATED = """
<network><name>iso</name><bridge name='virbr8' stp='off'/><ip address='10.8.0.1' prefix='24'>
  <dhcp><range start='10.8.0.10' end='10.8.0.20'/><host mac='52:54:00:00:08:05' ip='10.8.0.5'/></dhcp></ip></network>
"""


def routed(mode: str) -> str:
    return f"""
    <network><name>{mode}</name><forward mode='{mode}'/><bridge name='virbr9' stp='off'/>
      <ip address='10.9.0.1' prefix='24'/><ip family='ipv6' address='fd00:9::1' prefix='64'/></network>
    """


def test_a_guest_behind_nat_gets_an_address_and_reaches_the_outside(host: Host, tmp_path: Path) -> None:
    host.start(nat())
    guest = host.plug()
    with host.outside() as peer:
        assert "10.7.0.5" == guest.asks_for_an_address(tmp_path)
        assert guest.pings("10.7.0.1")
        assert guest.pings("198.51.100.2")  # which knows no way back but to the host
        peer.run("ip", "route", "add", "10.7.0.0/24", "via", "198.51.100.1")
        assert not peer.pings("10.7.0.5", timeout=1)


def test_a_guest_without_a_reservation_gets_an_address_of_the_range(host: Host, tmp_path: Path) -> None:
    network = host.start(nat())
    guest = host.plug(mac="52:54:00:00:07:77")
    address = guest.asks_for_an_address(tmp_path)
    assert address in {f"10.7.0.{number}" for number in range(10, 21)}
    leases = network.dhcp_leases("52:54:00:00:07:77")
    assert [(address, 24, "virbr7")] == [(lease.ipaddr, lease.prefix, lease.iface) for lease in leases]


def test_an_isolated_guest_reaches_the_host_and_nobody_else(host: Host, tmp_path: Path) -> None:
    host.start(ISOLATED)
    guest, neighbour = host.plug("virbr8", mac="52:54:00:00:08:05"), host.plug("virbr8", "tap1", "52:54:00:00:08:06")
    neighbour.has("10.8.0.6/24")
    host.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    with host.outside() as peer:
        peer.run("ip", "route", "add", "10.8.0.0/24", "via", "198.51.100.1")
        assert "10.8.0.5" == guest.asks_for_an_address(tmp_path)
        assert guest.pings("10.8.0.1")
        assert guest.pings("10.8.0.6")
        guest.run("ip", "route", "add", "default", "via", "10.8.0.1")
        assert not guest.pings("198.51.100.2", timeout=1)
        assert not peer.pings("10.8.0.5", timeout=1)


@pytest.mark.parametrize("mode", ["route", "open"])
def test_a_routed_guest_is_reached_from_the_outside(host: Host, mode: str) -> None:
    host.start(routed(mode))
    guest = host.plug("virbr9")
    guest.has("10.9.0.5/24", "10.9.0.1")
    guest.has("fd00:9::5/64")
    guest.run("ip", "-6", "route", "add", "default", "via", "fd00:9::1")
    with host.outside() as peer:
        host.run("ip", "address", "add", "fd00:51::1/64", "dev", "uplink", "nodad")
        peer.run("ip", "address", "add", "fd00:51::2/64", "dev", "eth0", "nodad")
        peer.run("ip", "route", "add", "10.9.0.0/24", "via", "198.51.100.1")
        peer.run("ip", "-6", "route", "add", "fd00:9::/64", "via", "fd00:51::1")
        assert peer.pings("10.9.0.5")
        assert guest.pings("198.51.100.2")
        eventually(lambda: guest.pings("fd00:51::2", timeout=1), "IPv6 passes, once links know their own addresses")


def test_a_network_of_two_families_advertises_its_prefix(host: Host) -> None:
    host.start(routed("route"))
    guest = host.plug("virbr9")
    guest.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra")
    eventually(
        lambda: "fd00:9:" in guest.run("ip", "-6", "address", "show", "dev", "eth0", "scope", "global").stdout,
        "the guest takes an address of the advertised prefix",
    )
    assert guest.pings("fd00:9::1")


def test_a_network_without_ipv6_has_none_on_its_bridge(host: Host) -> None:
    host.start(nat())
    host.plug()
    assert "" == host.run("ip", "-6", "address", "show", "dev", "virbr7")


def test_a_static_route_leads_behind_a_guest(host: Host) -> None:
    host.start(nat(more="<route address='10.77.0.0' prefix='16' gateway='10.7.0.5'/>"))
    guest = host.plug()
    guest.has("10.7.0.5/24", "10.7.0.1")
    guest.run("ip", "address", "add", "10.77.0.1/16", "dev", "lo")
    assert host.namespace.pings("10.77.0.1")


def test_two_networks_do_not_reach_each_other(host: Host) -> None:
    host.start(nat())
    host.start(routed("route"))
    one, other = host.plug(), host.plug("virbr9", "tap1", "52:54:00:00:09:05")
    one.has("10.7.0.5/24", "10.7.0.1")
    other.has("10.9.0.5/24", "10.9.0.1")
    assert not other.pings("10.7.0.5", timeout=1)


def test_ports_of_mode_bridge_are_plugged_into_the_bridge_of_the_host(host: Host) -> None:
    host.run("ip", "link", "add", "br0", "type", "bridge")
    host.run("ip", "link", "set", "br0", "up")
    host.run("ip", "address", "add", "10.6.0.1/24", "dev", "br0")
    network = host.start("<network><name>br</name><forward mode='bridge'/><bridge name='br0'/></network>")
    port = network.create_port("<networkport><mac address='52:54:00:00:06:05'/></networkport>")
    assert "<plug type='bridge' bridge='br0'/>" in port.xml_desc()
    guest = host.plug("br0", mac="52:54:00:00:06:05")
    guest.has("10.6.0.5/24")
    assert guest.pings("10.6.0.1")
    network.destroy()
    assert {"br0"} == host.links()
    assert guest.pings("10.6.0.1")


@pytest.mark.parametrize("mode", ["private", "vepa", "bridge", "passthrough"])
def test_ports_of_a_pool_reach_the_outside_by_their_interface(host: Host, mode: str) -> None:
    """A macvlan has the modes of a macvtap, and is a link that a namespace can have."""
    xml = f"<network><name>pool</name><forward mode='{mode}'><interface dev='uplink'/></forward></network>"
    with host.outside() as peer:
        network = host.start(xml)
        port = network.create_port("<networkport><mac address='52:54:00:00:05:05'/></networkport>")
        assert f"<plug type='direct' dev='uplink' mode='{mode}'/>" in port.xml_desc()
        with Namespace() as guest:
            kind = {"passthrough": "passthru"}.get(mode, mode)
            made = ["link", "uplink", "name", "eth0", "netns", guest.path, "type", "macvlan", "mode", kind]
            host.run("ip", "link", "add", *made)
            guest.run("ip", "link", "set", "eth0", "up")
            guest.run("ip", "address", "add", "198.51.100.9/24", "dev", "eth0")
            assert guest.pings("198.51.100.2")
            assert peer.pings("198.51.100.9")
            guest.run("ip", "link", "delete", "eth0")
