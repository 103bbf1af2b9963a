"""virsh's commands about what goes into containers, as `virtkit` has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.documents import container

NETWORK = "<features><privnet/></features>"


def command(uri: str, *words: str, files: tuple[int, ...] = ()) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "virtkit_cli.main", "-c", uri, *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, pass_fds=files,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def running(uri: str, rootfs: Path) -> str:
    """A URI at which a container runs that nobody has open."""
    with virtkit.open(uri) as connection:
        connection.create_domain(container(rootfs, "/bin/sleep", "1000", more=NETWORK).format())
    return uri


def test_a_program_is_run_in_the_namespaces(running: str) -> None:
    script = "echo $(hostname) $(cat /proc/1/comm); exit 3"
    assert (3, "web sleep\n", "") == command(running, "lxc-enter-namespace", "web", "--", "/bin/sh", "-c", script)
    words = ("lxc-enter-namespace", "web", "--noseclabel", "--", "/bin/sh", "-c", "kill -9 $$")
    assert 128 + 9 == command(running, *words)[0]


def test_one_that_is_not_there_is_told(running: str) -> None:
    status, _, told = command(running, "lxc-enter-namespace", "web", "/bin/nothing")
    assert (127, "error: /bin/nothing: No such file or directory\n") == (status, told)


def test_a_container_is_started_with_descriptors(uri: str, rootfs: Path, tmp_path: Path) -> None:
    path = tmp_path / "web.xml"
    path.write_text(container(rootfs, "/bin/sh", "-c", "echo $LISTEN_FDS >&4; exec sleep 1000", more=NETWORK).format())
    near, far = os.pipe()
    try:
        assert 0 == command(uri, "create", str(path), "--pass-fds", f"{far},{far}", files=(far,))[0]
        assert b"2\n" == os.read(near, 9)
        assert 0 == command(uri, "destroy", "web")[0]
        assert 0 == command(uri, "define", str(path))[0]
        assert 0 == command(uri, "start", "web", "--pass-fds", f"{far},{far}", files=(far,))[0]
        assert b"2\n" == os.read(near, 9)
    finally:
        os.close(near)
        os.close(far)
    assert 2 == command(uri, "start", "web", "--pass-fds", "a")[0]
