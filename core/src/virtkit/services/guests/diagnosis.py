"""What the drivers of hypervisors need of the host alike, for `virtkit doctor`."""

from __future__ import annotations

import os
from pathlib import Path

from virtkit.driver import Finding
from virtkit.store import Root


def folders(driver: str) -> list[Finding]:
    """The folders of a driver: the system's for root, else the user's own."""
    root = Root.system() if os.geteuid() == 0 else Root.session()
    return [_folder(folder) for folder in root.driver(driver)[:4]]


def _folder(folder: Path) -> Finding:
    """Whether a folder can be written, or made where it is missing."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return Finding(str(folder), True, "writable" if there == folder else "made when needed")
    return Finding(str(folder), False, f"{there} cannot be written: nothing can be defined", f"chown $USER {there}")
