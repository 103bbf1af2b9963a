"""Images that network block devices show; the kernel of most hosts has none, the test kernel has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import virtkit
from tests.containers import make_root
from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit_lxc import nbd

GROUPS = Path("/sys/fs/cgroup")

ROOT = """
<domain type='lxc'><name>web</name><memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/bin/sleep</init><initarg>1000</initarg></os><features><privnet/></features>
  <devices>
    <filesystem type='file'><driver type='nbd' format='{form}'/><source file='{image}'/><target dir='/'/></filesystem>
    <console type='pty'/>
  </devices>
</domain>"""


@pytest.fixture
def image(programs: Callable[..., None], modules: Callable[..., None], tmp_path: Path) -> Iterator[Path]:
    """A root file system in an image of format qcow2, in a kernel with control groups."""
    programs("lxc-start", "busybox", "qemu-img", "qemu-nbd", "mke2fs")
    modules("nbd")
    plain, image = tmp_path / "plain.img", tmp_path / "root.qcow2"
    content = make_root(tmp_path / "content")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", content, plain, "16M"], check=True, capture_output=True)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", plain, image], check=True)
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", GROUPS], check=True)
    try:
        yield image
    finally:
        subprocess.run(["umount", GROUPS], check=True)


def served() -> list[str]:
    return sorted(path.parent.name for path in Path("/sys/block").glob("nbd*/pid"))


@pytest.mark.test_kernel
def test_an_image_is_a_root_and_is_let_go_of(image: Path, tmp_path: Path) -> None:
    with virtkit.open(f"lxc:///embed?root={tmp_path}") as connection:
        domain = connection.create_domain(ROOT.format(form="qcow2", image=image))
        assert ["nbd0"] == served()
        assert "/dev/nbd0 / ext4" in Path(f"/proc/{_init_of(tmp_path)}/mounts").read_text()
        domain.destroy()
        assert [] == served()
        subprocess.run(["qemu-img", "check", image], check=True, capture_output=True)


@pytest.mark.test_kernel
def test_an_image_of_another_format_is_quoted_and_leaves_nothing(image: Path, tmp_path: Path) -> None:
    with virtkit.open(f"lxc:///embed?root={tmp_path}") as connection:
        with pytest.raises(InternalError, match="qemu-nbd"):
            connection.create_domain(ROOT.format(form="qcow2", image=tmp_path / "plain.img"))
        assert [] == served()
        assert [] == connection.list_domains()


KILLED = """
import os, signal, sys, virtkit
from virtkit_lxc import nbd
connect = nbd.connect
def cut_short(*arguments, **more):
    connect(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)
nbd.connect = cut_short
with virtkit.open(f"lxc:///embed?root={sys.argv[1]}") as connection:
    connection.define_domain(sys.argv[2]).create()
"""


@pytest.mark.test_kernel
def test_a_start_that_was_killed_leaves_no_device_to_the_next(image: Path, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path, ROOT.format(form="qcow2", image=image)])
    assert -signal.SIGKILL == killed.returncode
    assert ["nbd0"] == served()
    with virtkit.open(f"lxc:///embed?root={tmp_path}") as connection:
        domain = connection.lookup_domain_by_name("web")
        domain.create()
        assert ["nbd0"] == served()
        domain.destroy()
    assert [] == served()


@pytest.mark.test_kernel
def test_a_device_of_somebody_else_is_left_alone(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "plain.img"
    nbd.connect(str(other), "raw", readonly=False, note=lambda device: None)
    try:
        nbd.disconnect("/dev/nbd0", str(image))
        assert ["nbd0"] == served()
        noted: list[str] = []
        assert "/dev/nbd1" == nbd.connect(str(image), "qcow2", readonly=True, note=noted.append)
        assert ["/dev/nbd1"] == noted
        nbd.disconnect("/dev/nbd1", str(image))
    finally:
        nbd.disconnect("/dev/nbd0", str(other))
    assert [] == served()


def test_a_kernel_without_such_devices_is_told_of(tmp_path: Path) -> None:
    if os.geteuid() or nbd._free():
        pytest.skip("there is a free network block device, or nobody who may look for one")
    (tmp_path / "x.qcow2").touch()
    with pytest.raises(ConfigUnsupportedError, match="takes a network block device, and this host has none"):
        nbd.connect(str(tmp_path / "x.qcow2"), "qcow2", readonly=False, note=lambda device: None)


def _init_of(root: Path) -> int:
    """The process id of the only container under a root."""
    (pid,) = (root / "run" / "lxc").glob("*/monitor.pid")
    monitor = int(pid.read_text())
    children = Path(f"/proc/{monitor}/task/{monitor}/children").read_text().split()
    return int(children[0])
