"""Containers that run: the only edge to liblxc.

liblxc's own programs start containers and programs in them; everything else needs no program: signals go to init by
pidfd, freezing is a write into a control group, how init ended is in liblxc's log. ADR 0023 has the reasons.

`name` is what messages call the container; liblxc knows it by its folder, whose last part must be a plain word. The
folder holds `config`, `monitor.pid` and the logs. liblxc's socket is where no container is: see `seclusion`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    InternalError,
    OperationFailedError,
    OperationInvalidError,
    OperationTimeoutError,
    VirtError,
)
from virtkit.services.runner import run
from virtkit_lxc import cgroups, delegation, inheriting, inits, logs, mounting, seclusion
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.configuration import CONSOLE_LOG, LOG
from virtkit_lxc.configuration.mounts import GUARD
from virtkit_lxc.processes import Identity, all_running, children, told
from virtkit_lxc.sealed import sealed

CONFIG = "config"
MONITOR_PID = "monitor.pid"
INIT = "init"
"""File with the identity of init, where no control group tells which processes are a container's."""

STARTING = "starting"
"""File in the folder of a container that is there during a start: `end` then looks for liblxc's processes too."""

START_SECONDS = 60.0
"""How long a start may take: a file system with a journal to replay is mounted in it."""

KILL_SECONDS = 15.0
"""How long the kernel may take to end what was killed: it first completes the I/O in flight."""

SETTLE_SECONDS = 10.0
"""How long liblxc may take to go on once init has ended: to start anew, or to end."""

REBOOTED = -signal.SIGHUP
"""How the kernel ends an init that called reboot(2) to start anew."""

UNHELPED = "/nonexistent"
"""PATH of a start whose ids liblxc maps itself: where it finds newuidmap, it calls that even as root, for whose ids
/etc/subuid has no range."""

TICK = 0.002

TITLE_TICKS = 500
"""How often to look again at a process that is taking its title."""


class Started(NamedTuple):
    """The two processes of a container.

    Attributes:
        init: Its first program.
        monitor: The process of liblxc that is init's parent and holds its console.
    """

    init: Identity
    monitor: Identity

    @property
    def alive(self) -> bool:
        """Whether the container runs."""
        return self.init.alive


class Ended(OperationFailedError):
    """Init ended before the start was over.

    Attributes:
        status: Its exit status; negative is the signal that ended it. None: nobody knows.
    """

    status: int | None = None


def start(
    name: str,
    folder: Path,
    config: str,
    command: Sequence[str],
    *,
    layout: Layout,
    group: str,
    files: Sequence[int] = (),
    limits: Sequence[delegation.Setting] = (),
    helped: bool = False,
) -> Started:
    """Start a container; returns once its init runs.

    Args:
        name: For messages.
        folder: Its folder, which exists.
        config: `configuration(...)`.
        command: Init and its arguments.
        layout: The control groups of this host.
        group: Its place among them, `plan.cgroup`.
        files: Descriptors that init inherits as 3, 4, ...; its monitor has them open too as long as the container runs.
        limits: Its limits, where they are not in `config`: in groups of a plain user.
        helped: Its ids are mapped by newuidmap, and not by liblxc itself.

    Raises:
        Ended: Init ended at once; the message has its status and its output.
        OperationFailedError: It cannot be started; the message quotes liblxc. Nothing of it is left.
        OperationTimeoutError: The start took too long. Nothing of it is left.
        SystemCallError: liblxc's programs are not installed.
    """
    for old in (LOG, CONSOLE_LOG, MONITOR_PID):
        (folder / old).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        (folder / GUARD).rmdir()
    if cgroups.exist(layout, group):  # liblxc takes none that are there
        cgroups.remove(layout, group)
    write_private(folder / CONFIG, config)
    try:
        (folder / STARTING).touch()
        entering = delegation.enter(layout, group, limits) if layout.delegated else []
        if seclusion.HOME in config:
            seclusion.keep_home(folder)
        _launch(name, folder, command, entering, files, helped=helped)
        (folder / STARTING).unlink()
        started = find(folder)
        if started is None:
            _wait_for_monitor(folder)
            raise _ended_at_once(name, folder)
        if layout.delegated:
            started.init.note(folder / INIT)
    except VirtError as error:
        if not isinstance(error, OperationTimeoutError):
            _let_end(folder)
        end(folder, layout, group)
        if isinstance(error, Ended | OperationTimeoutError) or not (folder / LOG).exists():
            raise
        message = f"domain {name!r} cannot be started: {logs.complaint(folder)}"
        raise OperationFailedError(message, domain=ErrorDomain.LXC) from error
    return started


