"""Commands that show limits, or set those that are given; each is a row of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit.constants import DOMAIN_MEMORY_PARAM_UNLIMITED
from virtkit.params import BOOLEAN, DOUBLE, INT, LLONG, STRING, UINT, ULLONG, TypedParams
from virtkit_cli.command import Arguments, UsageError, Word, argument, command, declare, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import kib, number
from virtkit_cli.words import IMPACT, chosen

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit_cli.session import Session


class Limit(NamedTuple):
    """A typed parameter of the API and the word that sets it: the parameter's name with `-`, unless given."""

    parameter: str
    kind: int
    type: Callable[[str], Any] = number
    word: str = ""

    @property
    def option(self) -> str:
        """The name of the word."""
        return self.word or self.parameter.replace("_", "-")


Read = Callable[["Session", Arguments], TypedParams]
Write = Callable[["Session", Arguments, TypedParams], None]


def tuner(name: str, help: str, words: tuple[Word, ...], limits: tuple[Limit, ...], read: Read, write: Write) -> None:
    """Declare a command that sets the limits that are given, or shows all if none is.

    Args:
        name: The command.
        help: One line.
        words: What names the object, and flags.
        limits: What can be set.
        read: Asks for all.
        write: Sets some.
    """

    def body(session: Session, args: Arguments) -> None:
        changes = TypedParams()
        for limit in limits:
            value = getattr(args, limit.option.replace("-", "_"))
            if value is not None:
                changes.put(limit.parameter, limit.kind, value)
        if changes:
            write(session, args, changes)
            session.out.done(**changes)
        else:
            show(session, read(session, args))

    options = [option(limit.option, f"set {limit.parameter}", limit.type) for limit in limits]
    declare(name, help, [*words, *options], body)


def show(session: Session, values: Mapping[str, Value]) -> None:
    """Print parameters; what is not limited in words."""
    text = {name: "unlimited" if value == DOMAIN_MEMORY_PARAM_UNLIMITED else value for name, value in values.items()}
    session.out.pairs(values if session.out.json else text)


WORDS = (DOMAIN.word, *IMPACT)


def of_domain(read: str, write: str) -> tuple[Read, Write]:
    """How parameters of a domain are read and written, by the names of the methods."""
    return (
        lambda session, args: getattr(find_domain(session, args), read)(args.flags),
        lambda session, args, values: getattr(find_domain(session, args), write)(values, args.flags),
    )


tuner(
    "memtune",
    "Show or set limits of host memory, in KiB.",
    WORDS,
    tuple(Limit(name, ULLONG, kib) for name in ("hard_limit", "soft_limit", "swap_hard_limit", "min_guarantee")),
    *of_domain("memory_parameters", "set_memory_parameters"),
)

NUMA_MODES = ("strict", "preferred", "interleave", "restrictive")  # in the order of their numbers


def numa_mode(text: str) -> int:
    """The number of a mode."""
    if text not in NUMA_MODES:
        raise ValueError(f"one of {', '.join(NUMA_MODES)} is expected")
    return NUMA_MODES.index(text)


def _numa(session: Session, args: Arguments) -> TypedParams:
    values = find_domain(session, args).numa_parameters(args.flags)
    if "numa_mode" in values and not session.out.json:
        values["numa_mode"] = NUMA_MODES[int(values["numa_mode"])]
    return values


tuner(
    "numatune",
    "Show or set which NUMA nodes of the host memory comes from.",
    WORDS,
    (Limit("numa_mode", INT, numa_mode, "mode"), Limit("numa_nodeset", STRING, str, "nodeset")),
    _numa,
    of_domain("numa_parameters", "set_numa_parameters")[1],
)
tuner(
    "blkiotune",
    "Show or set shares of the host's disks.",
    WORDS,
    (
        Limit("weight", UINT),
        Limit("device_weight", STRING, str, "device-weights"),
        *(Limit(f"device_{way}_{what}_sec", STRING, str) for what in ("iops", "bytes") for way in ("read", "write")),
    ),
    *of_domain("blkio_parameters", "set_blkio_parameters"),
)

IO_KINDS = [f"{way}_{what}_sec" for what in ("bytes", "iops") for way in ("total", "read", "write")]

