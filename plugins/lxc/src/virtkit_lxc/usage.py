"""What a container uses, as its control groups count it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from virtkit_lxc import census, cgroups
from virtkit_lxc.cgroups import Layout

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Time(NamedTuple):
    """Nanoseconds of CPU time."""

    total: int
    user: int
    system: int


class Traffic(NamedTuple):
    """What went between a container and a block device."""

    read_requests: int
    read_bytes: int
    write_requests: int
    write_bytes: int


def cpu(layout: Layout, group: str, init: int | None = None) -> Time:
    """CPU time since the start; where no group counts it, that of the processes around an init; else zeros."""
    if layout.version("cpuacct") == 1:
        told = _numbers(cgroups.read_file(layout, "cpuacct", group, "cpuacct.stat"))
        total = int(cgroups.read_file(layout, "cpuacct", group, "cpuacct.usage") or 0)
        return Time(total, told.get("user", 0) * TICK_NS, told.get("system", 0) * TICK_NS)
    told = _numbers(cgroups.read_file(layout, "cpu", group, "cpu.stat"))
    if not told and init is not None:
        return Time(*census.cpu(init))
    return Time(*(told.get(name, 0) * 1000 for name in ("usage_usec", "user_usec", "system_usec")))


def cpu_each(layout: Layout, group: str) -> list[int]:
    """CPU time by CPU of the host; empty with control groups of version 2, which do not tell."""
    told = cgroups.read_file(layout, "cpuacct", group, "cpuacct.usage_percpu")
    return [int(each) for each in (told or "").split()]


def memory(layout: Layout, group: str, init: int | None = None) -> int:
    """Memory in use, in KiB, with the files that the kernel keeps in it for the container.

    Where no group counts it, it is that of the processes around an init.
    """
    file = "memory.usage_in_bytes" if layout.version("memory") == 1 else "memory.current"
    told = cgroups.read_file(layout, "memory", group, file)
    if told is None and init is not None:
        return census.memory(init)
    return int(told or 0) // 1024


def swapped(layout: Layout, group: str) -> int | None:
    """Memory that is swapped out, in KiB; None: nothing counts it."""
    if layout.version("memory") == 1:
        files = ("memory.memsw.usage_in_bytes", "memory.usage_in_bytes")
        both, alone = (cgroups.read_file(layout, "memory", group, file) for file in files)
        return max(int(both) - int(alone), 0) // 1024 if both and alone else None
    told = cgroups.read_file(layout, "memory", group, "memory.swap.current")
    return int(told) // 1024 if told else None


def memory_counters(layout: Layout, group: str) -> Mapping[str, int]:
    """What memory.stat counts with the groups below: `major`, `minor` faults, and `cache` in KiB, as far as known."""
    told = _numbers(cgroups.read_file(layout, "memory", group, "memory.stat"))
    start, cache = ("total_", "total_cache") if layout.version("memory") == 1 else ("", "file")
    if not told:
        return {}
    major = told.get(f"{start}pgmajfault", 0)
    minor = told.get(f"{start}pgfault", 0) - major
    return {"major": major, "minor": minor, "cache": told.get(cache, 0) // 1024}


def devices(layout: Layout, group: str) -> Mapping[str, Traffic]:
    """What went through each block device of the host: `MAJOR:MINOR` -> traffic."""
    if layout.version("blkio") == 1:
        requests = _first(cgroups.read_file(layout, "blkio", group, "blkio.throttle.io_serviced_recursive"))
        sizes = _first(cgroups.read_file(layout, "blkio", group, "blkio.throttle.io_service_bytes_recursive"))
        return {
            number: Traffic(
                requests.get(number, {}).get("Read", 0),
                told.get("Read", 0),
                requests.get(number, {}).get("Write", 0),
                told.get("Write", 0),
            )
            for number, told in sizes.items()
        }
    found: dict[str, Traffic] = {}
    for number, *fields in _split(cgroups.read_file(layout, "io", group, "io.stat")):
        told = {name: int(value) for name, _, value in (field.partition("=") for field in fields) if value.isdigit()}
        found[number] = Traffic(*(told.get(name, 0) for name in ("rios", "rbytes", "wios", "wbytes")))
    return found


def _numbers(text: str | None) -> dict[str, int]:
    return {fields[0]: int(fields[1]) for fields in _split(text) if len(fields) == 2}


def _first(text: str | None) -> dict[str, dict[str, int]]:
    """Lines `8:0 Read 4096` of version 1."""
    found: dict[str, dict[str, int]] = {}
    for fields in _split(text):
        if len(fields) == 3:
            found.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    return found


def _split(text: str | None) -> Iterator[list[str]]:
    for line in (text or "").splitlines():
        fields = line.split()
        if fields:
            yield fields
