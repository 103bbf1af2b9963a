"""What is known of a domain, told by another function that knows it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit import constants, enums
from virtkit.errors import ArgumentUnsupportedError, NoDomainError
from virtkit.fallbacks.objects import DOMAIN, is_listed
from virtkit.fallbacks.table import Ops, derived, refuse
from virtkit.fallbacks.variants import STRING_OKAY
from virtkit.params import INT, LLONG, ULLONG, TypedParams
from virtkit.records import BlockStats, DomainStateReason, DomainStats, JobInfo, SecurityLabel
from virtkit.refs import NO_ID

if TYPE_CHECKING:
    from virtkit.refs import DomainRef


@derived("domain_lookup_by_uuid")
def domain_is_active(ops: Ops, dom: DomainRef) -> bool:
    """A fresh reference has an id while the domain runs."""
    return bool(ops["domain_lookup_by_uuid"](dom.uuid).id != NO_ID)


@derived("connect_list_all_domains")
def domain_has_managed_save_image(ops: Ops, dom: DomainRef, flags: int) -> bool:
    """Whether the list of those with an image has it."""
    refuse("domain_has_managed_save_image", flags)
    return is_listed(DOMAIN, ops["connect_list_all_domains"], dom, "MANAGEDSAVE")


@derived("domain_get_info")
def domain_get_state(ops: Ops, dom: DomainRef, flags: int) -> DomainStateReason:
    """The state of the info; 0 is the unknown reason of every state."""
    refuse("domain_get_state", flags)
    return DomainStateReason(ops["domain_get_info"](dom).state, 0)


@derived("domain_get_info")
def domain_get_max_memory(ops: Ops, dom: DomainRef) -> int:
    """The maximum of the info."""
    return int(ops["domain_get_info"](dom).max_mem)


@derived("domain_get_security_label_list")
def domain_get_security_label(ops: Ops, dom: DomainRef) -> SecurityLabel:
    """The first label; an empty one where there is none."""
    labels = ops["domain_get_security_label_list"](dom)
    return SecurityLabel(*labels[0]) if labels else SecurityLabel("", False)


BLOCK_STATS = ("rd_operations", "rd_bytes", "wr_operations", "wr_bytes", "errs")
"""Names of the fields of `BlockStats` among the statistics with flags."""


@derived("domain_block_stats_flags")
def domain_block_stats(ops: Ops, dom: DomainRef, path: str) -> BlockStats:
    """Five of the counters; -1 for those that are not told."""
    params = ops["domain_block_stats_flags"](dom, path, 0)
    return BlockStats(*(int(params.get(name, -1)) for name in BLOCK_STATS))


@derived("domain_block_stats")
def domain_block_stats_flags(ops: Ops, dom: DomainRef, path: str, flags: int) -> TypedParams:
    """The counters that are known."""
    refuse("domain_block_stats_flags", flags, STRING_OKAY)
    counters = zip(BLOCK_STATS, ops["domain_block_stats"](dom, path), strict=True)
    return TypedParams.all_of(LLONG, {name: count for name, count in counters if count >= 0})


JOB_INFO = tuple(
    f"{of}_{part}"
    for of, parts in (
        ("time", ("elapsed", "remaining")),
        ("data", ("total", "processed", "remaining")),
        ("memory", ("total", "processed", "remaining")),
        ("disk", ("total", "processed", "remaining")),
    )
    for part in parts
)
"""Names of the fields of `JobInfo` after the type, among the statistics of a job."""


@derived("domain_get_job_stats")
def domain_get_job_info(ops: Ops, dom: DomainRef) -> JobInfo:
    """Of the statistics those that the older call has; 0 where the job does not count it."""
    stats = ops["domain_get_job_stats"](dom, 0)
    return JobInfo(stats.type, *(int(stats.params.get(name, 0)) for name in JOB_INFO))


@derived("connect_list_all_domains", "domain_get_info", "domain_get_state")
def connect_get_all_domain_stats(ops: Ops, doms: Sequence[DomainRef], stats: int, flags: int) -> list[DomainStats]:
    """State, CPU time and memory of the domains; further groups need the driver itself."""
    types, bits = enums.DomainStatsTypes, enums.ConnectGetAllDomainStatsFlags
    groups = types.STATE | types.CPU_TOTAL | types.BALLOON
    if flags & bits.ENFORCE_STATS and stats & ~groups:
        raise ArgumentUnsupportedError(f"statistics {stats & ~groups:#x} are not known here; ask for {groups:#x} only")
    listed = ops["connect_list_all_domains"](flags & ~(bits.NOWAIT | bits.BACKING | bits.ENFORCE_STATS))
    wanted = {dom.uuid for dom in doms}
    found = []
    for dom in listed:
        if wanted and dom.uuid not in wanted:
            continue
        try:
            found.append(DomainStats(dom, _statistics(ops, dom, stats or groups)))
        except NoDomainError:  # It went away since it was listed.
            continue
    return found


def _statistics(ops: Ops, dom: DomainRef, stats: int) -> TypedParams:
    types = enums.DomainStatsTypes
    params = TypedParams()
    if stats & types.STATE:
        state = ops["domain_get_state"](dom, 0)
        params.put("state.state", INT, int(state.state)).put("state.reason", INT, int(state.reason))
    if stats & (types.CPU_TOTAL | types.BALLOON):
        info = ops["domain_get_info"](dom)
        if stats & types.CPU_TOTAL and dom.id != NO_ID:
            params.put("cpu.time", ULLONG, info.cpu_time)
        if stats & types.BALLOON:
            params.put("balloon.current", ULLONG, info.memory).put("balloon.maximum", ULLONG, info.max_mem)
    return params


@derived()
def connect_get_lib_version(ops: Ops) -> int:
    """The version of libvirt whose API this is."""
    return constants.LIBVIR_VERSION_NUMBER


FEATURES = {9, 16}
"""libvirt's numbers of what holds for every driver: strings among typed parameters, `network_update` as declared."""


@derived()
def connect_supports_feature(ops: Ops, feature: int) -> bool:
    """What a driver does not say it can do, it cannot."""
    return feature in FEATURES
