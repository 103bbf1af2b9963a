"""Commands straight to QEMU's monitor and to a guest's agent, for what the API lacks and for debugging."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainQemuAgentCommandTimeoutValues, DomainQemuMonitorCommandFlags, ErrorDomain
from virtkit.errors import InternalError, InvalidArgError
from virtkit.hookspecs.qemu import QemuSpec
from virtkit_qemu import inside
from virtkit_qemu.adoption import emulator_of
from virtkit_qemu.definition import refuse
from virtkit_qemu.qmp import QMPError

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit_qemu.qmp import Monitor
    from virtkit_qemu.state import Session

QEMU = ErrorDomain.QEMU
HMP = DomainQemuMonitorCommandFlags.HMP
ANSWER_ID = "virtkit"
"""The `id` of the answer to a command that has none of its own."""


class PassthroughPart(QemuSpec["Session"]):
    """The functions of the driver that reach past the API."""

    def qemu_domain_monitor_command_with_files(
        self, conn: Session, dom: DomainRef, cmd: str, flags: int, files: Sequence[int]
    ) -> tuple[str, list[int]]:
        refuse("qemu_domain_monitor_command_with_files", flags, HMP)
        if flags & HMP and files:
            raise InvalidArgError("the human monitor takes no descriptors: send the command as QMP", domain=QEMU)
        with conn.hold(dom, "qemu_domain_monitor_command_with_files") as (state, guest):
            monitor = emulator_of(state, guest).monitor
            if flags & HMP:
                return str(monitor.execute("human-monitor-command", {"command-line": cmd})), []
            return _carry_out(monitor, _parsed(cmd, "monitor"), files), []

    def qemu_domain_agent_command(
        self, conn: Session, dom: DomainRef, cmd: str, timeout: int, flags: int
    ) -> str | None:
        refuse("qemu_domain_agent_command", flags)
        seconds, command = inside.seconds_of(timeout), _parsed(cmd, "agent")
        agent = inside.reach(conn, dom, "qemu_domain_agent_command")
        name, arguments = command["execute"], command.get("arguments")
        if seconds == DomainQemuAgentCommandTimeoutValues.NOWAIT:
            agent.tell(name, arguments)
            return None
        return json.dumps(agent.answer(name, arguments, seconds))


def _parsed(text: str, what: str) -> dict[str, Any]:
    try:
        command = json.loads(text)
    except ValueError as cause:
        raise InternalError(f"the {what} command {text[:80]!r} is no JSON: {cause}", domain=QEMU) from cause
    if not isinstance(command, dict) or not isinstance(command.get("execute"), str):
        raise InternalError(f"the {what} command {text[:80]!r} has no 'execute'", domain=QEMU)
    return command


def _carry_out(monitor: Monitor, command: dict[str, Any], files: Sequence[int]) -> str:
    """The whole answer, an error included."""
    answer: dict[str, Any]
    try:
        answer = {"return": monitor.execute(command["execute"], command.get("arguments"), fds=files)}
    except QMPError as error:
        answer = {"error": {"class": error.kind, "desc": error.reason}}
    return json.dumps(answer | {"id": command.get("id", ANSWER_ID)})
