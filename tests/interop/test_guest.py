"""The guest of `make demo`, driven by the real virsh through virtkitd, which dies meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.guests import Cache, linux_guest
from tests.interop.virtkitd import Virtkitd

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.libvirt,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86_64 of Debian"),
]

DEMO = Path(__file__).parents[2] / "demo" / "guest.xml"
BOOT_SECONDS = 90
STOP_SECONDS = 60


def virsh(daemon: Virtkitd, *words: str) -> str:
    """What virsh prints; it has to succeed."""
    command = ["virsh", "-c", daemon.uri("qemu:///system"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.strip()


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} seconds"
        time.sleep(0.05)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Virtkitd]:
    """A daemon; whatever runs under it in the end is stopped."""
    with Virtkitd(tmp_path) as running:
        try:
            yield running
        finally:
            if running.process.poll() is not None:
                running.start()
            if "demo" in virsh(running, "list", "--name"):
                virsh(running, "destroy", "demo")


def test_virsh_boots_the_demo_guest_which_outlives_the_daemon(daemon: Virtkitd, tmp_path: Path) -> None:
    guest = linux_guest(Cache())
    text = DEMO.read_text()
    for word, path in {"KERNEL": guest.kernel, "INITRD": guest.initrd, "FOLDER": tmp_path}.items():
        text = text.replace(f">{word}<", f">{path}<").replace(f"'{word}/", f"'{path}/")
    document = tmp_path / "guest.xml"
    document.write_text(text)
    console = tmp_path / "console.log"

    virsh(daemon, "pool-create-as", "demo", "dir", "--target", str(tmp_path / "images"), "--build")
    virsh(daemon, "vol-create-as", "demo", "data.qcow2", "64M", "--format", "qcow2")
    virsh(daemon, "define", str(document))
    virsh(daemon, "start", "demo")
    eventually(lambda: console.exists() and guest.ready in console.read_bytes(), BOOT_SECONDS, "the boot of the guest")
    pid = int((daemon.root / "run/qemu/demo.pid").read_text())

    daemon.kill()
    os.kill(pid, 0)  # the guest runs on
    daemon.start()

    assert "running" == virsh(daemon, "domstate", "demo")
    assert "data.qcow2" in virsh(daemon, "domblklist", "demo")
    virsh(daemon, "suspend", "demo")
    assert "paused (user)" == virsh(daemon, "domstate", "demo", "--reason")
    virsh(daemon, "resume", "demo")
    assert pid == int((daemon.root / "run/qemu/demo.pid").read_text())
    virsh(daemon, "shutdown", "demo")
    eventually(lambda: virsh(daemon, "domstate", "demo") == "shut off", STOP_SECONDS, "the end of the guest")
    virsh(daemon, "undefine", "demo", "--remove-all-storage")
    virsh(daemon, "pool-destroy", "demo")
    assert "" == virsh(daemon, "list", "--all", "--name")
