"""The configuration chooses default URIs, aliases and drivers; mistakes in it are told with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.config import Config, load, resolve
from virtkit.errors import ConfSyntaxError, NoConnectError
from virtkit.uri import parse

LAB = Config(uri_default="qemu:///system", uri_aliases={"lab": "qemu+ssh://lab/system", "dev": "test:///default"})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "virtkit").mkdir()
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(home), "HOME": "/nonexistent"}


def written(home: Path, text: str) -> Config:
    (home / "virtkit" / "virtkit.toml").write_text(text)
    return load(environment(home))


def test_no_file_is_an_empty_configuration(home: Path) -> None:
    assert Config() == load(environment(home))


def test_a_file_is_read(home: Path) -> None:
    config = written(
        home, 'uri_default = "lab"\n[uri_aliases]\nlab = "test:///default"\n[drivers]\nnetwork = "bridge"\n'
    )
    assert Config("lab", {"lab": "test:///default"}, {"network": "bridge"}) == config


def test_without_xdg_the_file_lies_under_home(home: Path) -> None:
    folder = home / ".config" / "virtkit"
    folder.mkdir(parents=True)
    (folder / "virtkit.toml").write_text('uri_default = "test:///default"')
    assert "test:///default" == load({"HOME": str(home)}).uri_default


def test_a_named_file_is_read_instead_of_the_others(home: Path, tmp_path: Path) -> None:
    (home / "virtkit" / "virtkit.toml").write_text('uri_default = "qemu:///system"')
    (tmp_path / "mine.toml").write_text('uri_default = "test:///default"')
    config = load({**environment(home), "VIRTKIT_CONFIG": str(tmp_path / "mine.toml")})
    assert "test:///default" == config.uri_default


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("uri_default = ", "is not TOML"),
        ("uri_defualt = 'x'", "unknown key 'uri_defualt'; known are uri_default"),
        ("uri_default = 5", "uri_default must be a str"),
        ("drivers = 'bridge'", "drivers must be a dict"),
    ],
)
def test_a_mistake_is_told_with_its_file(home: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfSyntaxError, match=complaint) as caught:
        written(home, text)
    assert str(home) in caught.value.message
    assert 9 == caught.value.domain


def test_a_file_that_is_no_text_is_told(home: Path) -> None:
    (home / "virtkit" / "virtkit.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfSyntaxError, match="is not TOML"):
        load(environment(home))


def test_a_file_that_cannot_be_read_is_told(home: Path) -> None:
    (home / "virtkit" / "virtkit.toml").mkdir()
    with pytest.raises(ConfSyntaxError, match="cannot read"):
        load(environment(home))


def test_a_given_uri_wins_over_everything() -> None:
    assert parse("lxc:///system") == resolve("lxc:///system", LAB, {"VIRTKIT_DEFAULT_URI": "test:///default"})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"VIRTKIT_DEFAULT_URI": "test:///default", "LIBVIRT_DEFAULT_URI": "lxc:///system"}, "test:///default"),
        ({"LIBVIRT_DEFAULT_URI": "lxc:///system"}, "lxc:///system"),
        ({"VIRTKIT_DEFAULT_URI": "", "LIBVIRT_DEFAULT_URI": ""}, "qemu:///system"),
        ({"VIRTKIT_DEFAULT_URI": "lab"}, "qemu+ssh://lab/system"),
    ],
)
def test_without_a_uri_variables_come_before_the_configuration(variables: dict[str, str], expected: str) -> None:
    assert parse(expected) == resolve(None, LAB, variables)
    assert parse(expected) == resolve("", LAB, variables)


def test_nothing_at_all_names_no_driver() -> None:
    assert resolve(None, Config(), {}) is None


def test_an_alias_stands_for_its_uri() -> None:
    assert parse("test:///default") == resolve("dev", LAB, {})


def test_an_unknown_alias_is_told_with_the_known_ones() -> None:
    with pytest.raises(NoConnectError, match="aliases: dev, lab") as caught:
        resolve("laboratory", LAB, {})
    assert "laboratory" == caught.value.str2
    with pytest.raises(NoConnectError, match="none are configured"):
        resolve("lab", Config(), {})
