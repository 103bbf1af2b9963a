"""The command that makes root file systems: what it asks a driver for, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from virtkit import discovery
from virtkit.driver import Driver
from virtkit.roots import Bootstrap, ImageLayout, RootRequest

from .conftest import Run


class Maker(Driver[str]):
    """A driver that remembers what it is asked for."""

    name = "maker"

    def __init__(self) -> None:
        self.asked: list[RootRequest] = []

    def driver_make_root(self, request: RootRequest) -> str:
        self.asked.append(request)
        return "<domain/>\n"


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    made = Maker()

    def load(kind: str, name: str) -> Driver[Any]:
        assert ("hypervisor", "lxc") == (kind, name)
        return made

    monkeypatch.setattr(discovery, "load", load)
    return made


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (("/srv/web", "--oci", "/img"), RootRequest(Path("/srv/web"), ImageLayout(Path("/img")))),
        (
            ("/w", "--oci", "/i", "--image", "v1", "--platform", "linux/arm64", "--nodes", "--idmap", "9:5"),
            RootRequest(Path("/w"), ImageLayout(Path("/i"), "v1", "linux/arm64", True), ids=(9, 5)),
        ),
        (
            ("/w", "--debootstrap", "sid", "--include", "a,b", "--idmap", "100000", "--name", "n", "--memory", "1M"),
            RootRequest(Path("/w"), Bootstrap("sid", include=("a", "b")), "n", (100_000, 65536), 1024),
        ),
        (
            ("/w", "--debootstrap", "sid", "--mirror", "m", "--variant", "v", "--keyring", "k", "--unsigned"),
            RootRequest(Path("/w"), Bootstrap("sid", "m", "v", keyring="k", signed=False)),
        ),
    ],
)
def test_words_become_a_request(run: Run, maker: Maker, words: tuple[str, ...], request_: RootRequest) -> None:
    result = run("root-create", *words)
    assert (0, "<domain/>\n\n", "") == result
    assert [request_] == maker.asked


def test_a_folder_is_told_from_where_one_is(
    run: Run, maker: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert {"xml": "<domain/>\n"} == run("--json", "root-create", "web", "--oci", "img").json
    assert [RootRequest(tmp_path / "web", ImageLayout(tmp_path / "img"))] == maker.asked


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "needs --oci or --debootstrap"),
        (("--oci", "a", "--debootstrap", "b"), "needs --oci or --debootstrap"),
        (("--oci", "a", "--mirror", "b"), "takes no --mirror with --oci"),
        (("--debootstrap", "a", "--nodes"), "takes no --nodes with --debootstrap"),
        (("--oci", "a", "--idmap", "x"), "the first id on the host is expected"),
    ],
)
def test_words_that_contradict_each_other_are_told(
    run: Run, maker: Maker, words: tuple[str, ...], problem: str
) -> None:
    result = run("root-create", "/w", *words)
    assert 2 == result.status
    assert problem in result.err
    assert [] == maker.asked
