"""The folder that a test kernel shares with this machine, and the command that boots one."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.testkernel.installed import PROGRAM, Installed

HERE = Path(__file__).parent

PLACE = "VIRTKIT_TEST_KERNEL"
"""Variable that says, in a kernel, what pytest does in it: `session` (a pytest outside asks for tests) or `shell`."""

MEMORY = 768 << 20
"""Bytes of memory; files that tests write are in it, too."""

DISKS = 4
DISK_SIZE = 512 << 20
"""Bytes of a disk: XFS wants at least 300 MiB. The files are sparse."""


def fill(folder: Path, command: Sequence[str], *, directory: Path, variables: Mapping[str, str]) -> None:
    """Put init.sh in the folder, and what it expects there.

    Args:
        folder: The folder.
        command: What init runs.
        directory: Where it runs that.
        variables: What the command finds in its environment, beside init's.
    """
    for name in ("init.sh", "lvm.conf"):
        shutil.copy(HERE / name, folder)
    for name in disk_names():
        with (folder / name).open("wb") as disk:
            disk.truncate(DISK_SIZE)
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines = ["#!/bin/bash", *exports, f"cd {shlex.quote(str(directory))} && exec {shlex.join(command)}", ""]
    (folder / "run").write_text("\n".join(lines))
    (folder / "run").chmod(0o755)


def disk_names() -> list[str]:
    """Names of the disks, in the folder and under /dev in the kernel; ubda would be the root."""
    return [f"ubd{letter}" for letter in "bcdefgh"[:DISKS]]


def command_line(installed: Installed, folder: Path, *more: str) -> list[str]:
    """The command that boots the kernel; its console is its standard input and output.

    The kernel sees the machine's root read-only. It dies with the thread that starts it.
    """
    disks = [f"{name}={folder / name}" for name in disk_names()]
    root = ["root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={folder / 'init.sh'}"]
    console = ["con0=fd:0,fd:1", "con=null", "quiet", "loglevel=4"]
    mine = [f"testkernel_folder={folder}", f"testkernel_release={installed.release}"]
    start = ["setpriv", "--pdeathsig", "TERM", PROGRAM, f"mem={MEMORY >> 20}M", f"uml_dir={folder}", "umid=kernel"]
    return [*start, *root, *console, *disks, *mine, *more]


def environment(installed: Installed, folder: Path) -> dict[str, str]:
    """What the kernel's own process needs; programs in the kernel see none of it."""
    found = {"PATH": os.environ.get("PATH", os.defpath)}
    if installed.preload is not None:
        found["LD_PRELOAD"] = str(installed.preload)
    if shutil.disk_usage("/dev/shm").free < MEMORY:
        found["TMPDIR"] = str(folder)  # its memory is a file, which it puts in /dev/shm otherwise
    return found
