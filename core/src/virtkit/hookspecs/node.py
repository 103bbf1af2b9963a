"""The machine that a hypervisor runs on: CPUs, memory, NUMA cells, pages, security model, power.

These hooks have no object; they are answered by the driver that serves domains. A *cell* is a NUMA node, by its number;
a host without NUMA has the one cell 0. A *CPU* is what the kernel schedules on, by its number; numbers may have gaps
and CPUs may be offline, which is why `node_get_cpu_map` tells more than the counts in `node_get_info`.

Units differ, as they do in libvirt: the size of memory is in KiB, free memory in bytes, memory statistics in KiB, times
in nanoseconds.

Every hook reads the present state and holds on to nothing. A driver that manages guests of the machine it runs on
implements `node_get_info`, `node_get_cpu_map`, `node_get_free_memory`, `node_get_cells_free_memory`,
`node_get_cpu_stats` and `node_get_memory_stats`; the rest as far as the host has it. Host devices are in `node_device`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, lifecycle, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import TypedParams, Value
    from virtkit.records import NodeCpuMap, NodeInfo, SecurityModel


class NodeSpec(Spec[S]):
    """The host: its size, its load, its memory pages, and putting it to sleep."""

    error_domain = 20  # VIR_FROM_DOMAIN: libvirt has none for connections

    # Properties

    @accessor(acl="connect:read", readonly=True, since="0.1.0", may_block=False)
    def node_get_info(self, conn: S) -> NodeInfo:
        """Tell the size of the host.

        Returns:
            `memory` in KiB, `mhz` 0 where it is not known, `model` the architecture (`x86_64`), at most 31 bytes.
            `cpus` counts the CPUs online. The topology is per level: `sockets` in a cell, `cores` in a socket,
            `threads` in a core, so that the product with `nodes` is the largest number of CPUs the host can have. A
            host whose sockets or cells differ is told as one cell with one socket of as many single-threaded cores as
            it has CPUs; its true shape is in the capabilities.
        """
        raise not_supported("node_get_info")

    @accessor(acl="connect:read", readonly=True, since="1.0.0")
    def node_get_cpu_map(self, conn: S, flags: int) -> NodeCpuMap:
        """Tell which CPUs exist and which of them are online.

        Returns:
            `present` counts the CPUs that the map covers: the highest number plus one. `cpumap` has a bit for each, set
            where it is online, in as few bytes as hold them; `online` counts the set bits.
        """
        raise not_supported("node_get_cpu_map")

    @accessor(acl="connect:read", readonly=True, since="0.9.3", may_block=False)
    def node_get_cpu_stats(self, conn: S, cpu_num: int, flags: int) -> TypedParams:
        """Tell how the host's CPUs spent their time since it was booted.

        Args:
            cpu_num: Number of a CPU; ALL_CPUS of `virtkit.enums.NodeGetCPUStatsAllCPUs`, which is -1, for all together.

        Returns:
            Nanoseconds, each a `ULLONG`, by the names `virtkit.constants.NODE_CPU_STATS_*`: `kernel`, `user`, `idle`,
            `iowait`, `intr`, as far as the host counts them. A hypervisor that measures only load answers `utilization`
            alone, in percent.

        Raises:
            InvalidArgError: There is no such CPU, or it is offline (`str1` the hook, `str2` `cpuNum`).
        """
        raise not_supported("node_get_cpu_stats")

    @accessor(acl="connect:read", readonly=True, since="0.3.3", may_block=False)
    def node_get_free_memory(self, conn: S) -> int:
        """Tell how much memory of the host is free, in bytes.

        What the kernel could take back from its caches is not counted.
        """
        raise not_supported("node_get_free_memory")

    @accessor(acl="connect:read", readonly=True, since="0.3.3", may_block=False)
    def node_get_cells_free_memory(self, conn: S, start_cell: int, maxcells: int) -> list[int]:
        """Tell how much memory of consecutive NUMA cells is free.

        Args:
            start_cell: Number of the first cell.
            maxcells: How many at most; 1 or more.

        Returns:
            Bytes per cell from `start_cell` on: fewer than `maxcells` where the host has no more, 0 for a number in
            between that no cell has.

        Raises:
            InvalidArgError: The host has no cell `start_cell`.
        """
        raise not_supported("node_get_cells_free_memory")

    @accessor(acl="connect:read", readonly=True, since="0.9.3", may_block=False)
    def node_get_memory_stats(self, conn: S, cell_num: int, flags: int) -> TypedParams:
        """Tell how the memory of the host, or of one NUMA cell, is used.

        Args:
            cell_num: Number of a cell; ALL_CELLS of `virtkit.enums.NodeGetMemoryStatsAllCells`, which is -1, for the
                host.

        Returns:
            KiB, each a `ULLONG`, by the names `virtkit.constants.NODE_MEMORY_STATS_*`: `total` and `free`; for the host
            also `buffers` and `cached`.

        Raises:
            InvalidArgError: There is no such cell (`str1` the hook, `str2` `cellNum`).
        """
        raise not_supported("node_get_memory_stats")

    @accessor(acl="connect:read", readonly=True, since="0.10.2")
    def node_get_memory_parameters(self, conn: S, flags: int) -> TypedParams:
        """Tell how the host merges equal memory pages of its guests.

        Returns:
            By the names `virtkit.constants.NODE_MEMORY_SHARED_*`, those that the kernel has. Settings, `UINT`:
            `shm_pages_to_scan` pages per pass, `shm_sleep_millisecs` between passes, `shm_merge_across_nodes` 1 or 0.
            Counters, `ULLONG`: `shm_pages_shared`, `shm_pages_sharing`, `shm_pages_unshared`, `shm_pages_volatile`,
            `shm_full_scans`.

        Raises:
            OperationUnsupportedError: The kernel does not merge pages.
        """
        raise not_supported("node_get_memory_parameters")

    @accessor(acl="connect:write", since="0.10.2")
    def node_set_memory_parameters(self, conn: S, params: Mapping[str, Value], flags: int) -> None:
        """Change how the host merges equal memory pages of its guests.

        All values are checked before the first is written. They last until the host is booted again.

        Args:
            params: Some of the three settings that `node_get_memory_parameters` tells; each an unsigned number.

        Raises:
            InvalidArgError: A name that is no setting, or a value of the wrong type.
            OperationFailedError: The kernel refused a value: the merging policy cannot change while pages are merged.
            OperationUnsupportedError: The kernel does not have that setting.
        """
        raise not_supported("node_set_memory_parameters")

    @accessor(acl="connect:read", readonly=True, since="1.2.6", may_block=False)
    def node_get_free_pages(
        self, conn: S, pages: Sequence[int], start_cell: int, cell_count: int, flags: int
    ) -> list[int]:
        """Count the free pages of some sizes in consecutive NUMA cells.

        Args:
            pages: Page sizes in KiB; one or more. The host's normal page size is one of them, its huge pages are
                others.
            start_cell: Number of the first cell; -1 for the host as a whole.
            cell_count: How many cells; 1 or more. What goes past the last cell is left out.

        Returns:
            Counts, all sizes of the first cell in the order of `pages`, then those of the next.

        Raises:
            InvalidArgError: No size was given, or the host has no cell `start_cell`.
            OperationFailedError: The host has no pages of that size.
        """
        raise not_supported("node_get_free_pages")

    @accessor(acl="connect:write", since="1.2.9")
    def node_alloc_pages(
        self,
        conn: S,
        page_sizes: Sequence[int],
        page_counts: Sequence[int],
        start_cell: int,
        cell_count: int,
        flags: int,
    ) -> int:
        """Reserve huge pages in consecutive NUMA cells, or give them back.

        The kernel may find fewer than were asked for, and what was done before a failure stays done;
        `node_get_free_pages` tells what came of it.

        Args:
            page_sizes: Page sizes in KiB; one or more. The host's normal page size cannot be reserved.
            page_counts: For each size the number of pages per cell.
            start_cell: Number of the first cell; -1 leaves the choice to the kernel.
            cell_count: How many cells; 1 or more.
            flags: `virtkit.enums.NodeAllocPagesFlags`. ADD, which is 0, changes the pool by the count; SET makes it the
                count.

        Returns:
            How many pools, each of one size in one cell, were changed.

        Raises:
            InvalidArgError: No size was given, there are not as many counts as sizes, or the host has no cell
                `start_cell`.
            OperationFailedError: The host has no pages of that size, or the kernel found none.
        """
        raise not_supported("node_alloc_pages")

    @accessor(acl="connect:read", readonly=True, since="0.6.1", may_block=False)
    def node_get_security_model(self, conn: S) -> SecurityModel:
        """Tell which security model labels the guests.

        Returns:
            The first model of the capabilities and its domain of interpretation, each at most 256 bytes; both empty
            where guests are not labelled.
        """
        raise not_supported("node_get_security_model")

    @accessor(acl="connect:read", since="4.5.0")
    def node_get_sev_info(self, conn: S, flags: int) -> TypedParams:
        """Tell what the host offers for guests whose memory AMD's SEV encrypts.

        Returns:
            By the names `virtkit.constants.NODE_SEV_*`: `pdh`, the platform's key, and `cert-chain` are base64
            `STRING`s, `cbitpos`, `reduced-phys-bits`, `max-guests` and `max-es-guests` are `UINT`s, and `cpu0-id` is a
            `STRING` where the processor tells it.

        Raises:
            OperationUnsupportedError: The host's processor, kernel or emulator does not have SEV.
        """
        raise not_supported("node_get_sev_info")

    # Lifecycle

    @lifecycle(acl="connect:pm_control", since="0.9.8")
    def node_suspend_for_duration(self, conn: S, target: int, duration: int, flags: int) -> None:
        """Put the host to sleep and have its clock wake it.

        Returns before the host sleeps, late enough for the answer to reach a caller far away: about ten seconds. Guests
        sleep with it and are not told.

        Args:
            target: `virtkit.enums.NodeSuspendTarget`: MEM, DISK or HYBRID, which is both.
            duration: Seconds until it wakes; 60 or more, since the alarm is set before the host sleeps.

        Raises:
            InvalidArgError: `duration` is too short, or `target` is not of the enumeration.
            OperationUnsupportedError: The host cannot sleep like that.
            OperationInvalidError: It is about to sleep already.
        """
        raise not_supported("node_suspend_for_duration")
