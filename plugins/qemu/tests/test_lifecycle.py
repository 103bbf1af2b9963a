"""Guests through the API: start, pause, restart, stop, and what the guest does by itself."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Journal, Root, Terminal, boot, state_of
from plugins.qemu.tests.rig import eventually
from tests.guests import LinuxGuest, TinyGuest
from virtkit.enums import (
    DomainCrashedReason,
    DomainCreateFlags,
    DomainDestroyFlags,
    DomainEventType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutdownFlags,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import (
    InvalidArgError,
    NoDomainError,
    OperationInvalidError,
)
from virtkit.events import DomainRebootEvent

pytestmark = pytest.mark.qemu

STARTED, SUSPENDED, RESUMED = DomainEventType.STARTED, DomainEventType.SUSPENDED, DomainEventType.RESUMED
STOPPED, SHUTDOWN, CRASHED = DomainEventType.STOPPED, DomainEventType.SHUTDOWN, DomainEventType.CRASHED
OFF = DomainState.SHUTOFF


# Start and stop


def test_a_started_guest_runs_and_has_an_id(journal: Journal, web: virtkit.Domain) -> None:
    journal.clear()
    web.create()
    assert (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(web)
    assert 1 == web.id
    journal.wait((STARTED, 0))


def test_a_guest_started_paused_waits(journal: Journal, web: virtkit.Domain) -> None:
    journal.clear()
    web.create(DomainCreateFlags.START_PAUSED)
    assert (DomainState.PAUSED, DomainPausedReason.USER) == state_of(web)
    journal.wait((STARTED, 0), (SUSPENDED, 0))


def test_a_running_guest_is_not_started_again(web: virtkit.Domain) -> None:
    web.create()
    with pytest.raises(OperationInvalidError, match="'web' is running already"):
        web.create()


def test_ids_count_up(web: virtkit.Domain) -> None:
    web.create()
    web.destroy()
    web.create()
    assert 2 == web.id


def test_a_destroyed_guest_is_off_and_its_process_gone(root: Root, journal: Journal, web: virtkit.Domain) -> None:
    web.create()
    pid = root.pid("web")
    journal.clear()
    web.destroy()
    assert (OFF, DomainShutoffReason.DESTROYED) == state_of(web)
    assert not os.path.exists(f"/proc/{pid}")
    assert [] == list((root.folder / "run/qemu").glob("*web*"))
    journal.wait((STOPPED, 1))


def test_a_guest_is_destroyed_gracefully(web: virtkit.Domain) -> None:
    web.create()
    web.destroy(DomainDestroyFlags.GRACEFUL)
    assert (OFF, DomainShutoffReason.DESTROYED) == state_of(web)


def test_the_log_is_removed_when_asked(root: Root, web: virtkit.Domain) -> None:
    web.create()
    log = root.folder / "log/qemu/web.log"
    assert "starting /usr/" in log.read_text()
    web.destroy(DomainDestroyFlags.REMOVE_LOGS)
    assert not log.exists()


def test_the_pid_of_a_guest_is_where_people_look_for_it(root: Root, web: virtkit.Domain) -> None:
    web.create()
    file = root.folder / "run/qemu/web.pid"
    assert "qemu-system" in Path(f"/proc/{int(file.read_text())}/cmdline").read_text()
    web.destroy()
    assert not file.exists()


def test_what_is_off_cannot_be_stopped_or_paused(web: virtkit.Domain) -> None:
    for call in (web.destroy, web.shutdown, web.reboot, web.reset, web.suspend, web.resume):
        with pytest.raises(OperationInvalidError, match="'web' is not running"):
            call()


def test_unknown_flags_are_refused(web: virtkit.Domain) -> None:
    with pytest.raises(InvalidArgError):
        web.create(1 << 20)
    with pytest.raises(InvalidArgError):
        web.shutdown(DomainShutdownFlags.SIGNAL)


def test_guests_are_destroyed_by_two_at_once(web: virtkit.Domain) -> None:
    for _ in range(10):
        web.create()
        with ThreadPoolExecutor() as pool:
            outcomes = [pool.submit(web.destroy) for _ in range(4)]
            errors = [error for outcome in outcomes if (error := outcome.exception())]
        assert {OperationInvalidError} >= {type(error) for error in errors}
        assert OFF == state_of(web)[0]


# Pause


def test_a_guest_is_suspended_and_resumed(journal: Journal, web: virtkit.Domain) -> None:
    web.create()
    journal.clear()
    web.suspend()
    assert (DomainState.PAUSED, DomainPausedReason.USER) == state_of(web)
    web.suspend()
    web.resume()
    assert (DomainState.RUNNING, DomainRunningReason.UNPAUSED) == state_of(web)
    journal.wait((SUSPENDED, 0), (RESUMED, 0))
    with pytest.raises(OperationInvalidError, match="not paused"):
        web.resume()


def test_quick_changes_end_in_the_last_state(journal: Journal, web: virtkit.Domain) -> None:
    web.create()
    journal.clear()
    for _ in range(20):
        web.suspend()
        web.resume()
    journal.wait(*[(SUSPENDED, 0), (RESUMED, 0)] * 20)
    assert DomainState.RUNNING == state_of(web)[0]


# The guest obeys


def test_the_power_button_shuts_a_guest_down(journal: Journal, tiny: TinyGuest, web: virtkit.Domain) -> None:
    boot(web, tiny)
    journal.clear()
    web.shutdown()
    eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.SHUTDOWN))
    journal.wait((SHUTDOWN, 1), (STOPPED, 0))


def test_a_reboot_through_the_power_button_starts_the_guest_again(
    connection: virtkit.Connection, journal: Journal, tiny: TinyGuest, web: virtkit.Domain
) -> None:
    reboots: list[str] = []
    connection.subscribe(DomainRebootEvent, lambda domain, event: reboots.append(domain.name))
    terminal = boot(web, tiny)
    journal.clear()
    web.reboot()
    terminal.expect(tiny.up)
    eventually(lambda: "web" in reboots)
    assert DomainState.RUNNING == state_of(web)[0]
    web.shutdown()
    eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.SHUTDOWN))
    journal.wait((SHUTDOWN, 1), (STOPPED, 0))


def test_a_reset_starts_the_guest_afresh(connection: virtkit.Connection, tiny: TinyGuest, web: virtkit.Domain) -> None:
    reboots: list[str] = []
    connection.subscribe(DomainRebootEvent, lambda domain, event: reboots.append(domain.name))
    terminal = boot(web, tiny)
    web.reset()
    terminal.expect(tiny.up)
    eventually(lambda: "web" in reboots)


def test_a_guest_powers_itself_off(journal: Journal, tiny: TinyGuest, web: virtkit.Domain) -> None:
    terminal = boot(web, tiny)
    journal.clear()
    terminal.send(b"P")
    eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.SHUTDOWN))
    journal.wait((SHUTDOWN, 1), (STOPPED, 0))


# Policies


def with_policy(root: Root, connection: virtkit.Connection, policy: str) -> virtkit.Domain:
    return connection.define_domain(root.xml("policy", more=policy, devices="<panic model='isa'/>"))


def test_a_panic_ends_a_guest(journal: Journal, tiny: TinyGuest, web: virtkit.Domain) -> None:
    terminal = boot(web, tiny)
    journal.clear()
    terminal.send(b"X")
    eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.CRASHED))
    journal.wait((CRASHED, 0), (STOPPED, 2))


def test_a_guest_is_kept_after_a_panic(
    root: Root, connection: virtkit.Connection, journal: Journal, tiny: TinyGuest
) -> None:
    guest = with_policy(root, connection, "<on_crash>preserve</on_crash>")
    terminal = boot(guest, tiny)
    journal.clear()
    terminal.send(b"X")
    eventually(lambda: state_of(guest) == (DomainState.CRASHED, DomainCrashedReason.PANICKED))
    journal.wait((CRASHED, 0))
    guest.reset()
    assert (DomainState.PAUSED, DomainPausedReason.CRASHED) == state_of(guest)
    guest.resume()
    terminal.expect(tiny.up)


def test_a_guest_is_started_again_after_a_panic(
    root: Root, connection: virtkit.Connection, journal: Journal, tiny: TinyGuest
) -> None:
    guest = with_policy(root, connection, "<on_crash>restart</on_crash>")
    terminal = boot(guest, tiny)
    journal.clear()
    terminal.send(b"X")
    terminal.expect(tiny.up)
    eventually(lambda: state_of(guest) == (DomainState.RUNNING, DomainRunningReason.CRASHED))
    journal.wait((CRASHED, 0), (RESUMED, 0))


def test_a_guest_that_may_not_reboot_ends(
    root: Root, connection: virtkit.Connection, journal: Journal, tiny: TinyGuest
) -> None:
    guest = with_policy(root, connection, "<on_reboot>destroy</on_reboot>")
    terminal = boot(guest, tiny)
    journal.clear()
    terminal.send(b"R")
    eventually(lambda: state_of(guest) == (OFF, DomainShutoffReason.SHUTDOWN))
    journal.wait((SHUTDOWN, 1), (STOPPED, 0))


def test_a_guest_that_may_not_reboot_ends_when_asked_to(
    root: Root, connection: virtkit.Connection, tiny: TinyGuest
) -> None:
    guest = with_policy(root, connection, "<on_reboot>destroy</on_reboot>")
    boot(guest, tiny)
    guest.reboot()
    eventually(lambda: state_of(guest) == (OFF, DomainShutoffReason.SHUTDOWN))


def test_a_guest_that_may_not_power_off_is_started_again(
    root: Root, connection: virtkit.Connection, tiny: TinyGuest
) -> None:
    guest = with_policy(root, connection, "<on_poweroff>restart</on_poweroff>")
    terminal = boot(guest, tiny)
    for _ in range(2):
        terminal.send(b"P")
        terminal.expect(tiny.up)
    assert DomainState.RUNNING == state_of(guest)[0]


# Killed from outside


def test_a_killed_qemu_is_a_crash(root: Root, journal: Journal, web: virtkit.Domain) -> None:
    web.create()
    journal.clear()
    os.kill(root.pid("web"), signal.SIGKILL)
    eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.CRASHED))
    journal.wait((STOPPED, 5))
    web.create()
    assert DomainState.RUNNING == state_of(web)[0]


def test_a_terminated_qemu_has_shut_down(root: Root, journal: Journal, web: virtkit.Domain) -> None:
    web.create()
    journal.clear()
    os.kill(root.pid("web"), signal.SIGTERM)
    eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.SHUTDOWN))
    journal.wait((SHUTDOWN, 2), (STOPPED, 0))


# Transient guests


def test_a_transient_guest_vanishes_when_it_stops(root: Root, connection: virtkit.Connection, journal: Journal) -> None:
    guest = connection.create_domain(root.xml("passing"))
    assert not guest.is_persistent()
    guest.destroy()
    journal.wait((STARTED, 0), (STOPPED, 1))
    with pytest.raises(NoDomainError):
        connection.lookup_domain_by_name("passing")


def test_a_guest_that_is_bound_to_its_connection_ends_with_it(root: Root, connection: virtkit.Connection) -> None:
    with root.open() as other:
        other.create_domain(root.xml("bound"), DomainCreateFlags.START_AUTODESTROY)
        assert ["bound"] == [domain.name for domain in connection.list_domains()]
    assert [] == connection.list_domains()


# Linux


def test_linux_boots_from_its_kernel_and_obeys_the_power_button(
    connection: virtkit.Connection, journal: Journal, linux: LinuxGuest
) -> None:
    guest = connection.define_domain(
        f"<domain type='qemu'><name>linux</name><memory unit='MiB'>128</memory><os><type>hvm</type>"
        f"<kernel>{linux.kernel}</kernel><initrd>{linux.initrd}</initrd><cmdline>{linux.append}</cmdline></os>"
        "<features><acpi/></features><devices><serial type='pty'/></devices></domain>"
    )
    guest.create(DomainCreateFlags.START_PAUSED)
    terminal = Terminal(guest.open_console())
    guest.resume()
    terminal.expect(linux.ready)
    terminal.send(b"echo kernel $(uname -s)\n")
    terminal.expect(b"kernel Linux")
    guest.shutdown()  # its last words may be lost: a terminal drops what nobody has read when its other side closes
    eventually(lambda: state_of(guest) == (OFF, DomainShutoffReason.SHUTDOWN))
    journal.wait((DomainEventType.DEFINED, 0), (STARTED, 0), (SUSPENDED, 0), (RESUMED, 0), (SHUTDOWN, 1), (STOPPED, 0))
