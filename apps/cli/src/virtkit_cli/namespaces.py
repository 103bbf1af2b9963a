"""The command that runs a program of this host's user in the namespaces of a container, as virsh has it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit_cli.command import Arguments, Flag, argument, command
from virtkit_cli.objects import DOMAIN, find_domain

if TYPE_CHECKING:
    from virtkit_cli.session import Session

FAILED = 1


@command(
    DOMAIN.word,
    Flag("noseclabel", "keep the security label of this process"),
    argument("cmd", "program and arguments, best behind --", many=True),
)
def lxc_enter_namespace(session: Session, args: Arguments) -> bool:
    """Run a program in a container's namespaces with your own privileges; exec is the safer way."""
    domain = find_domain(session, args)
    files = domain.lxc_open_namespace()
    labels = None if args.noseclabel else (session.connection.node_security_model(), domain.security_label())

    def enter() -> int:
        if labels is not None:
            domain.lxc_enter_security_label(*labels)
        domain.lxc_enter_cgroup(files)
        domain.lxc_enter_namespace(files)
        return _ended(lambda: _replaced(args.cmd))  # a child, since only those are in the namespace of processes

    try:
        sys.stdout.flush()
        session.status = _ended(enter)
    finally:
        for file in files:
            os.close(file)
    return False


def _replaced(words: list[str]) -> int:
    """Become another program; returns what shells return where it is not there, or cannot be run."""
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"error: {words[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def _ended(work: Callable[[], int]) -> int:
    """The exit status of a child that does some work; 128 and the signal that ended it."""
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            status = work()
        except VirtError as error:
            print(f"error: {error.message}", file=sys.stderr)
        finally:  # nothing of this program goes on in the child
            sys.stderr.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 128 - status if status < 0 else status