def _launch(
    name: str, folder: Path, command: Sequence[str], entering: Sequence[str], files: Sequence[int], *, helped: bool
) -> None:
    """Have lxc-start start a container; returns once init runs, or has ended. `entering` is what runs lxc-start."""
    program = sealed("lxc-start")
    environment = locking(folder) | ({} if helped else {"PATH": UNHELPED})
    arguments = [*whose(folder), "-f", str(folder / CONFIG), "-p", str(folder / MONITOR_PID)]
    if not files:
        words = [*entering, f"/proc/self/fd/{program}", *arguments, "--", *command]
        start = partial(run, words, timeout=START_SECONDS, environment=environment, pass_fds=(program,))
        seclusion.secluded(partial(start, domain=ErrorDomain.LXC))
        return
    words = [*entering, f"/proc/{os.getpid()}/fd/{program}", *arguments, "-F", "--", *command]
    seclusion.secluded(partial(inheriting.launch, words, files, environment))
    launched = min(_starting(folder), key=lambda each: each.started, default=None)
    inheriting.wait(name, launched, lambda: find(folder) is not None, START_SECONDS)
    if find(folder) is None and logs.has_complaint(folder):
        raise OperationFailedError(f"domain {name!r}: lxc-start has failed", domain=ErrorDomain.LXC)


def find(folder: Path) -> Started | None:
    """The processes of a container that was started, by whomever; None: it does not run, or is between two runs."""
    monitor = monitor_of(folder)
    init = _init_of(monitor) if monitor else None
    return Started(init, monitor) if monitor and init else None


def monitor_of(folder: Path) -> Identity | None:
    """The monitor of a container; None: there is none, so the container is over."""
    with suppress(FileNotFoundError, ValueError):
        monitor = Identity.of(int((folder / MONITOR_PID).read_text()))
        if monitor is not None and _is_monitor(monitor, folder):
            return monitor
    return None


def awaited(folder: Path) -> Started | None:
    """The processes of a container that may be between two runs: waits for liblxc as `after` does."""
    monitor = monitor_of(folder)
    return after(folder, Started(monitor, monitor)) if monitor else None


def after(folder: Path, ended: Started) -> Started | None:
    """What becomes of a container whose init has ended: it runs again, since init asked for a reboot; None: it is over.

    Waits until liblxc has decided. If it is over with the status `REBOOTED`, init asked for a reboot that is not
    liblxc's to make (`mounts.GUARD`), or that failed: it takes a new start.

    Raises:
        OperationTimeoutError: It has not within `SETTLE_SECONDS`.
    """
    end_time = time.monotonic() + SETTLE_SECONDS
    while ended.monitor.alive:
        init = _init_of(ended.monitor)
        if init is not None and init != ended.init:
            if (folder / INIT).exists():
                init.note(folder / INIT)
            return Started(init, ended.monitor)
        if time.monotonic() > end_time:
            raise OperationTimeoutError(
                f"the monitor of the container in {folder} (pid {ended.monitor.pid}) neither ends nor goes on",
                domain=ErrorDomain.LXC,
            )
        ended.monitor.wait(TICK)
    return None


def stop(name: str, started: Started, *, kill: bool, timeout: float = KILL_SECONDS) -> bool:
    """End a container: by asking its init in the way that it understands, or by SIGKILL.

    Returns:
        Whether it has ended within `timeout` seconds; 0 does not wait.

    Raises:
        OperationInvalidError: It does not run.
        OperationTimeoutError: It was killed, and has not ended.
    """
    number = signal.SIGKILL if kill else inits.halting(started.init.pid)
    send(name, started, number)
    if started.init.wait(timeout) and (not kill or started.monitor.wait(timeout)):
        return True
    if kill:
        raise OperationTimeoutError(
            f"domain {name!r}: init (pid {started.init.pid}) was killed and has not ended within {timeout:g} s:"
            " it waits for I/O; try again",
            domain=ErrorDomain.LXC,
        )
    return False


def reboot(name: str, started: Started) -> None:
    """Ask init to start its system anew, in the way that it understands; `after` tells when it has.

    Raises:
        OperationInvalidError: It does not run.
    """
    send(name, started, inits.rebooting(started.init.pid))


def send(name: str, started: Started, number: int) -> None:
    """Send init a signal.

    Raises:
        OperationInvalidError: It does not run.
    """
    if not started.init.send(number):
        raise OperationInvalidError(f"domain {name!r} is not running: start it", domain=ErrorDomain.LXC)


def exit_status(folder: Path, init: Identity | None) -> int | None:
    """How an init ended: its exit status, negative is the signal. None: nobody knows, or it runs.

    None for `init` is the one that was started last. The monitor has to have ended, or started another init; `end` must
    not have been called yet.
    """
    with suppress(FileNotFoundError):
        known, pid = logs.statuses(folder), init.pid if init else logs.last_init(folder)
        if pid in known:
            return known[pid]
        if pid is not None and not (folder / MONITOR_PID).exists():  # else the monitor was killed, or is about to end
            return 0
    return None


