"""Ports of the host that lead to guests, declared in a network's metadata. Pure.

    <metadata>
      <vk:forwards xmlns:vk="urn:virtkit:network:1">
        <vk:forward guest="web" proto="tcp" port="8080" to="80"/>
        <vk:forward guest="52:54:00:12:34:56" proto="udp" address="192.0.2.1" port="5000-5009"/>
      </vk:forwards>
    </metadata>

`guest` is the host name of a guest, its MAC address or its address; `proto` is `tcp` (if left out) or `udp`; `address`
is one of the host's own (any but loopback if left out); `port` is a port of the host or a range; `to` is the guest's
port or, for a range, its first one (the same as the host's if left out).

A name is what a guest calls itself when it asks for an address, unless a <host> of the network ties it to a MAC
address: where guests are not trusted, tie names or give MAC addresses.

    forwards = read(network)                      # what is declared
    targets = resolve(forwards, network, leases)  # where that leads now
    ports = changed(before, targets)              # and whose connections have to be forgotten therefore
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

from virtkit.define.network import ROUTED
from virtkit.enums import ErrorDomain, IPAddrType
from virtkit.errors import ConfigUnsupportedError, OperationFailedError, XMLError
from virtkit.network.connections import Ports
from virtkit.records import DHCPLease
from virtkit.xml.network import Network
from virtkit_network.shape import mode_of, subnets

if TYPE_CHECKING:
    from lxml.etree import _Element

NAMESPACE = "urn:virtkit:network:1"

NETWORK = ErrorDomain.NETWORK

PROTOCOLS = ("tcp", "udp")

ATTRIBUTES = ("guest", "proto", "address", "port", "to")

PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")

MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")

GUEST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")

Address = IPv4Address | IPv6Address


class Forward(NamedTuple):
    """What is declared.

    Attributes:
        guest: Host name, MAC address or IP address, in lower case.
        proto: `tcp` or `udp`.
        address: The host's address; None: any but loopback.
        first: The host's first port.
        last: The host's last port.
        to: The guest's port for `first`.
    """

    guest: str
    proto: str
    address: str | None
    first: int
    last: int
    to: int


class Target(NamedTuple):
    """Where a forward leads at this moment: `guest` is the guest's address."""

    forward: Forward
    guest: str


SHIFTED_LIMIT = 1000
"""Ports of a range that the guest has at other numbers: each is an entry of a map in the kernel."""


def read(network: Network) -> list[Forward]:
    """The forwards that a network declares.

    Raises:
        XMLError: One is wrong, or two want the same port of the host.
        ConfigUnsupportedError: In this forward mode the host has no address on the network.
    """
    text = (network.metadata or {}).get(NAMESPACE)
    if text is None:
        return []
    return _checked(network, [_read(network, each) for each in _elements(network, text)])


def resolve(forwards: Iterable[Forward], network: Network, leases: Sequence[DHCPLease]) -> list[Target]:
    """Where forwards lead now; one whose guest has no address yet leads nowhere and is left out.

    Args:
        forwards: What is declared.
        network: For the subnets, the addresses that its <host> elements promise, and names of DNS.
        leases: What is handed out; it counts more than a promise.
    """
    known = _Guests(network, leases)
    return [Target(each, str(guest)) for each in forwards for guest in known.addresses(each)]


def check_free(network: Network, forwards: Iterable[Forward], taken: Mapping[str, Sequence[Forward]]) -> None:
    """Refuse forwards that want a port of the host which leads to another network.

    Args:
        network: The network of the forwards.
        forwards: What it declares.
        taken: What other active networks declare, by their names.

    Raises:
        OperationFailedError: A port is taken; the message names the network.
    """
    for forward in forwards:
        for name, others in taken.items():
            if any(_clash(forward, other) for other in others):
                raise OperationFailedError(
                    f"network {network.name!r} cannot forward {_shown(forward)}: network {name!r} does; "
                    "choose another port or address",
                    domain=NETWORK,
                )


