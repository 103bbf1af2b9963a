"""Commands on disks of domains and the jobs on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    DomainBlockCommitFlags,
    DomainBlockCopyFlags,
    DomainBlockJobAbortFlags,
    DomainBlockJobInfoFlags,
    DomainBlockJobType,
    DomainBlockPullFlags,
    DomainBlockRebaseFlags,
    DomainBlockResizeFlags,
    DomainDeviceModifyFlags,
    DomainDiskErrorCode,
    DomainXMLFlags,
)
from virtkit.errors import VirtError
from virtkit_cli.command import Arguments, Flag, UsageError, Word, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.output import size
from virtkit_cli.values import bytesize, document, number
from virtkit_cli.words import IMPACT, PERSISTENT, PRINT_XML, lasting

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit.xml.domain.devices.disk import Disk
    from virtkit_cli.session import Session

INACTIVE = Flag("inactive", "of the definition rather than of what runs", DomainXMLFlags.INACTIVE)
DEVICE = option("device", "target name of a disk", completes="disk")
PATH = argument("path", "target name or source of a disk", completes="disk")


def disks(domain: Domain, flags: int = 0) -> list[Disk]:
    """The disks of a domain."""
    from virtkit.xml.domain import Domain as Document

    return Document.parse(domain.xml_desc(flags)).devices.disks


def source_of(disk: Disk) -> str | None:
    """Where the bytes of a disk are, in one word."""
    fields = ("file", "dev", "dir", "name", "volume")
    return next((value for field in fields if (value := getattr(disk.source, field, None))), None)


@command(DOMAIN.word, INACTIVE, Flag("details", "with types"))
def domblklist(session: Session, args: Arguments) -> None:
    """List the disks of a domain."""
    rows = [
        {
            "type": disk.type,
            "device": disk.device or "disk",
            "target": disk.target.dev if disk.target else None,
            "source": source_of(disk),
        }
        for disk in disks(find_domain(session, args), args.flags)
    ]
    columns = {"target": "Target", "source": "Source"}
    session.out.table(({"type": "Type", "device": "Device"} if args.details else {}) | columns, rows)


@command(DOMAIN.word, DEVICE, Flag("human", "with units"), Flag("all", "of all disks"))
def domblkinfo(session: Session, args: Arguments) -> None:
    """Show the sizes of disks."""
    domain = find_domain(session, args)
    labels = {"capacity": "Capacity", "allocation": "Allocation", "physical": "Physical"}
    if args.all:
        rows = [
            {"target": disk.target.dev} | _sizes(domain, disk.target.dev, args.human)
            for disk in disks(domain)
            if disk.target and disk.target.dev and source_of(disk)
        ]
        session.out.table({"target": "Target"} | labels, rows)
    elif args.device:
        session.out.record(labels, _sizes(domain, args.device, args.human))
    else:
        raise UsageError("domblkinfo needs --device or --all")


def _sizes(domain: Domain, disk: str, human: bool) -> dict[str, Any]:
    info = domain.block_info(disk)._asdict()
    return {key: size(info[key], 3) if human else info[key] for key in ("capacity", "allocation", "physical")}


COUNTERS = {
    "rd_req": "number of read operations",
    "rd_bytes": "number of bytes read",
    "wr_req": "number of write operations",
    "wr_bytes": "number of bytes written",
    "errs": "error count",
    "flush_operations": "number of flush operations",
    "rd_total_times": "total duration of reads (ns)",
    "wr_total_times": "total duration of writes (ns)",
    "flush_total_times": "total duration of flushes (ns)",
}


@command(DOMAIN.word, option("device", "target name of a disk; all together if left out", default="", completes="disk"),
         Flag("human", "in words"))  # fmt: skip
def domblkstat(session: Session, args: Arguments) -> None:
    """Show what a disk did since the start."""
    stats = _block_stats(find_domain(session, args), args.device)
    if session.out.json:
        session.out.record({}, stats)
    elif args.human:
        session.out.write(f"Device: {args.device}")
        session.out.pairs({COUNTERS.get(name, name) + ":": value for name, value in stats.items()}, " {:<31} {}")
    else:
        session.out.pairs(stats, (args.device + " {} {}").lstrip())


def _block_stats(domain: Domain, device: str) -> dict[str, Any]:
    """The detailed counters, or the basic ones where the driver has no others; under virsh's names."""
    from virtkit.errors import NotSupportedError

    names = {"rd_operations": "rd_req", "wr_operations": "wr_req"}
    try:
        stats = {names.get(name, name): value for name, value in domain.block_stats_flags(device).items()}
    except NotSupportedError:
        stats = domain.block_stats(device)._asdict()
    known = {name: value for name, value in stats.items() if isinstance(value, str) or value >= 0}
    return {name: known[name] for name in (*COUNTERS, *known) if name in known}


