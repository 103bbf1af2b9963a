"""What nobody knows of any more is removed by the next owner of its root, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import document, eventually
from tests.containers import needs_containers, remains
from virtkit.enums import DomainState
from virtkit_lxc import cgroups
from virtkit_lxc.cgroups import Layout


def own(uri: str) -> None:
    """Take a root over, as whoever is the first to change something in it."""
    with virtkit.open(uri) as connection:
        other = connection.define_domain(document(Path("/nowhere"), name="other"))
        other.undefine()


@pytest.fixture
def left(uri: str, tmp_path: Path) -> Iterator[str]:
    """The place of the groups of a container that nobody knows: they are there in all hierarchies."""
    place = cgroups.place(str(tmp_path / "run" / "lxc"), "web")
    layout = Layout.read()
    for mount in layout.mounts():
        for group in (f"{place}/inner", f"{place}.monitor"):
            (mount / group).mkdir(parents=True)
    yield place
    cgroups.remove(layout, place)


def test_groups_of_a_container_that_nobody_knows_are_removed(uri: str, left: str, tmp_path: Path) -> None:
    own(uri)
    assert {} == remains(tmp_path / "run" / "lxc")


def test_groups_of_another_root_are_left_alone(uri: str, left: str, tmp_path: Path) -> None:
    own(f"lxc:///embed?root={tmp_path / 'other'}")
    assert cgroups.exist(Layout.read(), left)


def test_a_group_with_a_process_is_left_and_named(
    uri: str, left: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    group = Layout.read().mounts()[0] / left / "inner"
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            (group / "cgroup.procs").write_text(str(process.pid))
            own(uri)
            assert process.poll() is None
            assert f"control group {group.parent} is of no container that is known" in caplog.text
        finally:
            process.kill()
    own(uri)
    assert {} == remains(tmp_path / "run" / "lxc")


def test_groups_of_a_container_that_runs_are_kept(uri: str, rootfs: Path, tmp_path: Path) -> None:
    with virtkit.open(uri) as connection:
        connection.define_domain(document(rootfs, "/bin/sleep", "1000")).create()
    before = remains(tmp_path / "run" / "lxc")
    own(uri)
    assert before == remains(tmp_path / "run" / "lxc")


def test_the_folder_of_a_run_that_nobody_knows_is_removed_with_what_is_mounted_in_it(uri: str, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "lxc" / "4194304-web"
    place = folder / "mounts" / "0"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True, timeout=30)
    own(uri)
    assert not folder.exists()
    assert {} == remains(tmp_path / "run" / "lxc")


def test_a_container_that_ends_while_nobody_watches_leaves_no_group(uri: str, rootfs: Path, tmp_path: Path) -> None:
    needs_containers()
    with virtkit.open(uri) as connection:
        domain = connection.define_domain(document(rootfs, "/bin/sleep", "1000"))
        domain.create()
        init = domain.id
    assert remains(tmp_path / "run" / "lxc")["groups"]
    os.kill(init, signal.SIGKILL)
    eventually(lambda: not remains(tmp_path / "run" / "lxc"), "its monitor removes them")
    with virtkit.open(uri) as connection:
        assert DomainState.SHUTOFF == connection.lookup_domain_by_name("web").state().state