def end(folder: Path, layout: Layout, group: str) -> None:
    """Let nothing of a container remain: processes, control groups, mounts, files of the run.

    Harmless when there is nothing. Also for one that was being started or stopped by somebody who died.

    Raises:
        InternalError: Something of it does not end.
    """
    end_time = time.monotonic() + KILL_SECONDS
    while left := _left(folder, layout, group):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(VirtError):
            cgroups.thaw(layout, group)
        if time.monotonic() > end_time:
            raise InternalError(f"processes {left} in {folder} do not end: they wait for I/O", domain=ErrorDomain.LXC)
        time.sleep(TICK)
    try:
        cgroups.remove(layout, group)
    finally:
        mounting.unmount(folder)
        seclusion.let_home_go(folder)
    for file in (CONFIG, MONITOR_PID, STARTING, INIT):
        (folder / file).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        (folder / GUARD).rmdir()


def _left(folder: Path, layout: Layout, group: str) -> list[int]:
    """The processes of a container: in its groups, and those of a start that has not come so far."""
    looks = layout.delegated or (folder / STARTING).exists()
    found = [each.pid for each in _starting(folder)] if looks else []
    # One that is another user than its monitor does not end with that.
    found += [init.pid] if (init := Identity.noted(folder / INIT)) else []
    # One that ends has moved to the group that all of them share.
    found += [monitor.pid] if (monitor := monitor_of(folder)) else []
    return found + [pid for suffix in cgroups.SUFFIXES for pid in cgroups.processes(layout, f"{group}{suffix}")]


def _starting(folder: Path) -> list[Identity]:
    """Processes of lxc-start for a container: a monitor has its title before it is in its control group."""
    return [each for each in all_running() if _is_monitor(each, folder)]


def locking(folder: Path) -> dict[str, str]:
    """Has liblxc lock a container in its folder, and not in the home of a plain user; root's locks are elsewhere."""
    return {"XDG_RUNTIME_DIR": str(folder)}


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read: it may hold secrets of the environment."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)


def whose(folder: Path) -> tuple[str, ...]:
    """How liblxc's programs are told which container is meant."""
    return "-n", folder.name, "-P", str(folder.parent)


def _arguments(folder: Path) -> bytes:
    """How the arguments of lxc-start and lxc-attach for a container begin, as /proc tells them."""
    return b"\0" + b"\0".join(os.fsencode(word) for word in whose(folder)) + b"\0"


def _is_monitor(process: Identity, folder: Path) -> bool:
    """Whether a process is the monitor of a container: by the title that liblxc gives it, or by its arguments.

    A kernel without checkpoints lets it have no title.
    """
    try:
        words = _words(process)
    except OSError:
        return False
    title = f"[lxc monitor] {folder.parent} {folder.name}".encode()
    return words.rstrip(b"\0 ") == title or _arguments(folder) in words


def _words(process: Identity) -> bytes:
    """The title or the arguments of a process. One of liblxc that is taking its title has neither for a moment."""
    words = b""
    for _ in range(TITLE_TICKS):
        words = told(process.pid, "cmdline")
        if words.startswith(b"[lxc monitor] ") or b"\0-P\0" in words or not _is_of_liblxc(process.pid):
            break
        time.sleep(TICK)
    return words


def _is_of_liblxc(pid: int) -> bool:
    """Whether a process runs `sealed("lxc-start")` on the host, and not as a container may."""
    exe, space = os.readlink(f"/proc/{pid}/exe"), os.readlink(f"/proc/{pid}/ns/pid")
    return exe.startswith("/memfd:lxc-start") and space == os.readlink("/proc/self/ns/pid")


def _init_of(monitor: Identity) -> Identity | None:
    running = (found for pid in children(monitor.pid) if (found := Identity.of(pid)))
    return next((found for found in running if _runs_own_program(found, monitor)), None)


def _runs_own_program(init: Identity, monitor: Identity) -> bool:
    """Whether a child of the monitor is an init: neither liblxc itself still, nor one of its hooks."""
    try:
        return all(
            os.readlink(f"/proc/{init.pid}/{what}") != os.readlink(f"/proc/{monitor.pid}/{what}")
            for what in ("exe", "ns/pid")
        )
    except OSError:
        return False


def _let_end(folder: Path) -> None:
    """Let liblxc end by itself after a failure: it is giving links back to the host."""
    for process in _starting(folder):
        process.wait(SETTLE_SECONDS)


def _wait_for_monitor(folder: Path) -> None:
    """Wait until liblxc has written how init ended."""
    monitor = monitor_of(folder)
    if monitor is not None:
        monitor.wait(SETTLE_SECONDS)


def _ended_at_once(name: str, folder: Path) -> Ended:
    status = next(reversed(logs.statuses(folder).values()), None if logs.has_complaint(folder) else 0)
    how = "ended" if status is None else f"ended with status {status}" if status >= 0 else f"got signal {-status}"
    output = logs.last_words(folder)
    error = Ended(f"domain {name!r}: its init {how} at once{f': {output}' if output else ''}", domain=ErrorDomain.LXC)
    error.status = status
    return error
