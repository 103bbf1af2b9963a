"""Real guests: started, watched, adopted by another program, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from plugins.qemu.tests.rig import NO_MACHINE, PATIENCE_SECONDS, Rig, Watcher, disk, eventually
from tests.guests import LinuxGuest, TinyGuest
from virtkit.errors import OperationFailedError, OperationTimeoutError
from virtkit_qemu.emulator import Emulator
from virtkit_qemu.qmp import Monitor, MonitorClosedError

pytestmark = pytest.mark.qemu


# Start


def test_a_qemu_that_ends_at_once_is_told_in_its_own_words(rig: Rig) -> None:
    words = "domain 'web': QEMU ended while starting: .*unsupported machine type"
    with pytest.raises(OperationFailedError, match=words):
        rig.start("web", "-M", "toaster")


def test_a_qemu_that_ends_without_a_word_is_told_with_its_status(rig: Rig) -> None:
    launch, listener = rig.launch("web")
    silent = evolve(launch, command=("/bin/sh", "-c", "exit 3"))
    with pytest.raises(OperationFailedError, match="it printed nothing, exit status 3"):
        Emulator.start(silent, listener, rig.monitor_path("web"), loop=rig.loop)


def test_a_qemu_that_does_not_answer_in_time_is_ended(rig: Rig) -> None:
    with pytest.raises(OperationTimeoutError, match=r"domain 'web': QEMU has not answered the greeting"):
        rig.start("web", *NO_MACHINE, timeout=0)
    assert rig.adopt("web") is None


# A running guest


def test_a_guest_runs_echoes_and_powers_itself_off(rig: Rig, tiny: TinyGuest) -> None:
    watcher = Watcher()
    emulator, console = rig.boot("web", *disk(tiny.image, rig.folder, "web"), watcher=watcher)
    console.expect(tiny.up)
    console.send(b"hello")
    console.expect(b"hello")
    emulator.monitor.execute("system_powerdown")
    console.expect(tiny.off)
    eventually(lambda: watcher.gone)
    assert ["RESUME", "POWERDOWN", "SHUTDOWN"] == watcher.names
    assert {"guest": True, "reason": "guest-shutdown"} == watcher.events[-1].data
    assert 0 == emulator.process.returncode


def test_a_guest_resets_itself(rig: Rig, tiny: TinyGuest) -> None:
    watcher = Watcher()
    _, console = rig.boot("web", *disk(tiny.image, rig.folder, "web"), watcher=watcher)
    console.expect(tiny.up)
    console.send(b"R")
    console.expect(tiny.up)
    reset = next(event for event in watcher.events if event.name == "RESET")
    assert reset.data["guest"]


def test_a_guest_reports_a_panic(rig: Rig, tiny: TinyGuest) -> None:
    watcher = Watcher()
    pvpanic = ("-device", "pvpanic", "-action", "panic=pause")
    emulator, console = rig.boot("web", *disk(tiny.image, rig.folder, "web"), *pvpanic, watcher=watcher)
    console.expect(tiny.up)
    console.send(b"X")
    eventually(lambda: "GUEST_PANICKED" in watcher.names)
    eventually(lambda: emulator.monitor.execute("query-status")["status"] == "guest-panicked")


def test_a_linux_guest_obeys_the_power_button(rig: Rig, linux: LinuxGuest) -> None:
    watcher = Watcher()
    kernel = ("-kernel", str(linux.kernel), "-initrd", str(linux.initrd), "-append", linux.append)
    emulator, console = rig.boot("web", "-M", "pc", "-m", "128", *kernel, watcher=watcher)
    console.expect(linux.up)
    console.expect(linux.ready)
    console.send(b"echo kernel $(uname -s)\n")
    console.expect(b"kernel Linux")
    emulator.monitor.execute("system_powerdown")
    console.expect(linux.off)
    eventually(lambda: watcher.gone)
    assert "guest-shutdown" == watcher.events[-1].data["reason"]


# Its end


def test_a_guest_that_is_killed_is_gone_once(rig: Rig) -> None:
    watcher = Watcher()
    emulator = rig.start("web", *NO_MACHINE, watcher=watcher)
    emulator.process.signal(signal.SIGKILL)
    eventually(lambda: watcher.gone)
    emulator.close()
    assert 1 == watcher.gone
    assert -signal.SIGKILL == emulator.process.returncode


def test_a_guest_that_is_let_go_runs_on_and_is_not_reported_as_gone(rig: Rig) -> None:
    watcher = Watcher()
    rig.start("web", *NO_MACHINE, watcher=watcher).close()
    again = rig.adopt("web")
    assert again is not None
    assert "prelaunch" == again.monitor.execute("query-status")["status"]
    again.process.stop(grace=0)
    assert 0 == watcher.gone


def test_letting_go_twice_does_not_touch_who_has_the_descriptors_by_now(rig: Rig) -> None:
    near, far = socket.socketpair()
    first = rig.start("web", *NO_MACHINE)
    descriptor = first.process.fileno()
    first.close()
    with far:
        os.dup2(near.fileno(), descriptor)
        near.close()
        monitor = Monitor(socket.socket(fileno=descriptor), subject="domain 'mail'", loop=rig.loop)
        first.close()
        monitor.close()
        assert monitor.closed
    again = rig.adopt("web")
    assert again is not None
    again.process.stop(grace=0)


def test_a_polite_stop_is_reported_by_qemu(rig: Rig) -> None:
    watcher = Watcher()
    emulator = rig.start("web", *NO_MACHINE, watcher=watcher)
    emulator.process.stop(grace=PATIENCE_SECONDS)
    eventually(lambda: watcher.gone)
    assert ["SHUTDOWN"] == watcher.names
    assert "host-signal" == watcher.events[0].data["reason"]


# Adoption

BOOT_AND_WAIT = """
import sys, time
from pathlib import Path
from plugins.qemu.tests.rig import rig
with rig(Path(sys.argv[1])) as built:
    emulator, console = built.boot("web", *sys.argv[2:])
    console.expect(b"-UP")
    print("ready", flush=True)
    time.sleep(600)
