"""What happens to the simulator's domains: start, stop, pause, reboot, dumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCoreDumpFlags,
    DomainCoreDumpFormat,
    DomainDestroyFlags,
    DomainEventResumedDetailType,
    DomainEventStoppedDetailType,
    DomainEventSuspendedDetailType,
    DomainEventType,
    DomainLifecycle,
    DomainLifecycleAction,
    DomainPausedReason,
    DomainRebootFlags,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    OperationUnsupportedError,
)
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.spec import quick
from virtkit_test import saving
from virtkit_test.domain import DOMAIN, IMPACT, Domain, exclusive, publish, start, stop
from virtkit_test.filters import known, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

ACTIONS = {
    DomainLifecycleAction.DESTROY: "destroy",
    DomainLifecycleAction.RESTART: "restart",
    DomainLifecycleAction.RESTART_RENAME: "rename-restart",
    DomainLifecycleAction.PRESERVE: "preserve",
    DomainLifecycleAction.COREDUMP_DESTROY: "coredump-destroy",
    DomainLifecycleAction.COREDUMP_RESTART: "coredump-restart",
}
FIELDS = {
    DomainLifecycle.POWEROFF: "on_poweroff",
    DomainLifecycle.REBOOT: "on_reboot",
    DomainLifecycle.CRASH: "on_crash",
}
RUNNING_AFTER = ("restart", "rename-restart")
"""Reactions to a reboot or shutdown after which the domain runs on."""


class LifecyclePart(DomainLifecycleSpec["TestState"]):
    """The lifecycle functions of the driver."""

    @quick
    def domain_create_with_flags(self, conn: TestState, dom: DomainRef, flags: int) -> DomainRef:
        refuse("domain_create_with_flags", flags)
        with conn.domains.hold(dom, "domain_create_with_flags") as domain:
            if domain.active:
                raise InternalError(f"domain {domain.name!r} is running already", domain=TEST)
            start(conn, domain)
            return domain.ref

    @quick
    def domain_create_with_files(self, conn: TestState, dom: DomainRef, flags: int, files: Sequence[int]) -> DomainRef:
        return self.domain_create_with_flags(conn, dom, flags)

    @quick
    def domain_shutdown_flags(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        refuse("domain_shutdown_flags", flags)
        with conn.domains.hold(dom, "domain_shutdown_flags") as domain:
            if not domain.active:
                raise InternalError(f"domain {domain.name!r} is not running", domain=TEST)
            _react(conn, domain, domain.document.on_poweroff)

    @quick
    def domain_destroy_flags(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        refuse("domain_destroy_flags", flags & ~DomainDestroyFlags.GRACEFUL)
        with conn.domains.hold(dom, "domain_destroy_flags") as domain:
            domain.require_active()
            stop(conn, domain, DomainShutoffReason.DESTROYED, DomainEventStoppedDetailType.DESTROYED)

    @quick
    def domain_reboot(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        refuse("domain_reboot", flags & ~sum(DomainRebootFlags))
        with conn.domains.hold(dom, "domain_reboot") as domain:
            domain.require_active()
            _react(conn, domain, domain.document.on_reboot)

    @quick
    def domain_reset(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        refuse("domain_reset", flags)
        with conn.domains.hold(dom, "domain_reset") as domain:
            domain.require_active()

    @quick
    def domain_suspend(self, conn: TestState, dom: DomainRef) -> None:
        with conn.domains.hold(dom, "domain_suspend") as domain:
            if domain.state in (DomainState.SHUTOFF, DomainState.PAUSED):
                raise InternalError(f"domain {domain.name!r} is not running", domain=TEST)
            domain.enter(DomainState.PAUSED, DomainPausedReason.USER)
            publish(conn, domain, DomainEventType.SUSPENDED, DomainEventSuspendedDetailType.PAUSED)

    @quick
    def domain_resume(self, conn: TestState, dom: DomainRef) -> None:
        with conn.domains.hold(dom, "domain_resume") as domain:
            if domain.state != DomainState.PAUSED:
                raise InternalError(f"domain {domain.name!r} is not paused", domain=TEST)
            domain.enter(DomainState.RUNNING, DomainRunningReason.UNPAUSED)
            publish(conn, domain, DomainEventType.RESUMED, DomainEventResumedDetailType.UNPAUSED)

    @quick
    def domain_inject_nmi(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        refuse("domain_inject_nmi", flags)
        conn.domains.by_ref(dom).require_active()

    @quick
    def domain_set_lifecycle_action(self, conn: TestState, dom: DomainRef, type: int, action: int, flags: int) -> None:
        refuse("domain_set_lifecycle_action", flags & ~IMPACT)
        event, reaction = known(DomainLifecycle, type, "event"), known(DomainLifecycleAction, action, "action")
        if event != DomainLifecycle.CRASH and reaction >= DomainLifecycleAction.COREDUMP_DESTROY:
            raise ConfigUnsupportedError(f"{ACTIONS[reaction]} is possible for a crash only", domain=DOMAIN)
        with conn.domains.hold(dom, "domain_set_lifecycle_action") as domain:
            for document in domain.definitions(flags):
                setattr(document, FIELDS[event], ACTIONS[reaction])

    def domain_core_dump_with_format(
        self, conn: TestState, dom: DomainRef, to: str, dumpformat: int, flags: int
    ) -> None:
        if flags & DomainCoreDumpFlags.CRASH and flags & DomainCoreDumpFlags.LIVE:
            raise exclusive("domain_core_dump_with_format", "CRASH", "LIVE")
        refuse("domain_core_dump_with_format", flags & ~DomainCoreDumpFlags.CRASH)
        wanted = known(DomainCoreDumpFormat, dumpformat, "dump format")
        with conn.domains.hold(dom, "domain_core_dump_with_format") as domain:
            domain.require_active()
            if wanted != DomainCoreDumpFormat.RAW:
                raise OperationUnsupportedError("the simulator dumps in the raw format only", domain=TEST)
            try:
                with open(to, "wb") as file:
                    file.write(saving.MAGIC)
            except OSError as error:
                raise saving.unusable(to, error) from error
            if flags & DomainCoreDumpFlags.CRASH:
                stop(conn, domain, DomainShutoffReason.CRASHED, DomainEventStoppedDetailType.CRASHED)


def _react(conn: TestState, domain: Domain, reaction: str | None) -> None:
    """Do what a definition says of a shutdown or a reboot."""
    if reaction in RUNNING_AFTER:
        domain.enter(DomainState.RUNNING, DomainRunningReason.BOOTED)
    else:
        stop(conn, domain, DomainShutoffReason.SHUTDOWN, DomainEventStoppedDetailType.SHUTDOWN)
