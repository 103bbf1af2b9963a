"""Debian's qemu-guest-agent and what it needs, for the initial RAM file system of a guest."""

from __future__ import annotations

import re
from pathlib import Path

from tests.guests.cache import run
from tests.guests.initramfs import Initramfs

AGENT = Path("/usr/sbin/qemu-ga")
SHUTDOWN = Path(__file__).with_name("shutdown.sh")
_LIBRARY = re.compile(r"(/\S+) \(0x")


def recipe() -> list[bytes]:
    """What the archive is made of; nothing where the agent is not installed."""
    return [AGENT.read_bytes(), SHUTDOWN.read_bytes()] if AGENT.exists() else []


def archive() -> bytes:
    """An archive to be appended to that of the guest, whose init starts the agent if it finds one."""
    files = Initramfs()
    files.file(str(AGENT), AGENT.read_bytes(), mode=0o755)
    files.file("/sbin/shutdown", SHUTDOWN.read_bytes(), mode=0o755)
    for library in _LIBRARY.findall(run("ldd", AGENT, package="libc-bin")):
        files.file(library, Path(library).read_bytes(), mode=0o755)
    return files.archive()
