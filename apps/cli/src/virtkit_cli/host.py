"""Commands about the connection and the host, and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit_cli.command import Argument, Arguments, Flag, Option, UsageError, command
from virtkit_cli.words import FILE, document

if TYPE_CHECKING:
    from virtkit_cli.session import Session


@command("uri", "Print the URI of the connection.")
def uri(session: Session, args: Arguments) -> None:
    """The URI."""
    session.out.value("uri", session.connection.uri)


@command("hostname", "Print the name of the host.")
def hostname(session: Session, args: Arguments) -> None:
    """The host's name."""
    session.out.value("hostname", session.connection.hostname())


@command("version", "Print the versions of virtkit and of the hypervisor.")
def version(session: Session, args: Arguments) -> None:
    """Versions."""
    import virtkit

    connection = session.connection
    number = connection.version()
    values = {
        "virtkit": virtkit.__version__,
        "type": connection.type(),
        "hypervisor": f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}",
    }
    session.out.record({"virtkit": "virtkit", "type": "API", "hypervisor": "Hypervisor"}, values)


@command("nodeinfo", "Show what is known about the host.")
def nodeinfo(session: Session, args: Arguments) -> None:
    """Basic facts."""
    info = session.connection.node_info()
    labels = {
        "model": "CPU model", "cpus": "CPU(s)", "mhz": "CPU frequency", "sockets": "CPU socket(s)",
        "cores": "Core(s) per socket", "threads": "Thread(s) per core", "nodes": "NUMA cell(s)",
        "memory": "Memory size",
    }  # fmt: skip
    values = info._asdict()
    if not session.out.json:
        values |= {"mhz": f"{info.mhz} MHz", "memory": f"{info.memory} KiB"}
    session.out.record(labels, values)


@command("capabilities", "Print what host and hypervisor can do.")
def capabilities(session: Session, args: Arguments) -> None:
    """Capabilities as XML."""
    session.out.document(session.connection.capabilities())


@command(
    "domcapabilities",
    "Print what domains of a kind can have.",
    Option("virttype", "kind of virtualisation, such as kvm or qemu"),
    Option("emulatorbin", "path of the emulator", completes="file"),
    Option("arch", "architecture"),
    Option("machine", "machine type"),
)
def domcapabilities(session: Session, args: Arguments) -> None:
    """Domain capabilities as XML."""
    connection = session.connection
    session.out.document(
        connection.domain_capabilities(args.emulatorbin, args.arch, args.machine, args.virttype)
    )  # fmt: skip


@command("sysinfo", "Print what the host's firmware says.")
def sysinfo(session: Session, args: Arguments) -> None:
    """Sysinfo as XML."""
    session.out.document(session.connection.sysinfo())


@command("maxvcpus", "Print how many vCPUs a domain can have.", Option("type", "kind of virtualisation"))
def maxvcpus(session: Session, args: Arguments) -> None:
    """A number."""
    session.out.value("maxvcpus", session.connection.max_vcpus(args.type))


@command("cpu-models", "List the CPU models known for an architecture.", Argument("arch", "architecture"))
def cpu_models(session: Session, args: Arguments) -> None:
    """One model per line."""
    models = session.connection.cpu_model_names(args.arch)
    if session.out.json:
        session.out.value("models", models)
        return
    for model in models:
        session.out.write(model)


@command("cpu-baseline", "Print a CPU that all hosts of some have.", FILE)
def cpu_baseline(session: Session, args: Arguments) -> None:
    """A CPU as XML. The file holds several `<cpu>` elements, in one root or one after the other."""
    import re

    cpus = re.findall(r"<cpu\b.*?</cpu>", document(args.file), re.DOTALL)
    if not cpus:
        raise UsageError(f"{args.file} holds no <cpu>")
    session.out.document(session.connection.baseline_cpu(cpus))


@command(
    "nodecpustats", "Show how the host's CPUs spend their time, in ns.", Option("cpu", "one CPU", type=int, default=-1)
)
def nodecpustats(session: Session, args: Arguments) -> None:
    """Times by kind."""
    stats = session.connection.node_cpu_stats(args.cpu)
    session.out.record({name: name for name in stats}, stats)


@command(
    "nodememstats", "Show how the host's memory is used, in KiB.", Option("cell", "one NUMA cell", type=int, default=-1)
)
def nodememstats(session: Session, args: Arguments) -> None:
    """Sizes by kind."""
    stats = session.connection.node_memory_stats(args.cell)
    session.out.record({name: name for name in stats}, stats)


@command("nodecpumap", "Show which of the host's CPUs are online.")
def nodecpumap(session: Session, args: Arguments) -> None:
    """A map."""
    cpus = session.connection.node_cpu_map()
    bits = "".join("y" if cpus.cpumap[n // 8] >> n % 8 & 1 else "-" for n in range(cpus.present))
    labels = {"present": "CPUs present", "online": "CPUs online", "map": "CPU map"}
    session.out.record(labels, {"present": cpus.present, "online": cpus.online, "map": bits})


@command("freecell", "Print how much of the host's memory is free.", Flag("all", "by NUMA cell"))
def freecell(session: Session, args: Arguments) -> None:
    """Sizes in KiB."""
    connection = session.connection
    if not args.all:
        session.out.value("free", f"{connection.node_free_memory() // 1024} KiB")
        return
    cells = connection.node_cells_free_memory(0, connection.node_info().nodes)
    rows = [{"cell": number, "free": f"{free // 1024} KiB"} for number, free in enumerate(cells)]
    session.out.table({"cell": "Cell", "free": "Free"}, rows)


@command(
    "event",
    "Print events as they come.",
    Option("event", "which events, by name; all of domains' lifecycle if left out", default="lifecycle"),
    Option("domain", "only of this domain", completes="domain"),
    Option("timeout", "seconds after which to stop", type=float),
    Flag("all", "every event of domains"),
    Flag("loop", "go on after the first event"),
    Flag("list", "list the names of events"),
)
def event(session: Session, args: Arguments) -> None:
    """One line per event."""
    import threading
    from contextlib import ExitStack

    from virtkit.events import EVENTS

    kinds = {_event_name(record): record for key, record in EVENTS.items() if key.kind == "domain"}
    if args.list:
        for name in kinds:
            session.out.write(name)
        return
    if args.event not in kinds:
        raise UsageError(f"no event is named {args.event!r}; `virtkit event --list` shows them")
    domain = session.connection.lookup_domain_by_name(args.domain) if args.domain else None
    seen = threading.Event()

    def show(source: object, record: object) -> None:
        session.out.value("event", f"event {record!r} for {source!r}")
        session.out.stream.flush()
        if not args.loop:
            seen.set()

    with ExitStack() as subscriptions:
        for record in kinds.values() if args.all else (kinds[args.event],):
            subscriptions.enter_context(session.connection.subscribe(record, show, domain))
        seen.wait(args.timeout)


def _event_name(record: type) -> str:
    """`DomainDeviceAddedEvent` -> `device-added`."""
    import re

    words = record.__name__.removeprefix("Domain").removesuffix("Event")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", words).lower()
