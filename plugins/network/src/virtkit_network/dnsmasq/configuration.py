"""The configuration of a network's dnsmasq. Pure.

    text = configuration(network, Paths.of(lib, run, "default"))

All is in one file, guests' addresses and names too: dnsmasq reads that file while it is root, and any other as a user
that may not be let into a private root. A line it does not take is then an error, where in a file of hosts it is a line
in a log. The price is that a new host means a new process, which takes 25 ms and keeps all leases.

What else differs from libvirt's files is meant: the lease file is dnsmasq's own, a prefix of IPv6 without DHCP is
advertised beside one with it, and a TXT record's value is one value whatever is in it.

dnsmasq pings an address before it hands it out from a range, which takes it 3 s, and does not for a guest with a
<host>. It stays so, as with libvirt: another guest may have taken an address by itself. Where none does,
`<dnsmasq:option value='no-ping'/>` makes leases instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from typing import NamedTuple

from virtkit.define.subnets import prefix_of
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.network import Bootp, Dhcp, DhcpHost, Dns, DnsDomain, DnsHost, Ip, Lease, Network, SrvRecord, TxtRecord
from virtkit_network.dnsmasq.quoting import Checker
from virtkit_network.shape import bridge_of, is_behind_host

NETWORK = ErrorDomain.NETWORK

HEADER = "# Written by virtkit from the definition of the network, at every start and update: edit that instead."

UNITS = {"seconds": ("s", 1), "minutes": ("m", 60), "hours": ("h", 3600)}

LONGEST_LEASE = 2**31 - 1
"""Seconds: dnsmasq reads a number into an int."""

TXT_CHUNK = 255
"""Bytes of one string of a TXT record; a longer value is several strings."""


class Paths(NamedTuple):
    """Where the files of a network's dnsmasq are.

    Attributes:
        configuration: What is written here.
        leases: What it has handed out; dnsmasq writes it, and it stays when the network stops.
        pid: Its process id while it runs.
    """

    configuration: Path
    leases: Path
    pid: Path

    @classmethod
    def of(cls, lib: Path, run: Path, name: str) -> Paths:
        """The files of the network `name` in the driver's lib and run folders."""
        folder = lib / "dnsmasq"
        return cls(folder / f"{name}.conf", folder / f"{name}.leases", run / f"{name}.dnsmasq.pid")


def configuration(network: Network, paths: Paths) -> str | None:
    """The text of the configuration file.

    Args:
        network: A completed definition, with the name of its bridge.
        paths: Where its files are.

    Returns:
        The text; None if the network needs no dnsmasq.

    Raises:
        XMLError: A text of the document would be something else in a file of dnsmasq, or is no name, address, MAC or
            client id where there must be one.
        ConfigUnsupportedError: dnsmasq cannot do it: two DHCP servers of one IP version or two folders for TFTP, a
            reverse zone that does not end at a label, a lease of more than 68 years.
    """
    if not is_needed(network):
        return None
    checker = Checker(network.name or "")
    lines = [HEADER, *_general(network, paths, checker), *_dns(network, checker), *_dhcp(network, checker)]
    if network.dnsmasq_options is not None:
        lines += network.dnsmasq_options.options
    return "".join(f"{checker.line('the line', line)}\n" for line in lines)


def is_needed(network: Network) -> bool:
    """Whether anything on the network needs dnsmasq: addresses, and DHCP, TFTP or a DNS that is not switched off."""
    if not network.ips or not is_behind_host(network):
        return False
    return _has_dns(network) or any(_served(ip) or ip.tftp_root is not None for ip in network.ips)


def serves_leases(network: Network) -> bool:
    """Whether the network has a DHCP server."""
    return is_needed(network) and any(_served(ip) for ip in network.ips)


def _has_dns(network: Network) -> bool:
    return network.dns is None or network.dns.enable is not False


def _served(ip: Ip) -> Dhcp | None:
    """The DHCP server of an address, if it serves anybody."""
    return ip.dhcp if ip.dhcp is not None and (ip.dhcp.ranges or ip.dhcp.hosts) else None


def _is_isolated(network: Network) -> bool:
    return network.forward is None


# Sections


