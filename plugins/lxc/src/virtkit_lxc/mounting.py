"""File systems in images, on block devices and of templates, on the host for as long as a container runs.

They are mounted below its folder. liblxc would mount them after it has limited the devices of the container, and takes
no block device for a root. So it gets folders, in which paths can be resolved too (`roots`).

So are read-only folders of containers with id maps, the root too: who is root there may mount. What was mounted
read-only when their namespaces were made stays so, and what liblxc mounts there does not. A plain user, who cannot
mount on the host, has liblxc do it: the root of his container is himself, and can make his folders writable again.
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.services.runner import run
from virtkit_lxc import processes

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.filesystem import Filesystem
    from virtkit_lxc.plan import Plan

MOUNTS = "mounts"
"""Folder in the folder of a container that they are mounted in."""

MOUNT_SECONDS = 60.0
"""How long a mount may take: a journal is replayed in it."""


def mounted(domain: Domain, plan: Plan) -> Plan:
    """A plan whose images and template are mounted. If it fails, `unmount` removes what has been mounted.

    Raises:
        ProgramError: One cannot be mounted; the message quotes mount(8).
        OperationTimeoutError: That took too long.
    """
    folders: dict[str, str] = {}
    for number, each in enumerate(domain.devices.filesystems):
        words = _words(domain, each, plan)
        if words:
            folder = place(plan.folder, str(number))
            if each.source is not None and each.source.dir in plan.files:
                folder.touch()
            else:
                folder.mkdir(exist_ok=True)
            run(["mount", *words, str(folder)], timeout=MOUNT_SECONDS, domain=ErrorDomain.LXC)
            folders[each.target or ""] = str(folder)
    return plan._replace(folders=folders)


def _words(domain: Domain, mounted: Filesystem, plan: Plan) -> list[str]:
    """What mount(8) is told of a file system, but for where; nothing where there is nothing to mount."""
    if mounted.type == "mount" and mounted.readonly and domain.idmap is not None and os.geteuid() == 0:
        return ["--bind", "-o", "ro", "--", (mounted.source.dir if mounted.source else None) or ""]
    if mounted.type == "template" and plan.template is not None:
        layers = zip(("lowerdir", "upperdir", "workdir"), plan.template, strict=True)
        options = ["nodev", *(f"{key}={path}" for key, path in layers)]
        return ["-t", "overlay", "-o", ",".join(options), "--", "overlay"]
    if mounted.type in ("file", "block"):
        image = plan.images[(mounted.source and (mounted.source.file or mounted.source.dev)) or ""]
        options = list(_options(image.loop, is_root=mounted.target == "/", readonly=bool(mounted.readonly)))
        return ["-t", image.format, "-o", ",".join(options), "--", image.device]
    return []


def place(folder: Path, name: str) -> Path:
    """Where something can be mounted below the folder of a container: who may walk into that may reach it.

    Args:
        folder: The folder of the container.
        name: What it is to be called.
    """
    top = folder / MOUNTS
    if not top.exists():
        top.mkdir(mode=0o700)
        around = folder.stat()
        os.chown(top, -1, around.st_gid)
        top.chmod(stat.S_IMODE(around.st_mode))
    return top / name


def unmount(folder: Path) -> None:
    """Unmount what is mounted below the folder of a container; harmless when there is nothing.

    Raises:
        ProgramError: One cannot be unmounted.
    """
    top = folder / MOUNTS
    if not top.is_dir():
        return
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()]
    for place in sorted(top.iterdir()):
        for _ in range(places.count(_escaped(place))):
            _unmount(place)
        if place.is_dir():
            place.rmdir()
        else:
            place.unlink()
    top.rmdir()


def end_programs(folder: Path) -> None:
    """End the mount(8) that somebody who died has left running for a container, given its folder."""
    for program in processes.all_running():
        with suppress(OSError):
            words = Path(f"/proc/{program.pid}/cmdline").read_bytes().split(b"\0")
            if os.path.basename(words[0]) == b"mount" and words[-2].startswith(os.fsencode(folder / MOUNTS)):
                program.send(signal.SIGKILL)
                program.wait(MOUNT_SECONDS)


def replace(place: Path) -> None:
    """Unmount what something else shows now.

    Raises:
        ProgramError: It cannot be unmounted.
    """
    _unmount(place)
    place.rmdir()


def _unmount(place: Path) -> None:
    run(["umount", "--", place], timeout=MOUNT_SECONDS, domain=ErrorDomain.LXC)


def _options(loop: bool, *, is_root: bool, readonly: bool) -> Iterator[str]:
    if loop:
        yield "loop"
    yield "nodev"
    if not is_root:
        yield "nosuid"
    if readonly:
        yield "ro"


def _escaped(path: Path) -> str:
    """A path as mountinfo has it."""
    return "".join(f"\\{ord(sign):03o}" if sign in " \t\n\\" else sign for sign in str(path))
