"""What the logs of a container say: how its init ended, why it did not start, what it last wrote to its console."""

from __future__ import annotations

import os
import re
from pathlib import Path

from virtkit_lxc.configuration import CONSOLE_LOG, LOG

QUOTED_BYTES = 2048
"""Of the output of a container that an error message quotes."""

_STATUS = re.compile(rb"lxc-start [^\n]* Child <(\d+)> ended on (error|signal)[^\n]*\((\d+)\)")
_STARTED = re.compile(rb"lxc-start [^\n]* Started \"[^\n]*\" with pid \"(\d+)\"$", re.MULTILINE)
_COMPLAINT = re.compile(r" ERROR +\S+ - [^ ]+ - (.*)$", re.MULTILINE)
_HARMLESS = ("Failed to drop supplimentary groups", 'Failed to set "gid" to "5"')
"""Errors that liblxc meets and gets over where a container has one id."""
_CONSEQUENCES = ("An error occurred in another process", "Received container state", "Failed to spawn container")


def statuses(folder: Path) -> dict[int, int]:
    """How inits ended, by pid: exit status, negative is the signal. One that ended with 0 is not among them.

    Raises:
        FileNotFoundError: There is no log.
    """
    found = _STATUS.findall((folder / LOG).read_bytes())
    return {int(pid): -int(status) if how == b"signal" else int(status) for pid, how, status in found}


def last_init(folder: Path) -> int | None:
    """The pid of the init that was started last; None: none was.

    Raises:
        FileNotFoundError: There is no log.
    """
    found = _STARTED.findall((folder / LOG).read_bytes())
    return int(found[-1]) if found else None


def has_complaint(folder: Path) -> bool:
    """Whether liblxc has met an error."""
    return bool(_complaints(folder))


def complaint(folder: Path) -> str:
    """Why liblxc could not start a container, and what that wrote."""
    found = _complaints(folder)
    causes = [line for line in found if not line.startswith(_CONSEQUENCES)]
    said = [*dict.fromkeys(causes or found), last_words(folder)]
    return "; ".join(filter(None, said)) or "liblxc does not say why"


def _complaints(folder: Path) -> list[str]:
    found: list[str] = _COMPLAINT.findall((folder / LOG).read_text(errors="replace"))
    return [line for line in found if not any(harmless in line for harmless in _HARMLESS)]


def last_words(folder: Path) -> str:
    """The end of what a container wrote to its console."""
    path = folder / CONSOLE_LOG
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.path.getsize(path) - QUOTED_BYTES))
            return file.read().decode(errors="replace").strip().replace("\r\n", "\n")
    except OSError:
        return ""