def _general(network: Network, paths: Paths, checker: Checker) -> Iterator[str]:
    yield "strict-order"
    yield "except-interface=lo"
    yield "bind-dynamic"
    yield f"interface={bridge_of(network)}"
    yield f"pid-file={checker.quoted('the run folder', str(paths.pid))}"
    if network.domain is not None and network.domain.name is not None:
        domain = checker.name("<domain>", network.domain.name)
        if network.domain.local_only:
            yield f"local=/{domain}/"
        yield f"domain={domain}"
        yield "expand-hosts"
    roots = [ip.tftp_root for ip in network.ips if ip.tftp_root is not None]
    if len(set(roots)) > 1:
        raise ConfigUnsupportedError(
            f"network {network.name!r} has several <tftp>: dnsmasq serves one folder", domain=NETWORK
        )
    if roots:
        yield "enable-tftp"
        yield f"tftp-root={checker.quoted('<tftp>', roots[0])}"
    if serves_leases(network):
        yield f"dhcp-leasefile={checker.quoted('the lib folder', str(paths.leases))}"
        yield f"dhcp-lease-max={_leases(network, checker)}"


def _dns(network: Network, checker: Checker) -> Iterator[str]:
    if _is_isolated(network):
        yield "no-resolv"
    if not _has_dns(network):
        yield "port=0"
        return
    for ip in network.ips:
        if ip.local_ptr:
            yield f"local=/{_reverse_zone(network, ip, checker)}/"
    dns = network.dns or Dns()
    if dns.forward_plain_names is False:
        yield "domain-needed"
        yield "local=//"
    for forwarder in dns.forwarders:
        address = "#" if forwarder.addr is None else str(checker.address("<forwarder> addr", forwarder.addr))
        domain = "" if forwarder.domain is None else f"/{checker.name('<forwarder> domain', forwarder.domain)}/"
        yield f"server={domain}{address}"
    if any(forwarder.domain is None for forwarder in dns.forwarders) and not _is_isolated(network):
        yield "no-resolv"
    for txt in dns.txts:
        yield _txt(txt, checker)
    for srv in dns.srvs:
        yield _srv(srv, checker)
    for host in dns.hosts:
        yield _names(host, network.domain, checker)


def _dhcp(network: Network, checker: Checker) -> Iterator[str]:
    isolated = _is_isolated(network)
    has_v6 = any(ip.family == "ipv6" for ip in network.ips)
    if isolated:
        yield "dhcp-option=3"  # no router: it would lead nowhere
    if isolated and has_v6:
        yield "ra-param=*,0,0"
    if network.mtu:
        yield f"dhcp-option=option:mtu,{network.mtu}"
    served = [ip for ip in network.ips if _served(ip)]
    for version in ("ipv4", "ipv6"):
        if sum((ip.family or "ipv4") == version for ip in served) > 1:
            raise ConfigUnsupportedError(
                f"network {network.name!r} has several <dhcp> of {version}: put all into one <ip>", domain=NETWORK
            )
    for ip in network.ips:
        yield from _ranges(ip, checker)
    if any(ip.family != "ipv6" for ip in served):
        yield "dhcp-no-override"
        yield "dhcp-authoritative"
    if any(ip.family == "ipv6" for ip in served):
        yield "enable-ra"


def _ranges(ip: Ip, checker: Checker) -> Iterator[str]:
    """What is handed out of one subnet."""
    own = _own(ip, checker)
    size = str(own.netmask) if isinstance(own, IPv4Interface) else str(own.network.prefixlen)
    dhcp = _served(ip)
    if dhcp is None:
        if own.version == 6:
            yield f"dhcp-range={own.ip},ra-only"
        return
    for each in dhcp.ranges:
        start = checker.address("<range> start", each.start, own.version)
        end = checker.address("<range> end", each.end, own.version)
        yield ",".join([f"dhcp-range={start},{end},{size}", *_lease(each.lease, checker)])
    if not dhcp.ranges:
        yield f"dhcp-range={own.ip},static,{size}"
    for host in dhcp.hosts:
        yield _host(host, own.version, checker)
    if dhcp.bootp is not None and own.version == 4:
        yield _boot(dhcp.bootp, checker)


# Lines


