"""Links of the host, in a network namespace."""

from __future__ import annotations

import os

import pytest

from tests.namespaces import Namespace
from virtkit.errors import InternalError, SystemCallError
from virtkit.network.links import Links, open_tap

pytestmark = pytest.mark.usefixtures("network")

MAC = "52:54:00:a1:b2:c3"


def test_a_bridge_has_what_it_was_given() -> None:
    with Links() as links:
        links.add_bridge("vb0", mac=MAC, stp=True, delay=0, mtu=1400)
        links.add_address("vb0", "192.168.122.1/24")
        links.add_address("vb0", "fd00:1::1/64")
        links.set_up("vb0")
        found = links.find("vb0")
        assert found is not None
        assert (found.kind, found.mac, found.up, found.mtu, found.master) == ("bridge", MAC, True, 1400, 0)
        assert {"192.168.122.1/24", "fd00:1::1/64"} <= set(links.addresses("vb0"))
        assert ("192.168.122.0/24", "vb0") in links.networks()


def test_a_taken_name_is_refused_and_named() -> None:
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        with pytest.raises(InternalError, match="bridge vb0: File exists: choose another"):
            links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)


@pytest.mark.parametrize("name", ["", "a-name-of-16-byte", "a/b", "a b", "..", "a\nb"])
def test_a_name_that_no_link_can_have_is_refused(name: str) -> None:
    with Links() as links, pytest.raises(InternalError, match="cannot be the name of a link"):
        links.add_bridge(name, mac=None, stp=False, delay=0, mtu=None)


@pytest.mark.parametrize("name", ["none", "", "a-name-that-is-too-long", "a/b"])
def test_what_is_not_there_is_not_found_and_can_be_deleted(name: str) -> None:
    with Links() as links:
        assert links.find(name) is None
        links.delete(name)
        links.unplug(name)


def test_a_link_is_plugged_and_unplugged() -> None:
    with Links() as links:
        links.add_bridge("vb0", mac=None, stp=False, delay=0, mtu=None)
        links.add_veth("one", "two", mac=MAC)
        links.plug("one", "vb0", isolated=True)
        bridge, one = links.find("vb0"), links.find("one")
        assert bridge is not None
        assert one is not None
        assert (one.master, one.mac) == (bridge.number, MAC)
        links.unplug("one")
        one = links.find("one")
        assert one is not None
        assert one.master == 0


def test_plugging_into_what_is_not_there_names_it() -> None:
    with Links() as links:
        links.add_veth("one", "two")
        with pytest.raises(InternalError, match="no link nowhere on this host"):
            links.plug("one", "nowhere")


def test_routes_and_macvtap() -> None:
    with Links() as links:
        links.add_veth("one", "two")
        links.add_address("one", "10.9.0.1/24")
        links.set_up("one")
        links.set_up("two")
        links.add_route("one", "10.10.0.0/16", "10.9.0.2", metric=3)
        number = links.add_macvtap("mv0", "one", mac=MAC, mode="bridge")
        found = links.find("mv0")
        assert found is not None
        assert (found.number, found.kind, found.mac, found.up) == (number, "macvtap", MAC, True)


def test_a_tap_lives_as_long_as_its_descriptors() -> None:
    name, files = open_tap("vnet%d", queues=2)
    with Links() as links:
        try:
            assert name == "vnet0"
            assert len(files) == 2
            assert links.find(name) is not None
        finally:
            for file in files:
                os.close(file)
        assert links.find(name) is None


def test_a_tap_of_a_taken_name_is_refused() -> None:
    with Links() as links:
        links.add_veth("one", "two")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SystemCallError, match="tap one"):
        open_tap("one")
    assert len(os.listdir("/proc/self/fd")) == before


def test_each_namespace_has_links_of_its_own(network: Namespace) -> None:
    with Links() as links:
        links.add_veth("one", "two")
        with Namespace() as other, other.entered(), Links() as others:
            assert others.find("one") is None
        assert links.find("one") is not None
