"""How containers come to their end, and what follows."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import PATIENCE_SECONDS, document, eventually, read_until, state_of, wait_for_shell
from tests.containers import make_root
from virtkit import Connection
from virtkit.enums import (
    DomainCrashedReason,
    DomainEventStartedDetailType,
    DomainEventStoppedDetailType,
    DomainEventType,
    DomainProcessSignal,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtkit.errors import ConfigUnsupportedError
from virtkit.events import DomainLifecycleEvent, DomainRebootEvent
from virtkit_lxc import policy, runtime
from virtkit_lxc.processes import Identity

EAT = "x=0123456789; while :; do x=$x$x; done"
"""A script that takes memory until there is none."""

Told = list[DomainLifecycleEvent | None]
"""Events; None is a reboot."""


@pytest.fixture
def told(connection: Connection) -> Told:
    """What is told of all containers."""
    events: Told = []
    connection.subscribe(DomainLifecycleEvent, lambda _, event: events.append(event))
    connection.subscribe(DomainRebootEvent, lambda _, event: events.append(None))
    return events


def crashes(told: Told) -> int:
    return sum(event is not None and event.event == DomainEventType.CRASHED for event in told)


def reboots(told: Told) -> int:
    return told.count(None)


# Out of memory


def test_a_container_whose_memory_runs_out_has_crashed_and_the_log_says_why(
    connection: Connection, rootfs: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    domain = connection.define_domain(document(rootfs, "/bin/sh", "-c", f"sleep 0.2; {EAT}"))
    domain.create()
    eventually(lambda: not domain.is_active(), "it is killed")
    assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain)
    stopped = DomainLifecycleEvent(DomainEventType.STOPPED, DomainEventStoppedDetailType.CRASHED)
    eventually(lambda: told[-1] == stopped, "it is told")
    assert "domain 'web' has crashed: its init was killed, since the container was out of its 65536 KiB" in caplog.text


def test_a_container_that_others_kill_was_not_out_of_memory(
    connection: Connection, rootfs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    domain = connection.define_domain(document(rootfs))
    domain.create()
    domain.send_process_signal(1, DomainProcessSignal.KILL)
    eventually(lambda: not domain.is_active(), "it is killed")
    assert (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain)
    assert "domain 'web' has crashed: its init got signal 9" in caplog.text


def test_a_process_that_is_killed_for_memory_is_told_of_once(
    connection: Connection, rootfs: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    # Init needs less than what it starts, which is therefore killed.
    script = f"while :; do /bin/sh -c '{EAT}'; sleep 0.01; echo killed; done"
    domain = connection.create_domain(document(rootfs, "/bin/sh", "-c", script))
    message = "domain 'web' is out of its 65536 KiB of memory: the kernel kills processes in it"
    eventually(lambda: message in caplog.text, "it is logged")
    with closing(domain.open_console()) as console:
        for _ in range(2):
            read_until(console, b"killed")
    assert 1 == caplog.text.count(message)
    assert domain.is_active()
    assert [DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED)] == told


# What follows


def test_a_container_that_crashes_is_started_again(
    connection: Connection, rootfs: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    domain = connection.define_domain(document(rootfs, more="<on_crash>restart</on_crash>"))
    domain.create()
    number = domain.id
    wait_for_shell(domain)
    domain.send_process_signal(1, DomainProcessSignal.KILL)
    eventually(lambda: reboots(told), "it is started again")
    wait_for_shell(domain)
    assert (DomainState.RUNNING, DomainRunningReason.CRASHED) == state_of(domain)
    assert (number, 1, 1) == (connection.lookup_domain_by_name("web").id, crashes(told), reboots(told))
    assert "domain 'web' has crashed: its init got signal 9" in caplog.text
    domain.destroy()
    assert (DomainState.SHUTOFF, DomainShutoffReason.DESTROYED) == state_of(domain)


def test_a_container_that_crashes_again_and_again_is_started_ever_more_rarely(
    connection: Connection, rootfs: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    xml = document(rootfs, "/bin/sh", "-c", "sleep 0.3; exit 7", more="<on_crash>restart</on_crash>")
    domain = connection.define_domain(xml)
    domain.create()
    eventually(lambda: "comes to its end again and again: it is started in 2 s" in caplog.text, "it is held back")
    assert "it is started in 1 s" in caplog.text
    eventually(lambda: crashes(told) == 3, "it is told")
    assert (DomainState.CRASHED, DomainCrashedReason.PANICKED) == state_of(domain)
    assert domain.is_active()
    domain.destroy()
    assert (DomainState.SHUTOFF, DomainShutoffReason.DESTROYED) == state_of(domain)
    domain.create()
    domain.destroy()


def test_a_container_that_waits_for_its_next_start_shuts_down(connection: Connection, rootfs: Path) -> None:
    xml = document(rootfs, "/bin/sh", "-c", "sleep 0.3; exit 7", more="<on_crash>restart</on_crash>")
    domain = connection.define_domain(xml)
    domain.create()
    eventually(lambda: domain.state().state == DomainState.CRASHED, "it is held back")
    domain.shutdown()
    assert (DomainState.SHUTOFF, DomainShutoffReason.SHUTDOWN) == state_of(domain)


def test_a_container_that_powers_off_is_started_again(connection: Connection, rootfs: Path, told: Told) -> None:
    xml = document(rootfs, more="<on_poweroff>restart</on_poweroff><on_crash>destroy</on_crash>")
    domain = connection.create_domain(xml)
    wait_for_shell(domain)
    domain.shutdown()
    eventually(lambda: reboots(told), "it is started again")
    wait_for_shell(domain)
    assert (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(domain)
    assert 0 == crashes(told)
    domain.send_process_signal(1, DomainProcessSignal.KILL)
    eventually(lambda: not connection.list_domains(), "it ends")


@pytest.mark.parametrize(
    ("row", "seconds"), [(1, 0.0), (2, 1.0), (3, 2.0), (7, 32.0), (8, 64.0), (9, 64.0), (10_000, 64.0)]
)
def test_starts_of_a_row_come_ever_more_rarely(row: int, seconds: float) -> None:
    assert seconds == policy.delay(row)


@pytest.mark.parametrize("choice", ["<on_crash>preserve", "<on_poweroff>rename-restart", "<on_crash>coredump-destroy"])
def test_what_cannot_follow_is_refused(connection: Connection, rootfs: Path, choice: str) -> None:
    more = f"{choice}</{choice[1:].partition('>')[0]}>"
    with pytest.raises(ConfigUnsupportedError, match=f"domain 'web' has {more}.*make it destroy or restart"):
        connection.define_domain(document(rootfs, more=more))


# While nobody watches

START_AND_DIE = """
import os, signal, sys, virtkit
virtkit.open(sys.argv[1]).lookup_domain_by_name("web").create()
os.kill(os.getpid(), signal.SIGKILL)
"""


def end_unwatched(uri: str, xml: str, folder: Path) -> None:
    """Start a container, kill its manager, and let it come to its end: the file `end` of its root tells it to."""
    with virtkit.open(uri) as connection:
        connection.define_domain(xml)
    done = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    (folder / "end").touch()
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")  # owns nothing
        eventually(lambda: not domain.is_active(), "it ends")
    (folder / "end").unlink()


@pytest.fixture
def own_root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


WAIT = "while ! test -e /end; do sleep 0.01; done; "


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", DomainShutoffReason.SHUTDOWN),
        ("exit 3", DomainShutoffReason.CRASHED),
        (EAT, DomainShutoffReason.CRASHED),  # by SIGKILL
    ],
)
def test_how_a_container_ended_is_known_also_if_nobody_watched(
    uri: str, own_root: Path, script: str, reason: DomainShutoffReason
) -> None:
    end_unwatched(uri, document(own_root, "/bin/sh", "-c", WAIT + script), own_root)
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        assert (DomainState.SHUTOFF, reason) == state_of(domain)
        domain.set_autostart(False)  # owns the root
        assert (DomainState.SHUTOFF, reason) == state_of(domain)


def test_nobody_knows_how_a_container_ended_whose_monitor_was_killed(uri: str, own_root: Path, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(own_root)).create()
    (monitor,) = (tmp_path / "run" / "lxc").glob("*/monitor.pid")
    killed = Identity.of(int(monitor.read_text()))
    assert killed is not None
    assert killed.send(signal.SIGKILL)
    assert killed.wait(PATIENCE_SECONDS)
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(False)  # owns the root
        eventually(lambda: not domain.is_active(), "it ends")
        assert (DomainState.SHUTOFF, DomainShutoffReason.UNKNOWN) == state_of(domain)


def test_a_container_that_crashed_unwatched_is_started_again_by_the_next_owner(uri: str, own_root: Path) -> None:
    xml = document(own_root, "/bin/sh", "-c", WAIT + "exit 3", more="<on_crash>restart</on_crash>")
    end_unwatched(uri, xml, own_root)
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(False)  # owns the root
        eventually(lambda: (DomainState.RUNNING, DomainRunningReason.CRASHED) == state_of(domain), "it runs again")


DESTROY_AND_DIE = """
import os, signal, sys, virtkit
from virtkit_lxc import runtime
runtime.stop = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # its init is killed already
domain = virtkit.open(sys.argv[1]).lookup_domain_by_name("web")
domain.create()
domain.destroy()
"""


def test_a_container_whose_manager_died_while_it_was_destroyed_stays_off(uri: str, own_root: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(own_root, more="<on_crash>restart</on_crash>"))
    done = subprocess.run(
        [sys.executable, "-c", DESTROY_AND_DIE, uri], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    with virtkit.open(uri) as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.set_autostart(False)  # owns the root
        eventually(lambda: not domain.is_active(), "it is off")
        assert (DomainState.SHUTOFF, DomainShutoffReason.DESTROYED) == state_of(domain)


def test_a_container_that_reboots_while_it_is_adopted_goes_on(
    uri: str, own_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(own_root)).create()
    # As between two runs, when there is no init: which takes some milliseconds that no test can hit.
    real = runtime.find
    seen: list[Path] = []
    monkeypatch.setattr(runtime, "find", lambda folder: real(folder) if seen else seen.append(folder))
    with virtkit.open(uri) as connection:
        connection.lookup_domain_by_name("web").set_autostart(False)  # owns the root
        domain = connection.lookup_domain_by_name("web")
        assert seen
        eventually(lambda: (DomainState.RUNNING, DomainRunningReason.BOOTED) == state_of(domain), "it goes on")
        wait_for_shell(domain)
        domain.send_process_signal(1, DomainProcessSignal.KILL)
        eventually(lambda: (DomainState.SHUTOFF, DomainShutoffReason.CRASHED) == state_of(domain), "it is watched")


def test_a_system_that_reboots_is_not_out_of_memory(
    connection: Connection, rootfs: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    # Its groups go, which the kernel tells like a shortage, and others come in their place.
    domain = connection.create_domain(document(rootfs))
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: reboots(told), "it reboots")
    wait_for_shell(domain)
    domain.reboot()
    eventually(lambda: reboots(told) == 2, "it reboots again")
    assert "" == caplog.text
