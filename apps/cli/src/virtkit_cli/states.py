"""States of domains and their reasons in words."""

from __future__ import annotations

from typing import Any

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


def state_text(state: int) -> str:
    """A state in words."""
    return STATES.get(DomainState(state), str(state))


def reason_text(state: int, reason: int) -> str:
    """The reason of a state in words."""
    name = DomainState(state).name
    part = "PMSuspended" if state == DomainState.PMSUSPENDED else name.capitalize()
    reasons: Any = getattr(enums, f"Domain{part}Reason")
    try:
        word: str = reasons(reason).name
    except ValueError:
        return str(reason)
    return word.lower().replace("_", " ")
