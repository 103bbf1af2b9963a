"""Processes that outlive their starter, and are never mistaken for others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import evolve

from virtkit.errors import InternalError, OperationFailedError
from virtkit.services.process import Identity, Launch, Process, adopt, start

PATIENCE_SECONDS = 60.0
SLEEP = ("/bin/sleep", "600")
REPORT = """
import json, os
fds = sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name))
print(json.dumps({"environment": dict(os.environ), "fds": fds, "folder": os.getcwd(), "umask": os.umask(0),
                  "session": os.getsid(0), "pid": os.getpid(), "stdin": os.readlink("/proc/self/fd/0")}))
"""


def eventually(holds: Callable[[], object]) -> None:
    """Return as soon as `holds()` is true; fail when it does not become so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


class Starter:
    """Starts processes below one folder and ends them all in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[Process] = []

    def launch(self, *command: str) -> Launch:
        return Launch("domain 'web'", command, self.folder / "web.pid", self.folder / "web.log", folder=self.folder)

    def start(self, launch: Launch) -> Process:
        process = start(launch)
        self.processes.append(process)
        return process

    def adopt(self) -> Process | None:
        process = adopt(self.folder / "web.pid", subject="domain 'web'", log=self.folder / "web.log")
        if process is not None:
            self.processes.append(process)
        return process


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    for process in starter.processes:
        if process.fileno() >= 0:
            process.stop(grace=0)
            process.close()


def ended(process: Process) -> Process:
    assert process.wait(PATIENCE_SECONDS)
    return process


# Identity


def test_an_identity_is_decoded_as_it_was_encoded() -> None:
    identity = Identity(4711, 815, "0f-boot")
    assert identity == Identity.decode(identity.encode())
    assert b"4711" == identity.encode().splitlines()[0]


@pytest.mark.parametrize(
    "text", [b"", b"4711\n", b"4711\n815\n", b"x\n815\nboot\n", b"1\n2\nboot\nmore\n", b"\xff\n2\nboot\n"]
)
def test_a_damaged_identity_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"unpack|invalid literal|decode"):
        Identity.decode(text)


def test_the_identity_stays_when_a_process_turns_into_another_program(starter: Starter) -> None:
    process = starter.start(starter.launch("/bin/sh", "-c", 'exec -a "a (strange) name" sleep 600'))
    assert process.identity == Identity.of(process.pid)


def test_no_process_has_no_identity(starter: Starter) -> None:
    process = ended(starter.start(starter.launch("/bin/true")))
    process.close()
    eventually(lambda: Identity.of(process.pid) is None)


# What a process gets from us


def test_a_process_gets_what_it_was_given_and_nothing_else(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the starter")
    given, kept = os.pipe()
    launch = evolve(
        starter.launch(sys.executable, "-I", "-c", REPORT), fds=(given,), environment={"LC_ALL": "C"}, umask=0o077
    )
    process = ended(starter.start(launch))
    os.close(given)
    os.close(kept)
    report = json.loads(process.output())
    assert {"LC_ALL": "C"} == {name: text for name, text in report["environment"].items() if name != "LC_CTYPE"}
    assert sorted({0, 1, 2, given}) == report["fds"]
    assert (str(starter.folder), 0o077, "/dev/null") == (report["folder"], report["umask"], report["stdin"])
    assert process.pid == report["pid"] == report["session"]


def test_arguments_arrive_as_they_are(starter: Starter) -> None:
    odd = ("", "two words", "$HOME", "`id`", "'", '"', "-n", "a\\nb", "*")
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    process = ended(starter.start(starter.launch(sys.executable, "-I", "-c", code, *odd)))
    assert list(odd) == json.loads(process.output())


# Its end


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("exit 0", 0), ("kill -9 $$", -9)])
def test_the_end_of_a_child_is_known(starter: Starter, script: str, status: int) -> None:
    process = starter.start(starter.launch("/bin/sh", "-c", script))
    assert status == ended(process).returncode
    process.close()
    assert status == process.returncode


def test_what_a_failing_process_printed_is_known_but_nothing_of_earlier_ones(starter: Starter) -> None:
    ended(starter.start(starter.launch("/bin/sh", "-c", "echo first >&2")))
    process = ended(starter.start(starter.launch("/bin/sh", "-c", "echo second; echo third >&2; exit 1")))
    assert "second\nthird" == process.output()


def test_only_the_end_of_a_long_output_is_taken(starter: Starter) -> None:
    process = ended(starter.start(starter.launch(sys.executable, "-c", "print('x' * 100_000 + 'the end')")))
    assert process.output().endswith("the end")
    assert len(process.output()) <= 4096


def test_a_process_that_obeys_is_ended_politely(starter: Starter) -> None:
    process = starter.start(starter.launch(*SLEEP))
    process.stop(grace=PATIENCE_SECONDS)
    assert -signal.SIGTERM == process.returncode


def test_a_process_that_does_not_obey_is_killed(starter: Starter) -> None:
    process = starter.start(starter.launch("/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"))
    eventually(lambda: process.output() == "deaf")
    process.stop(grace=0.1)
    assert -signal.SIGKILL == process.returncode


def test_stopping_what_has_ended_does_nothing(starter: Starter) -> None:
    process = ended(starter.start(starter.launch("/bin/true")))
    process.stop()
    process.signal(signal.SIGTERM)
    assert 0 == process.returncode


def test_one_that_waits_for_a_process_is_not_disturbed_by_who_lets_go_of_it(starter: Starter) -> None:
    process = starter.start(starter.launch(*SLEEP))
    other = starter.adopt()
    assert other is not None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(process.wait, PATIENCE_SECONDS)
        process.close()
        other.stop(grace=0)
        assert waiting.result()


@pytest.mark.parametrize("call", [Process.wait, Process.signal])
def test_a_process_that_was_let_go_of_takes_no_more_calls(
    starter: Starter, call: Callable[[Process, int], object]
) -> None:
    process = starter.start(starter.launch(*SLEEP))
    other = starter.adopt()
    assert other is not None
    process.close()
    with pytest.raises(ValueError, match=rf"domain 'web': process {process.pid} has been let go of"):
        call(process, 0)
    assert other.alive


def test_a_program_that_is_not_there_shows_in_the_output(starter: Starter) -> None:
    process = ended(starter.start(starter.launch("/no/such/program")))
    assert 127 == process.returncode
    assert "/no/such/program" in process.output()


def test_a_folder_that_is_not_there_is_named(starter: Starter) -> None:
    launch = evolve(starter.launch(*SLEEP), folder=Path("/no/such/folder"))
    with pytest.raises(OperationFailedError, match=r"domain 'web': cannot start /bin/sleep: /no/such/folder No such"):
        starter.start(launch)


def test_without_a_pid_file_nothing_is_started(starter: Starter) -> None:
    launch = evolve(starter.launch("/bin/sh", "-c", "echo started"), pid_file=Path("/no/such/folder/web.pid"))
    with pytest.raises(OperationFailedError, match="/no/such/folder"):
        starter.start(launch)
    assert "\nstarted\n" not in launch.log.read_text()


def test_a_log_that_is_full_does_not_keep_a_guest_from_starting(starter: Starter) -> None:
    process = starter.start(evolve(starter.launch(*SLEEP), log=Path("/dev/full")))
    assert process.alive


# Adoption


def test_a_running_process_is_adopted(starter: Starter) -> None:
    process = starter.start(starter.launch(*SLEEP))
    process.close()
    adopted = starter.adopt()
    assert adopted is not None
    assert process.identity == adopted.identity
    assert adopted.alive


def test_a_process_that_has_ended_is_not_adopted(starter: Starter) -> None:
    ended(starter.start(starter.launch("/bin/true")))
    assert starter.adopt() is None


def test_a_process_that_was_never_started_is_not_adopted(starter: Starter) -> None:
    assert starter.adopt() is None


@pytest.mark.parametrize(("started", "boot"), [(1, None), (None, "another")])
def test_another_process_with_the_same_pid_is_not_adopted(
    starter: Starter, started: int | None, boot: str | None
) -> None:
    me = Identity.of(os.getpid())
    assert me is not None
    earlier = Identity(me.pid, started or me.started, boot or me.boot)
    (starter.folder / "web.pid").write_bytes(earlier.encode())
    assert starter.adopt() is None


@pytest.mark.parametrize("text", ["", "junk", "-5\n1\nboot\n", "9" * 30 + "\n1\nboot\n"])
def test_a_damaged_pid_file_is_reported(starter: Starter, text: str) -> None:
    (starter.folder / "web.pid").write_text(text)
    with pytest.raises(InternalError, match=r"domain 'web': the pid file .*web\.pid is unusable"):
        starter.adopt()


# The death of the starter

START_AND_WAIT = """
import sys, time
from pathlib import Path
from virtkit.services import process
folder = Path(sys.argv[1])
{before}
command = ("/bin/sh", "-c", "echo started; exec sleep 600")
launch = process.Launch("domain 'web'", command, folder / "web.pid", folder / "web.log")
process.start(launch)
print("ready", flush=True)
time.sleep(600)
"""
DIE_BEFORE_THE_PID_FILE = """
import os, signal
def die(path, content):
    (folder / "child").write_bytes(content)
    os.kill(os.getpid(), signal.SIGKILL)
process.replace = die
"""


def other_program(folder: Path, before: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START_AND_WAIT.format(before=before), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_a_process_outlives_the_sudden_death_of_its_starter(starter: Starter) -> None:
    with other_program(starter.folder) as program:
        assert program.stdout is not None
        assert "ready\n" == program.stdout.readline()
        program.kill()
    process = starter.adopt()
    assert process is not None
    assert process.alive
    eventually(lambda: "\nstarted\n" in (starter.folder / "web.log").read_text())


def test_a_starter_that_dies_before_the_identity_is_on_disk_leaves_nothing_running(starter: Starter) -> None:
    with other_program(starter.folder, DIE_BEFORE_THE_PID_FILE) as program:
        assert -signal.SIGKILL == program.wait(PATIENCE_SECONDS)
    child = Identity.decode((starter.folder / "child").read_bytes())
    (starter.folder / "web.pid").write_bytes(child.encode())
    eventually(lambda: starter.adopt() is None)
    assert "\nstarted\n" not in (starter.folder / "web.log").read_text()
