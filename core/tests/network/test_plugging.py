"""Interfaces that are plugged in and out, in a network namespace; drivers of networks and filters are fakes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from core.tests.network.fakes import MAC, WEB, FakeFilters, FakeNetworks, FakePeers, interface, written
from tests.namespaces import Namespace
from virtkit.errors import ConfigUnsupportedError, InternalError, OperationInvalidError, VirtError
from virtkit.network import plugging
from virtkit.network.links import Link, Links, open_tap
from virtkit.network.ownership import device_of, name_device
from virtkit.xml.domain.devices.interface import Interface

TAP_MAC = "fe:54:00:aa:bb:cc"


@pytest.fixture
def links(network: Namespace) -> Iterator[Links]:
    with Links() as opened:
        opened.add_bridge("br0", mac="52:54:00:00:00:01", stp=False, delay=0, mtu=1400)
        opened.add_veth("up0", "up1")
        yield opened


@pytest.fixture
def files() -> Iterator[list[int]]:
    opened: list[int] = []
    yield opened
    for file in opened:
        os.close(file)


def bridged(more: str = "") -> Interface:
    return interface(f"<interface type='bridge'><mac address='{MAC}'/><source bridge='br0'/>{more}</interface>")


def plug(links: Links, found: Interface, peers: FakePeers, files: list[int]) -> Link:
    """Plug an interface in with a tap, and look at it."""

    def make(_: Links, settled: Interface) -> None:
        name, opened = open_tap(device_of(settled) or "vnet%d")
        files.extend(opened)
        name_device(settled, name)

    plugging.prepare(found)
    plugging.settle(peers, WEB, links, found)
    plugging.plug(peers, WEB, links, found, make)
    link = links.find(device_of(found) or "")
    assert link is not None
    return link


def number_of(links: Links, name: str) -> int:
    link = links.find(name)
    assert link is not None
    return link.number


def test_a_tap_is_on_its_bridge_with_an_address_that_the_bridge_does_not_take(links: Links, files: list[int]) -> None:
    link = plug(links, bridged("<target dev='mine'/>"), FakePeers(), files)
    assert ("mine", TAP_MAC, True, 1400, number_of(links, "br0")) == (
        link.name,
        link.mac,
        link.up,
        link.mtu,
        link.master,
    )


def test_the_mtu_of_the_document_wins(links: Links, files: list[int]) -> None:
    assert 1300 == plug(links, bridged("<mtu size='1300'/>"), FakePeers(), files).mtu


def test_isolated_ports_of_a_bridge_do_not_see_each_other(links: Links, files: list[int], network: Namespace) -> None:
    name = plug(links, bridged("<port isolated='yes'/>"), FakePeers(), files).name
    assert "isolated on" in network.run("ip", "-d", "link", "show", name).stdout


LIMITS = "<bandwidth><inbound average='1000'/><outbound average='500'/></bandwidth>"


def test_a_limited_tap_leaves_nothing_of_its_limits(links: Links, files: list[int], network: Namespace) -> None:
    before, found = links.all(), bridged(LIMITS)
    name = plug(links, found, FakePeers(), files).name
    assert "htb" in network.run("tc", "qdisc", "show", "dev", name).stdout
    assert "ingress" in network.run("tc", "qdisc", "show", "dev", name).stdout
    os.close(files.pop())
    plugging.unplug(FakePeers(), WEB, links, found)
    assert [link.name for link in before] == [link.name for link in links.all()]


def test_what_a_macvtap_sends_is_what_its_guest_sends(links: Links, network: Namespace) -> None:
    found = interface(f"<interface type='direct'><mac address='{MAC}'/><source dev='up0'/>{LIMITS}</interface>")

    def make(_: Links, settled: Interface) -> None:
        links.add_macvtap(device_of(settled) or "", "up0", mac=MAC, mode="bridge")

    plugging.settle(FakePeers(), WEB, links, found)
    plugging.plug(FakePeers(), WEB, links, found, make)
    name = device_of(found)
    assert name is not None
    assert "rate 4096Kbit" in network.run("tc", "class", "show", "dev", name).stdout  # the 500 KiB/s of outbound


def test_a_bridge_that_was_made_anew_gets_its_taps_back(links: Links, files: list[int]) -> None:
    found = bridged()
    name = plug(links, found, FakePeers(), files).name
    links.delete("br0")
    links.add_bridge("br0", mac=None, stp=False, delay=0, mtu=None)
    plugging.restore(FakePeers(), WEB, links, found)
    link = links.find(name)
    assert link is not None
    assert number_of(links, "br0") == link.master


def test_what_cannot_be_restored_is_logged(links: Links, files: list[int], caplog: pytest.LogCaptureFixture) -> None:
    found = bridged("<filterref filter='good'/>")
    plug(links, found, FakeFilters().peers(), files)
    links.delete("br0")
    plugging.restore(FakePeers(), WEB, links, found)
    assert "'web' runs on, but its interface vnet0: its bridge does not exist any more" in caplog.text
    assert "'web' runs on without its filter: its interface vnet0" in caplog.text


def test_everything_is_restored_and_undone_by_the_document_alone(links: Links, files: list[int]) -> None:
    networks, filters = FakeNetworks(type="network", bridge="br0"), FakeFilters()
    peers = FakePeers(networks.peers() | filters.peers())
    found = interface(
        f"<interface type='network'><mac address='{MAC}'/><source network='lan'/><filterref filter='good'/></interface>"
    )
    plug(links, found, peers, files)
    stored = interface(written(found))
    networks.ports.clear()
    filters.bound.clear()
    plugging.restore(peers, WEB, links, stored)
    assert (1, ["vnet0"]) == (len(networks.ports), list(filters.bound))
    plugging.unplug(peers, WEB, links, stored)
    assert ({}, {}) == (networks.ports, filters.bound)
    plugging.unplug(peers, WEB, links, stored)


def test_a_filter_that_cannot_be_had_stops_the_start_and_leaves_what_unplug_undoes(
    links: Links, files: list[int]
) -> None:
    networks, filters = FakeNetworks(type="bridge", bridge="br0"), FakeFilters()
    peers = FakePeers(networks.peers() | filters.peers())
    found = interface(
        f"<interface type='network'><mac address='{MAC}'/><source network='lan'/><filterref filter='none'/></interface>"
    )
    with pytest.raises(VirtError, match="'none'"):
        plug(links, found, peers, files)
    plugging.unplug(peers, WEB, links, found)
    assert {} == networks.ports


def test_the_host_end_of_a_pair_is_plugged_in_like_a_tap_and_removed(links: Links) -> None:
    def make(_: Links, settled: Interface) -> None:
        links.add_veth("veth0", "inside")
        name_device(settled, "veth0")

    before, found = links.all(), bridged()
    plugging.settle(FakePeers(), WEB, links, found)
    plugging.plug(FakePeers(), WEB, links, found, make)
    link = links.find("veth0")
    assert link is not None
    assert (TAP_MAC, True, number_of(links, "br0")) == (link.mac, link.up, link.master)
    plugging.unplug(FakePeers(), WEB, links, found)
    assert [each.name for each in before] == [each.name for each in links.all()]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("<interface type='bridge'><source bridge='none'/>", InternalError, "'none', which is no bridge"),
        ("<interface type='bridge'><source bridge='up0'/>", InternalError, "'up0', which is no bridge"),
        ("<interface type='bridge'><source bridge='br0'/><target dev='up0'/>", OperationInvalidError, "up0 on the"),
        ("<interface type='ethernet'><target dev='none' managed='no'/>", InternalError, "to use none as it is"),
        ("<interface type='direct'><source dev='none'/>", InternalError, "on the link 'none'"),
        (
            "<interface type='bridge'><source bridge='br0'/><vlan><tag id='4'/></vlan>",
            ConfigUnsupportedError,
            "br0 does not keep",
        ),
        ("<interface type='ethernet'><vlan><tag id='4'/></vlan>", ConfigUnsupportedError, "a <vlan>"),
        (
            "<interface type='bridge'><source bridge='br0'/><bandwidth><inbound average='2' floor='1'/></bandwidth>",
            ConfigUnsupportedError,
            "a floor",
        ),
        ("<interface type='direct'><source dev='up0'/><mtu size='99'/>", ConfigUnsupportedError, "<mtu>"),
        ("<interface type='ethernet'><port isolated='yes'/>", ConfigUnsupportedError, "isolated <port>"),
        ("<interface type='ethernet'><source><ip address='10.0.0.1'/></source>", ConfigUnsupportedError, "addresses"),
        ("<interface type='bridge'><source bridge='br0'/><ip address='10.0.0.1'/>", ConfigUnsupportedError, "an <ip>"),
        (
            "<interface type='bridge'><source bridge='br0'/><virtualport type='openvswitch'/>",
            ConfigUnsupportedError,
            "<virtualport>",
        ),
    ],
)
def test_what_cannot_be_plugged_in_is_refused_before_anything_is_made(
    links: Links, text: str, error: type[VirtError], said: str
) -> None:
    before = links.all()
    with pytest.raises(error, match=f"domain 'web' cannot start: its interface {MAC}.*{said}"):
        plugging.settle(FakePeers(), WEB, links, interface(f"{text}<mac address='{MAC}'/></interface>"))
    assert before == links.all()


def test_a_guest_with_an_address_like_a_tap_has_another_on_the_host(links: Links, files: list[int]) -> None:
    found = interface("<interface type='bridge'><source bridge='br0'/><mac address='fe:54:00:00:00:01'/></interface>")
    assert "fa:54:00:00:00:01" == plug(links, found, FakePeers(), files).mac


def test_a_macvtap_is_removed_and_one_that_is_another_guests_is_not(links: Links) -> None:
    found = interface(f"<interface type='direct'><mac address='{MAC}'/><source dev='up0'/></interface>")
    plugging.settle(FakePeers(), WEB, links, found)
    name = device_of(found)
    assert name is not None
    links.add_macvtap(name, "up0", mac="52:54:00:00:00:09", mode="bridge")
    plugging.unplug(FakePeers(), WEB, links, found)
    assert links.find(name) is not None
    links.delete(name)
    links.add_macvtap(name, "up0", mac=MAC, mode="bridge")
    plugging.unplug(FakePeers(), WEB, links, found)
    assert links.find(name) is None
