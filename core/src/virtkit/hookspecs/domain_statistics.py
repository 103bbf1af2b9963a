"""TODO-DOC module domain_statistics."""

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
    """TODO-DOC class domain_statistics."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @accessor(acl="domain:read", readonly=True, since="0.0.3")
    def domain_get_info(self, conn: S, dom: DomainRef) -> DomainInfo:
        """TODO-DOC virDomainGetInfo."""
        raise not_supported("domain_get_info")

    @accessor(acl="domain:read", readonly=True, since="0.0.3", may_block=False)
    def domain_get_max_memory(self, conn: S, dom: DomainRef) -> int:
        """TODO-DOC virDomainGetMaxMemory."""
        raise not_supported("domain_get_max_memory")

    @accessor(acl="domain:read", readonly=True, since="0.2.1", may_block=False)
    def domain_get_max_vcpus(self, conn: S, dom: DomainRef) -> int:
        """TODO-DOC virDomainGetMaxVcpus."""
        raise not_supported("domain_get_max_vcpus")

    @accessor(acl="domain:read", readonly=True, since="0.0.3", may_block=False)
    def domain_get_os_type(self, conn: S, dom: DomainRef) -> str:
        """TODO-DOC virDomainGetOSType."""
        raise not_supported("domain_get_os_type")

    @accessor(acl="domain:read", readonly=True, since="0.1.4", may_block=False)
    def domain_get_vcpus(self, conn: S, dom: DomainRef) -> list[VcpuInfo]:
        """TODO-DOC virDomainGetVcpus."""
        raise not_supported("domain_get_vcpus")

    @accessor(acl="domain:read", readonly=True, since="0.3.2", may_block=False)
    def domain_interface_stats(self, conn: S, dom: DomainRef, device: str) -> InterfaceStats:
        """TODO-DOC virDomainInterfaceStats."""
        raise not_supported("domain_interface_stats")

    @accessor(acl="domain:read", readonly=True, since="0.7.5")
    def domain_memory_stats(self, conn: S, dom: DomainRef, flags: int) -> dict[DomainMemoryStatTags, int]:
        """TODO-DOC virDomainMemoryStats."""
        raise not_supported("domain_memory_stats")

    @accessor(acl="domain:read", readonly=True, since="0.9.2", may_block=False)
    def domain_get_state(self, conn: S, dom: DomainRef, flags: int) -> DomainStateReason:
        """TODO-DOC virDomainGetState."""
        raise not_supported("domain_get_state")

    @accessor(acl="domain:read", readonly=True, since="0.9.3", may_block=False)
    def domain_get_control_info(self, conn: S, dom: DomainRef, flags: int) -> ControlInfo:
        """TODO-DOC virDomainGetControlInfo."""
        raise not_supported("domain_get_control_info")

    @accessor(acl="domain:read", readonly=True, since="0.9.10")
    def domain_get_cpu_stats(
        self, conn: S, dom: DomainRef, start_cpu: int, ncpus: int, flags: int
    ) -> list[TypedParams]:
        """TODO-DOC virDomainGetCPUStats."""
        raise not_supported("domain_get_cpu_stats")

    @accessor(acl="connect:search_domains", readonly=True, filters="domain:read", since="1.2.8")
    def connect_get_all_domain_stats(
        self, conn: S, doms: Sequence[DomainRef], stats: int, flags: int
    ) -> list[DomainStats]:
        """TODO-DOC virConnectGetAllDomainStats."""
        raise not_supported("connect_get_all_domain_stats")

    @accessor(acl="domain:read", readonly=True, since="1.3.3")
    def domain_get_perf_events(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetPerfEvents."""
        raise not_supported("domain_get_perf_events")

    @accessor(acl="domain:write", since="1.3.3")
    def domain_set_perf_events(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virDomainSetPerfEvents."""
        raise not_supported("domain_set_perf_events")

    @accessor(acl="domain:read", readonly=True, since="7.1.0")
    def domain_get_messages(self, conn: S, dom: DomainRef, flags: int) -> list[str]:
        """TODO-DOC virDomainGetMessages."""
        raise not_supported("domain_get_messages")

    @operation(acl="domain:mem_read", since="0.4.2")
    def domain_memory_peek(self, conn: S, dom: DomainRef, offset: int, size: int, flags: int) -> bytes:
        """TODO-DOC virDomainMemoryPeek."""
        raise not_supported("domain_memory_peek")

    @operation(acl="domain:write", since="7.2.0")
    def domain_start_dirty_rate_calc(self, conn: S, dom: DomainRef, seconds: int, flags: int) -> None:
        """TODO-DOC virDomainStartDirtyRateCalc."""
        raise not_supported("domain_start_dirty_rate_calc")

    @job(acl="domain:read", readonly=True, since="0.7.7")
    def domain_get_job_info(self, conn: S, dom: DomainRef) -> JobInfo:
        """TODO-DOC virDomainGetJobInfo."""
        raise not_supported("domain_get_job_info")

    @job(acl="domain:write", since="0.7.7")
    def domain_abort_job(self, conn: S, dom: DomainRef) -> None:
        """TODO-DOC virDomainAbortJob."""
        raise not_supported("domain_abort_job")

    @job(acl="domain:read", readonly=True, since="1.0.3")
    def domain_get_job_stats(self, conn: S, dom: DomainRef, flags: int) -> JobStats:
        """TODO-DOC virDomainGetJobStats."""
        raise not_supported("domain_get_job_stats")

    @job(acl="domain:write", since="8.5.0")
    def domain_abort_job_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """TODO-DOC virDomainAbortJobFlags."""
        raise not_supported("domain_abort_job_flags")
