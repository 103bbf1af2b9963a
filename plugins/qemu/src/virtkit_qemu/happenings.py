"""What QEMU reports of a guest, and what follows from it.

Events arrive in order on a thread of the guest. By the time one is handled a call may have changed the guest again,
so a handler that changes the state asks QEMU how the guest is now, rather than believe how it was.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.enums import ConnectDomainEventAgentLifecycleReason as AgentReason
from virtkit.enums import ConnectDomainEventAgentLifecycleState as AgentState
from virtkit.enums import (
    DomainCrashedReason,
    DomainEventCrashedDetailType,
    DomainEventIOErrorAction,
    DomainEventPMSuspendedDetailType,
    DomainEventResumedDetailType,
    DomainEventShutdownDetailType,
    DomainEventStartedDetailType,
    DomainEventSuspendedDetailType,
    DomainEventType,
    DomainEventWatchdogAction,
    DomainPausedReason,
    DomainPMSuspendedReason,
    DomainRunningReason,
    DomainShutdownReason,
    DomainState,
)
from virtkit.events import (
    DomainAgentLifecycleEvent,
    DomainBalloonChangeEvent,
    DomainIOErrorEvent,
    DomainIOErrorReasonEvent,
    DomainLifecycleEvent,
    DomainPMSuspendDiskEvent,
    DomainPMSuspendEvent,
    DomainPMWakeupEvent,
    DomainRebootEvent,
    DomainRTCChangeEvent,
    DomainWatchdogEvent,
    QemuMonitorEvent,
)
from virtkit_qemu import agent, ending, policy
from virtkit_qemu.qmp import Event, MonitorClosedError

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.character import ChannelTarget
    from virtkit_qemu.guest import Guest, Run
    from virtkit_qemu.state import QemuState

_log = logging.getLogger(__name__)

Handler = Callable[["QemuState", "Guest", "Run", dict[str, Any]], None]


class Condition(NamedTuple):
    """What a status of QEMU means: state, reason, and the event of coming into it."""

    state: DomainState
    reason: int
    event: DomainLifecycleEvent


def _suspended(reason: DomainPausedReason, detail: DomainEventSuspendedDetailType) -> Condition:
    return Condition(DomainState.PAUSED, reason, DomainLifecycleEvent(DomainEventType.SUSPENDED, detail))


RUNNING = Condition(
    DomainState.RUNNING,
    DomainRunningReason.UNPAUSED,
    DomainLifecycleEvent(DomainEventType.RESUMED, DomainEventResumedDetailType.UNPAUSED),
)
PAUSED = _suspended(DomainPausedReason.USER, DomainEventSuspendedDetailType.PAUSED)
CRASHED = Condition(
    DomainState.CRASHED,
    DomainCrashedReason.PANICKED,
    DomainLifecycleEvent(DomainEventType.CRASHED, DomainEventCrashedDetailType.PANICKED),
)
ASLEEP = Condition(
    DomainState.PMSUSPENDED,
    DomainPMSuspendedReason.UNKNOWN,
    DomainLifecycleEvent(DomainEventType.PMSUSPENDED, DomainEventPMSuspendedDetailType.MEMORY),
)
AWAKE = Condition(
    DomainState.RUNNING,
    DomainRunningReason.WAKEUP,
    DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.WAKEUP),
)
CONDITIONS = {
    "running": RUNNING,
    "paused": PAUSED,
    "io-error": _suspended(DomainPausedReason.IOERROR, DomainEventSuspendedDetailType.IOERROR),
    "watchdog": _suspended(DomainPausedReason.WATCHDOG, DomainEventSuspendedDetailType.WATCHDOG),
    "internal-error": _suspended(DomainPausedReason.UNKNOWN, DomainEventSuspendedDetailType.PAUSED),
    "suspended": ASLEEP,
    "guest-panicked": CRASHED,
}
"""Status of QEMU -> condition; what is not here changes nothing."""

SHUT_DOWN = "shutdown"
"""Status of a guest that has shut down under a QEMU that was told to stay."""


def handle(state: QemuState, guest: Guest, run: Run, event: Event) -> None:
    """Handle an event of a run's QEMU."""
    seconds = int(event.seconds)
    details = json.dumps(event.data) if event.data else None
    micros = round((event.seconds - seconds) * 1e6)
    state.publish(guest, QemuMonitorEvent(event.name, seconds, micros, details))
    handler = HANDLERS.get(event.name)
    if handler is None:
        return
    with state.alone(guest, f"event {event.name}") as exists:
        if not exists or guest.run is not run:
            return
        try:
            handler(state, guest, run, event.data)
        except MonitorClosedError:
            _log.debug("%s ended while %s was handled", guest.subject, event.name)


def end(state: QemuState, guest: Guest, run: Run) -> None:
    """Handle the end of a run's QEMU."""
    with state.alone(guest, "end") as exists:
        if exists:
            finish = ending.SHUTDOWN if guest.state == DomainState.SHUTDOWN else ending.KILLED
            ending.finish(state, guest, run, finish)


def observe(state: QemuState, guest: Guest, run: Run) -> str:
    """Ask QEMU how the guest is, and tell if it is otherwise than known. The guest's lock is held.

    Returns:
        QEMU's status.
    """
    assert run.emulator is not None
    status: str = run.emulator.monitor.execute("query-status")["status"]
    condition = CONDITIONS.get(status)
    if condition is not None and condition.state != guest.state:
        state.move(guest, *condition)
    if condition is CRASHED and policy.on_crash(run) == policy.RESTART:
        policy.restart(run.emulator, run)
        state.move(guest, DomainState.RUNNING, DomainRunningReason.CRASHED, RUNNING.event)
    return status


