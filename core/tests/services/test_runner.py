"""Helper programs, with real ones."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from virtkit.enums import DomainJobOperation
from virtkit.errors import OperationAbortedError, OperationTimeoutError, SystemCallError
from virtkit.services.jobs import JobSlot
from virtkit.services.runner import COMPLAINT_LIMIT, ProgramError, find_program, run

DEADLINE = 20.0


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + DEADLINE
    gate = threading.Event()
    while not condition() and time.monotonic() < end:
        gate.wait(0.005)
    return condition()


def runs(pid: int) -> bool:
    """Whether a process exists and has not ended (an orphan's zombie may wait for a parent that reaps slowly)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_output_and_status_come_back() -> None:
    assert run(["sh", "-c", "echo out; echo err >&2"]) == (0, b"out\n", b"err\n")


def test_arguments_meet_no_shell() -> None:
    assert run(["printf", "%s\n", "$HOME; *", "two words"]).stdout == b"$HOME; *\ntwo words\n"


def test_input_of_any_size_is_passed_through() -> None:
    data = os.urandom(1_000_000)
    assert run(["cat"], stdin=data).stdout == data


def test_a_program_that_does_not_read_its_input_is_no_failure() -> None:
    assert run(["true"], stdin=b"x" * 1_000_000).status == 0


def test_a_program_without_input_reads_an_empty_one() -> None:
    assert run(["cat"]).stdout == b""


def test_a_failure_names_program_status_and_complaint() -> None:
    with pytest.raises(ProgramError) as caught:
        run(["sh", "-c", "echo first >&2; echo >&2; echo second >&2; exit 3"], domain=10)
    error = caught.value
    assert error.message == "sh failed with status 3: first; second"
    assert (error.program, error.status, error.stderr, error.domain) == ("sh", 3, b"first\n\nsecond\n", 10)


def test_only_the_first_lines_of_a_complaint_are_quoted() -> None:
    with pytest.raises(ProgramError) as caught:
        run(["sh", "-c", "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 1"])
    assert caught.value.message.endswith("line 4; line 5")


def test_statuses_that_are_no_failure_are_accepted() -> None:
    assert run(["sh", "-c", "exit 1"], accept=(0, 1)).status == 1


def test_a_signal_is_named() -> None:
    with pytest.raises(ProgramError, match="sh was ended by SIGKILL") as caught:
        run(["sh", "-c", "kill -9 $$"])
    assert caught.value.status == -signal.SIGKILL


@pytest.mark.parametrize(
    ("program", "number", "step"),
    [("virtkit-no-such-program", errno.ENOENT, "install it"), ("/etc/passwd", errno.EACCES, "permissions")],
)
def test_a_program_that_cannot_start_is_named_with_the_next_step(program: str, number: int, step: str) -> None:
    with pytest.raises(SystemCallError, match=f"{program}.*{step}") as caught:
        run([program, "argument"])
    assert caught.value.int1 == number


def test_a_program_is_found_where_system_programs_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("sh") in {"/usr/bin/sh", "/bin/sh"}
    assert find_program("virtkit-no-such-program") is None
    assert run(["sh", "-c", "echo $PATH"]).stdout.startswith(b"/nowhere:/usr/local/sbin:")


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LD_PRELOAD_SECRET", "1")
    monkeypatch.setenv("HOME", "/home/ada")
    lines = run(["env"], environment={"LVM_SUPPRESS_FD_WARNINGS": "1"}).stdout.decode().splitlines()
    values = dict(line.split("=", 1) for line in lines)
    assert values["LC_ALL"] == "C"
    assert values["HOME"] == "/home/ada"
    assert values["LVM_SUPPRESS_FD_WARNINGS"] == "1"
    assert not {"LANG", "LD_PRELOAD_SECRET"} & set(values)
    assert run(["pwd"]).stdout == b"/\n"


def test_descriptors_are_inherited_when_passed_and_only_then() -> None:
    reader, writer = os.pipe()
    try:
        script = f"echo hello > /proc/self/fd/{writer}"
        run(["sh", "-c", script], pass_fds=[writer])
        assert os.read(reader, 100) == b"hello\n"
        with pytest.raises(ProgramError):
            run(["sh", "-c", script])
    finally:
        os.close(reader)
        os.close(writer)


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; echo working >&2; sleep 1000 & echo $$ $! > {pids}; wait; sleep 1000"
    with pytest.raises(OperationTimeoutError, match=r"sh did not end within 0\.5 s and was stopped: working"):
        run(["sh", "-c", script], timeout=0.5)
    assert until(lambda: not any(runs(int(pid)) for pid in pids.read_text().split()))


def test_a_program_in_the_background_holds_nobody_up() -> None:
    result = run(["sh", "-c", "sleep 1000 & echo $!"], timeout=DEADLINE)
    pid = int(result.stdout)
    assert runs(pid)
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not runs(pid))


def test_a_program_that_closes_its_output_is_waited_for() -> None:
    with pytest.raises(ProgramError, match="status 4"):
        run(["sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4"])


def test_output_beyond_the_limit_ends_the_program() -> None:
    with pytest.raises(ProgramError, match="yes wrote more than 1000 bytes"):
        run(["yes"], limit=1000)
    assert run(["printf", "x" * 1000], limit=1000).stdout == b"x" * 1000


def test_complaints_beyond_the_limit_are_dropped() -> None:
    result = run(["sh", "-c", "head -c 1000000 /dev/zero >&2; echo done"])
    assert (result.stdout, len(result.stderr)) == (b"done\n", COMPLAINT_LIMIT)


def test_an_aborted_job_ends_its_program() -> None:
    slot = JobSlot("domain 'web'")
    job = slot.begin("save", DomainJobOperation.SAVE)
    thread = threading.Timer(0.05, job.abort)
    thread.start()
    with pytest.raises(OperationAbortedError), job:
        run(["sleep", "1000"], guard=job.check)
    thread.join(DEADLINE)


def test_nothing_is_left_open() -> None:
    before = set(os.listdir("/proc/self/fd"))
    run(["true"])
    with pytest.raises(ProgramError):
        run(["false"])
    assert set(os.listdir("/proc/self/fd")) == before


def test_the_program_has_a_session_of_its_own() -> None:
    pid, session = run(["sh", "-c", "cut -d' ' -f1,6 /proc/self/stat"]).stdout.split()
    assert int(session) != os.getsid(0)
    assert pid != session
    assert subprocess.run(["true"]).returncode == 0


def test_a_descriptor_may_stand_in_for_standard_output(tmp_path: Path) -> None:
    with open(tmp_path / "output", "w+b") as file:
        result = run(["sh", "-c", "echo told; echo complained >&2"], stdout=file.fileno())
        assert (b"", b"complained\n", b"told\n") == (result.stdout, result.stderr, file.seek(0) or file.read())
