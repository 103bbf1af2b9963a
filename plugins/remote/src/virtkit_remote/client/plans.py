"""What a hook takes besides one call and its reply, for whoever makes the calls: a thread that waits, or a loop.

A plan is a generator: it yields the calls to make, is sent the results of each as on the wire, and returns what the
hook returns. A call that fails ends it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.enums import DomainVcpuFlags, ErrorDomain
from virtkit.errors import InternalError
from virtkit_remote.binding.calling import START, Call, call_of
from virtkit_remote.binding.irregular import CPU_STATS_AT_ONCE
from virtkit_remote.protocol.frames import HEADER, REPLY_WITH_FDS
from virtkit_remote.protocol.schema import ANY

if TYPE_CHECKING:
    from virtkit.params import TypedParams
    from virtkit.records import VcpuInfo

ARGUMENTS_FIXED = 16
"""The feature of a daemon that takes the arguments of `network_update` in the order declared."""


class Step(NamedTuple):
    """A call to make.

    Attributes:
        call: Of which procedure.
        arguments: Of the hook.
        room: How many items may be returned; 0 asks how many there are.
    """

    call: Call
    arguments: Sequence[Any]
    room: int


Plan = Generator[Step, Sequence[Any], Any]


class Facts:
    """What a connection has learnt of its daemon.

    Attributes:
        secure: Nobody on the way can read or change what is sent.
        features: Features of the daemon or its driver that were asked for -> whether there are.
        map_length: Bytes of a CPU map of the host; 0: not asked yet.
    """

    def __init__(self, *, secure: bool) -> None:
        self.secure = secure
        self.features: dict[int, bool] = {}
        self.map_length = 0


def regular(name: str, *arguments: Any) -> Plan:
    """Call a hook, twice where the first call asks how much there is."""
    call = call_of(name)
    count = call.most
    if call.counted is not None:
        count = call.counted((yield Step(call, arguments, 0)))
        if count <= 0:
            return call.result(arguments, ())
    return call.result(arguments, (yield Step(call, arguments, count)))


def _sized(name: str, count: int, *arguments: Any) -> Plan:
    """Call a hook whose caller says how many items it has room for."""
    call = call_of(name)
    return call.result(arguments, (yield Step(call, arguments, count)))


def _first(name: str, *arguments: Any) -> Plan:
    """Call a hook for the first of its results on the wire."""
    return (yield Step(call_of(name), arguments, 0))[0]


def _supports(facts: Facts, feature: int) -> Plan:
    """Whether the daemon or its driver has a feature; asked once."""
    if feature not in facts.features:
        facts.features[feature] = bool((yield from _first("connect_supports_feature", feature)))
    return facts.features[feature]


def _network_update(facts: Facts, net: Any, command: int, section: int, *rest: Any) -> Plan:
    """Daemons before libvirt 7.2 take section and command the other way round."""
    if not (yield from _supports(facts, ARGUMENTS_FIXED)):
        command, section = section, command
    return (yield from regular("network_update", net, command, section, *rest))


def _is_secure(facts: Facts) -> Plan:
    """The daemon's side of the way, and ours."""
    return facts.secure and bool((yield from _first("connect_is_secure")))


def _scheduler_type(_: Facts, dom: Any) -> Plan:
    return (yield from _first("domain_get_scheduler_type", dom))


def _vcpus(facts: Facts, dom: Any) -> Plan:
    """The vCPUs; the client has to know their number, and that of the host's CPUs."""
    number = (yield from regular("domain_get_info", dom)).nr_virt_cpu
    length = yield from _map_length(facts)
    found: list[VcpuInfo] = yield from _sized("domain_get_vcpus", number, dom)
    return [each._replace(cpumap=each.cpumap[:length]) for each in found]


def _vcpu_pins(facts: Facts, dom: Any, flags: int) -> Plan:
    number = yield from regular("domain_get_vcpus_flags", dom, flags | DomainVcpuFlags.MAXIMUM)
    length = yield from _map_length(facts)
    found: list[bytes] = yield from _sized("domain_get_vcpu_pin_info", number, dom, flags)
    return [each[:length] for each in found]


def _emulator_pin(facts: Facts, dom: Any, flags: int) -> Plan:
    found: bytes | None = yield from regular("domain_get_emulator_pin_info", dom, flags)
    return found and found[: (yield from _map_length(facts))]


def _map_length(facts: Facts) -> Plan:
    """Bytes of a CPU map of the host."""
    if not facts.map_length:
        info = yield from regular("node_get_info")
        facts.map_length = (info.nodes * info.sockets * info.cores * info.threads + 7) // 8
    return facts.map_length


