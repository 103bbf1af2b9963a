"""What there is of containers on this host."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from virtkit_lxc import rootless
from virtkit_lxc.cgroups import Layout, family


def needs_containers(*, root: bool = True) -> None:
    """Skip the test where no container can be started.

    Args:
        root: It needs those of root; those of a plain user will not do.
    """
    reason = rootless.without_namespaces() if os.geteuid() and not root else None
    if os.geteuid() and (root or reason):
        pytest.skip(reason or "starting containers needs root")
    for program in ("lxc-start", "busybox"):
        if not shutil.which(program):
            pytest.skip(f"starting containers needs {program}")
    if os.geteuid():
        return
    if not any("cgroup" in line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()):
        pytest.skip("starting containers needs control groups")
    if not os.access("/sys/fs/cgroup", os.W_OK):
        pytest.skip("starting containers needs control groups that can be written")


def remains(root: Path) -> dict[str, set[str]]:
    """Everything that is there of containers whose state is under a root; empty when nothing is."""
    found = {"monitors": _monitors(root), "mounts": _mounts(root), "groups": _groups(root)}
    return {what: each for what, each in found.items() if each}


def _monitors(root: Path) -> set[str]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            told = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if (told.startswith(("[lxc monitor]", "lxc-")) or " -F -- " in told) and str(root) in told:
                found.add(f"{path.parent.name}: {told}")
    return found


def _mounts(root: Path) -> set[str]:
    return {line for line in Path("/proc/self/mounts").read_text().splitlines() if str(root) in line}


def _groups(root: Path) -> set[str]:
    return {str(path) for mount in Layout.read().mounts() for path in mount.glob(f"{family(str(root))}*")}
