"""Containers that an earlier owner of the root left running: taken over before anybody asks for them.

Finding one takes a look at /proc and no answer of anybody, so it is done at once. What is left of one that has ended
may take its time to go: each of those has a thread, which holds its guest's lock before `adopt_all` returns.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from virtkit.enums import DomainPausedReason, DomainRunningReason, DomainState
from virtkit.errors import VirtError
from virtkit_lxc import cgroups, ending, interfaces, runtime, watching

if TYPE_CHECKING:
    from virtkit.services.guests.guest import Ending
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.runtime import Started
    from virtkit_lxc.state import LxcState

_log = logging.getLogger(__name__)


def adopt_all(state: LxcState) -> None:
    """Adopt every container that is said to run, and begin to clean up after those that do not."""
    for guest in state.domains.active():
        run = guest.run
        if run is None:
            continue
        started = runtime.find(run.folder)
        if (guest.state, guest.reason) == (DomainState.PAUSED, DomainPausedReason.STARTING_UP):
            # Its starter died half-way, and nobody knows how far it came.
            _end(state, guest, run, ending.FAILED)
        elif started is None:
            _end(state, guest, run, ending.unseen(run))
        else:
            _adopt(state, guest, run, started)


def _end(state: LxcState, guest: Container, run: Run, how: Ending) -> None:
    held = threading.Event()

    def finish() -> None:
        with state.alone(guest, "adoption") as exists:
            held.set()
            if exists:
                ending.finish(state, guest, run, how)

    threading.Thread(target=finish, name=f"virtkit-lxc-adoption: {guest.name}", daemon=True).start()
    held.wait()


def _adopt(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    try:
        with state.domains.lock_of(guest).hold("adoption"):
            watching.begin(state, guest, run, started)
            _catch_up(state, guest, run)
            interfaces.restore(state, guest, run)
    except VirtError as error:
        _log.error("%s runs on, but is not wholly in hand: %s", guest.subject, error)


def _catch_up(state: LxcState, guest: Container, run: Run) -> None:
    """See whether somebody froze it or let it go on while nobody watched."""
    frozen = cgroups.frozen(state.layout, run.cgroup)
    if frozen != (guest.state == DomainState.PAUSED):
        if frozen:
            state.move(guest, DomainState.PAUSED, DomainPausedReason.UNKNOWN)
        else:
            state.move(guest, DomainState.RUNNING, DomainRunningReason.UNPAUSED)
