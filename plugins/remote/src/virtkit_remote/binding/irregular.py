"""The procedures whose wire form follows from no rule: each written out, in one place, for both directions.

Most of them carry the buffers of a C caller: a number of items that fit, a length of each CPU map, and the maps one
after the other in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from virtkit.enums import DomainBlockJobType, DomainDiskErrorCode, DomainMemoryStatTags, ErrorDomain, VcpuState
from virtkit.errors import InternalError
from virtkit.params import ULLONG, TypedParams
from virtkit.records import BlockJobInfo, DiskError, NodeCpuMap, VcpuInfo
from virtkit_remote.binding.shape import STRING_OKAY, Shape, Values, derived, entries
from virtkit_remote.protocol.schema import Procedure

MAP_BYTES = 512
"""Length of a CPU map that a client asks for: 4,096 CPUs."""

CPU_STATS_AT_ONCE = 128
"""CPUs whose statistics the protocol lets a client ask for in one call."""

Written = Callable[[Procedure], Shape]

IRREGULAR: dict[str, Written] = {}
"""Name of a hook -> what makes its shape."""


def _irregular(*names: str) -> Callable[[Written], Written]:
    def register(written: Written) -> Written:
        IRREGULAR.update(dict.fromkeys(names, written))
        return written

    return register


def padded(maps: Sequence[bytes], length: int) -> bytes:
    """CPU maps one after the other, each cut or filled to a length."""
    return b"".join(each[:length].ljust(length, b"\0") for each in maps)


def parted(maps: bytes, number: int) -> list[bytes]:
    """The first of the CPU maps of `MAP_BYTES` that lie one after the other."""
    return [maps[start : start + MAP_BYTES] for start in range(0, MAP_BYTES * number, MAP_BYTES)]


@_irregular("domain_get_vcpus")
def _vcpus(procedure: Procedure) -> Shape:
    """A client says how many vCPUs it has room for; so it asks for their number first."""

    def give(a: Values, result: list[VcpuInfo]) -> Values:
        shown = result[: a[1]]
        return [tuple(each[:4]) for each in shown], padded([each.cpumap for each in shown], a[2])

    def get(_: Values, r: Values) -> list[VcpuInfo]:
        maps = parted(r[1], len(r[0]))
        return [
            VcpuInfo(number, _member(VcpuState, state), time, cpu, cpumap)
            for (number, state, time, cpu), cpumap in zip(r[0], maps, strict=True)
        ]

    return Shape(procedure, lambda v: v[:1], give, lambda a, n: (a[0], n, MAP_BYTES), get, irregular=True)


@_irregular("domain_get_vcpu_pin_info")
def _vcpu_pins(procedure: Procedure) -> Shape:
    def give(a: Values, result: list[bytes]) -> Values:
        shown = result[: a[1]]
        return padded(shown, a[2]), len(shown)

    return Shape(
        procedure,
        lambda v: (v[0], v[3]),
        give,
        lambda a, n: (a[0], n, MAP_BYTES, a[1]),
        lambda a, r: parted(r[0], r[1]),
        irregular=True,
    )


@_irregular("domain_get_emulator_pin_info")
def _emulator_pin(procedure: Procedure) -> Shape:
    def give(a: Values, result: bytes | None) -> Values:
        return (b"", 0) if result is None else (padded([result], a[1]), 1)

    return Shape(
        procedure,
        lambda v: (v[0], v[2]),
        give,
        lambda a, n: (a[0], MAP_BYTES, a[1]),
        lambda a, r: r[0] if r[1] else None,
        irregular=True,
    )


@_irregular("domain_get_disk_errors")
def _disk_errors(procedure: Procedure) -> Shape:
    def give(a: Values, result: list[DiskError]) -> Values:
        return (result[: a[1]], min(len(result), a[1])) if a[1] else ((), len(result))

    def get(_: Values, r: Values) -> list[DiskError]:
        return [DiskError(disk, _member(DomainDiskErrorCode, error)) for disk, error in r[0]] if r else []

    return Shape(
        procedure,
        lambda v: (v[0], v[2]),
        give,
        lambda a, n: (a[0], n, a[1]),
        get,
        lambda r: r[1],
        irregular=True,
    )


@_irregular("node_get_cpu_map")
def _node_cpus(procedure: Procedure) -> Shape:
    def give(a: Values, result: NodeCpuMap) -> Values:
        return result.cpumap if a[0] else b"", result.online if a[1] else 0, result.present

    return Shape(
        procedure,
        lambda v: v[2:],
        give,
        lambda a, n: (1, 1, a[0]),
        lambda a, r: NodeCpuMap(*r),
        irregular=True,
    )


@_irregular("node_get_cpu_stats", "node_get_memory_stats")
def _node_stats(procedure: Procedure) -> Shape:
    """Fields of a type of their own, all of them ULLONG; `nparams` stands among the arguments where it likes."""
    regular = derived(procedure)
    asked = procedure.name == "node_get_cpu_stats"

    def give(a: Values, result: TypedParams) -> Values:
        wanted = a[1] if asked else a[0]
        return ([*result.items()][:wanted], wanted) if wanted else ((), len(result))

    def get(_: Values, r: Values) -> TypedParams:
        return TypedParams.all_of(ULLONG, dict(r[0])) if r else TypedParams()

    return regular._replace(give=give, get=get, counted=lambda r: r[1], irregular=True)


@_irregular("domain_memory_stats")
def _memory_stats(procedure: Procedure) -> Shape:
    def get(_: Values, r: Values) -> dict[Any, int]:
        return {_member(DomainMemoryStatTags, tag): value for tag, value in r[0]}

    return Shape(
        procedure,
        lambda v: (v[0], v[2]),
        lambda a, result: ([*result.items()][: a[1]],),
        lambda a, n: (a[0], n, a[1]),
        get,
        most=1024,
        irregular=True,
    )


@_irregular("domain_get_cpu_stats")
def _cpu_stats(procedure: Procedure) -> Shape:
    """A matrix of `nparams` parameters for each CPU; 0 parameters ask for that number, 0 CPUs for theirs."""

    def give(a: Values, result: list[TypedParams]) -> Values:
        _, wanted, _, cpus, _ = a
        width = max(map(entries, result), default=0)
        if cpus == 0:
            return (), len(result)
        if wanted == 0:
            return (), width
        if wanted * cpus > CPU_STATS_AT_ONCE * 16:
            raise InternalError(
                f"{procedure.name} was asked for {wanted} parameters of {cpus} CPUs: ask for fewer at a time",
                domain=ErrorDomain.RPC,
            )
        flat = [(name, (kind, value)) for row in result for name, kind, value in [*row.entries()][:wanted]]
        return flat, min(width, wanted)

    def get(_: Values, r: Values) -> list[TypedParams]:
        if not r or not r[1]:
            return []
        rows = [r[0][start : start + r[1]] for start in range(0, len(r[0]), r[1])]
        return [_row(row) for row in rows]

    return Shape(
        procedure,
        lambda v: (v[0], *v[2:]),
        give,
        lambda a, n: (a[0], n, a[1], a[2], a[3] | STRING_OKAY),
        get,
        lambda r: r[1],
        irregular=True,
    )


def _row(row: Sequence[tuple[str, tuple[int, Any]]]) -> TypedParams:
    params = TypedParams()
    for name, (kind, value) in row:
        params.put(name, kind, value)
    return params


@_irregular("domain_get_block_job_info")
def _block_job(procedure: Procedure) -> Shape:
    def give(_: Values, result: BlockJobInfo | None) -> Values:
        return (0, 0, 0, 0, 0) if result is None else (1, *result)

    def get(_: Values, r: Values) -> BlockJobInfo | None:
        return BlockJobInfo(_member(DomainBlockJobType, r[1]), *r[2:]) if r[0] else None

    return Shape(procedure, None, give, None, get, irregular=True)


@_irregular("domain_rename", "domain_agent_set_response_timeout")
def _success(procedure: Procedure) -> Shape:
    """The reply is a number that is always 0."""
    return derived(procedure)._replace(give=lambda a, result: (0,), get=None, irregular=True)


def _member(cls: Any, number: int) -> Any:
    """The member of an enumeration, or the number it does not have."""
    return cls._value2member_map_.get(number, number)
