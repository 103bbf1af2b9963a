"""Network filters: rules for the traffic of guests, and references to other filters.

Whatever a rule compares with is text, since a variable (`$IP`, `$IP[@1]`) may stand for it; constants are kept in one
form: numbers as they were written, decimal or hexadecimal, but by name where the protocol has one (`arp`, `tcp`,
`Request`), masks of addresses as a number of bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError, InvalidArgError, XMLError
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attribute, children, mixed, textchild
from virtkit.xml.values import IP, MAC, UUID, Refusal, Value, integer, one_of, quoted, refused_as

CHAINS = ("mac", "vlan", "stp", "arp", "rarp", "ipv4", "ipv6")
"""What the name of a chain starts with, unless it is `root`."""

LONGEST_CHAIN = 12
"""The kernel's tables cut longer names."""

_VARIABLE = re.compile(r"\$[a-zA-Z0-9_]+(\[ *@?[0-9]+ *\])?")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}")
_CHAIN = re.compile(r"[a-zA-Z0-9_.:-]+")
_SET = re.compile(r"[a-zA-Z0-9_.:+ -]{1,31}")


def constant(read: Callable[[str], str]) -> Value[str]:
    """A value that `read` brings into its one form, or a variable."""

    def read_constant(text: str) -> str:
        if text.startswith("$"):
            if not _VARIABLE.fullmatch(text):
                raise Refusal(f"{quoted(text)} is not a variable such as $IP, $IP[2] or $IP[@1]", InternalError)
            return text.replace(" ", "").removesuffix("[@0]")
        try:
            return read(text)
        except Refusal as refusal:
            raise Refusal(f"{refusal.message}, nor a variable such as $IP", InternalError) from None

    return Value(read_constant)


def number(high: int, names: Mapping[int, str] | None = None, low: int = 0) -> Value[str]:
    """A number from `low` to `high`, decimal or hexadecimal as it was written; one that has a name is printed by it."""
    known = names or {}
    named = {name.lower(): name for name in known.values()}

    def read(text: str) -> str:
        if text.lower() in named:
            return named[text.lower()]
        prefixed = text[:2].lower() == "0x"
        value = int(text, 16 if prefixed else 10) if _NUMBER.fullmatch(text) else -1
        if value in known:
            return known[value]
        if not low <= value <= high:
            alternatives = f" or one of {', '.join(known.values())}" if known else ""
            raise Refusal(f"{quoted(text)} is not a number from {low} to {high}{alternatives}")
        return f"{value:#x}" if prefixed else str(value)

    return constant(read)


def address(version: int) -> Value[str]:
    """An address of that version of IP."""
    read_address = IP.read or str

    def read(text: str) -> str:
        if (":" in text) is not (version == 6):
            raise Refusal(f"{quoted(text)} is not an IPv{version} address")
        return read_address(text)

    return constant(read)


def mask(version: int) -> Value[str]:
    """A mask of addresses: the number of bits, or an address that has them."""
    bits = 32 if version == 4 else 128

    def read(text: str) -> str:
        if text.isascii() and text.isdigit() and len(text) <= 4 and int(text) <= bits:
            return str(int(text))
        from ipaddress import ip_address

        try:
            value = int(ip_address(text)) if (":" in text) is (version == 6) else 1
        except ValueError:
            value = 1
        ones = value.bit_count()
        if value != (1 << bits) - (1 << (bits - ones)):
            raise Refusal(f"{quoted(text)} is not a mask: a number of bits up to {bits}, or such an address")
        return str(ones)

    return constant(read)


def flags(*names: str, none: str = "", every: str = "") -> Callable[[str], str]:
    """Return a reader of a list of words in any case and order; `none` and `every` stand for no word and for all."""

    def read(text: str) -> str:
        words = {word.strip().upper() for word in text.split(",")} - {""}
        if every and words == {every}:
            return every
        if unknown := words - {*names, none}:
            raise Refusal(f"{quoted(unknown.pop())} is not one of {', '.join(names)}")
        if none in words or not words:
            return none
        return every if every and words == set(names) else ",".join(name for name in names if name in words)

    return read


_TCP_FLAGS = flags("FIN", "SYN", "RST", "PSH", "ACK", "URG", none="NONE", every="ALL")


def _read_tcp_flags(text: str) -> str:
    looked_at, slash, expected = text.partition("/")
    if not slash:
        raise Refusal(f"{quoted(text)} is not two lists of flags such as SYN,ACK/SYN")
    return f"{_TCP_FLAGS(looked_at)}/{_TCP_FLAGS(expected)}"


