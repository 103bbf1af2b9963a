"""Frames as guests and DHCP servers send them."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

MAC = bytes.fromhex("525400000001")
OTHER_MAC = bytes.fromhex("525400000002")
SERVER_MAC = bytes.fromhex("525400ffff01")
BROADCAST = b"\xff" * 6
COOKIE = bytes.fromhex("63825363")


def ip(text: str) -> bytes:
    return IPv4Address(text).packed


def ethernet(source: bytes, protocol: int, packet: bytes, destination: bytes = BROADCAST) -> bytes:
    return destination + source + struct.pack("!H", protocol) + packet


def arp(sender: str, mac: bytes = MAC, source: bytes | None = None, target: str = "10.0.0.1") -> bytes:
    """A request."""
    body = bytes.fromhex("0001080006040001") + mac + ip(sender) + bytes(6) + ip(target)
    return ethernet(source or mac, 0x0806, body)


def ipv4(source: str, destination: str, payload: bytes, *, protocol: int = 17, options: bytes = b"") -> bytes:
    size = 5 + len(options) // 4
    start = struct.pack("!BBHHHBBH", 0x40 | size, 0, size * 4 + len(payload), 1, 0, 64, protocol, 0)
    start += ip(source) + ip(destination) + options
    checksum = sum(struct.unpack(f"!{size * 2}H", start))
    while checksum >> 16:
        checksum = (checksum & 0xFFFF) + (checksum >> 16)
    return start[:10] + struct.pack("!H", checksum ^ 0xFFFF) + start[12:] + payload


def udp(source: int, destination: int, payload: bytes) -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def option(number: int, value: bytes) -> bytes:
    return bytes((number, len(value))) + value


def bootp(operation: int, kind: int, *, mac: bytes = MAC, client: str = "0.0.0.0", yours: str = "0.0.0.0") -> bytes:
    """A DHCP message up to its type."""
    start = bytes((operation, 1, 6, 0)) + bytes(8) + ip(client) + ip(yours) + bytes(8) + mac + bytes(10 + 192)
    return start + COOKIE + option(53, bytes((kind,)))


def acknowledgement(
    address: str, *, seconds: int | None = 3600, server: str = "10.0.0.1", mac: bytes = MAC, kind: int = 5
) -> bytes:
    """What a server sends to the guest."""
    lease = b"" if seconds is None else option(51, struct.pack("!I", seconds))
    message = bootp(2, kind, mac=mac, yours=address) + option(54, ip(server)) + lease + b"\xff"
    return ethernet(SERVER_MAC, 0x0800, ipv4(server, address, udp(67, 68, message)), mac)


def release(address: str) -> bytes:
    """What a guest sends to give an address back."""
    message = bootp(1, 7, client=address) + b"\xff"
    return ethernet(MAC, 0x0800, ipv4(address, "10.0.0.1", udp(68, 67, message)), SERVER_MAC)


def decline(address: str) -> bytes:
    """What a guest sends that has found the address taken."""
    message = bootp(1, 4) + option(50, ip(address)) + b"\xff"
    return ethernet(MAC, 0x0800, ipv4("0.0.0.0", "255.255.255.255", udp(68, 67, message)))