ERRORS = {DomainDiskErrorCode.NO_SPACE: "no space", DomainDiskErrorCode.UNSPEC: "unspecified error"}


@command(DOMAIN.word)
def domblkerror(session: Session, args: Arguments) -> None:
    """Show which disks of a domain failed."""
    errors = {each.disk: ERRORS.get(each.error, "no error") for each in find_domain(session, args).disk_errors()}
    if errors or session.out.json:
        session.out.pairs(errors, "{}: {}")
    else:
        session.out.done("No errors found")


@command(DOMAIN.word, argument("dev", "disk such as vda or vda[2]", completes="disk"), argument("threshold", "bytes",
         bytesize))  # fmt: skip
def domblkthreshold(session: Session, args: Arguments) -> None:
    """Have an event published when writing to a disk passes a point."""
    find_domain(session, args).set_block_threshold(args.dev, args.threshold)
    session.out.done(dev=args.dev, threshold=args.threshold)


@command(DOMAIN.word, PATH, argument("size", "in KiB, or with a unit"))
def blockresize(session: Session, args: Arguments) -> None:
    """Change the size of a disk of a running domain."""
    from virtkit_cli.values import scaled

    try:
        wanted = scaled(args.size, "KiB")
    except ValueError as cause:
        raise UsageError(f"--size {args.size!r}: {cause}") from cause
    find_domain(session, args).block_resize(args.path, wanted, DomainBlockResizeFlags.BYTES)
    session.out.done(f"Block device '{args.path}' is resized", path=args.path, size=wanted)


# Attaching and detaching


@command(
    DOMAIN.word,
    argument("source", "file or device of the host", completes="file"),
    argument("target", "name in the guest, such as vdb"),
    option("targetbus", "bus, such as virtio or sata"),
    option("driver", "name of the back end, such as qemu"),
    option("subdriver", "format of the image, such as qcow2"),
    option("cache", "how the host caches it"),
    option("io", "how the host reads and writes it"),
    option("type", "what it is", choices=("disk", "cdrom", "floppy", "lun")),
    option("mode", "who may write", choices=("readonly", "shareable")),
    option("sourcetype", "what the source is; seen from the host if left out", choices=("file", "block")),
    option("serial", "serial number"),
    option("wwn", "world wide name"),
    option("alias", "alias in the document"),
    PRINT_XML,
    PERSISTENT,
    *IMPACT,
)
def attach_disk(session: Session, args: Arguments) -> None:
    """Attach a disk to a domain."""
    xml = _described(args).format_as("disk")
    if args.print_xml:
        session.out.document(xml)
        return
    domain = find_domain(session, args)
    domain.attach_device(xml, lasting(args, domain))
    session.out.done("Disk attached successfully", target=args.target)


