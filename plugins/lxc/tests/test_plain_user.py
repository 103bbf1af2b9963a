"""Containers of a plain user: root runs the tests of `of_plain_user`, ways out and the conformance suite as one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.plain import PlainUser
from virtkit.services.runner import find_program

HERE = "plugins/lxc/tests"
GROUPS = Path("/sys/fs/cgroup")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a plain user")


def passes(user: PlainUser, *what: str) -> str:
    """Have a plain user run tests, which pass; the last line of what pytest says."""
    for program in ("lxc-start", "busybox", "setpriv", "unshare"):
        if not shutil.which(program):
            pytest.skip(f"containers of a plain user need {program}")
    told = ["-q", "-p", "no:cacheprovider", "--basetemp", str(user.home / "tests")]
    done = user.run(sys.executable, "-m", "pytest", *told, *what)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def passes_all(user: PlainUser, *what: str) -> None:
    """Have a plain user run tests, none of which is skipped."""
    last = passes(user, *what)
    assert re.fullmatch(r"\d+ passed in .*", last), last


def needs_helpers() -> None:
    if find_program("newuidmap") is None:
        pytest.skip("ids of a plain user need newuidmap: apt-get install uidmap")


def test_a_user_with_nothing_but_itself_runs_containers() -> None:
    with PlainUser() as user:
        passes_all(user, f"{HERE}/of_plain_user.py::TestAlone")


def test_a_user_with_ids_gives_them_to_its_containers() -> None:
    needs_helpers()
    with PlainUser(ranges=True) as user:
        passes_all(user, f"{HERE}/of_plain_user.py::TestWithRanges")


def test_a_user_with_a_control_group_suspends_containers() -> None:
    with PlainUser(delegated=True) as user:
        passes_all(user, f"{HERE}/of_plain_user.py::TestWithGroups")


def test_nothing_leads_out_of_the_containers_of_a_user() -> None:
    with PlainUser() as user:
        last = passes(user, f"{HERE}/test_escapes.py")
    assert re.match(r"2\d passed, 3 skipped", last), last  # the three need to be root


@pytest.mark.slow
def test_a_user_with_a_control_group_passes_the_conformance_suite() -> None:
    with PlainUser(delegated=True) as user:
        passes(user, "tests/conformance/test_lxc.py")


def test_a_user_has_them_served_by_its_own_daemon() -> None:
    with PlainUser() as user:
        passes_all(user, f"{HERE}/of_plain_user.py::TestServed")


@pytest.fixture
def second(programs: Callable[..., None]) -> Iterator[None]:
    """A kernel whose only control groups are of version 2, with controllers for the groups of users."""
    programs("lxc-start", "busybox", "setpriv")
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", GROUPS], check=True)
    (GROUPS / "cgroup.subtree_control").write_text("+memory +cpu +pids +io")
    try:
        yield
    finally:
        subprocess.run(["umount", GROUPS], check=True)


@pytest.mark.test_kernel
@pytest.mark.usefixtures("second")
def test_a_user_with_controllers_limits_containers() -> None:
    needs_helpers()
    with PlainUser(ranges=True, delegated=True) as user:
        passes_all(user, f"{HERE}/of_plain_user.py::TestWithControllers")


@pytest.mark.test_kernel
@pytest.mark.usefixtures("second")
def test_what_an_older_kernel_does_not_do_is_told() -> None:
    with PlainUser() as user:
        passes_all(user, f"{HERE}/of_plain_user.py::TestOnAnOlderKernel")
