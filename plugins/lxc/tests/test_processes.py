"""Processes known for certain, inits asked in their own way, programs that nobody can write."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtkit.errors import SystemCallError
from virtkit_lxc import inits
from virtkit_lxc.processes import Identity, children
from virtkit_lxc.sealed import sealed

BLOCKED = f"SigBlk:\t{1 << (signal.SIGRTMIN + 2):016x}\n"
NONE = f"SigBlk:\t{0:016x}\n"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as started:
        yield started
        started.kill()


@pytest.mark.parametrize(
    ("status", "program", "command", "kind"),
    [
        (BLOCKED, "/usr/lib/systemd/systemd", "/sbin/init", "systemd"),
        (NONE, "/bin/busybox", "/sbin/init", "busybox"),
        (NONE, "/bin/busybox", "linuxrc", "busybox"),
        (NONE, "/bin/busybox", "/bin/sleep", ""),
        (NONE, "/sbin/init", "/sbin/init", ""),
        ("", "", "", ""),
    ],
)
def test_an_init_is_known_by_what_it_serves(status: str, program: str, command: str, kind: str) -> None:
    assert kind == inits.kind(status, program, command)


def test_an_init_that_is_gone_gets_the_usual_signals() -> None:
    assert (signal.SIGTERM, signal.SIGHUP) == (inits.halting(2**22), inits.rebooting(2**22))


def test_a_pid_that_belongs_to_another_now_is_not_taken(process: subprocess.Popen[bytes]) -> None:
    mine = Identity.of(process.pid)
    assert mine is not None
    earlier = Identity(mine.pid, mine.started - 1)
    assert mine.alive
    assert not earlier.alive
    assert earlier.wait(0)
    assert not earlier.send(signal.SIGKILL)
    assert process.poll() is None
    assert not mine.wait(0)
    assert mine.send(signal.SIGTERM)
    assert mine.wait(10)


def test_what_has_ended_is_nobody_even_before_it_is_waited_for(process: subprocess.Popen[bytes]) -> None:
    found = Identity.of(process.pid)
    assert found is not None
    process.kill()
    assert found.wait(10)
    assert Identity.of(process.pid) is None


def test_children_are_found_also_where_the_kernel_does_not_list_them(
    process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert process.pid in children(os.getpid())
    real = Path.read_text

    def without_lists(self: Path, *arguments: object, **named: object) -> str:
        if self.name == "children":
            raise FileNotFoundError(2, "No such file or directory")
        return real(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", without_lists)
    assert process.pid in children(os.getpid())


def test_a_sealed_program_runs_and_is_not_written() -> None:
    copy = sealed("true")
    original = Path(shutil.which("true") or "").read_bytes()
    assert original == Path(f"/proc/self/fd/{copy}").read_bytes()
    assert 0 == subprocess.run([f"/proc/self/fd/{copy}"], pass_fds=(copy,), check=False).returncode
    with pytest.raises(PermissionError):
        os.pwrite(copy, b"#!", 0)
    with pytest.raises(OSError, match="not permitted"):
        os.ftruncate(copy, 0)


def test_a_program_that_is_not_installed_is_named() -> None:
    with pytest.raises(SystemCallError, match="cannot run no-such-program: No such file or directory; install"):
        sealed("no-such-program")
