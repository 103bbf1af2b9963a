"""Guests are built once, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.guests.cache import Cache, GuestBuildError, run


def test_a_guest_is_built_once_however_many_ask_for_it_at_once(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(target: Path) -> None:
        built.append(target)
        target.write_text("guest")

    cache = Cache(tmp_path / "cache")
    askers = [threading.Thread(target=cache.built, args=("one", build)) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(30)
    assert 1 == len(built)
    assert "guest" == cache.built("one", build).read_text()


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def build(target: Path) -> None:
        target.write_text("half a guest")
        raise GuestBuildError("the assembler is missing")

    cache = Cache(tmp_path)
    with pytest.raises(GuestBuildError):
        cache.built("one", build)
    assert {tmp_path / "lock"} == set(tmp_path.iterdir())


def test_a_missing_program_is_told_with_the_package_to_install() -> None:
    with pytest.raises(GuestBuildError, match=r"no-such-assembler is not installed: apt-get install binutils"):
        run("no-such-assembler", package="binutils")


def test_a_failed_step_is_told_with_what_the_program_said() -> None:
    with pytest.raises(GuestBuildError, match="No such file"):
        run("ls", "/no/such/folder", package="coreutils")
