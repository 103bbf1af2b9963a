"""From a definition to a guest that runs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainCreateFlags,
    DomainEventStartedDetailType,
    DomainEventType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import ConfigUnsupportedError, InternalError, OperationFailedError
from virtkit.events import DomainLifecycleEvent
from virtkit.services.process import Launch
from virtkit.xml.domain.devices.character import Channel, CharacterSource, Port
from virtkit_qemu import (
    chains,
    command,
    define,
    happenings,
    interfaces,
    passphrases,
    policy,
    ports,
    sources,
    unixsocket,
    volumes,
)
from virtkit_qemu.emulator import Emulator
from virtkit_qemu.guest import Guest, Run
from virtkit_qemu.qmp import QMPError
from virtkit_qemu.runtime import Runtime

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_qemu.facts import Facts
    from virtkit_qemu.state import QemuState, Session
    from virtkit_qemu.volumes import Places

BOOTED = DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)
FLAGS = DomainCreateFlags.START_PAUSED | DomainCreateFlags.START_AUTODESTROY | DomainCreateFlags.START_VALIDATE
"""What a start can be asked for."""

PORT_ATTEMPTS = 8
"""So many ports may be taken from under our nose."""

NAME_BYTES = 20
"""So much of a guest's name is in the name of its run's folder, for people who look there."""


def serve(conn: Session, guest: Guest, domain: Domain, flags: int) -> DomainRef:
    """Start a guest as a session asks; see `start`."""
    run = start(conn.state, guest, domain, paused=bool(flags & DomainCreateFlags.START_PAUSED))
    if flags & DomainCreateFlags.START_AUTODESTROY:
        conn.doomed.append((guest, run))
    return guest.ref


def start(state: QemuState, guest: Guest, domain: Domain, *, paused: bool = False) -> Run:
    """Start a guest that is off and whose lock is held.

    Args:
        state: The owned state.
        guest: The guest.
        domain: What it is to run with, completed.
        paused: Leave its vCPUs stopped.

    Raises:
        ConfigUnsupportedError: KVM is asked for and does not work here, or QEMU cannot do what is asked.
        NoStoragePoolError: A disk is a volume of a pool that does not exist.
        NoStorageVolError: A disk is a volume that does not exist.
        NoSecretError: The secret of an encrypted disk does not exist, or has no value.
        NoNetworkError: An interface is plugged into a network that does not exist.
        OperationInvalidError: Or into one that is not active; or the name of its device is taken.
        SystemCallError: A file it needs is missing, or its state cannot be stored; `int1` is the errno.
        InternalError: QEMU ended at once; the message has what it printed.
        OperationTimeoutError: QEMU does not answer.
    """
    emulator = Path(domain.devices.emulator or "")
    facts = state.binaries.facts(emulator)
    _check_kvm(state, guest, domain, emulator)
    places = volumes.locate(state.peers, domain)
    sources.drop_missing(domain, places)
    sources.make_variables(guest.subject, domain)
    sources.check(guest.subject, domain, places)
    secrets = passphrases.fetch(state.peers, domain)
    run = _run(state, guest, domain, places)
    guest.run, guest.state, guest.reason = run, DomainState.PAUSED, DomainPausedReason.STARTING_UP
    try:
        _launch(state, guest, run, facts, secrets)
        state.show_pid(guest, run)
        _prepare(run)
        if not paused:
            _go(run)
    except BaseException:
        _abandon(state, guest, run)
        raise
    if paused:
        state.move(guest, DomainState.PAUSED, DomainPausedReason.USER, BOOTED, happenings.PAUSED.event)
    else:
        state.move(guest, DomainState.RUNNING, DomainRunningReason.BOOTED, BOOTED)
    return run


def _run(state: QemuState, guest: Guest, domain: Domain, places: Places) -> Run:
    """A run with its own id, folder and live document."""
    number = state.domains.set_id(guest)
    name = os.fsdecode(os.fsencode(guest.name)[:NAME_BYTES])
    run = Run(define.live(domain), state.folders.run / f"{number}-{name}", places)
    run.live.id = number
    _place_channels(state, run)
    return run


def _check_kvm(state: QemuState, guest: Guest, domain: Domain, emulator: Path) -> None:
    if domain.type == "kvm":
        verdict = state.binaries.kvm(emulator)
        if not verdict.works:
            raise ConfigUnsupportedError(f"{guest.subject} asks for KVM: {verdict.reason}", domain=ErrorDomain.QEMU)


def _launch(state: QemuState, guest: Guest, run: Run, facts: Facts, secrets: Mapping[str, bytes]) -> None:
    """Start QEMU with the guest stopped. It is on record before it exists."""
    state.make_folder(run)
    refused: set[int] = set()
    with interfaces.plug(state, guest, run) as taps:
        while True:
            with state.choosing:
                others = ports.used(other.run.live for other in state.domains.active() if other.run)
                chosen = ports.assign(run.live, others | refused)
            state.record(guest)
            try:
                with passphrases.handed(secrets) as descriptors:
                    return _spawn(state, guest, run, facts, descriptors, taps)
            except InternalError as error:
                # A program that is not ours was faster.
                if not chosen or ports.IN_USE not in error.message or len(refused) > PORT_ATTEMPTS:
                    raise
                refused |= ports.withdraw(chosen)


def _spawn(
    state: QemuState,
    guest: Guest,
    run: Run,
    facts: Facts,
    secrets: Mapping[str, int],
    taps: Mapping[str, tuple[int, ...]],
) -> None:
    listener = unixsocket.listen(run.monitor_path)
    try:
        runtime = Runtime(listener.fileno(), run.folder, run.volumes, secrets, taps)
        arguments = command.build(run.live, facts, runtime)
    except BaseException:
        listener.close()
        raise
    launch = Launch(
        guest.subject,
        tuple(arguments),
        run.pid_file,
        state.log_of(guest),
        fds=(listener.fileno(), *secrets.values(), *itertools.chain.from_iterable(taps.values())),
        folder=run.folder,
        error_domain=ErrorDomain.QEMU,
    )
    try:
        run.emulator = Emulator.start(
            launch,
            listener,
            run.monitor_path,
            loop=state.loop,
            on_event=lambda event: happenings.handle(state, guest, run, event),
            on_gone=lambda: happenings.end(state, guest, run),
        )
    except OperationFailedError as cause:
        raise InternalError(passphrases.explained(cause.message, run.live), domain=ErrorDomain.QEMU) from cause


def _prepare(run: Run) -> None:
    """Bring the stopped guest into the form its document tells, and the document up to what QEMU chose."""
    assert run.emulator is not None
    monitor = run.emulator.monitor
    policy.apply(run.emulator, run)
    for request, arguments in command.preparation(run.live):
        monitor.execute(request, arguments)
    _learn_terminals(run.live, {found["label"]: found["filename"] for found in monitor.execute("query-chardev")})
    chains.fill(run.live, monitor.execute("query-block"))
    memory, current = run.live.memory, run.live.current_memory
    balloon = run.live.devices.memballoon
    if memory and memory.size and current and current < memory.size and balloon and balloon.model != "none":
        monitor.execute("balloon", {"value": current * 1024})


def _learn_terminals(live: Domain, filenames: Mapping[str, str]) -> None:
    """Write the terminals that QEMU opened into the document; it reports them as `pty:/dev/pts/1`."""
    devices = live.devices
    found: list[Port | Channel] = [*devices.serials, *devices.parallels, *devices.consoles, *devices.channels]
    for character in found:
        kind, _, path = filenames.get(f"char{character.alias}", "").partition(":")
        if character.type == "pty" and kind == "pty":
            character.sources = [CharacterSource(path=path)]
            if isinstance(character, Port) and any(character is console for console in devices.consoles):
                character.tty = path


def _place_channels(state: QemuState, run: Run) -> None:
    """Give the channels that are sockets and say no more theirs in the run's folder.

    A socket in the folder of another run is none of the user's: its definition was made of a live document.
    """
    for channel in run.live.devices.channels:
        name = channel.target.name if channel.target else None
        path = channel.source.path if channel.source else None
        if channel.type == "unix" and (path is None or Path(path).is_relative_to(state.folders.run)):
            file = (name or channel.alias or "").replace("/", "_")
            channel.sources = [CharacterSource(mode="bind", path=str(run.folder / file))]
        if channel.target is not None and channel.target.type == "virtio":
            channel.target.state = "disconnected"


def _go(run: Run) -> None:
    assert run.emulator is not None
    try:
        run.emulator.monitor.execute("cont")
    except QMPError as cause:
        raise InternalError(cause.message, domain=ErrorDomain.QEMU) from cause


def _abandon(state: QemuState, guest: Guest, run: Run) -> None:
    """Let go of what a start that failed had claimed; the domain is off as before."""
    if run.emulator is not None:
        run.emulator.process.stop(grace=0)
    guest.run = None  # as in `ending.finish`
    run.let_go()
    interfaces.unplug(state, guest, run)
    state.domains.clear_id(guest)
    guest.state, guest.reason = DomainState.SHUTOFF, DomainShutoffReason.FAILED
    state.forget(guest, run)
