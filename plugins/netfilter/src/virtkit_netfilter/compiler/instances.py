"""What one rule of a filter becomes: rules of nftables, for each combination of its variables, on each way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.nwfilter import Match
from virtkit_netfilter.compiler import layout, link, traffic
from virtkit_netfilter.compiler.comparisons import TAGS, Comparisons, references
from virtkit_netfilter.compiler.expressions import ACCEPT, DROP, RETURN, Expression, field
from virtkit_netfilter.compiler.layout import FLOW, IN, OUT
from virtkit_netfilter.compiler.tree import Placed, unknown
from virtkit_netfilter.compiler.variables import NWFILTER, combinations
from virtkit_netfilter.probing import BRIDGE_SWITCHES, Abilities

LONGEST_COMMENT = 120
"""Bytes of a comment that nftables surely keeps."""

STATES = tuple(layout.STATE_BITS)

_VERDICTS: dict[str, list[Expression]] = {
    "accept": [ACCEPT], "drop": [DROP], "reject": [DROP], "return": [RETURN], "continue": [],
}  # fmt: skip
_REJECTED: Expression = {"reject": {"type": "icmpx", "expr": "port-unreachable"}}


class Made(NamedTuple):
    """A rule of nftables, and where it goes.

    Attributes:
        way: From the guest or to it.
        chain: The chain, as the filter names it; the one for rules with a memory is `layout.FLOW`.
        priority: Its place in the chain: lower ones come first.
        expressions: Comparisons and verdict.
        comment: What the filter says about it.
        remembers: It asks about the connection.
    """

    way: str
    chain: str
    priority: int
    expressions: list[Expression]
    comment: str = ""
    remembers: bool = False


def instances(place: Placed, abilities: Abilities, names: Iterator[str]) -> Iterator[Made]:
    """All rules of nftables for a rule of a filter.

    Args:
        place: The rule.
        abilities: What the kernel can do.
        names: Names for sets of the device that packets fill, each new.

    Raises:
        InternalError: A variable has no value, or one that does not fit.
        ConfigUnsupportedError: The rule contradicts itself, or needs what nftables or this kernel cannot do.
    """
    matches: list[Match] = place.rule.matches
    tags = sorted({TAGS[type(match)] for match in matches})
    _check_rule(place, tags)
    asked = list(dict.fromkeys(reference for match in matches for reference in references(match)))
    for values in combinations(asked, place.values, place.where):
        if not tags or tags[0] in link.PROTOCOLS:
            yield from _of_link(place, matches, values)
        else:
            yield from _of_traffic(place, matches, values, abilities, names)


def _check_rule(place: Placed, tags: list[str]) -> None:
    """Refuse a rule that does not say what it does: it would do it to more packets, or others, than was meant."""
    rule = place.rule
    if not rule.action or not rule.direction:
        raise _unsupported(place, "it lacks its action or direction: add it")
    if names := [name for element in (rule, *rule.matches) for name in unknown(element)]:
        raise _unsupported(place, f"{', '.join(names)} means nothing there: remove or correct it")
    if len(tags) > 1:
        raise _unsupported(place, f"it compares both {' and '.join(tags)}: make a rule of each")


def _of_link(place: Placed, matches: list[Match], values: Mapping[str, str]) -> Iterator[Made]:
    direction = place.rule.direction
    verdict = _VERDICTS[place.rule.action or ""]
    for way in (OUT, IN):
        if direction in (way, "inout"):
            reverse = way == OUT and direction == "inout"
            found = [
                expression
                for match in matches
                for expression in link.comparisons(Comparisons(match, values, place.where), reverse=reverse)
            ]
            yield Made(way, place.chain, place.priority, _once(found) + verdict, _comment(matches))


def _of_traffic(
    place: Placed, matches: list[Match], values: Mapping[str, str], abilities: Abilities, names: Iterator[str]
) -> Iterator[Made]:
    states = _states(place, matches, values)
    limited = _has(matches, "connlimit_above")
    accepts = place.rule.action == "accept"
    if limited:
        _check_limit(place, abilities)
    ways = traffic.ways(
        place.rule.direction or "",
        accepts=accepts,
        states=states,
        one_way=limited or _has(matches, "type") or (not accepts and _has(matches, "srcmacaddr")),
        memory=place.rule.statematch is not False and not limited,
    )
    for way in ways:
        found: list[Expression] = []
        limits: list[Expression] = []
        for match in matches:
            rule = Comparisons(match, values, place.where)
            rule.take("state")
            limits += _limit(rule, names)
            found += traffic.comparisons(rule, reverse=way.reverse)
        if way.states is not None:
            _check_memory(place, abilities)
            found += layout.asked(way.states, abilities)
        made = _once(found) + limits + _verdict(place, way.out, abilities)
        yield Made(OUT if way.out else IN, FLOW, place.priority, made, _comment(matches), way.states is not None)


def _verdict(place: Placed, out: bool, abilities: Abilities) -> list[Expression]:
    """The verdict; the bridge can answer only where frames come in, elsewhere to reject is to drop."""
    if place.rule.action == "reject" and out and abilities.bridge_reject:
        return [_REJECTED]
    return _VERDICTS[place.rule.action or ""]


def _states(place: Placed, matches: list[Match], values: Mapping[str, str]) -> tuple[str, ...] | None:
    """States of connections that a rule names: none for NONE; None: it does not say."""
    named: set[str] | None = None
    for match in matches:
        if not _has([match], "state"):
            continue
        rule = Comparisons(match, values, place.where)
        text = rule.take("state") or ""
        if place.rule.statematch is False:
            raise rule.refused(f"state {text} contradicts statematch='false': remove one of them")
        if text == "NONE":
            return ()
        states = set(text.lower().split(","))
        named = (set(STATES) - states if rule.negated else states) & (set(STATES) if named is None else named)
        if not named:
            raise rule.refused("no connection is in any of the states that are left: name others")
    return None if named is None else tuple(state for state in STATES if state in named)


def _limit(rule: Comparisons, names: Iterator[str]) -> list[Expression]:
    """Count connections by their source, in a set of its own; it goes with the rule."""
    number = rule.number("connlimit_above")
    if number is None:
        return []
    source = field("ip6" if traffic.is_ipv6(rule.tag) else "ip", "saddr")
    count = {"ct count": {"val": number, "inv": not rule.negated}}
    return [{"meter": {"name": next(names), "key": source, "stmt": count, "size": layout.REMEMBERED}}]


def _check_limit(place: Placed, abilities: Abilities) -> None:
    if place.rule.direction == "inout":
        raise _unsupported(place, "connections are counted one way: make a rule of direction in, and one of out")
    if not abilities.bridge_ct:
        raise _unsupported(
            place,
            "connections of guests cannot be counted: this kernel has no connection tracking for bridges; load the"
            " module nf_conntrack_bridge, or remove connlimit-above",
        )


def _check_memory(place: Placed, abilities: Abilities) -> None:
    if not (abilities.bridge_ct or abilities.bridge_netfilter):
        raise _unsupported(
            place,
            "connections of guests are not tracked: load the module nf_conntrack_bridge, or br_netfilter with"
            f" {BRIDGE_SWITCHES}/bridge-nf-call-iptables and bridge-nf-call-ip6tables set to 1",
        )


def _unsupported(place: Placed, why: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(f"{place.where}: {why}", domain=NWFILTER)


def _has(matches: list[Match], name: str) -> bool:
    return any(match.__dict__.get(name) is not None for match in matches)


def _once(expressions: list[Expression]) -> list[Expression]:
    """Each expression once: elements of one rule repeat what they are about."""
    if len(expressions) < 2:
        return expressions
    return [each for number, each in enumerate(expressions) if each not in expressions[:number]]


def _comment(matches: list[Match]) -> str:
    """What a rule says about itself, in characters that stay within a comment wherever rules are listed."""
    text = " ".join(str(match.__dict__["comment"]) for match in matches if match.__dict__.get("comment"))
    plain = "".join(character if character.isprintable() else " " for character in text.replace('"', "'"))
    return plain.encode()[:LONGEST_COMMENT].decode(errors="ignore")
