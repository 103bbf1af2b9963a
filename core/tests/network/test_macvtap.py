"""The device of a macvtap, found although no /sys shows the links of this namespace."""

from __future__ import annotations

import os
import socket

import pytest

from tests.namespaces import Namespace
from virtkit.errors import SystemCallError
from virtkit.network import macvtap
from virtkit.network.links import Links

BROADCAST = b"\xff" * 6
FRAME = BROADCAST + bytes.fromhex("5254000000aa") + b"\x88\xb5" + b"hello".ljust(46, b"\0")
"""Of an Ethernet type for experiments."""


def test_a_frame_that_is_written_to_the_device_comes_out_of_the_link_below(network: Namespace) -> None:
    with Namespace() as other, Links() as links:
        network.connect("up0", other, "far")
        links.add_macvtap("macvtap0", "up0", mac="52:54:00:00:00:aa", mode="bridge")
        with other.entered():
            receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5))
        with receiver:
            receiver.bind(("far", 0x88B5))
            receiver.settimeout(10)
            (file,) = macvtap.open_queues("macvtap0", headers=False)
            assert len(FRAME) == os.write(file, FRAME)
            assert FRAME == receiver.recv(2048)
            os.close(file)


def test_two_namespaces_have_devices_of_the_same_name_that_are_not_mixed_up(network: Namespace) -> None:
    with Namespace() as other:
        numbers = []
        for namespace in (network, other):
            with namespace.entered(), Links() as links:
                links.add_veth("up0", "up1")
                links.add_macvtap("macvtap0", "up0", mac="52:54:00:00:00:aa", mode="bridge")
                (file,) = macvtap.open_queues("macvtap0")
                numbers.append(os.fstat(file).st_rdev)
                os.close(file)
        assert numbers[0] != numbers[1]


def test_several_queues_are_several_descriptors(network: Namespace) -> None:
    with Links() as links:
        links.add_veth("up0", "up1")
        links.add_macvtap("macvtap0", "up0", mac="52:54:00:00:00:aa", mode="bridge")
        files = macvtap.open_queues("macvtap0", queues=2)
        assert 2 == len(files)
        assert not any(os.get_inheritable(file) for file in files)
        for file in files:
            os.close(file)


def test_a_link_that_is_no_macvtap_has_no_device(network: Namespace) -> None:
    with pytest.raises(SystemCallError, match="macvtap lo: No such file"):
        macvtap.open_queues("lo")


def test_no_node_is_left_behind(network: Namespace) -> None:
    with Links() as links:
        links.add_veth("up0", "up1")
        links.add_macvtap("macvtap0", "up0", mac="52:54:00:00:00:aa", mode="bridge")
    (file,) = macvtap.open_queues("macvtap0")
    os.close(file)
    assert not [name for name in os.listdir("/dev") if name.startswith(".virtkit-")]


def test_names_are_given_out_once(network: Namespace) -> None:
    with Links() as links:
        assert macvtap.free_name(links) != macvtap.free_name(links)
