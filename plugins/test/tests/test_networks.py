"""Networks of the simulator: states, events, changes of parts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from plugins.test.tests import real
from plugins.test.tests.bench import UUID_A, Bench, network_xml
from plugins.test.tests.watching import Watch
from virtkit.enums import NetworkEventLifecycleType as Event
from virtkit.errors import NoNetworkError, OperationInvalidError
from virtkit.events import EventKey
from virtkit.refs import NetworkRef

LIFECYCLE = EventKey("network", 0)
LIVE, CONFIG = 1, 2


def states(bench: Bench, ref: NetworkRef) -> tuple[bool, bool]:
    """Whether a network is active, and whether it is persistent."""
    return bench.network_is_active(ref), bench.network_is_persistent(ref)


def test_a_persistent_network_starts_stops_and_goes(bench: Bench) -> None:
    watch = Watch(bench, LIFECYCLE)
    ref = bench.network_define_xml_flags(network_xml(), 0)
    assert states(bench, ref) == (False, True)
    bench.network_create(ref)
    assert states(bench, ref) == (True, True)
    bench.network_destroy(ref)
    assert states(bench, ref) == (False, True)
    bench.network_undefine(ref)
    assert watch.take() == [
        ("vecnet", event, 0) for event in (Event.DEFINED, Event.STARTED, Event.STOPPED, Event.UNDEFINED)
    ]
    with pytest.raises(NoNetworkError):
        bench.network_is_active(ref)


def test_a_transient_network_is_gone_when_it_stops(bench: Bench) -> None:
    ref = bench.network_create_xml_flags(network_xml(), 0)
    assert states(bench, ref) == (True, False)
    bench.network_destroy(ref)
    with pytest.raises(NoNetworkError):
        bench.network_is_active(ref)


def test_a_transient_network_that_is_defined_stays(bench: Bench) -> None:
    ref = bench.network_create_xml_flags(network_xml(), 0)
    bench.network_define_xml_flags(network_xml(), 0)
    assert states(bench, ref) == (True, True)
    bench.network_destroy(ref)
    assert states(bench, ref) == (False, True)


def test_lists_are_filtered_by_state(bench: Bench) -> None:
    bench.network_define_xml_flags(network_xml(), 0)
    assert bench.connect_list_networks() == ["default"]
    assert bench.connect_list_defined_networks() == ["vecnet"]
    bench.network_set_autostart(bench.network, True)
    assert [ref.name for ref in bench.connect_list_all_networks(16)] == ["default"]
    assert [ref.name for ref in bench.connect_list_all_networks(32)] == ["vecnet"]


def test_the_bridge_has_a_name_or_is_an_error(bench: Bench) -> None:
    assert bench.network_get_bridge_name(bench.network) == "virbr0"
    nameless = bench.network_define_xml_flags(network_xml(inside=""), 0)
    assert bench.refusal(bench.network_get_bridge_name, nameless) == (1, 12)


def dns(ip: str, name: str) -> str:
    """An entry of the name server."""
    return f"<host ip='{ip}'><hostname>{name}</hostname></host>"


def dhcp(mac: str, name: str, ip: str) -> str:
    """An entry of the DHCP server."""
    return f"<host mac='52:54:00:00:00:{mac}' name='{name}' ip='10.5.0.{ip}'/>"


RANGE = "<range start='10.5.0.5' end='10.5.0.{}'/>"

FIRST, SECOND = dhcp("01", "x", "5"), dhcp("01", "y", "6")
SRV, TXT = "<srv service='s' protocol='tcp'/>", "<txt name='n' value='{}'/>"
GROUP = "<portgroup name='{}'/>"

UPDATES: list[tuple[int, int, str]] = [
    (3, 4, FIRST), (3, 4, dhcp("01", "z", "9")), (1, 4, SECOND), (2, 4, SECOND), (2, 4, SECOND),
    (3, 5, RANGE.format(6)), (3, 5, RANGE.format(6)), (2, 5, RANGE.format(6)), (1, 5, RANGE.format(7)),
    (2, 5, RANGE.format(9)), (4, 9, GROUP.format("a")), (4, 9, GROUP.format("b")),
    (1, 9, "<portgroup name='b' default='yes'/>"), (2, 9, GROUP.format("a")), (2, 9, GROUP.format("a")),
    (3, 10, dns("1.1.1.1", "h")), (3, 10, dns("1.1.1.1", "i")), (4, 10, dns("1.1.1.2", "k")),
    (1, 10, dns("1.1.1.2", "h")), (2, 10, dns("1.1.1.1", "h")), (3, 12, SRV), (2, 12, SRV), (3, 11, TXT.format("v")),
    (3, 11, TXT.format("w")), (2, 11, "<txt name='n'/>"), (2, 11, "<txt name='n'/>"), (3, 6, "<interface dev='eth0'/>"),
    (3, 8, "<pf dev='e'/>"), (3, 1, "<x/>"), (3, 2, "<x/>"), (3, 3, "<y/>"), (3, 99, "<y/>"),
    (9, 10, dns("1.1.1.5", "z")), (3, 10, "no XML"), (3, 4, "<range/>"),
]  # fmt: skip
"""Command, section and element of changes to one network, one after the other."""

XML = network_xml("parts", "<ip address='10.5.0.1' prefix='24'/>")

PROGRAM = """
net = conn.networkDefineXML(request["xml"])
answers = [attempt(net.update, command, section, -1, xml, 0) for command, section, xml in request["updates"]]
print(json.dumps([answers, net.XMLDesc(0)]))
"""


def updated(bench: Bench) -> tuple[list[Any], str]:
    """Codes of the changes, and the network after them."""
    ref = bench.network_define_xml_flags(XML, 0)
    answers: list[Any] = []
    for command, section, xml in UPDATES:
        code = bench.refusal(bench.network_update, ref, command, section, -1, xml, 0)
        answers.append({"error": list(code)} if code[0] else 0)
    return answers, bench.network_get_xml_desc(ref, 0)


@pytest.mark.libvirt
def test_parts_change_as_in_libvirts_driver(bench: Bench) -> None:
    theirs, document = real.run(PROGRAM, xml=XML, updates=UPDATES)
    ours = updated(bench)
    assert list(zip(UPDATES, ours[0], strict=True)) == list(zip(UPDATES, theirs, strict=True))
    assert ours[1] == document


def test_a_part_is_changed_where_the_flags_say(bench: Bench) -> None:
    ref = bench.network_define_xml_flags(XML, 0)
    bench.network_create(ref)
    bench.network_update(ref, 3, 10, -1, dns("1.1.1.1", "both"), LIVE | CONFIG)
    bench.network_update(ref, 3, 10, -1, dns("1.1.1.2", "live"), LIVE)
    bench.network_update(ref, 3, 10, -1, dns("1.1.1.3", "later"), CONFIG)
    assert hostnames(bench, ref) == ["both", "live"]
    bench.network_destroy(ref)
    assert hostnames(bench, ref) == ["both", "later"]


def test_a_change_of_a_network_that_runs_with_its_definition_stays_when_it_stops(bench: Bench) -> None:
    bench.network_update(bench.network, 3, 10, -1, dns("1.1.1.1", "live"), LIVE)
    bench.network_destroy(bench.network)
    assert hostnames(bench, bench.network) == ["live"]


def hostnames(bench: Bench, ref: NetworkRef) -> list[str]:
    """Names that a network's name server knows."""
    return re.findall("<hostname>(.*)</hostname>", bench.network_get_xml_desc(ref, 0))


