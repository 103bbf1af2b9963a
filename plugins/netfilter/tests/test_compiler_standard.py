"""What each standard filter lets pass and what it stops, proven with frames."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.frames import (
    BROADCAST,
    GUEST,
    GUEST_IP,
    HOST,
    LINK_IP6,
    OTHER,
    OTHER_IP,
    PEER,
    PEER_IP,
    arp,
    bpdu,
    echo,
    ethernet,
    ipv4,
    ipv6,
    other,
    rarp,
    udp,
)
from plugins.netfilter.tests.lan import STANDARD, VARIABLES6, Lan, lan
from tests.namespaces import Namespace
from virtkit_netfilter.standard import uuid_of


@attrs.frozen
class Frames:
    """Frames by what becomes of them, from the guest and to it."""

    out_passes: dict[str, bytes]
    out_dropped: dict[str, bytes] = attrs.Factory(dict)
    in_passes: dict[str, bytes] = attrs.Factory(dict)
    in_dropped: dict[str, bytes] = attrs.Factory(dict)


def to_guest(inside: frames.Layer, source: str = PEER, target: str = GUEST) -> bytes:
    return ethernet(inside, source=source, target=target)


GROUP, GROUP_MAC = "239.1.2.3", "01:00:5e:01:02:03"
GROUP6, GROUP6_MAC = "ff02::77", "33:33:00:00:00:77"
SERVERS6, SERVERS6_MAC = "ff02::1:2", "33:33:00:01:00:02"

IP = ethernet(ipv4(echo()))
IP6 = ethernet(ipv6(echo(version=6)))
ARP = ethernet(arp(), target=BROADCAST)
ARP_REPLY = ethernet(arp(operation=frames.REPLY, target=PEER))
ANNOUNCEMENT = ethernet(rarp(), target=BROADCAST)
ANOTHERS_ANNOUNCEMENT = ethernet(rarp(sender=OTHER), target=BROADCAST)
OLD_ANNOUNCEMENT = ethernet(other(0x835), target=BROADCAST)
ELSE = ethernet(other())
TAGGED = ethernet(ipv4(echo()), vlan=7)
DISCOVER = ethernet(ipv4(udp(source=68, target=67), source="0.0.0.0", target="255.255.255.255"), target=BROADCAST)
SOLICIT = ethernet(ipv6(udp(source=546, target=547), source=LINK_IP6, target=SERVERS6), target=SERVERS6_MAC)

SEEKS = ipv6((frames.ICMPV6, bytes([135, 0]) + bytes(22)), source="::", target=GROUP6)

IP_IN = to_guest(ipv4(echo(), source=PEER_IP, target=GUEST_IP))
IP6_IN = to_guest(ipv6(echo(version=6), source=frames.PEER_IP6, target=frames.GUEST_IP6))
ARP_IN = to_guest(arp(sender=PEER, sender_ip=PEER_IP, target_ip=GUEST_IP), target=BROADCAST)
OFFER = to_guest(ipv4(udp(source=67, target=68), source=PEER_IP, target=GUEST_IP))
ROGUE_OFFER = to_guest(ipv4(udp(source=67, target=68), source=OTHER_IP, target=GUEST_IP), source=OTHER)
ADVERTISE = to_guest(ipv6(udp(source=547, target=546), source="fe80::2", target=LINK_IP6))
ROGUE_ADVERTISE = to_guest(ipv6(udp(source=547, target=546), source="fe80::3", target=LINK_IP6), source=OTHER)
ELSE_IN = to_guest(other())

SPOOFED_MAC = {
    "IPv4 to the peer": ethernet(ipv4(echo()), source=OTHER),
    "IPv4 to the host": ethernet(ipv4(echo(), target=frames.HOST_IP), source=OTHER, target=HOST),
    "IPv6": ethernet(ipv6(echo(version=6)), source=OTHER),
    "ARP": ethernet(arp(), source=OTHER, target=BROADCAST),
    "something": ethernet(other(), source=OTHER),
    "a BPDU": ethernet(bpdu(), source=OTHER, target=frames.SPANNING_TREE),
}
SPOOFED_IP = {
    "to the peer": ethernet(ipv4(echo(), source=OTHER_IP)),
    "to the host": ethernet(ipv4(echo(), source=OTHER_IP, target=frames.HOST_IP), target=HOST),
    "to all": ethernet(ipv4(udp(), source=OTHER_IP, target="255.255.255.255"), target=BROADCAST),
    "from none": ethernet(ipv4(echo(), source="0.0.0.0")),
    "from none, another port": ethernet(ipv4(udp(source=68, target=69), source="0.0.0.0")),
}
SPOOFED_IP6 = {
    "to the peer": ethernet(ipv6(echo(version=6), source="2001:db8::3")),
    "to the host": ethernet(ipv6(echo(version=6), source="2001:db8::3"), target=HOST),
    "from the link": ethernet(ipv6(echo(version=6), source=LINK_IP6)),
    "from none": ethernet(ipv6(echo(version=6), source="::", target=GROUP6), target=GROUP6_MAC),
}
SPOOFED_ARP_MAC = {
    "a request": ethernet(arp(sender=OTHER), target=BROADCAST),
    "a reply": ethernet(arp(operation=frames.REPLY, sender=OTHER, target=PEER)),
    "a reply to the host": ethernet(arp(operation=frames.REPLY, sender=OTHER, target=HOST), target=HOST),
}
SPOOFED_ARP_IP = {
    "a request": ethernet(arp(sender_ip=OTHER_IP), target=BROADCAST),
    "a gratuitous one": ethernet(arp(sender_ip=PEER_IP, target_ip=PEER_IP), target=BROADCAST),
    "a reply": ethernet(arp(operation=frames.REPLY, sender_ip=OTHER_IP, target=PEER)),
    "a reply to the host": ethernet(arp(operation=frames.REPLY, sender_ip=OTHER_IP, target=HOST), target=HOST),
}

SPOOFED = {
    f"{kind} {name}": frame
    for kind, each in (("MAC", SPOOFED_MAC), ("IP", SPOOFED_IP), ("ARP MAC", SPOOFED_ARP_MAC), ("ARP", SPOOFED_ARP_IP))
    for name, frame in each.items()
}

CASES = {
    "no-mac-spoofing": Frames({"IP": IP, "IPv6": IP6, "ARP": ARP, "else": ELSE, "tagged": TAGGED}, SPOOFED_MAC,
                              {"IP": IP_IN, "ARP": ARP_IN, "else": ELSE_IN}),
    "no-mac-broadcast": Frames({"IP": IP, "ARP": ARP}, {"IPv4": DISCOVER}, {"IP": IP_IN}),
    "no-ip-spoofing": Frames({"IP": IP, "DHCP": DISCOVER, "IPv6": IP6, "ARP": ARP}, SPOOFED_IP, {"IP": IP_IN}),
    "no-ip-multicast": Frames({"IP": IP}, {"IPv4": ethernet(ipv4(udp(), target=GROUP), target=GROUP_MAC)}),
    "no-ipv6-spoofing": Frames(
        {"IPv6": IP6, "solicit": SOLICIT, "IP": IP, "looking": ethernet(SEEKS, target=GROUP6_MAC)},
        SPOOFED_IP6, {"IPv6": IP6_IN}),
    "no-ipv6-multicast": Frames({"IPv6": IP6}, {"IPv6": ethernet(ipv6(udp(), target=GROUP6), target=GROUP6_MAC)}),
    "no-arp-spoofing": Frames({"ARP": ARP, "reply": ARP_REPLY, "IP": IP}, SPOOFED_ARP_MAC | SPOOFED_ARP_IP,
                              {"ARP": ARP_IN}),
    "no-arp-mac-spoofing": Frames({"ARP": ARP, "another IP": SPOOFED_ARP_IP["a request"]}, SPOOFED_ARP_MAC),
    "no-arp-ip-spoofing": Frames({"ARP": ARP, "another MAC": SPOOFED_ARP_MAC["a request"]}, SPOOFED_ARP_IP),
    "no-other-l2-traffic": Frames({}, {"IP": IP, "ARP": ARP, "else": ELSE}, {}, {"IP": IP_IN, "ARP": ARP_IN}),
    "no-other-rarp-traffic": Frames({"ARP": ARP, "IP": IP}, {"RARP": ANNOUNCEMENT}, {"ARP": ARP_IN},
                                    {"RARP": to_guest(rarp(), target=BROADCAST)}),
    "allow-arp": Frames({"ARP": ARP}, {"IP": IP, "RARP": ANNOUNCEMENT}, {"ARP": ARP_IN}, {"IP": IP_IN}),
    "allow-ipv4": Frames({"IP": IP}, {"IPv6": IP6, "ARP": ARP}, {"IP": IP_IN}, {"IPv6": IP6_IN}),
    "allow-ipv6": Frames({"IPv6": IP6}, {"IP": IP}, {"IPv6": IP6_IN}, {"IP": IP_IN}),
    "allow-incoming-ipv4": Frames({}, {"IP": IP}, {"IP": IP_IN}, {"IPv6": IP6_IN}),
    "allow-incoming-ipv6": Frames({}, {"IPv6": IP6}, {"IPv6": IP6_IN}, {"IP": IP_IN}),
    "allow-dhcp": Frames({"discover": DISCOVER}, {"IP": IP}, {"offer": OFFER, "any": ROGUE_OFFER}, {"IP": IP_IN}),
    "allow-dhcp-server": Frames({"discover": DISCOVER}, {"IP": IP}, {"offer": OFFER},
                                {"rogue": ROGUE_OFFER, "IP": IP_IN}),
    "allow-dhcpv6": Frames({"solicit": SOLICIT}, {"IPv6": IP6}, {"yes": ADVERTISE, "any": ROGUE_ADVERTISE},
                           {"IPv6": IP6_IN}),
    "allow-dhcpv6-server": Frames({"solicit": SOLICIT}, {"IPv6": IP6}, {"yes": ADVERTISE}, {"rogue": ROGUE_ADVERTISE}),
    "qemu-announce-self": Frames({"RARP": ANNOUNCEMENT, "old": OLD_ANNOUNCEMENT},
                                 {"another's": ANOTHERS_ANNOUNCEMENT}),
    "qemu-announce-self-rarp": Frames({"RARP": ANNOUNCEMENT}, {"another's": ANOTHERS_ANNOUNCEMENT},
                                      {"its own": to_guest(rarp(), target=BROADCAST)}),
    "clean-traffic": Frames(
        {"IP": IP, "DHCP": DISCOVER, "ARP": ARP, "reply": ARP_REPLY, "RARP": ANNOUNCEMENT, "old": OLD_ANNOUNCEMENT},
        {**SPOOFED, "IPv6": IP6, "else": ELSE, "tagged": TAGGED},
        {"IP": IP_IN, "ARP": ARP_IN}, {"IPv6": IP6_IN, "else": ELSE_IN}),
    "clean-traffic-gateway": Frames(
        {"IP": IP, "IPv6": IP6, "ARP": ARP, "reply": ARP_REPLY, "RARP": ANNOUNCEMENT},
        {**SPOOFED, "IP to another": ethernet(ipv4(echo(), target=OTHER_IP), target=OTHER), "DHCP": DISCOVER,
         "IPv6 to another": ethernet(ipv6(echo(version=6)), target=OTHER), "else": ethernet(other(), target=OTHER)},
        {"IP": IP_IN, "ARP": ARP_IN},
        {"IP of another": to_guest(ipv4(echo(), source=OTHER_IP, target=GUEST_IP), source=OTHER)}),
}  # fmt: skip

NEEDS_MORE = {name for name in CASES if name.startswith(("allow-", "qemu-"))}
"""Filters that let pass and stop nothing by themselves: tested with `no-other-l2-traffic` behind them."""


@pytest.fixture(name="lan")
def _lan(network: Namespace) -> Iterator[Lan]:
    with lan(network) as made:
        yield made


def test_every_standard_filter_has_its_cases() -> None:
    assert sorted(STANDARD) == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_filter_passes_and_stops_what_its_name_says(name: str, lan: Lan) -> None:
    cases = CASES[name]
    going = [*cases.out_passes.values(), *cases.out_dropped.values()]
    coming = [*cases.in_passes.values(), *cases.in_dropped.values()]
    assert all(lan.sent("guest", frame) for frame in going), "what arrives nowhere without a filter proves nothing"
    assert all(arrives(lan, frame) for frame in coming)
    others = "<filterref filter='no-other-l2-traffic'/>" if name in NEEDS_MORE else ""
    lan.filter(f"<filterref filter='{name}'/>{others}", VARIABLES6.get(name))
    reached = {name: lan.sent("guest", frame) for name, frame in cases.out_dropped.items()}
    assert {name: set() for name in cases.out_dropped} == reached
    assert [] == [name for name, frame in cases.out_passes.items() if not lan.sent("guest", frame)]
    assert [] == [name for name, frame in cases.in_dropped.items() if arrives(lan, frame)]
    assert [] == [name for name, frame in cases.in_passes.items() if not arrives(lan, frame)]


def arrives(lan: Lan, frame: bytes) -> bool:
    """Whether the guest gets a frame of whoever sends it."""
    return "guest" in lan.sent("other" if frame[6:12] == frames.mac(OTHER) else "peer", frame)


@pytest.mark.parametrize("name", STANDARD)
def test_a_filter_has_its_name_a_stable_uuid_and_nothing_unknown(name: str) -> None:
    document = STANDARD[name]
    assert (name, uuid_of(name).bytes, ()) == (document.name, document.uuid, document.notices)
