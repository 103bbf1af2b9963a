"""What dnsmasq has handed out on a network: its lease file.

A line of it has the time of expiry, the MAC address (IPv6: the IAID), the address, the host name and the client's id
(IPv6: its DUID), with `*` for none; a line `duid` is the server's own. dnsmasq writes the file in place, so what is
read may end in the middle of a line, or in what is left of a longer file.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from virtkit.enums import ErrorDomain, IPAddrType
from virtkit.records import DHCPLease
from virtkit.store.files import refusal
from virtkit.xml.network import Network
from virtkit_network.shape import Subnet, bridge_of, own_subnets

NETWORK = ErrorDomain.NETWORK

NONE = "*"

LINE = re.compile(r"([0-9]{1,20}) (\S{1,64}) ([0-9a-fA-F.:]{2,45}) (\S{1,255}) ([0-9a-fA-F:*]{1,400})")

MAC = re.compile(r"(?:[0-9a-f]{2}-)?([0-9a-f]{2}(?::[0-9a-f]{2}){5})")
"""A type of hardware stands before an address that is none of Ethernet."""

IAID = re.compile(r"T?([0-9]{1,10})")
"""`T` marks a temporary address."""

SETTLED = 1.0
"""Seconds after which a file is whole: a younger one may change again without another time of change."""

DUID_MAC = re.compile(r"(?:00:01:00:01(?::[0-9a-f]{2}){4}|00:03:00:01):([0-9a-f]{2}(?::[0-9a-f]{2}){5})")
"""The DUIDs that are made of an Ethernet address; see RFC 8415, section 11."""


class LeaseFile:
    """The lease file of a network, read again only when it has changed."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._text = ""

    def read(self, network: Network, now: float) -> list[DHCPLease]:
        """The leases that have not expired at the time `now`, in seconds since 1970; none where there is no file.

        Raises:
            SystemCallError: It cannot be read.
        """
        self.changed()
        return [lease for lease in parse(self._text, network) if not lease.expirytime or lease.expirytime > now]

    def changed(self) -> bool:
        """Whether it says something else than when this was asked last; dnsmasq writes it at each change of a lease.

        Raises:
            SystemCallError: It cannot be read.
        """
        before = self._text
        try:
            with open(self._path, encoding="ascii", errors="replace") as file:
                status = os.fstat(file.fileno())
                seen = (status.st_ino, status.st_mtime_ns, status.st_size)
                if seen != self._seen:
                    self._text = file.read()
                    self._seen = seen if time.time() - status.st_mtime > SETTLED else None
        except FileNotFoundError:
            self._text, self._seen = "", None
        except OSError as error:
            raise refusal("read the leases of a network", self._path, error, domain=NETWORK) from error
        return before != self._text


def parse(text: str, network: Network) -> list[DHCPLease]:
    """The leases in the text of a lease file, the expired ones too; what is no whole line is left out.

    The MAC address of an IPv6 lease is the one in the client's DUID, if there is one.

    Args:
        text: The text.
        network: A completed definition; an address in none of its subnets is left out.
    """
    found: dict[str, DHCPLease] = {}
    bridge, own = bridge_of(network), own_subnets(network)
    for line in text.split("\n")[:-1]:
        for lease in _read(line, bridge, own):
            found.setdefault(lease.ipaddr, lease)
    return list(found.values())


def _read(line: str, bridge: str, own: list[Subnet]) -> Iterator[DHCPLease]:
    """The lease in a line, if there is one."""
    parts = LINE.fullmatch(line)
    if parts is None:
        return
    expiry, client, text, name, client_id = parts.groups()
    try:
        address = ip_address(text)
    except ValueError:
        return
    prefix = next((each.prefixlen for each in own if address in each), None)
    number, hardware = IAID.fullmatch(client), MAC.fullmatch(client)
    if address.version == 6:
        hardware = DUID_MAC.fullmatch(client_id)
    if prefix is None or (number if address.version == 6 else hardware) is None:
        return
    yield DHCPLease(
        iface=bridge,
        expirytime=int(expiry),
        type=IPAddrType.IPV6 if address.version == 6 else IPAddrType.IPV4,
        mac=hardware[1] if hardware is not None else None,
        iaid=number[1] if number is not None and address.version == 6 else None,
        ipaddr=str(address),
        prefix=prefix,
        hostname=_given(name),
        clientid=_given(client_id),
    )


def _given(text: str) -> str | None:
    return None if text == NONE else text
