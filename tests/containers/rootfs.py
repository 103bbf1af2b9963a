"""A root file system of busybox: 2 MB, made in some milliseconds."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

BUSYBOX = "/usr/bin/busybox"
FOLDERS = ("bin", "dev", "etc", "mnt", "proc", "root", "run", "sbin", "sys", "tmp", "usr/bin", "usr/sbin", "var")

INITTAB = """\
::sysinit:/bin/echo the system is up
::respawn:/bin/sh
::shutdown:/bin/echo the system goes down
"""
"""What busybox's init does: a shell on the console."""

PASSWD = "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/tmp:/bin/sh\n"
GROUP = "root:x:0:\nguest:x:1000:\n"


def make_root(folder: Path, owner: int = 0) -> Path:
    """Make a root file system; `/sbin/init` is busybox's init, `/bin/sh` and the rest are its commands.

    Args:
        folder: Where; made if it is not there.
        owner: User and group that own everything, for a container with an id map.
    """
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy2(BUSYBOX, folder / "bin" / "busybox")
    for name in _commands():
        (folder / "bin" / name).symlink_to("busybox")
    (folder / "sbin" / "init").symlink_to("../bin/busybox")
    (folder / "etc" / "inittab").write_text(INITTAB)
    (folder / "etc" / "passwd").write_text(PASSWD)
    (folder / "etc" / "group").write_text(GROUP)
    (folder / "tmp").chmod(0o1777)
    if owner:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, owner, follow_symlinks=False)
    return folder


@cache
def _commands() -> tuple[str, ...]:
    told = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True, timeout=30)
    return tuple(name for name in told.stdout.split() if name != "busybox")
