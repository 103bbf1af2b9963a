"""Variables, lists and references: which rules a tree of filters becomes."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.netfilter.tests import frames
from plugins.netfilter.tests.lan import reference
from plugins.netfilter.tests.rulesets import MARKS, TRACKING, rules, said
from virtkit.errors import ConfigUnsupportedError, InternalError, InvalidArgError, OperationFailedError
from virtkit.xml.nwfilter import NWFilter
from virtkit_netfilter.compiler import Device, Missing, install, learning, missing, needs_learning, reached
from virtkit_netfilter.compiler.tree import DEEPEST

Given = dict[str, Any]


def parsed(**texts: str) -> dict[str, NWFilter]:
    """Filters by name; a text is what is in the element."""
    return {
        name.replace("_", "-"): NWFilter.parse(f"<filter name='{name.replace('_', '-')}'>{text}</filter>")
        for name, text in texts.items()
    }


def out(match: str) -> str:
    return f"<rule action='drop' direction='out'><{match}/></rule>"


def device(values: Given | None = None, *, learned: tuple[str, ...] = ()) -> Device:
    return Device("vnet0", frames.GUEST, reference("top", values or {}), learned)


def compared(filters: dict[str, NWFilter], values: Given | None = None, *, learned: tuple[str, ...] = ()) -> list[str]:
    """What the guest's rules compare, without the Ethernet protocol."""
    made = rules(install(device(values, learned=learned), filters, MARKS))
    return [", ".join(map(said, rule["expr"][1:-1])) for rule in made if "jump" not in rule["expr"][-1]]


def test_a_list_makes_a_rule_of_each_value() -> None:
    filters = parsed(top=out("ip srcipaddr='$IP'"))
    assert ["ip saddr 10.0.0.1", "ip saddr 10.0.0.2"] == compared(filters, {"IP": ("10.0.0.1", "10.0.0.2")})


def test_equal_values_make_one_rule() -> None:
    filters = parsed(top=out("ip srcipaddr='$IP'"))
    assert ["ip saddr 10.0.0.1"] == compared(filters, {"IP": ("10.0.0.1", "10.0.0.1")})


LISTS = {"A": ("10.0.0.1", "10.0.0.2"), "P": ("1", "2")}


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("ip srcipaddr='$A' dscp='$P'", ["1 1", "2 2"]),
        ("ip srcipaddr='$A[@3]' dscp='$P[@3]'", ["1 1", "2 2"]),
        ("ip srcipaddr='$A[@1]' dscp='$P[@2]'", ["1 1", "1 2", "2 1", "2 2"]),
        ("ip srcipaddr='$A[1]' dscp='$P'", ["2 1", "2 2"]),
        ("ip srcipaddr='$A[1]' dscp='$P[0]'", ["2 1"]),
    ],
)
def test_iterators_go_side_by_side_or_through_all_combinations(match: str, expected: list[str]) -> None:
    pairs = [pair.split() for pair in expected]
    assert [f"ip saddr 10.0.0.{address}, ip dscp {code}" for address, code in pairs] == compared(
        parsed(top=out(match)), LISTS
    )


def test_lists_side_by_side_must_be_equally_long() -> None:
    filters = parsed(top=out("ip srcipaddr='$A' dscp='$P'"))
    with pytest.raises(ConfigUnsupportedError, match=r"lists of different lengths \(\$A 2, \$P 1\)"):
        compared(filters, {**LISTS, "P": "1"})


def test_far_too_many_combinations_are_refused() -> None:
    filters = parsed(top=out("ip srcipaddr='$A[@1]' dstipaddr='$A[@2]' dscp='$P[@3]'"))
    many = {"A": [f"10.0.{high}.{low}" for high in range(2) for low in range(200)], "P": ("1", "2")}
    with pytest.raises(ConfigUnsupportedError, match="its variables make 320000 rules of it"):
        compared(filters, many)


