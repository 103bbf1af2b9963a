"""File systems of containers: their roots, and what is mounted into them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plugins.lxc.tests.lab import Lab
from tests.containers import make_root
from virtkit.errors import OperationFailedError, SystemCallError
from virtkit_lxc.plan import Image, Node

MAPPED = "<idmap><uid start='0' target='100000' count='9'/><gid start='0' target='200000' count='9'/></idmap>"


@contextmanager
def image(path: Path, content: Path | None = None) -> Iterator[str]:
    """A loop device with an ext4 file system."""
    with path.open("wb") as file:
        file.truncate(16 << 20)
    filled = [] if content is None else ["-d", str(content)]
    subprocess.run(["mkfs.ext4", "-q", "-F", *filled, path], check=True, timeout=60)
    told = subprocess.run(["losetup", "-f", "--show", path], check=True, capture_output=True, text=True, timeout=60)
    device = told.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=True, timeout=60)


def mount(kind: str, source: str, target: str, more: str = "") -> str:
    return f"<filesystem type='{kind}'><source {source}/><target dir='{target}'/>{more}</filesystem>"


def test_a_folder_is_mounted_where_nothing_was(lab: Lab) -> None:
    (lab.folder / "a source").mkdir()
    made = lab.started(devices=mount("mount", f"dir='{lab.folder}/a source'", "/a/new place/for it"))
    made.says("echo told > '/a/new place/for it/file'")
    assert "told\n" == (lab.folder / "a source" / "file").read_text()


def test_a_file_is_mounted_on_a_file(lab: Lab) -> None:
    source = lab.folder / "hosts"
    source.write_text("10.0.0.1 web\n")
    files = frozenset({str(source)})
    made = lab.started(devices=mount("mount", f"dir='{source}'", "/etc/new/hosts"), plan={"files": files})
    assert "10.0.0.1 web" == made.says("cat /etc/new/hosts")


def test_what_is_read_only_is_not_written(lab: Lab) -> None:
    (lab.folder / "source").mkdir()
    made = lab.started(devices=mount("mount", f"dir='{lab.folder}/source'", "/data", "<readonly/>"))
    assert "Read-only" in made.shell("touch /data/x")[1]


def test_memory_is_a_file_system_of_its_size(lab: Lab) -> None:
    made = lab.started(devices=mount("ram", "usage='1024' units='KiB'", "/scratch"))
    assert "1024" == made.says("df -k /scratch | tail -1").split()[1]
    assert 0 != made.shell("head -c 2000000 /dev/zero > /scratch/big")[0]


def test_a_folder_is_mounted_into_memory(lab: Lab) -> None:
    (lab.folder / "source").mkdir()
    (lab.folder / "source" / "planted").touch()
    devices = mount("ram", "usage='1024' units='KiB'", "/scratch") + mount(
        "mount", f"dir='{lab.folder}/source'", "/scratch/deep/er"
    )
    assert "planted" == lab.started(devices=devices).says("ls /scratch/deep/er")


def test_a_folder_is_mounted_into_a_mounted_folder(lab: Lab) -> None:
    for name in ("outer", "inner"):
        (lab.folder / name).mkdir()
    (lab.folder / "inner" / "planted").touch()
    devices = mount("mount", f"dir='{lab.folder}/outer'", "/data") + mount(
        "mount", f"dir='{lab.folder}/inner'", "/data/sub"
    )
    assert "planted" == lab.started(devices=devices).says("ls /data/sub")
    assert (lab.folder / "outer" / "sub").is_dir()


def test_an_image_is_mounted(lab: Lab) -> None:
    with image(lab.folder / "disk.img") as device:
        images = {str(lab.folder / "disk.img"): Image(device, "ext4")}
        made = lab.started(devices=mount("file", f"file='{lab.folder}/disk.img'", "/mnt"), plan={"images": images})
        made.says("echo kept > /mnt/file")
        made.end()
        again = lab.started(devices=mount("file", f"file='{lab.folder}/disk.img'", "/mnt"), plan={"images": images})
        assert "kept" == again.says("cat /mnt/file")
        again.end()


def test_a_root_is_an_image(lab: Lab) -> None:
    content = make_root(lab.folder / "content")
    with image(lab.folder / "root.img", content) as device:
        made = lab.container(plan={"images": {"disk": Image(device, "ext4")}})
        root = made.domain.devices.filesystems[0]
        root.type = "file"
        assert root.source is not None
        root.source.dir, root.source.file = None, "disk"
        made.start()
        assert f"{device} / ext4" in made.says("cat /proc/mounts")
        made.says("mkdir -p /mnt/x")
        made.end()


def test_a_root_is_read_only(lab: Lab) -> None:
    made = lab.container()
    made.domain.devices.filesystems[0].readonly = True
    made.start()
    assert "Read-only" in made.shell("touch /x")[1]
    assert "ok" == made.says("touch /dev/shm/x && echo ok")


def test_what_is_made_in_the_root_belongs_to_the_root_of_the_container(lab: Lab) -> None:
    (lab.folder / "source").mkdir()
    root = lab.root("mapped", owner=100000)
    lab.started(root=root, more=MAPPED, devices=mount("mount", f"dir='{lab.folder}/source'", "/new/place"))
    status = os.stat(root / "new" / "place")
    assert (100000, 200000) == (status.st_uid, status.st_gid)


def test_a_device_is_used_where_the_plan_allows_it(lab: Lab) -> None:
    with image(lab.folder / "disk.img") as device:
        status = os.stat(device)
        node = Node(device, "/dev/vda", "b", os.major(status.st_rdev), os.minor(status.st_rdev), writable=False)
        made = lab.started(plan={"nodes": (node,)})
        assert "1024" == made.says("head -c 1024 /dev/vda | wc -c")
        assert 0 != made.shell("echo x > /dev/vda")[0]
        made.end()


@pytest.mark.parametrize("target", ["/data", "/etc/passwd/sub"])
def test_a_mount_that_cannot_be_made_is_named(lab: Lab, target: str) -> None:
    lab.root()
    made = lab.container(devices=mount("mount", f"dir='{lab.folder}/absent'", target))
    with pytest.raises(
        (SystemCallError, OperationFailedError), match=r"'c0' cannot (start|be started).*(absent|passwd)"
    ):
        made.start()
