"""The end of containers: seen by one thread for all of them, and what follows from it.

Init ends when its system shuts down or reboots, when it fails or is killed; liblxc then starts it anew or ends too.
What follows is the container's own choice: see `policy`.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import DomainRunningReason, DomainState
from virtkit.errors import VirtError
from virtkit.events import DomainRebootEvent
from virtkit.services.loop import Mailbox
from virtkit_lxc import ending, policy, runtime
from virtkit_lxc.shortage import Shortage

if TYPE_CHECKING:
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.policy import Outcome
    from virtkit_lxc.runtime import Started
    from virtkit_lxc.state import LxcState

_log = logging.getLogger(__name__)


class Watch:
    """Waits for the end of a run's init and has it handled, once, on a thread of its own."""

    def __init__(self, state: LxcState, guest: Container, run: Run, started: Started) -> None:
        self._state, self._guest, self._run, self._started = state, guest, run, started
        self._closing = threading.Lock()
        try:
            self._pidfd = os.pidfd_open(started.init.pid)
        except ProcessLookupError:
            self._pidfd = -1
        if self._pidfd < 0 or not started.init.alive:
            self.close()
            self._handle()
        else:
            state.loop.watch(self._pidfd, self._readable)

    def close(self) -> None:
        """Wait no longer; twice is harmless."""
        with self._closing:
            pidfd, self._pidfd = self._pidfd, -1
        if pidfd >= 0:
            self._state.loop.forget(pidfd, self._readable)
            os.close(pidfd)

    def _readable(self) -> None:
        with self._closing:
            if self._pidfd < 0:
                return
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            if not poll.poll(0):
                return
        self.close()
        if not self._state.loop.closed:
            self._handle()

    def _handle(self) -> None:
        Mailbox(f"virtkit-lxc-end: {self._guest.name}").post(self._ended)

    def _ended(self) -> None:
        try:
            again = runtime.after(self._run.folder, self._started)
        except VirtError as error:
            _log.error("%s has ended, but not wholly: %s", self._guest.subject, error)
            again = None
        status = runtime.exit_status(self._run.folder, self._started.init)
        shortage = self._run.shortage if self._run.ending is None and status == -signal.SIGKILL else None
        limit = shortage.at_end() if shortage else None  # who ends it by force does not wait for that
        with self._state.alone(self._guest, "end") as exists:
            if exists and self._guest.run is self._run:
                if again is None:
                    follow(self._state, self._guest, self._run, status, limit)
                else:
                    _go_on(self._state, self._guest, self._run, again)


def begin(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    """Have the end of a run seen, and its memory run out."""
    run.let_go()
    run.pace.begin()
    run.started = started
    run.shortage = Shortage(state.loop, state.layout, run.cgroup, partial(_tell_of_shortage, guest))
    run.watch = Watch(state, guest, run, started)


def follow(state: LxcState, guest: Container, run: Run, status: int | None, limit: int | None = None) -> None:
    """Do what follows from the end of a container; the guest's lock is held.

    Args:
        state: The owned state.
        guest: The guest.
        run: Its run.
        status: Exit status of init, negative is the signal; None: nobody knows.
        limit: The memory in KiB that it was out of; None: that was not why it ended.
    """
    outcome = policy.outcome(run, status)
    if outcome is policy.CRASH and run.ending is None:
        _log.warning("%s has crashed: %s", guest.subject, _cause(status, limit))
    if not policy.restarts(run, outcome):
        ending.finish(state, guest, run, outcome.ending)
        return
    run.shutting_down = False
    for event in outcome.events:
        state.publish(guest, event)
    delay = run.pace.delay()
    if not delay:
        _start_again(state, guest, run, outcome)
        return
    run.let_go()
    run.started = None
    state.move(guest, *outcome.waiting)
    run.timer = threading.Timer(delay, _after_delay, (state, guest, run, outcome))
    run.timer.daemon = True
    run.timer.start()
    _log.warning("%s comes to its end again and again: it is started in %g s", guest.subject, delay)


def _after_delay(state: LxcState, guest: Container, run: Run, outcome: Outcome) -> None:
    with state.alone(guest, "restart") as exists:
        if exists and guest.run is run and run.ending is None:
            _start_again(state, guest, run, outcome)


def _start_again(state: LxcState, guest: Container, run: Run, outcome: Outcome) -> None:
    """Start a container again that has come to its end; if it cannot be started, it is off, and why is logged."""
    try:
        state.restart(guest, run)
    except runtime.Ended as error:
        _log.warning("%s", error)
        follow(state, guest, run, error.status)
    except VirtError as error:
        if state.loop.closed:
            return  # whoever comes after us sees how far it came
        _log.error("%s has ended, since it cannot be started again: %s", guest.subject, error)
        ending.finish(state, guest, run, ending.FAILED)
    else:
        if guest.run is run:
            state.move(guest, DomainState.RUNNING, outcome.running, DomainRebootEvent())


def _go_on(state: LxcState, guest: Container, run: Run, again: Started) -> None:
    """Go on with a container that liblxc has started anew, since its init rebooted."""
    if not policy.restarts(run, policy.REBOOT):
        run.started = again
        ending.destroy(state, guest, run, policy.SHUTDOWN)
        return
    run.shutting_down = False
    if run.altered:
        run.started = again
        ending.kill(state, guest, run)  # liblxc has started it as it was
        _start_again(state, guest, run, policy.REBOOT)
        return
    begin(state, guest, run, again)
    if guest.run is run:
        state.move(guest, DomainState.RUNNING, DomainRunningReason.BOOTED, DomainRebootEvent())


def _tell_of_shortage(guest: Container, limit: int) -> None:
    _log.warning("%s is out of its %d KiB of memory: the kernel kills processes in it", guest.subject, limit)


def _cause(status: int | None, limit: int | None) -> str:
    if limit is not None:
        return f"its init was killed, since the container was out of its {limit} KiB of memory; give it more"
    if status is None:
        return "how its init ended is not known"
    return f"its init ended with status {status}" if status >= 0 else f"its init got signal {-status}"
