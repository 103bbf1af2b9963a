"""What a container is given: memory, and its share of CPU time. Changes of one that runs go to its control groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from virtkit.constants import DOMAIN_MEMORY_PARAM_UNLIMITED as UNLIMITED
from virtkit.enums import DomainMemoryModFlags, DomainVcpuFlags, ErrorDomain, TypedParameterFlags
from virtkit.errors import InvalidArgError, OperationInvalidError
from virtkit.events import DomainTunableEvent
from virtkit.hookspecs.domain_resources import DomainResourcesSpec
from virtkit.params import LLONG, ULLONG, TypedParams
from virtkit.services.guests import impact
from virtkit.services.guests.guest import Figures
from virtkit.spec import quick
from virtkit_lxc import cgroups
from virtkit_lxc.changes import change
from virtkit_lxc.definition import refuse

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.cgroups import Layout
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState, Session

LXC = ErrorDomain.LXC

ASKED = impact.BITS | TypedParameterFlags.STRING_OKAY
"""Flags of a question for parameters."""

SCHEDULER = "posix"

SCHEDULING = {
    "cpu_shares": ("shares", 2, 262_144),
    "vcpu_period": ("period", 1000, 1_000_000),
    "vcpu_quota": ("quota", -(2**63), 17_592_186_044_415),
}
"""Parameter -> its field of `<cputune>`, and its range. Of a quota, 0 and less are none."""

LIMITS = ("hard_limit", "soft_limit", "swap_hard_limit")

TUNABLES = {"hard_limit": "memory.limit", "soft_limit": "memory.soft"}

FIRST_LIMITS = {
    "hard_limit": "memory.limit_in_bytes",
    "soft_limit": "memory.soft_limit_in_bytes",
    "swap_hard_limit": "memory.memsw.limit_in_bytes",
}
SECOND_LIMITS = {"hard_limit": "memory.max", "soft_limit": "memory.high"}
"""Files that tell the limits; version 2 counts memory and swap apart."""

DEFAULT_PERIOD = 100_000


class ResourcesPart(DomainResourcesSpec["Session"]):
    """The functions of the driver about memory and CPU time."""

    @quick
    def domain_get_vcpus_flags(self, conn: Session, dom: DomainRef, flags: int) -> int:
        refuse("domain_get_vcpus_flags", flags, impact.BITS | DomainVcpuFlags.MAXIMUM)
        figures = Figures.of(impact.document(conn.read().by_ref(dom), flags))
        return figures.max_vcpus if flags & DomainVcpuFlags.MAXIMUM else figures.vcpus

    def domain_set_memory_flags(self, conn: Session, dom: DomainRef, memory: int, flags: int) -> None:
        refuse("domain_set_memory_flags", flags, impact.BITS | DomainMemoryModFlags.MAXIMUM)
        if memory <= 0:
            raise InvalidArgError(f"domain {dom.name!r} cannot have {memory} KiB of memory", domain=LXC)
        most = bool(flags & DomainMemoryModFlags.MAXIMUM)

        def apply(state: LxcState, guest: Container, run: Run) -> None:
            if most:
                raise OperationInvalidError(
                    f"{guest.subject} is running, and the most it can have is fixed: use CONFIG", domain=LXC
                )
            _limit(state.layout, run, {"hard_limit": memory})

        change(conn, dom, "domain_set_memory_flags", flags, partial(_give, memory=memory, most=most), apply)

    def domain_get_memory_parameters(self, conn: Session, dom: DomainRef, flags: int) -> TypedParams:
        refuse("domain_get_memory_parameters", flags, ASKED)
        guest = conn.read().by_ref(dom)
        if guest.run is not None and impact.document(guest, flags) is guest.run.live:
            return TypedParams.all_of(ULLONG, _limits(conn.state.layout, guest.run))
        tune = impact.document(guest, flags).mem_tune
        return TypedParams.all_of(ULLONG, {name: getattr(tune, name) or UNLIMITED for name in LIMITS})

    def domain_set_memory_parameters(
        self, conn: Session, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        refuse("domain_set_memory_parameters", flags, impact.BITS)
        wanted = _numbers(params, dict.fromkeys(LIMITS, (0, UNLIMITED)))

        def edit(domain: Domain) -> None:
            for name, size in wanted.items():
                setattr(domain.mem_tune, name, size if size < UNLIMITED else None)
            tune = domain.mem_tune
            if tune.swap_hard_limit and (tune.hard_limit or 0) > tune.swap_hard_limit:
                raise InvalidArgError(
                    f"domain {dom.name!r} would have a hard_limit above its swap_hard_limit: raise that too", domain=LXC
                )

        def apply(state: LxcState, guest: Container, run: Run) -> None:
            _limit(state.layout, run, wanted)

        change(conn, dom, "domain_set_memory_parameters", flags, edit, apply)

    @quick
    def domain_get_scheduler_type(self, conn: Session, dom: DomainRef) -> str:
        conn.read().by_ref(dom)
        return SCHEDULER

    def domain_get_scheduler_parameters_flags(self, conn: Session, dom: DomainRef, flags: int) -> TypedParams:
        refuse("domain_get_scheduler_parameters_flags", flags, ASKED)
        guest = conn.read().by_ref(dom)
        document = impact.document(guest, flags)
        if guest.run is not None and document is guest.run.live:
            shares, period, quota = _share(conn.state.layout, guest.run)
        else:
            tune = document.cpu_tune
            shares, period, quota = tune.shares or 0, tune.period or 0, tune.quota or 0
        told = TypedParams().put("cpu_shares", ULLONG, shares)
        return told.put("vcpu_period", ULLONG, period).put("vcpu_quota", LLONG, quota)

    def domain_set_scheduler_parameters_flags(
        self, conn: Session, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        refuse("domain_set_scheduler_parameters_flags", flags, impact.BITS)
        wanted = _numbers(params, {name: (low, high) for name, (_, low, high) in SCHEDULING.items()})

        def edit(domain: Domain) -> None:
            for name, value in wanted.items():
                setattr(domain.cpu_tune, SCHEDULING[name][0], value)

        def apply(state: LxcState, guest: Container, run: Run) -> None:
            if "cpu_shares" in wanted:
                cgroups.write(state.layout, run.cgroup, "cpu.shares", wanted["cpu_shares"])
            if wanted.keys() - {"cpu_shares"}:
                _, period, quota = _share(state.layout, run)
                pair = wanted.get("vcpu_quota", quota), wanted.get("vcpu_period", period)
                cgroups.write(state.layout, run.cgroup, "cpu.quota", pair)

        state, guest, live = change(conn, dom, "domain_set_scheduler_parameters_flags", flags, edit, apply)
        if live and wanted:
            told = TypedParams()
            for name, value in wanted.items():
                told.put(f"cputune.{name}", LLONG if name == "vcpu_quota" else ULLONG, value)
            state.publish(guest, DomainTunableEvent(told))


def _numbers(params: Mapping[str, Value], ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The parameters as numbers.

    Raises:
        InvalidArgError: One is not known, no whole number, or out of range.
    """
    found: dict[str, int] = {}
    for name, value in params.items():
        if name not in ranges:
            raise InvalidArgError(f"containers have no parameter {name!r}, only {', '.join(ranges)}", domain=LXC)
        low, high = ranges[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidArgError(f"{name} is a number from {low} to {high}, not {value!r}", domain=LXC)
        found[name] = value
    return found


def _give(domain: Domain, *, memory: int, most: bool) -> None:
    """Write an amount of memory into a document."""
    from virtkit.xml.domain.tune import Memory

    domain.memory = domain.memory or Memory()
    size = domain.memory.size or 0
    if most:
        domain.memory.size = memory
        domain.current_memory = min(domain.current_memory or memory, memory)
    elif memory > size:
        raise InvalidArgError(
            f"domain {domain.name!r} can have {size} KiB of memory at the most, not {memory}: raise the most first",
            domain=LXC,
        )
    else:
        domain.current_memory = memory


def _limit(layout: Layout, run: Run, wanted: Mapping[str, int]) -> None:
    """Set limits, in KiB, of a container that runs.

    Memory alone is never above memory with swap: what is raised is raised from the outside, what is lowered from the
    inside.
    """
    now = _limits(layout, run)
    names = [name for name in LIMITS if name in wanted]
    if wanted.get("swap_hard_limit", 0) > now["swap_hard_limit"]:
        names.reverse()
    for name in names:
        size = wanted[name] * 1024 if wanted[name] < UNLIMITED else -1
        if name != "swap_hard_limit":
            cgroups.write(layout, run.cgroup, TUNABLES[name], _said(layout, size))
        else:
            alone = wanted.get("hard_limit", now["hard_limit"]) * 1024
            cgroups.write(layout, run.cgroup, "memory.swap", (size, alone))


def _said(layout: Layout, size: int) -> object:
    return size if size >= 0 or layout.version("memory") == 1 else "max"


def _limits(layout: Layout, run: Run) -> dict[str, int]:
    """The limits of a container that runs, in KiB."""
    files = FIRST_LIMITS if layout.version("memory") == 1 else SECOND_LIMITS
    found = {name: _size(cgroups.read_file(layout, "memory", run.cgroup, file)) for name, file in files.items()}
    if "swap_hard_limit" not in found:
        swap = _size(cgroups.read_file(layout, "memory", run.cgroup, "memory.swap.max"))
        found["swap_hard_limit"] = min(found["hard_limit"] + swap, UNLIMITED)
    return found


def _size(text: str | None) -> int:
    """KiB; a limit that the kernel writes as its highest number is none."""
    if text is None or not text.isdigit():
        return UNLIMITED
    size = int(text) // 1024
    return size if size < UNLIMITED - 4 else UNLIMITED


def _share(layout: Layout, run: Run) -> tuple[int, int, int]:
    """Weight, period and quota of a container that runs; periods and quotas in us, -1 is no quota."""
    if layout.version("cpu") == 1:
        files = ("cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us")
        shares, period, quota = (cgroups.read_file(layout, "cpu", run.cgroup, file) for file in files)
        return int(shares or 0), int(period or DEFAULT_PERIOD), int(quota or -1)
    quota, _, period = (cgroups.read_file(layout, "cpu", run.cgroup, "cpu.max") or "max").partition(" ")
    shares = cgroups.read_file(layout, "cpu", run.cgroup, "cpu.weight")
    return int(shares or 0), int(period or DEFAULT_PERIOD), int(quota) if quota.isdigit() else -1
