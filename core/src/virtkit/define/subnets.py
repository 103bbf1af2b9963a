"""Subnets of networks: what an `<ip>` may say, and which addresses its DHCP server may hand out."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError, XMLError
from virtkit.xml.network import DhcpHost, DhcpRange, Ip

NETWORK = ErrorDomain.NETWORK

BLOCK_BITS = 16
"""The addresses of a range differ in no more than so many of their last bits: libvirt counts 65,535 at most."""

NATURAL_PREFIX_V6 = 64


def prefix_of(ip: Ip) -> int:
    """The prefix of an address's subnet: as given, else of its netmask, else 64 for IPv6, of its class for IPv4.

    Raises:
        InternalError: The netmask has holes.
    """
    if ip.prefix:
        return ip.prefix
    if ip.netmask:
        zeros = int(ip_address(ip.netmask)) ^ 0xFFFFFFFF
        if zeros & (zeros + 1):
            raise InternalError(
                f"netmask {ip.netmask} of {ip.address} has holes: give a prefix", domain=ErrorDomain.NONE
            )
        return 32 - zeros.bit_length()
    address = ip_address(ip.address or "")
    if address.version == 6:
        return NATURAL_PREFIX_V6
    first = address.packed[0]
    return 8 if first < 128 else 16 if first < 192 else 24


def check_ip(name: str, ip: Ip) -> None:
    """Refuse an `<ip>` that no host can have, or whose DHCP server hands out what it cannot.

    Args:
        name: The network, for the error.
        ip: The element with all that is in it.

    Raises:
        XMLError: It has no address, or a host of its DHCP server is incomplete.
        ConfigUnsupportedError: Family, netmask, prefix and address contradict each other.
        InternalError: As for `check_range`.
    """
    if ip.address is None:
        raise XMLError(f"an <ip> of network {name!r} has no address: give it one", domain=NETWORK)
    version = ip_address(ip.address).version
    if version != (6 if ip.family == "ipv6" else 4):
        raise _contradiction(name, ip, f"its family must be 'ipv{version}'")
    if ip.netmask is not None and (version == 6 or ip_address(ip.netmask).version == 6):
        raise _contradiction(name, ip, "only IPv4 has netmasks: give a prefix")
    if ip.netmask is not None and ip.prefix:
        raise _contradiction(name, ip, "it has a prefix and a netmask: leave one out")
    if version == 4 and (ip.prefix or 0) > 32:
        raise _contradiction(name, ip, f"a prefix of IPv4 is at most 32, not {ip.prefix}")
    if ip.dhcp is not None:
        for each in ip.dhcp.ranges:
            check_range(name, ip, each)
        for host in ip.dhcp.hosts:
            check_host(name, ip, host)


def _contradiction(name: str, ip: Ip, problem: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(f"address {ip.address} of network {name!r}: {problem}", domain=NETWORK)


def check_range(name: str, ip: Ip, given: DhcpRange) -> None:
    """Refuse a range that is not one of the subnet's addresses for guests.

    Raises:
        XMLError: It has no start or no end.
        InternalError: It is reversed or too long, leaves the subnet, or takes in the subnet's own address.
    """
    if given.start is None or given.end is None:
        raise XMLError(f"a DHCP range of network {name!r} needs both start and end", domain=NETWORK)
    subnet = ip_network(f"{ip.address}/{prefix_of(ip)}", strict=False)
    start, end = ip_address(given.start), ip_address(given.end)
    if start not in subnet or end not in subnet:
        problem = f"is not within {subnet}: choose addresses of that subnet"
    elif int(start) > int(end):
        problem = "ends before it starts: swap them"
    elif isinstance(start, IPv4Address) and (start == subnet.network_address or end == subnet.broadcast_address):
        problem = f"takes in the first or the last address of {subnet}, which no guest can have"
    elif int(start) >> BLOCK_BITS != int(end) >> BLOCK_BITS:
        problem = "is too long: only the last 16 bits of its addresses may differ"
    else:
        return
    raise InternalError(
        f"DHCP range {given.start} to {given.end} of network {name!r} {problem}", domain=ErrorDomain.NONE
    )


def check_host(name: str, ip: Ip, host: DhcpHost) -> None:
    """Refuse a host of a DHCP server that tells no guest from another, or has no address for it.

    Raises:
        XMLError: It does.
    """
    if host.name == "":
        problem = "has an empty name: leave it out"
    elif ip.family == "ipv6" and host.mac is not None:
        problem = "has a MAC address, which DHCPv6 does not know: give it an id or a name"
    elif ip.family == "ipv6" and host.id is None and host.name is None:
        problem = "needs an id or a name"
    elif ip.family != "ipv6" and host.mac is None and host.name is None:
        problem = "needs a mac or a name"
    elif host.ip is None:
        problem = "needs an ip"
    else:
        return
    raise XMLError(f"a DHCP host of network {name!r} {problem}", domain=NETWORK)


def check_sought_host(name: str, ip: Ip, host: DhcpHost) -> None:
    """Refuse a host that is to be found in a DHCP server by what is given of it, when that is nothing.

    Raises:
        XMLError: It has none of the attributes to find it by.
    """
    if host.mac is None and host.name is None and host.ip is None:
        raise XMLError(f"which DHCP host of network {name!r}? Give its mac, name or ip", domain=NETWORK)
