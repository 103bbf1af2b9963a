"""What tests look for when a container has ended is found where it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.containers import needs_containers, remains
from tests.namespaces import Namespace
from virtkit.network.links import Links
from virtkit_lxc import cgroups, mounting
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.processes import Identity

SLEEP = "import signal; print(flush=True); signal.pause()"


@contextmanager
def running(*arguments: str, name: str | None = None) -> Iterator[int]:
    """A process that does nothing, with a name and arguments that it would rather have."""
    words = [name or sys.executable, "-c", SLEEP, *arguments]
    with subprocess.Popen(words, executable=sys.executable, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    needs_containers()
    assert {} == remains(tmp_path)
    return tmp_path


def test_a_program_of_liblxc_is_noticed(root: Path) -> None:
    with running("-n", "1-web", "-P", str(root), "-f", "config") as pid:  # as `lxc-start` from a sealed copy
        found = remains(root)
    assert ["processes"] == list(found)
    assert str(pid) in "".join(found["processes"])


def test_a_monitor_is_noticed(root: Path) -> None:
    with running(f"{root} 1-web", name="[lxc monitor] of") as pid:
        assert str(pid) in "".join(remains(root)["processes"])


def test_a_mount_that_is_under_way_is_noticed(root: Path) -> None:
    with running(f"{root}/1-web/mounts/0", name="/usr/bin/mount") as pid:
        assert str(pid) in "".join(remains(root)["processes"])


def test_a_mount_is_noticed(root: Path) -> None:
    place = root / "1-web" / "mounts" / "0"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True, timeout=30)
    try:
        assert ["mounts"] == list(remains(root))
    finally:
        subprocess.run(["umount", place], check=True, timeout=30)


@pytest.mark.parametrize("suffix", ["", ".monitor", ".pivot", ".monitor-1"])
@pytest.mark.parametrize("mount", Layout.read().mounts(), ids=str)
def test_a_control_group_is_noticed_in_every_hierarchy(root: Path, mount: Path, suffix: str) -> None:
    group = mount / f"{cgroups.place(str(root), 'web')}{suffix}"
    group.mkdir(parents=True)
    try:
        assert {"groups": {str(group)}} == remains(root)
        assert {} == remains(root / "other")
    finally:
        group.rmdir()


def test_a_process_in_a_group_below_is_noticed(root: Path) -> None:
    group = Layout.read().mounts()[-1] / cgroups.place(str(root), "web")
    (group / "inner").mkdir(parents=True)
    try:
        with running() as pid:
            (group / "inner" / "cgroup.procs").write_text(str(pid))
            assert {"processes": {str(pid)}, "groups": {str(group)}} == remains(root)
    finally:
        assert cgroups.prune(group)


@pytest.mark.parametrize("name", ["vnet0", "vk0123456789", "physAbCd12", "macvtap0", "ifb-vnet0"])
def test_a_link_is_noticed_in_a_network_of_the_test(network: Namespace, root: Path, name: str) -> None:
    with Links() as links:
        links.add_veth("other", name)
        assert {"links": {name}} == remains(root)
        links.delete("other")
        assert {} == remains(root)


def test_a_packet_filter_is_noticed_in_a_network_of_the_test(network: Namespace, root: Path) -> None:
    network.run("nft", 'add table bridge some; add chain bridge some of-vnet { comment "of any"; }')
    assert {} == remains(root)
    network.run("nft", 'add rule bridge some of-vnet iifname "vnet3" drop')
    assert {"rules": {'iifname "vnet3" drop'}} == remains(root)


def test_a_mount_that_somebody_who_died_has_begun_is_ended(root: Path) -> None:
    folder = root / "1-web"
    with (
        running(f"{folder}/mounts/0", name="/usr/bin/mount") as ours,
        running(f"{folder}/mounts/0", name="/usr/bin/tail") as other,
        running(f"{root}/2-web/mounts/0", name="/usr/bin/mount") as another,
    ):
        mounting.end_programs(folder)
        assert [False, True, True] == [Identity.of(pid) is not None for pid in (ours, other, another)]
