"""Subnets of networks: prefixes, and what a DHCP server is refused. `plugins/test` compares the codes with libvirt."""

from __future__ import annotations

import pytest

from virtkit.define.subnets import check_ip, check_sought_host, prefix_of
from virtkit.errors import ConfigUnsupportedError, InternalError, VirtError, XMLError
from virtkit.xml.network import DhcpHost, Ip, Network

SUBNET = "address='10.6.0.1' prefix='24'"


def address(attributes: str, served: str = "") -> Ip:
    """An address of a network."""
    inside = f"<dhcp>{served}</dhcp>" if served else ""
    return Network.parse(f"<network><name>n</name><ip {attributes}>{inside}</ip></network>").ips[0]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("address='10.6.0.1' prefix='24'", 24),
        ("address='10.6.0.1' netmask='255.255.240.0'", 20),
        ("address='10.6.0.1' netmask='255.255.255.255'", 32),
        ("address='10.6.0.1' prefix='0'", 8),
        ("address='127.255.255.255'", 8),
        ("address='128.0.0.0'", 16),
        ("address='191.255.255.255'", 16),
        ("address='192.0.0.0'", 24),
        ("family='ipv6' address='2001:db8::1'", 64),
    ],
)
def test_a_prefix_is_given_or_follows_from_netmask_or_address(attributes: str, expected: int) -> None:
    assert expected == prefix_of(address(attributes))


def test_a_netmask_with_holes_has_no_prefix() -> None:
    with pytest.raises(InternalError, match="has holes: give a prefix"):
        prefix_of(address("address='10.6.0.1' netmask='255.0.255.0'"))


@pytest.mark.parametrize(
    ("ip", "error", "problem"),
    [
        (address(""), XMLError, "has no address: give it one"),
        (address("address='2001:db8::1'"), ConfigUnsupportedError, "its family must be 'ipv6'"),
        (address("address='10.6.0.1' prefix='33'"), ConfigUnsupportedError, "at most 32, not 33"),
        (address(SUBNET, "<range start='10.6.0.9' end='10.6.0.2'/>"), InternalError, "swap them"),
        (address(SUBNET, "<range start='10.7.0.2' end='10.7.0.9'/>"), InternalError, "not within 10.6.0.0/24"),
        (address(SUBNET, "<range start='10.6.0.2'/>"), XMLError, "both start and end"),
        (address(SUBNET, "<host ip='10.6.0.2'/>"), XMLError, "needs a mac or a name"),
        (address(SUBNET, "<host name='a'/>"), XMLError, "needs an ip"),
    ],
)
def test_the_refusal_of_an_address_names_the_network_and_the_next_step(
    ip: Ip, error: type[VirtError], problem: str
) -> None:
    with pytest.raises(error, match=problem) as refused:
        check_ip("n", ip)
    assert "network 'n'" in refused.value.message


def test_a_host_to_delete_needs_something_to_find_it_by() -> None:
    check_sought_host("n", address(SUBNET), DhcpHost(ip="10.6.0.2"))
    with pytest.raises(XMLError, match="Give its mac, name or ip"):
        check_sought_host("n", address(SUBNET), DhcpHost(id="0:1"))
