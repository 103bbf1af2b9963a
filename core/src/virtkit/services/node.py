"""The machine under us, as its kernel tells it in /proc and /sys."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from virtkit.records import NodeCpuMap, NodeInfo

CPUS = Path("/sys/devices/system/cpu")
NODES = Path("/sys/devices/system/node")
KSM = Path("/sys/kernel/mm/ksm")
"""Where the kernel tells how it merges equal pages."""

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

# Columns of /proc/stat: user nice system idle iowait irq softirq steal.
_COLUMNS = {"user": (0, 1), "kernel": (2, 5, 6), "idle": (3,), "iowait": (4,)}


def cpu_set(text: str) -> list[int]:
    """The numbers in a list of the kernel's such as `0-3,8`."""
    numbers: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def ranges(numbers: list[int]) -> str:
    """The opposite: numbers in order as `0-3,8`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)


def online() -> list[int]:
    """Numbers of the CPUs online."""
    return cpu_set((CPUS / "online").read_text())


def present() -> list[int]:
    """Numbers of the CPUs there are."""
    return cpu_set((CPUS / "present").read_text())


def cpu_map() -> NodeCpuMap:
    """The CPUs and which of them are online."""
    running = online()
    covered = max(present()) + 1
    bits = sum(1 << number for number in running)
    return NodeCpuMap(bits.to_bytes((covered + 7) // 8, "little"), len(running), covered)


def cells() -> list[int]:
    """Numbers of the NUMA cells; [0] on a host without NUMA."""
    found = sorted(int(path.name[4:]) for path in NODES.glob("node[0-9]*"))
    return found or [0]


def cell_cpus(cell: int) -> list[int]:
    """Numbers of the CPUs of a cell that are online."""
    path = NODES / f"node{cell}" / "cpulist"
    return cpu_set(path.read_text()) if path.exists() else online()


def memory() -> dict[str, int]:
    """The figures of /proc/meminfo, in KiB."""
    return _sizes(Path("/proc/meminfo").read_text())


def cell_memory(cell: int) -> dict[str, int]:
    """The same of one cell, as far as the kernel counts it."""
    path = NODES / f"node{cell}" / "meminfo"
    return _sizes(path.read_text()) if path.exists() else memory()


def cpu_times(number: int | None) -> dict[str, int] | None:
    """Nanoseconds that a CPU has spent since boot, by what it did.

    Args:
        number: The CPU; None: all together.

    Returns:
        None when no such CPU is online.
    """
    wanted = "cpu" if number is None else f"cpu{number}"
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == wanted:
            return {kind: sum(int(fields[at]) for at in places) * TICK_NS for kind, places in _COLUMNS.items()}
    return None


def huge_pages(cell: int | None, size: int) -> Path | None:
    """The folder in which the kernel counts huge pages.

    Args:
        cell: Of this NUMA cell; None: of the whole host.
        size: Size of a page, in KiB.

    Returns:
        None when there are none of that size.
    """
    folder = Path("/sys/kernel/mm") if cell is None or not (NODES / f"node{cell}").exists() else NODES / f"node{cell}"
    found = folder / "hugepages" / f"hugepages-{size}kB"
    return found if found.is_dir() else None


def page_size() -> int:
    """The size of the normal pages, in KiB."""
    return os.sysconf("SC_PAGE_SIZE") // 1024


class Place(NamedTuple):
    """Where a CPU sits."""

    socket: int
    die: int
    core: int


@cache
def place(number: int) -> Place:
    """Where a CPU sits."""
    return Place(*(_topology(number, name) for name in ("physical_package_id", "die_id", "core_id")))


def siblings(number: int) -> list[int]:
    """The CPUs that share a core with this one, itself included."""
    path = CPUS / f"cpu{number}" / "topology" / "thread_siblings_list"
    return cpu_set(path.read_text()) if path.exists() else [number]


def info() -> NodeInfo:
    """The size of the host."""
    running = online()
    nodes = [cell_cpus(cell) for cell in cells()]
    sockets = {len({place(cpu).socket for cpu in cpus}) for cpus in nodes}
    cores_of: dict[int, set[tuple[int, int]]] = {}
    for cpu in running:
        cores_of.setdefault(place(cpu).socket, set()).add(place(cpu)[1:])
    cores = {len(found) for found in cores_of.values()}
    threads = {len(siblings(cpu)) for cpu in running}
    shape = (len(nodes), max(sockets), max(cores), max(threads))
    if not len(sockets) == len(cores) == len(threads) == 1 or shape[0] * shape[1] * shape[2] * shape[3] < len(running):
        shape = (1, 1, len(running), 1)
    return NodeInfo(os.uname().machine, memory()["MemTotal"], len(running), _mhz(), *shape)


def _topology(number: int, name: str) -> int:
    path = CPUS / f"cpu{number}" / "topology" / name
    return max(int(path.read_text()), 0) if path.exists() else 0


def _mhz() -> int:
    found = re.search(r"^(?:cpu MHz|clock)\s*:\s*(\d+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _sizes(text: str) -> dict[str, int]:
    return {name: int(size) for name, size in re.findall(r"(\w+):\s+(\d+) kB", text)}
