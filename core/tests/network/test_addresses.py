"""Addresses of guests as the host knows them, and what went through their devices."""

from __future__ import annotations

from core.tests.network.fakes import MAC, FakeNetworks, FakePeers, interface
from tests.namespaces import Namespace
from virtkit.enums import IPAddrType
from virtkit.network import addresses
from virtkit.network.links import Links
from virtkit.network.traffic import seen_from_guest
from virtkit.records import DHCPLease, DomainInterface, InterfaceStats, IPAddress

TAP = f"<interface type='bridge'><mac address='{MAC}'/><source bridge='br0'/><target dev='vnet5'/></interface>"
LEASED = TAP.replace("bridge='br0'", "network='lan' bridge='br0'")


def test_leases_are_those_of_the_networks_that_an_interface_is_plugged_into() -> None:
    networks = FakeNetworks()
    networks.leases = [
        DHCPLease("virbr7", 0, IPAddrType.IPV4, MAC, None, "10.0.0.7", 24, None, None),
        DHCPLease("virbr7", 0, IPAddrType.IPV4, "52:54:00:00:00:09", None, "10.0.0.9", 24, None, None),
    ]
    found = addresses.leased(networks.peers(), [interface(LEASED)])
    assert [DomainInterface("vnet5", MAC, [IPAddress(IPAddrType.IPV4, "10.0.0.7", 24)])] == found


def test_an_interface_without_lease_or_network_is_left_out() -> None:
    assert [] == addresses.leased(FakeNetworks().peers(), [interface(LEASED)])
    assert [] == addresses.leased(FakePeers(), [interface(TAP)])


def test_neighbours_are_those_that_the_host_has_met(network: Namespace) -> None:
    with Namespace() as guest, Links() as links:
        network.connect("vnet5", guest, "eth0")
        guest.run("ip", "link", "set", "eth0", "address", MAC)
        network.run("ip", "address", "add", "10.9.0.1/24", "dev", "vnet5")
        guest.run("ip", "address", "add", "10.9.0.2/24", "dev", "eth0")
        assert [] == addresses.neighbouring(links, [interface(TAP)])
        assert network.pings("10.9.0.2")
        assert not network.pings("10.9.0.3", timeout=1)
        found = addresses.neighbouring(links, [interface(TAP)])
    assert IPAddress(IPAddrType.IPV4, "10.9.0.2", 0) in found[0].addrs
    assert "vnet5" == found[0].name


def test_counters_are_those_of_the_guest() -> None:
    counters = {"rx_bytes": 1, "rx_packets": 2, "rx_errors": 3, "rx_dropped": 4}
    counters |= {"tx_bytes": 5, "tx_packets": 6, "tx_errors": 7, "tx_dropped": 8}
    assert InterfaceStats(5, 6, 7, 8, 1, 2, 3, 4) == seen_from_guest(counters, interface(TAP))
    assert InterfaceStats(1, 2, 3, 4, 5, 6, 7, 8) == seen_from_guest(counters, interface("<interface type='direct'/>"))


def test_the_kernel_counts_each_link(network: Namespace) -> None:
    network.run("busybox", "ping", "-c", "1", "127.0.0.1")
    with Links() as links:
        assert links.counters()["lo"]["rx_packets"] >= 2
