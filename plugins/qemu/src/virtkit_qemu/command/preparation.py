"""What QEMU is told through its monitor before the guest runs: what a document asks for and no argument can say."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.disk import Disk, IoTune
    from virtkit.xml.domain.devices.graphics import Graphics

Command = tuple[str, dict[str, Any]]
"""Name and arguments."""

LIMITS = {"bps": "total_bytes_sec", "bps_rd": "read_bytes_sec", "bps_wr": "write_bytes_sec"}
LIMITS |= {"iops": "total_iops_sec", "iops_rd": "read_iops_sec", "iops_wr": "write_iops_sec"}
"""Argument of `block_set_io_throttle` -> field."""

THROTTLED_BUSES = ("virtio", "scsi", "ide", "sata")


def preparation(domain: Domain) -> list[Command]:
    """The commands for a guest whose QEMU has been started with the arguments of its document, in order.

    Args:
        domain: The live document that the arguments were made of.
    """
    return list(_commands(domain))


def _commands(domain: Domain) -> Iterator[Command]:
    for interface in domain.devices.interfaces:
        if interface.link_up is False:
            yield "set_link", {"name": interface.alias, "up": False}
    for disk in domain.devices.disks:
        if disk.iotune.content():
            yield "block_set_io_throttle", {"id": _block_device(disk), **throttling(disk.iotune)}
    for server in domain.devices.graphics:
        if server.type == "vnc" and server.passwd is not None:
            yield from _password(server)


def _block_device(disk: Disk) -> str:
    path = f"/machine/peripheral/{disk.alias}"
    return f"{path}/virtio-backend" if disk.target and disk.target.bus == "virtio" else path


def throttling(tune: IoTune) -> dict[str, Any]:
    """The limits of a disk as arguments of `block_set_io_throttle`; 0 is no limit."""
    values: dict[str, Any] = {there: getattr(tune, here) or 0 for there, here in LIMITS.items()}
    for there, here in LIMITS.items():
        for suffix in ("max", "max_length"):
            value = getattr(tune, f"{here}_{suffix}")
            values |= {f"{there}_{suffix}": value} if value else {}
    values |= {"iops_size": tune.size_iops_sec} if tune.size_iops_sec else {}
    return values | ({"group": tune.group_name} if tune.group_name else {})


def _password(server: Graphics) -> Iterator[Command]:
    connected = {"connected": server.connected} if server.connected else {}
    yield "set_password", {"protocol": "vnc", "password": server.passwd, **connected}
    if server.passwd_valid_to:
        moment = calendar.timegm(time.strptime(server.passwd_valid_to, "%Y-%m-%dT%H:%M:%S"))
        yield "expire_password", {"protocol": "vnc", "time": str(moment)}
