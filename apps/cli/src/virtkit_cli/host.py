"""Commands about the connection and the host."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from virtkit.errors import NotSupportedError
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.values import kib, number
from virtkit_cli.words import XPATH, print_document

if TYPE_CHECKING:
    from virtkit_cli.session import Session


@command()
def uri(session: Session, args: Arguments) -> None:
    """Print the URI of the connection."""
    session.out.value("uri", session.connection.uri)


@command()
def hostname(session: Session, args: Arguments) -> None:
    """Print the name of the host."""
    session.out.value("hostname", session.connection.hostname())


def dotted(number: int) -> str:
    """A version as people write it."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


@command(Flag("daemon", "also of the library or daemon that serves the connection"))
def version(session: Session, args: Arguments) -> None:
    """Print the versions of virtkit and of the hypervisor."""
    import virtkit

    connection = session.connection
    values = {"virtkit": virtkit.__version__, "driver": connection.type(), "hypervisor": dotted(connection.version())}
    if args.daemon:
        values["daemon"] = dotted(connection.lib_version())
    labels = {"virtkit": "virtkit", "driver": "Driver", "hypervisor": "Hypervisor", "daemon": "Daemon"}
    session.out.record(labels, values)


@command()
def nodeinfo(session: Session, args: Arguments) -> None:
    """Show what is known about the host."""
    info = session.connection.node_info()
    labels = {
        "model": "CPU model", "cpus": "CPU(s)", "mhz": "CPU frequency", "sockets": "CPU socket(s)",
        "cores": "Core(s) per socket", "threads": "Thread(s) per core", "nodes": "NUMA cell(s)",
        "memory": "Memory size",
    }  # fmt: skip
    values = info._asdict()
    if not session.out.json:
        values |= {"mhz": f"{info.mhz} MHz" if info.mhz else None, "memory": f"{info.memory} KiB"}
    session.out.record(labels, values, 20)


@command(*XPATH)
def capabilities(session: Session, args: Arguments) -> None:
    """Print what host and hypervisor can do."""
    print_document(session, args, session.connection.capabilities())


@command(
    option("virttype", "kind of virtualisation, such as kvm or qemu"),
    option("emulatorbin", "path of the emulator", completes="file"),
    option("arch", "architecture"),
    option("machine", "machine type"),
    *XPATH,
)
def domcapabilities(session: Session, args: Arguments) -> None:
    """Print what domains of a kind can have."""
    text = session.connection.domain_capabilities(args.emulatorbin, args.arch, args.machine, args.virttype)
    print_document(session, args, text)


@command()
def sysinfo(session: Session, args: Arguments) -> None:
    """Print what the host's firmware says."""
    session.out.document(session.connection.sysinfo())


@command(option("type", "kind of virtualisation"))
def maxvcpus(session: Session, args: Arguments) -> None:
    """Print how many vCPUs a domain can have."""
    session.out.value("maxvcpus", session.connection.max_vcpus(args.type))


@command(Flag("pretty", "CPUs as a list of numbers"))
def nodecpumap(session: Session, args: Arguments) -> None:
    """Show which of the host's CPUs are online."""
    from virtkit_cli.cpu import cpulist, cpus_in

    cpus = session.connection.node_cpu_map()
    online = cpus_in(cpus.cpumap)
    bits = "".join("y" if number in online else "-" for number in range(cpus.present))
    labels = {"present": "CPUs present", "online": "CPUs online", "map": "CPU map"}
    listing = cpulist(cpus.cpumap)
    values = {"present": cpus.present, "online": cpus.online, "map": listing if args.pretty else bits}
    session.out.record(labels, values | {"cpus": listing})


WORK = {"user": "user", "kernel": "system", "idle": "idle", "iowait": "iowait", "intr": "intr"}
"""What a CPU does -> as virsh names it."""


@command(option("cpu", "one CPU", number, default=-1), Flag("percent", "shares of the next second instead of ns"))
def nodecpustats(session: Session, args: Arguments) -> None:
    """Show how the host's CPUs spend their time."""
    times = _work(session, args.cpu)
    if not args.percent:
        session.out.pairs({f"{name}:": spent for name, spent in times.items()}, "{:<15} {:>20}")
        return
    time.sleep(1)
    spent = {name: later - times[name] for name, later in _work(session, args.cpu).items()}
    total = sum(spent.values()) or 1
    shares = {"usage": total - spent["idle"] - spent.get("iowait", 0)} | spent if "idle" in spent else spent
    session.out.pairs({f"{name}:": f"{100 * part / total:.1f}%" for name, part in shares.items()}, "{:<15} {:>5}")


