"""File systems whose ids an id map shifts: files of the host's users are those of the container's."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.documents import container
from plugins.lxc.tests.lab import Lab, eventually
from tests.containers import make_root, remains
from virtkit.errors import ConfigUnsupportedError
from virtkit_lxc import mountcalls
from virtkit_lxc.plan import Image

IDMAP = """<idmap><uid start='0' target='100000' count='1000'/><uid start='1000' target='300000' count='1'/>
<gid start='0' target='200000' count='2000'/></idmap>"""

MAPPED = "<filesystem type='{kind}' accessmode='mapped'><source {source}/><target dir='{target}'/>{more}</filesystem>"


def filesystem(kind: str, source: str, target: str, more: str = "") -> str:
    return MAPPED.format(kind=kind, source=source, target=target, more=more)


@pytest.fixture
def private(lab: Lab) -> Path:
    """A folder that only root enters."""
    folder = lab.folder / "private"
    folder.mkdir(mode=0o700)
    return folder


def test_files_of_the_host_are_those_of_the_container(lab: Lab, private: Path) -> None:
    source = private / "data"
    source.mkdir()
    for owner in (0, 7, 1000, 1001):
        (source / str(owner)).touch()
        os.chown(source / str(owner), owner, owner)
    root = make_root(lab.folder / "shifted", owner=100_000)
    made = lab.started(root=root, more=IDMAP, devices=filesystem("mount", f"dir='{source}'", "/data"))
    assert ["0:0", "1000:1000", "65534:1001", "7:7"] == made.says("cd /data; stat -c %u:%g *").split()
    made.says("touch /data/new; chown 1000:5 /data/new; rm /data/7")
    status = os.stat(source / "new")
    assert (1000, 5) == (status.st_uid, status.st_gid)
    assert not (source / "7").exists()
    made.end()
    assert ["0", "1000", "1001", "new"] == sorted(os.listdir(source))


def test_a_root_needs_no_shifting_of_its_own(lab: Lab, private: Path) -> None:
    root = make_root(private / "root")
    (lab.folder / "plain").mkdir()
    devices = f"<filesystem type='mount'><source dir='{lab.folder}/plain'/><target dir='/new/place'/></filesystem>"
    made = lab.container(root=root, more=IDMAP, devices=devices)
    made.domain.devices.filesystems[0].accessmode = "mapped"
    made.start()
    assert "0:0" == made.says("stat -c %u:%g /bin/busybox")
    made.says("touch /made")
    for path in ("made", "new", "new/place"):
        status = os.stat(root / path)
        assert (0, 0) == (status.st_uid, status.st_gid)
    assert "100000" == Path(f"/proc/{made.running.init.pid}/uid_map").read_text().split()[1]


def test_a_file_is_shifted(lab: Lab, private: Path) -> None:
    source = private / "hosts"
    source.write_text("10.0.0.1 web\n")
    root = make_root(lab.folder / "shifted", owner=100_000)
    made = lab.started(
        root=root,
        more=IDMAP,
        devices=filesystem("mount", f"dir='{source}'", "/etc/hosts"),
        plan={"files": frozenset({str(source)})},
    )
    assert "10.0.0.1 web 0" == made.says("echo $(cat /etc/hosts) $(stat -c %u /etc/hosts)")


def test_an_image_is_shifted(lab: Lab) -> None:
    path = lab.folder / "root.img"
    content = make_root(lab.folder / "content")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", content, path, "16M"], check=True, capture_output=True)
    made = lab.container(more=IDMAP, plan={"images": {str(path): Image(str(path), "ext4", loop=True)}})
    (root,) = made.domain.devices.filesystems
    assert root.source is not None
    root.type, root.accessmode, root.source.dir, root.source.file = "file", "mapped", None, str(path)
    made.start()
    assert "0:0" == made.says("touch /made; stat -c %u:%g /made")
    assert ["0-mapped"] == os.listdir(made.plan.folder / "mounts")  # and nowhere as it is on the disk


def test_what_is_read_only_stays_so(lab: Lab) -> None:
    source = lab.folder / "data"
    source.mkdir()
    root = make_root(lab.folder / "shifted", owner=100_000)
    made = lab.started(root=root, more=IDMAP, devices=filesystem("mount", f"dir='{source}'", "/data", "<readonly/>"))
    assert "Read-only" in made.shell("touch /data/x")[1]
    assert "0" == made.says("stat -c %u /data")


def test_a_folder_that_users_of_the_host_enter_is_refused(lab: Lab) -> None:
    source = lab.folder / "open" / "data"
    source.mkdir(parents=True, mode=0o700)
    made = lab.container(more=IDMAP, devices=filesystem("mount", f"dir='{source}'", "/data"))
    with pytest.raises(ConfigUnsupportedError, match=f"files of root in {source}, which all users"):
        made.start()


def test_a_file_system_that_cannot_do_it_is_named(lab: Lab) -> None:
    made = lab.container(more=IDMAP, devices=filesystem("mount", "dir='/sys/kernel'", "/data", "<readonly/>"))
    with pytest.raises(ConfigUnsupportedError, match=r"'c0' cannot start: its file system at /data.*/sys/kernel"):
        made.start()


def test_a_kernel_that_cannot_do_it_is_told_of(lab: Lab, private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mountcalls, "MOUNT_SETATTR", 99_999)  # of no system call
    (private / "data").mkdir()
    made = lab.container(more=IDMAP, devices=filesystem("mount", f"dir='{private}/data'", "/data"))
    with pytest.raises(ConfigUnsupportedError, match="this kernel cannot do that"):
        made.start()


@pytest.mark.parametrize(
    ("more", "devices"),
    [("", filesystem("mount", "dir='/srv'", "/data")), (IDMAP, filesystem("ram", "usage='1024'", "/data"))],
)
def test_what_cannot_be_shifted_is_not_defined(tmp_path: Path, more: str, devices: str) -> None:
    with (
        virtkit.open(f"lxc:///embed?root={tmp_path}") as connection,
        pytest.raises(ConfigUnsupportedError, match="accessmode 'mapped': that takes an <idmap>"),
    ):
        connection.define_domain(container(more=more, devices=devices).format())


def test_a_container_of_the_driver_has_its_root_shifted_and_leaves_nothing(lab: Lab, private: Path) -> None:
    root = make_root(private / "root")
    document = container(
        root, "/bin/sh", "-c", "touch /made; sleep 1000", more=f"{IDMAP}<features><privnet/></features>"
    ).format()
    with virtkit.open(f"lxc:///embed?root={lab.folder}") as connection:
        domain = connection.create_domain(document.replace("type='mount'", "type='mount' accessmode='mapped'"))
        try:
            eventually((root / "made").exists, "it makes a file")
            (place,) = (lab.folder / "run" / "lxc").glob("*/mounts/0-mapped")
            for around in place.parents[:2]:  # strangers stay out, but for the one
                assert (0o710, 200_000) == (stat.S_IMODE(around.stat().st_mode), around.stat().st_gid)
        finally:
            domain.destroy()
    assert 0 == (root / "made").stat().st_uid
    assert {} == remains(lab.folder)


@pytest.fixture
def second(programs: Callable[..., None], modules: Callable[..., None], tmp_path: Path) -> Iterator[Lab]:
    """A lab in the test kernel."""
    programs("lxc-start", "busybox", "mke2fs")
    modules("loop")
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"], check=True)
    try:
        with closing(Lab(tmp_path)) as made:
            yield made
    finally:
        subprocess.run(["umount", "/sys/fs/cgroup"], check=True)


@pytest.mark.test_kernel
def test_an_older_kernel_shifts_file_systems_of_disks_and_no_memory(second: Lab) -> None:
    test_an_image_is_shifted(second)
    (second.folder / "private").mkdir(mode=0o700)
    (second.folder / "private" / "data").mkdir()
    devices = filesystem("mount", f"dir='{second.folder}/private/data'", "/data")
    made = second.container(more=IDMAP, devices=devices)
    with pytest.raises(ConfigUnsupportedError, match="file system at /data cannot have its ids mapped"):
        made.start()
