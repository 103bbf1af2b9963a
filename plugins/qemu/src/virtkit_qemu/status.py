"""The status document of a running guest: what the next owner of the root needs to find and adopt it.

It is laid out as libvirt's: `domstatus` around the live `domain`.
"""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.services.guests.status import GuestStatus
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, child, children, flag
from virtkit.xml.values import one_of


class MonitorSource(Element):
    """Where the monitor is served."""

    path = attribute("path")
    type = attribute("type", one_of("unix"))


class VolumePlace(Element):
    """Where a volume is that a disk names; `type` is `file` or `block`."""

    pool = attribute("pool")
    volume = attribute("name")
    type = attribute("type", one_of("file", "block"))
    path = attribute("path")


class Status(GuestStatus, tag="domstatus", error_domain=ErrorDomain.QEMU):
    """How a guest runs.

    Attributes:
        monitor: Where its monitor is.
        fake_reboot: When it shuts down it is to be started again instead.
        powerdown: It was asked to shut down.
        volumes: The volumes that its disks name.
    """

    monitor = child("monitor", MonitorSource)
    fake_reboot = flag("fakereboot")
    powerdown = flag("powerdown")
    volumes = children("volume", VolumePlace)