def changed(before: Iterable[Target], after: Iterable[Target]) -> list[Ports]:
    """The ports of the host that lead elsewhere than before: their connections are to be forgotten."""
    forwards = {target.forward for target in set(before) ^ set(after)}
    ports = [Ports(each.proto, each.address, each.first, each.last) for each in forwards]
    return sorted(ports, key=lambda each: (each.proto, each.address or "", each.first))


# Reading


def _elements(network: Network, text: str) -> list[_Element]:
    from virtkit.xml.reader import load

    root = load(text, NETWORK, "metadata")
    if root.tag != f"{{{NAMESPACE}}}forwards":
        raise _refused(network, f"{NAMESPACE} has the element <forwards>, not <{_local(root)}>")
    for name in root.attrib:
        raise _refused(network, f"<forwards> has no attribute {name!r}")
    elements = [each for each in root if isinstance(each.tag, str)]
    for each in elements:
        if each.tag != f"{{{NAMESPACE}}}forward":
            raise _refused(network, f"<forwards> has elements <forward> of {NAMESPACE}, not <{_local(each)}>")
    if elements and mode_of(network) not in ("none", *ROUTED):
        raise ConfigUnsupportedError(
            f"network {network.name!r} cannot forward ports: with mode {mode_of(network)} its guests are not behind "
            "the host",
            domain=NETWORK,
        )
    return elements


def _read(network: Network, element: _Element) -> Forward:
    for name in element.attrib:
        if name not in ATTRIBUTES:
            raise _refused(network, f"<forward> has no attribute {name!r}, only {', '.join(ATTRIBUTES)}")
    proto = element.get("proto", "tcp")
    if proto not in PROTOCOLS:
        raise _refused(network, f"<forward> of protocol {proto!r}: forward {' or '.join(PROTOCOLS)}")
    first, last = _ports(network, element.get("port"), "port")
    to, end = (first, last) if element.get("to") is None else _ports(network, element.get("to"), "to")
    if end not in (to, to + last - first) or to + last - first > 65535:
        raise _refused(network, f"<forward> of ports {first}-{last} needs as many ports of the guest, from {to} on")
    if to != first and last - first >= SHIFTED_LIMIT:
        raise _refused(network, f"<forward> of {last - first + 1} ports to others: at most {SHIFTED_LIMIT}")
    guest = _guest(network, element.get("guest"))
    forward = Forward(guest, proto, _host_address(network, element.get("address")), first, last, to)
    versions = {each.version for each in (_address(guest), _address(forward.address or "")) if each is not None}
    if len(versions) > 1:
        raise _refused(network, f"<forward> from {forward.address} to {guest}: both must be IPv4, or both IPv6")
    return forward


def _ports(network: Network, text: str | None, attribute: str) -> tuple[int, int]:
    found = PORTS.fullmatch(text or "")
    if found is not None:
        first = int(found[1])
        last = int(found[2] or first)
        if 1 <= first <= last <= 65535:
            return first, last
    raise _refused(network, f"<forward> {attribute} {text!r}: a port from 1 to 65535, or a range such as 5000-5009")


def _guest(network: Network, text: str | None) -> str:
    guest = (text or "").lower()
    address = _address(guest)
    if address is None:
        if MAC.fullmatch(guest) or GUEST_NAME.fullmatch(guest):
            return guest
        raise _refused(network, f"<forward> guest {text!r}: a host name, MAC address or IP address of a guest")
    if not _is_guest(network, address):
        raise _refused(network, f"<forward> guest {text!r} is no address for guests in a subnet of the network")
    return str(address)


def _is_guest(network: Network, address: Address) -> bool:
    """Whether an address is in a subnet of the network, and not the host's own."""
    own = {ip.address for ip in network.ips}
    return str(address) not in own and any(address in each for each in subnets(network, address.version))


