"""Containers start, run programs, stand still, reboot and end, and nothing of them is left."""

from __future__ import annotations

import os
import signal
import time

import pytest

from plugins.lxc.tests.lab import Container, Lab, eventually
from tests.containers import remains
from virtkit.errors import OperationFailedError, OperationInvalidError, OperationTimeoutError
from virtkit_lxc import attaching, cgroups, runtime
from virtkit_lxc.attaching import Program


def test_an_application_runs_alone_in_its_container(lab: Lab) -> None:
    made = lab.started()
    assert "1 root sleep" in " ".join(made.says("ps -o pid,user,comm | head -2").split())
    assert made.name == made.says("hostname")
    assert "lo" == made.says("ls /sys/class/net")


def test_a_container_is_found_again(lab: Lab) -> None:
    made = lab.started()
    assert made.started == runtime.find(made.plan.folder)


def test_what_does_not_run_is_not_found(lab: Lab) -> None:
    made = lab.started()
    runtime.stop(made.name, made.running, kill=True)
    assert runtime.find(made.plan.folder) is None
    (made.plan.folder / runtime.MONITOR_PID).write_text(str(os.getpid()))  # somebody else has the pid now
    assert runtime.find(made.plan.folder) is None


@pytest.mark.parametrize("status", [0, 1, 42])
def test_the_status_of_init_is_known(lab: Lab, status: int) -> None:
    made = lab.started("/bin/sh", "-c", f"while [ ! -e /tmp/go ]; do sleep 0.01; done; exit {status}")
    made.says("touch /tmp/go")
    assert made.running.init.wait(10)
    assert runtime.after(made.plan.folder, made.running) is None
    assert status == runtime.exit_status(made.plan.folder, made.running.init)


def test_a_killed_init_is_told_from_one_that_ended(lab: Lab) -> None:
    made = lab.started()
    assert runtime.stop(made.name, made.running, kill=True)
    assert -signal.SIGKILL == runtime.exit_status(made.plan.folder, made.running.init)


def test_an_init_that_fails_at_once_says_what_it_said(lab: Lab) -> None:
    made = lab.container("/bin/sh", "-c", "echo no config found; exit 3")
    assert (3, "no config found") == _end_of(made)


def _end_of(made: Container) -> tuple[int | None, str]:
    """Status and last words of an init that fails at once: the start tells them, unless init lived to its end."""
    try:
        started = made.start()
    except runtime.Ended as error:
        return error.status, str(error).partition(f"with status {error.status} at once: ")[2]
    started.init.wait(10)
    runtime.after(made.plan.folder, started)
    return runtime.exit_status(made.plan.folder, started.init), made.console().strip()


def test_an_init_that_is_not_there_is_named(lab: Lab) -> None:
    made = lab.container("/bin/nowhere")
    with pytest.raises(OperationFailedError, match=r'c0.*No such file or directory.*"/bin/nowhere"'):
        made.start()
    assert {} == remains(lab.folder)


def test_a_root_that_is_not_there_is_named(lab: Lab) -> None:
    made = lab.container(root=lab.folder / "absent")
    with pytest.raises(OperationFailedError, match=r"c0.*absent"):
        made.start()
    assert {} == remains(lab.folder)


def test_a_frozen_container_does_nothing_until_it_is_thawed(lab: Lab) -> None:
    made = lab.started("/bin/sh", "-c", "while :; do echo x >> /tmp/beats; sleep 0.01; done")
    beats = lab.root() / "tmp" / "beats"
    eventually(beats.exists, "the first beat")
    cgroups.freeze(lab.layout, made.plan.cgroup)
    assert cgroups.frozen(lab.layout, made.plan.cgroup)
    stood = beats.stat().st_size
    assert made.running.init.wait(0.2) is False
    assert stood == beats.stat().st_size
    cgroups.thaw(lab.layout, made.plan.cgroup)
    assert not cgroups.frozen(lab.layout, made.plan.cgroup)
    eventually(lambda: beats.stat().st_size > stood, "another beat")


def test_a_frozen_container_is_killed_at_once(lab: Lab) -> None:
    made = lab.started()
    cgroups.freeze(lab.layout, made.plan.cgroup)
    made.end()
    assert {} == remains(lab.folder)


def test_a_system_goes_down_by_its_init(lab: Lab) -> None:
    made = lab.started("/sbin/init")
    eventually(lambda: "the system is up" in made.console(), "the message of init")
    assert runtime.stop(made.name, made.running, kill=False, timeout=20)
    assert runtime.after(made.plan.folder, made.running) is None
    assert "the system goes down" in made.console()


