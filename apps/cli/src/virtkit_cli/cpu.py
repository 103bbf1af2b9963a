"""Commands on CPUs and I/O threads of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainVcpuFlags, VcpuHostCpuState, VcpuState
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import number
from virtkit_cli.words import CONFIG, IMPACT, LIVE

if TYPE_CHECKING:
    from virtkit_cli.session import Session

CPULIST = "CPUs of the host, such as 0-3,^2; `r` is all of them"


def cpumap(session: Session, text: str) -> bytes:
    """A list of the host's CPUs as a map of all of them.

    Raises:
        UsageError: It is no such list, or names none of the host's CPUs.
    """
    from virtkit.xml.domain.cpuset import members
    from virtkit.xml.values import Refusal

    count = session.connection.node_cpu_map().present
    try:
        chosen = set(range(count)) if text == "r" else members(text)
    except Refusal as refusal:
        raise UsageError(f"--cpulist: {refusal.message}") from None
    bits = sum(1 << cpu for cpu in chosen if cpu < count)
    if not bits:
        raise UsageError(f"--cpulist {text!r}: the host has the CPUs 0-{count - 1}")
    return bits.to_bytes((count + 7) // 8, "little")


def cpus_in(cpumap: bytes, count: int | None = None) -> list[int]:
    """The numbers of the CPUs in a map, up to the host's count."""
    known = 8 * len(cpumap) if count is None else min(count, 8 * len(cpumap))
    return [number for number in range(known) if cpumap[number // 8] >> number % 8 & 1]


def cpulist(cpumap: bytes, count: int | None = None) -> str:
    """A map of CPUs as a list, up to the host's count."""
    from virtkit.xml.domain.cpuset import written

    return written(cpus_in(cpumap, count))


@command(
    DOMAIN.word,
    argument("count", "number of vCPUs", number),
    Flag("maximum", "how many it can have", DomainVcpuFlags.MAXIMUM, excludes=("live", "guest")),
    *IMPACT,
    Flag("guest", "bring them on or off line in the guest", DomainVcpuFlags.GUEST, excludes=("config",)),
    Flag("hotpluggable", "make new ones such that they can be removed again", DomainVcpuFlags.HOTPLUGGABLE),
)
def setvcpus(session: Session, args: Arguments) -> None:
    """Change how many vCPUs a domain has."""
    if args.count < 1:
        raise UsageError("setvcpus: a domain has at least one vCPU")
    find_domain(session, args).set_vcpus(args.count, args.flags)
    session.out.done(vcpus=args.count)


@command(
    DOMAIN.word, argument("vcpulist", "numbers of vCPUs, such as 0-3,^2"),
    Flag("enable", "plug them", excludes=("disable",)), Flag("disable", "unplug them"), *IMPACT,
)  # fmt: skip
def setvcpu(session: Session, args: Arguments) -> None:
    """Plug or unplug single vCPUs of a domain."""
    if not args.enable and not args.disable:
        raise UsageError("setvcpu needs --enable or --disable")
    find_domain(session, args).set_vcpu(args.vcpulist, args.enable, args.flags)
    session.out.done(vcpus=args.vcpulist, enabled=args.enable)


@command(
    DOMAIN.word, Flag("maximum", "only how many it can have", excludes=("active",)),
    Flag("active", "only how many it has"), *IMPACT,
    Flag("guest", "as the guest counts them", excludes=("maximum", "config")),
)  # fmt: skip
def vcpucount(session: Session, args: Arguments) -> None:
    """Show how many vCPUs a domain has and can have."""
    domain = find_domain(session, args)
    kinds = DomainVcpuFlags
    if args.maximum or args.active or args.guest or args.flags or args.current:
        asked = args.flags | (kinds.MAXIMUM if args.maximum else 0) | (kinds.GUEST if args.guest else 0)
        session.out.value("count", domain.vcpu_count(asked))
        return
    rows = []
    for what, bit in (("maximum", kinds.MAXIMUM), ("current", kinds.CURRENT)):
        for where, impact in (("config", CONFIG), ("live", LIVE)):
            if (domain.is_persistent() if impact == CONFIG else domain.is_active()):  # fmt: skip
                rows.append({"what": what, "where": where, "count": domain.vcpu_count(bit | impact)})
    if session.out.json:
        session.out.table({}, rows)
        return
    for row in rows:
        session.out.write(f"{row['what']:<12} {row['where']:<12} {row['count']:>3}")


@command(DOMAIN.word, Flag("pretty", "CPUs as lists of numbers"))
def vcpuinfo(session: Session, args: Arguments) -> None:
    """Show the vCPUs of a running domain."""
    host = session.connection.node_cpu_map().present
    rows = [
        {
            "vcpu": vcpu.number,
            "cpu": "N/A" if vcpu.cpu in tuple(VcpuHostCpuState) else vcpu.cpu,
            "state": VcpuState(vcpu.state).name.lower(),
            "time": vcpu.cpu_time,
            "affinity": cpulist(vcpu.cpumap, host),
            "map": "".join("y" if number in cpus_in(vcpu.cpumap) else "-" for number in range(host)),
        }
        for vcpu in find_domain(session, args).vcpus()
    ]
    if session.out.json:
        session.out.table({}, rows)
        return
    labels = {"vcpu": "VCPU", "cpu": "CPU", "state": "State", "time": "CPU time", "map": "CPU Affinity"}
    for position, row in enumerate(rows):
        cpus = f"{row['affinity']} (out of {host})" if args.pretty else row["map"]
        spent = f"{int(str(row['time'])) / 1e9:.1f}s" if row["time"] else None
        if position:
            session.out.write("")
        session.out.record(labels, row | {"time": spent, "map": cpus})


@command(DOMAIN.word, option("vcpu", "number of one vCPU", number), option("cpulist", CPULIST), *IMPACT)
def vcpupin(session: Session, args: Arguments) -> None:
    """Show or choose which CPUs of the host the vCPUs of a domain may run on."""
    domain = find_domain(session, args)
    if args.cpulist is None:
        host = session.connection.node_cpu_map().present
        rows = [
            {"vcpu": vcpu, "cpus": cpulist(cpus, host)}
            for vcpu, cpus in enumerate(domain.vcpu_pin_info(args.flags))
            if args.vcpu in (None, vcpu)
        ]
        session.out.table({"vcpu": "VCPU", "cpus": "CPU Affinity"}, rows)
        return
    if args.vcpu is None:
        raise UsageError("vcpupin needs --vcpu to pin one")
    domain.pin_vcpu(args.vcpu, cpumap(session, args.cpulist), args.flags)
    session.out.done(vcpu=args.vcpu, cpus=args.cpulist)


@command(DOMAIN.word, option("cpulist", CPULIST), *IMPACT)
def emulatorpin(session: Session, args: Arguments) -> None:
    """Show or choose which CPUs of the host the other threads of a domain may run on."""
    domain = find_domain(session, args)
    if args.cpulist is not None:
        domain.pin_emulator(cpumap(session, args.cpulist), args.flags)
        session.out.done(cpus=args.cpulist)
        return
    pinned = domain.emulator_pin_info(args.flags)
    host = session.connection.node_cpu_map().present
    cpus = cpulist(pinned, host) if pinned is not None else f"0-{host - 1}"
    line = "-" * 34
    session.out.value("cpus", cpus, f"emulator: CPU Affinity\n{line}\n       *: {cpus}")


@command(
    DOMAIN.word, Flag("total", "only the total"), option("start", "first CPU of the host", number, default=0),
    option("count", "how many CPUs; all if left out", number, default=0),
)  # fmt: skip
def cpu_stats(session: Session, args: Arguments) -> None:
    """Show how much time of the host's CPUs a domain used."""
    domain = find_domain(session, args)
    shown: dict[str, Any] = {}
    if not args.total:
        for cpu, times in enumerate(domain.cpu_stats(args.start, args.count), args.start):
            shown[f"CPU{cpu}"] = dict(times)
    if args.total or not (args.start or args.count):
        shown["Total"] = dict(domain.cpu_stats(-1, 1)[0])
    if session.out.json:
        session.out.record({}, shown)
        return
    for name, times in shown.items():
        session.out.write(f"{name}:")
        for field, spent in times.items():
            session.out.write(f"\t{field:<12} {spent // 10**9:9}.{spent % 10**9:09} seconds")


# I/O threads

IOTHREAD = argument("id", "number of an I/O thread", number)


@command(DOMAIN.word, *IMPACT)
def iothreadinfo(session: Session, args: Arguments) -> None:
    """List the I/O threads of a domain."""
    host = session.connection.node_cpu_map().present
    rows = [
        {"id": thread.iothread_id, "cpus": cpulist(thread.cpumap, host)}
        for thread in find_domain(session, args).iothread_info(args.flags)
    ]
    if rows or session.out.json:
        session.out.table({"id": "IOThread ID", "cpus": "CPU Affinity"}, rows)
    else:
        session.out.done("No IOThreads found for the domain")


@command(DOMAIN.word, IOTHREAD, *IMPACT)
def iothreadadd(session: Session, args: Arguments) -> None:
    """Add an I/O thread to a domain."""
    find_domain(session, args).add_iothread(args.id, args.flags)
    session.out.done(id=args.id)


@command(DOMAIN.word, IOTHREAD, *IMPACT)
def iothreaddel(session: Session, args: Arguments) -> None:
    """Remove an I/O thread from a domain."""
    find_domain(session, args).del_iothread(args.id, args.flags)
    session.out.done(id=args.id)


@command(DOMAIN.word, argument("iothread", "number of an I/O thread", number), argument("cpulist", CPULIST), *IMPACT)
def iothreadpin(session: Session, args: Arguments) -> None:
    """Choose which CPUs of the host an I/O thread may run on."""
    find_domain(session, args).pin_iothread(args.iothread, cpumap(session, args.cpulist), args.flags)
    session.out.done(id=args.iothread, cpus=args.cpulist)


POLLING = ("poll-max-ns", "poll-grow", "poll-shrink", "thread-pool-min", "thread-pool-max")


@command(DOMAIN.word, IOTHREAD, *(option(name, f"the parameter {name}", number) for name in POLLING), *IMPACT)
def iothreadset(session: Session, args: Arguments) -> None:
    """Tune how an I/O thread of a domain polls."""
    from virtkit import constants
    from virtkit.params import INT, UINT, ULLONG, TypedParams

    params = TypedParams()
    for name in POLLING:
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            kind = INT if name.startswith("thread") else ULLONG if name == "poll-max-ns" else UINT
            params.put(getattr(constants, f"DOMAIN_IOTHREAD_{name.upper().replace('-', '_')}"), kind, value)
    if not params:
        raise UsageError("iothreadset needs something to set; see virtkit help iothreadset")
    find_domain(session, args).set_iothread_params(args.id, params, args.flags)
    session.out.done(id=args.id, **params)
