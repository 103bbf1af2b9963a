"""File systems in files and on block devices: the device each is mounted from."""

from __future__ import annotations

import logging
import os
import stat
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, SystemCallError, VirtError
from virtkit.services.runner import run as run_program
from virtkit_lxc.plan import Image

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState

LXC = ErrorDomain.LXC

SECONDS = 30.0
"""How long losetup and blkid may take."""

_log = logging.getLogger(__name__)


def attach(state: LxcState, guest: Container, run: Run) -> dict[str, Image]:
    """Find the devices of a container's images, and make loop devices for files.

    What was made stands in `run.loops`, also when it fails half-way: `detach` removes it.

    Returns:
        Source -> image.

    Raises:
        SystemCallError: A source is missing; `int1` is the errno.
        ConfigUnsupportedError: It is no block device, or its file system is not known.
        VirtError: The host refuses a loop device.
    """
    found: dict[str, Image] = {}
    for kind, source in _sources(run.live):
        mode = _mode_of(guest, source)
        if kind == "block" and not stat.S_ISBLK(mode):
            raise ConfigUnsupportedError(
                f"{guest.subject}: {source} is no block device: make its file system one of type file", domain=LXC
            )
        device = source
        if kind == "file":
            device = run.loops[source] = _tool("losetup", "--find", "--show", source)
            state.record(guest)  # whoever comes after us is to know whose it is
        found[source] = Image(device, _format(guest, device))
    return found


def detach(guest: Container, run: Run) -> None:
    """Remove the loop devices of a run; what cannot be removed is logged."""
    for source, device in run.loops.items():
        try:
            _tool("losetup", "--detach", device)
        except VirtError as error:
            _log.error("%s has ended, but %s of %s is left: %s", guest.subject, device, source, error)
    run.loops.clear()


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
    found = _tool("blkid", "--output", "value", "--match-tag", "TYPE", "--probe", device)
    if not found:
        raise ConfigUnsupportedError(
            f"{guest.subject} cannot start: {device} holds no file system that is known here: make one", domain=LXC
        )
    return found


def _tool(*command: str) -> str:
    return run_program(command, timeout=SECONDS, domain=LXC).stdout.decode().strip()
