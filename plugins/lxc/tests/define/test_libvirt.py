"""The corpus beside the real libvirt's LXC driver, where it is installed: one daemon serves it all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from plugins.lxc.tests.define.test_golden import CORPUS, GOLDEN, NAMES
from tests.interop.libvirtd import running_system

DRIVERS = Path("/usr/lib/x86_64-linux-gnu/libvirt/connection-driver")
SECONDS = 60

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(
        not (DRIVERS / "libvirt_driver_lxc.so").exists(), reason="needs Debian's libvirt-daemon-driver-lxc"
    ),
]


def test_definitions_become_what_the_libvirt_of_this_machine_makes_of_them(tmp_path: Path) -> None:
    with running_system(tmp_path) as socket:
        for name in NAMES:
            golden = (GOLDEN / name).read_text()
            virsh(socket, "define", str(CORPUS / name))
            defined = golden.partition("<name>")[2].partition("</name>")[0]
            assert golden.rstrip() == virsh(socket, "dumpxml", "--inactive", "--security-info", defined).rstrip(), name
            virsh(socket, "undefine", defined)


def virsh(socket: Path, *words: str) -> str:
    """What virsh prints; it has to succeed."""
    command = ["virsh", "-q", "-c", f"lxc+unix:///system?socket={socket}", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout
