"""Every attribute compares the field of the frame that it names: proven with a frame that has the value."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.frames import (
    BROADCAST,
    GUEST,
    NOBODY,
    PEER,
    PEER_IP,
    SPANNING_TREE,
    arp,
    bpdu,
    echo,
    ethernet,
    ipv4,
    ipv6,
    udp,
)
from plugins.netfilter.tests.lan import Lan, lan
from tests.namespaces import Namespace

TAGGED = ethernet(ipv4(echo()), vlan=7)
BPDU = ethernet(bpdu(root_priority=0x1234), target=SPANNING_TREE)
REQUEST = ethernet(arp(), target=BROADCAST)
REVERSE = ethernet(frames.rarp(), target=BROADCAST)
DATAGRAM = ethernet(ipv4(udp(source=1000, target=2000), dscp=10))
DATAGRAM6 = ethernet(ipv6(udp(source=1000, target=2000)))
PING = ethernet(ipv4(echo()))
PING6 = ethernet(ipv6(echo(version=6)))
SYN = ethernet(ipv4((6, struct.pack("!HHIIBBHHH", 1000, 2000, 1, 0, 5 << 4, 0x02, 1024, 0, 0))))


def of(protocol: int, *, six: bool = False) -> bytes:
    """A packet of a protocol of IP, with nothing that makes sense in it."""
    inside = (protocol, bytes(32))
    return ethernet(ipv6(inside) if six else ipv4(inside))


CASES = [
    ("mac srcmacaddr", TAGGED, GUEST, PEER),
    ("mac dstmacaddr='52:54:00:00:00:00' dstmacmask", PING, "ff:ff:ff:00:00:00", None),
    ("mac protocolid", PING, "ipv4", "arp"),
    ("mac protocolid", TAGGED, "vlan", "ipv4"),
    ("vlan vlanid", TAGGED, "7", "8"),
    ("vlan encap-protocol", TAGGED, "ipv4", "ipv6"),
    ("stp type", BPDU, "0", "1"),
    ("stp flags", BPDU, "0", "1"),
    ("stp root-priority", BPDU, "0x1234", "0x1235"),
    ("stp root-priority='0x1200' root-priority-hi", BPDU, "0x1300", "0x1201"),
    ("stp root-address", BPDU, GUEST, PEER),
    ("stp root-cost", BPDU, "0", "1"),
    ("stp sender-priority", BPDU, "0x1234", "0"),
    ("stp sender-address", BPDU, GUEST, PEER),
    ("stp port", BPDU, "0x8001", "1"),
    ("stp age", BPDU, "0", "1"),
    ("stp max-age", BPDU, "5120", "20"),
    ("stp hello-time", BPDU, "512", "2"),
    ("stp forward-delay", BPDU, "3840", "15"),
    ("arp hwtype", REQUEST, "1", "2"),
    ("arp protocoltype", REQUEST, "0x800", "0x806"),
    ("arp opcode", REQUEST, "Request", "Reply"),
    ("arp arpsrcmacaddr", REQUEST, GUEST, PEER),
    ("arp arpdstmacaddr", REQUEST, NOBODY, PEER),
    ("arp arpsrcipaddr", REQUEST, frames.GUEST_IP, PEER_IP),
    ("arp arpdstipaddr", REQUEST, PEER_IP, frames.GUEST_IP),
    ("arp arpdstipmask='24' arpdstipaddr", REQUEST, "10.7.0.0", "10.8.0.0"),
    ("rarp opcode", REVERSE, "Request_Reverse", "Reply_Reverse"),
    ("rarp arpsrcmacaddr", REVERSE, GUEST, PEER),
    ("ip srcipaddr", PING, frames.GUEST_IP, PEER_IP),
    ("ip dstipmask='16' dstipaddr", PING, "10.7.0.0", "10.8.0.0"),
    ("ip protocol", PING, "icmp", "udp"),
    ("ip dscp", DATAGRAM, "10", "40"),
    ("ip srcportstart", DATAGRAM, "1000", "1001"),
    ("ip dstportstart='1' dstportend", DATAGRAM, "2000", "1999"),
    ("ipv6 srcipaddr", PING6, frames.GUEST_IP6, frames.PEER_IP6),
    ("ipv6 dstipmask='32' dstipaddr", PING6, "2001:db8::", "2001:db9::"),
    ("ipv6 protocol", PING6, "icmpv6", "udp"),
    ("ipv6 type", PING6, "128", "129"),
    ("ipv6 code='0' type='1' typeend", PING6, "200", "127"),
    ("ipv6 dstportstart", DATAGRAM6, "2000", "1000"),
    ("udp srcportstart", DATAGRAM, "1000", "2000"),
    ("udp dstportstart='1500' dstportend", DATAGRAM, "2500", "1600"),
    ("udp dscp", DATAGRAM, "10", "0"),
    ("udp srcmacaddr", DATAGRAM, GUEST, PEER),
    ("all srcipaddr", DATAGRAM, frames.GUEST_IP, PEER_IP),
    ("all dstipfrom='10.7.0.0' dstipto", DATAGRAM, "10.7.0.9", "10.7.0.1"),
    ("all-ipv6 srcipfrom='2001:db8::' srcipto", DATAGRAM6, "2001:db8::9", "2001:db8::"),
    ("udp-ipv6 dstportstart", DATAGRAM6, "2000", "1000"),
    ("udp-ipv6 dstipaddr", DATAGRAM6, frames.PEER_IP6, frames.GUEST_IP6),
    ("tcp flags", SYN, "SYN,ACK/SYN", "SYN,ACK/ACK"),
    ("tcp dstportstart", SYN, "2000", "1000"),
    ("icmp type", PING, "8", "0"),
    ("icmp type='8' code", PING, "0", "1"),
    ("icmpv6 type", PING6, "128", "129"),
    ("esp srcipaddr", of(50), frames.GUEST_IP, PEER_IP),
    ("ah srcipaddr", of(51), frames.GUEST_IP, PEER_IP),
    ("igmp srcipaddr", of(2), frames.GUEST_IP, PEER_IP),
    ("sctp dstportstart", of(132), "0", "1"),
    ("udplite srcipaddr", of(136), frames.GUEST_IP, PEER_IP),
    ("esp-ipv6 srcipaddr", of(50, six=True), frames.GUEST_IP6, frames.PEER_IP6),
    ("sctp-ipv6 srcportstart", of(132, six=True), "0", "1"),
    ("udplite-ipv6 srcipaddr", of(136, six=True), frames.GUEST_IP6, frames.PEER_IP6),
]
"""Element with the attribute to try last, a frame that the guest sends, its value in that frame, and another value."""


@pytest.fixture(name="lan")
def _lan(network: Namespace) -> Iterator[Lan]:
    with lan(network) as made:
        yield made


@pytest.mark.parametrize(
    ("element", "frame", "value", "another"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES]
)
def test_an_attribute_compares_its_field(element: str, frame: bytes, value: str, another: str | None, lan: Lan) -> None:
    def passes(value: str, match: str = "yes") -> bool:
        tag, _, attributes = element.partition(" ")
        lan.filter(f"<rule action='drop' direction='out'><{tag} match='{match}' {attributes}='{value}'/></rule>")
        return bool(lan.sent("guest", frame))

    assert lan.sent("guest", frame)
    assert not passes(value)
    if another is not None:
        assert passes(another)
    if "='" not in element:
        assert passes(value, "no")
        assert not passes(another or "", "no")