def test_a_system_reboots_by_its_init(lab: Lab) -> None:
    made = lab.started("/sbin/init")
    eventually(lambda: "the system is up" in made.console(), "the message of init")
    runtime.reboot(made.name, made.running)
    assert made.running.init.wait(20)
    again = runtime.after(made.plan.folder, made.running)
    assert again is not None
    assert again.monitor == made.running.monitor
    assert again.init != made.running.init
    assert again == runtime.find(made.plan.folder)
    eventually(lambda: 2 == made.console().count("the system is up"), "the second message of init")


def test_a_container_without_handlers_ignores_a_request_to_end(lab: Lab) -> None:
    made = lab.started()
    assert not runtime.stop(made.name, made.running, kill=False, timeout=0.1)
    assert made.running.alive


def test_what_has_ended_takes_no_signal(lab: Lab) -> None:
    made = lab.started()
    runtime.stop(made.name, made.running, kill=True)
    with pytest.raises(OperationInvalidError, match="'c0' is not running: start it"):
        runtime.send(made.name, made.running, signal.SIGTERM)


def test_a_container_survives_the_process_that_started_it(lab: Lab) -> None:
    made = lab.container()
    child = os.fork()
    if child == 0:
        made.start()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    found = runtime.find(made.plan.folder)
    assert found is not None
    made.started = found
    assert "root" == made.says("whoami")


@pytest.mark.parametrize("milliseconds", range(0, 16, 2))
def test_nothing_is_left_of_a_start_whose_manager_was_killed(lab: Lab, milliseconds: int) -> None:
    made = lab.container()
    child = os.fork()
    if child == 0:
        made.start()
        signal.pause()
    time.sleep(milliseconds / 1000)  # at whatever step it is then
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    made.end()
    assert {} == remains(lab.folder)
    made.start()
    assert "root" == made.says("whoami")


def test_a_container_whose_monitor_was_killed_is_ended_whole(lab: Lab) -> None:
    made = lab.started()
    made.running.monitor.send(signal.SIGKILL)
    assert made.running.monitor.wait(10)
    made.end()
    assert {} == remains(lab.folder)


def test_programs_are_run_with_what_they_are_given(lab: Lab) -> None:
    made = lab.started()
    assert (7, "") == made.shell("exit 7")
    assert (0, "1000 1000") == made.shell("echo $(id -u) $(id -g)", user=1000, group=1000)
    assert (0, "/tmp") == made.shell("pwd", cwd="/tmp")
    assert (0, "a b'c\"") == made.shell('echo "$TOLD"', environment={"PATH": "/bin", "TOLD": "a b'c\""})
    assert 127 == made.run("/bin/nowhere")[0]
    assert 128 + signal.SIGTERM == made.shell("kill -TERM $$")[0]


def test_a_program_that_takes_too_long_is_ended(lab: Lab) -> None:
    made = lab.started()
    with pytest.raises(OperationTimeoutError, match=r"/bin/sleep did not end within 0.2 s"):
        attaching.run(made.name, made.plan.folder, Program(["/bin/sleep", "77"]), timeout=0.2)
    eventually(lambda: "sleep 77" not in made.says("ps"), "the end of the program")


def test_a_console_is_talked_to_and_its_output_is_kept(lab: Lab) -> None:
    made = lab.started("/bin/sh")
    with made.take() as console:
        os.write(console.fileno(), b"echo $((6 * 7)) is it\n")
        told = b""
        while b"42 is it" not in told:
            told += os.read(console.fileno(), 4096)
    with made.take() as console:  # again
        os.write(console.fileno(), b"echo again\n")
        while b"\nagain" not in told:
            told += os.read(console.fileno(), 4096)
    eventually(lambda: "42 is it" in made.console() and "\nagain" in made.console(), "the log of the console")


def test_a_console_is_taken_by_one_at_a_time(lab: Lab) -> None:
    made = lab.started("/bin/sh")
    with made.take(), pytest.raises(OperationFailedError, match="in use: close the other console"):
        made.take()


def test_further_consoles_are_terminals_of_their_own(lab: Lab) -> None:
    made = lab.started(devices="<console type='pty'/>")
    with made.take(1) as terminal:
        made.says("echo to the second > /dev/tty1")
        assert b"to the second" in os.read(terminal.fileno(), 4096)


def test_what_does_not_run_has_no_console(lab: Lab) -> None:
    made = lab.container()
    with pytest.raises(OperationInvalidError, match="has no console here"):
        made.take()
