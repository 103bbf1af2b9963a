"""The host as every driver of a hypervisor sees it: its CPUs and its memory."""

from __future__ import annotations

from typing import Any, TypeVar

from virtkit.errors import InvalidArgError
from virtkit.hookspecs.node import NodeSpec
from virtkit.params import ULLONG, TypedParams
from virtkit.records import NodeCpuMap, NodeInfo
from virtkit.services import node
from virtkit.services.guests.listing import refuse
from virtkit.services.guests.state import GuestSession
from virtkit.spec import quick

S = TypeVar("S", bound=GuestSession[Any, Any])

ALL = -1
"""Stands for all CPUs, or all cells."""


class NodePart(NodeSpec[S]):
    """The functions of a driver about the host."""

    @quick
    def node_get_info(self, conn: S) -> NodeInfo:
        return node.info()

    @quick
    def node_get_cpu_map(self, conn: S, flags: int) -> NodeCpuMap:
        refuse("node_get_cpu_map", flags, domain=conn.state.error_domain)
        return node.cpu_map()

    @quick
    def node_get_cpu_stats(self, conn: S, cpu_num: int, flags: int) -> TypedParams:
        refuse("node_get_cpu_stats", flags, domain=conn.state.error_domain)
        times = node.cpu_times(None if cpu_num == ALL else cpu_num)
        if times is None:
            raise InvalidArgError(
                f"the host has no CPU {cpu_num} online",
                domain=conn.state.error_domain,
                str1="node_get_cpu_stats",
                str2="cpuNum",
            )
        return TypedParams.all_of(ULLONG, times)

    @quick
    def node_get_free_memory(self, conn: S) -> int:
        return node.memory()["MemFree"] * 1024

    @quick
    def node_get_cells_free_memory(self, conn: S, start_cell: int, maxcells: int) -> list[int]:
        free = {cell: node.cell_memory(cell)["MemFree"] * 1024 for cell in node.cells()}
        if start_cell not in free:
            raise InvalidArgError(
                f"the host has no NUMA cell {start_cell}; it has {sorted(free)}", domain=conn.state.error_domain
            )
        return [free.get(cell, 0) for cell in range(start_cell, min(start_cell + maxcells, max(free) + 1))]

    @quick
    def node_get_memory_stats(self, conn: S, cell_num: int, flags: int) -> TypedParams:
        refuse("node_get_memory_stats", flags, domain=conn.state.error_domain)
        if cell_num != ALL and cell_num not in node.cells():
            raise InvalidArgError(
                f"the host has no NUMA cell {cell_num}",
                domain=conn.state.error_domain,
                str1="node_get_memory_stats",
                str2="cellNum",
            )
        sizes = node.memory() if cell_num == ALL else node.cell_memory(cell_num)
        names = {"total": "MemTotal", "free": "MemFree", "buffers": "Buffers", "cached": "Cached"}
        return TypedParams.all_of(ULLONG, {name: sizes[field] for name, field in names.items() if field in sizes})
