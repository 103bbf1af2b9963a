"""A container driven by the real virsh through virtkitd, which dies meanwhile."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.containers.host import needs_containers, remains
from tests.containers.rootfs import make_root
from tests.interop.virtkitd import Virtkitd

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
]

PATIENCE_SECONDS = 60.0


def command(daemon: Virtkitd, *words: str) -> list[str]:
    return ["virsh", "-q", "-c", daemon.uri("lxc:///system"), *words]


def virsh(daemon: Virtkitd, *words: str) -> str:
    """What virsh prints; it has to succeed."""
    done = subprocess.run(
        command(daemon, *words), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.strip()


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE_SECONDS:g} seconds"
        time.sleep(0.05)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Virtkitd]:
    """A daemon; whatever runs under it in the end is stopped, and nothing of it may remain."""
    needs_containers()
    with Virtkitd(tmp_path) as running:
        try:
            yield running
        finally:
            if running.process.poll() is not None:
                running.start()
            for name in virsh(running, "list", "--name").split():
                virsh(running, "destroy", name)
        assert {} == remains(running.root / "run" / "lxc")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    rootfs = make_root(tmp_path / "rootfs")
    path = tmp_path / "web.xml"
    path.write_text(f"""<domain type='lxc'><name>web</name><memory unit='MiB'>64</memory>
        <os><type>exe</type><init>/sbin/init</init></os><features><privnet/></features>
        <devices><filesystem><source dir='{rootfs}'/><target dir='/'/></filesystem><console type='pty'/></devices>
        </domain>""")
    return path


def test_virsh_runs_a_container_which_outlives_the_daemon(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "define", str(document))
    virsh(daemon, "start", "web")
    assert "web" in virsh(daemon, "list")
    assert "State:          running" in virsh(daemon, "dominfo", "web")
    assert "exe" in virsh(daemon, "dominfo", "web")

    daemon.kill()
    daemon.start()

    assert "running (booted)" == virsh(daemon, "domstate", "web", "--reason")
    virsh(daemon, "suspend", "web")
    assert "paused (user)" == virsh(daemon, "domstate", "web", "--reason")
    virsh(daemon, "resume", "web")
    virsh(daemon, "memtune", "web", "--hard-limit", "131072")
    assert "131072" in virsh(daemon, "memtune", "web")
    virsh(daemon, "schedinfo", "web", "--set", "cpu_shares=512")
    assert "512" in virsh(daemon, "schedinfo", "web")
    assert "cpu.time=" in virsh(daemon, "domstats", "web")
    virsh(daemon, "destroy", "web")
    assert "shut off (destroyed)" == virsh(daemon, "domstate", "web", "--reason")
    virsh(daemon, "undefine", "web")
    assert "" == virsh(daemon, "list", "--all", "--name")


def test_a_container_that_is_asked_shuts_down(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "create", str(document))
    # It can be asked once its init has come so far.
    eventually(lambda: "web" not in _asked(daemon), "its end")


def _asked(daemon: Virtkitd) -> str:
    subprocess.run(command(daemon, "shutdown", "web"), capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    return virsh(daemon, "list", "--all", "--name")


def test_virsh_shows_the_console(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "create", str(document))
    near, far = pty.openpty()
    try:
        console = subprocess.Popen(
            command(daemon, "console", "web"), stdin=far, stdout=far, stderr=far, start_new_session=True
        )
        os.close(far)
        shown, deadline = b"", time.monotonic() + PATIENCE_SECONDS
        while b"42" not in shown:
            assert time.monotonic() < deadline, shown
            os.write(near, b"echo $((6 * 7))\n")
            time.sleep(0.1)
            shown += os.read(near, 65536)
        os.write(near, b"\x1d")  # Ctrl+]
        assert 0 == console.wait(PATIENCE_SECONDS)
    finally:
        with suppress(OSError):
            os.close(near)


def test_virsh_enters_the_namespaces(daemon: Virtkitd, document: Path) -> None:
    virsh(daemon, "create", str(document))
    told = virsh(daemon, "lxc-enter-namespace", "web", "--noseclabel", "/bin/hostname")
    assert "web" == told
