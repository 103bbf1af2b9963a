"""TODO-DOC module domain_resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import IothreadInfo
    from virtkit.refs import DomainRef


class DomainResourcesSpec(Spec[S]):
    """TODO-DOC class domain_resources."""

    error_domain = 20  # VIR_FROM_DOMAIN

    @accessor(acl="domain:write", since="0.1.4")
    def domain_pin_vcpu(self, conn: S, dom: DomainRef, vcpu: int, cpumap: bytes) -> None:
        """TODO-DOC virDomainPinVcpu."""
        raise not_supported("domain_pin_vcpu")

    @accessor(acl="domain:write", since="0.0.3", may_block=False)
    def domain_set_max_memory(self, conn: S, dom: DomainRef, memory: int) -> None:
        """TODO-DOC virDomainSetMaxMemory."""
        raise not_supported("domain_set_max_memory")

    @accessor(acl="domain:write", since="0.1.1")
    def domain_set_memory(self, conn: S, dom: DomainRef, memory: int) -> None:
        """TODO-DOC virDomainSetMemory."""
        raise not_supported("domain_set_memory")

    @accessor(acl="domain:write", since="0.1.4")
    def domain_set_vcpus(self, conn: S, dom: DomainRef, nvcpus: int) -> None:
        """TODO-DOC virDomainSetVcpus."""
        raise not_supported("domain_set_vcpus")

    @accessor(acl="domain:read", readonly=True, since="0.2.3")
    def domain_get_scheduler_type(self, conn: S, dom: DomainRef) -> str:
        """TODO-DOC virDomainGetSchedulerType."""
        raise not_supported("domain_get_scheduler_type")

    @accessor(acl="domain:read", readonly=True, since="0.2.3")
    def domain_get_scheduler_parameters(self, conn: S, dom: DomainRef) -> TypedParams:
        """TODO-DOC virDomainGetSchedulerParameters."""
        raise not_supported("domain_get_scheduler_parameters")

    @accessor(acl="domain:read", since="0.2.3")
    def domain_set_scheduler_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value]) -> None:
        """TODO-DOC virDomainSetSchedulerParameters."""
        raise not_supported("domain_set_scheduler_parameters")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.8.5",
    )
    def domain_set_memory_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virDomainSetMemoryParameters."""
        raise not_supported("domain_set_memory_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.8.5")
    def domain_get_memory_parameters(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetMemoryParameters."""
        raise not_supported("domain_get_memory_parameters")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
            "domain:write:VIR_DOMAIN_VCPU_GUEST",
        ),
        since="0.8.5",
    )
    def domain_set_vcpus_flags(self, conn: S, dom: DomainRef, nvcpus: int, flags: int) -> None:
        """TODO-DOC virDomainSetVcpusFlags."""
        raise not_supported("domain_set_vcpus_flags")

    @accessor(
        acl="domain:read domain:write:VIR_DOMAIN_VCPU_GUEST",
        readonly=True,
        refused_flags="VIR_DOMAIN_VCPU_GUEST",
        since="0.8.5",
    )
    def domain_get_vcpus_flags(self, conn: S, dom: DomainRef, flags: int) -> int:
        """TODO-DOC virDomainGetVcpusFlags."""
        raise not_supported("domain_get_vcpus_flags")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.0",
    )
    def domain_set_memory_flags(self, conn: S, dom: DomainRef, memory: int, flags: int) -> None:
        """TODO-DOC virDomainSetMemoryFlags."""
        raise not_supported("domain_set_memory_flags")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.0",
    )
    def domain_set_blkio_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virDomainSetBlkioParameters."""
        raise not_supported("domain_set_blkio_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.0")
    def domain_get_blkio_parameters(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetBlkioParameters."""
        raise not_supported("domain_get_blkio_parameters")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.2",
    )
    def domain_set_scheduler_parameters_flags(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virDomainSetSchedulerParametersFlags."""
        raise not_supported("domain_set_scheduler_parameters_flags")

    @accessor(acl="domain:read", readonly=True, since="0.9.2")
    def domain_get_scheduler_parameters_flags(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetSchedulerParametersFlags."""
        raise not_supported("domain_get_scheduler_parameters_flags")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.3",
    )
    def domain_pin_vcpu_flags(self, conn: S, dom: DomainRef, vcpu: int, cpumap: bytes, flags: int) -> None:
        """TODO-DOC virDomainPinVcpuFlags."""
        raise not_supported("domain_pin_vcpu_flags")

    @accessor(acl="domain:read", readonly=True, since="0.9.3")
    def domain_get_vcpu_pin_info(self, conn: S, dom: DomainRef, flags: int) -> list[bytes]:
        """TODO-DOC virDomainGetVcpuPinInfo."""
        raise not_supported("domain_get_vcpu_pin_info")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.9",
    )
    def domain_set_numa_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virDomainSetNumaParameters."""
        raise not_supported("domain_set_numa_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.9")
    def domain_get_numa_parameters(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """TODO-DOC virDomainGetNumaParameters."""
        raise not_supported("domain_get_numa_parameters")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.10.0",
    )
    def domain_pin_emulator(self, conn: S, dom: DomainRef, cpumap: bytes, flags: int) -> None:
        """TODO-DOC virDomainPinEmulator."""
        raise not_supported("domain_pin_emulator")

    @accessor(acl="domain:read", readonly=True, since="0.10.0")
    def domain_get_emulator_pin_info(self, conn: S, dom: DomainRef, flags: int) -> bytes | None:
        """TODO-DOC virDomainGetEmulatorPinInfo."""
        raise not_supported("domain_get_emulator_pin_info")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.1.1",
    )
    def domain_set_memory_stats_period(self, conn: S, dom: DomainRef, period: int, flags: int) -> None:
        """TODO-DOC virDomainSetMemoryStatsPeriod."""
        raise not_supported("domain_set_memory_stats_period")

    @accessor(acl="domain:read", readonly=True, since="1.2.14")
    def domain_get_iothread_info(self, conn: S, dom: DomainRef, flags: int) -> list[IothreadInfo]:
        """TODO-DOC virDomainGetIOThreadInfo."""
        raise not_supported("domain_get_iothread_info")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.2.14",
    )
    def domain_pin_iothread(self, conn: S, dom: DomainRef, iothread_id: int, cpumap: bytes, flags: int) -> None:
        """TODO-DOC virDomainPinIOThread."""
        raise not_supported("domain_pin_iothread")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.2.15",
    )
    def domain_add_iothread(self, conn: S, dom: DomainRef, iothread_id: int, flags: int) -> None:
        """TODO-DOC virDomainAddIOThread."""
        raise not_supported("domain_add_iothread")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.2.15",
    )
    def domain_del_iothread(self, conn: S, dom: DomainRef, iothread_id: int, flags: int) -> None:
        """TODO-DOC virDomainDelIOThread."""
        raise not_supported("domain_del_iothread")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="3.1.0",
    )
    def domain_set_vcpu(self, conn: S, dom: DomainRef, cpumap: str, state: bool, flags: int) -> None:
        """TODO-DOC virDomainSetVcpu."""
        raise not_supported("domain_set_vcpu")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="4.10.0",
    )
    def domain_set_iothread_params(
        self, conn: S, dom: DomainRef, iothread_id: int, params: Mapping[str, Value], flags: int
    ) -> None:
        """TODO-DOC virDomainSetIOThreadParams."""
        raise not_supported("domain_set_iothread_params")
