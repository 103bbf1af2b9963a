"""What becomes of a container whose init has ended: its `on_poweroff`, `on_reboot` and `on_crash`.

Whether it powered off, asked for a reboot or failed is known by the status of its init. One that is started again by
us, and not by liblxc, may come to its end at once, again and again: `Pace` makes such starts rarer.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import (
    DomainCrashedReason,
    DomainEventCrashedDetailType,
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainRunningReason,
    DomainShutdownReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.events import DomainLifecycleEvent
from virtkit.services.guests.guest import Ending
from virtkit_lxc import runtime

if TYPE_CHECKING:
    from virtkit.events import Event
    from virtkit_lxc.container import Run

RESTART = "restart"

POWERED_OFF = -signal.SIGINT
"""How the kernel ends an init that called reboot(2) to power off or to halt."""

SHUTDOWN = Ending(DomainShutoffReason.SHUTDOWN, DomainEventStoppedDetailType.SHUTDOWN)
CRASHED = Ending(DomainShutoffReason.CRASHED, DomainEventStoppedDetailType.CRASHED)
"""Init failed, or somebody killed it: the kernel too, when it runs out of the memory that it may have."""

STEADY_SECONDS = 10.0
"""A container that has run so long has come up: the next start again is the first one of a row."""

FIRST_DELAY = 1.0
LONGEST_DELAY = 64.0
"""Seconds before the second start of a row and, doubled each time, before those that follow at the most."""


class Outcome(NamedTuple):
    """A way in which a container comes to its end.

    Attributes:
        choice: Field of its document that says what follows.
        ending: How it has ended, if it stays so.
        waiting: State, and its reason, until it is started again.
        running: Reason of the state after that.
        events: What is told beforehand, if it is started again.
    """

    choice: str
    ending: Ending
    waiting: tuple[DomainState, int]
    running: DomainRunningReason = DomainRunningReason.BOOTED
    events: tuple[Event, ...] = ()


OFF = DomainState.SHUTDOWN, DomainShutdownReason.UNKNOWN
POWEROFF = Outcome("on_poweroff", SHUTDOWN, OFF)
REBOOT = Outcome("on_reboot", SHUTDOWN, OFF)
CRASH = Outcome(
    "on_crash",
    CRASHED,
    (DomainState.CRASHED, DomainCrashedReason.PANICKED),
    DomainRunningReason.CRASHED,
    (DomainLifecycleEvent(DomainEventType.CRASHED, DomainEventCrashedDetailType.PANICKED),),
)


def outcome(run: Run, status: int | None) -> Outcome:
    """How a run has come to its end.

    Args:
        run: The run.
        status: Exit status of init, negative is the signal; None: nobody knows.
    """
    if status == runtime.REBOOTED:
        return REBOOT
    return POWEROFF if run.shutting_down or status in (0, POWERED_OFF) else CRASH


def restarts(run: Run, outcome: Outcome) -> bool:
    """Whether a container is to be started again; nothing is once somebody has ended it."""
    return run.ending is None and getattr(run.live, outcome.choice) == RESTART


class Pace:
    """How soon a container may be started again, after it has been before."""

    def __init__(self) -> None:
        self._row = 0
        self._begun = 0.0

    def begin(self) -> None:
        """It runs."""
        self._begun = time.monotonic()

    def delay(self) -> float:
        """It has come to its end: seconds to wait before the next start."""
        if time.monotonic() - self._begun >= STEADY_SECONDS:
            self._row = 0
        self._row += 1
        return delay(self._row)


def delay(row: int) -> float:
    """Seconds to wait before the start that is the `row`th of a row, from 1."""
    return 0.0 if row < 2 else min(FIRST_DELAY * 2 ** min(row - 2, 30), LONGEST_DELAY)
