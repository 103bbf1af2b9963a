"""Give domains memory, CPUs, I/O threads and shares of the host, and ask what they have.

All hooks with `virtkit.enums.DomainModificationImpact` flags act on the running guest, the definition, or both; the
package's documentation says what the bits mean and when `OperationInvalidError` answers them. Memory and vCPUs have
enumerations of their own that begin with the same three bits.

Pairs of a setter and a getter share the names and types of their parameters: what a getter answers a setter takes back.
A setter changes what it is given and leaves the rest; it checks everything first and changes nothing if one value is
wrong. An unlimited amount of memory is `virtkit.constants.DOMAIN_MEMORY_PARAM_UNLIMITED`.

A *CPU map* is bytes: bit 0 of byte 0 is host CPU 0. Bytes that are missing at its end are zero, bits past the last host
CPU are ignored. A map without a usable CPU is `InvalidArgError`.

At the least a driver implements `domain_set_memory_flags`, `domain_set_vcpus_flags` and `domain_get_vcpus_flags`, with
CONFIG if its guests cannot change while they run. What exists without flags is derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import IothreadInfo
    from virtkit.refs import DomainRef


class DomainResourcesSpec(Spec[S]):
    """Memory, vCPUs, pinning, I/O threads and resource limits of domains."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Memory

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.0",
    )
    def domain_set_memory_flags(self, conn: S, dom: DomainRef, memory: int, flags: int) -> None:
        """Set how much memory a domain has, or may have at the most.

        A running guest is asked through its balloon device and complies when it can: the hook returns when the request
        is made, and the event BALLOON_CHANGE (`virtkit.enums.DomainEventID`) and `domain_get_info` tell what came of
        it.

        Args:
            memory: KiB, more than 0. The hypervisor may round it up.
            flags: `virtkit.enums.DomainMemoryModFlags`. CURRENT, LIVE and CONFIG as everywhere. MAXIMUM sets the upper
                limit in place of the amount, and lowers the amount to it; a running guest's limit is fixed.

        Raises:
            InvalidArgError: More than the maximum, or 0.
            OperationInvalidError: LIVE on an inactive domain or one without balloon device; MAXIMUM on a running one,
                with LIVE; CONFIG on a transient one.
        """
        raise not_supported("domain_set_memory_flags")

    @accessor(acl="domain:write", since="0.1.1")
    def domain_set_memory(self, conn: S, dom: DomainRef, memory: int) -> None:
        """Set how much memory a running domain has. Derived from `domain_set_memory_flags`, with LIVE.

        Args:
            memory: KiB.
        """
        raise not_supported("domain_set_memory")

    @accessor(acl="domain:write", since="0.0.3")
    def domain_set_max_memory(self, conn: S, dom: DomainRef, memory: int) -> None:
        """Set how much memory a domain may have. Derived from `domain_set_memory_flags`, with MAXIMUM.

        Args:
            memory: KiB.
        """
        raise not_supported("domain_set_max_memory")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.8.5",
    )
    def domain_set_memory_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """Limit a domain's use of the host's memory.

        Args:
            params: KiB, ULLONG each: `hard_limit`, which it cannot exceed; `soft_limit`, which is enforced when the
                host is short; `swap_hard_limit`, memory and swap together; `min_guarantee`. Names: `DOMAIN_MEMORY_*` of
                `virtkit.constants`.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Unknown parameter; `hard_limit` above `swap_hard_limit`.
            OperationUnsupportedError: The driver or host cannot limit that.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_memory_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.8.5")
    def domain_get_memory_parameters(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Tell the limits of a domain's use of the host's memory, named as in `domain_set_memory_parameters`.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.
        """
        raise not_supported("domain_get_memory_parameters")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.1.1",
    )
    def domain_set_memory_stats_period(self, conn: S, dom: DomainRef, period: int, flags: int) -> None:
        """Set how often a guest reports what it does with its memory (`domain_memory_stats`).

        Args:
            period: Seconds; 0 ends the reports.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: A negative period.
            OperationInvalidError: The domain has no balloon device that reports; LIVE on an inactive domain, CONFIG on
                a transient one.
        """
        raise not_supported("domain_set_memory_stats_period")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.9",
    )
    def domain_set_numa_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """Choose the host's NUMA nodes from which a domain gets its memory.

        Args:
            params: `numa_nodeset` (STRING), a list such as `0-1,3`; `numa_mode` (INT), a
                `virtkit.enums.DomainNumatuneMemMode`, which cannot change while the domain runs.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Unknown parameter or mode, or a node the host has not.
            OperationInvalidError: A change of the mode with LIVE; LIVE on an inactive domain, CONFIG on a transient
                one.
        """
        raise not_supported("domain_set_numa_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.9")
    def domain_get_numa_parameters(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Tell the host's NUMA nodes from which a domain gets its memory, named as in `domain_set_numa_parameters`.

        Without a choice the mode is STRICT and the set empty.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.
        """
        raise not_supported("domain_get_numa_parameters")

    # vCPUs

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
        """Set how many vCPUs a domain has, or may have at the most.

        Args:
            nvcpus: At least 1.
            flags: `virtkit.enums.DomainVcpuFlags`. CURRENT, LIVE and CONFIG as everywhere. MAXIMUM sets the upper
                limit, of the definition only; a larger present number is lowered to it. GUEST brings vCPUs online and
                offline inside a running guest through its agent and leaves the hardware as it is. HOTPLUGGABLE makes
                those that are added removable again.

        Raises:
            InvalidArgError: 0, more than the maximum, or flags that exclude each other (MAXIMUM with LIVE, GUEST with
                CONFIG).
            OperationInvalidError: LIVE or GUEST on an inactive domain, CONFIG on a transient one.
            OperationFailedError: The guest did not let go of a vCPU.
            ArgumentUnsupportedError: GUEST, and the domain has no agent channel.
        """
        raise not_supported("domain_set_vcpus_flags")

    @accessor(acl="domain:write", since="0.1.4")
    def domain_set_vcpus(self, conn: S, dom: DomainRef, nvcpus: int) -> None:
        """Set how many vCPUs a running domain has. Derived from `domain_set_vcpus_flags`, with LIVE.

        Args:
            nvcpus: At least 1, at most the maximum.
        """
        raise not_supported("domain_set_vcpus")

    @accessor(
        acl="domain:read domain:write:VIR_DOMAIN_VCPU_GUEST",
        readonly=True,
        refused_flags="VIR_DOMAIN_VCPU_GUEST",
        since="0.8.5",
    )
    def domain_get_vcpus_flags(self, conn: S, dom: DomainRef, flags: int) -> int:
        """Tell how many vCPUs a domain has, or may have at the most.

        Args:
            flags: `virtkit.enums.DomainVcpuFlags`. One of CURRENT, LIVE, CONFIG; with MAXIMUM the upper limit. GUEST
                asks the agent how many are online in the running guest; refused on a read-only connection.

        Raises:
            InvalidArgError: LIVE with CONFIG.
            OperationInvalidError: LIVE or GUEST on an inactive domain, CONFIG on a transient one.
            ArgumentUnsupportedError: GUEST, and the domain has no agent channel.
        """
        raise not_supported("domain_get_vcpus_flags")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="3.1.0",
    )
    def domain_set_vcpu(self, conn: S, dom: DomainRef, cpumap: str, state: bool, flags: int) -> None:
        """Add or remove single vCPUs.

        Args:
            cpumap: Their numbers as a list such as `2-3,5`. Those that the hardware only has together are given
                together.
            state: True to add them, False to remove them.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: The list cannot be read, names a vCPU the domain cannot have, or parts what belongs
                together.
            OperationInvalidError: A vCPU that is in that state already or cannot be removed; LIVE on an inactive
                domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_vcpu")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.3",
    )
    def domain_pin_vcpu_flags(self, conn: S, dom: DomainRef, vcpu: int, cpumap: bytes, flags: int) -> None:
        """Choose the host CPUs on which a vCPU may run.

        Args:
            vcpu: Its number.
            cpumap: Map of host CPUs. One with all of them lifts the restriction.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: The domain has no such vCPU, or the map no usable CPU.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_pin_vcpu_flags")

    @accessor(acl="domain:write", since="0.1.4")
    def domain_pin_vcpu(self, conn: S, dom: DomainRef, vcpu: int, cpumap: bytes) -> None:
        """Choose the host CPUs for a running domain's vCPU. Derived from `domain_pin_vcpu_flags`, with LIVE.

        Args:
            vcpu: Its number.
            cpumap: Map of host CPUs.
        """
        raise not_supported("domain_pin_vcpu")

    @accessor(acl="domain:read", readonly=True, since="0.9.3")
    def domain_get_vcpu_pin_info(self, conn: S, dom: DomainRef, flags: int) -> list[bytes]:
        """Tell the host CPUs on which each vCPU may run.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            One map per vCPU, by number, with a bit for every host CPU; all set where nothing restricts it. Callers that
            want fewer or shorter maps are served by the core.
        """
        raise not_supported("domain_get_vcpu_pin_info")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.10.0",
    )
    def domain_pin_emulator(self, conn: S, dom: DomainRef, cpumap: bytes, flags: int) -> None:
        """Choose the host CPUs on which the hypervisor's own threads of a domain may run.

        Those are all its threads but vCPUs and I/O threads.

        Args:
            cpumap: Map of host CPUs.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: The map has no usable CPU.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_pin_emulator")

    @accessor(acl="domain:read", readonly=True, since="0.10.0")
    def domain_get_emulator_pin_info(self, conn: S, dom: DomainRef, flags: int) -> bytes | None:
        """Tell the host CPUs on which the hypervisor's own threads of a domain may run.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            A map with a bit for every host CPU, all set where nothing restricts them. None: the driver has no such
            threads.
        """
        raise not_supported("domain_get_emulator_pin_info")

    # I/O threads

    @accessor(acl="domain:read", readonly=True, since="1.2.14")
    def domain_get_iothread_info(self, conn: S, dom: DomainRef, flags: int) -> list[IothreadInfo]:
        """List a domain's I/O threads and the host CPUs on which they may run.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            One entry per thread, by id, with a map of all host CPUs; empty if there is none.
        """
        raise not_supported("domain_get_iothread_info")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.2.15",
    )
    def domain_add_iothread(self, conn: S, dom: DomainRef, iothread_id: int, flags: int) -> None:
        """Give a domain another I/O thread.

        Args:
            iothread_id: Its id, at least 1.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Id 0, or one the domain has.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
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
        """Take an I/O thread away from a domain.

        Args:
            iothread_id: Its id.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Id 0, one the domain has not, or one that a disk or controller uses.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_del_iothread")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="1.2.14",
    )
    def domain_pin_iothread(self, conn: S, dom: DomainRef, iothread_id: int, cpumap: bytes, flags: int) -> None:
        """Choose the host CPUs on which an I/O thread may run.

        Args:
            iothread_id: Its id.
            cpumap: Map of host CPUs.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: The domain has no such thread, or the map no usable CPU.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_pin_iothread")

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
        """Tune how an I/O thread of a domain polls and how many workers it has.

        Args:
            iothread_id: Its id.
            params: `poll_max_ns` (ULLONG) ends polling after so many ns, 0 switches it off; `poll_grow` and
                `poll_shrink` (UINT) are the factors by which the time grows and shrinks; `thread_pool_min` and
                `thread_pool_max` (INT) bound the workers. Names: `DOMAIN_IOTHREAD_*` of `virtkit.constants`.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: The domain has no such thread; an unknown parameter or a value out of range.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_iothread_params")

    # CPU time

    @accessor(acl="domain:read", readonly=True, since="0.2.3")
    def domain_get_scheduler_type(self, conn: S, dom: DomainRef) -> str:
        """Tell by what rule the host shares out CPU time among domains, such as `posix`, `credit` or `fair`.

        It decides which parameters the following hooks know.
        """
        raise not_supported("domain_get_scheduler_type")

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
        """Set a domain's share of CPU time.

        Args:
            params: For `posix`: `cpu_shares` (ULLONG), its weight; periods (ULLONG, microseconds, 1000 to 1000000) and
                quotas (LLONG, microseconds per period, negative is no limit) of each vCPU, all emulator threads, each
                I/O thread and the whole domain: `vcpu_period`, `vcpu_quota`, `emulator_period`, `emulator_quota`,
                `iothread_period`, `iothread_quota`, `global_period`, `global_quota`. For `credit`: `weight` and `cap`
                (UINT). Names: `DOMAIN_SCHEDULER_*` of `virtkit.constants`. A change publishes a TUNABLE event.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: A parameter the scheduler does not know, or a value out of range.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_scheduler_parameters_flags")

    @accessor(acl="domain:read", since="0.2.3")
    def domain_set_scheduler_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value]) -> None:
        """Set a domain's share of CPU time. Derived from `domain_set_scheduler_parameters_flags`, with CURRENT.

        Args:
            params: As there.
        """
        raise not_supported("domain_set_scheduler_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.2")
    def domain_get_scheduler_parameters_flags(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Tell a domain's share of CPU time, named as in `domain_set_scheduler_parameters_flags`.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.
        """
        raise not_supported("domain_get_scheduler_parameters_flags")

    @accessor(acl="domain:read", readonly=True, since="0.2.3")
    def domain_get_scheduler_parameters(self, conn: S, dom: DomainRef) -> TypedParams:
        """Tell a domain's share of CPU time. Derived from `domain_get_scheduler_parameters_flags`, with CURRENT."""
        raise not_supported("domain_get_scheduler_parameters")

    # Disk I/O of all disks together

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.0",
    )
    def domain_set_blkio_parameters(self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
        """Set a domain's share of the host's block devices.

        Args:
            params: `weight` (UINT, 100 to 1000, in newer kernels 1 to 10000), and for single host devices STRINGs of
                the form `/dev/sda,500,/dev/sdb,200`: `device_weight`, `device_read_iops_sec`, `device_write_iops_sec`,
                `device_read_bytes_sec`, `device_write_bytes_sec`. A value of 0 removes a device. Names:
                `DOMAIN_BLKIO_*` of `virtkit.constants`.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: Unknown parameter, a value out of range, a text that cannot be read.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_blkio_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.0")
    def domain_get_blkio_parameters(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Tell a domain's share of the host's block devices, named as in `domain_set_blkio_parameters`.

        Texts without devices are empty, and `weight` is 0 where none is set.

        Args:
            flags: `virtkit.enums.DomainModificationImpact`.
        """
        raise not_supported("domain_get_blkio_parameters")
