"""Containers on a host with control groups of version 2 alone: the test kernel."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plugins.lxc.tests.lab import Lab
from virtkit_lxc import cgroups, runtime

pytestmark = pytest.mark.test_kernel

ALLOWED = "<features><capabilities policy='allow'/></features>"

GROUPS = Path("/sys/fs/cgroup")


@pytest.fixture
def second(programs: Callable[..., None], tmp_path: Path) -> Iterator[Lab]:
    """A lab in a kernel whose only hierarchy is of version 2."""
    programs("lxc-start", "busybox")
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", GROUPS], check=True)
    try:
        with closing(Lab(tmp_path)) as made:
            yield made
    finally:
        subprocess.run(["umount", GROUPS], check=True)


def test_a_container_runs_is_limited_frozen_and_ended(second: Lab) -> None:
    assert {2} == {second.layout.version(name) for name in ("memory", "pids", "devices", "freezer")}
    limits = "<memtune><soft_limit unit='MiB'>32</soft_limit></memtune><cputune><shares>200</shares></cputune>"
    made = second.started(limits=limits, plan={"pids": 20})
    assert str(64 << 20) == second.group_file(made, "memory", "memory.max")
    assert str(32 << 20) == second.group_file(made, "memory", "memory.high")
    assert "200" == second.group_file(made, "cpu", "cpu.weight")
    assert "20" == second.group_file(made, "pids", "pids.max")
    cgroups.write(second.layout, made.plan.cgroup, "memory.limit", 48 << 20)
    assert str(48 << 20) == second.group_file(made, "memory", "memory.max")
    assert [made.running.init.pid] == cgroups.processes(second.layout, made.plan.cgroup)
    cgroups.freeze(second.layout, made.plan.cgroup)
    assert cgroups.frozen(second.layout, made.plan.cgroup)
    cgroups.thaw(second.layout, made.plan.cgroup)
    assert not cgroups.frozen(second.layout, made.plan.cgroup)
    assert "root" == made.says("whoami")
    made.shell("echo max > /sys/fs/cgroup/memory.max; echo max > /sys/fs/cgroup/../memory.max")
    assert str(48 << 20) == second.group_file(made, "memory", "memory.max")
    assert runtime.stop(made.name, made.running, kill=True)


def test_devices_are_limited(second: Lab) -> None:
    os.mknod(second.root() / "log", 0o20666, os.makedev(1, 11))
    made = second.started(more=ALLOWED)
    assert "not permitted" in made.shell("head -c 1 /log")[1]
    assert "4" == made.says("head -c 4 /dev/urandom | wc -c")
