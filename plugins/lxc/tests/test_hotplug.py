"""Devices that come and go, in containers that run and in definitions."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from plugins.lxc.tests.driving import INTERFACE, MAC, document, read_until, says
from tests.namespaces import Namespace
from virtkit import Connection
from virtkit.enums import DomainModificationImpact, DomainXMLFlags
from virtkit.errors import ConfigUnsupportedError, DeviceMissingError, OperationInvalidError

LIVE, CONFIG = DomainModificationImpact.LIVE, DomainModificationImpact.CONFIG


def test_an_interface_comes_and_goes(bridge: str, network: Namespace, connection: Connection, rootfs: Path) -> None:
    before = network.run("ip", "-o", "link").stdout.count("\n")
    domain = connection.create_domain(document(rootfs))
    domain.attach_device(INTERFACE)
    assert network.pings("10.0.0.2")
    assert MAC in domain.xml_desc()
    with pytest.raises(OperationInvalidError, match="already"):
        domain.attach_device(INTERFACE)
    domain.detach_device(INTERFACE)
    assert MAC not in domain.xml_desc()
    assert before == network.run("ip", "-o", "link").stdout.count("\n")


FULL = "<hostdev mode='capabilities' type='misc'><source><char>/dev/full</char></source></hostdev>"


def test_a_device_node_comes_and_goes(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    with closing(domain.open_console()) as console:
        console.write(b"rm -f /dev/full; echo x$((3 * 3))\n")
        read_until(console, b"x9")
        domain.attach_device(FULL)
        console.write(b"echo a > /dev/full; test -c /dev/full && echo is$((6 * 7))there\n")
        assert b"No space left" in read_until(console, b"is42there")
        domain.detach_device(FULL)
        console.write(b"test -e /dev/full || echo is$((6 * 7))gone\n")
        read_until(console, b"is42gone")
    with pytest.raises(DeviceMissingError):
        domain.detach_device(FULL)


ESCAPING = "<disk type='block'><source dev='/dev/loop0'/><target dev='../etc/x' bus='virtio'/></disk>"


def test_a_device_node_stays_below_dev(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs))
    with pytest.raises(ConfigUnsupportedError, match="/etc/x in a container: devices are below /dev"):
        domain.attach_device(
            "<disk type='block'><source dev='/dev/loop0'/><target dev='../etc/x' bus='virtio'/></disk>"
        )
    assert "loop0" not in domain.xml_desc()


def test_a_definition_gets_and_loses_devices(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs))
    before = domain.xml_desc()
    shared = f"<filesystem><source dir='{rootfs}/mnt'/><target dir='/srv'/></filesystem>"
    for device in (INTERFACE, FULL, shared):
        domain.attach_device(device, DomainModificationImpact.CONFIG)
        with pytest.raises(OperationInvalidError, match="already"):
            domain.attach_device(device, DomainModificationImpact.CONFIG)
    assert "<target dir='/srv'/>" in domain.xml_desc()
    changed = INTERFACE.replace("vb0", "vb1")
    domain.update_device(changed, DomainModificationImpact.CONFIG)
    assert "<source bridge='vb1'/>" in domain.xml_desc()
    for device in (changed, FULL, shared):
        domain.detach_device(device, DomainModificationImpact.CONFIG)
    assert before == domain.xml_desc()


def test_a_disk_comes_and_goes(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    domain = connection.define_domain(document(rootfs, "/bin/sh"))
    domain.create()
    with block_device(tmp_path / "disk") as device:
        disk = f"<disk type='block'><source dev='{device}'/><target dev='vda' bus='virtio'/><readonly/></disk>"
        domain.attach_device(disk, LIVE | CONFIG)
        assert "content" == says(domain, "head -c 7 /dev/vda")
        assert "Operation not permitted" in says(domain, "echo more > /dev/vda")
        ((_, told),) = connection.domain_stats([domain])
        assert (1, "vda", device) == (told["block.count"], told["block.0.name"], told["block.0.path"])
        assert domain.block_stats("vda").rd_bytes >= 0
        domain.detach_device(disk, LIVE | CONFIG)
        assert "No such file" in says(domain, "cat /dev/vda")
        assert "vda" not in domain.xml_desc() + domain.xml_desc(DomainXMLFlags.INACTIVE)


@contextmanager
def block_device(file: Path) -> Iterator[str]:
    """A loop device."""
    file.write_bytes(b"content" + bytes(1 << 16))
    made = subprocess.run(["losetup", "-f", "--show", file], check=True, capture_output=True, text=True, timeout=60)
    try:
        yield made.stdout.strip()
    finally:
        subprocess.run(["losetup", "-d", made.stdout.strip()], check=True, timeout=60)
