"""Network block devices of this host, by which qemu-nbd shows images that are no plain ones, such as qcow2.

qemu-nbd serves one for as long as it is connected, whoever started it. The kernel tells by which process, and that
which file it has: nobody's device is disconnected but one that shows the file it is said to show.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, OperationTimeoutError, SystemCallError
from virtkit.services.runner import ProgramError, run

LXC = ErrorDomain.LXC

BLOCK = Path("/sys/block")

SECONDS = 30.0
"""How long qemu-nbd may take, and the kernel to take note."""

TICK = 0.01


def connect(source: str, form: str, *, readonly: bool, note: Callable[[str], None]) -> str:
    """Have a device show an image.

    Args:
        source: The image.
        form: Its format, as qemu-img has it.
        readonly: Whether nothing may be written.
        note: Told the device before it is used, so that whoever comes after us knows of it.

    Returns:
        The device.

    Raises:
        ConfigUnsupportedError: The kernel has no such devices, or none that is free.
        ProgramError: The image cannot be opened; the message quotes qemu-nbd.
        SystemCallError: qemu-nbd is not installed.
        OperationTimeoutError: It took too long.
    """
    for name in _free():
        device = f"/dev/{name}"
        note(device)
        words = (f"--connect={device}", f"--format={form}", *(("--read-only",) if readonly else ()), "--", source)
        try:
            run(["qemu-nbd", *words], timeout=SECONDS, domain=LXC)
        except ProgramError:
            if _server(name) is None:
                raise
        else:
            _wait(partial(_is_ready, name), f"{device} to show {source}")
        if _shows(_server(name), source):
            return device  # else somebody was faster
    raise ConfigUnsupportedError(
        f"{source} of format {form} takes a network block device, and this host has none that is free: modprobe nbd"
        " nbds_max=16",
        domain=LXC,
    )


def disconnect(device: str, source: str) -> None:
    """Let a device show an image no longer; harmless if it does not.

    Raises:
        ProgramError: It cannot be disconnected; the message quotes qemu-nbd.
        OperationTimeoutError: It took too long.
    """
    name = device.removeprefix("/dev/")
    server = _server(name)
    if _shows(server, source):
        run(["qemu-nbd", "--disconnect", device], timeout=SECONDS, domain=LXC)
        _wait(lambda: not _shows(server, source), f"{device} to let go of {source}")


def _free() -> list[str]:
    """Devices that nobody uses; a kernel that has not loaded them yet is asked to."""
    if not _devices():
        with suppress(SystemCallError):  # there is no modprobe
            run(["modprobe", "nbd"], timeout=SECONDS, accept=range(256), domain=LXC)
    return [name for name in _devices() if _server(name) is None]


def _devices() -> list[str]:
    names = (found for each in BLOCK.iterdir() if (found := re.fullmatch(r"nbd(\d+)", each.name)))
    return [each[0] for each in sorted(names, key=lambda found: int(found[1]))]


def _server(name: str) -> int | None:
    """The process that serves a device; None: it is free."""
    with suppress(OSError, ValueError):
        return int((BLOCK / name / "pid").read_text())
    return None


def _is_ready(name: str) -> bool:
    return _server(name) is not None and (BLOCK / name / "size").read_text().strip() != "0"


def _shows(server: int | None, source: str) -> bool:
    """Whether a process is a qemu-nbd of an image."""
    with suppress(OSError):
        words = Path(f"/proc/{server}/cmdline").read_bytes().split(b"\0")
        return words[0].endswith(b"qemu-nbd") and os.fsencode(source) in words
    return False


def _wait(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > end:
            raise OperationTimeoutError(f"waited {SECONDS:g} s for {what}", domain=LXC)
        time.sleep(TICK)
