"""How a container is and what it uses."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from virtkit.enums import ConnectGetAllDomainStatsFlags as Flags
from virtkit.enums import (
    DomainControlErrorReason,
    DomainControlState,
    DomainMemoryStatTags,
    ErrorDomain,
    TypedParameterFlags,
)
from virtkit.enums import DomainStatsTypes as Types
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError, OperationTimeoutError
from virtkit.hookspecs.domain_block import DomainBlockSpec
from virtkit.network.links import Links
from virtkit.network.ownership import device_of, find
from virtkit.network.traffic import seen_from_guest
from virtkit.params import INT, LLONG, STRING, UINT, ULLONG, TypedParams
from virtkit.records import BlockStats, ControlInfo, DomainInfo, DomainStats, InterfaceStats
from virtkit.services import node
from virtkit.services.guests.states import StatesPart
from virtkit.spec import quick
from virtkit_lxc import interfaces, usage
from virtkit_lxc.definition import admitted, refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit_lxc.cgroups import Layout
    from virtkit_lxc.container import Container
    from virtkit_lxc.state import Session
    from virtkit_lxc.usage import Traffic

LXC = ErrorDomain.LXC

OK = ControlInfo(DomainControlState.OK, DomainControlErrorReason.NONE, 0)

GROUPS = Types.STATE | Types.CPU_TOTAL | Types.BALLOON | Types.INTERFACE | Types.BLOCK
HOW = Flags.NOWAIT | Flags.BACKING | Flags.ENFORCE_STATS
"""Groups that bulk statistics know, and their flags that do not choose guests."""

FIELDS = ("bytes", "pkts", "errs", "drop")
"""Of each way of an interface, in the order of `InterfaceStats`."""

TOTAL = -1
"""Stands for all CPUs together."""


class StatisticsPart(StatesPart["Session"]):
    """The functions of the driver about states and figures."""

    @quick
    def domain_get_info(self, conn: Session, dom: DomainRef) -> DomainInfo:
        guest = conn.read().by_ref(dom)
        run, figures = guest.run, guest.figures()
        if run is None:
            return DomainInfo(guest.state, figures.memory, figures.current, figures.vcpus, 0)
        layout = conn.state.layout
        used = usage.memory(layout, run.cgroup, run.pid)
        return DomainInfo(
            guest.state, figures.memory, used, figures.vcpus, usage.cpu(layout, run.cgroup, run.pid).total
        )

    @quick
    def domain_get_control_info(self, conn: Session, dom: DomainRef, flags: int) -> ControlInfo:
        refuse("domain_get_control_info", flags)
        domains = conn.read()
        guest = domains.by_ref(dom)
        guest.running()
        try:
            with domains.lock_of(guest).hold("domain_get_control_info", timeout=0):
                return OK
        except OperationTimeoutError:
            return ControlInfo(DomainControlState.OCCUPIED, DomainControlErrorReason.NONE, 0)

    def domain_memory_stats(self, conn: Session, dom: DomainRef, flags: int) -> dict[DomainMemoryStatTags, int]:
        refuse("domain_memory_stats", flags)
        guest = conn.read().by_ref(dom)
        run, layout, tags = guest.running(), conn.state.layout, DomainMemoryStatTags
        told = {tags.ACTUAL_BALLOON: guest.figures().current, tags.RSS: usage.memory(layout, run.cgroup, run.pid)}
        swapped = usage.swapped(layout, run.cgroup)
        if swapped is not None:
            told[tags.SWAP_IN] = swapped  # as libvirt's driver of containers has it: what is in swap, not what came in
        counted = usage.memory_counters(layout, run.cgroup)
        names = {"major": tags.MAJOR_FAULT, "minor": tags.MINOR_FAULT, "cache": tags.DISK_CACHES}
        return told | {tag: counted[name] for name, tag in names.items() if name in counted}

    def domain_get_cpu_stats(
        self, conn: Session, dom: DomainRef, start_cpu: int, ncpus: int, flags: int
    ) -> list[TypedParams]:
        refuse("domain_get_cpu_stats", flags, TypedParameterFlags.STRING_OKAY)
        run, layout = conn.read().by_ref(dom).running(), conn.state.layout
        if start_cpu == TOTAL:
            if ncpus != 1:
                raise InvalidArgError("the total of all CPUs is one: ask for 1", domain=LXC)
            times = usage.cpu(layout, run.cgroup, run.pid)
            names = {"cpu_time": times.total, "user_time": times.user, "system_time": times.system}
            return [TypedParams.all_of(ULLONG, names)]
        present = max(node.present()) + 1
        if not 0 <= start_cpu < present:
            raise InvalidArgError(f"the host has CPUs 0 to {present - 1}, not {start_cpu}", domain=LXC)
        each = usage.cpu_each(layout, run.cgroup)
        if not each:
            raise ArgumentUnsupportedError(
                "control groups of version 2 do not count the time of each CPU: ask for the total, -1", domain=LXC
            )
        online, last = set(node.online()), min(present, start_cpu + ncpus) if ncpus else present
        return [
            TypedParams.all_of(ULLONG, {"cpu_time": each[cpu]}) if cpu in online and cpu < len(each) else TypedParams()
            for cpu in range(start_cpu, last)
        ]

    def domain_interface_stats(self, conn: Session, dom: DomainRef, device: str) -> InterfaceStats:
        interface = find(conn.read().by_ref(dom).running().live, device, LXC)
        with Links(domain=LXC) as links:
            counters = links.counters().get(device_of(interface) or "")
        if counters is None:
            raise InvalidArgError(
                f"interface {device!r} of domain {dom.name!r} has no device on this host, so nothing is counted",
                domain=LXC,
            )
        return seen_from_guest(counters, interface)

    def connect_get_all_domain_stats(
        self, conn: Session, doms: Sequence[DomainRef], stats: int, flags: int
    ) -> list[DomainStats]:
        if flags & Flags.ENFORCE_STATS and stats & ~GROUPS:
            raise ArgumentUnsupportedError(
                f"statistics {stats & ~GROUPS:#x} are not known here: ask for {int(GROUPS):#x} only", domain=LXC
            )
        groups = stats & GROUPS if stats else int(GROUPS)
        wanted = {dom.uuid for dom in doms}
        guests = [guest for guest in conn.read().all() if not wanted or guest.uuid in wanted]
        guests = admitted(guests, flags & ~HOW)
        known: Mapping[str, Mapping[str, int]] = {}
        if groups & Types.INTERFACE and any(guest.run and interfaces.plugged(guest.run.live) for guest in guests):
            with Links(domain=LXC) as links:
                known = links.counters()
        return [DomainStats(guest.ref, _collect(conn.state.layout, guest, groups, known)) for guest in guests]


class BlockStatisticsPart(DomainBlockSpec["Session"]):
    """The functions of the driver about the disks of containers."""

    def domain_block_stats(self, conn: Session, dom: DomainRef, path: str) -> BlockStats:
        found = _block(conn, dom, path)
        return BlockStats(found.read_requests, found.read_bytes, found.write_requests, found.write_bytes, -1)

    def domain_block_stats_flags(self, conn: Session, dom: DomainRef, path: str, flags: int) -> TypedParams:
        refuse("domain_block_stats_flags", flags, TypedParameterFlags.STRING_OKAY)
        found = _block(conn, dom, path)
        names = ("rd_operations", "rd_bytes", "wr_operations", "wr_bytes")
        return TypedParams.all_of(LLONG, dict(zip(names, found, strict=True)))


def _block(conn: Session, dom: DomainRef, path: str) -> Traffic:
    """What a container did with a disk; with all block devices where the path is empty."""
    guest = conn.read().by_ref(dom)
    run = guest.running()
    counted = usage.devices(conn.state.layout, run.cgroup)
    if not path:
        return usage.Traffic(*(sum(each) for each in zip(*counted.values(), strict=True))) if counted else NOTHING
    for disk in run.live.devices.disks:
        source = disk.source.dev if disk.source else None
        if source and path in (source, disk.target.dev if disk.target else None):
            return counted.get(_number(source), NOTHING)
    raise InvalidArgError(f"{guest.subject} has no disk {path!r}: see its XML", domain=LXC)


NOTHING = usage.Traffic(0, 0, 0, 0)


def _number(path: str) -> str:
    try:
        device = os.stat(path).st_rdev
    except OSError:
        return ""
    return f"{os.major(device)}:{os.minor(device)}"


def _collect(layout: Layout, guest: Container, groups: int, known: Mapping[str, Mapping[str, int]]) -> TypedParams:
    """The statistics of a container, of the groups asked for."""
    params, run = TypedParams(), guest.run
    if groups & Types.STATE:
        params.put("state.state", INT, int(guest.state)).put("state.reason", INT, int(guest.reason))
    if groups & Types.CPU_TOTAL and run is not None:
        for name, value in zip(("time", "user", "system"), usage.cpu(layout, run.cgroup, run.pid), strict=True):
            params.put(f"cpu.{name}", ULLONG, value)
    if groups & Types.BALLOON:
        figures = guest.figures()
        params.put("balloon.current", ULLONG, figures.current).put("balloon.maximum", ULLONG, figures.memory)
        if run is not None:
            params.put("balloon.rss", ULLONG, usage.memory(layout, run.cgroup, run.pid))
    if groups & Types.INTERFACE and run is not None:
        _interfaces(params, guest, known)
    if groups & Types.BLOCK and run is not None:
        _disks(params, layout, guest)
    return params


def _interfaces(params: TypedParams, guest: Container, known: Mapping[str, Mapping[str, int]]) -> None:
    found = guest.running().live.devices.interfaces
    params.put("net.count", UINT, len(found))
    for number, interface in enumerate(found):
        device = device_of(interface)
        if device is None:
            continue
        params.put(f"net.{number}.name", STRING, device)
        if device in known:
            figures = seen_from_guest(known[device], interface)
            names = [f"net.{number}.{way}.{field}" for way in ("rx", "tx") for field in FIELDS]
            for name, value in zip(names, figures, strict=True):
                params.put(name, ULLONG, value)


def _disks(params: TypedParams, layout: Layout, guest: Container) -> None:
    run = guest.running()
    counted = usage.devices(layout, run.cgroup)
    params.put("block.count", UINT, len(run.live.devices.disks))
    for number, disk in enumerate(run.live.devices.disks):
        source = (disk.source.dev if disk.source else None) or ""
        traffic = counted.get(_number(source), NOTHING)
        params.put(f"block.{number}.name", STRING, (disk.target.dev if disk.target else None) or "")
        params.put(f"block.{number}.path", STRING, source)
        for name, value in zip(("rd.reqs", "rd.bytes", "wr.reqs", "wr.bytes"), traffic, strict=True):
            params.put(f"block.{number}.{name}", ULLONG, value)
