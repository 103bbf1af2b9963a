"""File systems in files and on block devices: what each is mounted from.

A file needs no device of ours: mount(8) makes a loop device that the kernel removes with the mount, whoever dies when.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, SystemCallError
from virtkit.services.runner import run as run_program
from virtkit_lxc.plan import Image

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run

LXC = ErrorDomain.LXC

SECONDS = 30.0
"""How long blkid may take."""

NOTHING_FOUND = 2
"""Exit status of blkid."""


def found(guest: Container, run: Run) -> dict[str, Image]:
    """Look at the images of a container.

    Returns:
        Source -> image.

    Raises:
        SystemCallError: A source is missing; `int1` is the errno.
        ConfigUnsupportedError: It is neither file nor block device, or its file system is not known.
    """
    return {source: _image(guest, kind, source) for kind, source in _sources(run.live)}


def _image(guest: Container, kind: str, source: str) -> Image:
    mode = _mode_of(guest, source)
    if kind == "block" and not stat.S_ISBLK(mode):
        raise ConfigUnsupportedError(
            f"{guest.subject}: {source} is no block device: make its file system one of type file", domain=LXC
        )
    if not stat.S_ISBLK(mode) and not stat.S_ISREG(mode):
        raise ConfigUnsupportedError(f"{guest.subject}: {source} is no file with an image", domain=LXC)
    return Image(source, _format(guest, source), loop=stat.S_ISREG(mode))


def _sources(domain: Domain) -> list[tuple[str, str]]:
    found = []
    for mounted in domain.devices.filesystems:
        source = mounted.source
        path = (source.file if mounted.type == "file" else source.dev) if source else None
        if mounted.type in ("file", "block") and path:
            found.append((mounted.type or "", path))
    return found


def _mode_of(guest: Container, path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError as error:
        raise SystemCallError(
            f"{guest.subject} cannot start: its file system {path}: {error.strerror}",
            domain=LXC,
            int1=error.errno or -1,
        ) from error


def _format(guest: Container, device: str) -> str:
    command = ("blkid", "--output", "value", "--match-tag", "TYPE", "--probe", device)
    told = run_program(command, timeout=SECONDS, accept=(0, NOTHING_FOUND), domain=LXC).stdout.decode().strip()
    if not told:
        raise ConfigUnsupportedError(
            f"{guest.subject} cannot start: {device} holds no file system that is known here: make one", domain=LXC
        )
    return told
