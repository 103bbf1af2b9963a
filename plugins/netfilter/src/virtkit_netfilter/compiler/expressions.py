"""Parts of rules in the JSON of libnftables, and nothing about filters."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

Expression = dict[str, Any]
"""One statement or comparison of a rule, as libnftables-json(5) has it."""

Operand = Any
"""What a comparison has on either side."""

ACCEPT: Expression = {"accept": None}
DROP: Expression = {"drop": None}
RETURN: Expression = {"return": None}

ETHER_TYPE: Operand = {"payload": {"protocol": "ether", "field": "type"}}
TRANSPORT: Operand = {"meta": {"key": "l4proto"}}
MARK: Operand = {"meta": {"key": "mark"}}

ALL_BITS = (1 << 32) - 1


def compared(left: Operand, right: Operand, *, differs: bool = False) -> Expression:
    """Whether two operands are the same; with `differs`, whether they are not."""
    return {"match": {"op": "!=" if differs else "==", "left": left, "right": right}}


def field(protocol: str, name: str) -> Operand:
    """A field of a header that nftables knows by name."""
    return {"payload": {"protocol": protocol, "field": name}}


def raw(base: str, offset: int, bits: int) -> Operand:
    """A field of a header by its place: `offset` bytes behind the start of a layer (ll, nh, th)."""
    return {"payload": {"base": base, "offset": offset * 8, "len": bits}}


def masked(left: Operand, mask: Operand) -> Operand:
    """The bits of an operand that are set in a mask, too."""
    return {"&": [left, mask]}


def network(address: str, bits: int) -> Operand:
    """An address with a mask: addresses of a network, or one."""
    found = ip_network((address, bits), strict=False)
    if found.prefixlen == found.max_prefixlen:
        return str(found.network_address)
    return {"prefix": {"addr": str(found.network_address), "len": found.prefixlen}}


def inside(left: Operand, address: str, bits: int, *, differs: bool = False) -> Expression:
    """Whether an operand is an address of a network; nftables knows no network of all addresses."""
    if bits:
        return compared(left, network(address, bits), differs=differs)
    nothing = "::" if ":" in address else "0.0.0.0"
    return compared(masked(left, nothing), nothing, differs=differs)


def between(left: Operand, low: Operand, high: Operand, *, differs: bool = False) -> Expression:
    """Whether an operand is in a range, both ends included."""
    return compared(left, low if low == high else {"range": [low, high]}, differs=differs)


def with_bits(bits: int) -> Expression:
    """Set bits of the packet's mark, and leave the others."""
    return {"mangle": {"key": MARK, "value": {"|": [MARK, bits]}}}


def without_bits(bits: int) -> Expression:
    """Clear bits of the packet's mark, and leave the others."""
    return {"mangle": {"key": MARK, "value": masked(MARK, ALL_BITS ^ bits)}}


def has_bits(bits: int, *, none: bool = False) -> Expression:
    """Whether the packet's mark has one of these bits at least; or none of them."""
    return compared(masked(MARK, bits), 0, differs=not none)
