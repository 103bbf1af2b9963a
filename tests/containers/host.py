"""What there is of containers on this host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from virtkit_lxc import rootless
from virtkit_lxc.cgroups import Layout, family

PROGRAMS = ("lxc-start", "lxc-attach", "mount")
"""Programs that work for containers, and name the root they are of."""

NETWORK = os.readlink("/proc/self/ns/net")
"""The network of this process, before a test has entered its own."""

LINK = re.compile(r"vnet\d+|vk[0-9a-f]{10}|macvtap\d+|phys\w{6}|ifb-.+")
RULE = re.compile(r"\bvnet\d+\b")
"""Names of links of containers, and how one is named in a packet filter."""


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
    """Everything that is there of containers whose state is under a root; empty when nothing is.

    Of a thread that is in a network namespace of its own also the links and the packet filters that are there of any
    container; on the host's own network they are others'.
    """
    found = {
        "processes": _programs(root) | _members(root),
        "mounts": _mounts(root),
        "groups": {str(group) for group in _groups(root)},
        "links": _links() if _in_own_network() else set(),
        "rules": _rules() if _in_own_network() else set(),
    }
    return {what: each for what, each in found.items() if each}


def _programs(root: Path) -> set[str]:
    """Programs that run for containers of a root, by what they tell of themselves."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            told = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            program = os.path.basename(told.partition(" ")[0])
            ours = told.startswith("[lxc monitor] ") or f" -P {root} " in told or program in PROGRAMS
            if ours and str(root) in told:
                found.add(f"{path.parent.name}: {told}")
    return found


def _members(root: Path) -> set[str]:
    """The processes in the groups of a root, and in those below them."""
    found = set()
    for group in _groups(root):
        for folder, _, _ in os.walk(group):  # groups may go meanwhile
            with suppress(OSError):
                found.update(Path(folder, "cgroup.procs").read_text().split())
    return found


def _in_own_network() -> bool:
    return os.readlink("/proc/thread-self/ns/net") != NETWORK


def _links() -> set[str]:
    """The ends of pairs on the host, those that move into containers, what liblxc calls one on its way, and queues."""
    told = subprocess.run(["ip", "-br", "link"], check=True, capture_output=True, text=True, timeout=30).stdout
    names = {line.split()[0].partition("@")[0] for line in told.splitlines()}
    return {name for name in names if LINK.fullmatch(name)}


def _rules() -> set[str]:
    """Lines of packet filters that name an end of a pair."""
    if not shutil.which("nft"):
        return set()
    told = subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True, text=True, timeout=30).stdout
    return {line.strip() for line in told.splitlines() if RULE.search(line)}


def _mounts(root: Path) -> set[str]:
    return {line for line in Path("/proc/self/mounts").read_text().splitlines() if str(root) in line}


def _groups(root: Path) -> set[Path]:
    return {path for mount in Layout.read().mounts() for path in mount.glob(f"{family(str(root))}*")}
