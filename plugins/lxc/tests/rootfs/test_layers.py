"""Layers of images: what becomes of their entries, and what nobody gets out of them."""

from __future__ import annotations

import os
import stat
import struct
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from plugins.lxc.tests.imagelayouts import (
    Layouts,
    archive,
    beside,
    content,
    entry,
    folder,
    hard_link,
    link,
    made,
    unpacked,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    OperationFailedError,
)

ZSTD = "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"

NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
"""File capabilities as setcap cap_net_raw+ep has them."""


# What is in an image


def test_an_entry_has_its_content_owner_mode_and_time(layouts: Layouts) -> None:
    root = unpacked(
        layouts,
        archive(
            [
                folder(".", mode=0o750, uid=7),
                folder("a", mode=0o1777, gid=9, mtime=5),
                entry("a/file", "told", uid=1000, gid=100, mode=0o6755),
                link("a/link", "/etc/passwd", uid=3),
                hard_link("name", "a/file"),
                entry("pipe", kind=tarfile.FIFOTYPE),
            ]
        ),
    )
    assert ["a", "a/file", "a/link", "name", "pipe"] == content(root)
    assert (0o750, 7) == (stat.S_IMODE(root.stat().st_mode), root.stat().st_uid)
    around, file, shown = (os.lstat(root / name) for name in ("a", "a/file", "a/link"))
    assert (0o1777, 9, 5) == (stat.S_IMODE(around.st_mode), around.st_gid, around.st_mtime)
    assert "told" == (root / "name").read_text()
    assert (1000, 100, 0o6755, 2) == (file.st_uid, file.st_gid, stat.S_IMODE(file.st_mode), file.st_nlink)
    assert 1_000_000_000 == file.st_mtime
    assert ("/etc/passwd", 3) == (os.readlink(root / "a" / "link"), shown.st_uid)
    assert stat.S_ISFIFO(os.lstat(root / "pipe").st_mode)


@pytest.mark.parametrize("form", ["", "+gzip", "+zstd"])
def test_a_layer_may_be_compressed(layouts: Layouts, form: str) -> None:
    tar = archive([entry("file", "x" * 100_000)])
    layer = layouts.layer(tar, form if form != "+zstd" else "")
    if form == "+zstd":
        zstd = pytest.importorskip(ZSTD)
        layer |= layouts.blob(zstd.compress(tar), layer["mediaType"] + form)
    layouts.name(layouts.manifest(layer))
    assert 100_000 == (made(layouts) / "file").stat().st_size


def test_a_library_that_is_missing_is_named(layouts: Layouts, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    layer = layouts.layer(archive([entry("file")]), "+zstd")
    layouts.name(layouts.manifest(layer))
    with pytest.raises(ConfigUnsupportedError, match=r"zstd.*pip install 'virtkit-lxc\[zstd\]'"):
        made(layouts)
    assert [] == beside(layouts)


def test_attributes_are_kept_but_those_of_hosts(layouts: Layouts) -> None:
    told = {
        "SCHILY.xattr.security.capability": NET_RAW.decode("utf-8", "surrogateescape"),
        "SCHILY.xattr.trusted.overlay.opaque": "y",
    }
    root = unpacked(layouts, archive([entry("ping", "x", pax_headers=told)]))
    assert NET_RAW == os.getxattr(root / "ping", "security.capability")
    assert ["security.capability"] == os.listxattr(root / "ping")


def test_device_nodes_are_made_where_they_are_asked_for(layouts: Layouts) -> None:
    layouts.name(layouts.manifest(archive([entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)])))
    root = made(layouts)
    assert [] == content(root)
    root.rmdir()
    status = os.lstat(made(layouts, nodes=True) / "null")
    assert (os.makedev(1, 3), 0o20666) == (status.st_rdev, status.st_mode)


# Layers upon each other


def test_a_layer_replaces_and_merges(layouts: Layouts) -> None:
    root = unpacked(
        layouts,
        archive([folder("a"), entry("a/kept"), entry("a/old", "old"), folder("b"), entry("b/x"), link("c", "a")]),
        archive([folder("a", mode=0o700), entry("a/old", "new"), entry("b", "a file now"), entry("c/through")]),
    )
    assert ["a", "a/kept", "a/old", "a/through", "b", "c"] == content(root)
    assert "new" == (root / "a" / "old").read_text()
    assert 0o700 == stat.S_IMODE((root / "a").stat().st_mode)


