"""The life of a guest: start, stop, pause, restart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainDestroyFlags,
    DomainPausedReason,
    DomainShutdownFlags,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import OperationInvalidError, VirtError
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit_qemu import ending, happenings, inside, policy, starting
from virtkit_qemu.adoption import emulator_of
from virtkit_qemu.definition import refuse
from virtkit_qemu.guest import Guest, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit.refs import DomainRef
    from virtkit_qemu.agent import Agent
    from virtkit_qemu.emulator import Emulator
    from virtkit_qemu.state import QemuState, Session

QEMU = ErrorDomain.QEMU
AGENT, BUTTON = DomainShutdownFlags.GUEST_AGENT, DomainShutdownFlags.ACPI_POWER_BTN
"""Ways of asking a guest to power off or, by the same numbers, to reboot."""

_log = logging.getLogger(__name__)

START_FLAGS = starting.FLAGS | DomainCreateFlags.START_BYPASS_CACHE | DomainCreateFlags.START_FORCE_BOOT
"""The two more are about saved states: without one there is nothing to bypass or to drop."""


class LifecyclePart(DomainLifecycleSpec["Session"]):
    """The functions of the driver that move a guest from state to state."""

    def domain_create_with_flags(self, conn: Session, dom: DomainRef, flags: int) -> DomainRef:
        refuse("domain_create_with_flags", flags, START_FLAGS)
        with conn.hold(dom, "domain_create_with_flags") as (_, guest):
            if guest.run is not None:
                raise OperationInvalidError(f"{guest.subject} is running already", domain=QEMU)
            definition = guest.definition(validate=bool(flags & DomainCreateFlags.START_VALIDATE))
            return starting.serve(conn, guest, definition, flags)

    def domain_shutdown_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        _bring_down(conn, dom, "domain_shutdown_flags", flags, reboot=False)

    def domain_reboot(self, conn: Session, dom: DomainRef, flags: int) -> None:
        _bring_down(conn, dom, "domain_reboot", flags, reboot=True)

    def domain_destroy_flags(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_destroy_flags", flags, DomainDestroyFlags.GRACEFUL | DomainDestroyFlags.REMOVE_LOGS)
        state = conn.own()
        # Without the guest's lock: whoever holds it may be waiting for a QEMU that will never answer.
        guest = state.domains.by_ref(dom)
        run = guest.running()
        end: Callable[[QemuState, Guest, Run], None] = (
            ending.ask_to_end if flags & DomainDestroyFlags.GRACEFUL else ending.destroy
        )
        end(state, guest, run)
        if flags & DomainDestroyFlags.REMOVE_LOGS:
            state.log_of(guest).unlink(missing_ok=True)

    def domain_reset(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_reset", flags)
        with conn.hold(dom, "domain_reset") as (state, guest):
            emulator_of(state, guest).monitor.execute("system_reset")
            if guest.state == DomainState.CRASHED:
                state.move(guest, DomainState.PAUSED, DomainPausedReason.CRASHED)

    def domain_suspend(self, conn: Session, dom: DomainRef) -> None:
        with conn.hold(dom, "domain_suspend") as (state, guest):
            emulator = emulator_of(state, guest)
            if guest.state == DomainState.PMSUSPENDED:
                raise OperationInvalidError(f"{guest.subject} sleeps: wake it up first", domain=QEMU)
            if guest.state != DomainState.PAUSED:
                emulator.monitor.execute("stop")
                state.move(guest, *happenings.PAUSED)

    def domain_resume(self, conn: Session, dom: DomainRef) -> None:
        with conn.hold(dom, "domain_resume") as (state, guest):
            emulator = emulator_of(state, guest)
            if guest.state == DomainState.PMSUSPENDED:
                raise OperationInvalidError(f"{guest.subject} sleeps: wake it up instead", domain=QEMU)
            if guest.state not in (DomainState.PAUSED, DomainState.CRASHED):
                raise OperationInvalidError(f"{guest.subject} is not paused", domain=QEMU)
            emulator.monitor.execute("cont")
            state.move(guest, *happenings.RUNNING)

    def domain_pm_wakeup(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_pm_wakeup", flags)
        with conn.hold(dom, "domain_pm_wakeup") as (state, guest):
            emulator = emulator_of(state, guest)
            if guest.state == DomainState.PMSUSPENDED:
                emulator.monitor.execute("system_wakeup")

    def domain_inject_nmi(self, conn: Session, dom: DomainRef, flags: int) -> None:
        refuse("domain_inject_nmi", flags)
        with conn.hold(dom, "domain_inject_nmi") as (state, guest):
            emulator_of(state, guest).monitor.execute("inject-nmi")


def _bring_down(conn: Session, dom: DomainRef, call: str, flags: int, *, reboot: bool) -> None:
    """Ask a guest to power off or to reboot: through its agent, and with the power button where that cannot be.

    The guest is not held while its agent is asked.
    """
    refuse(call, flags, AGENT | BUTTON)
    ways = flags or AGENT | BUTTON
    with conn.hold(dom, call) as (state, guest):
        emulator_of(state, guest)  # one adopted just now knows whether its agent is there
        agent = _agent_of(state, guest, ways)
        if agent is None:
            _press_power_button(state, guest, reboot=reboot)
            return
        _announce(state, guest, reboot=reboot, button=False)
    try:
        agent.order("guest-shutdown", {"mode": "reboot" if reboot else "powerdown"})
    except VirtError as error:
        if not ways & BUTTON:
            raise
        _log.warning("%s: the power button is pressed instead", error)
        with conn.hold(dom, call) as (state, guest):
            _press_power_button(state, guest, reboot=reboot)


def _agent_of(state: QemuState, guest: Guest, ways: int) -> Agent | None:
    """The agent of a guest; None where the button is to be pressed."""
    if not ways & AGENT:
        return None
    try:
        return inside.agent_of(state, guest)
    except VirtError:
        if not ways & BUTTON:
            raise
        return None


def _press_power_button(state: QemuState, guest: Guest, *, reboot: bool) -> None:
    _announce(state, guest, reboot=reboot, button=True).monitor.execute("system_powerdown")


def _announce(state: QemuState, guest: Guest, *, reboot: bool, button: bool) -> Emulator:
    """Remember what a guest is asked for. By its button it can only be powered off, and is started again then."""
    emulator, run = emulator_of(state, guest), guest.running()
    stays = reboot and policy.reboots(run)
    run.fake_reboot = stays and button
    run.powerdown = not stays
    state.note(guest)
    policy.apply(emulator, run)
    return emulator