def test_a_value_that_is_not_there_is_named_with_the_way_to_it() -> None:
    filters = parsed(top="<filterref filter='middle'/>", middle="<filterref filter='last'/>", last=out("ip dscp='$X'"))
    with pytest.raises(
        InternalError, match=r"rule 1 of filter 'last' \(through top -> middle\): the variable X has no"
    ):
        compared(filters)
    with pytest.raises(InternalError, match=r"\$A\[7\] asks for value 7 of A, counted from 0: it has 2"):
        compared(parsed(top=out("ip srcipaddr='$A[7]'")), LISTS)


@pytest.mark.parametrize(
    "value",
    ["10.0.0.300", "2001:db8::1", "$IP", "", "10.0.0.1; reboot", '"}, {"flush": {"ruleset": null}}', "10.0.0.0/8"],
)
def test_a_value_must_be_what_the_attribute_takes(value: str) -> None:
    with pytest.raises(InternalError, match="rule 1 of filter 'top': the variable IP does not fit ip/@srcipaddr"):
        compared(parsed(top=out("ip srcipaddr='$IP'")), {"IP": value})


def test_the_mac_address_is_known_and_can_be_given() -> None:
    filters = parsed(top=out("arp srcmacaddr='$MAC'"))
    assert [f"ether saddr {frames.GUEST}"] == compared(filters)
    assert [f"ether saddr {frames.PEER}"] == compared(filters, {"MAC": frames.PEER})


def test_a_learned_address_counts_where_none_is_given() -> None:
    filters = parsed(top=out("ip srcipaddr='$IP'"))
    assert ["ip saddr 10.0.0.7", "ip saddr 10.0.0.8"] == compared(filters, learned=("10.0.0.7", "10.0.0.8"))
    assert ["ip saddr 10.0.0.1"] == compared(filters, {"IP": "10.0.0.1"}, learned=("10.0.0.7",))


def test_what_a_reference_gives_counts_unless_the_interface_says_otherwise() -> None:
    inner = "<filterref filter='last'><parameter name='X' value='2'/></filterref>"
    filters = parsed(
        top=f"<filterref filter='middle'><parameter name='X' value='1'/></filterref>{inner}",
        middle=inner,
        last=out("ip dscp='$X'"),
    )
    assert ["ip dscp 1", "ip dscp 2"] == compared(filters)
    assert ["ip dscp 3", "ip dscp 3"] == compared(filters, {"X": "3"})


def test_a_filter_that_is_not_defined_is_named_with_the_way_to_it() -> None:
    filters = parsed(top="<filterref filter='middle'/>", middle="<filterref filter='absent'/>")
    with pytest.raises(InternalError, match=r"filter 'absent' \(through top -> middle\) is not defined"):
        compared(filters)


@pytest.mark.parametrize("ask", [lambda filters: compared(filters), lambda filters: missing(device(), filters)])
def test_a_circle_is_refused(ask: Any) -> None:
    filters = parsed(top="<filterref filter='a'/>", a="<filterref filter='b'/>", b="<filterref filter='a'/>")
    with pytest.raises(OperationFailedError, match="filter 'a' refers to itself: a -> b -> a"):
        ask(filters)


def test_references_that_multiply_end_in_a_refusal() -> None:
    twice = {f"f{number}": f"<filterref filter='f{number + 1}'/>" * 2 for number in range(40)}
    with pytest.raises(ConfigUnsupportedError, match="filter 'top' is too large"):
        compared(parsed(top="<filterref filter='f0'/>", **twice, f40=out("mac")))


def test_references_that_go_deep_end_in_a_refusal() -> None:
    chain = {f"f{number}": f"<filterref filter='f{number + 1}'/>" for number in range(5000)}
    with pytest.raises(ConfigUnsupportedError, match=f"one within another {DEEPEST} times at most"):
        compared(parsed(top="<filterref filter='f0'/>", **chain, f5000=out("mac")))


def test_filters_that_are_reached_are_told_once_and_circles_do_not_matter() -> None:
    filters = parsed(
        top="<filterref filter='a'/><filterref filter='b'/>",
        a="<filterref filter='b'/><filterref filter='gone'/>",
        b="<filterref filter='a'/>",
        unused=out("mac"),
    )
    assert ["top", "a", "b", "gone"] == reached(device().filterref, filters)