def _described(args: Arguments) -> Disk:
    import os
    import stat

    from virtkit.xml.domain.devices.disk import Disk, DiskDriver, DiskTarget
    from virtkit.xml.domain.devices.source import DiskSource

    is_block = os.path.exists(args.source) and stat.S_ISBLK(os.stat(args.source).st_mode)
    kind = args.sourcetype or ("block" if is_block else "file")
    disk = Disk(type=kind, device=args.type, target=DiskTarget(dev=args.target, bus=args.targetbus))
    if args.source:
        disk.source = DiskSource(dev=args.source) if kind == "block" else DiskSource(file=args.source)
    if args.driver or args.subdriver or args.cache or args.io:
        disk.driver = DiskDriver(name=args.driver, type=args.subdriver, cache=args.cache, io=args.io)
    disk.readonly, disk.shareable = args.mode == "readonly", args.mode == "shareable"
    disk.serial, disk.wwn, disk.alias = args.serial, args.wwn, args.alias
    return disk


@command(DOMAIN.word, argument("target", "target name of a disk", completes="disk"), PERSISTENT, *IMPACT, PRINT_XML)
def detach_disk(session: Session, args: Arguments) -> None:
    """Detach a disk from a domain."""
    domain = find_domain(session, args)
    flags = DomainXMLFlags.INACTIVE if args.config and not args.live else 0
    found = next((disk for disk in disks(domain, flags) if disk.target and disk.target.dev == args.target), None)
    if found is None:
        raise VirtError(f"domain {domain.name!r} has no disk {args.target!r}; virtkit domblklist shows them")
    if args.print_xml:
        session.out.document(found.format_as("disk"))
        return
    domain.detach_device(found.format_as("disk"), lasting(args, domain))
    session.out.done("Disk detached successfully", target=args.target)


@command(
    DOMAIN.word, PATH, option("source", "file or device of the host", completes="file"),
    Flag("eject", "take the medium out", excludes=("insert", "update", "source")),
    Flag("insert", "put one in", excludes=("update",)),
    Flag("update", "take out what is in and put another one in: the default"),
    *IMPACT,
    Flag("force", "even if the guest has locked it", DomainDeviceModifyFlags.FORCE),
    PRINT_XML,
    Flag("block", "the source is a device"),
)  # fmt: skip
def change_media(session: Session, args: Arguments) -> None:
    """Change the medium of a CD-ROM or floppy drive."""
    from virtkit.xml.domain.devices.source import DiskSource

    domain = find_domain(session, args)
    drive = removable(domain, args.path, DomainXMLFlags.INACTIVE if args.config and not args.live else 0)
    if args.insert and drive.source is not None:
        raise VirtError(f"domain {domain.name!r}: {args.path!r} has a medium already; --update replaces it")
    if (args.insert or args.update) and not args.source:
        raise UsageError("change-media needs --source, or --eject")
    drive.source = None
    if args.source:
        drive.type = "block" if args.block else "file"
        drive.source = DiskSource(dev=args.source) if args.block else DiskSource(file=args.source)
    if args.print_xml:
        session.out.document(drive.format_as("disk"))
        return
    domain.update_device(drive.format_as("disk"), args.flags)
    done = "inserted" if args.insert else "updated" if args.source else "ejected"
    session.out.done(f"Successfully {done} media.", target=drive.target.dev if drive.target else None)


def removable(domain: Domain, path: str, flags: int) -> Disk:
    """The CD-ROM or floppy drive of a target name or source.

    Raises:
        VirtError: There is none.
    """
    for disk in disks(domain, flags):
        if disk.device in ("cdrom", "floppy") and path in (disk.target.dev if disk.target else None, source_of(disk)):
            return disk
    raise VirtError(f"domain {domain.name!r} has no CD-ROM or floppy drive {path!r}; virtkit domblklist shows disks")


# Jobs

BANDWIDTH = option("bandwidth", "limit in MiB/s", number, default=0)
BASE = option("base", "file of the chain where to stop", completes="file")
WAITING: tuple[Word, ...] = (
    Flag("wait", "wait until it is done"),
    Flag("verbose", "show how far it is; a terminal shows it anyway"),
)


