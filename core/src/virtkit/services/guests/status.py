"""Status documents of guests that run, laid out as libvirt's: `domstatus` around the live `domain`."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

from virtkit.enums import (
    DomainCrashedReason,
    DomainNostateReason,
    DomainPausedReason,
    DomainPMSuspendedReason,
    DomainRunningReason,
    DomainShutdownReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.xml.domain import Domain
from virtkit.xml.element import Document
from virtkit.xml.schema import attrchild, attribute, child, flag
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


class GuestStatus(Document, tag="domstatus"):
    """How a guest runs; what a driver's own status document inherits.

    Attributes:
        state: Name of a `DomainState` in lower case; `reason` likewise, with blanks.
        pid: Process id of the guest; None: it was about to be started.
        folder: Folder of this run.
        updated: Its definition has changed since it was started.
        domain: Its live document, with secrets.
    """

    state = attribute("state", one_of(*(state.name.lower() for state in DomainState)))
    reason = attribute("reason")
    pid = attribute("pid", UNSIGNED)
    folder = attrchild("libDir", "path")
    updated = flag("updated")
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

    def running(self, name: str, runs: Path) -> tuple[Domain, Path]:
        """The live document, and the folder of the run.

        Args:
            name: Name of the domain that the document is said to be of.
            runs: Where the folders of runs are: what the document says of its own is believed as far as its last name.

        Raises:
            ValueError: Something is missing, or it is of something else.
        """
        live = self.domain
        if live is None or live.name != name or live.uuid is None or live.id is None or not self.folder:
            raise ValueError("it lacks the domain, its id or the folder of its run")
        return live, runs / Path(self.folder).name