def _read_truth(text: str) -> str:
    if text.lower() not in ("true", "yes", "1", "false", "no", "0"):
        raise Refusal(f"{quoted(text)} is neither true nor false")
    return "true" if text.lower() in ("true", "yes", "1") else "false"


def _read_set(text: str) -> str:
    if not _SET.fullmatch(text):
        raise Refusal(f"{quoted(text)} is not the name of an IP set: up to 31 letters, digits or _.:-+")
    return text


def _read_set_flags(text: str) -> str:
    words = [word.strip().lower() for word in text.split(",")]
    if len(words) > 6 or not {"src", "dst"}.issuperset(words):
        raise Refusal(f"{quoted(text)} is not a list of up to six words src and dst")
    return ",".join(words)


def _read_no(text: str) -> bool | None:
    if text not in ("yes", "no"):
        raise Refusal(f"{quoted(text)} is neither yes nor no", InternalError)
    return False if text == "no" else None


def _read_false(text: str) -> bool | None:
    if text.lower() not in ("false", "0", "true", "1"):
        raise Refusal(f"{quoted(text)} is neither true nor false", InternalError)
    return False if text.lower() in ("false", "0") else None


def _read_chain(text: str) -> str:
    problem = ""
    if text != "root" and not text.startswith(CHAINS):
        problem = f"is neither root nor starts with one of {', '.join(CHAINS)}"
    elif len(text) > LONGEST_CHAIN:
        problem = f"is longer than {LONGEST_CHAIN} characters"
    elif not _CHAIN.fullmatch(text):
        problem = "has other characters than letters, digits and _.:-"
    if problem:
        raise Refusal(f"the name of the chain, {quoted(text)}, {problem}", InvalidArgError)
    return text


PRIORITY = integer(-1000, 1000)

MATCH: Value[bool | None] = Value(_read_no, lambda value: "yes" if value else "no")
"""False turns the comparison round; `yes` reads as None: it says nothing."""

STATE_MATCH: Value[bool | None] = Value(_read_false, lambda value: "true" if value else "false")

PROTOCOLS = {
    1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp", 136: "udplite",
}  # fmt: skip
ETHERNET_PROTOCOLS = {0x800: "ipv4", 0x806: "arp", 0x8035: "rarp", 0x8100: "vlan", 0x86DD: "ipv6"}
ARP_OPCODES = {
    1: "Request", 2: "Reply", 3: "Request_Reverse", 4: "Reply_Reverse", 5: "DRARP_Request", 6: "DRARP_Reply",
    7: "DRARP_Error", 8: "InARP_Request", 9: "ARP_NAK",
}  # fmt: skip

MAC_ADDRESS = constant(MAC.read or str)
BYTE = number(0xFF)
SHORT = number(0xFFFF)
LONG = number(0xFFFFFFFF)
DSCP = number(63)
ETHERNET_PROTOCOL = number(0xFFFF, ETHERNET_PROTOCOLS, low=0x600)
PROTOCOL = number(0xFF, PROTOCOLS)
IPV4, IPV6 = address(4), address(6)
IPV4_MASK, IPV6_MASK = mask(4), mask(6)
STATE = constant(flags("NEW", "ESTABLISHED", "RELATED", "INVALID", none="NONE"))


class Match(Element):
    """What a rule compares packets with; all attributes must fit, or with `match` False: not all."""

    match = attribute("match", MATCH)


class Ethernet(Match):
    """Frames by their addresses."""

    srcmacaddr = attribute("srcmacaddr", MAC_ADDRESS)
    srcmacmask = attribute("srcmacmask", MAC_ADDRESS)
    dstmacaddr = attribute("dstmacaddr", MAC_ADDRESS)
    dstmacmask = attribute("dstmacmask", MAC_ADDRESS)


class Mac(Ethernet):
    """Any frame."""

    protocolid = attribute("protocolid", ETHERNET_PROTOCOL)
    comment = attribute("comment")


class Vlan(Ethernet):
    """Frames with a VLAN tag."""

    vlanid = attribute("vlanid", number(4095))
    encap_protocol = attribute("encap-protocol", ETHERNET_PROTOCOL)
    comment = attribute("comment")


