"""Containers that an earlier owner of the root left running: taken over before anybody asks for them.

Finding one takes a look at /proc and no answer of anybody, so it is done at once. What is left of one that has ended
may take its time to go: each of those has a thread, which holds its guest's lock before `adopt_all` returns.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import DomainPausedReason, DomainRunningReason, DomainState
from virtkit.errors import VirtError
from virtkit_lxc import cgroups, ending, interfaces, mounting, runtime, strays, watching

if TYPE_CHECKING:
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.runtime import Started
    from virtkit_lxc.state import LxcState

_log = logging.getLogger(__name__)


def adopt_all(state: LxcState) -> None:
    """Adopt every container that is said to run, and begin to clean up after those that do not."""
    strays.sweep(state)
    for guest in state.domains.active():
        run = guest.run
        if run is None:
            continue
        started = runtime.find(run.folder)
        if (guest.state, guest.reason) == (DomainState.PAUSED, DomainPausedReason.STARTING_UP):
            _hold(state, guest, partial(_give_up, state, guest, run))
        elif started is None:
            _hold(state, guest, partial(_ended, state, guest, run))
        else:
            _adopt(state, guest, run, started)


def _hold(state: LxcState, guest: Container, call: Callable[[], None]) -> None:
    """Make a call in a thread that holds a guest; returns when it does."""
    held = threading.Event()

    def run() -> None:
        with state.alone(guest, "adoption") as exists:
            held.set()
            if exists:
                call()

    threading.Thread(target=run, name=f"virtkit-lxc-adoption: {guest.name}", daemon=True).start()
    held.wait()


def _give_up(state: LxcState, guest: Container, run: Run) -> None:
    """End a container whose starter died half-way: nobody knows how far it came."""
    mounting.end_programs(run.folder)
    try:
        ending.kill(state, guest, run)  # if it runs, its monitor gives back what links of the host it was lent
    except VirtError as error:
        _log.error("%s was being started, and does not end: %s", guest.subject, error)
    ending.finish(state, guest, run, ending.FAILED)


def _ended(state: LxcState, guest: Container, run: Run) -> None:
    """Do what follows from the end of a container that nobody watched, as its document says, if it is known how."""
    try:
        started = runtime.awaited(run.folder)
    except VirtError as error:
        _log.error("%s has ended, but not wholly: %s", guest.subject, error)
        started = None
    status = runtime.exit_status(run.folder, None)
    if started is not None:
        _take_over(state, guest, run, started)
    elif status is None:
        ending.finish(state, guest, run, ending.unseen(run))
    else:
        watching.follow(state, guest, run, status)


def _adopt(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    with state.alone(guest, "adoption") as exists:
        if exists:
            _take_over(state, guest, run, started)


def _take_over(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    try:
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
