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
from virtkit.services.guests.guest import Ending
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
        with self._state.alone(self._guest, "end") as exists:
            if exists and self._guest.run is self._run:
                if again is None:
                    ending.finish(self._state, self._guest, self._run, self._how())
                else:
                    _rebooted(self._state, self._guest, self._run, again)

    def _how(self) -> Ending:
        return ending.how(self._run, runtime.exit_status(self._run.folder, self._started.init))


def begin(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    """Have the end of a run seen."""
    run.started = started
    run.watch = Watch(state, guest, run, started)


def _rebooted(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    """Go on with a container that has started anew, or end it where its document says so."""
    run.shutting_down = False
    if run.live.on_reboot == DESTROY:
        run.started = started
        ending.destroy(state, guest, run, ending.SHUTDOWN)
        return
    begin(state, guest, run, started)
    state.move(guest, DomainState.RUNNING, DomainRunningReason.BOOTED, DomainRebootEvent())
