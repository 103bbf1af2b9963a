"""From a definition to a container that runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainEventStartedDetailType,
    DomainEventType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import OperationFailedError
from virtkit.events import DomainLifecycleEvent
from virtkit.services.guests import describing
from virtkit.xml.domain.tune import Resource
from virtkit_lxc import cgroups, configuration, define, ending, inheriting, planning, rootless, runtime, watching
from virtkit_lxc.container import Container, Run

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.runtime import Started
    from virtkit_lxc.state import LxcState, Session

BOOTED = DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)
FLAGS = DomainCreateFlags.START_AUTODESTROY | DomainCreateFlags.START_VALIDATE
"""What a start can be asked for."""

NAME_LENGTH = 20
"""So much of a container's name is in the name of its run's folder, for people who look there."""


def serve(conn: Session, guest: Container, domain: Domain, flags: int, files: Sequence[int] = ()) -> DomainRef:
    """Start a container as a session asks; see `start`."""
    inheriting.check(guest.subject, files)
    run = start(conn.state, guest, domain, files)
    if flags & DomainCreateFlags.START_AUTODESTROY:
        conn.doomed.append((guest, run))
    return guest.ref


def start(state: LxcState, guest: Container, domain: Domain, files: Sequence[int] = ()) -> Run:
    """Start a container that is off and whose lock is held.

    Args:
        state: The owned state.
        guest: The guest.
        domain: What it is to run with, completed.
        files: Descriptors that init inherits as 3, 4, ...; one that is started anew by the driver has none of them.

    Raises:
        SystemCallError: Something it needs is missing, or its state cannot be stored; `int1` is the errno.
        ConfigUnsupportedError: This host lacks what is asked for.
        OperationFailedError: liblxc cannot start it, or its init ended at once; the message has what it printed.
        OperationTimeoutError: The start took too long.
        VirtError: See `planning.plan`.
    """
    run = _run(state, guest, rootless.settled(guest.subject, domain, state.layout))
    guest.run, guest.state, guest.reason = run, DomainState.PAUSED, DomainPausedReason.STARTING_UP
    try:
        state.make_folder(run)
        started = _launch(state, guest, run, files)
    except OperationFailedError as error:
        ending.clean(state, guest, run, DomainShutoffReason.FAILED)
        raise rootless.explained(run.live, error) from error.__cause__
    except BaseException:
        ending.clean(state, guest, run, DomainShutoffReason.FAILED)
        raise
    run.started = started
    _take_number(state, guest, run, started)
    state.move(guest, DomainState.RUNNING, DomainRunningReason.BOOTED, BOOTED)
    watching.begin(state, guest, run, started)
    return run


def restart(state: LxcState, guest: Container, run: Run) -> None:
    """Start a container again that has come to its end, with the same id; its lock is held.

    Raises:
        VirtError: As `start`; the run is still there.
    """
    ending.release(state, guest, run)
    run.altered = False
    live = define.live(describing.without_run(run.live))
    live.id, live.resource = run.number, run.live.resource
    run.live = live
    watching.begin(state, guest, run, _launch(state, guest, run))


def _take_number(state: LxcState, guest: Container, run: Run, started: Started) -> None:
    """Give a container the pid of its init for its id: libvirt's clients find its control groups by that.

    It keeps the one it has where another is still known by that pid, whose system has rebooted by itself.
    """
    with suppress(OperationFailedError):
        run.live.id = state.domains.set_id(guest, started.init.pid)


def _launch(state: LxcState, guest: Container, run: Run, files: Sequence[int] = ()) -> Started:
    """Start a container whose folder is there. It is on record before it exists, and so is what is planned for it."""
    plan = planning.plan(state, guest, run)._replace(inherited=len(files))
    state.record(guest)
    return runtime.start(
        guest.name,
        run.folder,
        configuration.configuration(run.live, plan),
        configuration.command(run.live),
        layout=state.layout,
        group=run.cgroup,
        files=files,
        helped=rootless.takes_helpers(run.live),
        limits=list(cgroups.settings(run.live, plan.layout, plan.numbers, plan.pids)),
    )


def _run(state: LxcState, guest: Container, domain: Domain) -> Run:
    """A run with its own id, folder, control group and live document."""
    number = state.domains.set_id(guest)
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", guest.name)[:NAME_LENGTH]
    run = Run(define.live(domain), state.folders.run / f"{number}-{plain}")
    run.cgroup = cgroups.place(str(state.folders.run), guest.name)
    run.live.id = number
    run.live.resource = run.live.resource or Resource(partition=f"/{cgroups.PARENT}")
    return run