def _work(session: Session, cpu: int) -> dict[str, int]:
    stats = session.connection.node_cpu_stats(cpu)
    return {WORK[name]: int(stats[name]) for name in WORK if name in stats}


@command(option("cell", "one NUMA cell", number, default=-1))
def nodememstats(session: Session, args: Arguments) -> None:
    """Show how the host's memory is used, in KiB."""
    stats = session.connection.node_memory_stats(args.cell)
    session.out.pairs(stats, "{:<7}: {:>20} KiB")


@command()
def nodesevinfo(session: Session, args: Arguments) -> None:
    """Show what AMD SEV offers on the host."""
    session.out.pairs(session.connection.node_sev_info(), "{:<18}: {}")


@command(option("cellno", "one NUMA cell", number), Flag("all", "by NUMA cell", excludes=("cellno",)))
def freecell(session: Session, args: Arguments) -> None:
    """Show how much of the host's memory is free."""
    connection = session.connection
    if args.cellno is not None:
        [free] = connection.node_cells_free_memory(args.cellno, 1)
        session.out.value("free", free, f"{args.cellno}: {free // 1024} KiB")
    elif not args.all:
        free = connection.node_free_memory()
        session.out.value("free", free, f"Total: {free // 1024} KiB")
    else:
        cells = connection.node_cells_free_memory(0, connection.node_info().nodes)
        lines = [f"{cell:5}: {free // 1024:10} KiB" for cell, free in enumerate(cells)]
        lines += ["-" * 20, f"Total: {sum(cells) // 1024:10} KiB"]
        session.out.value("cells", cells, "\n".join(lines))


PAGE_SIZES = (4, 2048, 1048576)
"""In KiB: those of x86, asked for where nobody says which and the host's capabilities do not tell."""


@command(
    option("cellno", "one NUMA cell", number),
    option("pagesize", "one size of pages, in KiB", number),
    Flag("all", "of all cells and sizes", excludes=("cellno",)),
)
def freepages(session: Session, args: Arguments) -> None:
    """Show how many pages of the host's memory are free."""
    connection = session.connection
    if not args.all and (args.cellno is None or args.pagesize is None):
        raise UsageError("freepages needs --cellno and --pagesize, or --all")
    sizes = [args.pagesize] if args.pagesize else page_sizes(session)
    first, count = (args.cellno, 1) if args.cellno is not None else (0, connection.node_info().nodes)
    rows = [
        {"cell": cell, "size": size, "free": free}
        for cell in range(first, first + count)
        for size, free in zip(sizes, connection.node_free_pages(sizes, cell, 1), strict=True)
    ]
    if session.out.json:
        session.out.table({}, rows)
        return
    for row in rows:
        if args.all and row["size"] == sizes[0]:
            session.out.write(("" if row["cell"] == first else "\n") + f"Node {row['cell']}:")
        session.out.write(f"{row['size']}KiB: {row['free']}")


def page_sizes(session: Session) -> list[int]:
    """The sizes of pages that the host's capabilities name, in KiB."""
    from virtkit.xml.capabilities import Capabilities

    try:
        capabilities = Capabilities.parse(session.connection.capabilities())
    except NotSupportedError:
        return list(PAGE_SIZES)
    return [pages.size for pages in capabilities.host.cpu.pages if pages.size] or list(PAGE_SIZES)


@command(
    argument("pagesize", "size of the pages, in KiB or with a unit", kib),
    argument("pagecount", "how many", number),
    option("cellno", "one NUMA cell", number, default=-1),
    Flag("add", "as many more"),
    Flag("all", "of every cell", excludes=("cellno",)),
)
def allocpages(session: Session, args: Arguments) -> None:
    """Reserve huge pages of the host."""
    from virtkit.enums import NodeAllocPagesFlags

    connection = session.connection
    flags = NodeAllocPagesFlags.ADD if args.add else NodeAllocPagesFlags.SET
    first, count = (0, connection.node_info().nodes) if args.all else (args.cellno, 1)
    done = connection.node_alloc_pages([args.pagesize], [args.pagecount], first, count, flags)
    session.out.done(f"Pages reserved in {done} place(s)", places=done)


TARGETS = ("mem", "disk", "hybrid")  # in the order of their numbers


@command(argument("target", "where to", choices=TARGETS), argument("duration", "seconds, 60 at least", number))
def nodesuspend(session: Session, args: Arguments) -> None:
    """Suspend the host for a time."""
    session.connection.node_suspend_for_duration(TARGETS.index(args.target), args.duration, 0)
    session.out.done(f"The host is being suspended for {args.duration} s", duration=args.duration)