@command(
    DOMAIN.word, PATH, BANDWIDTH, BASE, *WAITING,
    Flag("keep-relative", "keep the base's name relative", DomainBlockRebaseFlags.RELATIVE),
    Flag("bytes", "the limit is in bytes/s", DomainBlockPullFlags.BANDWIDTH_BYTES),
)  # fmt: skip
def blockpull(session: Session, args: Arguments) -> None:
    """Copy the data of a disk's backing chain into the disk."""
    domain = find_domain(session, args)
    if args.base or args.keep_relative:
        domain.block_rebase(args.path, args.base, args.bandwidth, args.flags)
    else:
        domain.block_pull(args.path, args.bandwidth, args.flags)
    _started(session, args, domain, "Block Pull")


@command(
    DOMAIN.word, PATH, BANDWIDTH, BASE,
    Flag("shallow", "down to the next file of the chain", DomainBlockCommitFlags.SHALLOW),
    option("top", "file of the chain where to begin", completes="file"),
    Flag("active", "from the file the guest writes to", DomainBlockCommitFlags.ACTIVE),
    Flag("delete", "delete the files that are no longer needed", DomainBlockCommitFlags.DELETE),
    *WAITING,
    Flag("pivot", "with --wait: let the guest go on with the base", excludes=("keep-overlay",)),
    Flag("keep-overlay", "with --wait: let the guest go on with the overlay"),
    Flag("keep-relative", "keep the base's name relative", DomainBlockCommitFlags.RELATIVE),
    Flag("bytes", "the limit is in bytes/s", DomainBlockCommitFlags.BANDWIDTH_BYTES),
)  # fmt: skip
def blockcommit(session: Session, args: Arguments) -> None:
    """Copy the data of a disk's overlays down into a backing file."""
    domain = find_domain(session, args)
    flags = args.flags | (DomainBlockCommitFlags.ACTIVE if args.pivot or args.keep_overlay else 0)
    domain.block_commit(args.path, args.base, args.top, args.bandwidth, flags)
    _started(session, args, domain, "Block Commit", pivot=args.pivot, cancel=args.keep_overlay)


@command(
    DOMAIN.word, PATH, option("dest", "file to copy to", completes="file"), BANDWIDTH,
    Flag("shallow", "share the backing chain", DomainBlockCopyFlags.SHALLOW),
    Flag("reuse-external", "the file is there already", DomainBlockCopyFlags.REUSE_EXT),
    Flag("blockdev", "the destination is a device"),
    *WAITING,
    Flag("pivot", "with --wait: let the guest go on with the copy", excludes=("finish",)),
    Flag("finish", "with --wait: leave the copy as it is then"),
    option("xml", "file with a <disk> that says where to copy to", completes="file"),
    option("format", "format of the copy"),
    option("granularity", "bytes copied at a time", number),
    option("buf-size", "most bytes in flight", bytesize),
    Flag("bytes", "the limit is in bytes/s"),
    Flag("transient-job", "it ends with the guest", DomainBlockCopyFlags.TRANSIENT_JOB),
    Flag("synchronous-writes", "the guest waits for both copies", DomainBlockCopyFlags.SYNCHRONOUS_WRITES),
    PRINT_XML,
)  # fmt: skip
def blockcopy(session: Session, args: Arguments) -> None:
    """Mirror a disk to another place."""
    from virtkit.params import UINT, ULLONG, TypedParams

    xml = document(args.xml) if args.xml else _destination(args)
    if args.print_xml:
        session.out.document(xml)
        return
    params = TypedParams()
    if args.bandwidth:
        params.put("bandwidth", ULLONG, args.bandwidth if args.bytes else args.bandwidth << 20)
    for name, kind in (("granularity", UINT), ("buf-size", ULLONG)):
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            params.put(name, kind, value)
    domain = find_domain(session, args)
    domain.block_copy(args.path, xml, params, args.flags)
    _started(session, args, domain, "Block Copy", pivot=args.pivot, cancel=args.finish)


