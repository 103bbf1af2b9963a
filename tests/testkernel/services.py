"""Fixtures of tests in a test kernel: servers of storage that run in it, and udev.

Each server is started when the first test wants it and runs as long as the kernel.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.testkernel.fixtures import unmount

START_SECONDS = 60.0
"""How long a server may take to answer."""

NFS_ROOT = Path("/run/nfs")
"""The root of what NFS 4 serves: the kernel's own root is an overlay, which NFS cannot serve."""


@pytest.fixture
def nfs_export(modules: Callable[..., None], programs: Callable[..., None]) -> Iterator[Path]:
    """The empty folder /export, served by NFS 3 and 4 as 127.0.0.1:/export; afterwards NFS is unmounted everywhere."""
    programs("rpcbind", "rpc.mountd", "rpc.nfsd", "exportfs", "mount.nfs")
    modules("nfsd", "nfs", "nfsv3", "nfsv4")
    folder = _nfs_served()
    yield folder
    unmount(lambda _, kind: kind in ("nfs", "nfs4"))
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@functools.cache
def _nfs_served() -> Path:
    export = Path("/export")
    Path("/run/rpcbind").mkdir(exist_ok=True)
    export.mkdir(exist_ok=True)
    NFS_ROOT.mkdir()
    _run("mount", "-t", "tmpfs", "tmpfs", NFS_ROOT)
    (NFS_ROOT / "export").mkdir()
    _run("mount", "--bind", NFS_ROOT / "export", export)  # NFS 3 knows it by its path, NFS 4 by that under the root
    _run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
    for name, seconds in (("nlm_timeout", "3"), ("nlm_grace_period", "3")):  # locks are refused for so long, not 50 s
        Path("/proc/sys/fs/nfs", name).write_text(seconds)
    _run("rpcbind", "-w")
    _run("rpc.mountd")
    _run("rpc.nfsd", "2")
    Path("/proc/fs/nfsd/v4_end_grace").write_text("Y")  # there is no client from before, whose locks are waited for
    for number, folder in enumerate((NFS_ROOT, export)):
        options = f"rw,fsid={number},no_root_squash,insecure,no_subtree_check"
        _run("exportfs", "-i", "-o", options, f"127.0.0.1:{folder}")
    return export


@frozen
class IscsiTarget:
    """What an initiator needs to know.

    Attributes:
        portal: Address and port.
        name: The qualified name; LUN 1 is a disk of 64 MiB.
    """

    portal: str = "127.0.0.1:3260"
    name: str = "iqn.2026-01.org.example:lab"


@pytest.fixture
def iscsi_target(tmp_path: Path, modules: Callable[..., None], programs: Callable[..., None]) -> Iterator[IscsiTarget]:
    """A target, and an initiator's daemon; afterwards every session is logged out and forgotten."""
    programs("tgtd", "tgtadm", "iscsid", "iscsiadm")
    modules("iscsi_tcp", "sd_mod")
    target = IscsiTarget()
    _iscsi_daemons(target.portal)
    image = tmp_path / "lun"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    _tgtadm("target", "new", "--targetname", target.name)
    _tgtadm("logicalunit", "new", "--lun", "1", "--backing-store", image)
    _tgtadm("target", "bind", "--initiator-address", "ALL")
    yield target
    if list(Path("/sys/class/iscsi_session").glob("session*")):
        _run("iscsiadm", "--mode", "node", "--logoutall=all")
    for records in ("nodes", "send_targets"):
        shutil.rmtree(Path("/etc/iscsi", records), ignore_errors=True)
    _tgtadm("target", "delete", "--force")


@functools.cache
def _iscsi_daemons(portal: str) -> None:
    Path("/run/lock/iscsi").mkdir(parents=True, exist_ok=True)
    _run("tgtd", "--iscsi", f"portal={portal}")
    _run("iscsid")
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(["tgtadm", "--mode", "sys", "--op", "show"], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "tgtd does not answer"


def _tgtadm(mode: str, operation: str, *more: str | Path) -> None:
    _run("tgtadm", "--lld", "iscsi", "--mode", mode, "--op", operation, "--tid", "1", *more)


@pytest.fixture
def udev(programs: Callable[..., None]) -> Iterator[Callable[[], None]]:
    """Run udev, for the links under /dev/disk; what it has to do is done when the fixture's value returns.

    LVM is configured for a kernel without udev: do not use both in one test.
    """
    programs("udevadm")
    _run("/lib/systemd/systemd-udevd", "--daemon")
    yield lambda: _run("udevadm", "settle")
    _run("udevadm", "control", "--exit")


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    assert 0 == done.returncode, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