def test_what_is_missing_is_told_without_an_error() -> None:
    filters = parsed(
        top="<filterref filter='b'/><filterref filter='absent'/>" + out("ip srcipaddr='$IP' dscp='$X[@1]'"),
        b="<filterref filter='gone'/>" + out("ip srcipaddr='$IP' dscp='$Y[2]'"),
    )
    assert Missing(("gone", "absent"), ("IP", "Y", "X")) == missing(device(), filters)
    assert Missing(("gone", "absent"), ()) == missing(device({"IP": "10.0.0.1", "X": "1", "Y": "2"}), filters)


@pytest.mark.parametrize(
    ("values", "learned", "expected"),
    [
        ({}, (), "any"),
        ({"CTRL_IP_LEARNING": "any"}, (), "any"),
        ({"CTRL_IP_LEARNING": "dhcp"}, (), "dhcp"),
        ({"CTRL_IP_LEARNING": "none"}, (), None),
        ({"IP": "10.0.0.1"}, (), None),
        ({}, ("10.0.0.1",), None),
    ],
)
def test_an_address_is_learned_where_it_is_used_and_not_given(
    values: Given, learned: tuple[str, ...], expected: str | None
) -> None:
    used = parsed(top="<filterref filter='b'/>", b=out("ip srcipaddr='$IP'"))
    assert expected == needs_learning(device(values, learned=learned), used)
    assert needs_learning(device(values, learned=learned), parsed(top=out("ip dscp='1'"))) is None


def test_an_unknown_way_to_learn_is_refused() -> None:
    odd = device({"CTRL_IP_LEARNING": "guess"})
    with pytest.raises(ConfigUnsupportedError, match="the variable CTRL_IP_LEARNING is 'guess'"):
        needs_learning(odd, parsed(top=out("ip srcipaddr='$IP'")))
    with pytest.raises(ConfigUnsupportedError, match="the variable CTRL_IP_LEARNING is 'guess'"):
        learning(odd, MARKS)


@pytest.mark.parametrize("name", ["", "vnet 0", "vnet0/out", "a" * 16, 'x"y', "x\ny"])
def test_a_device_whose_name_says_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgError, match="cannot be the name of a filtered device"):
        install(device()._replace(name=name), parsed(top=out("mac")), MARKS)


def test_rules_and_chains_go_by_priority_and_then_by_the_documents_order() -> None:
    filters = parsed(
        top="<filterref filter='late'/><filterref filter='early'/>"
        "<rule action='accept' direction='out' priority='-300'><ip dscp='3'/></rule>"
        "<rule action='accept' direction='out' priority='-1000'><ip dscp='1'/></rule>"
        "<rule action='accept' direction='out'><ip dscp='5'/></rule>"
        "<rule action='accept' direction='out'><ip dscp='6'/></rule>"
        "<rule action='accept' direction='out' priority='-500'><ip dscp='2'/></rule>",
        late=out("ip dscp='9'"),
        early=out("arp opcode='9'"),
    )
    filters["late"].chain, filters["late"].priority = "ipv4-x", 400
    filters["early"].chain = "arp-x"
    made = rules(install(device(), filters, MARKS))
    assert ["ip dscp 1", "jump vnet0/out/arp-x", "ip dscp 2", "ip dscp 3", "jump vnet0/out/ipv4-x", "ip dscp 5",
            "ip dscp 6"] == [said(rule["expr"][1]) for rule in made if rule["chain"] == "vnet0/out"]  # fmt: skip


def test_without_tracking_of_any_kind_rules_with_a_memory_are_refused_and_others_are_not() -> None:
    nothing = TRACKING._replace(bridge_ct=False)
    with pytest.raises(ConfigUnsupportedError, match="load the module nf_conntrack_bridge, or br_netfilter"):
        install(device(), parsed(top="<rule action='accept' direction='in'><tcp/></rule>"), nothing)
    assert install(device(), parsed(top="<rule action='accept' direction='inout'><tcp/></rule>"), nothing)
