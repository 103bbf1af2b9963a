"""Roots that are made of images: where, whose they are, and what runs in them."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

import virtkit
from plugins.lxc.tests.imagelayouts import (
    Layouts,
    archive,
    archive_of,
    beside,
    content,
    entry,
    folder,
    hard_link,
    link,
    made,
    unpacked,
)
from plugins.lxc.tests.lab import Lab, eventually
from tests.containers import make_root, needs_containers, remains
from virtkit.errors import (
    InvalidArgError,
    NotSupportedError,
    OperationFailedError,
    OperationInvalidError,
    SystemCallError,
)
from virtkit.roots import ImageLayout, RootRequest, make
from virtkit.xml.domain import Domain

PATIENCE_SECONDS = 30.0

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
