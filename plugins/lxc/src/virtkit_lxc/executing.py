"""Programs that are run in containers for clients: whose descriptors they get, and who is told how they end."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from virtkit.enums import DomainState, ErrorDomain
from virtkit.errors import InvalidArgError, OperationFailedError, OperationInvalidError
from virtkit.execution import ExecuteFlags
from virtkit.hookspecs.execution import ExecutionSpec
from virtkit_lxc import attaching, configuration, users
from virtkit_lxc.attaching import Program
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import Session

LXC = ErrorDomain.LXC

STANDARD = ("input", "output", "error")


class ExecutionPart(ExecutionSpec["Session"]):
    """The function of the driver that runs programs."""

    def virtkit_domain_execute(
        self,
        conn: Session,
        dom: DomainRef,
        command: Sequence[str],
        environment: Sequence[str],
        user: str | None,
        group: str | None,
        directory: str | None,
        flags: int,
        files: Sequence[int],
    ) -> int:
        refuse("virtkit_domain_execute", flags, ExecuteFlags.TERMINAL)
        terminal = bool(flags & ExecuteFlags.TERMINAL)
        with conn.hold(dom, "virtkit_domain_execute") as (_, guest):
            run = _awake(guest)
            _check_words(guest, command, environment, directory)
            three = _standard(guest, files, terminal=terminal)
            who = users.of_program(guest.subject, f"/proc/{run.pid}/root", user, group)
            variables = configuration.environment(run.live) | {"HOME": who.home}
            variables |= dict(each.split("=", 1) for each in environment)
            program = Program(command, variables, who.user, who.group, directory, three, terminal)
            return _begin(guest, run, program)


def _begin(guest: Container, run: Run, program: Program) -> int:
    """Start a program; returns the client's end of the socket by which it is told how that ends."""
    near, far = socket.socketpair()
    try:
        process = attaching.begin(run.folder, program)
    except BaseException:
        near.close()
        far.close()
        raise
    name = f"virtkit-lxc-execution: {guest.name}"
    threading.Thread(target=_attend, args=(process, near), name=name, daemon=True).start()
    return far.detach()


def _awake(guest: Container) -> Run:
    run = guest.running()
    if guest.state == DomainState.PAUSED:
        raise OperationInvalidError(
            f"{guest.subject} is paused, and no program runs in it: resume it first", domain=LXC
        )
    if run.started is None or not run.started.alive:
        raise OperationFailedError(f"{guest.subject} has ended; start it again", domain=LXC)
    return run


def _check_words(guest: Container, command: Sequence[str], environment: Sequence[str], directory: str | None) -> None:
    if not command or not command[0]:
        raise InvalidArgError(f"{guest.subject}: name the program to run", domain=LXC)
    for each in environment:
        if each.find("=") < 1:
            raise InvalidArgError(f"{guest.subject}: {each!r} is no variable: write NAME=VALUE", domain=LXC)
    for each in (*command, *environment, directory or ""):
        if "\0" in each:
            raise InvalidArgError(
                f"{guest.subject}: {each!r} has a NUL in it, which no program can be told", domain=LXC
            )


def _standard(guest: Container, files: Sequence[int], *, terminal: bool) -> tuple[int, int, int]:
    """The three descriptors of a program.

    A terminal of the host that a program shared with its caller would let it type into it (TIOCSTI), and lxc-attach,
    which puts one of the container in between, would change its mode behind its user's back.
    """
    if len(files) != len(STANDARD):
        raise InvalidArgError(
            f"{guest.subject}: a program has three descriptors, for input, output and error, not {len(files)}",
            domain=LXC,
        )
    for file, what in zip(files, STANDARD, strict=True):
        try:
            is_terminal = os.isatty(file)
            os.fstat(file)
        except (OSError, OverflowError):
            raise InvalidArgError(f"{guest.subject}: {file} is no open descriptor", domain=LXC) from None
        if is_terminal != terminal:
            need = "has to be a terminal" if terminal else "must be no terminal: pass a pipe, or TERMINAL"
            raise InvalidArgError(f"{guest.subject}: its standard {what} {need}", domain=LXC)
    stdin, stdout, stderr = files
    return stdin, stdout, stderr


def _attend(process: subprocess.Popen[bytes], client: socket.socket) -> None:
    """Tell a client how a program has ended, or end it when the client goes."""
    with client:
        try:
            _wait_for_either(process, client)
        finally:
            if process.poll() is None:
                attaching.end(process)
        with suppress(OSError):
            client.sendall(b"%d" % attaching.wait(process))


def _wait_for_either(process: subprocess.Popen[bytes], client: socket.socket) -> None:
    """Wait until a program has ended, or its client has gone."""
    pidfd = os.pidfd_open(process.pid)  # nobody has waited for it, so that the pid is still its own
    try:
        watched = select.poll()
        for each in (client.fileno(), pidfd):
            watched.register(each, select.POLLIN)
        if pidfd in (file for file, _ in watched.poll()):
            process.wait()
    finally:
        os.close(pidfd)
