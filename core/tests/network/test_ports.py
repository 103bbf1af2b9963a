"""Ports of networks for interfaces of guests, with a fake driver of networks."""

from __future__ import annotations

import pytest

from core.tests.network.fakes import MAC, WEB, FakeNetworks, FakePeers, interface
from virtkit.enums import NetworkPortCreateFlags
from virtkit.errors import ConfigUnsupportedError, NoNetworkError, OperationInvalidError
from virtkit.network import ports
from virtkit.xml.domain.devices.interface import Interface
from virtkit.xml.netdev import Bandwidth, Traffic


def lan(more: str = "") -> Interface:
    found = interface(
        f"<interface type='network'><mac address='{MAC}'/><source network='lan' portgroup='slow'/>{more}</interface>"
    )
    ports.number(found)
    return found


def source(found: Interface) -> dict[str, object]:
    assert found.source is not None
    return found.source.content()


def test_the_port_that_is_asked_for_has_an_owner_and_what_the_interface_wants() -> None:
    networks, wanted = FakeNetworks(type="network", bridge="virbr7"), lan("<port isolated='yes'/>")
    ports.claim(networks.peers(), WEB, wanted)
    (port,) = networks.ports.values()
    assert port.owner is not None
    assert ("web", WEB.uuid, "slow", MAC, True) == (
        port.owner.name,
        port.owner.uuid,
        port.group,
        port.mac,
        port.port_isolated,
    )


@pytest.mark.parametrize(
    ("plug", "shown"),
    [
        ({"type": "network", "bridge": "virbr7"}, {"bridge": "virbr7"}),
        ({"type": "bridge", "bridge": "br0"}, {"bridge": "br0"}),
        ({"type": "direct", "dev": "eth0", "mode": "vepa"}, {"dev": "eth0", "mode": "vepa"}),
    ],
)
def test_a_live_interface_shows_what_its_port_told_and_forgets_it_again(
    plug: dict[str, str], shown: dict[str, str]
) -> None:
    found = lan()
    before = source(found)
    ports.claim(FakeNetworks(**plug).peers(), WEB, found)
    assert plug["type"] == found.type
    assert before | shown == source(found)
    ports.unsettle(found)
    assert "network" == found.type
    assert {"network": "lan", "portgroup": "slow"} == source(found)


def test_what_a_port_group_adds_is_part_of_the_live_interface() -> None:
    networks, found = FakeNetworks(type="network", bridge="virbr7"), lan()
    networks.settings["bandwidth"] = Bandwidth(class_id=3, inbound=Traffic(average=1000))
    ports.claim(networks.peers(), WEB, found)
    assert found.bandwidth is not None
    assert found.bandwidth.inbound is not None
    assert (1000, None) == (found.bandwidth.inbound.average, found.bandwidth.class_id)


def test_a_port_is_given_back_once_and_more_is_no_error() -> None:
    networks, found = FakeNetworks(type="network", bridge="virbr7"), lan()
    ports.claim(networks.peers(), WEB, found)
    ports.release(networks.peers(), found)
    assert {} == networks.ports
    ports.release(networks.peers(), found)
    ports.release(FakePeers(), found)


def test_a_port_that_the_network_has_lost_is_claimed_again_as_it_was() -> None:
    networks, found = FakeNetworks(type="direct", dev="eth0", mode="private"), lan()
    ports.claim(networks.peers(), WEB, found)
    ((number, port),) = networks.ports.items()
    ports.reclaim(networks.peers(), WEB, found)
    assert 0 == networks.flags
    networks.ports.clear()
    ports.reclaim(networks.peers(), WEB, found)
    assert NetworkPortCreateFlags.RECLAIM == networks.flags
    assert port.format() == networks.ports[number].format()


def test_a_missing_driver_names_the_package_to_install() -> None:
    with pytest.raises(ConfigUnsupportedError, match=rf"'web'.*{MAC}.*'lan'.*pip install virtkit-network"):
        ports.claim(FakePeers(), WEB, lan())


def test_a_network_that_does_not_exist_is_named() -> None:
    found = lan()
    assert found.source is not None
    found.source.network = "wan"
    with pytest.raises(NoNetworkError, match=rf"'web'.*{MAC}.*'wan', which does not exist"):
        ports.claim(FakeNetworks().peers(), WEB, found)


def test_a_network_that_is_not_active_is_to_be_started() -> None:
    networks = FakeNetworks()
    networks.active = False
    with pytest.raises(OperationInvalidError, match=rf"'web'.*{MAC}.*not active; .*`virtkit net-start lan`"):
        ports.claim(networks.peers(), WEB, lan())


def test_a_port_that_no_interface_can_use_is_refused() -> None:
    with pytest.raises(ConfigUnsupportedError, match="'lan', whose port is of type hostdev-pci"):
        ports.claim(FakeNetworks(type="hostdev-pci").peers(), WEB, lan())
