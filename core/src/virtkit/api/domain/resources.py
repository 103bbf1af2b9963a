"""What a domain may use: CPUs, memory, I/O threads, shares of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import TypedParams, Value
    from virtkit.records import IothreadInfo


class DomainResources(NamedUUIDHandle[DomainRef]):
    """CPUs, memory, I/O threads and shares of the host.

    Flags are `virtkit.enums.DomainModificationImpact` where nothing else is said: live, definition or both; 0 is what
    is in force. A CPU map is bytes, bit 0 of byte 0 is CPU 0.
    """

    __slots__ = ()

    # Memory

    def set_memory(self, memory: int, flags: int = 0) -> None:
        """Set how much memory it has, in KiB; `virtkit.enums.DomainMemoryModFlags`."""
        self.connection.ops["domain_set_memory_flags"](self.ref, memory, flags)

    def set_max_memory(self, memory: int) -> None:
        """Set how much memory it can have, in KiB, while it does not run."""
        self.connection.ops["domain_set_max_memory"](self.ref, memory)

    def set_memory_stats_period(self, period: int, flags: int = 0) -> None:
        """Have the guest tell its memory statistics every `period` seconds, 0 never; flags as in `set_memory`."""
        self.connection.ops["domain_set_memory_stats_period"](self.ref, period, flags)

    def memory_parameters(self, flags: int = 0) -> TypedParams:
        """Limits of host memory, in KiB: `virtkit.constants.DOMAIN_MEMORY_*`."""
        return self.connection.ops["domain_get_memory_parameters"](self.ref, flags)

    def set_memory_parameters(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change limits of host memory; names as in `memory_parameters`."""
        self.connection.ops["domain_set_memory_parameters"](self.ref, params, flags)

    def numa_parameters(self, flags: int = 0) -> TypedParams:
        """Which NUMA nodes its memory comes from: `virtkit.constants.DOMAIN_NUMA_*`."""
        return self.connection.ops["domain_get_numa_parameters"](self.ref, flags)

    def set_numa_parameters(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change which NUMA nodes its memory comes from; names as in `numa_parameters`."""
        self.connection.ops["domain_set_numa_parameters"](self.ref, params, flags)

    # CPUs

    def vcpu_count(self, flags: int = 0) -> int:
        """How many vCPUs it has, or can have; `virtkit.enums.DomainVcpuFlags`."""
        return self.connection.ops["domain_get_vcpus_flags"](self.ref, flags)

    def set_vcpus(self, nvcpus: int, flags: int = 0) -> None:
        """Set how many vCPUs it has, or can have; `virtkit.enums.DomainVcpuFlags`."""
        self.connection.ops["domain_set_vcpus_flags"](self.ref, nvcpus, flags)

    def set_vcpu(self, vcpus: str, state: bool, flags: int = 0) -> None:
        """Plug or unplug some vCPUs, written as `0-3,^2`."""
        self.connection.ops["domain_set_vcpu"](self.ref, vcpus, state, flags)

    def pin_vcpu(self, vcpu: int, cpumap: bytes, flags: int = 0) -> None:
        """Choose the host CPUs a vCPU may run on."""
        self.connection.ops["domain_pin_vcpu_flags"](self.ref, vcpu, cpumap, flags)

    def vcpu_pin_info(self, flags: int = 0) -> list[bytes]:
        """The CPU map of each vCPU."""
        return self.connection.ops["domain_get_vcpu_pin_info"](self.ref, flags)

    def pin_emulator(self, cpumap: bytes, flags: int = 0) -> None:
        """Choose the host CPUs that the hypervisor's other threads may run on."""
        self.connection.ops["domain_pin_emulator"](self.ref, cpumap, flags)

    def emulator_pin_info(self, flags: int = 0) -> bytes | None:
        """The CPU map of the hypervisor's other threads; None where they are not pinned."""
        return self.connection.ops["domain_get_emulator_pin_info"](self.ref, flags)

    def scheduler_type(self) -> str:
        """The scheduler that `scheduler_parameters` speak of, such as `posix`."""
        return self.connection.ops["domain_get_scheduler_type"](self.ref)

    def scheduler_parameters(self, flags: int = 0) -> TypedParams:
        """Its share of the host's CPUs: `virtkit.constants.DOMAIN_SCHEDULER_*`."""
        return self.connection.ops["domain_get_scheduler_parameters_flags"](self.ref, flags)

    def set_scheduler_parameters(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change its share of the host's CPUs; names as in `scheduler_parameters`."""
        self.connection.ops["domain_set_scheduler_parameters_flags"](self.ref, params, flags)

    # I/O

    def blkio_parameters(self, flags: int = 0) -> TypedParams:
        """Its share of the host's disks: `virtkit.constants.DOMAIN_BLKIO_*`."""
        return self.connection.ops["domain_get_blkio_parameters"](self.ref, flags)

    def set_blkio_parameters(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change its share of the host's disks; names as in `blkio_parameters`."""
        self.connection.ops["domain_set_blkio_parameters"](self.ref, params, flags)

    def iothread_info(self, flags: int = 0) -> list[IothreadInfo]:
        """Its I/O threads and the host CPUs each may run on."""
        return self.connection.ops["domain_get_iothread_info"](self.ref, flags)

    def pin_iothread(self, iothread_id: int, cpumap: bytes, flags: int = 0) -> None:
        """Choose the host CPUs an I/O thread may run on."""
        self.connection.ops["domain_pin_iothread"](self.ref, iothread_id, cpumap, flags)

    def add_iothread(self, iothread_id: int, flags: int = 0) -> None:
        """Add an I/O thread of that id."""
        self.connection.ops["domain_add_iothread"](self.ref, iothread_id, flags)

    def del_iothread(self, iothread_id: int, flags: int = 0) -> None:
        """Remove an I/O thread that no disk uses."""
        self.connection.ops["domain_del_iothread"](self.ref, iothread_id, flags)

    def set_iothread_params(self, iothread_id: int, params: Mapping[str, Value], flags: int = 0) -> None:
        """Tune how an I/O thread polls: `virtkit.constants.DOMAIN_IOTHREAD_*`."""
        self.connection.ops["domain_set_iothread_params"](self.ref, iothread_id, params, flags)
