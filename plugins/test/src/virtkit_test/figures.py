"""What the simulator's domains tell of themselves. The counters follow the host's clock by libvirt's formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time_ns
from typing import TYPE_CHECKING

from virtkit.enums import (
    ConnectGetAllDomainStatsFlags,
    DomainControlState,
    DomainMemoryFlags,
    DomainMemoryStatTags,
    DomainMessageType,
    DomainStatsTypes,
    ErrorDomain,
    TypedParameterFlags,
    VcpuState,
)
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError, OperationInvalidError
from virtkit.hookspecs.domain_statistics import DomainStatisticsSpec
from virtkit.params import BOOLEAN, INT, UINT, ULLONG, TypedParams
from virtkit.records import ControlInfo, DomainInfo, DomainStateReason, DomainStats, InterfaceStats, VcpuInfo
from virtkit.spec import quick
from virtkit_test.definition import listed
from virtkit_test.devices import find_interface
from virtkit_test.domain import BOOT_TIME, IMPACT, Domain, check_impact, definition_of, vcpus
from virtkit_test.filters import refuse
from virtkit_test.pins import cpumap

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

OS_TYPE = "linux"
"""Every simulated domain says so, whatever its definition has."""

CPU_STATS = {"cpu_time": 48772617035, "user_time": 5540000000, "system_time": 6460000000}
VCPU_STATS = {"cpu_time": 24386308517, "vcpu_time": 23151740627}
"""Of CPU 0; each next one has 1 ns more."""

STATS = DomainStatsTypes.STATE | DomainStatsTypes.IOTHREAD
LIST_OPTIONS = (
    ConnectGetAllDomainStatsFlags.NOWAIT
    | ConnectGetAllDomainStatsFlags.BACKING
    | ConnectGetAllDomainStatsFlags.ENFORCE_STATS
)
LIST_FILTERS = sum(ConnectGetAllDomainStatsFlags) & ~LIST_OPTIONS

PEEK_LIMIT = 1 << 20

PERF_EVENTS = (
    "cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions",
    "branch_misses", "bus_cycles", "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock",
    "task_clock", "page_faults", "context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj",
    "alignment_faults", "emulation_faults",
)  # fmt: skip


def clock() -> int:
    """What the counters follow: microseconds since 1970."""
    return time_ns() // 1000


class FiguresPart(DomainStatisticsSpec["TestState"]):
    """The functions about state and statistics of domains."""

    @quick
    def domain_get_info(self, conn: TestState, dom: DomainRef) -> DomainInfo:
        # tuple.__new__ takes half the time of the record's own constructor, which is most of this call.
        return tuple.__new__(DomainInfo, (*conn.domains.by_ref(dom).figures, time_ns()))

    @quick
    def domain_get_state(self, conn: TestState, dom: DomainRef, flags: int) -> DomainStateReason:
        refuse("domain_get_state", flags)
        domain = conn.domains.by_ref(dom)
        return DomainStateReason(domain.state, domain.reason)

    @quick
    def domain_get_control_info(self, conn: TestState, dom: DomainRef, flags: int) -> ControlInfo:
        refuse("domain_get_control_info", flags)
        conn.domains.by_ref(dom).require_active()
        return ControlInfo(DomainControlState.OK, 0, 0)

    @quick
    def domain_get_os_type(self, conn: TestState, dom: DomainRef) -> str:
        conn.domains.by_ref(dom)
        return OS_TYPE

    @quick
    def domain_get_messages(self, conn: TestState, dom: DomainRef, flags: int) -> list[str]:
        refuse("domain_get_messages", flags & ~(DomainMessageType.DEPRECATION | DomainMessageType.TAINTING))
        conn.domains.by_ref(dom)
        return []

    @quick
    def domain_get_vcpus(self, conn: TestState, dom: DomainRef) -> list[VcpuInfo]:
        domain = conn.domains.by_ref(dom)
        if not domain.active:
            raise OperationInvalidError(f"domain {domain.name!r} is not running: start it first", domain=TEST)
        pins = {pin.vcpu: pin.cpuset for pin in domain.document.cpu_tune.vcpu_pins}
        found, now = [], clock() // 10
        for number in range(vcpus(domain.document)):
            cpus = cpumap(pins.get(number), conn.node.cpus)
            last = int.from_bytes(cpus, "little").bit_length() - 1
            found.append(VcpuInfo(number, VcpuState.RUNNING, now, last, cpus))
        return found

    @quick
    def domain_get_cpu_stats(
        self, conn: TestState, dom: DomainRef, start_cpu: int, ncpus: int, flags: int
    ) -> list[TypedParams]:
        refuse("domain_get_cpu_stats", flags & ~TypedParameterFlags.STRING_OKAY)
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        if start_cpu == -1:
            return [TypedParams.all_of(ULLONG, CPU_STATS)]
        count = vcpus(domain.document)
        if not 0 <= start_cpu < count:
            raise InvalidArgError(f"domain {domain.name!r} has CPUs 0 to {count - 1}, not {start_cpu}", domain=TEST)
        return [
            TypedParams.all_of(ULLONG, {name: value + number for name, value in VCPU_STATS.items()})
            for number in range(start_cpu, min(start_cpu + ncpus, count) if ncpus else count)
        ]

    @quick
    def domain_memory_stats(self, conn: TestState, dom: DomainRef, flags: int) -> dict[DomainMemoryStatTags, int]:
        refuse("domain_memory_stats", flags)
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        actual = domain.document.current_memory or 0
        tags = DomainMemoryStatTags
        return {
            tags.ACTUAL_BALLOON: actual,
            tags.SWAP_IN: 0,
            tags.SWAP_OUT: 0,
            tags.MAJOR_FAULT: 0,
            tags.MINOR_FAULT: 0,
            tags.UNUSED: actual // 2,
            tags.AVAILABLE: actual,
            tags.USABLE: actual // 2,
            tags.LAST_UPDATE: BOOT_TIME.seconds,
            tags.DISK_CACHES: actual // 8,
            tags.HUGETLB_PGALLOC: 0,
            tags.HUGETLB_PGFAIL: 0,
            tags.RSS: actual // 2,
        }

    @quick
    def domain_memory_peek(self, conn: TestState, dom: DomainRef, offset: int, size: int, flags: int) -> bytes:
        if flags not in (DomainMemoryFlags.VIRTUAL, DomainMemoryFlags.PHYSICAL):
            raise InvalidArgError("domain_memory_peek needs one of the flags VIRTUAL and PHYSICAL", domain=TEST)
        if not 0 <= size <= PEEK_LIMIT:
            raise InvalidArgError(f"domain_memory_peek reads at most {PEEK_LIMIT} bytes, not {size}", domain=TEST)
        conn.domains.by_ref(dom).require_active()
        return bytes((offset + place) % 256 for place in range(size))

    @quick
    def domain_interface_stats(self, conn: TestState, dom: DomainRef, device: str) -> InterfaceStats:
        domain = conn.domains.by_ref(dom)
        domain.require_active()
        find_interface(domain.document, device)
        now = clock()
        seconds = now // 1_000_000
        return InterfaceStats(
            now // 10, now // 100, seconds, seconds // 2, now // 20, now // 110, seconds // 3, seconds // 4
        )

    @quick
    def domain_get_perf_events(self, conn: TestState, dom: DomainRef, flags: int) -> TypedParams:
        document = definition_of(conn, dom, flags, "domain_get_perf_events", TypedParameterFlags.STRING_OKAY)
        enabled = {event.name: bool(event.enabled) for event in document.perf.events}
        return TypedParams.all_of(BOOLEAN, {name: enabled.get(name, False) for name in PERF_EVENTS})

    @quick
    def domain_set_perf_events(self, conn: TestState, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        from virtkit.xml.domain.features import PerfEvent

        refuse("domain_set_perf_events", flags & ~IMPACT)
        unknown = ", ".join(sorted(params.keys() - set(PERF_EVENTS)))
        if unknown:
            raise ArgumentUnsupportedError(f"there are no performance events {unknown}")
        check_impact("domain_set_perf_events", flags)
        with conn.domains.hold(dom, "domain_set_perf_events") as domain:
            document = domain.definition(flags)
            events = {event.name: event for event in document.perf.events}
            for name, enabled in params.items():
                events.setdefault(name, PerfEvent(name=name)).enabled = bool(enabled)
            document.perf.events = [events[name] for name in PERF_EVENTS if name in events]

    @quick
    def connect_get_all_domain_stats(
        self, conn: TestState, doms: Sequence[DomainRef], stats: int, flags: int
    ) -> list[DomainStats]:
        if flags & ConnectGetAllDomainStatsFlags.ENFORCE_STATS and stats & ~STATS:
            raise ArgumentUnsupportedError(
                f"the simulator does not know the statistics {stats & ~STATS:#x}: ask for {STATS:#x} only", domain=TEST
            )
        refuse("connect_get_all_domain_stats", flags & ~(LIST_FILTERS | LIST_OPTIONS))
        domains = listed(conn, flags & LIST_FILTERS, "connect_get_all_domain_stats")
        if doms:
            wanted = {dom.uuid for dom in doms}
            domains = [domain for domain in domains if domain.uuid in wanted]
        groups = int(stats or STATS)
        return [DomainStats(domain.ref, _stats(domain, groups)) for domain in domains]


STATE, IOTHREAD = int(DomainStatsTypes.STATE), int(DomainStatsTypes.IOTHREAD)
"""As plain numbers: with those of the enumeration, asking for the groups of a domain takes longer than all the rest."""

STATE_KINDS = {"state.state": INT, "state.reason": INT}


def _stats(domain: Domain, groups: int) -> TypedParams:
    if groups & STATE:
        state = {"state.state": int(domain.state), "state.reason": int(domain.reason)}
        params = TypedParams(state, STATE_KINDS)
    else:
        params = TypedParams()
    if groups & IOTHREAD and domain.polling and domain.active:
        params.put("iothread.count", UINT, len(domain.polling))
        for number, polling in sorted(domain.polling.items()):
            params.put(f"iothread.{number}.poll-max-ns", ULLONG, polling.max_ns)
            params.put(f"iothread.{number}.poll-grow", UINT, polling.grow)
            params.put(f"iothread.{number}.poll-shrink", UINT, polling.shrink)
    return params
