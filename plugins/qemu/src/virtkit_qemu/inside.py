"""The system inside a guest, asked through its agent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    DomainAgentResponseTimeoutValues,
    DomainGetHostnameFlags,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import (
    AgentUnresponsiveError,
    ArgumentUnsupportedError,
    InternalError,
    InvalidArgError,
    NoHostnameError,
    OperationInvalidError,
)
from virtkit.hookspecs.domain_guest import DomainGuestSpec
from virtkit.network import addresses
from virtkit_qemu import agent, answers, interfaces
from virtkit_qemu.adoption import emulator_of
from virtkit_qemu.agent import Agent, NonsenseError
from virtkit_qemu.definition import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit.refs import DomainRef
    from virtkit_qemu.guest import Guest
    from virtkit_qemu.state import QemuState, Session

    Reader = Callable[[Any], Any]

QEMU = ErrorDomain.QEMU
AGENT, LEASE = DomainGetHostnameFlags.AGENT, DomainGetHostnameFlags.LEASE
BLOCK, DEFAULT = DomainAgentResponseTimeoutValues.BLOCK, DomainAgentResponseTimeoutValues.DEFAULT


class InsidePart(DomainGuestSpec["Session"]):
    """The functions of the driver that, most of them, a guest agent answers."""

    def domain_agent_set_response_timeout(self, conn: Session, dom: DomainRef, timeout: int, flags: int) -> None:
        refuse("domain_agent_set_response_timeout", flags)
        state = conn.own()
        state.line_of(state.domains.by_ref(dom)).seconds = seconds_of(timeout)

    def domain_get_hostname(self, conn: Session, dom: DomainRef, flags: int) -> str:
        refuse("domain_get_hostname", flags, AGENT | LEASE)
        if flags == AGENT | LEASE:
            raise InvalidArgError("AGENT and LEASE exclude each other: choose one", domain=QEMU)
        name: str | None
        if flags == LEASE:
            live = conn.read().by_ref(dom).running().live
            name = addresses.leased_name(conn.state.peers, interfaces.plugged(live))
        else:
            name = ask(conn, dom, "domain_get_hostname", "guest-get-host-name", answers.hostname)
        if not name:
            source = "lease" if flags == LEASE else "agent"
            raise NoHostnameError(f"no {source} tells a host name of domain {dom.name!r}", domain=QEMU)
        return name


def reach(conn: Session, dom: DomainRef, call: str) -> Agent:
    """The agent of a guest. The guest is held only meanwhile, and not while the agent is asked.

    Raises:
        OperationInvalidError: The guest does not run, or is paused.
        ArgumentUnsupportedError: It has no channel for an agent.
        AgentUnresponsiveError: No agent has opened the channel.
        VirtError: As `Session.hold` and `emulator_of`.
    """
    with conn.hold(dom, call) as (state, guest):
        emulator_of(state, guest)  # one adopted just now knows whether its agent is there
        return agent_of(state, guest)


def agent_of(state: QemuState, guest: Guest) -> Agent:
    """The agent of a guest in hand; see `reach`."""
    run, needed = guest.running(), "needs a guest agent"
    if guest.state != DomainState.RUNNING:
        raise OperationInvalidError(
            f"{guest.subject} is {guest.state.name.lower()}: what {needed} has to wait until it runs", domain=QEMU
        )
    found = (each for each in run.live.devices.channels if each.target and each.target.name == agent.CHANNEL)
    channel = next(found, None)
    if channel is None or channel.target is None:
        raise ArgumentUnsupportedError(
            f"{guest.subject} has no channel for what {needed}: "
            f"add <channel type='unix'><target type='virtio' name='{agent.CHANNEL}'/></channel>",
            domain=QEMU,
        )
    source = channel.source
    if channel.type != "unix" or source is None or source.path is None or source.mode != "bind":
        raise ArgumentUnsupportedError(
            f"the channel {agent.CHANNEL} of {guest.subject} ends in another program: for what {needed} "
            "it has to be of type unix, and its source, if any, of mode bind",
            domain=QEMU,
        )
    if channel.target.state != "connected":
        raise AgentUnresponsiveError(
            f"no guest agent runs in {guest.subject}: install qemu-guest-agent there and start it", domain=QEMU
        )
    return Agent(guest.subject, Path(source.path), state.line_of(guest))


def ask(conn: Session, dom: DomainRef, call: str, command: str, read: Reader) -> Any:
    """Have a guest's agent carry out a command.

    Args:
        conn: The session.
        dom: The guest.
        call: The function that needs it.
        command: The agent's name of the command; it has no arguments.
        read: Makes a record of the answer, or raises `NonsenseError`.
    """
    asked = reach(conn, dom, call)
    try:
        return read(asked.ask(command))
    except NonsenseError as cause:
        raise InternalError(
            f"{asked.subject}: in answer to {command} the guest agent sent {cause}", domain=QEMU
        ) from cause


def seconds_of(timeout: int) -> float | None:
    """What a number of the API means: seconds, None for ever.

    Raises:
        InvalidArgError: It means nothing.
    """
    if timeout < BLOCK:
        raise InvalidArgError(f"a timeout of {timeout} means nothing: the least is {BLOCK}, for ever", domain=QEMU)
    if timeout == BLOCK:
        return None
    return agent.DEFAULT_SECONDS if timeout == DEFAULT else float(timeout)
