"""VLANs of ports."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable

import pytest

from virtkit.network.links import Links
from virtkit.network.vlans import PVID, UNTAGGED, Membership, are_kept_apart, join, memberships
from virtkit.xml.netdev import Vlan, VlanTag


@pytest.mark.parametrize(
    ("vlan", "expected"),
    [
        (Vlan(tags=[VlanTag(id=4)]), [Membership(4, PVID | UNTAGGED)]),
        (Vlan(trunk=True, tags=[VlanTag(id=4)]), [Membership(4, 0)]),
        (Vlan(tags=[VlanTag(id=4), VlanTag(id=7)]), [Membership(4, 0), Membership(7, 0)]),
        (
            Vlan(trunk=True, tags=[VlanTag(id=4, native_mode="untagged"), VlanTag(id=7)]),
            [Membership(4, PVID | UNTAGGED), Membership(7, 0)],
        ),
        (Vlan(trunk=True, tags=[VlanTag(id=4, native_mode="tagged")]), [Membership(4, PVID)]),
    ],
)
def test_a_document_becomes_memberships(vlan: Vlan, expected: list[Membership]) -> None:
    assert expected == memberships(vlan)


@pytest.mark.usefixtures("network")
def test_a_bridge_of_this_kernel_mixes_vlans() -> None:
    with Links() as links:
        links.add_bridge("br0", mac=None, stp=False, delay=0, mtu=None)
        assert not are_kept_apart(links, "br0")


@pytest.mark.test_kernel
def test_a_port_is_in_its_vlans_alone(modules: Callable[..., None]) -> None:
    modules("bridge", "veth", "8021q")
    with Links() as links:
        links.add_bridge("br0", mac=None, stp=False, delay=0, mtu=None)
        try:
            subprocess.run(["ip", "link", "set", "br0", "type", "bridge", "vlan_filtering", "1"], check=True)
            assert are_kept_apart(links, "br0")
            links.set_up("br0")
            for here, there, vid in (("a0", "a1", 4), ("b0", "b1", 4), ("c0", "c1", 5)):
                links.add_veth(here, there)
                links.plug(here, "br0")
                join(links, here, Vlan(tags=[VlanTag(id=vid)]))
                links.set_up(here)
                links.set_up(there)
            shown = subprocess.run(["bridge", "-j", "vlan", "show", "dev", "a0"], capture_output=True, check=True)
            assert [4] == [each["vlan"] for each in json.loads(shown.stdout)[0]["vlans"]]
            assert {"b1"} == heard_by("a1", "b1", "c1")
        finally:
            for name in ("a0", "b0", "c0", "br0"):
                links.delete(name)


def heard_by(sender: str, *receivers: str) -> set[str]:
    """The links at which a broadcast of one arrives."""
    kind = 0x88B5  # for experiments
    sockets = {}
    for name in (sender, *receivers):
        sockets[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
        sockets[name].bind((name, kind))
        sockets[name].settimeout(1)
    sockets[sender].send(b"\xff" * 6 + bytes.fromhex("525400000001") + kind.to_bytes(2, "big") + b"hello".ljust(46))
    heard = set()
    for name in receivers:
        with sockets[name]:
            try:
                sockets[name].recv(2048)
            except TimeoutError:
                continue
            heard.add(name)
    sockets[sender].close()
    return heard
