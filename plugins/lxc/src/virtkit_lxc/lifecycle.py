"""The life of a container: start, stop, freeze, restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainDestroyFlags,
    DomainEventResumedDetailType,
    DomainEventSuspendedDetailType,
    DomainEventType,
    DomainPausedReason,
    DomainRebootFlags,
    DomainRunningReason,
    DomainShutdownFlags,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import ArgumentUnsupportedError, OperationFailedError, OperationInvalidError
from virtkit.events import DomainLifecycleEvent
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit_lxc import cgroups, ending, policy, runtime, starting
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef
    from virtkit_lxc.container import Container
    from virtkit_lxc.runtime import Started
    from virtkit_lxc.state import Session

LXC = ErrorDomain.LXC

WAYS = DomainShutdownFlags.INITCTL | DomainShutdownFlags.SIGNAL
"""How a container can be asked; the reboot flags have the same values. Either is what init understands."""

SUSPENDED = DomainLifecycleEvent(DomainEventType.SUSPENDED, DomainEventSuspendedDetailType.PAUSED)
RESUMED = DomainLifecycleEvent(DomainEventType.RESUMED, DomainEventResumedDetailType.UNPAUSED)


class LifecyclePart(DomainLifecycleSpec["Session"]):
    """The functions of the driver that move a container from state to state."""

    def domain_create_with_flags(self, conn: Session, dom: DomainRef, flags: int) -> DomainRef:
        return _create("domain_create_with_flags", conn, dom, flags)

    def domain_create_with_files(self, conn: Session, dom: DomainRef, flags: int, files: Sequence[int]) -> DomainRef:
        return _create("domain_create_with_files", conn, dom, flags, files)

    def domain_shutdown_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        _choose_way("domain_shutdown_flags", dom, flags, DomainShutdownFlags.GUEST_AGENT)
        with conn.hold(dom, "domain_shutdown_flags") as (state, guest):
            if guest.running().timer is not None:  # it is off, and waits for its next start
                ending.finish(state, guest, guest.running(), policy.SHUTDOWN)
                return
            started = _awake(guest)
            guest.running().shutting_down = True
            state.note(guest)
            runtime.stop(guest.name, started, kill=False, timeout=0)

    def domain_reboot(self, conn: Session, dom: DomainRef, flags: int) -> None:
        _choose_way("domain_reboot", dom, flags, DomainRebootFlags.GUEST_AGENT)
        with conn.hold(dom, "domain_reboot") as (_, guest):
            runtime.reboot(guest.name, _awake(guest))

    def domain_destroy_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_destroy_flags", flags, DomainDestroyFlags.REMOVE_LOGS)
        state = conn.own()
        # Without the guest's lock: whoever holds it may be waiting for something that never happens.
        guest = state.domains.by_ref(dom)
        ending.destroy(state, guest, guest.running())
        if flags & DomainDestroyFlags.REMOVE_LOGS:
            state.log_of(guest).unlink(missing_ok=True)

    def domain_suspend(self, conn: Session, dom: DomainRef) -> None:
        with conn.hold(dom, "domain_suspend") as (state, guest):
            run = guest.running()
            if guest.state != DomainState.PAUSED:
                cgroups.freeze(state.layout, run.cgroup)
                state.move(guest, DomainState.PAUSED, DomainPausedReason.USER, SUSPENDED)

    def domain_resume(self, conn: Session, dom: DomainRef) -> None:
        with conn.hold(dom, "domain_resume") as (state, guest):
            run = guest.running()
            if guest.state != DomainState.PAUSED:
                raise OperationInvalidError(f"{guest.subject} is not paused", domain=LXC)
            cgroups.thaw(state.layout, run.cgroup)
            state.move(guest, DomainState.RUNNING, DomainRunningReason.UNPAUSED, RESUMED)


def _create(function: str, conn: Session, dom: DomainRef, flags: int, files: Sequence[int] = ()) -> DomainRef:
    refuse(function, flags, starting.FLAGS)
    with conn.hold(dom, function) as (_, guest):
        if guest.run is not None:
            raise OperationInvalidError(f"{guest.subject} is running already", domain=LXC)
        definition = guest.definition(validate=bool(flags & DomainCreateFlags.START_VALIDATE))
        return starting.serve(conn, guest, definition, flags, files)


def _awake(guest: Container) -> Started:
    """The processes of a container that can hear a signal."""
    run = guest.running()
    if guest.state == DomainState.PAUSED:
        raise OperationInvalidError(f"{guest.subject} is paused and hears nothing: resume it first", domain=LXC)
    # One that has just rebooted may run before that is noticed.
    started = run.started if run.started and run.started.alive else runtime.find(run.folder)
    if started is None:
        raise OperationFailedError(f"{guest.subject} has ended; start it again", domain=LXC)
    return started


def _choose_way(function: str, dom: DomainRef, flags: int, agent: int) -> None:
    """Refuse the ways of asking a guest that containers do not have."""
    refuse(function, flags, WAYS | agent)
    if flags == agent:
        raise ArgumentUnsupportedError(
            f"domain {dom.name!r} is a container and has no guest agent: use SIGNAL", domain=LXC
        )