class Stp(Match):
    """Frames of the spanning tree protocol; `…_hi` is the end of a range."""

    srcmacaddr = attribute("srcmacaddr", MAC_ADDRESS)
    srcmacmask = attribute("srcmacmask", MAC_ADDRESS)
    type = attribute("type", BYTE)
    flags = attribute("flags", BYTE)
    root_priority = attribute("root-priority", SHORT)
    root_priority_hi = attribute("root-priority-hi", SHORT)
    root_address = attribute("root-address", MAC_ADDRESS)
    root_address_mask = attribute("root-address-mask", MAC_ADDRESS)
    root_cost = attribute("root-cost", LONG)
    root_cost_hi = attribute("root-cost-hi", LONG)
    sender_priority = attribute("sender-priority", SHORT)
    sender_priority_hi = attribute("sender-priority-hi", SHORT)
    sender_address = attribute("sender-address", MAC_ADDRESS)
    sender_address_mask = attribute("sender-address-mask", MAC_ADDRESS)
    port = attribute("port", SHORT)
    port_hi = attribute("port-hi", SHORT)
    age = attribute("age", SHORT)
    age_hi = attribute("age-hi", SHORT)
    max_age = attribute("max-age", SHORT)
    max_age_hi = attribute("max-age-hi", SHORT)
    hello_time = attribute("hello-time", SHORT)
    hello_time_hi = attribute("hello-time-hi", SHORT)
    forward_delay = attribute("forward-delay", SHORT)
    forward_delay_hi = attribute("forward-delay-hi", SHORT)
    comment = attribute("comment")


class Arp(Ethernet):
    """ARP."""

    hwtype = attribute("hwtype", SHORT)
    protocoltype = attribute("protocoltype", SHORT)
    opcode = attribute("opcode", number(0xFFFF, ARP_OPCODES))
    arpsrcmacaddr = attribute("arpsrcmacaddr", MAC_ADDRESS)
    arpdstmacaddr = attribute("arpdstmacaddr", MAC_ADDRESS)
    arpsrcipaddr = attribute("arpsrcipaddr", IPV4)
    arpsrcipmask = attribute("arpsrcipmask", IPV4_MASK)
    arpdstipaddr = attribute("arpdstipaddr", IPV4)
    arpdstipmask = attribute("arpdstipmask", IPV4_MASK)
    gratuitous = attribute("gratuitous", constant(_read_truth))
    comment = attribute("comment")


class Rarp(Arp):
    """RARP."""


class Ip(Ethernet):
    """IPv4, frame by frame: without a memory of connections."""

    srcipaddr = attribute("srcipaddr", IPV4)
    srcipmask = attribute("srcipmask", IPV4_MASK)
    dstipaddr = attribute("dstipaddr", IPV4)
    dstipmask = attribute("dstipmask", IPV4_MASK)
    protocol = attribute("protocol", PROTOCOL)
    srcportstart = attribute("srcportstart", SHORT)
    srcportend = attribute("srcportend", SHORT)
    dstportstart = attribute("dstportstart", SHORT)
    dstportend = attribute("dstportend", SHORT)
    dscp = attribute("dscp", DSCP)
    comment = attribute("comment")


class Ipv6(Ethernet):
    """IPv6, frame by frame: without a memory of connections."""

    srcipaddr = attribute("srcipaddr", IPV6)
    srcipmask = attribute("srcipmask", IPV6_MASK)
    dstipaddr = attribute("dstipaddr", IPV6)
    dstipmask = attribute("dstipmask", IPV6_MASK)
    protocol = attribute("protocol", PROTOCOL)
    srcportstart = attribute("srcportstart", SHORT)
    srcportend = attribute("srcportend", SHORT)
    dstportstart = attribute("dstportstart", SHORT)
    dstportend = attribute("dstportend", SHORT)
    type = attribute("type", BYTE)
    typeend = attribute("typeend", BYTE)
    code = attribute("code", BYTE)
    codeend = attribute("codeend", BYTE)
    comment = attribute("comment")


class Traffic(Match):
    """IPv4 with a memory of connections: replies to what was accepted are accepted too."""

    srcmacaddr = attribute("srcmacaddr", MAC_ADDRESS)
    srcipaddr = attribute("srcipaddr", IPV4)
    srcipmask = attribute("srcipmask", IPV4_MASK)
    dstipaddr = attribute("dstipaddr", IPV4)
    dstipmask = attribute("dstipmask", IPV4_MASK)
    srcipfrom = attribute("srcipfrom", IPV4)
    srcipto = attribute("srcipto", IPV4)
    dstipfrom = attribute("dstipfrom", IPV4)
    dstipto = attribute("dstipto", IPV4)
    dscp = attribute("dscp", DSCP)
    connlimit_above = attribute("connlimit-above", SHORT)
    state = attribute("state", STATE)
    ipset = attribute("ipset", constant(_read_set))
    ipsetflags = attribute("ipsetflags", constant(_read_set_flags))


