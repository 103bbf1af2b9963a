"""Containers whose first program inherits open descriptors: 3, 4, ... in the order given, and no other.

A daemonized lxc-start closes what it inherits, one in the foreground does not. So it is put into the background here:
in a session of its own, in the folder `/`, as nobody's child. It is the monitor of the container from then on.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, OperationTimeoutError, SystemCallError
from virtkit.services.runner import SYSTEM_PATHS, find_program
from virtkit_lxc.processes import Identity

FIRST = 3
"""The descriptor that the first of them becomes; see sd_listen_fds(3)."""

MOST = 253
"""How many descriptors a container takes, so that numbers stay below those that old programs can select(2)."""

SPARE = 300
"""From here on are the numbers that descriptors have on their way: none of them is one that they become."""

IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
"""What a program that is started from here would ignore as well."""

TICK = 0.005


def check(subject: str, files: Sequence[int]) -> None:
    """Refuse what cannot be inherited.

    Raises:
        InvalidArgError: There are too many, or one is not open.
    """
    if len(files) > MOST:
        raise InvalidArgError(
            f"{subject}: {len(files)} descriptors are too many: pass {MOST} at most", domain=ErrorDomain.LXC
        )
    for file in files:
        try:
            os.fstat(file)
        except (OSError, OverflowError):
            raise InvalidArgError(
                f"{subject}: {file} is no open descriptor: keep files open until the call has returned",
                domain=ErrorDomain.LXC,
            ) from None


def launch(command: Sequence[str | os.PathLike[str]], files: Sequence[int], environment: Mapping[str, str]) -> None:
    """Start a program in the background that inherits descriptors; its first three are /dev/null.

    Args:
        command: The program by its path, and its arguments.
        files: What it inherits.
        environment: Variables beside PATH.

    Raises:
        SystemCallError: It cannot be started; `int1` is the errno.
    """
    program = find_program("setsid") or "setsid"
    words = [program, "--fork", find_program("env") or "env", "--chdir=/", *command]
    variables = {"PATH": os.pathsep.join(SYSTEM_PATHS), **environment}
    with ExitStack() as held:
        try:
            actions = list(_arranged(files, held))
            pid = os.posix_spawn(
                program, words, variables, file_actions=actions, setsigmask=(), setsigdef=IGNORED_BY_PYTHON
            )
        except OSError as error:
            raise SystemCallError(
                f"cannot start {command[0]} by {program}: {error.strerror}; is util-linux installed?",
                domain=ErrorDomain.LXC,
                int1=error.errno or -1,
            ) from error
    os.waitpid(pid, 0)


def _arranged(files: Sequence[int], held: ExitStack) -> Iterator[tuple[int, ...]]:
    """What brings descriptors to their numbers in a new process, and closes all others there.

    Those on their way have numbers that none of them becomes; `held` closes them here.
    """
    moved = []
    for file in files:
        moved.append(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, SPARE))
        held.callback(os.close, moved[-1])
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    held.callback(os.close, null)
    others = {int(name) for name in os.listdir("/proc/self/fd")} - {null, *moved}
    yield from ((os.POSIX_SPAWN_DUP2, null, number) for number in range(FIRST))
    yield from ((os.POSIX_SPAWN_CLOSE, file) for file in sorted(others) if file >= FIRST)
    yield from ((os.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(moved, FIRST))


def wait(name: str, monitor: Identity | None, is_started: Callable[[], bool], seconds: float) -> None:
    """Wait until a container has started, or its monitor has ended.

    Args:
        name: For messages.
        monitor: What was launched; None: it has ended.
        is_started: Whether the container runs.
        seconds: How long that may take.

    Raises:
        OperationTimeoutError: It took too long.
    """
    end = time.monotonic() + seconds
    while monitor is not None and not is_started() and not monitor.wait(TICK):
        if time.monotonic() > end:
            raise OperationTimeoutError(
                f"domain {name!r} did not start within {seconds:g} s and was stopped", domain=ErrorDomain.LXC
            )
