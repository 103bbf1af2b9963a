"""Commands on memory, CPUs, disks and interfaces of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    DomainInterfaceAddressesSource,
    DomainMemoryModFlags,
    DomainMemoryStatTags,
    DomainVcpuFlags,
    IPAddrType,
    VcpuState,
)
from virtkit_cli.command import Argument, Arguments, Flag, Option, UsageError, command
from virtkit_cli.output import size
from virtkit_cli.words import DOMAIN, FILE, IMPACT, document, find_domain, impact, size_in

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit_cli.session import Session

SIZE = Argument("size", "in KiB, or with a unit", type=size_in("KiB"))
DEVICE = Argument("device", "target name of a device")


@command("setmem", "Change how much memory a domain has.", DOMAIN, SIZE, *IMPACT)
def setmem(session: Session, args: Arguments) -> None:
    """Set memory."""
    find_domain(session, args).set_memory(int(args.size) // 1024, impact(args))
    session.out.done("Memory set", memory=int(args.size) // 1024)


@command("setmaxmem", "Change how much memory a domain can have.", DOMAIN, SIZE, *IMPACT)
def setmaxmem(session: Session, args: Arguments) -> None:
    """Set the maximum of memory."""
    find_domain(session, args).set_memory(int(args.size) // 1024, impact(args) | DomainMemoryModFlags.MAXIMUM)
    session.out.done("Maximum memory set", memory=int(args.size) // 1024)


@command(
    "setvcpus",
    "Change how many vCPUs a domain has.",
    DOMAIN,
    Argument("count", "number of vCPUs", type=int),
    Flag("maximum", "how many it can have"),
    Flag("guest", "bring them on or off line in the guest"),
    *IMPACT,
)
def setvcpus(session: Session, args: Arguments) -> None:
    """Set vCPUs."""
    wanted = impact(args)
    wanted |= DomainVcpuFlags.MAXIMUM if args.maximum else 0
    wanted |= DomainVcpuFlags.GUEST if args.guest else 0
    find_domain(session, args).set_vcpus(args.count, wanted)
    session.out.done("vCPUs set", vcpus=args.count)


@command("vcpucount", "Show how many vCPUs a domain has and can have.", DOMAIN)
def vcpucount(session: Session, args: Arguments) -> None:
    """Counts by kind."""
    from virtkit.errors import VirtError

    domain = find_domain(session, args)
    kinds = DomainVcpuFlags
    rows = []
    for maximum, when in ((True, "config"), (True, "live"), (False, "config"), (False, "live")):
        asked = (kinds.CONFIG if when == "config" else kinds.LIVE) | (kinds.MAXIMUM if maximum else 0)
        try:
            count = domain.vcpu_count(asked)
        except VirtError:
            continue  # not running, or not defined
        rows.append({"what": "maximum" if maximum else "current", "when": when, "count": count})
    session.out.table({"what": "What", "when": "When", "count": "vCPUs"}, rows)


def _cpus(cpumap: bytes) -> str:
    return "".join("y" if byte >> bit & 1 else "-" for byte in cpumap for bit in range(8))


@command("vcpuinfo", "Show the vCPUs of a running domain.", DOMAIN)
def vcpuinfo(session: Session, args: Arguments) -> None:
    """One row per vCPU."""
    rows = [
        {
            "vcpu": vcpu.number,
            "cpu": vcpu.cpu,
            "state": VcpuState(vcpu.state).name.lower(),
            "time": f"{vcpu.cpu_time / 1e9:.1f}s",
            "affinity": _cpus(vcpu.cpumap),
        }
        for vcpu in find_domain(session, args).vcpus()
    ]
    heads = {"vcpu": "VCPU", "cpu": "CPU", "state": "State", "time": "CPU time", "affinity": "CPU Affinity"}
    session.out.table(heads, rows)


@command("dommemstat", "Show how the guest uses its memory.", DOMAIN)
def dommemstat(session: Session, args: Arguments) -> None:
    """Values by name."""
    stats = find_domain(session, args).memory_stats()
    named = {_tag(tag): value for tag, value in stats.items()}
    session.out.record({name: name for name in named}, named)


def _tag(tag: int) -> str:
    """The names virsh prints."""
    name = DomainMemoryStatTags(tag).name.lower()
    return {"actual_balloon": "actual", "last_update": "last_update"}.get(name, name)


@command("domblkstat", "Show the statistics of a disk.", DOMAIN, Argument("device", "target name of a disk"))
def domblkstat(session: Session, args: Arguments) -> None:
    """Counters."""
    stats = find_domain(session, args).block_stats(args.device)._asdict()
    _counters(session, args.device, stats)


@command("domifstat", "Show the statistics of an interface.", DOMAIN, Argument("interface", "target name"))
def domifstat(session: Session, args: Arguments) -> None:
    """Counters."""
    stats = find_domain(session, args).interface_stats(args.interface)._asdict()
    _counters(session, args.interface, stats)


def _counters(session: Session, device: str, stats: dict[str, int]) -> None:
    known = {name: value for name, value in stats.items() if value >= 0}
    if session.out.json:
        session.out.record({}, {"device": device, **known})
        return
    for name, value in known.items():
        session.out.write(f"{device} {name} {value}")


@command("domblkinfo", "Show the sizes of a disk.", DOMAIN, DEVICE, Flag("human", "with units"))
def domblkinfo(session: Session, args: Arguments) -> None:
    """Sizes."""
    info = find_domain(session, args).block_info(args.device)._asdict()
    values: dict[str, Any] = {key: size(value) if args.human else value for key, value in info.items()}
    session.out.record({"capacity": "Capacity", "allocation": "Allocation", "physical": "Physical"}, values)


def _devices(domain: Domain, inactive: bool) -> Any:
    from virtkit.enums import DomainXMLFlags
    from virtkit.xml.domain import Domain as DomainXML

    return DomainXML.parse(domain.xml_desc(DomainXMLFlags.INACTIVE if inactive else 0)).devices


INACTIVE = Flag("inactive", "of the definition rather than of what runs")


@command("domblklist", "List the disks of a domain.", DOMAIN, INACTIVE, Flag("details", "with types"))
def domblklist(session: Session, args: Arguments) -> None:
    """One row per disk."""
    rows = []
    for disk in _devices(find_domain(session, args), args.inactive).disks:
        source = disk.source
        where = next((at for at in ("file", "dev", "dir", "name", "volume") if getattr(source, at, None)), None)
        rows.append(
            {
                "type": disk.type,
                "device": disk.device,
                "target": disk.target.dev if disk.target else None,
                "source": getattr(source, where) if where else None,
            }
        )
    columns = {"target": "Target", "source": "Source"}
    session.out.table(({"type": "Type", "device": "Device"} if args.details else {}) | columns, rows)


@command("domiflist", "List the interfaces of a domain.", DOMAIN, INACTIVE)
def domiflist(session: Session, args: Arguments) -> None:
    """One row per interface."""
    rows = []
    for item in _devices(find_domain(session, args), args.inactive).interfaces:
        source = item.source
        where = next((at for at in ("network", "bridge", "dev") if getattr(source, at, None)), None)
        rows.append(
            {
                "interface": item.target.dev if item.target else None,
                "type": item.type,
                "source": getattr(source, where) if where else None,
                "model": item.model,
                "mac": item.mac.address if item.mac else None,
            }
        )
    heads = {"interface": "Interface", "type": "Type", "source": "Source", "model": "Model", "mac": "MAC"}
    session.out.table(heads, rows)


SOURCES = {source.name.lower(): source for source in DomainInterfaceAddressesSource}


@command(
    "domifaddr",
    "List the addresses of a running domain.",
    DOMAIN,
    Option("source", "who to ask", default="lease", choices=tuple(SOURCES)),
)
def domifaddr(session: Session, args: Arguments) -> None:
    """One row per address."""
    rows = [
        {
            "name": interface.name,
            "mac": interface.hwaddr,
            "protocol": IPAddrType(address.type).name.lower(),
            "address": f"{address.addr}/{address.prefix}",
        }
        for interface in find_domain(session, args).interface_addresses(SOURCES[args.source])
        for address in interface.addrs
    ]
    session.out.table({"name": "Name", "mac": "MAC address", "protocol": "Protocol", "address": "Address"}, rows)


@command("domhostname", "Print the name the guest has given itself.", DOMAIN)
def domhostname(session: Session, args: Arguments) -> None:
    """A host name."""
    session.out.value("hostname", find_domain(session, args).hostname())


@command("domfsinfo", "List the mounted file systems of a guest.", DOMAIN)
def domfsinfo(session: Session, args: Arguments) -> None:
    """One row per file system."""
    rows = [
        {"mountpoint": fs.mountpoint, "name": fs.name, "type": fs.fstype, "target": ", ".join(fs.dev_aliases)}
        for fs in find_domain(session, args).fsinfo()
    ]
    session.out.table({"mountpoint": "Mountpoint", "name": "Name", "type": "Type", "target": "Target"}, rows)


@command("domtime", "Print the guest's time.", DOMAIN, Flag("pretty", "as a date"))
def domtime(session: Session, args: Arguments) -> None:
    """Seconds since 1970."""
    import time

    seconds = find_domain(session, args).time().seconds
    text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) if args.pretty else f"Time: {seconds}"
    session.out.value("time", seconds if session.out.json else text)


@command("domcontrol", "Show whether a domain can be controlled at the moment.", DOMAIN)
def domcontrol(session: Session, args: Arguments) -> None:
    """The state of its control interface."""
    info = find_domain(session, args).control_info()
    session.out.value("state", info.state.name.lower())


@command("domjobinfo", "Show how far the job of a domain is.", DOMAIN)
def domjobinfo(session: Session, args: Arguments) -> None:
    """Progress in bytes and ms."""
    info = find_domain(session, args).job_info()
    values = {name: value for name, value in info._asdict().items() if value or name == "type"}
    values["type"] = info.type.name.lower()
    session.out.record({name: name.replace("_", " ").capitalize() for name in values}, values)


@command("domjobabort", "Abort the job of a domain.", DOMAIN)
def domjobabort(session: Session, args: Arguments) -> None:
    """Abort it."""
    find_domain(session, args).abort_job()


def _changer(name: str, help: str, read: str, write: str) -> None:
    """Declare a command that shows parameters of a domain, or sets those given as NAME=VALUE."""

    @command(name, help, DOMAIN, Argument("set", "NAME=VALUE to set", required=False, many=True), *IMPACT)
    def body(session: Session, args: Arguments) -> None:
        domain = find_domain(session, args)
        values = getattr(domain, read)(impact(args))
        if args.set:
            getattr(domain, write)({key: _typed(values, key, text) for key, text in map(_pair, args.set)}, impact(args))
            values = getattr(domain, read)(impact(args))
        session.out.record({key: key for key in values}, dict(values))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is not NAME=VALUE")
    return key, value


def _typed(known: Any, key: str, text: str) -> Any:
    """A text as the type the parameter has."""
    if key not in known:
        raise UsageError(f"no parameter is named {key!r}; there are {', '.join(known)}")
    kind = type(known[key])
    try:
        return text in ("1", "yes", "on", "true") if kind is bool else kind(text)
    except ValueError as cause:
        raise UsageError(f"{key}: {text!r} is not valid: {cause}") from cause


_changer("memtune", "Show or set limits of memory, in KiB.", "memory_parameters", "set_memory_parameters")
_changer("blkiotune", "Show or set limits of block I/O.", "blkio_parameters", "set_blkio_parameters")
_changer("numatune", "Show or set the placement of memory.", "numa_parameters", "set_numa_parameters")
_changer("schedinfo", "Show or set scheduler parameters.", "scheduler_parameters", "set_scheduler_parameters")


@command("attach-device", "Attach a device from an XML file.", DOMAIN, FILE, *IMPACT)
def attach_device(session: Session, args: Arguments) -> None:
    """Attach a device."""
    find_domain(session, args).attach_device(document(args.file), impact(args))
    session.out.done("Device attached successfully")


@command("detach-device", "Detach the device an XML file describes.", DOMAIN, FILE, *IMPACT)
def detach_device(session: Session, args: Arguments) -> None:
    """Detach a device."""
    find_domain(session, args).detach_device(document(args.file), impact(args))
    session.out.done("Device detached successfully")


@command("update-device", "Change a device to what an XML file says.", DOMAIN, FILE, *IMPACT)
def update_device(session: Session, args: Arguments) -> None:
    """Update a device."""
    find_domain(session, args).update_device(document(args.file), impact(args))
    session.out.done("Device updated successfully")
