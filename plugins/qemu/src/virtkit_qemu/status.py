"""The status document of a running guest: what the next owner of the root needs to find and adopt it.

It is laid out as libvirt's: `domstatus` around the live `domain`.
"""

from __future__ import annotations

from enum import IntEnum

from virtkit.enums import (
    DomainCrashedReason,
    DomainNostateReason,
    DomainPausedReason,
    DomainPMSuspendedReason,
    DomainRunningReason,
    DomainShutdownReason,
    DomainShutoffReason,
    DomainState,
    ErrorDomain,
)
from virtkit.xml.domain import Domain
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, flag
from virtkit.xml.values import UNSIGNED, one_of

REASONS: dict[DomainState, type[IntEnum]] = {
    DomainState.NOSTATE: DomainNostateReason,
    DomainState.RUNNING: DomainRunningReason,
    DomainState.PAUSED: DomainPausedReason,
    DomainState.SHUTDOWN: DomainShutdownReason,
    DomainState.SHUTOFF: DomainShutoffReason,
    DomainState.CRASHED: DomainCrashedReason,
    DomainState.PMSUSPENDED: DomainPMSuspendedReason,
}
"""The enumeration that the reason of a state belongs to."""


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


class Status(Document, tag="domstatus", error_domain=ErrorDomain.QEMU):
    """How a guest runs.

    Attributes:
        state: Name of a `DomainState` in lower case; `reason` likewise, with blanks.
        pid: Process id of QEMU; None: it was about to be started.
        folder: Folder of this run.
        fake_reboot: When it shuts down it is to be started again instead.
        powerdown: It was asked to shut down.
        updated: Its definition has changed since it was started.
        volumes: The volumes that its disks name.
        domain: Its live document, with secrets.
    """

    state = attribute("state", one_of(*(state.name.lower() for state in DomainState)))
    reason = attribute("reason")
    pid = attribute("pid", UNSIGNED)
    monitor = child("monitor", MonitorSource)
    folder = attrchild("libDir", "path")
    fake_reboot = flag("fakereboot")
    powerdown = flag("powerdown")
    updated = flag("updated")
    volumes = children("volume", VolumePlace)
    domain = child("domain", Domain)

    def tell(self, state: DomainState, reason: int) -> None:
        """Write down a state and its reason."""
        self.state = state.name.lower()
        self.reason = REASONS[state](reason).name.lower().replace("_", " ")

    def told(self) -> tuple[DomainState, int]:
        """The state and its reason; ValueError for words that are not of their enumeration."""
        try:
            state = DomainState[(self.state or "").upper()]
            return state, REASONS[state][(self.reason or "").upper().replace(" ", "_")]
        except KeyError as cause:
            raise ValueError(f"there is no state {self.state!r} with reason {self.reason!r}") from cause
