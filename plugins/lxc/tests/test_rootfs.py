"""Root file systems that are unpacked from images: what is in them, and what nobody gets out of them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

import virtkit
from plugins.lxc.tests.imagelayouts import Layouts, archive, archive_of, entry, folder, hard_link, link
from plugins.lxc.tests.lab import Lab, eventually
from tests.containers import make_root, needs_containers, remains
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    NotSupportedError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
    VirtError,
)
from virtkit.roots import ImageLayout, RootRequest, make
from virtkit.xml.domain import Domain

PATIENCE_SECONDS = 30.0

ZSTD = "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"

NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
"""File capabilities as setcap cap_net_raw+ep has them."""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[virtkit.Connection]:
    needs_containers()
    with virtkit.open(f"lxc:///embed?root={tmp_path}") as opened:
        yield opened
        for domain in opened.list_domains():
            if domain.is_active():
                domain.destroy()
    assert {} == remains(tmp_path / "run" / "lxc")


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    return Layouts(tmp_path / "layout")


@pytest.fixture(autouse=True)
def _is_root() -> None:
    if os.geteuid():
        pytest.skip("giving files away needs root")


def unpacked(layouts: Layouts, *layers: bytes, **how: Any) -> Path:
    """The root that is made of some layers."""
    layouts.name(layouts.manifest(*layers))
    return made(layouts, **how)


def made(layouts: Layouts, ids: tuple[int, int] | None = None, **source: Any) -> Path:
    root = layouts.folder.with_name("root")
    make("lxc", RootRequest(root, ImageLayout(layouts.folder, **source), ids=ids))
    return root


def content(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def beside(layouts: Layouts) -> list[str]:
    return sorted(set(os.listdir(layouts.folder.parent)) - {"layout"})


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


# Where it is made


def test_a_folder_that_is_there_is_left_alone(layouts: Layouts) -> None:
    root = layouts.folder.with_name("root")
    root.mkdir()
    with pytest.raises(InvalidArgError, match="is there already"):
        unpacked(layouts, archive([entry("x")]))
    assert [] == os.listdir(root)


def test_a_folder_around_it_has_to_be_there(layouts: Layouts) -> None:
    layouts.name(layouts.manifest(archive([entry("x")])))
    lost = layouts.folder.with_name("lost")
    with pytest.raises(SystemCallError, match=f"No such file or directory: make {lost}"):
        make("lxc", RootRequest(lost / "root", ImageLayout(layouts.folder)))


KILLED = """
import os, signal, sys
from pathlib import Path
from virtkit_lxc.rootfs import workshop
with workshop.making(Path(sys.argv[1])) as root:
    (root / "half").mkdir()
    print("made", flush=True)
    sys.stdin.readline()
