"""Frames that tell of a guest's address: what it uses itself, and what it and DHCP servers say to one another."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.frames import BROADCAST, GUEST, HOST, UDP

MAC = frames.mac(GUEST)

SERVER = "10.0.0.1"

COOKIE = bytes.fromhex("63825363")

DISCOVER, OFFER, DECLINE, ACK, NAK, RELEASE = 1, 2, 4, 5, 6, 7
ADDRESS, LEASE, TYPE, IDENTITY = 50, 51, 53, 54
"""Numbers of options."""


def arp(sender: str, *, mac: str = GUEST, source: str = "") -> bytes:
    """A request; `source` is in the header of the frame, where it is not the sender's."""
    body = frames.arp(sender=mac, sender_ip=sender, target_ip=SERVER)
    return frames.ethernet(body, source=source or mac, target=BROADCAST)


def packet(source: str, *, mac: str = GUEST) -> bytes:
    """A packet from an address."""
    return frames.ethernet(frames.ipv4(frames.echo(), source=source, target=SERVER), source=mac, target=HOST)


def option(number: int, value: bytes) -> bytes:
    return bytes((number, len(value))) + value


def message(
    operation: int, kind: int, options: bytes, *, mac: str = GUEST, client: str = "0.0.0.0", yours: str = "0.0.0.0"
) -> bytes:
    """A DHCP message."""
    places = IPv4Address(client).packed + IPv4Address(yours).packed + bytes(8)
    start = bytes((operation, 1, 6, 0)) + bytes(8) + places + frames.mac(mac) + bytes(10 + 192)
    return start + COOKIE + option(TYPE, bytes((kind,))) + options + b"\xff"


def from_server(data: bytes, *, server: str = SERVER, mac: str = GUEST, words: bytes = b"") -> bytes:
    """What a server says to the guest; `words` are options of the header of IPv4."""
    datagram = frames.udp(source=67, target=68, data=data)[1]
    kind, plain = frames.ipv4((UDP, words + datagram), source=server, target="255.255.255.255")
    return frames.ethernet((kind, bytes((0x45 + len(words) // 4,)) + plain[1:]), source=HOST, target=mac)


def from_guest(data: bytes, *, address: str = "0.0.0.0", mac: str = GUEST) -> bytes:
    """What the guest says to servers."""
    datagram = frames.udp(source=68, target=67, data=data)
    inside = frames.ipv4(datagram, source=address, target="255.255.255.255")
    return frames.ethernet(inside, source=mac, target=BROADCAST)


def acknowledgement(
    address: str, *, seconds: int | None = 3600, server: str = SERVER, mac: str = GUEST, kind: int = ACK
) -> bytes:
    """A server leases an address."""
    lease = b"" if seconds is None else option(LEASE, struct.pack("!I", seconds))
    options = option(IDENTITY, IPv4Address(server).packed) + lease
    return from_server(message(2, kind, options, mac=mac, yours=address), server=server, mac=mac)


def release(address: str, *, mac: str = GUEST) -> bytes:
    """The guest gives an address back."""
    return from_guest(message(1, RELEASE, b"", mac=mac, client=address), address=address, mac=mac)


def decline(address: str) -> bytes:
    """The guest has found an address taken."""
    return from_guest(message(1, DECLINE, option(ADDRESS, IPv4Address(address).packed)))
