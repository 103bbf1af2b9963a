"""The daemons that interop tests compare with: they serve their real clients and leave nothing behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop import libvirtd

pytestmark = pytest.mark.libvirt


def virsh(uri: str, *arguments: str) -> str:
    if not shutil.which("virsh"):
        pytest.skip("virsh is not installed")
    command = ["virsh", "-c", uri, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (result.returncode, result.stderr)
    return result.stdout.strip()


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_an_unprivileged_daemon_serves_the_test_driver_and_ends_with_the_context(tmp_path: Path) -> None:
    with libvirtd.running(tmp_path) as path:
        names = virsh(f"test+unix:///default?socket={path}", "list", "--all", "--name")
        pid = int((tmp_path / "libvirtd.pid").read_text())
        assert is_running(pid)
    assert "test" == names
    assert not is_running(pid)


def test_unprivileged_daemons_live_side_by_side(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    with libvirtd.running(folders[0]) as first, libvirtd.running(folders[1]) as second:
        names = [virsh(f"test+unix:///default?socket={path}", "list", "--name") for path in (first, second)]
        pids = {(folder / "libvirtd.pid").read_text() for folder in folders}
    assert (["test", "test"], 2) == (names, len(pids))


def test_the_privileged_daemon_runs_a_guest_that_ends_with_it(tmp_path: Path) -> None:
    definition = tmp_path / "guest.xml"
    definition.write_text(
        "<domain type='qemu'><name>lab</name><memory unit='MiB'>16</memory>"
        "<os><type machine='pc'>hvm</type></os></domain>"
    )
    with libvirtd.running_system(tmp_path) as path:
        uri = f"qemu+unix:///system?socket={path}"
        virsh(uri, "create", str(definition))
        state = virsh(uri, "domstate", "lab")
        networks = virsh(uri, "net-list", "--all", "--name")
    left = [entry for entry in Path("/proc").iterdir() if str(tmp_path) in _command_line(entry)]
    assert ("running", "", []) == (state, networks, left)


def _command_line(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_a_daemon_is_reached_however_long_the_path_of_its_folder_is(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    with libvirtd.running(folder) as path:
        assert "test" == virsh(f"test+unix:///default?socket={path}", "list", "--name")
