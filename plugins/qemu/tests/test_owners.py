"""One root and several processes: who may change it, who reads it, and guests that outlive their starter."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Journal, Root, Terminal, boot, program, runs, state_of
from plugins.qemu.tests.rig import eventually
from tests.guests import TinyGuest
from virtkit.enums import (
    DomainControlState,
    DomainCreateFlags,
    DomainEventType,
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import NoDomainError, OperationTimeoutError, ResourceBusyError
from virtkit.store import ownership
from virtkit_qemu import emulator, ending

pytestmark = pytest.mark.qemu

OFF = DomainState.SHUTOFF
STOPPED = DomainEventType.STOPPED
STARTED = DomainEventType.STARTED


def started_by_a_program_that_was_killed(root: Root, name: str = "web", flags: int = 0) -> None:
    xml = root.xml(name)
    with program(root, f"connection.define_domain({xml!r}).create({flags})"):
        pass


# Adoption


def test_a_guest_outlives_the_sudden_death_of_its_starter(root: Root, tiny: TinyGuest) -> None:
    started_by_a_program_that_was_killed(root)
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        assert (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(web)
        journal = Journal(connection)
        terminal = Terminal(web.open_console())
        terminal.send(b"there?")  # QEMU drops what is printed before it knows of the terminal
        terminal.expect(b"there?")
        web.reset()
        terminal.expect(tiny.up)
        web.shutdown()
        eventually(lambda: state_of(web) == (OFF, DomainShutoffReason.SHUTDOWN))
        journal.wait((DomainEventType.SHUTDOWN, 1), (STOPPED, 0))


def test_an_adopted_guest_keeps_its_id_and_document(root: Root, web: virtkit.Domain) -> None:
    web.create()
    before = web.xml_desc()
    web.connection.close()
    with root.open() as connection:
        again = connection.lookup_domain_by_id(1)
        again.suspend()
        assert before == again.xml_desc()
        connection.create_domain(root.xml("other"))
        assert [1, 2] == sorted(connection.list_domain_ids())


def test_a_paused_guest_is_adopted_paused(root: Root) -> None:
    started_by_a_program_that_was_killed(root, flags=int(DomainCreateFlags.START_PAUSED))
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        web.set_autostart(False)  # takes the root over
        assert (DomainState.PAUSED, DomainPausedReason.USER) == state_of(web)
        web.resume()
        assert DomainState.RUNNING == state_of(web)[0]


def test_a_transient_guest_is_adopted_and_vanishes_in_the_end(root: Root) -> None:
    xml = root.xml("passing")
    with program(root, f"connection.create_domain({xml!r})"):
        pass
    with root.open() as connection:
        connection.lookup_domain_by_name("passing").destroy()
        with pytest.raises(NoDomainError):
            connection.lookup_domain_by_name("passing")


def test_a_guest_that_was_resumed_behind_our_back_is_seen_running(root: Root, web: virtkit.Domain) -> None:
    web.create(DomainCreateFlags.START_PAUSED)
    web.connection.close()
    status = next((root.folder / "run/qemu").glob("web.xml"))
    status.write_text(status.read_text().replace("state='paused' reason='user'", "state='running' reason='booted'"))
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        web.suspend()
        assert (DomainState.PAUSED, DomainPausedReason.USER) == state_of(web)


def test_a_guest_that_died_while_nobody_watched_is_off(root: Root) -> None:
    started_by_a_program_that_was_killed(root)
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        os.kill(root.pid("web"), signal.SIGKILL)
        eventually(lambda: not web.is_active())
        assert (OFF, DomainShutoffReason.UNKNOWN) == state_of(web)
        web.create()
        assert DomainState.RUNNING == state_of(web)[0]
        assert 2 == web.id


def test_a_guest_that_was_asked_to_shut_down_has_done_so(root: Root, tiny: TinyGuest, web: virtkit.Domain) -> None:
    boot(web, tiny)
    web.shutdown()
    web.connection.close()
    with root.open(readonly=True) as connection:
        web = connection.lookup_domain_by_name("web")
        eventually(lambda: not web.is_active())
        assert (OFF, DomainShutoffReason.SHUTDOWN) == state_of(web)


def test_a_start_that_was_cut_off_is_undone(root: Root, web: virtkit.Domain) -> None:
    web.create(DomainCreateFlags.START_PAUSED)
    pid = root.pid("web")
    web.connection.close()
    status = root.folder / "run/qemu/web.xml"
    status.write_text(status.read_text().replace("reason='user'", "reason='starting up'"))
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        web.create()
        assert DomainState.RUNNING == state_of(web)[0]
        assert not runs(pid)


def test_a_reboot_under_way_is_completed_by_the_next_owner(root: Root, tiny: TinyGuest) -> None:
    xml = root.xml("web")
    started_by_a_program_that_was_killed(root)
    with program(root, "connection.lookup_domain_by_name('web').reboot()"):
        pass
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        terminal = Terminal(web.open_console())
        connection.define_domain(xml.replace("<name>", f"<uuid>{web.uuid}</uuid><name>"))
        terminal.expect(tiny.up)
        assert DomainState.RUNNING == state_of(web)[0]


# A guest that hangs


def test_a_guest_that_hangs_delays_nobody_else(root: Root, tiny: TinyGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hangs", "web"):
        started_by_a_program_that_was_killed(root, name)
    pid = root.pid("hangs")
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(ending, "GRACE_SECONDS", 0.1)
    with root.open() as connection:
        web, hangs = (connection.lookup_domain_by_name(name) for name in ("web", "hangs"))
        web.suspend()
        web.resume()
        assert 2 == connection.num_of_domains()
        assert DomainState.RUNNING == state_of(hangs)[0]
        assert DomainControlState.OCCUPIED == hangs.control_info().state
        hangs.destroy()
        assert (OFF, DomainShutoffReason.DESTROYED) == state_of(hangs)
    assert not runs(pid)


def test_a_guest_that_hangs_is_left_running_by_who_lets_go(root: Root) -> None:
    started_by_a_program_that_was_killed(root)
    pid = root.pid("web")
    os.kill(pid, signal.SIGSTOP)
    with root.open() as connection:
        connection.define_domain(root.xml("other"))
    os.kill(pid, signal.SIGCONT)
    with root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        web.suspend()
        assert DomainState.PAUSED == state_of(web)[0]


# Several processes


def test_who_only_reads_never_waits_for_the_owner(root: Root) -> None:
    xml = root.xml("web")
    with program(root, f"connection.define_domain({xml!r}).create()"), root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        assert [web.name] == [domain.name for domain in connection.list_domains()]
        assert DomainState.RUNNING == web.info().state
        assert "id='1'" in web.xml_desc()
        assert DomainState.RUNNING == state_of(web)[0]


def test_a_second_process_that_would_change_something_learns_who_owns_the_root(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_lock", partial(_impatient, ownership._lock))
    xml = root.xml("web")
    with program(root, f"connection.define_domain({xml!r}).create()") as owner, root.open() as connection:
        web = connection.lookup_domain_by_name("web")
        with pytest.raises(ResourceBusyError, match=rf"\(pid {owner.pid}\) owns the root"):
            web.suspend()
        assert DomainState.RUNNING == state_of(web)[0]


def _impatient(lock: object, folder: Path, end: float) -> int:
    return lock(folder, 0)  # type: ignore[no-any-return, operator]


def test_a_reader_sees_what_the_owner_does(root: Root, connection: virtkit.Connection) -> None:
    name = "connection.lookup_domain_by_name('web')"
    xml = root.xml("web")
    with program(root, f"connection.define_domain({xml!r})"):
        web = connection.lookup_domain_by_name("web")
        assert not web.is_active()
    with program(root, f"{name}.create()"):
        eventually(web.is_active)
    with program(root, f"{name}.suspend()"):
        eventually(lambda: state_of(web) == (DomainState.PAUSED, DomainPausedReason.USER))
    with program(root, f"{name}.destroy(); {name}.undefine()"):
        eventually(lambda: [] == connection.list_domains())


def test_ownership_ends_with_the_connection_that_needed_it(root: Root, web: virtkit.Domain) -> None:
    web.connection.close()
    with program(root, "connection.lookup_domain_by_name('web').create()"):
        pass


def test_connections_of_one_process_share_the_root(root: Root, web: virtkit.Domain) -> None:
    with root.open() as other:
        journal = Journal(other)
        web.create()
        journal.wait((STARTED, 0))
        assert other.lookup_domain_by_name("web").is_active()
    web.suspend()
    assert DomainState.PAUSED == state_of(web)[0]


def test_a_call_that_needs_a_hanging_guest_says_so(
    root: Root, web: virtkit.Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.create()
    web.connection.close()
    os.kill(root.pid("web"), signal.SIGSTOP)
    monkeypatch.setattr(emulator.Emulator, "adopt", partial(emulator.Emulator.adopt, timeout=0.2))
    with root.open() as connection, pytest.raises(OperationTimeoutError, match="domain 'web'"):
        connection.lookup_domain_by_name("web").suspend()
    os.kill(root.pid("web"), signal.SIGCONT)
