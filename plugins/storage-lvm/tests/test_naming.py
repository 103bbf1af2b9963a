"""Names that LVM takes, and paths of volumes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit_storage_lvm import naming

NAMES = st.from_regex(naming._NAME, fullmatch=True).filter(lambda name: name not in (".", ".."))


@pytest.mark.parametrize("name", ["vg0", "a", ".hidden", "a.b+c_d-e", "0", "x" * 127])
def test_a_name_of_letters_digits_and_some_signs_is_fine(name: str) -> None:
    assert "" == naming.flaw_of_group(name) == naming.flaw_of_volume(name)


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("", "is empty"),
        ("-x", "begins with -"),
        ("--help", "begins with -"),
        (".", "stands for a folder"),
        ("..", "stands for a folder"),
        ("a b", "has other characters"),
        ("a/b", "has other characters"),
        ("a\n", "has other characters"),
        ("@tag", "has other characters"),
        ('a"b', "has other characters"),
        ("größe", "has other characters"),
        ("x" * 128, "more than 127"),
    ],
)
def test_other_names_are_neither_groups_nor_volumes(name: str, flaw: str) -> None:
    assert flaw in naming.flaw_of_group(name)
    assert flaw in naming.flaw_of_volume(name)


@pytest.mark.parametrize("name", ["snapshot1", "pvmove0", "a_mimage_0", "pool_tdata", "lvol0_pmspare", "s_vorigin"])
def test_names_that_lvm_gives_itself_are_fine_for_groups_alone(name: str) -> None:
    assert "" == naming.flaw_of_group(name)
    assert "LVM keeps for itself" in naming.flaw_of_volume(name)


@given(NAMES, NAMES)
def test_a_volume_is_known_by_both_of_its_paths(group: str, name: str) -> None:
    assert name == naming.name_in(group, naming.volume_path(group, name))
    assert name == naming.name_in(group, naming.mapped_path(group, name))


def test_dashes_are_doubled_in_the_mapper_path() -> None:
    assert "/dev/mapper/vg--lab-a--disk" == naming.mapped_path("vg-lab", "a-disk")


@pytest.mark.parametrize(
    "path",
    [
        "/dev/mapper/vg--lab-disk-real",
        "/dev/mapper/vg-lab-disk",
        "/dev/mapper/vg--other-disk",
        "/dev/mapper/control",
        "/dev/mapper/",
        "/dev/vg-other/disk",
        "/dev/vg-lab",
        "/dev/vg-lab/",
        "/dev/vg-lab/sub/disk",
        "/srv/vg-lab/disk",
        "disk",
    ],
)
def test_other_paths_are_no_volumes_of_the_group(path: str) -> None:
    assert naming.name_in("vg-lab", path) is None