class Ipv6Addresses(Element):
    """What IPv6 has in place of IPv4's addresses."""

    srcipaddr = attribute("srcipaddr", IPV6)
    srcipmask = attribute("srcipmask", IPV6_MASK)
    dstipaddr = attribute("dstipaddr", IPV6)
    dstipmask = attribute("dstipmask", IPV6_MASK)
    srcipfrom = attribute("srcipfrom", IPV6)
    srcipto = attribute("srcipto", IPV6)
    dstipfrom = attribute("dstipfrom", IPV6)
    dstipto = attribute("dstipto", IPV6)


class All(Traffic):
    """All of IPv4."""

    comment = attribute("comment")


class Ah(All):
    """Authentication headers."""


class Esp(All):
    """Encrypted payloads."""


class Igmp(All):
    """Group management."""


class Udplite(All):
    """UDP-Lite."""


class Udp(Traffic):
    """UDP."""

    srcportstart = attribute("srcportstart", SHORT)
    srcportend = attribute("srcportend", SHORT)
    dstportstart = attribute("dstportstart", SHORT)
    dstportend = attribute("dstportend", SHORT)
    comment = attribute("comment")


class Sctp(Udp):
    """SCTP."""


class Tcp(Udp, before={"flags": "comment"}):
    """TCP; `flags` are those to look at, a slash, and those of them that must be set."""

    flags = attribute("flags", constant(_read_tcp_flags))


class Icmp(Traffic):
    """ICMP."""

    type = attribute("type", BYTE)
    code = attribute("code", BYTE)
    comment = attribute("comment")


class AllIpv6(Ipv6Addresses, All):
    """All of IPv6."""


class AhIpv6(Ipv6Addresses, All):
    """Authentication headers on IPv6."""


class EspIpv6(Ipv6Addresses, All):
    """Encrypted payloads on IPv6."""


class UdpliteIpv6(Ipv6Addresses, All):
    """UDP-Lite on IPv6."""


class UdpIpv6(Ipv6Addresses, Udp):
    """UDP on IPv6."""


class SctpIpv6(Ipv6Addresses, Udp):
    """SCTP on IPv6."""


class TcpIpv6(Ipv6Addresses, Tcp, before={"flags": "comment"}):
    """TCP on IPv6."""


class Icmpv6(Ipv6Addresses, Icmp):
    """ICMPv6."""


MATCHES: dict[str, type[Match]] = {
    "mac": Mac, "vlan": Vlan, "stp": Stp, "arp": Arp, "rarp": Rarp, "ip": Ip, "ipv6": Ipv6,
    "all": All, "ah": Ah, "esp": Esp, "igmp": Igmp, "udplite": Udplite, "udp": Udp, "sctp": Sctp, "tcp": Tcp,
    "icmp": Icmp, "all-ipv6": AllIpv6, "ah-ipv6": AhIpv6, "esp-ipv6": EspIpv6, "udplite-ipv6": UdpliteIpv6,
    "udp-ipv6": UdpIpv6, "sctp-ipv6": SctpIpv6, "tcp-ipv6": TcpIpv6, "icmpv6": Icmpv6,
}  # fmt: skip
"""Class by the name of the element."""


class Part(Element):
    """A part of a filter: a rule, or a reference to another filter."""


class Rule(Part):
    """What to do with packets; `priority` None is 500, lower ones come first. Only the first of `matches` counts."""

    action = attribute("action", one_of("drop", "accept", "reject", "return", "continue", error=ConfigUnsupportedError))
    direction = attribute("direction", one_of("in", "out", "inout", error=ConfigUnsupportedError))
    priority = attribute("priority", PRIORITY)
    statematch = attribute("statematch", STATE_MATCH)
    matches = mixed(MATCHES)


class Parameter(Element):
    """A value of a variable; several of one name make a list."""

    name = attribute("name")
    value = attribute("value")


class FilterRef(Part):
    """Another filter, whose rules count here, and values of its variables."""

    filter = attribute("filter")
    parameters = children("parameter", Parameter)


class NWFilter(Document, tag="filter", error_domain=ErrorDomain.NWFILTER):
    """A network filter; `parts` are its rules and references in document order."""

    name = attribute("name")
    chain = attribute("chain", Value(_read_chain))
    priority = attribute("priority", refused_as(InvalidArgError, PRIORITY))
    uuid = textchild("uuid", refused_as(XMLError, UUID))
    parts = mixed({"filterref": FilterRef, "rule": Rule})
