"""How runs end: by us, by the container itself, or unseen."""

from __future__ import annotations

import logging
import shutil
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import OperationInvalidError, SystemCallError, VirtError
from virtkit.events import DomainLifecycleEvent
from virtkit.services.guests.guest import Ending
from virtkit_lxc import cgroups, images, interfaces, policy, runtime, templates
from virtkit_lxc.configuration import CONSOLE_LOG

if TYPE_CHECKING:
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState

DESTROYED = Ending(DomainShutoffReason.DESTROYED, DomainEventStoppedDetailType.DESTROYED)
LOST = Ending(DomainShutoffReason.UNKNOWN, DomainEventStoppedDetailType.FAILED)
"""Nobody was there when it went."""
FAILED = Ending(DomainShutoffReason.FAILED, DomainEventStoppedDetailType.FAILED)

_log = logging.getLogger(__name__)


def unseen(run: Run) -> Ending:
    """How a run is taken to have ended that nobody watched: liblxc's log may know."""
    status = runtime.exit_status(run.folder, None)
    if run.ending is not None:
        return run.ending
    if status is None:
        return policy.SHUTDOWN if run.shutting_down else LOST
    return policy.outcome(run, status).ending


def finish(state: LxcState, guest: Container, run: Run, how: Ending) -> None:
    """Make a guest whose container is gone inactive, and tell of it; its lock is held. More than once does nothing."""
    if guest.run is not run:
        return
    how = run.ending or how
    clean(state, guest, run, how.reason)
    state.publish(guest, DomainLifecycleEvent(DomainEventType.STOPPED, how.detail))
    if guest.config is None:
        state.domains.remove(guest)


def clean(state: LxcState, guest: Container, run: Run, reason: DomainShutoffReason) -> None:
    """Let nothing of a run remain; what cannot be removed is logged. The guest is off then."""
    release(state, guest, run)
    guest.run, guest.state, guest.reason = None, DomainState.SHUTOFF, reason
    state.domains.clear_id(guest)
    state.forget(guest, run)
    if guest.config is None:
        templates.forget(state, guest.uuid)


def release(state: LxcState, guest: Container, run: Run) -> None:
    """Give back what a container had of the host; what cannot be given back is logged."""
    run.let_go()
    try:
        runtime.end(run.folder, state.layout, run.cgroup)
        images.detach(guest, run)  # which is in use as long as it is mounted
    except VirtError as error:
        _log.error("%s has ended, but something of it is left: %s", guest.subject, error)
    interfaces.unplug(state, guest, run)
    with suppress(OSError):
        shutil.move(run.folder / CONSOLE_LOG, state.log_of(guest))


def destroy(state: LxcState, guest: Container, run: Run, how: Ending = DESTROYED) -> None:
    """End a container by force, whoever holds the guest.

    Raises:
        OperationTimeoutError: Its processes hang in the kernel, or a call holds the guest beyond its end.
    """
    run.ending = run.ending or how
    if run.live.on_crash == policy.RESTART:
        state.note(guest)  # else an owner who comes after us would start it again
    kill(state, guest, run)
    with state.alone(guest, "destroy") as exists:
        if exists and guest.run is run:
            kill(state, guest, run)  # a start that was under way has come further meanwhile
            finish(state, guest, run, how)


def kill(state: LxcState, guest: Container, run: Run) -> None:
    """Kill a container and wait until it has given back to the host what liblxc had lent it.

    Raises:
        OperationTimeoutError: Its processes hang in the kernel.
    """
    started = run.started or runtime.find(run.folder)
    if started is not None:
        with suppress(OperationInvalidError):  # it has ended meanwhile
            runtime.send(guest.name, started, signal.SIGKILL)
            if cgroups.frozen(state.layout, run.cgroup):  # it notices only when it runs again
                with suppress(SystemCallError):  # its groups may go with it meanwhile
                    cgroups.thaw(state.layout, run.cgroup)
            runtime.stop(guest.name, started, kill=True)
        started.monitor.wait(runtime.KILL_SECONDS)  # it is giving links back to the host
