"""Where control groups are, and what is written to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.lxc.tests.lab import Lab
from virtkit.errors import ConfigUnsupportedError, SystemCallError
from virtkit_lxc import cgroups
from virtkit_lxc.cgroups import Layout, place, setting

HYBRID = """\
25 31 0:23 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
26 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
27 25 0:25 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
28 25 0:26 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
29 25 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
"""

UNIFIED = "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_hierarchies_side_by_side_are_told_apart() -> None:
    layout = Layout.parse(HYBRID)
    assert [1, 1, 1, 2, 0] == [layout.version(name) for name in ("cpu", "cpuacct", "memory", "freezer", "pids")]
    assert Path("/sys/fs/cgroup/cpu,cpuacct/a/b") == layout.folder("cpu", "a/b")
    assert Path("/sys/fs/cgroup/unified/a/b") == layout.folder("freezer", "a/b")
    assert 4 == len(layout.mounts())


def test_one_hierarchy_has_the_controllers_it_says_it_has() -> None:
    layout = Layout.parse(UNIFIED)._replace(controllers=frozenset({"memory"}))
    assert [2, 0, 2, 2] == [layout.version(name) for name in ("memory", "cpu", "devices", "freezer")]


def test_a_controller_that_is_missing_has_no_folder() -> None:
    with pytest.raises(ConfigUnsupportedError, match="no control groups of pids"):
        Layout.parse(HYBRID).folder("pids", "a")


@pytest.mark.parametrize(
    ("tunable", "value", "first", "second"),
    [
        ("memory.limit", 4096, [("memory.limit_in_bytes", "4096")], [("memory.max", "4096")]),
        ("memory.swap", (6, 4), [("memory.memsw.limit_in_bytes", "6")], [("memory.swap.max", "2")]),
        (
            "cpu.quota",
            (25000, 50000),
            [("cpu.cfs_period_us", "50000"), ("cpu.cfs_quota_us", "25000")],
            [("cpu.max", "25000 50000")],
        ),
        ("cpu.quota", (-1, 100), [("cpu.cfs_period_us", "100"), ("cpu.cfs_quota_us", "-1")], [("cpu.max", "max 100")]),
        ("blkio.weight", 500, [("blkio.weight", "500")], [("io.weight", "default 500")]),
    ],
)
def test_a_tunable_is_written_in_the_words_of_the_version(
    tunable: str, value: object, first: list[tuple[str, str]], second: list[tuple[str, str]]
) -> None:
    names = ("memory", "cpu", "blkio")
    old = Layout({name: Path("/cg") / name for name in names}, None, frozenset())
    new = Layout({}, Path("/cg"), frozenset({"memory", "cpu", "io"}))
    assert [(1, *pair) for pair in first] == setting(old, tunable, value)
    assert [(2, *pair) for pair in second] == setting(new, tunable, value)


def test_places_of_names_and_roots_never_meet() -> None:
    names = ["web", "we/b", "we b", "../web", "wéb", "WEB"]
    places = [place(root, name) for root in ("/a", "/b") for name in names]
    assert len(places) == len(set(places))
    assert all(each.count("/") == 1 and ".." not in each for each in places)


def test_limits_of_the_document_are_in_force(lab: Lab) -> None:
    limits = "<cputune><shares>512</shares><period>50000</period><quota>25000</quota></cputune>"
    made = lab.started(limits=limits, plan={"pids": 20})
    assert str(64 << 20) == lab.group_file(made, "memory", "memory.limit_in_bytes")
    assert "512" == lab.group_file(made, "cpu", "cpu.shares")
    assert ("50000", "25000") == (
        lab.group_file(made, "cpu", "cpu.cfs_period_us"),
        lab.group_file(made, "cpu", "cpu.cfs_quota_us"),
    )
    assert "20" == lab.group_file(made, "pids", "pids.max")


def test_a_limit_changes_while_the_container_runs(lab: Lab) -> None:
    made = lab.started()
    cgroups.write(lab.layout, made.plan.cgroup, "memory.limit", 32 << 20)
    assert str(32 << 20) == lab.group_file(made, "memory", "memory.limit_in_bytes")
    with pytest.raises(SystemCallError, match="cannot write"):
        cgroups.write(lab.layout, made.plan.cgroup, "cpu.shares", "many")


def test_a_container_forks_no_more_than_it_may(lab: Lab) -> None:
    made = lab.started(plan={"pids": 12})
    _, output = made.shell("for n in $(seq 30); do sleep 5 & done 2>&1")
    assert "fork" in output


def test_the_processes_of_a_container_are_those_in_its_groups(lab: Lab) -> None:
    made = lab.started()
    assert [made.running.init.pid] == cgroups.processes(lab.layout, made.plan.cgroup)
    assert [made.running.monitor.pid] == cgroups.processes(lab.layout, f"{made.plan.cgroup}.monitor")
