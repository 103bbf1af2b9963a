"""Comparisons of the link layer: frame by frame, without a memory of connections."""

from __future__ import annotations

from collections.abc import Callable

from virtkit_netfilter.compiler.comparisons import Comparisons
from virtkit_netfilter.compiler.expressions import ETHER_TYPE, TRANSPORT, Expression, compared, field, raw

PROTOCOLS = ("mac", "vlan", "stp", "arp", "rarp", "ip", "ipv6")
"""Elements of rules of the link layer."""

IPV4, IPV6, ARP, RARP, VLAN = 0x800, 0x86DD, 0x806, 0x8035, 0x8100

SPANNING_TREE = "01:80:c2:00:00:00"
"""Where bridges send the frames of their spanning tree."""

PORT_PROTOCOLS = (6, 17, 33, 132, 136)
"""Protocols whose headers begin with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite."""


def of_type(number: int) -> Expression:
    """Frames of an Ethernet protocol; those with a VLAN tag are of type VLAN, whatever is in them."""
    return compared(ETHER_TYPE, number)


CHAIN_TRAFFIC: dict[str, list[Expression]] = {
    "mac": [],
    "stp": [compared(field("ether", "daddr"), SPANNING_TREE)],
    "vlan": [of_type(VLAN)],
    "arp": [of_type(ARP)],
    "rarp": [of_type(RARP)],
    "ipv4": [of_type(IPV4)],
    "ipv6": [of_type(IPV6)],
}
"""What passes through a chain, by the prefix of its name."""


def comparisons(rule: Comparisons, *, reverse: bool) -> list[Expression]:
    """Make expressions of an element.

    Args:
        rule: The element; nothing of it is left afterwards.
        reverse: Exchange source and destination: for the way from the guest of a rule for both ways.

    Raises:
        ConfigUnsupportedError: It contradicts itself, or cannot be compared.
    """
    source, destination = ("daddr", "saddr") if reverse else ("saddr", "daddr")
    found = rule.mac("srcmacaddr", "srcmacmask", field("ether", source))
    if rule.tag == "stp" and reverse and found:
        raise rule.refused("srcmacaddr in a rule of direction inout contradicts the one destination of such frames")
    found += rule.mac("dstmacaddr", "dstmacmask", field("ether", destination))
    found = _OF[rule.tag](rule, reverse) + found if rule.tag != "mac" else found + _mac(rule)
    rule.finish()
    return found


def _mac(rule: Comparisons) -> list[Expression]:
    return rule.equal("protocolid", ETHER_TYPE)


def _vlan(rule: Comparisons, _: bool) -> list[Expression]:
    found = [of_type(VLAN)]
    found += rule.equal("vlanid", field("vlan", "id"))
    return found + rule.equal("encap_protocol", field("vlan", "type"))


def _stp(rule: Comparisons, _: bool) -> list[Expression]:
    """Offsets are those of a BPDU behind Ethernet's addresses and length, and three bytes of LLC."""
    found = list(CHAIN_TRAFFIC["stp"])
    for name, offset, bits in (("type", 20, 8), ("flags", 21, 8)):
        found += rule.equal(name, raw("ll", offset, bits))
    for name, offset in (("root_address", 24), ("sender_address", 36)):
        found += rule.mac(name, f"{name}_mask", raw("ll", offset, 48), as_number=True)
    for name, offset, bits in _STP_NUMBERS:
        found += rule.within(name, f"{name}_hi", raw("ll", offset, bits))
    return found


_STP_NUMBERS = (
    ("root_priority", 22, 16), ("root_cost", 30, 32), ("sender_priority", 34, 16), ("port", 42, 16), ("age", 44, 16),
    ("max_age", 46, 16), ("hello_time", 48, 16), ("forward_delay", 50, 16),
)  # fmt: skip


def _arp(rule: Comparisons, reverse: bool) -> list[Expression]:
    sender, target = (18, 8) if reverse else (8, 18)
    found = [of_type(ARP if rule.tag == "arp" else RARP)]
    for name, offset in (("hwtype", 0), ("protocoltype", 2), ("opcode", 6)):
        found += rule.equal(name, raw("nh", offset, 16))
    for name, offset in (("arpsrcmacaddr", sender), ("arpdstmacaddr", target)):
        found += rule.mac(name, "", raw("nh", offset, 48), as_number=True)
    for name, offset in (("arpsrcip", sender + 6), ("arpdstip", target + 6)):
        found += _arp_address(rule, name, offset)
    _refuse_gratuitous(rule)
    return found


def _arp_address(rule: Comparisons, name: str, offset: int) -> list[Expression]:
    """An address within ARP: to nftables, at that place, a number."""
    from ipaddress import IPv4Address

    text = rule.take(f"{name}addr")
    if text is None:
        return []
    bits = rule.number(f"{name}mask")
    mask = ((1 << 32) - 1) ^ ((1 << (32 - (32 if bits is None else bits))) - 1)
    left = raw("nh", offset, 32)
    wanted = int(IPv4Address(text)) & mask
    return [compared(left if bits in (None, 32) else {"&": [left, mask]}, wanted, differs=rule.negated)]


def _refuse_gratuitous(rule: Comparisons) -> None:
    """Refuse the question whether sender and target have one IP address. False asks nothing, as in libvirt."""
    if rule.take("gratuitous") == "true":
        raise rule.refused(
            "nftables cannot tell gratuitous requests, for it compares no field with another: compare arpsrcipaddr"
            " and arpdstipaddr with the address of the guest, such as $IP"
        )


def _ip(rule: Comparisons, reverse: bool) -> list[Expression]:
    source, destination = ("daddr", "saddr") if reverse else ("saddr", "daddr")
    family, number = ("ip", IPV4) if rule.tag == "ip" else ("ip6", IPV6)
    found = [of_type(number)]
    found += rule.address("srcipaddr", "srcipmask", field(family, source))
    found += rule.address("dstipaddr", "dstipmask", field(family, destination))
    found += rule.equal("dscp", field(family, "dscp"))
    protocol = rule.equal("protocol", TRANSPORT)
    found += protocol + _icmpv6(rule)
    of_ports = ports(rule, reverse=reverse)
    if of_ports and (rule.negated or not protocol):
        found.append(compared(TRANSPORT, {"set": list(PORT_PROTOCOLS)}))
    return found + of_ports


def _icmpv6(rule: Comparisons) -> list[Expression]:
    found = rule.within("type", "typeend", raw("th", 0, 8)) + rule.within("code", "codeend", raw("th", 1, 8))
    return [compared(TRANSPORT, 58), *found] if found else []


def ports(rule: Comparisons, *, reverse: bool) -> list[Expression]:
    """Comparisons of ports."""
    source, destination = ("dport", "sport") if reverse else ("sport", "dport")
    found = rule.within("srcportstart", "srcportend", field("th", source))
    return found + rule.within("dstportstart", "dstportend", field("th", destination))


_OF: dict[str, Callable[[Comparisons, bool], list[Expression]]] = {
    "vlan": _vlan, "stp": _stp, "arp": _arp, "rarp": _arp, "ip": _ip, "ipv6": _ip,
}  # fmt: skip
