"""Image layouts: which image is meant, and what is wrong with one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.lxc.tests.imagelayouts import (
    Layouts,
    archive,
    beside,
    content,
    entry,
    made,
)
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    OperationFailedError,
    SystemCallError,
    VirtError,
)
from virtkit.roots import ImageLayout, RootRequest, make
from virtkit.xml.domain import Domain

ZSTD = "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"


# Damage


def test_a_layer_that_was_changed_is_refused(layouts: Layouts) -> None:
    layer = layouts.layer(archive([entry("file", "x" * 1000)]), "")
    layouts.name(layouts.manifest(layer))
    path = layouts.path(layer)
    path.write_bytes(path.read_bytes().replace(b"x" * 1000, b"y" * 1000))
    with pytest.raises(OperationFailedError, match=r"has digest sha256:.*copy it anew"):
        made(layouts)
    assert [] == beside(layouts)


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_layer_that_was_cut_or_grew_is_refused(layouts: Layouts, size: int) -> None:
    layer = layouts.layer(archive([entry("file", os.urandom(100_000))]))
    layouts.name(layouts.manifest(layer))
    os.truncate(layouts.path(layer), size)
    with pytest.raises(OperationFailedError, match="layer sha256:"):
        made(layouts)
    assert [] == beside(layouts)


@pytest.mark.parametrize("form", ["+gzip", "+zstd"])
@pytest.mark.parametrize("cut", [1, 6, -6, -1])
def test_a_layer_that_is_compressed_wrongly_is_refused(layouts: Layouts, form: str, cut: int) -> None:
    tar = archive([entry("file", os.urandom(100_000))])
    layer = layouts.layer(tar)
    packed = layouts.path(layer).read_bytes()
    if form == "+zstd":
        packed = pytest.importorskip(ZSTD).compress(tar)
    layer |= layouts.blob(packed[cut:] if cut > 0 else packed[:cut], layer["mediaType"].replace("+gzip", form))
    layouts.name(layouts.manifest(layer))
    with pytest.raises(OperationFailedError, match=r"layer sha256:.*(damaged|cannot be unpacked)"):
        made(layouts)
    assert [] == beside(layouts)


@pytest.mark.parametrize("config", [{"Cmd": ["a\0b"]}, {"Env": ["a\nb=\x01"]}, {"WorkingDir": "\ud800"}])
def test_a_text_that_no_document_can_have_is_refused(layouts: Layouts, config: dict[str, Any]) -> None:
    layouts.name(layouts.manifest(config=config))
    with pytest.raises(ConfigUnsupportedError, match="signs that no document"):
        made(layouts)
    assert [] == beside(layouts)


@pytest.mark.parametrize("told", [5, "text", {"a": 1}, [5, None]])
def test_an_index_without_images_is_told_of(layouts: Layouts, told: object) -> None:
    (layouts.folder / "index.json").write_text(json.dumps({"manifests": told}))
    with pytest.raises(VirtError, match=r"has 0 images|has no image|is no digest"):
        made(layouts)


def test_content_that_is_not_what_the_image_says_is_refused(layouts: Layouts) -> None:
    layer = layouts.layer(archive([entry("file")]))
    layouts.name(layouts.manifest(layer | {"content": "sha256:" + "0" * 64}))
    with pytest.raises(OperationFailedError, match="the content of layer"):
        made(layouts)
    assert [] == beside(layouts)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_an_index_that_is_none_is_named(layouts: Layouts, text: str) -> None:
    (layouts.folder / "index.json").write_text(text)
    with pytest.raises(OperationFailedError, match=r"index\.json is no JSON"):
        made(layouts)


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "sha256:" + "0" * 63, "md5:" + "0" * 32, None])
def test_a_digest_that_is_none_is_named(layouts: Layouts, digest: str | None) -> None:
    layouts.name(layouts.manifest() | {"digest": digest})
    with pytest.raises(OperationFailedError, match="is no digest of sha256"):
        made(layouts)


def test_a_blob_that_is_a_link_is_not_followed(layouts: Layouts) -> None:
    layer = layouts.layer(archive([entry("file")]))
    layouts.name(layouts.manifest(layer))
    moved = layouts.path(layer).rename(layouts.folder / "elsewhere")
    layouts.path(layer).symlink_to(moved)
    with pytest.raises(SystemCallError, match="Too many levels of symbolic links"):
        made(layouts)


def test_a_folder_that_is_no_layout_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match=r"oci-layout: No such file.*skopeo copy"):
        make("lxc", RootRequest(tmp_path / "root", ImageLayout(tmp_path)))


# Which image


def test_an_image_is_chosen_by_name(layouts: Layouts) -> None:
    for name in ("one", "two"):
        layouts.name(layouts.manifest(archive([entry(name)])), name)
    assert ["two"] == content(made(layouts, name="two"))
    for name, problem in {"": "2 images", "three": "no image 'three'"}.items():
        with pytest.raises(InvalidArgError, match=rf"{problem}.*one, two"):
            make("lxc", RootRequest(layouts.folder / "x", ImageLayout(layouts.folder, name)))


def test_an_image_is_chosen_by_platform(layouts: Layouts) -> None:
    entries = [
        layouts.manifest(archive([entry(name)]), architecture=name) | {"platform": {"os": system, "architecture": name}}
        for system, name in (("unknown", "unknown"), ("linux", "arm64"), ("linux", "amd64"), ("linux", "s390x"))
    ]
    layouts.name(layouts.index(*entries), "v1")
    root = layouts.folder.with_name("root")
    xml = make("lxc", RootRequest(root, ImageLayout(layouts.folder, platform="linux/arm64")))
    assert ["arm64"] == content(root)
    kind = Domain.parse(xml).os.type
    assert kind is not None
    assert (None if os.uname().machine == "aarch64" else "aarch64") == kind.arch
    with pytest.raises(ConfigUnsupportedError, match="no image for linux/riscv64"):
        make("lxc", RootRequest(layouts.folder / "x", ImageLayout(layouts.folder, platform="linux/riscv64")))


def test_an_image_for_something_else_is_refused(layouts: Layouts) -> None:
    layouts.name(layouts.manifest(archive([entry("x")]), architecture="mips64"))
    with pytest.raises(ConfigUnsupportedError, match="for linux/mips64, not for"):
        made(layouts)
    with pytest.raises(InvalidArgError, match="'linux' is no platform"):
        made(layouts, platform="linux")
