"""The ways into containers by way of virtkitd: virsh's own, and ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.documents import container
from tests.containers.host import needs_containers, remains
from tests.containers.rootfs import make_root
from tests.interop.virtkitd import Virtkitd
from virtkit import Connection

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
]

PATIENCE_SECONDS = 60.0

CONTROLLERS = ("memory", "freezer", "cpu")
"""Some of those whose groups virsh enters; it leaves the group of systemd to systemd."""


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    needs_containers()
    return make_root(tmp_path / "rootfs")


@pytest.fixture
def daemon(tmp_path: Path, rootfs: Path) -> Iterator[Virtkitd]:
    """A daemon; whatever runs under it in the end is stopped, and nothing of it may remain."""
    with Virtkitd(tmp_path) as running:
        try:
            yield running
        finally:
            with virtkit.open(running.uri("lxc:///system")) as left:
                for domain in left.list_domains():
                    if domain.is_active():
                        domain.destroy()
        assert {} == remains(running.root / "run" / "lxc")


@pytest.fixture
def connection(daemon: Virtkitd) -> Iterator[Connection]:
    with virtkit.open(daemon.uri("lxc:///system")) as opened:
        yield opened


def virsh(daemon: Virtkitd, *words: str, files: tuple[int, ...] = ()) -> str:
    """What virsh prints; it has to succeed."""
    command = ["virsh", "-q", "-c", daemon.uri("lxc:///system"), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, pass_fds=files
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.strip()


def document(rootfs: Path, *command: str) -> str:
    return container(rootfs, *(command or ("/bin/sleep", "1000")), more="<features><privnet/></features>").format()


def test_virsh_enters_label_control_groups_and_namespaces(
    daemon: Virtkitd, connection: Connection, rootfs: Path
) -> None:
    init = connection.create_domain(document(rootfs)).id
    assert "web" == virsh(daemon, "lxc-enter-namespace", "web", "/bin/hostname")
    inside = virsh(daemon, "lxc-enter-namespace", "web", "/bin/cat", "/proc/self/cgroup").splitlines()
    for line in Path(f"/proc/{init}/cgroup").read_text().splitlines():
        if any(name in line.split(":")[1].split(",") for name in CONTROLLERS):
            assert "/virtkit-lxc/" in line
            assert line in inside


def test_virsh_starts_one_that_inherits_descriptors(daemon: Virtkitd, connection: Connection, rootfs: Path) -> None:
    connection.define_domain(document(rootfs, "/bin/sh", "-c", "echo $LISTEN_FDS >&4; echo hello >&3; sleep 1000"))
    (near, far), (near_too, far_too) = os.pipe(), os.pipe()
    try:
        virsh(daemon, "start", "web", "--pass-fds", f"{far},{far_too}", files=(far, far_too))
        assert [b"hello\n", b"2\n"] == [os.read(near, 99), os.read(near_too, 99)]
    finally:
        for file in (near, far, near_too, far_too):
            os.close(file)


def test_our_client_starts_one_that_inherits_descriptors(connection: Connection, rootfs: Path) -> None:
    near, far = os.pipe()
    try:
        domain = connection.create_domain_with_files(document(rootfs, "/bin/sh", "-c", "echo hi >&3; sleep 9"), [far])
        assert b"hi\n" == os.read(near, 99)
        assert domain.is_active()
    finally:
        os.close(near)
        os.close(far)
