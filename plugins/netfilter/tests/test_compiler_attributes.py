"""No attribute of a rule is ever left out without a word: each changes the rules, or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.rulesets import MARKS, TRACKING, rules
from tests.namespaces import Namespace
from virtkit.errors import ConfigUnsupportedError
from virtkit.network.nftables import apply, listed
from virtkit.xml.nwfilter import MATCHES, FilterRef, Match, NWFilter, Rule
from virtkit_netfilter.compiler import TABLE, Device, install
from virtkit_netfilter.compiler.comparisons import TAGS, attributes_of

CLASSES = sorted(MATCHES.items())

SAMPLES = {
    "match": "no", "comment": "why", "srcmacmask": "ff:ff:ff:00:00:00", "dstmacmask": "ff:ff:ff:00:00:00",
    "protocolid": "ipv6", "encap-protocol": "ipv4", "opcode": "Reply", "gratuitous": "true", "protocol": "udp",
    "flags": "SYN/SYN", "state": "NEW", "ipset": "blocked", "ipsetflags": "src", "dscp": "4", "vlanid": "3",
}  # fmt: skip

NEEDED = {
    "srcmacmask": "srcmacaddr", "dstmacmask": "dstmacaddr", "root-address-mask": "root-address",
    "sender-address-mask": "sender-address", "srcipmask": "srcipaddr", "dstipmask": "dstipaddr",
    "arpsrcipmask": "arpsrcipaddr", "arpdstipmask": "arpdstipaddr", "srcipto": "srcipfrom", "dstipto": "dstipfrom",
    "srcportend": "srcportstart", "dstportend": "dstportstart", "typeend": "type", "codeend": "code",
}  # fmt: skip
"""What an attribute says something about, by its name; those that end in -hi belong to what is before that."""

REFUSED = {"gratuitous", "ipset", "ipsetflags"}
"""Attributes that nftables has nothing for."""


def sample(tag: str, name: str, *, end: bool = False) -> str:
    if tag == "stp" and name == "flags":
        return "1"
    if name in SAMPLES:
        return SAMPLES[name]
    if name.endswith(("-address", "-address-mask")) or "macaddr" in name:
        return "52:54:00:00:00:0f"
    if "mask" in name:
        return "24" if "ipv6" not in tag and tag != "icmpv6" else "64"
    if "ip" in name:
        last = "9" if end or name.endswith("to") else "3"
        return f"2001:db8::{last}" if "ipv6" in tag or tag == "icmpv6" else f"10.0.0.{last}"
    return "7" if name.endswith(("end", "-hi")) else "5"


def needed(name: str) -> str | None:
    return NEEDED.get(name, name.removesuffix("-hi") if name.endswith("-hi") else None)


def parsed(tag: str, attributes: dict[str, str], direction: str) -> NWFilter:
    written = " ".join(f"{name}='{value}'" for name, value in attributes.items())
    rule = f"<rule action='accept' direction='{direction}'><{tag} {written}/></rule>"
    return NWFilter.parse(f"<filter name='f'>{rule}</filter>")


def compiled(tag: str, attributes: dict[str, str], direction: str) -> list[dict[str, Any]]:
    definition = parsed(tag, attributes, direction)
    assert definition.notices == ()
    device = Device("vnet0", frames.GUEST, FilterRef(filter="f"))
    return rules(install(device, {"f": definition}, TRACKING))


@pytest.mark.parametrize("direction", ["in", "out", "inout"])
@pytest.mark.parametrize(("tag", "cls"), CLASSES)
def test_every_attribute_changes_the_rules_or_is_refused(tag: str, cls: type[Match], direction: str) -> None:
    silent = []
    for name in attribute_names(cls):
        base = {needed(name) or "": sample(tag, needed(name) or "")} if needed(name) else {}
        if name == "match":
            base = {"srcmacaddr": frames.PEER}
        changed = {**base, name: sample(tag, name)}
        contradicts = direction == "inout" and (name == "connlimit-above" or (tag == "stp" and "srcmacaddr" in changed))
        if name in REFUSED or contradicts:
            with pytest.raises(ConfigUnsupportedError, match="rule 1 of filter 'f'"):
                compiled(tag, changed, direction)
        elif compiled(tag, changed, direction) == compiled(tag, base, direction):
            silent.append(name)
    assert [] == silent


@pytest.mark.parametrize(("tag", "cls"), CLASSES)
def test_the_kernel_takes_every_attribute_alone_and_all_together(
    tag: str, cls: type[Match], network: Namespace
) -> None:
    fine = [name for name in attribute_names(cls) if name not in REFUSED | {"match", "connlimit-above"}]
    together = {name: sample(tag, name) for name in fine}
    alone = [{name: together[name] for name in (needed(each), each) if name} for each in fine]
    written = [" ".join(f"{name}='{value}'" for name, value in each.items()) for each in [*alone, together]]
    text = "".join(
        f"<rule action='accept' direction='{direction}'><{tag} match='{match}' {each}/></rule>"
        for each in written
        for match in ("yes", "no")
        for direction in ("in", "out")
    )
    definition = NWFilter.parse(f"<filter name='f'>{text}</filter>")
    commands = install(Device("vnet0", frames.GUEST, FilterRef(filter="f")), {"f": definition}, MARKS)
    apply(commands)
    found = [item["rule"] for item in listed("bridge", TABLE) or [] if "rule" in item]
    assert len(rules(commands)) == len([rule for rule in found if rule["chain"].startswith("vnet0/")])


@pytest.mark.parametrize(("tag", "cls"), CLASSES)
def test_an_attribute_without_what_it_is_about_is_refused(tag: str, cls: type[Match]) -> None:
    for name in attribute_names(cls):
        if needed(name):
            with pytest.raises(ConfigUnsupportedError, match="without the attribute that it belongs to"):
                compiled(tag, {name: sample(tag, name)}, "in")


def attribute_names(cls: type[Match]) -> list[str]:
    return [attribute for field in cls.fields.values() for attribute in field.attribute_names]


def test_all_fields_of_all_elements_are_attributes_that_the_compiler_knows() -> None:
    for tag, cls in CLASSES:
        assert tag == TAGS[cls]
        known = {field.attribute for field in attributes_of(cls).values()} | {"match", "comment"}
        assert known == set(attribute_names(cls))


def test_all_fields_of_a_rule_and_a_filter_are_known() -> None:
    assert ["action", "direction", "priority", "statematch", "matches"] == list(Rule.fields)
    assert ["name", "chain", "priority", "uuid", "parts"] == list(NWFilter.fields)


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("tcp srcportstart='9' srcportend='8'", "the range srcportstart 9 to srcportend 8 is empty"),
        ("tcp srcipfrom='10.0.0.9' srcipto='10.0.0.8'", "the range srcipfrom 10.0.0.9 to srcipto 10.0.0.8 is empty"),
        ("tcp flags='SYN/SYN,ACK'", "expects flags that it does not look at"),
        ("tcp flags='NONE/NONE'", "looks at no flag"),
        ("all match='no' state='NEW,ESTABLISHED,RELATED,INVALID'", "no connection is in any of the states"),
        ("stp root-cost='2' root-cost-hi='1'", "the range root_cost 2 to root_cost_hi 1 is empty"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(match: str, said: str) -> None:
    with pytest.raises(ConfigUnsupportedError, match=said):
        _compiled(match)


def _compiled(match: str, attributes: str = "") -> None:
    definition = NWFilter.parse(
        f"<filter name='f'><rule action='drop' direction='in' {attributes}><{match}/></rule></filter>"
    )
    install(Device("vnet0", frames.GUEST, FilterRef(filter="f")), {"f": definition}, TRACKING)


def test_states_without_a_memory_contradict() -> None:
    with pytest.raises(ConfigUnsupportedError, match="state NEW contradicts statematch='false'"):
        _compiled("tcp state='NEW'", "statematch='false'")


def test_elements_of_two_protocols_in_one_rule_contradict() -> None:
    with pytest.raises(ConfigUnsupportedError, match="it compares both arp and ip"):
        _compiled("ip/><arp")


def test_elements_of_one_protocol_must_all_fit() -> None:
    definition = NWFilter.parse(
        "<filter name='f'><rule action='drop' direction='in'>"
        "<arp opcode='Reply'/><arp match='no' arpdstipaddr='10.0.0.1'/></rule></filter>"
    )
    (rule,) = rules(install(Device("vnet0", frames.GUEST, FilterRef(filter="f")), {"f": definition}, TRACKING))
    assert ["==", "==", "!="] == [each["match"]["op"] for each in rule["expr"][:-1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<rule action='accept' direction='in'><gre/></rule>", "rule 1 of filter 'f': gre means nothing there"),
        ("<rule action='accept' direction='in'><tcp dstport='22'/></rule>", "dstport means nothing there"),
        ("<rule action='accept' direction='in' when='now'/>", "when means nothing there"),
        ("<rule direction='in'/>", "it lacks its action or direction"),
        ("<rule action='drop'/>", "it lacks its action or direction"),
        ("<rul action='drop' direction='in'/>", "filter 'f': rul means nothing"),
    ],
)
def test_what_nobody_understands_is_not_in_force(text: str, said: str) -> None:
    definition = NWFilter.parse(f"<filter name='f'>{text}</filter>")
    with pytest.raises(ConfigUnsupportedError, match=said):
        install(Device("vnet0", frames.GUEST, FilterRef(filter="f")), {"f": definition}, TRACKING)


def test_what_belongs_to_somebody_else_does_not_matter() -> None:
    definition = NWFilter.parse(
        "<filter name='f' xmlns:a='urn:a'><rule action='drop' direction='in' a:note='x'><a:why/></rule></filter>"
    )
    assert rules(install(Device("vnet0", frames.GUEST, FilterRef(filter="f")), {"f": definition}, TRACKING))
