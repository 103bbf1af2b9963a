"""How runs end: by a signal of ours, by the guest itself, or unseen."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainShutoffReason,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import ResourceBusyError
from virtkit.events import DomainLifecycleEvent
from virtkit.services import process as processes
from virtkit.services.guests.guest import Ending
from virtkit.services.process import GRACE_SECONDS, Process
from virtkit_qemu import interfaces
from virtkit_qemu.guest import Guest, Run

if TYPE_CHECKING:
    from virtkit_qemu.state import QemuState

SHUTDOWN = Ending(DomainShutoffReason.SHUTDOWN, DomainEventStoppedDetailType.SHUTDOWN)
DESTROYED = Ending(DomainShutoffReason.DESTROYED, DomainEventStoppedDetailType.DESTROYED)
CRASHED = Ending(DomainShutoffReason.CRASHED, DomainEventStoppedDetailType.CRASHED)
KILLED = Ending(DomainShutoffReason.CRASHED, DomainEventStoppedDetailType.FAILED)
"""QEMU went without a word; the event's detail is libvirt's."""
LOST = Ending(DomainShutoffReason.UNKNOWN, DomainEventStoppedDetailType.FAILED)
"""Nobody was there when it went."""
FAILED = Ending(DomainShutoffReason.FAILED, DomainEventStoppedDetailType.FAILED)


def unseen(run: Run) -> Ending:
    """How a run is taken to have ended that nobody watched."""
    return SHUTDOWN if run.powerdown else LOST


def finish(state: QemuState, guest: Guest, run: Run, how: Ending) -> None:
    """Make a guest whose QEMU is gone inactive, and tell of it; its lock is held. Once is enough, more do nothing."""
    if guest.run is not run:
        return
    how = run.ending or how
    guest.run = None  # before its process is let go of: who still waits for that sees why it fails
    run.let_go()
    interfaces.unplug(state, guest, run)
    state.domains.clear_id(guest)
    guest.state, guest.reason = DomainState.SHUTOFF, how.reason
    state.forget(guest, run)
    state.publish(guest, DomainLifecycleEvent(DomainEventType.STOPPED, how.detail))
    if guest.config is None:
        state.domains.remove(guest)


def destroy(state: QemuState, guest: Guest, run: Run, how: Ending = DESTROYED) -> None:
    """End a run by force, whoever holds the guest: their commands fail once QEMU is gone.

    Raises:
        OperationTimeoutError: QEMU hangs in the kernel, or a call holds the guest beyond its end.
        InternalError: It cannot be told which process it is.
    """
    run.ending = run.ending or how
    _stop(state, guest, run)
    with state.alone(guest, "destroy") as exists:
        if exists and guest.run is run:
            _stop(state, guest, run)  # a start that was under way has come further meanwhile
            finish(state, guest, run, how)


def ask_to_end(state: QemuState, guest: Guest, run: Run) -> None:
    """End a run by asking QEMU, which writes out its caches, and never by force.

    Raises:
        ResourceBusyError: It has not ended in time.
    """
    run.ending = DESTROYED
    with _unless_ended(guest, run):
        process = _process_of(state, guest, run)
        if process is not None:
            process.signal(signal.SIGTERM)
            if not process.wait(GRACE_SECONDS):
                run.ending = None
                raise ResourceBusyError(
                    f"{guest.subject}: QEMU has not ended within {GRACE_SECONDS:g} s; wait for it, or destroy it "
                    "without GRACEFUL",
                    domain=ErrorDomain.QEMU,
                )
    with state.alone(guest, "destroy") as exists:
        if exists:
            finish(state, guest, run, DESTROYED)


def _stop(state: QemuState, guest: Guest, run: Run) -> None:
    """End the process of a run, if there is one."""
    with _unless_ended(guest, run):
        process = _process_of(state, guest, run)
        if process is not None:
            process.stop(grace=GRACE_SECONDS)


@contextmanager
def _unless_ended(guest: Guest, run: Run) -> Iterator[None]:
    """Let pass what fails because somebody else noticed the end of the run and closed its process."""
    try:
        yield
    except (OSError, ValueError):
        if guest.run is run:
            raise


def _process_of(state: QemuState, guest: Guest, run: Run) -> Process | None:
    """The process of a run, in hand or not; None when it has ended or is yet to be started."""
    if run.emulator is not None:
        return run.emulator.process
    run.process = run.process or processes.adopt(
        run.pid_file, subject=guest.subject, log=state.log_of(guest), error_domain=ErrorDomain.QEMU
    )
    return run.process
