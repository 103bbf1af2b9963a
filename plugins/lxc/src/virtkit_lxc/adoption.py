"""Containers that an earlier owner of the root left running: taken over before anybody asks for them.

Finding one takes a look at /proc and no answer of anybody, so it is done at once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtkit.enums import DomainPausedReason, DomainRunningReason, DomainState
from virtkit.errors import VirtError
from virtkit_lxc import cgroups, ending, interfaces, runtime, watching

if TYPE_CHECKING:
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState

_log = logging.getLogger(__name__)


def adopt_all(state: LxcState) -> None:
    """Adopt every container that is said to run."""
    for guest in state.domains.active():
        try:
            with state.domains.lock_of(guest).hold("adoption"):
                if guest.run is not None:
                    _adopt(state, guest, guest.run)
        except VirtError as error:
            _log.error("%s is not in hand: %s", guest.subject, error)


def _adopt(state: LxcState, guest: Container, run: Run) -> None:
    starting = (guest.state, guest.reason) == (DomainState.PAUSED, DomainPausedReason.STARTING_UP)
    started = runtime.find(run.folder)
    if starting:
        # Its starter died half-way, and nobody knows how far it came.
        ending.finish(state, guest, run, ending.FAILED)
    elif started is None:
        ending.finish(state, guest, run, ending.unseen(run))
    else:
        watching.begin(state, guest, run, started)
        _catch_up(state, guest, run)
        interfaces.restore(state, guest, run)


def _catch_up(state: LxcState, guest: Container, run: Run) -> None:
    """See whether somebody froze it or let it go on while nobody watched."""
    frozen = cgroups.frozen(state.layout, run.cgroup)
    if frozen != (guest.state == DomainState.PAUSED):
        if frozen:
            state.move(guest, DomainState.PAUSED, DomainPausedReason.UNKNOWN)
        else:
            state.move(guest, DomainState.RUNNING, DomainRunningReason.UNPAUSED)
