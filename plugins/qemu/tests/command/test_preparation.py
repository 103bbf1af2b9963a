"""What follows the command line through the monitor."""

from __future__ import annotations

import pytest

import virtkit
from plugins.qemu.tests.command.lines import live
from plugins.qemu.tests.hypervisor import Root
from virtkit.enums import DomainState
from virtkit_qemu import command


def test_a_guest_that_asks_for_nothing_gets_no_commands() -> None:
    assert command.preparation(live("q35-everything")) == []


def test_a_link_that_is_down_is_pulled_out() -> None:
    assert command.preparation(live("pc-interface-link-down")) == [("set_link", {"name": "net0", "up": False})]


def test_the_limits_of_a_disk_are_those_of_its_device_and_0_is_none() -> None:
    limits = {"bps": 1000000, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 100, "iops_wr": 0}
    device = {"id": "/machine/peripheral/virtio-disk0/virtio-backend"}
    assert command.preparation(live("q35-disk-iotune")) == [("block_set_io_throttle", device | limits)]


def test_a_password_is_set_and_expires_at_its_moment_in_utc() -> None:
    password = {"protocol": "vnc", "password": "secret", "connected": "keep"}
    expiry = {"protocol": "vnc", "time": "1924991999"}
    expected = [("set_password", password), ("expire_password", expiry)]
    assert expected == command.preparation(live("pc-vnc-password-expires"))


@pytest.mark.qemu
def test_a_guest_that_asks_for_all_of_it_runs(root: Root, connection: virtkit.Connection) -> None:
    text = root.xml(
        "web",
        devices="<interface type='user'><link state='down'/></interface>"
        "<graphics type='vnc' passwd='secret' passwdValidTo='2030-12-31T23:59:59'/>",
    )
    limited = text.replace(
        "bus='virtio'/></disk>", "bus='virtio'/><iotune><read_iops_sec>9</read_iops_sec></iotune></disk>"
    )
    assert text != limited
    domain = connection.define_domain(limited)
    domain.create()
    assert domain.state()[0] == DomainState.RUNNING
