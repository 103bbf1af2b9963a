"""What a running domain is doing: state, counters, jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.enums import DomainMemoryStatTags
    from virtkit.params import TypedParams, Value
    from virtkit.records import (
        ControlInfo,
        DomainInfo,
        DomainStateReason,
        InterfaceStats,
        JobInfo,
        JobStats,
        VcpuInfo,
    )


class DomainStatistics(NamedUUIDHandle[DomainRef]):
    """State, counters and jobs."""

    __slots__ = ()

    def info(self) -> DomainInfo:
        """State, memory (KiB), number of vCPUs and CPU time (ns)."""
        return self.connection.ops["domain_get_info"](self.ref)

    def state(self, flags: int = 0) -> DomainStateReason:
        """The state, and the reason as a value of the enumeration for that state."""
        return self.connection.ops["domain_get_state"](self.ref, flags)

    def control_info(self, flags: int = 0) -> ControlInfo:
        """Whether the driver can talk to the running guest's hypervisor process, and since when."""
        return self.connection.ops["domain_get_control_info"](self.ref, flags)

    def os_type(self) -> str:
        """The kind of guest: `hvm`, `exe`, `linux`, ..."""
        return self.connection.ops["domain_get_os_type"](self.ref)

    def max_memory(self) -> int:
        """The most memory it can have, in KiB."""
        return self.connection.ops["domain_get_max_memory"](self.ref)

    def max_vcpus(self) -> int:
        """The most vCPUs it can have; while it does not run, what its definition says."""
        return self.connection.ops["domain_get_max_vcpus"](self.ref)

    def vcpus(self) -> list[VcpuInfo]:
        """What each vCPU of the running domain does and may run on."""
        return self.connection.ops["domain_get_vcpus"](self.ref)

    def cpu_stats(self, start_cpu: int = -1, ncpus: int = 1, flags: int = 0) -> list[TypedParams]:
        """Host CPU time it used (ns): `virtkit.constants.DOMAIN_CPU_STATS_*`.

        Args:
            start_cpu: -1 for the total of all host CPUs, else the first one to answer for.
            ncpus: How many from there on; 0 is all, 1 goes with the total.
            flags: None is defined.
        """
        return self.connection.ops["domain_get_cpu_stats"](self.ref, start_cpu, ncpus, flags)

    def memory_stats(self, flags: int = 0) -> dict[DomainMemoryStatTags, int]:
        """Memory as the guest and the host see it, in KiB and faults; only what is known."""
        return self.connection.ops["domain_memory_stats"](self.ref, flags)

    def interface_stats(self, device: str) -> InterfaceStats:
        """Traffic of an interface, named by its MAC address or its device on the host such as `vnet0`."""
        return self.connection.ops["domain_interface_stats"](self.ref, device)

    def perf_events(self, flags: int = 0) -> TypedParams:
        """Which performance counters are on: `virtkit.constants.PERF_PARAM_*`."""
        return self.connection.ops["domain_get_perf_events"](self.ref, flags)

    def set_perf_events(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Switch performance counters; names as in `perf_events`, flags `virtkit.enums.DomainModificationImpact`."""
        self.connection.ops["domain_set_perf_events"](self.ref, params, flags)

    def messages(self, flags: int = 0) -> list[str]:
        """What is doubtful about it, in sentences; `virtkit.enums.DomainMessageType` chooses, 0 is all."""
        return self.connection.ops["domain_get_messages"](self.ref, flags)

    def memory_peek(self, offset: int, size: int, flags: int) -> bytes:
        """Read up to 4 MiB of the running guest's memory; exactly one of `virtkit.enums.DomainMemoryFlags`."""
        return self.connection.ops["domain_memory_peek"](self.ref, offset, size, flags)

    def start_dirty_rate_calc(self, seconds: int, flags: int = 0) -> None:
        """Measure for 1 to 60 seconds how fast the guest writes memory; `virtkit.enums.DomainDirtyRateCalcFlags`.

        The result is in the dirty rate group of `Connection.domain_stats`.
        """
        self.connection.ops["domain_start_dirty_rate_calc"](self.ref, seconds, flags)

    # Jobs

    def job_info(self) -> JobInfo:
        """The job that runs on it; its type is NONE where there is none."""
        return self.connection.ops["domain_get_job_info"](self.ref)

    def job_stats(self, flags: int = 0) -> JobStats:
        """The job in more detail, or the last one; `virtkit.enums.DomainGetJobStatsFlags`."""
        return self.connection.ops["domain_get_job_stats"](self.ref, flags)

    def abort_job(self, flags: int = 0) -> None:
        """Stop the job; `virtkit.enums.DomainAbortJobFlags`.

        Raises:
            OperationInvalidError: There is none, or it cannot be stopped.
        """
        self.connection.ops["domain_abort_job_flags"](self.ref, flags)