def _observed(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    observe(state, guest, run)


def _shutdown(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    if policy.restarts(run):
        after_shutdown(state, guest, run)
    elif run.ending is None and guest.state != DomainState.CRASHED:
        who = DomainEventShutdownDetailType.GUEST if data["guest"] else DomainEventShutdownDetailType.HOST
        state.move(
            guest,
            DomainState.SHUTDOWN,
            DomainShutdownReason.UNKNOWN,
            DomainLifecycleEvent(DomainEventType.SHUTDOWN, who),
        )


def after_shutdown(state: QemuState, guest: Guest, run: Run) -> None:
    """Go on with a guest that has shut down while its QEMU stayed: start it again, or end QEMU too."""
    if not policy.restarts(run):
        ending.destroy(state, guest, run, ending.SHUTDOWN)
        return
    assert run.emulator is not None
    run.fake_reboot = run.powerdown = False
    policy.restart(run.emulator, run)
    observe(state, guest, run)
    state.note(guest)


def _panicked(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    # Those that are started again are so once QEMU has stopped them, which it reports next.
    state.move(guest, *CRASHED)
    if policy.on_crash(run) == policy.DESTROY:
        run.ending = ending.CRASHED


def _reset(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    state.publish(guest, DomainRebootEvent())


def _suspend(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    observe(state, guest, run)
    state.publish(guest, DomainPMSuspendEvent(0))


def _suspend_disk(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    state.publish(guest, DomainPMSuspendDiskEvent(0))


def _wakeup(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    if guest.state == DomainState.PMSUSPENDED:
        state.move(guest, *AWAKE)
    state.publish(guest, DomainPMWakeupEvent(0))


def _watchdog(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    action = DomainEventWatchdogAction[data["action"].replace("-", "").upper()]
    state.publish(guest, DomainWatchdogEvent(action))
    observe(state, guest, run)


def _io_error(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    actions = {"stop": DomainEventIOErrorAction.PAUSE, "report": DomainEventIOErrorAction.REPORT}
    action = actions.get(data["action"], DomainEventIOErrorAction.NONE)
    path, alias = _disk_of(run, data)
    reason = "enospc" if data.get("nospace") else ""
    state.publish(guest, DomainIOErrorEvent(path, alias, action))
    state.publish(guest, DomainIOErrorReasonEvent(path, alias, action, reason))
    observe(state, guest, run)


def _disk_of(run: Run, data: dict[str, Any]) -> tuple[str, str]:
    """Source path and alias of the disk an event is about; empty where it is none of the document's."""
    for disk in run.live.devices.disks:
        if disk.alias and (disk.alias in data.get("qom-path", "") or disk.alias in data.get("device", "")):
            source = disk.source
            return (source.file or source.dev or "" if source else ""), disk.alias
    return "", ""


def _clock(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    state.publish(guest, DomainRTCChangeEvent(int(data["offset"])))


def _balloon(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    run.live.current_memory = data["actual"] // 1024
    state.note(guest)
    state.publish(guest, DomainBalloonChangeEvent(run.live.current_memory))


def _channel(state: QemuState, guest: Guest, run: Run, data: dict[str, Any]) -> None:
    """Somebody in the guest opened or closed its end of a channel."""
    channel = next((channel for channel in run.live.devices.channels if channel.alias == data["id"]), None)
    if channel is None or channel.target is None:
        return
    _mark(channel.target, is_open=data["open"])
    state.note(guest)
    if channel.target.name == agent.CHANNEL:
        if not data["open"]:
            state.line_of(guest).hang_up()
        there = AgentState.CONNECTED if data["open"] else AgentState.DISCONNECTED
        state.publish(guest, DomainAgentLifecycleEvent(there, AgentReason.CHANNEL))


def observe_channels(state: QemuState, guest: Guest, run: Run) -> None:
    """Ask QEMU which channels the guest has open. The guest's lock is held."""
    targets = {f"char{each.alias}": each.target for each in run.live.devices.channels if each.target}
    if not targets:
        return
    assert run.emulator is not None
    for found in run.emulator.monitor.execute("query-chardev"):
        target = targets.get(found["label"])
        if target is not None and target.state is not None:
            _mark(target, is_open=found["frontend-open"])
    state.note(guest)


def _mark(target: ChannelTarget, *, is_open: bool) -> None:
    target.state = "connected" if is_open else "disconnected"


HANDLERS: dict[str, Handler] = {
    "STOP": _observed,
    "RESUME": _observed,
    "SHUTDOWN": _shutdown,
    "RESET": _reset,
    "GUEST_PANICKED": _panicked,
    "SUSPEND": _suspend,
    "SUSPEND_DISK": _suspend_disk,
    "WAKEUP": _wakeup,
    "WATCHDOG": _watchdog,
    "BLOCK_IO_ERROR": _io_error,
    "RTC_CHANGE": _clock,
    "BALLOON_CHANGE": _balloon,
    "VSERPORT_CHANGE": _channel,
}
"""Event of QEMU -> what is done about it; the others are only passed on."""
