"""Programs that are started in a container that runs, by lxc-attach: with the container's limits and privileges.

lxc-attach runs on the host as long as the program does, and ends with its exit status. It gets three descriptors to
pass on; what else this process has open it never sees.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, OperationTimeoutError, SystemCallError
from virtkit.services.runner import find_program
from virtkit_lxc import seclusion
from virtkit_lxc.processes import Identity, children
from virtkit_lxc.runtime import locking, monitor_of, whose

REEXECUTED = {"LXC_MEMFD_REXEC": "1"}
"""Environment of lxc-attach: it runs from a copy of itself, and closes that; see `sealed`, which it would leak."""

IN_FOLDER = 'cd "$0" || exit 126; exec "$@"'
"""What a shell of the container does to start a program in a folder."""


class Program(NamedTuple):
    """A program to run in a container.

    Attributes:
        command: Program and arguments. It is looked for in the container.
        environment: Its whole environment.
        user: Its user; None: root.
        group: Its group; None: root's.
        cwd: The folder it starts in; None: the root. Another needs the container's /bin/sh.
        files: Its standard input, output and error; None: /dev/null.
        terminal: `files` are a terminal. lxc-attach then gives the program one of the container and copies between the
            two; the outer one becomes its own, so that it is told when that changes its size or is gone.
    """

    command: Sequence[str]
    environment: Mapping[str, str] = {}
    user: int | None = None
    group: int | None = None
    cwd: str | None = None
    files: tuple[int, int, int] | None = None
    terminal: bool = False


def run(name: str, folder: Path, program: Program, *, timeout: float | None = None) -> int:
    """Run a program in a container and wait for it.

    Args:
        name: For messages.
        folder: The container's folder.
        program: What to run.
        timeout: Seconds it may take; None: as long as it likes.

    Returns:
        Its exit status; 128 and the signal that ended it; 127: it is not there; 126: it cannot be run.

    Raises:
        OperationFailedError: The container has ended.
        OperationTimeoutError: It took too long. It was ended, but not what it started itself.
        SystemCallError: liblxc's programs are not installed.
    """
    process = begin(folder, program)
    try:
        attaching = Identity.of(process.pid)
        if attaching is not None and not attaching.wait(timeout):
            raise OperationTimeoutError(
                f"domain {name!r}: {program.command[0]} did not end within {timeout:g} s and was stopped",
                domain=ErrorDomain.LXC,
            )
        return wait(process)
    finally:
        if process.poll() is None:
            end(process)


def begin(folder: Path, program: Program) -> subprocess.Popen[bytes]:
    """Start a program in a container; returns lxc-attach, to be waited for by `wait`.

    Raises:
        OperationFailedError: The container has ended.
        SystemCallError: liblxc's programs are not installed.
    """
    stdin, stdout, stderr = program.files or (subprocess.DEVNULL,) * 3
    command = _command(folder, program)

    def attach() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd="/",
            start_new_session=not program.terminal,
            env=REEXECUTED | locking(folder),
        )

    try:
        return seclusion.beside(monitor_of(folder), attach)
    except ProcessLookupError as error:
        raise OperationFailedError(
            f"the container in {folder} has ended; start it again", domain=ErrorDomain.LXC
        ) from error
    except OSError as error:
        raise SystemCallError(
            f"cannot run {command[0]}: {error.strerror}; install Debian's lxc",
            domain=ErrorDomain.LXC,
            int1=error.errno or -1,
        ) from error


def _command(folder: Path, program: Program) -> list[str]:
    words = program.command if program.cwd is None else ["/bin/sh", "-c", IN_FOLDER, program.cwd, *program.command]
    setsid = find_program("setsid") or "setsid"
    return [
        *((setsid, "--ctty") if program.terminal else ()),
        find_program("lxc-attach") or "lxc-attach", *whose(folder), "--clear-env", "--logfile=/dev/null",
        *(("--logpriority=FATAL",) if os.geteuid() else ()),  # else it complains that a plain user keeps its groups
        *(f"--set-var={key}={value}" for key, value in program.environment.items()),
        *(() if program.user is None else (f"--uid={program.user}",)),
        *(() if program.group is None else (f"--gid={program.group}",)),
        "--", *words,
    ]  # fmt: skip


def wait(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a program once it has ended; see `run`."""
    status = process.wait()
    return 128 - status if status < 0 else status


def end(process: subprocess.Popen[bytes]) -> None:
    """End the program that lxc-attach has started, and lxc-attach."""
    for pid in children(process.pid):
        if (attached := Identity.of(pid)) is not None:
            attached.send(signal.SIGKILL)
    process.kill()
    process.wait()
