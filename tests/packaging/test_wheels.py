from __future__ import annotations

import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

NAMES = ["virtkit", "virtkit_cli", "virtkit_qemu", "virtkit_secret", "virtkit_test"]


def archive(wheelhouse: Path, name: str) -> zipfile.ZipFile:
    [wheel] = wheelhouse.glob(f"{name}-*.whl")
    return zipfile.ZipFile(wheel)


def metadata(wheelhouse: Path, name: str) -> Message:
    with archive(wheelhouse, name) as wheel:
        [member] = [path for path in wheel.namelist() if path.endswith(".dist-info/METADATA")]
        return message_from_bytes(wheel.read(member))


def dependencies(wheelhouse: Path, name: str) -> dict[str, Requirement]:
    """Requirements that are not part of an extra, by name."""
    listed = [Requirement(text) for text in metadata(wheelhouse, name).get_all("Requires-Dist", [])]
    return {each.name: each for each in listed if each.marker is None}


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_carries_its_package_its_type_marker_and_the_license(wheelhouse: Path, name: str) -> None:
    with archive(wheelhouse, name) as wheel:
        members = wheel.namelist()
        [license] = [path for path in members if path.endswith("/licenses/LICENSE")]
        assert "Apache License" in wheel.read(license).decode()
    tops = {path.split("/")[0] for path in members}
    assert {name} == {top for top in tops if not top.endswith(".dist-info")}
    assert f"{name}/py.typed" in members


def test_all_wheels_have_one_version(wheelhouse: Path) -> None:
    assert 1 == len({metadata(wheelhouse, name)["Version"] for name in NAMES})


def test_core_depends_on_four_libraries_and_nothing_else(wheelhouse: Path) -> None:
    assert {"attrs", "lxml", "pluggy", "stevedore"} == set(dependencies(wheelhouse, "virtkit"))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "virtkit"])
def test_every_other_wheel_accepts_only_the_core_of_its_own_minor_version(wheelhouse: Path, name: str) -> None:
    major, minor, _patch = metadata(wheelhouse, name)["Version"].split(".")
    accepted = dependencies(wheelhouse, name)["virtkit"].specifier
    assert accepted.contains(f"{major}.{minor}.0")
    assert accepted.contains(f"{major}.{minor}.99")
    assert not accepted.contains(f"{major}.{int(minor) + 1}.0")
    assert not accepted.contains(f"{major}.{int(minor) - 1}.99")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "virtkit"])
def test_core_has_an_extra_that_pulls_every_other_wheel(wheelhouse: Path, name: str) -> None:
    extra = name.removeprefix("virtkit_")
    listed = [Requirement(text) for text in metadata(wheelhouse, "virtkit").get_all("Requires-Dist", [])]
    pulled = {each.name for each in listed if each.marker is not None and each.marker.evaluate({"extra": extra})}
    assert {name.replace("_", "-")} == pulled
