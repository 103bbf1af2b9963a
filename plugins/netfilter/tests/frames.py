"""Frames as they are on the wire, built from their fields; nothing is padded to the length that real cards send.

frames.ethernet(frames.ipv4(frames.udp(source=68, target=67), source="0.0.0.0"), source=GUEST)
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

GUEST, PEER, OTHER, HOST = (f"52:54:00:00:00:0{number}" for number in (1, 2, 3, 4))
"""MAC addresses of the guest, its peer, a third one, and the host that has the bridge."""

GUEST_IP, PEER_IP, OTHER_IP, HOST_IP = (f"10.7.0.{number}" for number in (1, 2, 3, 4))
GUEST_IP6, PEER_IP6 = "2001:db8::1", "2001:db8::2"
LINK_IP6 = "fe80::1"

BROADCAST, NOBODY = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"
SPANNING_TREE = "01:80:c2:00:00:00"

IPV4, ARP, RARP, VLAN, IPV6 = 0x800, 0x806, 0x8035, 0x8100, 0x86DD
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58

REQUEST, REPLY, REQUEST_REVERSE = 1, 2, 3

Layer = tuple[int, bytes]
"""What is in a frame: its Ethernet protocol, or length, and its bytes."""


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ethernet(inside: Layer, *, source: str = GUEST, target: str = PEER, vlan: int | None = None) -> bytes:
    kind, payload = inside
    tag = b"" if vlan is None else struct.pack("!HH", VLAN, vlan)
    return mac(target) + mac(source) + tag + struct.pack("!H", kind) + payload


def untagged(frame: bytes) -> bytes:
    """A frame without its VLAN tag, as the kernel shows it."""
    return frame[:12] + frame[16:] if frame[12:14] == VLAN.to_bytes(2, "big") else frame


def arp(
    *,
    operation: int = REQUEST,
    sender: str = GUEST,
    sender_ip: str = GUEST_IP,
    target: str = NOBODY,
    target_ip: str = PEER_IP,
    kind: int = ARP,
) -> Layer:
    ends = mac(sender) + IPv4Address(sender_ip).packed + mac(target) + IPv4Address(target_ip).packed
    return kind, struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + ends


def rarp(*, sender: str = GUEST) -> Layer:
    """What QEMU sends for a guest after a migration."""
    return arp(
        operation=REQUEST_REVERSE, sender=sender, sender_ip="0.0.0.0", target=sender, target_ip="0.0.0.0", kind=RARP
    )


def ipv4(inside: Layer, *, source: str = GUEST_IP, target: str = PEER_IP, dscp: int = 0) -> Layer:
    protocol, payload = inside
    ends = IPv4Address(source).packed + IPv4Address(target).packed
    head = struct.pack("!BBHHHBBH", 0x45, dscp << 2, 20 + len(payload), 1, 0, 64, protocol, 0) + ends
    return IPV4, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(inside: Layer, *, source: str = GUEST_IP6, target: str = PEER_IP6) -> Layer:
    protocol, payload = inside
    ends = IPv6Address(source).packed + IPv6Address(target).packed
    return IPV6, struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload


def udp(*, source: int = 1000, target: int = 2000, data: bytes = b"hello") -> Layer:
    """Without a checksum, which IPv4 allows."""
    return UDP, struct.pack("!HHHH", source, target, 8 + len(data), 0) + data


def echo(*, version: int = 4) -> Layer:
    if version == 6:
        return ICMPV6, struct.pack("!BBHHH", 128, 0, 0, 1, 1)
    head = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    return ICMP, head[:2] + struct.pack("!H", checksum(head)) + head[4:]


def bpdu(*, root_priority: int = 0x8000, root: str = GUEST) -> Layer:
    """A frame of the spanning tree protocol: its length is in place of an Ethernet protocol."""
    bridge = struct.pack("!H", root_priority) + mac(root)
    times = struct.pack("!HHHHH", 0x8001, 0, 20 << 8, 2 << 8, 15 << 8)
    payload = b"\x42\x42\x03" + struct.pack("!HBBB", 0, 0, 0, 0) + bridge + struct.pack("!I", 0) + bridge + times
    return len(payload), payload


def other(kind: int = 0x88B5, data: bytes = b"something else") -> Layer:
    """A protocol for experiments."""
    return kind, data


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
