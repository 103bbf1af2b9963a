"""What a container uses that is in no control group: its processes are found and counted one by one.

Rough: what a process used that ended unseen by its parent is not counted. Memory is the share of each (PSS).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from virtkit_lxc.processes import fields_of

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Ticks(NamedTuple):
    """CPU time of a process and of its ended children, in clock ticks."""

    user: int
    system: int


def processes(init: int) -> list[int]:
    """The processes of a container: those in the pid namespace of its init, and in namespaces that they made."""
    parents = dict(_parents())
    wanted = _namespace(init)
    inside = {pid for pid in parents if wanted and _namespace(pid) == wanted}

    def belongs(pid: int) -> bool:
        while pid not in inside and pid in parents:
            pid = parents[pid]
        return pid in inside

    return sorted(pid for pid in parents if belongs(pid))


def cpu(init: int) -> tuple[int, int, int]:
    """Nanoseconds of CPU time: in all, in programs, in the kernel."""
    found = [ticks for pid in processes(init) if (ticks := _ticks(pid))]
    user, system = (sum(each) * TICK_NS for each in (zip(*found, strict=True) if found else ((), ())))
    return user + system, user, system


def memory(init: int) -> int:
    """Memory in use, in KiB."""
    return sum(_share(pid) for pid in processes(init))


def _parents() -> Iterator[tuple[int, int]]:
    """All processes of the host, and the parent of each."""
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := fields_of(int(name))):
            yield int(name), int(fields[1])


def _namespace(pid: int) -> str | None:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/pid")
    return None


def _ticks(pid: int) -> Ticks | None:
    fields = fields_of(pid)
    if not fields:
        return None
    user, system, children_user, children_system = (int(each) for each in fields[11:15])
    return Ticks(user + children_user, system + children_system)


def _share(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
