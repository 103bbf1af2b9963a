"""File systems in files and on block devices: what each is mounted from.

A plain image needs no device of ours: mount(8) makes a loop device that the kernel removes with the mount, whoever dies
when. Others are shown by network block devices, which are on record before they are used.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, SystemCallError, VirtError
from virtkit.services.runner import run as run_program
from virtkit_lxc import nbd
from virtkit_lxc.plan import Image

if TYPE_CHECKING:
    from virtkit.xml.domain.devices.filesystem import Filesystem
    from virtkit_lxc.container import Container, Run

LXC = ErrorDomain.LXC

PLAIN = "raw"
"""Format of images that are block for block what they show."""

SECONDS = 30.0
"""How long blkid may take."""

NOTHING_FOUND = 2
"""Exit status of blkid."""

_log = logging.getLogger(__name__)


def attach(guest: Container, run: Run, record: Callable[[], None]) -> dict[str, Image]:
    """Look at the images of a container, and connect those that take a network block device.

    What is connected stands in `run.nbds`, also when it fails half-way: `detach` disconnects it.

    Args:
        guest: The container.
        run: Its run.
        record: Stores that.

    Returns:
        Source -> image.

    Raises:
        SystemCallError: A source, or a program that is needed, is missing; `int1` is the errno.
        ConfigUnsupportedError: It is of another kind than the document says, its file system is not known, or this
            host has no network block device for it.
        VirtError: It cannot be connected; see `nbd.connect`.
    """
    found: dict[str, Image] = {}
    for each in run.live.devices.filesystems:
        source = each.source
        path = (source.file if each.type == "file" else source.dev) if source else None
        if each.type in ("file", "block") and path and path not in found:
            found[path] = _image(guest, run, each, path, record)
    return found


def detach(guest: Container, run: Run) -> None:
    """Disconnect the network block devices of a run; what cannot be disconnected is logged."""
    for source, device in run.nbds.items():
        try:
            nbd.disconnect(device, source)
        except VirtError as error:
            _log.error("%s has ended, but %s of %s is left: %s", guest.subject, device, source, error)
    run.nbds.clear()


def _image(guest: Container, run: Run, mounted: Filesystem, source: str, record: Callable[[], None]) -> Image:
    mode = _mode_of(guest, source)
    driver, form = (mounted.driver.type, mounted.driver.format) if mounted.driver else (None, None)
    if mounted.type == "block" and not stat.S_ISBLK(mode):
        raise ConfigUnsupportedError(
            f"{guest.subject}: {source} is no block device: make its file system one of type file", domain=LXC
        )
    if not stat.S_ISBLK(mode) and not stat.S_ISREG(mode):
        raise ConfigUnsupportedError(f"{guest.subject}: {source} is no file with an image", domain=LXC)
    if driver == "nbd":
        device = nbd.connect(
            source, form or PLAIN, readonly=bool(mounted.readonly), note=partial(_note, run, source, record)
        )
        return Image(device, _format(guest, device))
    if form not in (None, PLAIN):
        raise ConfigUnsupportedError(
            f"{guest.subject}: {source} is of format {form}, which no loop device shows: give its file system"
            f" <driver type='nbd' format='{form}'/>",
            domain=LXC,
        )
    return Image(source, _format(guest, source), loop=stat.S_ISREG(mode))


def _note(run: Run, source: str, record: Callable[[], None], device: str) -> None:
    run.nbds[source] = device
    record()


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
