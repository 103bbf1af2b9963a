"""States and their reasons in words."""

from __future__ import annotations

from enum import IntEnum

from virtkit import enums
from virtkit.enums import DomainState

STATES = {
    DomainState.NOSTATE: "no state",
    DomainState.RUNNING: "running",
    DomainState.BLOCKED: "idle",
    DomainState.PAUSED: "paused",
    DomainState.SHUTDOWN: "in shutdown",
    DomainState.SHUTOFF: "shut off",
    DomainState.CRASHED: "crashed",
    DomainState.PMSUSPENDED: "pmsuspended",
}

REASONS = {
    DomainState.NOSTATE: "DomainNostateReason",
    DomainState.RUNNING: "DomainRunningReason",
    DomainState.BLOCKED: "DomainBlockedReason",
    DomainState.PAUSED: "DomainPausedReason",
    DomainState.SHUTDOWN: "DomainShutdownReason",
    DomainState.SHUTOFF: "DomainShutoffReason",
    DomainState.CRASHED: "DomainCrashedReason",
    DomainState.PMSUSPENDED: "DomainPMSuspendedReason",
}
"""State -> name of the enumeration of its reasons."""


def state_text(state: int) -> str:
    """A domain's state in words."""
    return STATES.get(DomainState(state), str(state))


def reason_text(state: int, reason: int) -> str:
    """The reason of a state in words."""
    reasons: type[IntEnum] = getattr(enums, REASONS[DomainState(state)])
    try:
        return reasons(reason).name.lower().replace("_", " ")
    except ValueError:
        return str(reason)
