"""Filters of guests' interfaces, with a fake driver of filters."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.tests.network.fakes import MAC, WEB, FakeFilters, FakePeers, interface
from virtkit.errors import ConfigUnsupportedError, OperationFailedError
from virtkit.network import bindings
from virtkit.xml.domain.devices.interface import Interface

OTHER = WEB._replace(name="db", uuid=UUID(int=8).bytes)


def filtered(name: str = "good", *, type: str = "bridge") -> Interface:
    reference = f"<filterref filter='{name}'><parameter name='IP' value='10.0.0.7'/></filterref>"
    return interface(f"<interface type='{type}'><mac address='{MAC}'/><target dev='vnet5'/>{reference}</interface>")


def test_a_binding_names_owner_device_address_and_values() -> None:
    filters = FakeFilters()
    bindings.bind(filters.peers(), WEB, filtered())
    bound = filters.bound["vnet5"]
    assert bound.owner is not None
    assert bound.filterref is not None
    assert ("web", WEB.uuid, MAC, "good") == (bound.owner.name, bound.owner.uuid, bound.mac, bound.filterref.filter)
    assert [("IP", "10.0.0.7")] == [(each.name, each.value) for each in bound.filterref.parameters]


def test_an_interface_without_a_filter_needs_no_driver() -> None:
    plain = interface("<interface type='bridge'/>")
    bindings.bind(FakePeers(), WEB, plain)
    bindings.restore(FakePeers(), WEB, plain)
    bindings.unbind(FakePeers(), WEB, plain)


def test_a_missing_driver_names_the_package_to_install() -> None:
    with pytest.raises(ConfigUnsupportedError, match=rf"'web'.*{MAC}.*'good'.*pip install virtkit-netfilter"):
        bindings.bind(FakePeers(), WEB, filtered())


def test_what_the_filter_driver_refuses_is_not_swallowed() -> None:
    with pytest.raises(OperationFailedError, match="'none'"):
        bindings.bind(FakeFilters().peers(), WEB, filtered("none"))


def test_a_macvtap_cannot_be_filtered() -> None:
    with pytest.raises(ConfigUnsupportedError, match="of type 'direct' cannot have the filter 'good'"):
        bindings.bind(FakeFilters().peers(), WEB, filtered(type="direct"))


def test_the_binding_of_an_earlier_device_of_that_name_gives_way() -> None:
    filters = FakeFilters()
    bindings.bind(filters.peers(), OTHER, filtered())
    bindings.bind(filters.peers(), WEB, filtered())
    bindings.unbind(filters.peers(), OTHER, filtered())  # the other guest's end is noticed late
    assert ["vnet5"] == list(filters.bound)
    bindings.unbind(filters.peers(), WEB, filtered())
    assert {} == filters.bound
    bindings.unbind(filters.peers(), WEB, filtered())


def test_a_binding_that_was_lost_is_made_again() -> None:
    filters = FakeFilters()
    bindings.restore(filters.peers(), WEB, filtered())
    bindings.restore(filters.peers(), WEB, filtered())
    assert ["vnet5"] == list(filters.bound)