def _host_address(network: Network, text: str | None) -> str | None:
    if text is None:
        return None
    address = _address(text)
    if address is None or address.is_loopback or address.is_unspecified or address.is_multicast:
        raise _refused(network, f"<forward> address {text!r}: an address of the host, other than its loopback")
    return str(address)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _checked(network: Network, forwards: list[Forward]) -> list[Forward]:
    for number, forward in enumerate(forwards):
        for other in forwards[:number]:
            if _clash(forward, other):
                raise _refused(network, f"two <forward> want {_shown(forward)}: to {other.guest} and {forward.guest}")
    return forwards


def _clash(one: Forward, other: Forward) -> bool:
    """Whether some connection is meant by both."""
    apart = one.last < other.first or other.last < one.first
    addresses = {one.address, other.address}
    return one.proto == other.proto and not apart and (None in addresses or len(addresses) == 1)


def _shown(forward: Forward) -> str:
    ports = str(forward.first) if forward.first == forward.last else f"{forward.first}-{forward.last}"
    return f"{forward.proto} port {ports}{f' of {forward.address}' if forward.address else ''}"


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _refused(network: Network, problem: str) -> XMLError:
    return XMLError(f"network {network.name!r}: {problem}", domain=NETWORK)


# Resolving


class _Guests:
    """Where the guests of a network are, as far as leases and the document say."""

    def __init__(self, network: Network, leases: Sequence[DHCPLease]) -> None:
        self._network = network
        # The lease that ends last is the current one; 0 ends never.
        self._leases = sorted(leases, key=lambda lease: lease.expirytime or float("inf"), reverse=True)
        self._hosts = [host for ip in network.ips if ip.dhcp is not None for host in ip.dhcp.hosts]
        self._names = network.dns.hosts if network.dns is not None else []
        domain = network.domain.name if network.domain is not None else None
        self._suffix = f".{domain.lower()}" if domain else ""

    def addresses(self, forward: Forward) -> Iterator[Address]:
        """At most one address of each version, of the version of the host's address if that is given."""
        wanted = None if forward.address is None else ip_address(forward.address).version
        seen = set()
        for text in self._known(forward.guest):
            address = ip_address(text)
            if not _is_guest(self._network, address):
                continue  # a name of DNS may be that of any host
            if address.version not in seen and wanted in (None, address.version):
                seen.add(address.version)
                yield address

    def _known(self, guest: str) -> Iterator[str]:
        """Addresses of a guest, the surest first."""
        if _address(guest) is not None:
            yield guest
        elif MAC.fullmatch(guest):
            yield from self._of_mac(guest)
        else:
            yield from self._of_name(guest.removesuffix(self._suffix) if self._suffix else guest)

    def _of_mac(self, mac: str) -> Iterator[str]:
        """Leases of IPv4 only: the MAC address of a DUID is whatever a guest says."""
        yield from (lease.ipaddr for lease in self._leases if lease.mac == mac and lease.type == IPAddrType.IPV4)
        yield from (host.ip for host in self._hosts if host.ip and host.mac and _two_digits(host.mac) == mac)

    def _of_name(self, name: str) -> Iterator[str]:
        """A name that a <host> gives to a MAC address is that guest's, whatever others call themselves."""
        given = [host for host in self._hosts if (host.name or "").lower() == name]
        for host in given:
            if host.mac is not None:
                yield from self._of_mac(_two_digits(host.mac))
            elif host.ip is not None:
                yield host.ip
        if not given:
            yield from (lease.ipaddr for lease in self._leases if (lease.hostname or "").lower() == name)
            for record in self._names:
                if record.ip and name in (each.lower().removesuffix(self._suffix) for each in record.hostnames):
                    yield record.ip


def _two_digits(mac: str) -> str:
    """A MAC address as in leases; documents may leave zeros out."""
    return ":".join(byte.zfill(2) for byte in mac.lower().split(":"))
