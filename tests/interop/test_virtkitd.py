"""The daemon that interop tests run: it serves, tells why it does not, and ends as it was asked to."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.interop.virtkitd import Virtkitd

UNPRIVILEGED = 1000


def test_a_daemon_answers_in_its_context_and_ends_with_it(tmp_path: Path) -> None:
    with Virtkitd(tmp_path) as daemon:
        assert None is daemon.process.poll()
        assert [True, True, True] == [
            path.is_socket() for path in (daemon.socket, daemon.readonly_socket, daemon.admin_socket)
        ]
    assert 0 == daemon.process.returncode


def test_daemons_of_several_roots_live_side_by_side(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    with Virtkitd(folders[0]) as first, Virtkitd(folders[1]) as second:
        assert [None, None] == [first.process.poll(), second.process.poll()]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_a_daemon_runs_as_somebody_else(tmp_path: Path) -> None:
    with Virtkitd(tmp_path, uid=UNPRIVILEGED) as daemon:
        mapped = Path(f"/proc/{daemon.process.pid}/uid_map").read_text().split()
    assert [str(UNPRIVILEGED), str(os.geteuid()), "1"] == mapped


def test_a_daemon_that_does_not_start_is_told_of_with_what_it_said(tmp_path: Path) -> None:
    daemon = Virtkitd(tmp_path, configuration="[limits]\nclint = 3\n")
    with pytest.raises(AssertionError, match=r"does not serve (?s:.*)clint"):
        daemon.start()


def test_a_daemon_that_crashed_fails_the_test_that_ran_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="virtkitd exited with -6"), Virtkitd(tmp_path) as daemon:
        os.kill(daemon.process.pid, signal.SIGABRT)


def test_a_failed_test_shows_the_log_of_its_daemon(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught, Virtkitd(tmp_path):
        raise ZeroDivisionError
    assert caught.value.__notes__[0].startswith("virtkitd exited with 0:\n-- output\n")
