"""Root file systems that debootstrap makes, of an archive with a single package on this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.containers.rootfs import BUSYBOX
from virtkit.errors import InvalidArgError, OperationFailedError, SystemCallError
from virtkit.roots import Bootstrap, RootRequest, make
from virtkit.xml.domain import Domain

DEBOOTSTRAP = "/usr/sbin/debootstrap"
PARTS = Path("/usr/share/debootstrap")

SUITE = """\
mirror_style release
download_style apt
finddebs_style from-indices
variants - minbase
work_out_debs () { required="tiny"; base=""; }
first_stage_install () { extract $required; mkdir -p "$TARGET/proc" "$TARGET/sys" "$TARGET/var/log"; }
second_stage_install () {
    setup_proc
    in_target /bin/busybox sh -c 'grep -c . /proc/1/status > /mounted'
    MORE
}
"""
"""What debootstrap does for the suite `lab`."""

WRAPPER = """\
#!/bin/sh
export DEBOOTSTRAP_DIR={}
exec {} "$@"
"""


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an archive with the suite `lab`, which debootstrap knows."""
    if os.geteuid():
        pytest.skip("debootstrap needs root")
    for program in (DEBOOTSTRAP, "dpkg-deb", BUSYBOX):
        if not shutil.which(program):
            pytest.skip(f"making roots of packages needs {program}")
    arch = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    pool = tmp_path / "archive" / "pool"
    pool.mkdir(parents=True)
    package = _package(tmp_path / "tiny", pool / "tiny.deb", arch)
    lists = tmp_path / "archive" / "dists" / "lab" / "main" / f"binary-{arch}"
    lists.mkdir(parents=True)
    (lists / "Packages").write_text(package)
    told = f" {_sha256(lists / 'Packages')} {(lists / 'Packages').stat().st_size} main/binary-{arch}/Packages"
    release = f"Suite: lab\nCodename: lab\nArchitectures: {arch}\nComponents: main\nSHA256:\n{told}\n"
    (lists.parents[1] / "Release").write_text(release)
    _suite(tmp_path, "")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return f"file://{tmp_path}/archive"


def _package(content: Path, path: Path, arch: str) -> str:
    """Make a package of busybox; its entry in the list of packages."""
    control = f"Package: tiny\nVersion: 1\nArchitecture: {arch}\nMaintainer: nobody\nDescription: busybox alone\n"
    (content / "DEBIAN").mkdir(parents=True)
    (content / "DEBIAN" / "control").write_text(control)
    (content / "bin").mkdir()
    shutil.copy2(BUSYBOX, content / "bin" / "busybox")
    for name in ("sh", "mount", "umount"):
        (content / "bin" / name).symlink_to("busybox")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", content, path], check=True, capture_output=True)
    return f"{control}Filename: pool/{path.name}\nSize: {path.stat().st_size}\nSHA256: {_sha256(path)}\n\n"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _suite(tmp_path: Path, more: str) -> None:
    """Have debootstrap know the suite; `more` is done at the end."""
    parts = tmp_path / "parts"
    if not parts.exists():
        shutil.copytree(PARTS, parts, symlinks=True)
    (parts / "scripts" / "lab").write_text(SUITE.replace("MORE", more))
    program = tmp_path / "bin" / "debootstrap"
    program.parent.mkdir(exist_ok=True)
    program.write_text(WRAPPER.format(parts, DEBOOTSTRAP))
    program.chmod(0o755)


def mounts_below(folder: Path) -> list[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line]


def test_packages_become_a_root(archive: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    source = Bootstrap("lab", archive, signed=False)
    domain = Domain.parse(make("lxc", RootRequest(root, source, ids=(100_000, 65536))))
    assert int((root / "mounted").read_text())  # there was a /proc
    assert [] == mounts_below(tmp_path)
    assert (100_000, "/bin/sh") == ((root / "bin" / "busybox").stat().st_uid, domain.os.init)
    assert [] == [name for name in os.listdir(tmp_path) if "part" in name and name != "parts"]


def test_what_fails_in_the_middle_leaves_nothing(archive: str, tmp_path: Path) -> None:
    left = "mount -t tmpfs tmpfs $TARGET/sys; /bin/busybox sleep 98765 &"
    _suite(tmp_path, f"{left} error 1 LAB 'the lab is closed'")
    with pytest.raises(OperationFailedError, match="the lab is closed"):
        make("lxc", RootRequest(tmp_path / "root", Bootstrap("lab", archive, signed=False)))
    assert ["archive", "bin", "parts", "tiny"] == sorted(os.listdir(tmp_path))
    assert [] == mounts_below(tmp_path)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            assert b"98765" not in path.read_bytes()


def test_an_archive_that_nobody_has_signed_is_refused(archive: str, tmp_path: Path) -> None:
    keyring = tmp_path / "keys"
    keyring.touch()
    with pytest.raises(OperationFailedError, match=r"InRelease|Release\.gpg|signature"):
        make("lxc", RootRequest(tmp_path / "root", Bootstrap("lab", archive, keyring=str(keyring))))
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    "source",
    [
        Bootstrap("--help"),
        Bootstrap(""),
        Bootstrap("x", variant="a b"),
        Bootstrap("x", "-x"),
        Bootstrap("x", include=("a,b",)),
    ],
)
def test_what_debootstrap_cannot_be_told_is_refused(tmp_path: Path, source: Bootstrap) -> None:
    with pytest.raises(InvalidArgError, match="is no name of a"):
        make("lxc", RootRequest(tmp_path / "root", source))
    assert [] == os.listdir(tmp_path)


def test_where_debootstrap_is_missing_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtkit_lxc.rootfs.bootstrap.find_program", lambda name: None)
    with pytest.raises(SystemCallError, match="apt-get install debootstrap"):
        make("lxc", RootRequest(tmp_path / "root", Bootstrap("bookworm")))
    assert [] == os.listdir(tmp_path)