tuner(
    "blkdeviotune",
    "Show or set limits of a disk.",
    (DOMAIN.word, argument("device", "target name of a disk", completes="disk"), *IMPACT),
    (
        *(Limit(kind + tail, ULLONG) for tail in ("", "_max", "_max_length") for kind in IO_KINDS),
        Limit("size_iops_sec", ULLONG),
        Limit("group_name", STRING, str),
    ),
    lambda session, args: find_domain(session, args).block_io_tune(args.device, args.flags),
    lambda session, args, values: find_domain(session, args).set_block_io_tune(args.device, values, args.flags),
)
tuner(
    "node-memory-tune",
    "Show or set how the host shares equal pages.",
    (),
    tuple(Limit(f"shm_{name}", UINT) for name in ("pages_to_scan", "sleep_millisecs", "merge_across_nodes")),
    lambda session, args: session.connection.node_memory_parameters(),
    lambda session, args, values: session.connection.set_node_memory_parameters(values),
)

RATES = ("average", "peak", "burst", "floor")


@command(
    DOMAIN.word,
    argument("interface", "MAC address or device on the host", completes="nic"),
    option("inbound", "AVERAGE,PEAK,BURST,FLOOR to the guest, in KiB/s and KiB"),
    option("outbound", "AVERAGE,PEAK,BURST from the guest"),
    *IMPACT,
)
def domiftune(session: Session, args: Arguments) -> None:
    """Show or set limits of a network interface."""
    domain = find_domain(session, args)
    changes = TypedParams()
    for way in ("inbound", "outbound"):
        text = getattr(args, way)
        for name, value in zip(RATES, text.split(",") if text else [], strict=False):
            if value:
                changes.put(f"{way}.{name}", UINT, _rate(way, value))
    if changes:
        domain.set_interface_parameters(args.interface, changes, args.flags)
        session.out.done(**changes)
    else:
        show(session, domain.interface_parameters(args.interface, args.flags))


def _rate(way: str, text: str) -> int:
    try:
        return number(text)
    except ValueError as cause:
        raise UsageError(f"--{way} {text!r}: {cause}") from cause


@command(
    DOMAIN.word,
    option("weight", "share of the host's CPUs", number, by_name=True),
    option("cap", "most of the host's CPUs, in percent", number, by_name=True),
    *IMPACT,
    option("set", "NAME=VALUE to set", many=True),
)
def schedinfo(session: Session, args: Arguments) -> None:
    """Show or set shares of the host's CPUs."""
    domain = find_domain(session, args)
    known = domain.scheduler_parameters(args.flags)
    given = [pair.partition("=")[::2] for pair in args.set]
    given += [(name, str(getattr(args, name))) for name in ("weight", "cap") if getattr(args, name) is not None]
    if given:
        changes = TypedParams()
        for name, text in given:
            changes.put(name, *_typed(known, name, text))
        domain.set_scheduler_parameters(changes, args.flags)
        known = domain.scheduler_parameters(args.flags)
    scheduler = {"scheduler": domain.scheduler_type()} if session.out.json else {"Scheduler": domain.scheduler_type()}
    session.out.pairs(scheduler | dict(known))


def _typed(known: TypedParams, name: str, text: str) -> tuple[int, Value]:
    """The wire type of a parameter, and a text as its value."""
    if name not in known:
        raise UsageError(f"no parameter is named {name!r}; there are {', '.join(known)}")
    kind = known.type_of(name)
    try:
        return kind, READ[kind](text)
    except ValueError as cause:
        raise UsageError(f"{name}={text}: {cause}") from cause


READ: dict[int, Callable[[str], Value]] = {
    **dict.fromkeys((INT, UINT, LLONG, ULLONG), number),
    DOUBLE: float,
    STRING: str,
    BOOLEAN: lambda text: text.lower() in ("1", "yes", "on", "true"),
}


@command(
    DOMAIN.word,
    option("enable", "counters to switch on, with commas", default=""),
    option("disable", "counters to switch off, with commas", default=""),
    *IMPACT,
)
def perf(session: Session, args: Arguments) -> None:
    """Show or switch performance counters of a domain."""
    domain = find_domain(session, args)
    known = domain.perf_events(args.flags)
    changes = TypedParams()
    for word, state in (("enable", True), ("disable", False)):
        for name in chosen(word, getattr(args, word), known):
            changes.put(name, BOOLEAN, state)
    if changes:
        domain.set_perf_events(changes, args.flags)
        known = domain.perf_events(args.flags)
    text = {name: "enabled" if on else "disabled" for name, on in known.items()}
    session.out.pairs(known if session.out.json else text)
