"""Ids and control groups of plain users, as far as they are told without being one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.documents import container
from plugins.lxc.tests.lab import Lab
from tests.containers import remains
from virtkit.errors import ConfigUnsupportedError
from virtkit_lxc import cgroups, delegation
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.configuration import configuration
from virtkit_lxc.plan import Plan
from virtkit_lxc.subids import Range, User, cover, ranges

USER = User(1000, 1000, "ada")
NOTHING = Layout({}, None, frozenset(), delegated=True)
GIVEN = Layout({}, Path("/sys/fs/cgroup/user"), frozenset({"memory", "pids"}), delegated=True)
IDMAP = """
<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>
"""


def test_the_ranges_of_a_user_are_those_of_its_name_and_of_its_number() -> None:
    text = "ada:100000:65536\nbob:165536:65536\n1000:300000:10\n# ada:1:1\nada:x:1\nada:1\nada:5:0\n"
    assert [Range(100000, 65536), Range(300000, 10)] == ranges(text, USER)
    assert [Range(300000, 10)] == ranges(text, User(1000, 1000, ""))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Range(100, 10), True),
        (Range(105, 10), True),
        (Range(105, 16), False),
        (Range(99, 2), False),
        (Range(130, 1), False),
        (Range(1000, 1), True),
    ],
)
def test_ids_that_follow_each_other_in_two_ranges_are_covered(wanted: Range, expected: bool) -> None:
    assert expected == cover([Range(110, 10), Range(100, 10), Range(1000, 1)], wanted)


def test_a_range_is_told_by_its_first_and_its_last_id() -> None:
    assert "100000-165535" == str(Range(100000, 65536))


def test_a_user_without_groups_has_nothing_limited_guarded_or_frozen() -> None:
    assert {0} == {NOTHING.version(name) for name in ("memory", "devices", "freezer")}
    assert [] == list(cgroups.settings(container(), NOTHING, {}))
    assert "cgroup." not in configuration(container(), Plan(Path("/run/web"), "virtkit-lxc/web", NOTHING))


def test_a_user_with_groups_has_what_is_in_them() -> None:
    assert [2, 2, 0, 0] == [GIVEN.version(name) for name in ("memory", "freezer", "cpu", "devices")]
    assert [(2, "memory.max", str(64 << 20))] == list(cgroups.settings(container(), GIVEN, {}))


@pytest.mark.parametrize(
    ("limits", "controller", "element"),
    [
        ("<memtune><hard_limit unit='MiB'>8</hard_limit></memtune>", "memory", "<memory>"),
        ("<memtune><soft_limit unit='MiB'>8</soft_limit></memtune>", "memory", "<memtune>"),
        ("<cputune><shares>100</shares></cputune>", "cpu", "<cputune>"),
        ("<cputune><quota>5000</quota></cputune>", "cpu", "<cputune>"),
        ("<numatune><memory nodeset='0'/></numatune>", "cpuset", "<numatune>"),
        ("<blkiotune><weight>200</weight></blkiotune>", "blkio", "<blkiotune>"),
        (
            "<blkiotune><device><path>/dev/x</path><read_bytes_sec>9</read_bytes_sec></device></blkiotune>",
            "blkio",
            "<blkiotune>",
        ),
    ],
)
@pytest.mark.parametrize(
    ("layout", "who"),
    [
        (Layout({}, Path("/sys/fs/cgroup"), frozenset()), "this host"),
        (Layout({"devices": Path("/sys/fs/cgroup/devices")}, None, frozenset()), "this host"),
        (Layout({"devices": Path("/sys/fs/cgroup/devices")}, Path("/sys/fs/cgroup/unified"), frozenset()), "this host"),
        (NOTHING, r"user \d+"),
    ],
)
def test_a_limit_whose_controller_is_missing_is_refused_by_name(
    limits: str, controller: str, element: str, layout: Layout, who: str
) -> None:
    domain = container(limits=limits)
    domain.memory = None
    expected = rf"'web' cannot start: {who} has no control groups of {controller}: .* leave {element},"
    with pytest.raises(ConfigUnsupportedError, match=expected):
        list(cgroups.settings(domain, layout, {"/dev/x": "8:0"}))


def test_memory_is_a_limit_for_root() -> None:
    with pytest.raises(ConfigUnsupportedError, match=r"no control groups of memory: mount them, or leave <memory>"):
        list(cgroups.settings(container(), NOTHING._replace(delegated=False), {}))


@pytest.mark.parametrize("second", [None, Path("/sys/fs/cgroup/unified")])
def test_a_start_without_a_controller_leaves_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, second: Path | None
) -> None:
    first = {name: path for name, path in lab.layout.first.items() if name != "cpu"}
    lacking = lab.layout._replace(first=first, second=second, controllers=frozenset())
    monkeypatch.setattr(Layout, "read", lambda: lacking)
    limits = "<cputune><shares>100</shares></cputune>"
    with virtkit.open(f"lxc:///embed?root={lab.folder}/state") as conn:
        domain = conn.define_domain(container(lab.root(), "/bin/sleep", "9", limits=limits).format())
        with pytest.raises(
            ConfigUnsupportedError, match=r"'web' cannot start: .*of cpu: mount them, or leave <cputune>"
        ):
            domain.create()
        assert not domain.is_active()
        assert {} == remains(lab.folder / "state" / "run" / "lxc")
        assert [] == list((lab.folder / "state" / "run" / "lxc").glob("*-web"))


def test_a_group_of_root_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout({"memory": Path("/sys/fs/cgroup/memory")}, Path("/sys/fs/cgroup"), frozenset({"pids"}))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert NOTHING == delegation.given(layout)


def test_nothing_comes_before_a_start_without_groups() -> None:
    assert [] == delegation.enter(NOTHING, "virtkit-lxc/web", [])


def test_the_id_maps_of_root_need_no_program(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("newuidmap", "newgidmap"):  # of Debian's uidmap, which has no range for root
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o4755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    made = lab.started(root=lab.root("mapped", owner=100000), more=IDMAP)
    assert ["0", "100000", "65536"] == made.says("cat /proc/self/uid_map").split()


def test_a_container_with_an_id_map_may_have_the_network_of_the_host(lab: Lab) -> None:
    made = lab.started(root=lab.root("mapped", owner=100000), more=IDMAP, plan={"network": "host"})
    assert os.readlink("/proc/self/ns/net") == made.says("readlink /proc/self/ns/net")
    assert "sysfs" not in made.says("cat /proc/mounts")
