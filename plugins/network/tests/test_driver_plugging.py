"""What ports get of their network, and what documents and limits may say: no network is started here."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.define.network import complete
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    OperationInvalidError,
    VirtError,
    XMLDetailError,
    XMLError,
)
from virtkit.xml.network import Network
from virtkit.xml.networkport import NetworkPort
from virtkit_network import checks, functions, limits, plugging


def network(inner: str) -> Network:
    found = Network.parse(f"<network><name>n</name>{inner}</network>")
    complete(found)
    return found


def port(inner: str = "", mac: str = "52:54:00:00:00:01") -> NetworkPort:
    found = NetworkPort.parse(f"<networkport><mac address='{mac}'/>{inner}</networkport>")
    found.uuid = b"0123456789abcdef"
    return found


def plugged(where: Network, inner: str = "", *others: NetworkPort, reclaim: bool = False) -> NetworkPort:
    new = port(inner)
    plugging.plug(where, others, new, reclaim=reclaim)
    return new


BRIDGED = "<bridge name='virbr7' macTableManager='libvirt'/>"
POOL = "<forward mode='{}'><interface dev='e1'/><interface dev='e2'/></forward>"


# Where


def test_a_port_of_an_own_bridge_is_told_who_keeps_its_addresses() -> None:
    assert "<plug type='network' bridge='virbr7' macTableManager='libvirt'/>" in plugged(network(BRIDGED)).format()


def test_ports_spread_over_the_interfaces_of_a_pool() -> None:
    where = network(POOL.format("vepa"))
    ports: list[NetworkPort] = []
    for _ in range(4):
        ports.append(plugged(where, "", *ports))
    assert ["e1", "e2", "e1", "e2"] == [each.plug.dev for each in ports if each.plug]


def test_an_interface_that_is_passed_through_is_handed_out_once() -> None:
    where = network(POOL.format("passthrough"))
    one = plugged(where)
    other = plugged(where, "", one)
    assert other.plug is not None
    assert "e2" == other.plug.dev
    with pytest.raises(InternalError, match="in use"):
        plugged(where, "", one, other)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A card with two virtual functions, of which the first has a link: what the kernel shows of one."""
    monkeypatch.setattr(functions, "CARDS", tmp_path / "net")
    device = tmp_path / "net" / "card0" / "device"
    device.mkdir(parents=True)
    for number, address in enumerate(("0000:03:10.1", "0000:03:10.3")):
        (tmp_path / "pci" / address).mkdir(parents=True)
        (device / f"virtfn{number}").symlink_to(tmp_path / "pci" / address)
    (tmp_path / "pci" / "0000:03:10.1" / "net" / "card0v0").mkdir(parents=True)
    return "card0"


def test_virtual_functions_are_handed_out_by_their_pci_addresses(card: str) -> None:
    where = network(f"<forward mode='hostdev' managed='yes'><driver name='vfio'/><pf dev='{card}'/></forward>")
    one = plugged(where)
    assert "<plug type='hostdev-pci' managed='yes'>" in one.format()
    assert "<address domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>" in one.format()
    assert "function='0x3'/>" in plugged(where, "", one).format()
    with pytest.raises(InternalError, match="PCI function"):
        plugged(where, "", one, plugged(where, "", one))


def test_virtual_functions_with_links_are_handed_out_by_their_links(card: str) -> None:
    one = plugged(network(f"<forward mode='passthrough'><pf dev='{card}'/></forward>"))
    assert "<plug type='direct' dev='card0v0' mode='passthrough'/>" in one.format()


def test_a_card_without_virtual_functions_is_no_network(card: str) -> None:
    functions.require(network(f"<forward mode='hostdev'><pf dev='{card}'/></forward>"))
    with pytest.raises(InternalError, match="sriov_numvfs"):
        functions.require(network("<forward mode='hostdev'><pf dev='card1'/></forward>"))


# Settings


GROUPS = """
<portgroup name='usual' default='yes' trustGuestRxFilters='yes'>
  <bandwidth><inbound average='10'/></bandwidth>
</portgroup>
<portgroup name='fast'><bandwidth><inbound average='1000'/></bandwidth></portgroup>
<port isolated='yes'/>
"""


def averages(found: NetworkPort) -> int | None:
    return found.bandwidth.inbound.average if found.bandwidth and found.bandwidth.inbound else None


def test_a_port_says_it_before_its_group_and_its_group_before_the_network() -> None:
    where = network(BRIDGED + GROUPS)
    usual = plugged(where)
    assert (10, True, True) == (averages(usual), usual.trust_guest, usual.port_isolated)
    fast = plugged(where, "<group>fast</group>")
    assert (1000, None) == (averages(fast), fast.trust_guest)
    own = "<group>fast</group><bandwidth><inbound average='5'/></bandwidth><port isolated='no'/>"
    assert (5, False) == (averages(plugged(where, own)), plugged(where, own).port_isolated)


def test_a_group_stays_as_it_is_when_its_port_changes() -> None:
    where = network(BRIDGED + GROUPS)
    found = plugged(where)
    assert found.bandwidth is not where.port_groups[0].bandwidth