RUNNING = [
    (3, 4, dhcp("01", "a", "5"), LIVE), (3, 4, dhcp("02", "b", "6"), CONFIG), (3, 4, dhcp("02", "b", "6"), CONFIG),
    (2, 4, "<host mac='52:54:00:00:00:01'/>", CONFIG), (2, 4, "<host mac='52:54:00:00:00:01'/>", CONFIG),
    (3, 4, dhcp("03", "c", "7"), LIVE), (1, 4, dhcp("03", "d", "7"), LIVE | CONFIG), (3, 4, dhcp("04", "e", "8"), 0),
    (1, 4, dhcp("04", "f", "8"), CONFIG), (3, 4, dhcp("05", "g", "9"), LIVE | CONFIG), (2, 4, "<host/>", LIVE),
    (2, 4, "<host name='a'/>", LIVE), (3, 4, "<host name='a'/>", LIVE), (3, 5, RANGE.format("1"), 0),
    (3, 5, "<range start='1.2.3.4' end='1.2.3.9'/>", 0), (2, 5, "<range start='1.2.3.4' end='1.2.3.9'/>", 0),
    (3, 5, "<range start='10.5.0.9'/>", 0), (3, 5, RANGE.format("9"), LIVE | CONFIG),
]  # fmt: skip
"""Command, section, element and flags of changes to a running network, one after the other."""

RUNNING_PROGRAM = """
net = conn.networkDefineXML(request["xml"])
net.create()
print(json.dumps([
    [attempt(net.update, command, section, -1, xml, flags), net.XMLDesc(0)]
    for command, section, xml, flags in request["updates"]
]))
"""


@pytest.mark.libvirt
def test_a_running_network_and_its_definition_change_as_in_libvirts_driver(bench: Bench) -> None:
    ref = bench.network_define_xml_flags(XML, 0)
    bench.network_create(ref)
    ours: list[Any] = []
    for command, section, xml, flags in RUNNING:
        code = bench.refusal(bench.network_update, ref, command, section, -1, xml, flags)
        ours.append([{"error": list(code)} if code[0] else 0, bench.network_get_xml_desc(ref, 0)])
    theirs = real.run(RUNNING_PROGRAM, xml=XML, updates=RUNNING)
    assert list(zip(RUNNING, ours, strict=True)) == list(zip(RUNNING, theirs, strict=True))


def test_a_part_that_does_not_fit_changes_nothing(bench: Bench) -> None:
    ref = bench.network_define_xml_flags(XML, 0)
    bench.network_create(ref)
    bench.network_update(ref, 3, 10, -1, dns("1.1.1.1", "there"), CONFIG)
    before = bench.network_get_xml_desc(ref, 0)
    with pytest.raises(OperationInvalidError, match="matching entry"):
        bench.network_update(ref, 3, 10, -1, dns("1.1.1.1", "again"), LIVE | CONFIG)
    assert bench.network_get_xml_desc(ref, 0) == before


def test_two_networks_have_two_names_and_two_uuids(bench: Bench) -> None:
    bench.inactive_network()
    assert bench.refusal(bench.network_define_xml_flags, network_xml("other", uuid=UUID_A), 0) == (9, 19)
