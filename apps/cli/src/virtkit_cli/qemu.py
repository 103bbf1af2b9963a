"""Commands to QEMU's monitor and guest agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from virtkit.enums import DomainQemuAgentCommandTimeoutValues, DomainQemuMonitorCommandFlags
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import number

if TYPE_CHECKING:
    from virtkit_cli.session import Session

COMMAND = argument("cmd", "the command; words are joined", many=True)
PRETTY = Flag("pretty", "laid out for people")


@command(
    DOMAIN.word,
    Flag("hmp", "a command for people rather than JSON", DomainQemuMonitorCommandFlags.HMP, excludes=("pretty",)),
    PRETTY,
    Flag("return-value", "only what the command returned", excludes=("hmp",)),
    COMMAND,
)
def qemu_monitor_command(session: Session, args: Arguments) -> None:
    """Send a command to QEMU's monitor and print the answer."""
    text = " ".join(args.cmd)
    if not args.hmp and not text.lstrip().startswith("{"):
        text = json.dumps({"execute": text})
    answer = find_domain(session, args).qemu_monitor_command(text, args.flags)
    _answered(session, args, answer, returned=args.return_value)


@command(
    DOMAIN.word,
    option("timeout", "seconds to wait", number, by_name=True),
    Flag("async", "do not wait for the answer", excludes=("timeout", "block")),
    Flag("block", "wait as long as it takes", excludes=("timeout",)),
    PRETTY,
    COMMAND,
)
def qemu_agent_command(session: Session, args: Arguments) -> None:
    """Send a command to the guest agent and print the answer."""
    kinds = DomainQemuAgentCommandTimeoutValues
    timeout = args.timeout if args.timeout is not None else kinds.DEFAULT
    if args.block or getattr(args, "async"):
        timeout = kinds.BLOCK if args.block else kinds.NOWAIT
    answer = find_domain(session, args).qemu_agent_command(" ".join(args.cmd), timeout)
    if answer is not None:
        _answered(session, args, answer, returned=False)


def _answered(session: Session, args: Arguments, answer: str, *, returned: bool) -> None:
    """Print an answer; only JSON can be taken apart or laid out."""
    if not (args.pretty or returned or session.out.json):
        session.out.write(answer)
        return
    try:
        value = json.loads(answer)
    except ValueError:
        session.out.value("answer", answer)
        return
    session.out.document_of(value.get("return") if returned else value)


@command(argument("pid", "number of the process", number))
def qemu_attach(session: Session, args: Arguments) -> None:
    """Adopt a QEMU process that was started by hand."""
    if args.pid < 1:
        raise UsageError("qemu-attach needs the number of a process")
    domain = session.connection.qemu_attach(args.pid)
    session.out.done(f"Domain '{domain.name}' attached to pid {args.pid}", name=domain.name)