def _cpu_stats(_: Facts, dom: Any, start_cpu: int, ncpus: int, flags: int) -> Plan:
    """As many CPUs at a time as the protocol allows; 0 are all from the first one on."""
    call = call_of("domain_get_cpu_stats")
    if not ncpus:
        ncpus = (yield Step(call, (dom, 0, 0, flags), 0))[1] - start_cpu
    found: list[TypedParams] = []
    for start in range(start_cpu, start_cpu + max(ncpus, 1), CPU_STATS_AT_ONCE):
        number = min(CPU_STATS_AT_ONCE, max(1, start_cpu + ncpus - start))
        found += yield from regular("domain_get_cpu_stats", dom, start, number, flags)
    return found


def _unless_flags(older: str) -> Callable[..., Plan]:
    """The plan for a hook that means, without flags, what an older one does."""
    newer = f"{older}_flags"

    def plan(_: Facts, *arguments: Any) -> Plan:
        *rest, flags = arguments
        return (yield from regular(newer, *arguments) if flags else regular(older, *rest))

    return plan


OLDER = (
    "domain_abort_job", "domain_define_xml", "domain_destroy", "domain_shutdown", "domain_undefine",
    "network_create_xml", "network_define_xml", "nwfilter_define_xml", "storage_vol_get_info",
)  # fmt: skip
"""Procedures that got a newer one with flags: where there are none, all daemons and drivers know the older one."""

IRREGULAR: dict[str, Callable[..., Plan]] = {
    "network_update": _network_update,
    "connect_is_secure": _is_secure,
    "connect_supports_feature": _supports,
    "domain_get_scheduler_type": _scheduler_type,
    "domain_get_vcpus": _vcpus,
    "domain_get_vcpu_pin_info": _vcpu_pins,
    "domain_get_emulator_pin_info": _emulator_pin,
    "domain_get_cpu_stats": _cpu_stats,
    **{f"{older}_flags": _unless_flags(older) for older in OLDER},
}
"""Hooks that are more than the call of their procedure."""


def plan_of(name: str) -> Callable[..., Plan] | None:
    """What makes the plan for a hook of what is known and the hook's arguments; None where one call does.

    Raises:
        KeyError: No procedure has that name.
    """
    own = IRREGULAR.get(name)
    if own is None and call_of(name).counted is not None:
        return lambda _, *arguments: regular(name, *arguments)
    return own


def parted(call: Call, arguments: tuple[Any, ...]) -> tuple[tuple[Any, ...], Sequence[int] | None]:
    """The arguments of a hook that travel as values, and those that travel as descriptors; None: it takes none."""
    if not call.procedure.fds_call:
        return arguments, None
    *given, last = arguments
    return tuple(given), list(last) if call.procedure.fds_call == ANY else [last]


def joined(call: Call, arguments: Sequence[Any], message: bytes, files: Sequence[int]) -> Any:
    """What a hook that takes or returns descriptors returns, of its reply and what came with it."""
    procedure = call.procedure
    if not procedure.fds_reply:
        return call.result(arguments, call.results(message, START))
    counted = HEADER.unpack_from(message)[4] == REPLY_WITH_FDS  # their number comes first
    results = call.results(message, START + 4 if counted else START)
    if procedure.fds_reply not in (ANY, len(files)):
        for file in files:
            os.close(file)
        raise InternalError(
            f"{procedure.name}: the daemon sent {len(files)} descriptors, {procedure.fds_reply} belongs to it: "
            "its log may tell why",
            domain=ErrorDomain.REMOTE,
        )
    out: Any = files if procedure.fds_reply == ANY else files[0]
    return (results[0], out) if procedure.ret else out


class Forms(NamedTuple):
    """What makes of an open stream what the API hands out."""

    source: Callable[[Any], Any]
    sink: Callable[[Any], Any]
    duplex: Callable[[Any], Any]
    screenshot: Callable[[str, Any], Any]


def shown(call: Call, reply: bytes, stream: Any, forms: Forms) -> Any:
    """What a hook returns that opened a stream, of the reply to its call."""
    procedure = call.procedure
    if procedure.name == "domain_screenshot":
        return forms.screenshot(call.results(reply, START)[0], forms.source(stream))
    if procedure.name in ("domain_open_console", "domain_open_channel"):
        return forms.duplex(stream)
    if procedure.stream == "read":
        return forms.source(stream)
    if procedure.ret is None:
        return forms.sink(stream)
    return (*call.results(reply, START), forms.sink(stream))
