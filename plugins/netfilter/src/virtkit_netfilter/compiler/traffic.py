"""Comparisons of IP traffic with a memory of connections, and the ways a rule is asked on.

A rule speaks of connections. One of direction out that accepts lets the guest open them and the replies in; drops go
for both ways too, unless the rule names states. Rules of direction inout remember nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from virtkit_netfilter.compiler.comparisons import Comparisons
from virtkit_netfilter.compiler.expressions import TRANSPORT, Expression, compared, field, raw
from virtkit_netfilter.compiler.link import IPV4, IPV6, of_type, ports

NUMBERS = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132, "udplite": 136,
    "all": None,
}  # fmt: skip
"""Numbers of the protocols of IP; all of them have none."""

TCP_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32}


class States(NamedTuple):
    """What is asked of the connection that a packet belongs to.

    Attributes:
        names: Any of these states: new, established, related, invalid.
        reply: Whether the packet is of the side that did not open the connection; None: either.
    """

    names: tuple[str, ...]
    reply: bool | None = None


class Way(NamedTuple):
    """A way that a rule is asked on.

    Attributes:
        out: From the guest; else to it.
        reverse: Source and destination are exchanged: packets that answer what the rule describes.
        states: What is asked of the connection; None: nothing.
    """

    out: bool
    reverse: bool
    states: States | None


def is_ipv6(tag: str) -> bool:
    """Whether an element is about IPv6."""
    return tag == "icmpv6" or tag.endswith("-ipv6")


def comparisons(rule: Comparisons, *, reverse: bool) -> list[Expression]:
    """Make expressions of an element, all but those about the connection.

    Args:
        rule: The element; `state` and `connlimit_above` have been taken.
        reverse: Exchange source and destination.

    Raises:
        ConfigUnsupportedError: It contradicts itself, or cannot be compared.
    """
    six = is_ipv6(rule.tag)
    family = "ip6" if six else "ip"
    source, destination = ("daddr", "saddr") if reverse else ("saddr", "daddr")
    found = [of_type(IPV6 if six else IPV4)]
    number = NUMBERS[rule.tag.removesuffix("-ipv6")]
    if number is not None:
        found.append(compared(TRANSPORT, number))
    found += rule.mac("srcmacaddr", "", field("ether", source))
    for side, name in (("src", source), ("dst", destination)):
        found += rule.address(f"{side}ipaddr", f"{side}ipmask", field(family, name))
        found += rule.addresses(f"{side}ipfrom", f"{side}ipto", field(family, name))
    found += rule.equal("dscp", field(family, "dscp"))
    found += ports(rule, reverse=reverse)
    found += _flags(rule)
    found += rule.equal("type", raw("th", 0, 8)) + rule.equal("code", raw("th", 1, 8))
    _refuse_sets(rule)
    rule.finish()
    return found


def _flags(rule: Comparisons) -> list[Expression]:
    text = rule.take("flags")
    if text is None:
        return []
    looked_at, expected = (_flag_bits(part) for part in text.split("/"))
    if expected & ~looked_at:
        raise rule.refused(f"flags {text} expects flags that it does not look at: add them before the slash")
    if not looked_at:
        raise rule.refused(f"flags {text} looks at no flag: remove it")
    return [compared({"&": [field("tcp", "flags"), looked_at]}, expected, differs=rule.negated)]


def _flag_bits(text: str) -> int:
    if text in ("ALL", "NONE"):
        return sum(TCP_FLAGS.values()) if text == "ALL" else 0
    return sum(TCP_FLAGS[name] for name in text.split(","))


def _refuse_sets(rule: Comparisons) -> None:
    name = rule.take("ipset")
    if name is not None:
        raise rule.refused(
            f"ipset '{name}' cannot be used: sets of the program ipset are unknown to nftables; give the addresses as"
            " a list, in a variable"
        )


def ways(direction: str, *, accepts: bool, states: tuple[str, ...] | None, one_way: bool, memory: bool) -> list[Way]:
    """The ways that a rule is asked on.

    Args:
        direction: In, out or inout.
        accepts: The rule lets pass.
        states: States of connections that it names: none for NONE, which asks nothing; None: it does not say.
        one_way: What it compares has no counterpart in what answers: types of ICMP, limits.
        memory: It may ask about the connection: not `statematch='false'`.
    """
    out = direction == "out"
    named = States(states) if states else None
    if direction == "inout":
        return [Way(True, True, named), Way(False, False, named)]
    if states is not None:
        return [Way(out, False, named)]
    if one_way:
        asked = States(("new", "established")) if accepts and memory else None
        return [Way(out, False, asked)]
    if not accepts or not memory:
        return [Way(out, False, None), Way(not out, True, None)]
    return [
        Way(out, False, States(("new", "established"), reply=False)),
        Way(not out, True, States(("established",), reply=True)),
    ]
