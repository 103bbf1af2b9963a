"""How the first program of a container is asked to shut down or to reboot: each kind understands other signals.

systemd blocks the signals it serves, so the state of its process tells; busybox is known by its file. Any other
program gets libvirt's: SIGTERM to end, SIGHUP to start anew. The kernel drops signals that the first process of a pid
namespace has no handler for, so a program without one cannot be asked at all.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

# From systemd(1), section "Signals"; busybox's from its init.
SYSTEMD_HALT = signal.SIGRTMIN + 3
HALT = {"systemd": SYSTEMD_HALT, "busybox": signal.SIGUSR2, "": signal.SIGTERM}
REBOOT = {"systemd": signal.SIGINT, "busybox": signal.SIGTERM, "": signal.SIGHUP}


def halting(pid: int) -> int:
    """The signal that asks an init to shut its system down."""
    return HALT[_kind(pid)]


def rebooting(pid: int) -> int:
    """The signal that asks an init to start its system anew."""
    return REBOOT[_kind(pid)]


def kind(status: str, program: str, command: str) -> str:
    """Which init a process is: `systemd`, `busybox`, or empty for any other program.

    Args:
        status: Its /proc/PID/status.
        program: Path of its file.
        command: The name it was called by.
    """
    masks = dict(line.split(":", 1) for line in status.splitlines() if line.startswith("SigBlk"))
    if int(masks.get("SigBlk", "0"), 16) >> (SYSTEMD_HALT - 1) & 1:
        return "systemd"
    if os.path.basename(program) == "busybox" and os.path.basename(command) in ("init", "linuxrc"):
        return "busybox"
    return ""


def _kind(pid: int) -> str:
    try:
        folder = Path(f"/proc/{pid}")
        command = (folder / "cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
        return kind((folder / "status").read_text(errors="replace"), os.readlink(folder / "exe"), command)
    except OSError:
        return ""