"""


def test_one_that_was_killed_is_cleaned_up_by_the_next_and_a_busy_one_is_not_disturbed(layouts: Layouts) -> None:
    layouts.name(layouts.manifest(archive([entry("x")])))
    root = layouts.folder.with_name("root")
    with subprocess.Popen([sys.executable, "-c", KILLED, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert b"made\n" == other.stdout.readline()
        with pytest.raises(OperationInvalidError, match="is being made by somebody else"):
            made(layouts)
        assert [".root.virtkit-part"] == beside(layouts)
        other.kill()
    assert ["x"] == content(made(layouts))
    assert ["root"] == beside(layouts)


@pytest.mark.parametrize(("owner", "mode"), [(1000, 0o700), (0, 0o777)])
def test_a_workshop_that_others_may_write_is_not_used(layouts: Layouts, owner: int, mode: int) -> None:
    layouts.name(layouts.manifest(archive([entry("x")])))
    workshop = layouts.folder.with_name(".root.virtkit-part")
    workshop.mkdir()
    workshop.chmod(mode)
    os.chown(workshop, owner, owner)
    with pytest.raises(OperationInvalidError, match="is somebody else's"):
        made(layouts)
    assert [] == os.listdir(workshop)


# Owners


def test_owners_are_shifted_with_what_goes_with_them(layouts: Layouts) -> None:
    told = {"SCHILY.xattr.security.capability": NET_RAW.decode("utf-8", "surrogateescape")}
    entries = [
        entry("su", "x", uid=0, gid=8, mode=0o6755),
        hard_link("again", "su"),
        entry("ping", "x", pax_headers=told),
        link("l", "/nowhere", uid=5),
        folder("d", gid=9),
    ]
    root = unpacked(layouts, archive(entries), ids=(100_000, 10))
    found = {name: os.lstat(root / name) for name in ("su", "again", "ping", "l", "d", ".")}
    assert {
        "su": (100_000, 100_008), "again": (100_000, 100_008), "ping": (100_000, 100_000), "l": (100_005, 100_000),
        "d": (100_000, 100_009), ".": (100_000, 100_000),
    } == {name: (status.st_uid, status.st_gid) for name, status in found.items()}  # fmt: skip
    assert 0o6755 == stat.S_IMODE(found["su"].st_mode)
    owned = struct.unpack("<6I", os.getxattr(root / "ping", "security.capability"))
    assert (0x03000001, 1 << 13, 0, 0, 0, 100_000) == owned


def test_an_owner_beyond_the_map_is_named(layouts: Layouts) -> None:
    with pytest.raises(OperationFailedError, match=r"owner of /d/far.*there are 10 ids, and it is 10: give more"):
        unpacked(layouts, archive([entry("d/far", uid=10)]), ids=(100_000, 10))
    assert [] == beside(layouts)


@pytest.mark.parametrize("ids", [(0, 10), (100_000, 0), (2**32 - 5, 10)])
def test_ids_that_no_host_has_are_refused(layouts: Layouts, ids: tuple[int, int]) -> None:
    with pytest.raises(InvalidArgError, match="none of this host"):
        unpacked(layouts, archive([entry("x")]), ids=ids)


# How it is run


def test_a_container_runs_what_the_image_is_for(layouts: Layouts) -> None:
    passwd = entry("etc/passwd", "web:x:33:44::/:/bin/sh\n")
    config = {
        "Entrypoint": ["serve", "--fast"],
        "Cmd": ["a b", "<c>"],
        "Env": ["PATH=/nowhere:/opt/bin", "EMPTY=", "EQUALS=a=b"],
        "WorkingDir": "/srv",
        "User": "web",
    }
    layer = archive([passwd, entry("opt/bin/serve", "x", mode=0o755)])
    layouts.name(layouts.manifest(layer, config=config), "v1")
    root = layouts.folder.with_name("root")
    request = RootRequest(root, ImageLayout(layouts.folder), name="site", ids=(100_000, 65536), memory=1024)
    domain = Domain.parse(make("lxc", request))
    assert ("site", 1024) == (domain.name, domain.memory.size if domain.memory else 0)
    assert ("/opt/bin/serve", ["--fast", "a b", "<c>"]) == (domain.os.init, domain.os.init_args)
    assert [("PATH", "/nowhere:/opt/bin"), ("EMPTY", ""), ("EQUALS", "a=b")] == [
        (each.name, each.value or "") for each in domain.os.init_env
    ]
    assert ("/srv", "web", "44") == (domain.os.init_dir, domain.os.init_user, domain.os.init_group)
    assert domain.idmap is not None
    assert [(0, 100_000, 65536)] == [(each.start, each.target, each.count) for each in domain.idmap.uids]
    assert "OCI image v1, sha256:" in (domain.description or "")


@pytest.mark.parametrize(
    ("config", "entries", "init"),
    [
        ({}, [entry("bin/sh")], "/bin/sh"),
        ({}, [entry("sbin/init"), entry("bin/sh")], "/sbin/init"),
        ({"Entrypoint": None, "Cmd": ["./run"], "WorkingDir": "/app"}, [], "/app/run"),
        ({"Cmd": ["absent"]}, [], "absent"),
        ({"Cmd": "text", "Env": {"no": "list"}, "User": 7}, [], "/bin/sh"),
    ],
)
def test_init_is_found(layouts: Layouts, config: dict[str, Any], entries: list[Any], init: str) -> None:
    layouts.name(layouts.manifest(archive(entries), config=config))
    xml = make("lxc", RootRequest(layouts.folder.with_name("root"), ImageLayout(layouts.folder)))
    assert init == Domain.parse(xml).os.init


def test_an_image_becomes_a_container_that_runs(
    connection: virtkit.Connection, layouts: Layouts, tmp_path: Path
) -> None:
    content = make_root(tmp_path / "content")
    config = {
        "Entrypoint": ["sh", "-c"],
        "Cmd": ["read x; echo $TOLD from $(pwd) as $(id -u); read x"],
        "Env": ["TOLD=hello"],
        "WorkingDir": "/tmp",
        "User": "guest",
    }
    layouts.name(layouts.manifest(archive_of(content), config=config))
    tmp_path.chmod(0o711)  # its user is none of the host's
    xml = make("lxc", RootRequest(tmp_path / "root", ImageLayout(layouts.folder), name="web"))
    domain = connection.create_domain(xml)
    with closing(domain.open_console()) as console:
        console.write(b"\n")
        shown, deadline = b"", time.monotonic() + PATIENCE_SECONDS
        while b"hello from /tmp as 1000" not in shown:
            assert time.monotonic() < deadline, shown
            with suppress(TimeoutError):
                shown += console.read(timeout=1.0)


def test_a_root_that_is_shifted_is_the_container_s_own(lab: Lab) -> None:
    layouts = Layouts(lab.folder / "layout")
    config = {"Cmd": ["/bin/sh", "-c", "rm /etc/passwd; stat -c %u:%g /bin/busybox > /told; sleep 1000"]}
    layouts.name(layouts.manifest(archive_of(make_root(lab.folder / "content")), config=config))
    root = lab.folder / "root"
    xml = make("lxc", RootRequest(root, ImageLayout(layouts.folder), ids=(100_000, 65536)))
    with virtkit.open(f"lxc:///embed?root={lab.folder}") as opened:
        domain = opened.create_domain(xml)
        try:
            eventually(lambda: (root / "told").exists() and (root / "told").read_text(), "what it tells")
        finally:
            domain.destroy()
    assert "0:0\n" == (root / "told").read_text()
    assert 100_000 == (root / "told").stat().st_uid
    assert not (root / "etc" / "passwd").exists()


def test_an_image_of_another_tool_is_taken(tmp_path: Path) -> None:
    if not shutil.which("umoci"):
        pytest.skip("umoci is not installed, which makes the image")
    image, bundle = f"{tmp_path}/layout:v1", tmp_path / "bundle"
    for words in (
        ("init", "--layout", f"{tmp_path}/layout"),
        ("new", "--image", image),
        ("unpack", "--image", image, str(bundle)),
    ):
        subprocess.run(["umoci", *words], check=True, capture_output=True, timeout=60)
    for name, replaced in (("kept", "old"), ("gone", "old"), ("kept", "new")):
        (bundle / "rootfs" / name).write_text(replaced)
    subprocess.run(["umoci", "repack", "--refresh-bundle", "--image", image, bundle], check=True, timeout=60)
    (bundle / "rootfs" / "gone").unlink()
    subprocess.run(["umoci", "repack", "--image", image, bundle], check=True, timeout=60)
    subprocess.run(["umoci", "config", "--image", image, "--config.cmd", "/kept"], check=True, timeout=60)
    domain = Domain.parse(make("lxc", RootRequest(tmp_path / "root", ImageLayout(tmp_path / "layout"))))
    assert (["kept"], "/kept") == (content(tmp_path / "root"), domain.os.init)


def test_other_drivers_say_that_they_make_none(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="driver 'test' makes no root file systems"):
        make("test", RootRequest(tmp_path / "root", ImageLayout(tmp_path)))
