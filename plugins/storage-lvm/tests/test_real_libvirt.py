"""The same volume group described by libvirt's own daemon and by the driver, in a kernel of its own."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import virtkit

pytestmark = [pytest.mark.test_kernel, pytest.mark.libvirt, pytest.mark.xdist_group("lvm")]

POOL = """<pool type='logical'><name>lab</name><uuid>6f9fa0a0-8b9d-4a1c-9f2a-111111111111</uuid>
<source><device path='/dev/ubdb'/><device path='/dev/ubdc'/><name>vg-lab</name></source></pool>"""

PATIENCE = 30.0
"""Seconds until the daemon answers."""

Need = Callable[..., None]


def sh(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def virsh(*command: str) -> str:
    return sh("virsh", "--quiet", "--connect", "storage:///system", *command)


@pytest.fixture
def libvirtd(disks: list[Path], modules: Need, programs: Need) -> Iterator[None]:
    programs("lvs", "wipefs", "thin_check", "libvirtd", "virsh")
    modules("dm-mod", "dm-snapshot", "dm-thin-pool", "dm-raid")
    Path("/var/run/libvirtd.pid").unlink(missing_ok=True)
    with subprocess.Popen(["libvirtd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        end = time.monotonic() + PATIENCE
        while subprocess.run(["virsh", "-c", "storage:///system", "uri"], capture_output=True, check=False).returncode:
            assert daemon.poll() is None
            assert time.monotonic() < end
        yield
        daemon.terminate()
    subprocess.run(["vgchange", "--activate", "n"], capture_output=True, timeout=120, check=False)


def make_volumes() -> None:
    for arguments in (
        "--size 32M --name disk vg-lab",
        "--size 8M --name spacer vg-lab",
        "--type snapshot --size 16M --virtualsize 64M --name sparse vg-lab",
        "--snapshot --size 8M --name snap vg-lab/disk",
        "--stripes 2 --size 32M --name striped vg-lab",
        "--type raid1 --mirrors 1 --size 16M --name raid vg-lab",
        "--type thin-pool --size 32M --name room vg-lab",
    ):
        sh("lvcreate", "--yes", *arguments.split())
    sh("lvextend", "--size", "16M", "vg-lab/spacer")
    sh("chmod", "0640", "/dev/vg-lab/disk")


def unread(document: str) -> str:
    """A document without the time of the last access: both daemons look at the device."""
    return re.sub("<atime>.*</atime>", "", document)


def corrected(theirs: str) -> str:
    """What libvirt says with its two mistakes put right: stripes as long as all of them, names in place of paths."""
    theirs = theirs.replace("<device path='raid", "<device path='/dev/mapper/vg--lab-raid")
    if "<name>striped</name>" in theirs:
        ends = re.compile(r"<extent start='(\d+)' end='(\d+)'/>")
        theirs = ends.sub(lambda found: f"<extent start='{found[1]}' end='{int(found[2]) - (16 << 20)}'/>", theirs)
    return theirs


def test_documents_are_libvirts(libvirtd: None, tmp_path: Path) -> None:
    (tmp_path / "pool.xml").write_text(POOL)
    with virtkit.open(f"storage:///embed?root={tmp_path}/ours") as conn:
        pool = conn.define_storage_pool(POOL)
        virsh("pool-define", str(tmp_path / "pool.xml"))
        assert virsh("pool-dumpxml", "lab") == pool.xml_desc()
        pool.build()
        make_volumes()
        pool.create()
        sh("lvcreate", "--activate", "n", "--zero", "n", "--size", "4M", "--name", "idle", "vg-lab")
        pool.refresh()
        virsh("pool-start", "lab")
        sh("lvchange", "--activate", "n", "vg-lab/idle")
        virsh("pool-refresh", "lab")
        assert virsh("pool-dumpxml", "lab") == pool.xml_desc()
        assert virsh("find-storage-pool-sources", "logical") == conn.find_storage_pool_sources("logical")
        names = [line.split()[0] for line in virsh("vol-list", "lab").splitlines()]
        assert ["disk", "raid", "snap", "spacer", "sparse", "striped"] == names == pool.list_volume_names()
        for name in names:
            theirs = corrected(virsh("vol-dumpxml", "--pool", "lab", name))
            assert unread(theirs) == unread(pool.lookup_volume_by_name(name).xml_desc())
        virsh("pool-destroy", "lab")