def _destination(args: Arguments) -> str:
    from virtkit.xml.domain.devices.disk import Disk, DiskDriver
    from virtkit.xml.domain.devices.source import DiskSource

    if not args.dest:
        raise UsageError("blockcopy needs --dest or --xml")
    source = DiskSource(dev=args.dest) if args.blockdev else DiskSource(file=args.dest)
    disk = Disk(type="block" if args.blockdev else "file", source=source)
    if args.format:
        disk.driver = DiskDriver(type=args.format)
    return disk.format_as("disk")


def _started(
    session: Session, args: Arguments, domain: Domain, job: str, *, pivot: bool = False, cancel: bool = False
) -> None:
    """Say that a job was started, or wait for it and do what is to be done then."""
    if not (args.wait or args.verbose or pivot or cancel):
        session.out.done(f"{job} started", disk=args.path)
        return
    session.watched(job, _awaiter(domain, args.path), lambda: _done(domain, args.path), lambda: None)
    if pivot or cancel:
        domain.block_job_abort(args.path, DomainBlockJobAbortFlags.PIVOT if pivot else 0)
    session.out.done("Successfully pivoted" if pivot else f"{job} complete", disk=args.path)


def _awaiter(domain: Domain, disk: str) -> Callable[[], None]:
    """A function that returns when the job on a disk is gone, or has copied all and waits for an end."""

    def work() -> None:
        import time

        while True:
            info = domain.block_job_info(disk)
            lasts = info is not None and info.type in (DomainBlockJobType.COPY, DomainBlockJobType.ACTIVE_COMMIT)
            if info is None or (lasts and info.end and info.cur == info.end):
                return
            time.sleep(BLOCK_JOB_SECONDS)

    return work


BLOCK_JOB_SECONDS = 0.2
"""How often a job on a disk is asked whether it has ended."""


def _done(domain: Domain, disk: str) -> int | None:
    info = domain.block_job_info(disk)
    return 100 * info.cur // info.end if info and info.end else None


JOBS = {
    DomainBlockJobType.PULL: "Block Pull",
    DomainBlockJobType.COPY: "Block Copy",
    DomainBlockJobType.COMMIT: "Block Commit",
    DomainBlockJobType.ACTIVE_COMMIT: "Active Block Commit",
    DomainBlockJobType.BACKUP: "Backup",
}


@command(
    DOMAIN.word, PATH,
    Flag("abort", "end it", excludes=("info",)),
    Flag("async", "do not wait for the end", DomainBlockJobAbortFlags.ASYNC),
    Flag("pivot", "let the guest go on with the copy", DomainBlockJobAbortFlags.PIVOT, excludes=("info",)),
    Flag("info", "show how far it is: the default"),
    Flag("bytes", "bandwidth in bytes/s"),
    option("bandwidth", "limit it", number),
)  # fmt: skip
def blockjob(session: Session, args: Arguments) -> None:
    """Show, limit or end the job on a disk."""
    domain = find_domain(session, args)
    if args.bandwidth is not None:
        domain.block_job_set_speed(args.path, args.bandwidth, DomainBlockJobInfoFlags.BANDWIDTH_BYTES * args.bytes)
        session.out.done(disk=args.path)
    elif args.flags or args.abort:
        domain.block_job_abort(args.path, args.flags)
        session.out.done(disk=args.path)
    else:
        _show_job(session, domain, args)


def _show_job(session: Session, domain: Domain, args: Arguments) -> None:
    info = domain.block_job_info(args.path, DomainBlockJobInfoFlags.BANDWIDTH_BYTES * args.bytes)
    if info is None:
        session.out.done(f"No current block job for {args.path}", type=None)
    elif session.out.json:
        session.out.record({}, info._asdict() | {"type": JOBS.get(info.type, "unknown")})
    else:
        done = 100 * info.cur // info.end if info.end else 0
        session.out.write(f"{JOBS.get(info.type, 'Unknown job')}: [{done:3d} %]")
