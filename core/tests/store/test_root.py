"""Where state lives."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from virtkit.errors import OpenFailedError, SystemCallError
from virtkit.store import Folders, Root


def test_the_system_has_its_four_folders() -> None:
    assert Root.system()[:4] == tuple(
        map(Path, ("/etc/virtkit", "/var/lib/virtkit", "/run/virtkit", "/var/log/virtkit"))
    )


def test_a_session_follows_the_xdg_variables() -> None:
    environment = {
        "HOME": "/home/ada",
        "XDG_CONFIG_HOME": "/c",
        "XDG_DATA_HOME": "/d",
        "XDG_RUNTIME_DIR": "/run/user/7",
        "XDG_STATE_HOME": "/s",
    }
    assert Root.session(environment)[:4] == tuple(
        map(Path, ("/c/virtkit", "/d/virtkit", "/run/user/7/virtkit", "/s/virtkit/log"))
    )


def test_a_session_without_variables_lies_in_the_home_folder() -> None:
    root = Root.session({"HOME": "/home/ada", "XDG_DATA_HOME": "relative/is/ignored"})
    home = Path("/home/ada")
    assert root.etc == home / ".config/virtkit"
    assert root.lib == home / ".local/share/virtkit"
    assert root.run == home / ".cache/virtkit/run"
    assert root.log == home / ".local/state/virtkit/log"


def test_a_user_without_a_home_is_told_so() -> None:
    with pytest.raises(OpenFailedError, match="set HOME"):
        Root.session({"HOME": "nowhere"})


def test_a_root_of_ones_own_holds_all_four(tmp_path: Path) -> None:
    assert Root.under(str(tmp_path)) == Root.under(tmp_path)
    assert Root.under(tmp_path).run == tmp_path / "run"


def test_roots_serve_as_keys(tmp_path: Path) -> None:
    assert {Root.under(tmp_path): 1}[Root.under(tmp_path / "x" / "..")] == 1


def test_each_driver_has_folders_of_its_own_made_on_demand(tmp_path: Path) -> None:
    folders = Root.under(tmp_path).driver("qemu")
    assert folders == Folders(
        tmp_path / "etc/qemu", tmp_path / "lib/qemu", tmp_path / "run/qemu", tmp_path / "log/qemu"
    )
    assert list(tmp_path.iterdir()) == []
    assert folders.create() is folders
    assert {path.stat().st_mode & 0o777 for path in folders[:4]} == {0o700}
    folders.create()


def test_others_may_pass_through_the_folders_of_a_system(tmp_path: Path) -> None:
    folders = Root.under(tmp_path)._replace(shared=True).driver("qemu").create()
    assert [path.stat().st_mode & 0o777 for path in folders[:4]] == [0o700, 0o711, 0o755, 0o700]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "lib").write_text("in the way")
    with pytest.raises(SystemCallError, match=f"{tmp_path}/lib") as caught:
        Root.under(tmp_path).driver("qemu").create()
    assert caught.value.int1 == errno.ENOTDIR
