"""The end of containers: seen by one thread for all of them, and what follows from it.

Init ends when its system shuts down or reboots, when it fails or is killed; liblxc then starts it anew or ends too.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from typing import TYPE_CHECKING

from virtkit.enums import DomainRunningReason, DomainState
from virtkit.errors import VirtError
from virtkit.events import DomainRebootEvent
from virtkit.services.loop import Mailbox
from virtkit_lxc import ending, runtime

if TYPE_CHECKING:
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.runtime import Started
    from virtkit_lxc.state import LxcState

DESTROY = "destroy"

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
        with self._state.alone(self._guest, "end") as exists:
            if exists and self._guest.run is self._run:
                _follow(self._state, self._guest, self._run, again, status)


def begin(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    """Have the end of a run seen."""
    run.started = started
    run.watch = Watch(state, guest, run, started)


def _follow(state: LxcState, guest: Container, run: Run, again: Started | None, status: int | None) -> None:
    """Do what follows from the end of init.

    Args:
        state: The owned state.
        guest: The guest, whose lock is held.
        run: Its run.
        again: What liblxc has started anew, since init rebooted; None: nothing.
        status: Exit status of init, negative is the signal; None: nobody knows.
    """
    reboots = run.ending is None and (again is not None or status == runtime.REBOOTED)
    if reboots and run.live.on_reboot != DESTROY:
        run.shutting_down = False
        if again is None or run.altered:
            state.restart(guest, run)
        else:
            begin(state, guest, run, again)
        if guest.run is run:
            state.move(guest, DomainState.RUNNING, DomainRunningReason.BOOTED, DomainRebootEvent())
    elif again is not None:
        run.started = again
        ending.destroy(state, guest, run, ending.SHUTDOWN)
    else:
        ending.finish(state, guest, run, ending.SHUTDOWN if reboots else ending.how(run, status))
