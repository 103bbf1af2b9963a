"""Images of file systems: what they are mounted from, and what is left of that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from plugins.lxc.tests.lab import Lab
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit_lxc import images
from virtkit_lxc.container import Container, Run
from virtkit_lxc.plan import Image

MOUNTED = "<filesystem type='file'><source file='{}'/><target dir='/mnt'/></filesystem>"


def make_image(path: Path) -> Path:
    """An ext4 file system in a file."""
    with path.open("wb") as file:
        file.truncate(4 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", path], check=True, timeout=60)
    return path


def loops_of(path: Path) -> list[dict[str, object]]:
    """The loop devices that show a file."""
    told = subprocess.run(
        ["losetup", "--json", "--list", "--output", "NAME,AUTOCLEAR", "--associated", path],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    found: list[dict[str, object]] = json.loads(told.stdout or b'{"loopdevices": []}')["loopdevices"]
    return found


def test_the_kernel_removes_a_loop_device_with_its_mount_whoever_dies(lab: Lab) -> None:
    path = make_image(lab.folder / "disk.img")
    made = lab.started(devices=MOUNTED.format(path), plan={"images": {str(path): Image(str(path), "ext4", loop=True)}})
    (loop,) = loops_of(path)
    assert loop["autoclear"]
    made.end()
    assert [] == loops_of(path)


def test_an_image_is_looked_at(lab: Lab) -> None:
    path = make_image(lab.folder / "disk.img")
    assert {str(path): Image(str(path), "ext4", loop=True)} == _found(lab, path)


@pytest.mark.parametrize(("name", "problem"), [("blank.img", "no file system that is known"), (".", "no file with an")])
def test_what_holds_no_file_system_is_named(lab: Lab, name: str, problem: str) -> None:
    path = lab.folder / name
    if name != ".":
        path.write_bytes(bytes(1 << 20))
    with pytest.raises(ConfigUnsupportedError, match=problem):
        _found(lab, path)


def _found(lab: Lab, path: Path) -> dict[str, Image]:
    domain = lab.container(devices=MOUNTED.format(path)).domain
    return images.attach(Container("web", b"", ErrorDomain.LXC), Run(domain, lab.folder), lambda: None)
