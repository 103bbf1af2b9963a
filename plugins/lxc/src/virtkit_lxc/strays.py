"""What is left of containers that nobody knows of: removed when a root is taken over.

A container is on record before there is anything of it, and until nothing of it is left. So there is none but where an
earlier owner could not remove it, since the kernel had not let go of it yet, or where its record was lost.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.errors import VirtError
from virtkit_lxc import cgroups, mounting, runtime

if TYPE_CHECKING:
    from virtkit_lxc.state import LxcState

RUN = re.compile(r"[0-9]+-")
"""How the name of a run's folder begins."""

_log = logging.getLogger(__name__)


def sweep(state: LxcState) -> None:
    """Remove control groups and folders of runs that nobody knows of. What has processes is left, and logged."""
    runs = [guest.run for guest in state.domains.active() if guest.run is not None]
    known = {run.folder for run in runs}
    for folder in state.folders.run.iterdir():
        if RUN.match(folder.name) and folder.is_dir() and folder not in known:
            _remove_folder(folder)
    groups = {f"{run.cgroup}{suffix}" for run in runs for suffix in cgroups.SUFFIXES}
    for top in _groups(state):
        if f"{cgroups.PARENT}/{top.name}" not in groups and not cgroups.prune(top):
            _log.error("control group %s is of no container that is known: end the processes in it", top)


def _groups(state: LxcState) -> Iterator[Path]:
    """The groups of all containers of a root."""
    parents = [mount / cgroups.PARENT for mount in state.layout.mounts()]
    found = [top for parent in parents if parent.is_dir() for top in parent.glob("*-*") if top.is_dir()]
    if found:  # else a daemon without containers saves what `family` takes
        family = cgroups.family(str(state.folders.run)).rpartition("/")[2]
        yield from (top for top in found if top.name.startswith(family))


def _remove_folder(folder: Path) -> None:
    if runtime.monitor_of(folder) is not None:
        _log.error("%s is of no container that is known, and its monitor runs: end that", folder)
        return
    try:
        mounting.unmount(folder)
    except VirtError as error:
        _log.error("%s is of no container that is known, and something is mounted in it: %s", folder, error)
    else:
        shutil.rmtree(folder, ignore_errors=True)