"""


def test_a_guest_outlives_the_sudden_death_of_its_starter_and_is_adopted(rig: Rig, tiny: TinyGuest) -> None:
    command = [sys.executable, "-c", BOOT_AND_WAIT, str(rig.folder), *disk(tiny.image, rig.folder, "web")]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        assert program.stdout is not None
        assert "ready\n" == program.stdout.readline()
        program.kill()
    watcher = Watcher()
    emulator = rig.adopt("web", watcher=watcher)
    assert emulator is not None
    console = rig.console("web")
    console.send(b"alive?")
    console.expect(b"alive?")
    emulator.monitor.execute("system_powerdown")
    console.expect(tiny.off)
    eventually(lambda: watcher.gone)
    assert "SHUTDOWN" == watcher.names[-1]
    assert emulator.process.returncode is None


def test_a_guest_that_hangs_is_left_alone_by_who_cannot_adopt_it(rig: Rig) -> None:
    emulator = rig.start("web", *NO_MACHINE)
    emulator.monitor.close()
    emulator.process.signal(signal.SIGSTOP)
    with pytest.raises(OperationTimeoutError, match="domain 'web'"):
        rig.adopt("web", timeout=0.2)
    emulator.process.signal(signal.SIGCONT)
    assert emulator.process.alive


def test_a_guest_whose_monitor_socket_is_gone_is_left_alone(rig: Rig) -> None:
    emulator = rig.start("web", *NO_MACHINE)
    emulator.monitor.close()
    rig.monitor_path("web").unlink()
    with pytest.raises(MonitorClosedError, match=str(rig.monitor_path("web"))):
        rig.adopt("web")
    assert emulator.process.alive
