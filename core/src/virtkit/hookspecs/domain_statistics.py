"""Ask what a domain does: its state, its counters, the jobs on it.

Three hooks carry the rest. `domain_get_info` is the cheap summary that every driver implements: `domain_get_state`,
`domain_get_max_memory` and, in part, the bulk statistics are derived from it. `domain_get_state` adds the reason.
`connect_get_all_domain_stats` answers for many domains in one call, which is what monitoring programs use; a driver
implements it itself once it has counters to show.

A *job* is one long operation on a domain as a whole: a start, save, restore, dump, migration, snapshot or backup
(`virtkit.enums.DomainJobOperation`). One runs at a time and excludes changes to the domain, but not destroying it.
`domain_get_job_stats` watches it, `domain_abort_job_flags` ends it, the event JOB_COMPLETED tells its outcome. Jobs on
single disks are another matter: `domain_block`.

Nothing here may hang on a guest that does not answer: the hooks that ask it wait a bounded time and then leave out what
they do not know. Statistics of disks are in `domain_block`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, job, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.enums import DomainMemoryStatTags
    from virtkit.params import TypedParams, Value
    from virtkit.records import (
        ControlInfo,
        DomainInfo,
        DomainStateReason,
        DomainStats,
        InterfaceStats,
        JobInfo,
        JobStats,
        VcpuInfo,
    )
    from virtkit.refs import DomainRef


class DomainStatisticsSpec(Spec[S]):
    """State, statistics and jobs of domains."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # State

    @accessor(acl="domain:read", readonly=True, since="0.0.3")
    def domain_get_info(self, conn: S, dom: DomainRef) -> DomainInfo:
        """Summarise a domain: state, memory, vCPUs and CPU time.

        It is called often, for many domains in a row.

        Returns:
            `state`; `max_mem`, the most memory the guest may have, and `memory`, what it has now, both in KiB;
            `nr_virt_cpu`; `cpu_time` in ns that the guest has used since it was started, 0 while it does not run. For
            an inactive domain memory and vCPUs are those of its definition.
        """
        raise not_supported("domain_get_info")

    @accessor(acl="domain:read", readonly=True, since="0.9.2")
    def domain_get_state(self, conn: S, dom: DomainRef, flags: int) -> DomainStateReason:
        """Tell a domain's state and how it came into it. Derived from `domain_get_info`, without the reason.

        Returns:
            The state, and as reason a number of the enumeration that belongs to it:
            `virtkit.enums.DomainRunningReason`, `DomainPausedReason`, `DomainShutoffReason`, `DomainShutdownReason`,
            `DomainCrashedReason`, `DomainPMSuspendedReason`. 0 is an unknown reason in each.
        """
        raise not_supported("domain_get_state")

    @accessor(acl="domain:read", readonly=True, since="0.9.3", may_block=False)
    def domain_get_control_info(self, conn: S, dom: DomainRef, flags: int) -> ControlInfo:
        """Tell whether the channel through which the driver controls a running domain is free.

        Answered from what the driver knows, without using the channel.

        Returns:
            `state` OK, JOB (a job runs), OCCUPIED (an answer is awaited) or ERROR of
            `virtkit.enums.DomainControlState`; `details`, with ERROR a `virtkit.enums.DomainControlErrorReason`, else
            0; `state_time`, the ms since the state was entered, 0 with OK.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_control_info")

    @accessor(acl="domain:read", readonly=True, since="0.0.3", may_block=False)
    def domain_get_os_type(self, conn: S, dom: DomainRef) -> str:
        """Tell what kind of operating system interface the domain offers its guest.

        Returns:
            The text of `os/type` in the XML: `hvm`, `exe`, `xen`, `linux`, ...
        """
        raise not_supported("domain_get_os_type")

    @accessor(acl="domain:read", readonly=True, since="7.1.0")
    def domain_get_messages(self, conn: S, dom: DomainRef, flags: int) -> list[str]:
        """List what the driver has to remark on a domain's configuration.

        Args:
            flags: `virtkit.enums.DomainMessageType` as bits: DEPRECATION, the configuration uses what is going away;
                TAINTING, it does what voids support (a custom command line, a host CPU passed through). 0: both.

        Returns:
            Sentences; empty if there is nothing to say.
        """
        raise not_supported("domain_get_messages")

    # Memory and CPU

    @accessor(acl="domain:read", readonly=True, since="0.0.3")
    def domain_get_max_memory(self, conn: S, dom: DomainRef) -> int:
        """Tell the most memory a domain may have, in KiB. Derived from `domain_get_info`."""
        raise not_supported("domain_get_max_memory")

    @accessor(acl="domain:read", readonly=True, since="0.2.1")
    def domain_get_max_vcpus(self, conn: S, dom: DomainRef) -> int:
        """Tell the most vCPUs a running domain may have. Derived from `domain_get_vcpus_flags`, with LIVE and MAXIMUM.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_max_vcpus")

    @accessor(acl="domain:read", readonly=True, since="0.1.4", may_block=False)
    def domain_get_vcpus(self, conn: S, dom: DomainRef) -> list[VcpuInfo]:
        """Tell for each online vCPU of a running domain what it does and where it may run.

        Returns:
            One entry per online vCPU, by number: its state (`virtkit.enums.VcpuState`), its CPU time in ns, the host
            CPU it was last on (`virtkit.enums.VcpuHostCpuState` where that is unknown), and the map of host CPUs it may
            use, with a bit for every host CPU. Callers that want fewer entries or shorter maps are served by the core.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_vcpus")

    @accessor(acl="domain:read", readonly=True, since="0.9.10")
    def domain_get_cpu_stats(
        self, conn: S, dom: DomainRef, start_cpu: int, ncpus: int, flags: int
    ) -> list[TypedParams]:
        """Tell how much host CPU time a running domain has used, in total or per host CPU.

        Args:
            start_cpu: -1 for the total, else the first host CPU to answer for.
            ncpus: How many host CPUs from there on. 1 with the total. 0: all from there on.

        Returns:
            For the total one set of parameters: `cpu_time`, and `user_time` and `system_time` where known. Per CPU one
            set each: `cpu_time`, which counts the hypervisor too, and `vcpu_time`, which does not. All ULLONG, in ns
            since the start. CPUs that are offline have empty sets; the list ends with the last CPU of the host.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: `start_cpu` is below -1 or past the last host CPU, or -1 with more than one CPU asked for.
        """
        raise not_supported("domain_get_cpu_stats")

    @accessor(acl="domain:read", readonly=True, since="0.7.5")
    def domain_memory_stats(self, conn: S, dom: DomainRef, flags: int) -> dict[DomainMemoryStatTags, int]:
        """Tell what a running guest does with its memory, as its balloon device reports it.

        The guest reports in the interval that `domain_set_memory_stats_period` sets; what it never reported is left
        out.

        Returns:
            By `virtkit.enums.DomainMemoryStatTags`. KiB: SWAP_IN, SWAP_OUT, UNUSED, AVAILABLE, USABLE, ACTUAL_BALLOON,
            DISK_CACHES, and RSS, which is the host's memory in use for the guest. Counts: MAJOR_FAULT, MINOR_FAULT,
            HUGETLB_PGALLOC, HUGETLB_PGFAIL. LAST_UPDATE is in seconds since 1970.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_memory_stats")

    @operation(acl="domain:mem_read", since="0.4.2")
    def domain_memory_peek(self, conn: S, dom: DomainRef, offset: int, size: int, flags: int) -> bytes:
        """Read bytes of a running guest's memory, while it runs.

        Args:
            offset: Address of the first byte.
            size: Number of bytes, at most 4 MiB.
            flags: `virtkit.enums.DomainMemoryFlags`, exactly one: VIRTUAL, an address as the current vCPU sees it, or
                PHYSICAL.

        Returns:
            `size` bytes.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: Both kinds of address, or neither; too much at once.
            OperationFailedError: There is no memory at that address.
        """
        raise not_supported("domain_memory_peek")

    @operation(acl="domain:write", since="7.2.0")
    def domain_start_dirty_rate_calc(self, conn: S, dom: DomainRef, seconds: int, flags: int) -> None:
        """Start to measure how fast a running guest changes its memory, and return.

        The result is in the DIRTYRATE group of `connect_get_all_domain_stats`.

        Args:
            seconds: How long to measure, 1 to 60.
            flags: `virtkit.enums.DomainDirtyRateCalcFlags`, one mode: PAGE_SAMPLING (0) looks at some pages,
                DIRTY_BITMAP counts them all, DIRTY_RING counts them per vCPU.

        Raises:
            OperationInvalidError: The domain does not run, or is being measured already.
            InvalidArgError: `seconds` is out of range; more than one mode.
            OperationUnsupportedError: The hypervisor does not have that mode.
        """
        raise not_supported("domain_start_dirty_rate_calc")

    # Interfaces, events of the CPU

    @accessor(acl="domain:read", readonly=True, since="0.3.2", may_block=False)
    def domain_interface_stats(self, conn: S, dom: DomainRef, device: str) -> InterfaceStats:
        """Tell what went through one network interface of a running domain, seen from the guest.

        Args:
            device: Target name of the interface on the host (`vnet0`), or its MAC address.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: It has no such interface.
        """
        raise not_supported("domain_interface_stats")

    @accessor(acl="domain:read", readonly=True, since="1.3.3")
    def domain_get_perf_events(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Tell which CPU performance events are counted for a domain.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            For every event the driver knows (`PERF_PARAM_*` of `virtkit.constants`) a BOOLEAN: whether it is counted.
        """
        raise not_supported("domain_get_perf_events")

    @accessor(acl="domain:write", since="1.3.3")
    def domain_set_perf_events(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """Choose which CPU performance events are counted for a domain. Events that are not named stay as they are.

        The counters are in the PERF group of `connect_get_all_domain_stats`.

        Args:
            params: Event name (`PERF_PARAM_*` of `virtkit.constants`) -> bool.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Unknown event.
            OperationUnsupportedError: The host does not count it.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_perf_events")

    # Many domains at once

    @accessor(acl="connect:search_domains", readonly=True, filters="domain:read", since="1.2.8")
    def connect_get_all_domain_stats(
        self, conn: S, doms: Sequence[DomainRef], stats: int, flags: int
    ) -> list[DomainStats]:
        """Answer statistics of many domains in one call. Derived in part from `domain_get_info`.

        Derived are the groups STATE, CPU_TOTAL and BALLOON, without what a guest would have to be asked for. A driver
        that implements the hook collects each group once for all domains where it can (one read of the host's counters,
        one exchange with each guest).

        The fields are libvirt's: lists have a `NAME.count` and entries `NAME.0.FIELD`, `NAME.1.FIELD`, ... A field that
        does not apply or is not known is left out, and so is a group that does not apply to an inactive domain.

        Args:
            doms: The domains to answer for; empty: all that `flags` admits. One that is gone is left out.
            stats: `virtkit.enums.DomainStatsTypes`, the groups to answer: STATE, CPU_TOTAL, BALLOON, VCPU, INTERFACE,
                BLOCK, PERF, IOTHREAD, MEMORY, DIRTYRATE, VM. 0: all the driver has. Bits of groups it has not are
                ignored, unless ENFORCE_STATS is set.
            flags: `virtkit.enums.ConnectGetAllDomainStatsFlags`. ACTIVE to OTHER filter as in
                `connect_list_all_domains`. NOWAIT answers at once for a domain that is busy, with what needs no guest.
                BACKING adds the files below each disk to BLOCK. ENFORCE_STATS refuses groups the driver has not.

        Returns:
            One record per domain: its reference and its parameters, named and typed as in libvirt's table of
            statistics.

        Raises:
            ArgumentUnsupportedError: ENFORCE_STATS, and a group that the driver has not.
        """
        raise not_supported("connect_get_all_domain_stats")

    # Jobs

    @job(acl="domain:read", readonly=True, since="1.0.3")
    def domain_get_job_stats(self, conn: S, dom: DomainRef, flags: int) -> JobStats:
        """Tell how far the job on a domain is, or how the last one ended.

        Args:
            flags: `virtkit.enums.DomainGetJobStatsFlags`. COMPLETED asks for the last finished job; its record is
                dropped when read, unless KEEP_COMPLETED is set as well.

        Returns:
            `type` is a `virtkit.enums.DomainJobType`: NONE if there is no job, with no parameters; BOUNDED if the end
            can be foreseen, else UNBOUNDED; of a finished one COMPLETED, FAILED or CANCELLED. The parameters are named
            by `DOMAIN_JOB_*` of `virtkit.constants`: `operation` (INT, a `virtkit.enums.DomainJobOperation`), times in
            ms, sizes in bytes and speeds in bytes/s, all ULLONG; of a finished one `success` (BOOLEAN) and `errmsg`.

        Raises:
            OperationInvalidError: The domain does not run, unless COMPLETED is asked for.
            InvalidArgError: KEEP_COMPLETED without COMPLETED.
        """
        raise not_supported("domain_get_job_stats")

    @job(acl="domain:read", readonly=True, since="0.7.7")
    def domain_get_job_info(self, conn: S, dom: DomainRef) -> JobInfo:
        """Tell how far the job on a domain is. Derived from `domain_get_job_stats`.

        Returns:
            Times in ms, sizes in bytes, 0 where the job does not count it; type NONE and zeros if there is no job.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_job_info")

    @job(acl="domain:write", since="8.5.0")
    def domain_abort_job_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """End the job on a domain and wait until it has ended.

        What the job had begun is undone: files are removed, the guest goes on where it was. The call that started the
        job raises `OperationAbortedError`.

        Args:
            flags: `virtkit.enums.DomainAbortJobFlags`. POSTCOPY gives up a migration whose guest runs at the
                destination already: it stays there paused, and the migration may be resumed.

        Raises:
            OperationInvalidError: There is no job, the domain does not run, or the job cannot be aborted (any more): an
                incoming migration; an outgoing one in post-copy without POSTCOPY, or the reverse.
        """
        raise not_supported("domain_abort_job_flags")

    @job(acl="domain:write", since="0.7.7")
    def domain_abort_job(self, conn: S, dom: DomainRef) -> None:
        """End the job on a domain. Derived from `domain_abort_job_flags`, with no flags."""
        raise not_supported("domain_abort_job")
