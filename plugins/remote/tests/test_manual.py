"""What the manual of the daemon shows is taken by the daemon."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from virtkit.access import PERMISSIONS
from virtkit_remote.daemon import config, policy

PAGE = (Path(__file__).parents[3] / "docs/how-to/run-the-daemon.md").read_text()
SHOWN = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", SHOWN)
def test_what_the_manual_shows_has_no_mistake(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.toml"
    path.write_text(text)
    path.chmod(0o600)
    check = policy.problems_of if "rule" in tomllib.loads(text) else config.problems_of
    assert [] == check(path)


def test_every_kind_of_object_is_in_the_manual() -> None:
    assert [] == [kind for kind in PERMISSIONS if f"`{kind}`" not in PAGE]


def test_the_limits_of_the_manual_are_the_defaults() -> None:
    shown = dict(re.findall(r"^\| `limits\.(\w+)` \| (\d+)", PAGE, re.MULTILINE))
    defaults = {key: default for key, (default, _) in config.settings(config.Limits).items()}
    assert {name: defaults[name] for name in shown} == {
        name: int(value) << 20 if name == "message_bytes" else int(value) for name, value in shown.items()
    }