@pytest.mark.parametrize(
    ("inner", "asked"),
    [
        (BRIDGED, "<virtualport type='openvswitch'/>"),
        (POOL.format("private"), "<virtualport type='openvswitch'/>"),
        (POOL.format("private"), "<vlan><tag id='5'/></vlan>"),
        ("<forward mode='bridge'/><bridge name='br0'/>", "<virtualport type='802.1Qbg'/>"),
    ],
)
def test_what_a_mode_has_no_place_for_is_refused(inner: str, asked: str) -> None:
    with pytest.raises(ConfigUnsupportedError):
        plugged(network(inner), asked)


def test_a_switch_of_its_own_kind_is_taken() -> None:
    where = network("<forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/>")
    assert "<virtualport type='openvswitch'/>" in plugged(where, "<vlan><tag id='5'/></vlan>").format()


@pytest.mark.parametrize(
    ("inner", "plug"),
    [
        (BRIDGED, "<plug type='network' bridge='virbr8'/>"),
        (BRIDGED, "<plug type='direct' dev='e1' mode='vepa'/>"),
        (POOL.format("vepa"), "<plug type='direct' dev='e3' mode='vepa'/>"),
        (BRIDGED, ""),
    ],
)
def test_what_is_not_the_networks_cannot_be_reclaimed(inner: str, plug: str) -> None:
    with pytest.raises(InternalError):
        plugged(network(inner), plug, reclaim=True)


# Limits


def test_limits_are_read_as_they_are_told() -> None:
    told = {"inbound.average": 5, "inbound.peak": 6, "inbound.floor": 0, "inbound.burst": 7}
    assert told == limits.told(limits.read(told))
    assert {} == limits.told(limits.read({"inbound.peak": 5, "outbound.burst": 5}))


@pytest.mark.parametrize(
    "params",
    [
        {"inbound.average": -1},
        {"inbound.average": 1 << 32},
        {"inbound.average": "5"},
        {"inbound.average": True},
        {"outbound.floor": 5},
        {"inbound.average": 5, "inbound.peak": 4},
    ],
)
def test_limits_that_mean_nothing_are_refused(params: dict[str, int | str | bool]) -> None:
    with pytest.raises(InvalidArgError):
        limits.read(params)


def test_no_more_is_guaranteed_than_there_is() -> None:
    where = network(f"{BRIDGED}<bandwidth><inbound average='100'/></bandwidth>")
    first, second, third = (port(f"<bandwidth><inbound floor='{floor}'/></bandwidth>") for floor in (60, 40, 1))
    limits.admit(where, [], first)
    limits.admit(where, [first], second)
    assert [3, 4] == [each.bandwidth.class_id for each in (first, second) if each.bandwidth]
    with pytest.raises(OperationInvalidError):
        limits.admit(where, [first, second], third)
    limits.admit(where, [second], third)
    assert third.bandwidth is not None
    assert 3 == third.bandwidth.class_id


# Documents; what the real libvirt refuses too is compared with it in tests/interop/test_networks.py


@pytest.mark.parametrize(
    ("inner", "error"),
    [
        ("<forward mode='nat'><nat><address start='10.0.0.9' end='10.0.0.1'/></nat></forward>{ip}", XMLError),
        ("<forward mode='nat'><nat><address start='10.0.0.9' end='fd00::1'/></nat></forward>{ip}", XMLError),
        ("<forward mode='nat'><nat><port start='9' end='1'/></nat></forward>{ip}", XMLError),
        ("<forward mode='nat' dev='e 1'/>{ip}", ConfigUnsupportedError),
        ("<bridge name='a/b'/>", ConfigUnsupportedError),
        ("<bridge name='a-name-of-16-byt'/>", ConfigUnsupportedError),
        ("{ip}<route address='10.0.0.1' prefix='8' gateway='10.9.0.2'/>", XMLError),
        ("{ip}<route address='10.0.0.0' prefix='8' netmask='255.0.0.0' gateway='10.9.0.2'/>", XMLError),
        ("{ip}<route family='ipv6' address='10.0.0.0' prefix='8' gateway='10.9.0.2'/>", XMLError),
        ("{ip}<route address='10.0.0.0' prefix='8'/>", XMLError),
        ("<bandwidth><inbound peak='5'/></bandwidth>", XMLDetailError),
        ("<portgroup/>", XMLError),
        ("<forward mode='route'><address type='pci' bus='1'/></forward>{ip}", ConfigUnsupportedError),
        ("<forward mode='bridge'/><bridge name='br0' delay='4'/>", XMLError),
        ("<portgroup name='a'><vlan><tag id='5'/></vlan></portgroup>{ip}", ConfigUnsupportedError),
    ],
)
def test_documents_that_no_network_starts_from_are_refused(inner: str, error: type[VirtError]) -> None:
    with pytest.raises(error) as refused:
        checks.check(network(inner.format(ip="<ip address='10.9.0.1' prefix='24'/>")))
    assert "'n'" in refused.value.message


@pytest.mark.parametrize(
    "inner",
    [
        "<bridge name='virbr%d'/>",
        "<ip address='10.9.0.1' prefix='24'/><route address='0.0.0.0' gateway='10.9.0.2'/>",
        "<forward mode='nat'><nat><address start='192.0.2.1'/></nat></forward><ip address='10.9.0.1' prefix='24'/>",
        "<vlan trunk='yes'><tag id='5'/><tag id='6'/></vlan>",
        "<forward mode='hostdev'><address type='pci' bus='1'/></forward><vlan><tag id='5'/></vlan>",
    ],
)
def test_documents_that_networks_start_from_are_taken(inner: str) -> None:
    checks.check(network(inner))
