"""The host as every driver of a hypervisor sees it: its CPUs and its memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from virtkit.enums import NodeAllocPagesFlags, TypedParameterFlags
from virtkit.errors import InvalidArgError, OperationFailedError, OperationUnsupportedError
from virtkit.hookspecs.node import NodeSpec
from virtkit.params import UINT, ULLONG, TypedParams
from virtkit.records import NodeCpuMap, NodeInfo
from virtkit.services import node, sleeping
from virtkit.services.guests.listing import refuse
from virtkit.services.guests.state import GuestSession
from virtkit.services.sleeping import Sleeper
from virtkit.spec import quick

if TYPE_CHECKING:
    from virtkit.params import Value

S = TypeVar("S", bound=GuestSession[Any, Any])

ALL = -1
"""Stands for all CPUs, or all cells."""


class NodePart(NodeSpec[S]):
    """The functions of a driver about the host.

    Attributes:
        sleeper: What puts it to sleep.
    """

    sleeper: ClassVar[Sleeper] = sleeping.HOST

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

    @quick
    def node_get_free_pages(
        self, conn: S, pages: Sequence[int], start_cell: int, cell_count: int, flags: int
    ) -> list[int]:
        domain = conn.state.error_domain
        refuse("node_get_free_pages", flags, domain=domain)
        cells = _cells(start_cell, cell_count, domain)
        if not pages:
            raise InvalidArgError("no size of pages is given: give one or more, in KiB", domain=domain)
        return [_free_pages(size, cell, domain) for cell in cells for size in pages]

    def node_alloc_pages(
        self,
        conn: S,
        page_sizes: Sequence[int],
        page_counts: Sequence[int],
        start_cell: int,
        cell_count: int,
        flags: int,
    ) -> int:
        domain = conn.state.error_domain
        refuse("node_alloc_pages", flags, NodeAllocPagesFlags.SET, domain=domain)
        if not page_sizes or len(page_sizes) != len(page_counts):
            raise InvalidArgError("give sizes of pages, and as many counts", domain=domain)
        pools = [
            (_pool(size, cell, domain), count)
            for cell in _cells(start_cell, cell_count, domain)
            for size, count in zip(page_sizes, page_counts, strict=True)
        ]
        for pool, count in pools:
            before = 0 if flags & NodeAllocPagesFlags.SET else int((pool / "nr_hugepages").read_text())
            _write(pool / "nr_hugepages", before + count, domain)
        return len(pools)

    @quick
    def node_get_memory_parameters(self, conn: S, flags: int) -> TypedParams:
        refuse("node_get_memory_parameters", flags, TypedParameterFlags.STRING_OKAY, domain=conn.state.error_domain)
        _require_merging(conn.state.error_domain)
        told = TypedParams()
        for name, kind in (*((each, UINT) for each in MERGING), *((each, ULLONG) for each in MERGED)):
            if (node.KSM / name).exists():
                told.put(f"shm_{name}", kind, int((node.KSM / name).read_text()))
        return told

    def node_set_memory_parameters(self, conn: S, params: Mapping[str, Value], flags: int) -> None:
        domain = conn.state.error_domain
        refuse("node_set_memory_parameters", flags, domain=domain)
        _require_merging(domain)
        for name, value in params.items():
            if name.removeprefix("shm_") not in MERGING or not name.startswith("shm_"):
                raise InvalidArgError(
                    f"there is no setting {name!r} of merging: see node_memory_parameters", domain=domain
                )
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidArgError(f"{name} is an unsigned number, not {value!r}", domain=domain)
        for name, value in params.items():
            _write(node.KSM / name.removeprefix("shm_"), value, domain)

    def node_suspend_for_duration(self, conn: S, target: int, duration: int, flags: int) -> None:
        domain = conn.state.error_domain
        refuse("node_suspend_for_duration", flags, domain=domain)
        self.sleeper.sleep(target, duration, domain=domain)


MERGING = ("pages_to_scan", "sleep_millisecs", "merge_across_nodes")
MERGED = ("pages_shared", "pages_sharing", "pages_unshared", "pages_volatile", "full_scans")
"""Settings and counters of the kernel's merging of equal pages."""


def _require_merging(domain: int) -> None:
    if not node.KSM.is_dir():
        raise OperationUnsupportedError("the kernel of this host does not merge equal pages", domain=domain)


def _cells(start: int, count: int, domain: int) -> list[int | None]:
    """The cells that are asked for; None stands for the host as a whole."""
    if start == ALL:
        return [None]
    known = node.cells()
    if start not in known or count < 1:
        raise InvalidArgError(f"the host has no NUMA cell {start}; it has {known}", domain=domain)
    return [cell for cell in known if start <= cell < start + count]


def _free_pages(size: int, cell: int | None, domain: int) -> int:
    if size == node.page_size():
        told = node.memory() if cell is None else node.cell_memory(cell)
        return told["MemFree"] // size
    return int((_pool(size, cell, domain) / "free_hugepages").read_text())


def _pool(size: int, cell: int | None, domain: int) -> Path:
    found = node.huge_pages(cell, size)
    if found is None:
        raise OperationFailedError(f"the host has no pool of pages of {size} KiB; see its capabilities", domain=domain)
    return found


def _write(path: Path, value: object, domain: int) -> None:
    try:
        path.write_text(str(value))
    except OSError as error:
        raise OperationFailedError(f"the kernel refuses {value} in {path}: {error.strerror}", domain=domain) from error
