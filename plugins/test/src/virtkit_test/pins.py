"""CPU maps: bytes with a bit per CPU, as callers hold them, and sets such as `0-3`, as definitions do."""

from __future__ import annotations


def cpumap(cpus: str | None, count: int) -> bytes:
    """The map of `count` CPUs for a set; None is all of them."""
    from virtkit.xml.domain.cpuset import members

    numbers = set(range(count)) if cpus is None else members(cpus)
    bits = sum(1 << number for number in numbers if number < count)
    return bits.to_bytes((count + 7) // 8, "little")


def cpuset(cpumap: bytes, count: int) -> str:
    """The set for a map; CPUs from `count` on do not exist."""
    from virtkit.xml.domain.cpuset import written

    bits = int.from_bytes(cpumap, "little")
    return written(number for number in range(count) if bits >> number & 1)
