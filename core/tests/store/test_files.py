"""Putting files in place, where none is and where one is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from virtkit.store.files import TEMPORARY, replace


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def without_nameless_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the system refuse files without a name, as NFS does; return the names that are given to others."""
    given: list[str] = []
    opened = os.open

    def refuse(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        given.append(os.path.basename(path))
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    return given


@pytest.mark.parametrize("lasting", [True, False])
def test_a_file_is_put_where_none_is_and_where_one_is(lasting: bool, tmp_path: Path) -> None:
    for content in (b"new", b"newer"):
        replace(tmp_path / "web.xml", content, 0o640, lasting=lasting)
        assert stored(tmp_path) == {"web.xml": content}
        assert (tmp_path / "web.xml").stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_no_name_until_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = os.write

    def write(file: int, content: bytes) -> int:
        assert stored(tmp_path) == {}
        return written(file, content)

    monkeypatch.setattr(os, "write", write)
    replace(tmp_path / "web.xml", b"new")
    assert stored(tmp_path) == {"web.xml": b"new"}


def test_a_file_system_that_knows_no_files_without_a_name_has_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = without_nameless_files(monkeypatch)
    replace(tmp_path / "web.xml", b"new")
    assert stored(tmp_path) == {"web.xml": b"new"}
    assert given[0].startswith(TEMPORARY)


def test_a_file_that_comes_to_be_meanwhile_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "web.xml").write_bytes(b"another's")
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    replace(tmp_path / "web.xml", b"new")
    assert stored(tmp_path) == {"web.xml": b"new"}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace(tmp_path / "gone" / "web.xml", b"new")
