"""Limits of a container: lines for the control groups of the version that this host has for each controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit_lxc.cgroups import PIVOT, settings

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.plan import Plan

DEVICES = ("c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:1", "c 5:2", "c 136:*")
"""null, zero, full, random, urandom, tty, console, ptmx and the pseudo terminals."""


def lines(domain: Domain, plan: Plan) -> Iterator[tuple[str, object]]:
    """Where the control groups are, and what they limit; a plain user's are made by `delegation`."""
    if plan.layout.delegated:
        return
    yield "lxc.cgroup.dir.container", plan.cgroup
    yield "lxc.cgroup.dir.container.inner", "inner"  # what the container sees: it cannot reach its limits above
    yield "lxc.cgroup.dir.monitor", f"{plan.cgroup}.monitor"
    yield "lxc.cgroup.dir.monitor.pivot", PIVOT
    for version, file, value in settings(domain, plan.layout, plan.numbers, plan.pids):
        yield f"lxc.cgroup{'2' if version == 2 else ''}.{file}", value
    key = "lxc.cgroup2.devices" if plan.layout.version("devices") == 2 else "lxc.cgroup.devices"
    yield f"{key}.deny", "a"
    for device in DEVICES:
        yield f"{key}.allow", f"{device} rwm"
    for node in plan.nodes:
        yield f"{key}.allow", f"{node.kind} {node.major}:{node.minor} {'rwm' if node.writable else 'rm'}"