def _host(host: DhcpHost, version: int, checker: Checker) -> str:
    values = []
    if host.mac is not None:
        values.append(checker.mac("<host> mac", host.mac))
    if host.id is not None:
        values.append(f"id:{checker.client_id('<host> id', host.id)}")
    address = None if host.ip is None else checker.address("<host> ip", host.ip, version)
    if address is not None and version == 4:
        values.append(str(address))
    if host.name is not None:
        values.append(checker.host_name("<host> name", host.name))
    if address is not None and version == 6:
        values.append(f"[{address}]")
    return f"dhcp-host={','.join([*values, *_lease(host.lease, checker)])}"


def _lease(lease: Lease | None, checker: Checker) -> list[str]:
    """How long an address is lent, as the last value of a line; dnsmasq lends for two minutes at the least."""
    if lease is None or lease.expiry is None:
        return []
    if lease.expiry == 0:
        return ["infinite"]
    letter, seconds = UNITS[lease.unit or "minutes"]
    if lease.expiry * seconds > LONGEST_LEASE:
        raise ConfigUnsupportedError(
            f"network {checker.network!r}: a lease of {lease.expiry} {lease.unit or 'minutes'} is too long: "
            "0 means for ever",
            domain=NETWORK,
        )
    return [f"{lease.expiry}{letter}"]


def _boot(bootp: Bootp, checker: Checker) -> str:
    line = f"dhcp-boot={checker.quoted('<bootp> file', bootp.file or '')}"
    if bootp.server is None:
        return line
    is_address = not bootp.server.strip("0123456789.")
    server = (checker.address if is_address else checker.name)("<bootp> server", bootp.server)
    return f"{line},,{server}"


def _names(host: DnsHost, domain: DnsDomain | None, checker: Checker) -> str:
    """The names of an address; one without a dot has another in the network's domain."""
    address = checker.address("<dns> host", host.ip)
    names = [checker.name("<hostname>", each) for each in host.hostnames]
    if not names:
        raise checker.refuse("<dns> host", str(address), "has no <hostname>: give it one")
    if domain is not None and domain.name is not None:
        names += [checker.name("<hostname>", f"{each}.{domain.name}") for each in names if "." not in each]
    return f"host-record={','.join([*names, str(address)])}"


def _txt(txt: TxtRecord, checker: Checker) -> str:
    where = "<txt> value"
    data = checker.line(where, txt.value or "")
    chunks = []
    while data:
        size = len(data.encode()[:TXT_CHUNK].decode(errors="ignore"))
        chunks.append(checker.quoted(where, data[:size]))
        data = data[size:]
    return ",".join([f"txt-record={checker.name('<txt> name', txt.name)}", *chunks])


def _srv(srv: SrvRecord, checker: Checker) -> str:
    parts = [f"_{checker.name('<srv> service', srv.service)}", f"_{checker.name('<srv> protocol', srv.protocol)}"]
    if srv.domain is not None:
        parts.append(checker.name("<srv> domain", srv.domain))
    line = f"srv-host={checker.name('<srv>', '.'.join(parts))}"
    if srv.target is None:
        return line  # the service is told not to be there
    values = [checker.name("<srv> target", srv.target), str(1 if srv.port is None else srv.port)]
    return ",".join([line, *values, str(srv.priority or 0), str(srv.weight or 0)])


# Facts


def _own(ip: Ip, checker: Checker) -> IPv4Interface | IPv6Interface:
    """The host's address in a subnet."""
    return ip_interface(f"{checker.address('<ip> address', ip.address)}/{prefix_of(ip)}")


def _reverse_zone(network: Network, ip: Ip, checker: Checker) -> str:
    """The zone of DNS with the names of a subnet's addresses."""
    own = _own(ip, checker)
    bits, zone = (8, "in-addr.arpa") if own.version == 4 else (4, "ip6.arpa")
    prefix = own.network.prefixlen
    if prefix % bits or not prefix:
        raise ConfigUnsupportedError(
            f"network {network.name!r}: localPtr of {own} needs a prefix that is a multiple of {bits}", domain=NETWORK
        )
    labels = own.network.network_address.reverse_pointer.split(".")[-2 - prefix // bits : -2]
    return ".".join([*labels, zone])


def _leases(network: Network, checker: Checker) -> int:
    """How many addresses can be lent."""
    number = 0
    for dhcp in filter(None, map(_served, network.ips)):
        number += len(dhcp.hosts)
        for each in dhcp.ranges:
            start, end = checker.address("<range> start", each.start), checker.address("<range> end", each.end)
            number += int(end) - int(start) + 1
    return number
