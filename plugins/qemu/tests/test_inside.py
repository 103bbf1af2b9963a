"""What goes on inside a guest: without an agent, and with Debian's in a Linux guest."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root, state_of
from plugins.qemu.tests.rig import Console, eventually
from tests.guests import LinuxGuest
from virtkit.enums import (
    ConnectDomainEventAgentLifecycleState,
    DomainGetHostnameFlags,
    DomainRebootFlags,
    DomainShutdownFlags,
    DomainState,
    IPAddrType,
)
from virtkit.enums import DomainInterfaceAddressesSource as Source
from virtkit.errors import (
    AgentUnresponsiveError,
    ArgumentUnsupportedError,
    InternalError,
    InvalidArgError,
    NoHostnameError,
    OperationDeniedError,
    OperationInvalidError,
    OperationUnsupportedError,
)
from virtkit.events import DomainAgentLifecycleEvent, DomainRebootEvent
from virtkit.records import DomainInterface, IPAddress
from virtkit.xml.domain import Domain
from virtkit_qemu.agent import Conversation

pytestmark = pytest.mark.qemu

NAME = "org.qemu.guest_agent.0"
CHANNEL = f"<channel type='unix'>{{}}<target type='virtio' name='{NAME}'/></channel>"
MAC = "52:54:00:aa:bb:cc"
INFO = '{"execute": "guest-info"}'
CONNECTED = ConnectDomainEventAgentLifecycleState.CONNECTED
START = "qemu-ga --daemonize --pidfile /run/qemu-ga.pid --statedir /run --method virtio-serial"
DISCONNECTED = ConnectDomainEventAgentLifecycleState.DISCONNECTED

CALLS: list[Callable[[virtkit.Domain], object]] = [
    lambda domain: domain.interface_addresses(Source.AGENT),
    lambda domain: domain.hostname(),
    lambda domain: domain.qemu_agent_command(INFO, -1),
    lambda domain: domain.shutdown(DomainShutdownFlags.GUEST_AGENT),
    lambda domain: domain.reboot(DomainRebootFlags.GUEST_AGENT),
]
"""What needs an agent."""


# Without an agent


@pytest.mark.parametrize("call", CALLS)
def test_what_needs_an_agent_tells_what_is_missing(
    root: Root, connection: virtkit.Connection, call: Callable[[virtkit.Domain], object]
) -> None:
    web = connection.define_domain(root.xml("web"))
    with pytest.raises(OperationInvalidError, match="'web' is not running"):
        call(web)
    web.create()
    with pytest.raises(ArgumentUnsupportedError, match=f"'web' has no channel .* name='{NAME}'"):
        call(web)
    db = connection.create_domain(root.xml("db", devices=CHANNEL.format("")))
    with pytest.raises(AgentUnresponsiveError, match="no guest agent runs in domain 'db': install qemu-guest-agent"):
        call(db)
    db.suspend()
    with pytest.raises(OperationInvalidError, match="'db' is paused"):
        call(db)


def test_a_channel_that_ends_elsewhere_leads_to_no_agent(root: Root, connection: virtkit.Connection) -> None:
    path = root.folder / "theirs"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()
        source = CHANNEL.format(f"<source mode='connect' path='{path}'/>")
        web = connection.create_domain(root.xml("web", devices=source))
        with pytest.raises(ArgumentUnsupportedError, match="of domain 'web' ends in another program"):
            web.hostname()


def test_only_those_who_may_write_ask_an_agent(root: Root, connection: virtkit.Connection) -> None:
    connection.create_domain(root.xml("web", devices=CHANNEL.format("")))
    with root.open(readonly=True) as reader:
        web = reader.lookup_domain_by_name("web")
        with pytest.raises(OperationDeniedError):
            web.interface_addresses(Source.AGENT)
        with pytest.raises(OperationDeniedError):
            web.hostname()


def test_a_guest_without_a_lease_has_no_name_by_it(web: virtkit.Domain) -> None:
    with pytest.raises(OperationInvalidError):
        web.hostname(DomainGetHostnameFlags.LEASE)
    web.create()
    with pytest.raises(NoHostnameError, match="no lease tells a host name of domain 'web'"):
        web.hostname(DomainGetHostnameFlags.LEASE)
    with pytest.raises(InvalidArgError, match="exclude each other"):
        web.hostname(DomainGetHostnameFlags.LEASE | DomainGetHostnameFlags.AGENT)


def test_a_timeout_is_a_number_of_seconds_or_has_a_meaning(web: virtkit.Domain) -> None:
    for seconds in (-2, -1, 0, 7):
        web.agent_set_response_timeout(seconds)
    with pytest.raises(InvalidArgError, match="a timeout of -3 means nothing"):
        web.agent_set_response_timeout(-3)
    with pytest.raises(InvalidArgError, match="a timeout of -3 means nothing"):
        web.qemu_agent_command(INFO, -3)


@pytest.mark.parametrize("command", ["info", "[]", '{"execute": 7}'])
def test_a_command_that_is_none_is_not_sent(web: virtkit.Domain, command: str) -> None:
    with pytest.raises(InternalError, match="the agent command"):
        web.qemu_agent_command(command, -1)


# With one


class Shell(Console):
    """A shell in a guest."""

    def run(self, command: str) -> None:
        self.send(f"{command}; echo fin''ished\n".encode())
        self.expect(b"finished")


@contextmanager
def booted(root: Root, connection: virtkit.Connection, linux: LinuxGuest) -> Iterator[tuple[virtkit.Domain, Shell]]:
    """The Linux guest with an agent, ready."""
    if linux.agent is None:
        pytest.skip("qemu-guest-agent is not installed")
    path = root.folder / "console"
    guest = connection.create_domain(
        "<domain type='qemu'><name>linux</name><memory unit='MiB'>128</memory><os><type>hvm</type>"
        f"<kernel>{linux.kernel}</kernel><initrd>{linux.agent}</initrd>"
        f"<cmdline>{linux.append} modules=virtio_pci,virtio_net,virtio_console</cmdline></os>"
        f"<features><acpi/></features><devices>{CHANNEL.format('')}"
        f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>"
        f"<serial type='unix'><source mode='bind' path='{path}'/></serial></devices></domain>",
        1,
    )
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(path))
    shell = Shell(line)
    try:
        guest.resume()
        shell.expect(linux.ready)
        shell.run("ip address add 10.1.2.3/24 dev eth0")
        yield guest, shell
    finally:
        shell.close()


def shown(guest: virtkit.Domain) -> str | None:
    """The state of the channel as the live document has it."""
    (channel,) = Domain.parse(guest.xml_desc()).devices.channels
    assert channel.target is not None
    return channel.target.state


class Presence:
    """Remembers when the agent came and went."""

    def __init__(self, connection: virtkit.Connection) -> None:
        self.states: list[ConnectDomainEventAgentLifecycleState] = []
        connection.subscribe(DomainAgentLifecycleEvent, lambda domain, event: self.states.append(event.state))


@pytest.mark.slow
def test_a_guest_is_asked_through_its_agent(root: Root, connection: virtkit.Connection, linux: LinuxGuest) -> None:
    presence = Presence(connection)
    with booted(root, connection, linux) as (guest, shell):
        eventually(lambda: shown(guest) == "connected")
        eventually(lambda: presence.states == [CONNECTED])
        answers_of_debians_agent(guest)
        an_agent_that_hangs_holds_up_nobody_else(guest, shell)
        shell.run("kill -9 $(pidof qemu-ga)")
        eventually(lambda: shown(guest) == "disconnected")
        with pytest.raises(AgentUnresponsiveError, match="no guest agent runs in domain 'linux'"):
            guest.hostname()
        eventually(lambda: presence.states == [CONNECTED, DISCONNECTED])
        shell.run(f"{START} --path /dev/vport*p1")
        eventually(lambda: shown(guest) == "connected")
        shell.run("kill -STOP $(pidof qemu-ga)")
        guest.agent_set_response_timeout(1)
        with pytest.raises(AgentUnresponsiveError):
            guest.shutdown(DomainShutdownFlags.GUEST_AGENT)
        guest.shutdown()  # with the power button in the end
        shell.expect(linux.off)


def answers_of_debians_agent(guest: virtkit.Domain) -> None:
    loopback, ethernet = guest.interface_addresses(Source.AGENT)
    local = [IPAddress(IPAddrType.IPV4, "127.0.0.1", 8), IPAddress(IPAddrType.IPV6, "::1", 128)]
    assert DomainInterface("lo", "00:00:00:00:00:00", local) == loopback
    assert DomainInterface("eth0", MAC, [IPAddress(IPAddrType.IPV4, "10.1.2.3", 24)]) == ethernet
    assert "linux-guest" == guest.hostname()
    told = guest.qemu_agent_command('{"execute": "guest-get-osinfo"}', -1)
    assert "x86_64" == json.loads(told or "")["return"]["machine"]
    assert guest.qemu_agent_command('{"execute": "guest-ping"}', 0) is None
    with pytest.raises(OperationUnsupportedError, match="'linux': the guest agent refused guest-toast"):
        guest.qemu_agent_command('{"execute": "guest-toast"}', -1)
    with pytest.raises(InternalError, match="refused guest-file-close"):
        guest.qemu_agent_command('{"execute": "guest-file-close", "arguments": {"handle": 7}}', -1)


def an_agent_that_hangs_holds_up_nobody_else(guest: virtkit.Domain, shell: Shell) -> None:
    shell.run("kill -STOP $(pidof qemu-ga)")
    begun = threading.Event()
    begin = Conversation.begin

    def begin_and_tell(conversation: Conversation, deadline: float | None) -> None:
        begun.set()
        begin(conversation, deadline)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr(Conversation, "begin", begin_and_tell)
        asked = pool.submit(guest.hostname)
        begun.wait(60)
        guest.suspend()
        assert DomainState.PAUSED == state_of(guest)[0]
        guest.resume()
        assert not asked.done()
        assert isinstance(asked.exception(60), AgentUnresponsiveError)
    guest.agent_set_response_timeout(1)
    with pytest.raises(AgentUnresponsiveError, match="'linux': the guest agent has not answered guest-get-host-name"):
        guest.hostname()
    guest.agent_set_response_timeout(-1)
    shell.run("kill -CONT $(pidof qemu-ga)")
    assert ["lo", "eth0"] == [each.name for each in guest.interface_addresses(Source.AGENT)]


@pytest.mark.slow
def test_the_next_owner_finds_an_agent_that_came_meanwhile_and_reboots_and_ends_the_guest_through_it(
    root: Root, connection: virtkit.Connection, linux: LinuxGuest
) -> None:
    with booted(root, connection, linux) as (known, shell):
        eventually(lambda: shown(known) == "connected")
        shell.run("kill -9 $(pidof qemu-ga)")
        eventually(lambda: shown(known) == "disconnected")
        connection.close()
        shell.run(f"{START} --path /dev/vport*p1")
        shell.run("until ls -l /proc/$(pidof qemu-ga)/fd | grep -q vport; do sleep 0.1; done")
        with root.open() as next_one:
            reboots = threading.Event()
            next_one.subscribe(DomainRebootEvent, lambda domain, event: reboots.set())
            guest = next_one.lookup_domain_by_name("linux")
            assert "linux-guest" == guest.hostname()
            guest.reboot(DomainRebootFlags.GUEST_AGENT)
            assert reboots.wait(60)
            assert DomainState.RUNNING == state_of(guest)[0]
            shell.expect(linux.ready)
            eventually(lambda: shown(guest) == "connected")
            guest.shutdown(DomainShutdownFlags.GUEST_AGENT)
            shell.expect(linux.off)
            eventually(lambda: "linux" not in [each.name for each in next_one.list_domains()])
