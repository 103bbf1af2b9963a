"""Memory: its size, what it is made of on the host, and the guest's NUMA nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.xml.domain.cpuset import members, written
from virtkit_qemu.command.context import option, pairs

if TYPE_CHECKING:
    from virtkit.xml.domain.cpu import NumaCell
    from virtkit_qemu.command.context import Context

BACKENDS = {None: "memory-backend-ram", "anonymous": "memory-backend-ram", "memfd": "memory-backend-memfd"}
"""`memoryBacking/source` -> QEMU's object."""

BYTES_PER_KIB = 1024


def arguments(context: Context) -> list[str]:
    """Size and backend."""
    domain = context.domain
    values: dict[str, Any] = {}
    if domain.max_memory is not None and domain.max_memory.size:
        values = {"slots": domain.max_memory.slots, "maxmem": f"{domain.max_memory.size}k"}
    name, words = backend_of(context), ["-m", pairs(f"size={_size(context)}k", values)]
    if name is not None:
        words += ["-object", option(_backend(context, name, _size(context)))]
    return words + (["-overcommit", "mem-lock=on"] if domain.memory_backing.locked else [])


def backend_of(context: Context) -> str | None:
    """The name of the object that is the guest's memory; None if QEMU makes it, or each NUMA node has its own."""
    backing, cpu = context.domain.memory_backing, context.domain.cpu
    plain = not (backing.source or backing.access or backing.allocation)
    if plain or cpu.numa is not None:
        return None
    machine = context.facts.machine((context.domain.os.type and context.domain.os.type.machine) or "")
    return (machine.default_ram_id if machine else None) or "ram"


def _size(context: Context) -> int:
    memory = context.domain.memory
    return memory.size if memory and memory.size else 0


def _backend(context: Context, name: str, size: int, cell: NumaCell | None = None) -> dict[str, Any]:
    backing = context.domain.memory_backing
    if backing.source not in BACKENDS:
        raise context.unsupported(f"<memoryBacking/source type='{backing.source}'> is not supported yet", "use memfd")
    access = (cell.mem_access if cell else None) or backing.access
    if access == "shared" and backing.source != "memfd":
        raise context.unsupported("shared memory needs a file of its own", "add <source type='memfd'/>")
    return {
        "qom-type": BACKENDS[backing.source],
        "id": name,
        "size": size * BYTES_PER_KIB,
        "share": None if access is None else access == "shared",
        "prealloc": True if backing.allocation and backing.allocation.mode == "immediate" else None,
    }


def nodes(context: Context) -> list[str]:
    """The guest's NUMA nodes, each with memory of its own."""
    numa = context.domain.cpu.numa
    if numa is None:
        return []
    total = sum(cell.memory or 0 for cell in numa.cells)
    if total != _size(context):
        raise context.unsupported(f"its NUMA cells have {total} KiB of its {_size(context)}", "make the sums the same")
    words: list[str] = []
    for cell in numa.cells:
        name = f"ram-node{cell.id}"
        words += ["-object", option(_backend(context, name, cell.memory or 0, cell))]
        spans = written(members(cell.cpus)).split(",") if cell.cpus else []
        words += ["-numa", ",".join([f"node,nodeid={cell.id}", *(f"cpus={span}" for span in spans), f"memdev={name}"])]
    return words
