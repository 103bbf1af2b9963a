"""TODO-DOC module node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, lifecycle, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import TypedParams, Value
    from virtkit.records import NodeCpuMap, NodeInfo, SecurityModel


class NodeSpec(Spec[S]):
    """TODO-DOC class node."""

    error_domain = 0  # VIR_FROM_NONE

    @accessor(acl="connect:read", readonly=True, since="0.1.0", may_block=False)
    def node_get_info(self, conn: S) -> NodeInfo:
        """TODO-DOC virNodeGetInfo."""
        raise not_supported("node_get_info")

    @accessor(acl="connect:read", readonly=True, since="0.3.3", may_block=False)
    def node_get_cells_free_memory(self, conn: S, start_cell: int, maxcells: int) -> list[int]:
        """TODO-DOC virNodeGetCellsFreeMemory."""
        raise not_supported("node_get_cells_free_memory")

    @accessor(acl="connect:read", readonly=True, since="0.3.3", may_block=False)
    def node_get_free_memory(self, conn: S) -> int:
        """TODO-DOC virNodeGetFreeMemory."""
        raise not_supported("node_get_free_memory")

    @accessor(acl="connect:read", readonly=True, since="0.6.1", may_block=False)
    def node_get_security_model(self, conn: S) -> SecurityModel:
        """TODO-DOC virNodeGetSecurityModel."""
        raise not_supported("node_get_security_model")

    @accessor(acl="connect:read", readonly=True, since="0.9.3", may_block=False)
    def node_get_cpu_stats(self, conn: S, cpu_num: int, flags: int) -> TypedParams:
        """TODO-DOC virNodeGetCPUStats."""
        raise not_supported("node_get_cpu_stats")

    @accessor(acl="connect:read", readonly=True, since="0.9.3", may_block=False)
    def node_get_memory_stats(self, conn: S, cell_num: int, flags: int) -> TypedParams:
        """TODO-DOC virNodeGetMemoryStats."""
        raise not_supported("node_get_memory_stats")

    @accessor(acl="connect:write", since="0.10.2")
    def node_set_memory_parameters(self, conn: S, params: Mapping[str, Value], flags: int) -> None:
        """TODO-DOC virNodeSetMemoryParameters."""
        raise not_supported("node_set_memory_parameters")

    @accessor(acl="connect:read", readonly=True, since="0.10.2")
    def node_get_memory_parameters(self, conn: S, flags: int) -> TypedParams:
        """TODO-DOC virNodeGetMemoryParameters."""
        raise not_supported("node_get_memory_parameters")

    @accessor(acl="connect:read", readonly=True, since="1.0.0")
    def node_get_cpu_map(self, conn: S, flags: int) -> NodeCpuMap:
        """TODO-DOC virNodeGetCPUMap."""
        raise not_supported("node_get_cpu_map")

    @accessor(acl="connect:read", readonly=True, since="1.2.6", may_block=False)
    def node_get_free_pages(
        self, conn: S, pages: Sequence[int], start_cell: int, cell_count: int, flags: int
    ) -> list[int]:
        """TODO-DOC virNodeGetFreePages."""
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
        """TODO-DOC virNodeAllocPages."""
        raise not_supported("node_alloc_pages")

    @accessor(acl="connect:read", since="4.5.0")
    def node_get_sev_info(self, conn: S, flags: int) -> TypedParams:
        """TODO-DOC virNodeGetSEVInfo."""
        raise not_supported("node_get_sev_info")

    @lifecycle(acl="connect:pm_control", since="0.9.8")
    def node_suspend_for_duration(self, conn: S, target: int, duration: int, flags: int) -> None:
        """TODO-DOC virNodeSuspendForDuration."""
        raise not_supported("node_suspend_for_duration")