def test_a_whiteout_removes_what_is_below_and_not_what_is_beside(layouts: Layouts) -> None:
    root = unpacked(
        layouts,
        archive([folder("a"), entry("a/x"), entry("file"), folder("d"), entry("d/old"), entry("other")]),
        archive([entry("d/new"), entry(".wh.a"), entry(".wh.file"), entry(".wh.d"), entry(".wh.absent")]),
    )
    assert ["d", "d/new", "other"] == content(root)


@pytest.mark.parametrize("order", [1, -1])
def test_an_opaque_folder_hides_what_is_below_wherever_it_is_told(layouts: Layouts, order: int) -> None:
    upper = [entry("d/.wh..wh..opq"), entry("d/new"), folder("d/sub"), entry("d/sub/new")][::order]
    root = unpacked(layouts, archive([entry("d/old"), entry("d/sub/old"), entry("kept")]), archive(upper))
    assert ["d", "d/new", "d/sub", "d/sub/new", "kept"] == content(root)


def test_names_that_storage_drivers_keep_for_themselves_are_left_out(layouts: Layouts) -> None:
    assert ["file"] == content(unpacked(layouts, archive([entry(".wh..wh.plnk"), entry("file")])))


# Names that lead out


@pytest.fixture
def outside(layouts: Layouts) -> Path:
    """A folder with a file that nothing may touch."""
    found = layouts.folder / "outside"
    found.mkdir()
    (found / "file").write_text("untouched")
    return found


def hostile(outside: Path) -> list[list[Any]]:
    up = "../../layout/outside"
    return [
        [entry(f"{up}/file", "x")],
        [entry("a/../../layout/outside/file", "x")],
        [hard_link("stolen", f"{up}/file")],
        [entry("..")],
        [entry(".wh...")],
        [entry(".wh.")],
        [entry(f"{up}/.wh.file")],
        [hard_link("stolen", str(outside / "file"))],
        [link("l", str(outside)), hard_link("stolen", "l/file")],
        [link("l", up), entry("l/.wh.file"), hard_link("stolen", "l/file")],
        [entry("file", uid=2**40)],
        [entry("/".join(["d"] * 1900))],
        [entry("x", kind=b"?")],
    ]


@pytest.mark.parametrize("which", range(13))
def test_what_leads_out_is_refused_and_leaves_nothing(layouts: Layouts, outside: Path, which: int) -> None:
    entries = hostile(outside)[which]
    with pytest.raises(OperationFailedError, match=r"layer sha256:[0-9a-f]+ cannot be unpacked"):
        unpacked(layouts, archive(entries))
    assert "untouched" == (outside / "file").read_text()
    assert [] == beside(layouts)


@pytest.mark.parametrize("climb", ["../../../../../../../../../..", ""])
def test_links_lead_to_places_in_the_root(layouts: Layouts, outside: Path, climb: str) -> None:
    target = f"{climb}{outside}"
    root = unpacked(
        layouts,
        archive([folder(str(outside)), link("l", target), entry("l/file", "written")]),
        archive([folder("l2"), link("x", target), entry("x/other"), entry("x/.wh.file"), hard_link("/y", "/x/other")]),
    )
    assert "untouched" == (outside / "file").read_text()
    inside = root / str(outside).lstrip("/")
    assert ["other"] == os.listdir(inside)
    assert 2 == (root / "y").stat().st_nlink


def test_what_is_replaced_is_not_written_through(layouts: Layouts, outside: Path) -> None:
    target = str(outside / "file")
    root = unpacked(layouts, archive([link("l", target)]), archive([entry("l", "own", mode=0o777)]))
    assert ("own", "untouched") == ((root / "l").read_text(), (outside / "file").read_text())
    assert not (root / "l").is_symlink()


def test_a_folder_that_becomes_a_link_is_followed_in_the_root(layouts: Layouts, outside: Path) -> None:
    entries = [folder("a"), entry("a/x"), link("a", str(outside)), folder(str(outside)), entry("a/file", "inside")]
    root = unpacked(layouts, archive(entries))
    assert "untouched" == (outside / "file").read_text()
    assert "inside" == (root / str(outside / "file").lstrip("/")).read_text()


def test_a_header_that_would_fill_the_memory_is_refused(layouts: Layouts) -> None:
    told = tarfile.TarInfo("x")
    told.type, told.size = tarfile.XHDTYPE, 2**33
    with pytest.raises(OperationFailedError, match="a header has 8589934592 bytes"):
        unpacked(layouts, told.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
