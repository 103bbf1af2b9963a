"""What the frames on a guest's device tell of its address. Nothing here has an effect.

Frames are what a packet socket on the port device sees: those from the guest are incoming, those to it outgoing. A
guest decides what it sends, so only its own frames count as its word, and only those to it, which have passed the rules
of others, count as the word of a DHCP server. Nothing that a frame holds makes a parser fail.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from enum import Enum
from ipaddress import IPv4Address
from typing import NamedTuple

ETHERNET_SIZE = 14
IPV4, ARP = 0x0800, 0x0806
UDP = 17
SERVER_PORT, CLIENT_PORT = 67, 68
ARP_START = bytes.fromhex("000108000604")
"""Ethernet and IPv4, with the lengths of their addresses."""

BOOTP_SIZE = 236
COOKIE = bytes.fromhex("63825363")
REQUESTED, LEASE_TIME, MESSAGE_TYPE, SERVER = 50, 51, 53, 54
DECLINE, ACK, RELEASE = 4, 5, 7
FOREVER = 0xFFFFFFFF

MOST_ADDRESSES = 16
"""Of one guest at a time: a server that gives it more is not believed."""


class Mode(Enum):
    """Where a guest's address is learned from: values of the variable CTRL_IP_LEARNING."""

    ANY = "any"
    """The first address that the guest uses or is given; it stays."""
    DHCP = "dhcp"
    """The addresses that DHCP servers lease it, for as long."""
    NONE = "none"
    """Nowhere: it has to be stated."""


class Sighting(NamedTuple):
    """What a frame told.

    Attributes:
        address: An address of the guest.
        seconds: How long it is leased; None: for ever.
        gone: The guest gave it back.
    """

    address: str
    seconds: int | None = None
    gone: bool = False


def sighted(frame: bytes, mac: bytes, mode: Mode, *, outgoing: bool, servers: Collection[str] = ()) -> Sighting | None:
    """What a frame tells of the address of a guest; None: nothing.

    Args:
        frame: The frame from its Ethernet header on, perhaps cut short.
        mac: Address of the guest's interface, 6 bytes.
        mode: Whom to believe.
        outgoing: It goes to the guest.
        servers: Addresses of the DHCP servers to believe; empty: all.
    """
    if len(frame) < ETHERNET_SIZE or mode is Mode.NONE or not (outgoing or frame[6:12] == mac):
        return None
    protocol = int.from_bytes(frame[12:14], "big")
    packet = frame[ETHERNET_SIZE:]
    if protocol == IPV4:
        told = _dhcp(packet, mac, outgoing=outgoing, servers=servers)
        if told is None and mode is Mode.ANY and not outgoing:
            told = _used(packet[12:16])
        return told
    if protocol == ARP and mode is Mode.ANY and not outgoing:
        return _used(packet[14:18]) if packet[:6] == ARP_START and packet[8:14] == mac else None
    return None


def _used(address: bytes) -> Sighting | None:
    return Sighting(str(IPv4Address(address))) if _usable(address) else None


def _usable(address: bytes) -> bool:
    """Whether it can be a guest's for long: link-local ones are given up as soon as there is another."""
    if len(address) != 4:
        return False
    return 0 < address[0] < 224 and address[0] != 127 and address[:2] != b"\xa9\xfe"


def _dhcp(packet: bytes, mac: bytes, *, outgoing: bool, servers: Collection[str]) -> Sighting | None:
    """What an IPv4 packet tells if it is an acknowledgement of a DHCP server, or a guest that gives an address back."""
    size = (packet[0] & 15) * 4 if packet else 0
    message = packet[size + 8 :]
    if len(packet) < 20 or size < 20 or packet[9] != UDP or int.from_bytes(packet[6:8], "big") & 0x1FFF:
        return None
    ports = (SERVER_PORT, CLIENT_PORT) if outgoing else (CLIENT_PORT, SERVER_PORT)
    if packet[size : size + 4] != struct.pack("!HH", *ports) or len(message) < BOOTP_SIZE + len(COOKIE):
        return None
    kind = 2 if outgoing else 1
    if message[:3] != bytes((kind, 1, 6)) or message[28:34] != mac or message[BOOTP_SIZE : BOOTP_SIZE + 4] != COOKIE:
        return None
    options = _options(message[BOOTP_SIZE + 4 :])
    if outgoing:
        source = str(IPv4Address(packet[12:16]))
        return _acknowledged(message[16:20], options) if not servers or source in servers else None
    return _given_back(message[12:16], options)


def _options(text: bytes) -> dict[int, bytes]:
    """The options of a DHCP message, as far as they are whole; of several with one number the first."""
    found: dict[int, bytes] = {}
    place = 0
    while place < len(text) and text[place] != 255:
        if text[place] == 0:
            place += 1
            continue
        end = place + 2 + text[place + 1] if place + 1 < len(text) else len(text) + 1
        if end > len(text):
            break
        found.setdefault(text[place], text[place + 2 : end])
        place = end
    return found


def _acknowledged(address: bytes, options: Mapping[int, bytes]) -> Sighting | None:
    lease = options.get(LEASE_TIME, b"\xff\xff\xff\xff")
    seconds = int.from_bytes(lease, "big")
    if options.get(MESSAGE_TYPE) != bytes((ACK,)) or len(lease) != 4 or not seconds or not _usable(address):
        return None
    return Sighting(str(IPv4Address(address)), None if seconds == FOREVER else seconds)


def _given_back(address: bytes, options: Mapping[int, bytes]) -> Sighting | None:
    kind = options.get(MESSAGE_TYPE)
    if kind == bytes((DECLINE,)):
        address = options.get(REQUESTED, b"")
    elif kind != bytes((RELEASE,)):
        return None
    return Sighting(str(IPv4Address(address)), gone=True) if _usable(address) else None


Addresses = Mapping[str, int | None]
"""A guest's addresses, each with the moment its lease ends, in seconds since the host was booted; None: never."""


def merged(known: Addresses, sighting: Sighting, mode: Mode, now: int) -> dict[str, int | None]:
    """The addresses of a guest after a sighting, in the order in which they were learned."""
    addresses = dict(known)
    if mode is Mode.ANY:
        return addresses or ({} if sighting.gone else {sighting.address: None})
    if sighting.gone:
        addresses.pop(sighting.address, None)
    elif sighting.address in addresses or len(addresses) < MOST_ADDRESSES:
        addresses[sighting.address] = None if sighting.seconds is None else now + sighting.seconds
    return addresses


def current(known: Addresses, now: int) -> dict[str, int | None]:
    """Those whose leases have not ended."""
    return {address: end for address, end in known.items() if end is None or end > now}
