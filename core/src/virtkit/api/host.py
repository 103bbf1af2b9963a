"""The host behind a connection: its hypervisor, its CPUs and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.methods import Methods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.enums import CPUCompareResult
    from virtkit.params import TypedParams, Value
    from virtkit.records import NodeCpuMap, NodeInfo, SecurityModel


class HostMethods(Methods):
    """What a connection tells about its host, and does with it."""

    __slots__ = ()

    # The hypervisor

    def type(self) -> str:
        """The name of the hypervisor driver, such as `QEMU` or `LXC`."""
        return self.ops["connect_get_type"]()

    def version(self) -> int:
        """The hypervisor's version as 1,000,000 * major + 1,000 * minor + release."""
        return self.ops["connect_get_version"]()

    def lib_version(self) -> int:
        """The version of the library or daemon that serves the connection; numbers as in `version`."""
        return self.ops["connect_get_lib_version"]()

    def hostname(self) -> str:
        """The name of the host that the hypervisor runs on."""
        return self.ops["connect_get_hostname"]()

    def is_secure(self) -> bool:
        """Whether nobody can listen in: the connection is encrypted, or does not leave this machine."""
        return self.ops["connect_is_secure"]()

    def max_vcpus(self, type: str | None = None) -> int:
        """The most virtual CPUs a domain can have; `type` is a `<domain type=...>`, None the default one."""
        return self.ops["connect_get_max_vcpus"](type)

    def capabilities(self) -> str:
        """XML of what the host and its guests can be."""
        return self.ops["connect_get_capabilities"]()

    def domain_capabilities(
        self,
        emulatorbin: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virttype: str | None = None,
        flags: int = 0,
    ) -> str:
        """XML of what a domain of this emulator, architecture, machine and type can have; None: the default one.

        Raises:
            InvalidArgError: The emulator or the combination is not to be had on this host.
        """
        return self.ops["connect_get_domain_capabilities"](emulatorbin, arch, machine, virttype, flags)

    def sysinfo(self, flags: int = 0) -> str:
        """XML of the host's firmware tables (SMBIOS)."""
        return self.ops["connect_get_sysinfo"](flags)

    # CPU models

    def cpu_model_names(self, arch: str, flags: int = 0) -> list[str]:
        """The CPU models known for an architecture; empty where any name is taken."""
        return self.ops["connect_get_cpu_model_names"](arch, flags)

    def compare_cpu(self, xml: str, flags: int = 0) -> CPUCompareResult:
        """How a `<cpu>` relates to the host's CPU.

        With FAIL_INCOMPATIBLE of `virtkit.enums.ConnectCompareCPUFlags`, `CPUIncompatibleError` says what is missing.
        """
        return self.ops["connect_compare_cpu"](xml, flags)

    def compare_hypervisor_cpu(
        self,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpu: str,
        flags: int = 0,
    ) -> CPUCompareResult:
        """How a `<cpu>` relates to what this emulator can offer on the host; arguments as in `domain_capabilities`."""
        return self.ops["connect_compare_hypervisor_cpu"](emulator, arch, machine, virttype, xml_cpu, flags)

    def baseline_cpu(self, xml_cpus: Sequence[str], flags: int = 0) -> str:
        """The richest `<cpu>` that all of the given ones have; `virtkit.enums.ConnectBaselineCPUFlags`."""
        return self.ops["connect_baseline_cpu"](xml_cpus, flags)

    def baseline_hypervisor_cpu(
        self,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpus: Sequence[str],
        flags: int = 0,
    ) -> str:
        """As `baseline_cpu`, within what this emulator can offer; arguments as in `domain_capabilities`."""
        return self.ops["connect_baseline_hypervisor_cpu"](emulator, arch, machine, virttype, xml_cpus, flags)

    # The node

    def node_info(self) -> NodeInfo:
        """CPU model, topology and memory (KiB) of the host."""
        return self.ops["node_get_info"]()

    def node_free_memory(self) -> int:
        """Free memory of the host, in bytes."""
        return self.ops["node_get_free_memory"]()

    def node_cells_free_memory(self, start_cell: int = 0, max_cells: int = 1) -> list[int]:
        """Free memory, in bytes, of up to `max_cells` NUMA cells from `start_cell` on."""
        return self.ops["node_get_cells_free_memory"](start_cell, max_cells)

    def node_security_model(self) -> SecurityModel:
        """The security model that confines domains; empty names where none does."""
        return self.ops["node_get_security_model"]()

    def node_cpu_stats(self, cpu_num: int = -1, flags: int = 0) -> TypedParams:
        """Time the host's CPU spent (ns) by kind of work: `virtkit.constants.NODE_CPU_STATS_*`.

        `cpu_num` -1 is the sum of all (`virtkit.enums.NodeGetCPUStatsAllCPUs`).
        """
        return self.ops["node_get_cpu_stats"](cpu_num, flags)

    def node_memory_stats(self, cell_num: int = -1, flags: int = 0) -> TypedParams:
        """Memory of the host in KiB by use: `virtkit.constants.NODE_MEMORY_STATS_*`.

        `cell_num` -1 is the sum of all NUMA cells (`virtkit.enums.NodeGetMemoryStatsAllCells`).
        """
        return self.ops["node_get_memory_stats"](cell_num, flags)

    def node_memory_parameters(self, flags: int = 0) -> TypedParams:
        """Settings of the host's page sharing: `virtkit.constants.NODE_MEMORY_SHARED_*`."""
        return self.ops["node_get_memory_parameters"](flags)

    def set_node_memory_parameters(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change settings of the host's page sharing; names as in `node_memory_parameters`."""
        self.ops["node_set_memory_parameters"](params, flags)

    def node_cpu_map(self, flags: int = 0) -> NodeCpuMap:
        """Which CPUs of the host there are and which are online."""
        return self.ops["node_get_cpu_map"](flags)

    def node_free_pages(
        self, pages: Sequence[int], start_cell: int = -1, cell_count: int = 1, flags: int = 0
    ) -> list[int]:
        """Free pages for each size (KiB) in `pages`, cell by cell from `start_cell` on; cell -1 is the whole host."""
        return self.ops["node_get_free_pages"](pages, start_cell, cell_count, flags)

    def node_alloc_pages(
        self,
        page_sizes: Sequence[int],
        page_counts: Sequence[int],
        start_cell: int = -1,
        cell_count: int = 1,
        flags: int = 0,
    ) -> int:
        """Reserve huge pages: for each size (KiB) as many as the count beside it, in each of the cells.

        Returns:
            In how many combinations of cell and size pages were reserved.
        """
        return self.ops["node_alloc_pages"](page_sizes, page_counts, start_cell, cell_count, flags)

    def node_sev_info(self, flags: int = 0) -> TypedParams:
        """What AMD SEV offers on the host: `virtkit.constants.NODE_SEV_*`."""
        return self.ops["node_get_sev_info"](flags)

    def node_suspend_for_duration(self, target: int, duration: int, flags: int = 0) -> None:
        """Suspend the host for at least 60 seconds of `duration`; `target` is a `virtkit.enums.NodeSuspendTarget`."""
        self.ops["node_suspend_for_duration"](target, duration, flags)
