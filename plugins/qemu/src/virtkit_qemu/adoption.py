"""Guests that an earlier owner of the root left running: taken over one by one, each on a thread of its own.

Whoever needs a guest waits for its adoption, and nobody for another guest's: the threads hold their guests' locks
before `adopt_all` returns.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from virtkit.enums import DomainPausedReason, DomainState, ErrorDomain
from virtkit.errors import OperationFailedError, VirtError
from virtkit_qemu import ending, happenings, interfaces
from virtkit_qemu.emulator import Emulator

if TYPE_CHECKING:
    from virtkit_qemu.guest import Guest, Run
    from virtkit_qemu.state import QemuState

PRELAUNCH = "prelaunch"
"""QEMU's status of a guest that has not executed an instruction yet."""

_log = logging.getLogger(__name__)


def adopt_all(state: QemuState) -> None:
    """Begin to adopt every guest that is said to run."""
    for guest in state.domains.active():
        held = threading.Event()
        threading.Thread(
            target=_adopt_alone, args=(state, guest, held), name=f"virtkit-qemu-adoption: {guest.name}", daemon=True
        ).start()
        held.wait()


def emulator_of(state: QemuState, guest: Guest) -> Emulator:
    """The QEMU of a running guest, whose lock is held; adopted again where that failed before.

    Raises:
        OperationInvalidError: It is off.
        OperationTimeoutError: It does not answer.
        OperationFailedError: It has just ended.
    """
    run = guest.running()
    if run.emulator is None:
        _adopt(state, guest, run)
    if run.emulator is None:
        raise OperationFailedError(f"{guest.subject} has ended; start it again", domain=ErrorDomain.QEMU)
    return run.emulator


def _adopt_alone(state: QemuState, guest: Guest, held: threading.Event) -> None:
    try:
        with state.domains.lock_of(guest).hold("adoption"):
            held.set()
            if guest.run is not None:
                _adopt(state, guest, guest.run)
    except VirtError as error:
        run = guest.run
        if not state.owned or run is None or run.ending is not None:
            return  # the root was given back, or the guest destroyed
        _log.error("%s runs on, but is not in hand: %s", guest.subject, error)
    finally:
        held.set()


def _adopt(state: QemuState, guest: Guest, run: Run) -> None:
    """Connect to the QEMU of a run and see how the guest is; one that is gone is off."""
    emulator = Emulator.adopt(
        run.pid_file,
        run.monitor_path,
        subject=guest.subject,
        log=state.log_of(guest),
        loop=state.loop,
        on_event=lambda event: happenings.handle(state, guest, run, event),
        on_gone=lambda: happenings.end(state, guest, run),
        waiting=lambda monitor: setattr(run, "connecting", monitor),
    )
    if emulator is None:
        ending.finish(state, guest, run, ending.unseen(run))
    elif not state.owned or guest.run is not run:
        emulator.close()  # the root was given back while the guest did not answer
    else:
        run.emulator = emulator
        _catch_up(state, guest, run)
        if guest.run is run:
            interfaces.restore(state, guest, run)


def _catch_up(state: QemuState, guest: Guest, run: Run) -> None:
    """See what became of the guest while nobody watched."""
    starting = (guest.state, guest.reason) == (DomainState.PAUSED, DomainPausedReason.STARTING_UP)
    status = happenings.observe(state, guest, run)
    happenings.observe_channels(state, guest, run)
    if status == happenings.SHUT_DOWN:
        happenings.after_shutdown(state, guest, run)
    elif status == PRELAUNCH and starting:
        # Its starter died half-way: it has not run yet, and nobody knows how far its preparation came.
        ending.destroy(state, guest, run, ending.FAILED)
