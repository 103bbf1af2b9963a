"""Commands on jobs of domains, and on migration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    DomainAbortJobFlags,
    DomainControlState,
    DomainGetJobStatsFlags,
    DomainMigrateFlags,
    DomainMigrateMaxSpeedFlags,
)
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.output import size
from virtkit_cli.patterns import action, fact
from virtkit_cli.values import document, number

if TYPE_CHECKING:
    from virtkit_cli.session import Session

CONTROL = {
    DomainControlState.OK: "ok",
    DomainControlState.JOB: "background job",
    DomainControlState.OCCUPIED: "occupied",
    DomainControlState.ERROR: "error",
}


@command(DOMAIN.word)
def domcontrol(session: Session, args: Arguments) -> None:
    """Show whether a domain can be controlled at the moment."""
    info = find_domain(session, args).control_info()
    text = CONTROL[info.state] + (f" ({info.state_time / 1000:.3f}s)" if info.state_time else "")
    session.out.value("state", CONTROL[info.state], text)


@command(
    DOMAIN.word,
    Flag("completed", "the last one that ended", DomainGetJobStatsFlags.COMPLETED),
    Flag("keep-completed", "and keep what is known of it", DomainGetJobStatsFlags.KEEP_COMPLETED),
    Flag("anystats", "also of failed ones"),
    Flag("rawstats", "the fields as they are"),
)
def domjobinfo(session: Session, args: Arguments) -> None:
    """Show how far the job of a domain is."""
    domain = find_domain(session, args)
    if args.rawstats or args.flags:
        stats = domain.job_stats(args.flags)
        session.out.pairs({"type": stats.type.name.lower(), **stats.params}, "{}: {}")
        return
    info = domain.job_info()
    values = {key: value for key, value in info._asdict().items() if value and key != "type"}
    if session.out.json:
        session.out.record({}, {"type": info.type.name.lower(), **values})
        return
    labels = {name: name.capitalize().replace("_", " ") for name in ("type", *values)}
    text = {key: f"{value} ms" if key.startswith("time") else size(value) for key, value in values.items()}
    session.out.record(labels, {"type": info.type.name.capitalize(), **text}, 18)


@command(DOMAIN.word, Flag("postcopy", "stop a migration that runs at both ends", DomainAbortJobFlags.POSTCOPY))
def domjobabort(session: Session, args: Arguments) -> None:
    """Abort the job of a domain."""
    find_domain(session, args).abort_job(args.flags)
    session.out.done(name=args.domain)


# Migration

MIGRATION = {
    "live": ("while it runs", DomainMigrateFlags.LIVE),
    "offline": ("its definition only", DomainMigrateFlags.OFFLINE),
    "p2p": ("the source's daemon does it alone", DomainMigrateFlags.PEER2PEER),
    "tunnelled": ("the daemons carry the data", DomainMigrateFlags.TUNNELLED),
    "persistent": ("define it at the destination", DomainMigrateFlags.PERSIST_DEST),
    "undefinesource": ("remove its definition here", DomainMigrateFlags.UNDEFINE_SOURCE),
    "suspend": ("leave it paused there", DomainMigrateFlags.PAUSED),
    "copy-storage-all": ("with its disks", DomainMigrateFlags.NON_SHARED_DISK),
    "copy-storage-inc": ("with what its disks differ in", DomainMigrateFlags.NON_SHARED_INC),
    "change-protection": ("refuse changes of its definition meanwhile", DomainMigrateFlags.CHANGE_PROTECTION),
    "unsafe": ("even if data may be lost", DomainMigrateFlags.UNSAFE),
    "compressed": ("send repeated pages once", DomainMigrateFlags.COMPRESSED),
    "auto-converge": ("slow the guest down if need be", DomainMigrateFlags.AUTO_CONVERGE),
    "rdma-pin-all": ("pin all memory for RDMA", DomainMigrateFlags.RDMA_PIN_ALL),
    "abort-on-error": ("give up when a disk fails", DomainMigrateFlags.ABORT_ON_ERROR),
    "postcopy": ("allow migrate-postcopy", DomainMigrateFlags.POSTCOPY),
    "postcopy-resume": ("resume one that failed", DomainMigrateFlags.POSTCOPY_RESUME),
    "zerocopy": ("send pages without copying them", DomainMigrateFlags.ZEROCOPY),
    "tls": ("encrypted", DomainMigrateFlags.TLS),
    "parallel": ("over several connections", DomainMigrateFlags.PARALLEL),
}
PARAMETERS: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "migrateuri": ("MIGRATE_PARAM_URI", "where the data goes", str),
    "graphicsuri": ("MIGRATE_PARAM_GRAPHICS_URI", "where viewers go", str),
    "listen-address": ("MIGRATE_PARAM_LISTEN_ADDRESS", "where the destination listens", str),
    "dname": ("MIGRATE_PARAM_DEST_NAME", "its name at the destination", str),
    "disks-port": ("MIGRATE_PARAM_DISKS_PORT", "port for disks", number),
    "disks-uri": ("MIGRATE_PARAM_DISKS_URI", "where disks go", str),
    "parallel-connections": ("MIGRATE_PARAM_PARALLEL_CONNECTIONS", "number of connections", number),
    "bandwidth": ("MIGRATE_PARAM_BANDWIDTH", "limit in MiB/s", number),
    "postcopy-bandwidth": ("MIGRATE_PARAM_BANDWIDTH_POSTCOPY", "limit after post-copy began, in MiB/s", number),
    "tls-destination": ("MIGRATE_PARAM_TLS_DESTINATION", "name in the destination's certificate", str),
}
FILES = {
    "xml": ("MIGRATE_PARAM_DEST_XML", "file with the XML to start there"),
    "persistent-xml": ("MIGRATE_PARAM_PERSIST_XML", "file with the XML to define there"),
}


@command(
    DOMAIN.word,
    argument("desturi", "URI of the destination's connection"),
    *(Flag(name, help, bit) for name, (help, bit) in MIGRATION.items()),
    *(option(name, help, type) for name, (_, help, type) in PARAMETERS.items()),
    *(option(name, help, completes="file") for name, (_, help) in FILES.items()),
    option("migrate-disks", "only these disks, with commas"),
    Flag("verbose", "show how far it is; a terminal shows it anyway"),
)
def migrate(session: Session, args: Arguments) -> None:
    """Move a domain to another host."""
    import virtkit
    from virtkit import constants
    from virtkit.params import STRING, TypedParams, guess

    params = TypedParams()
    for name, (constant, _, _) in PARAMETERS.items():
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            params.put(getattr(constants, constant), guess(value), value)
    for name, (constant, _) in FILES.items():
        path = getattr(args, name.replace("-", "_"))
        if path:
            params.put(getattr(constants, constant), STRING, document(path))
    for disk in (args.migrate_disks or "").split(","):
        if disk:
            params.put(constants.MIGRATE_PARAM_MIGRATE_DISKS, STRING, disk)
    domain = find_domain(session, args)

    def work() -> None:
        if args.p2p:
            domain.migrate_to_uri(args.desturi, params, args.flags)
            return
        with virtkit.open(args.desturi) as destination:
            domain.migrate(destination, params, args.flags)

    session.job(domain, "Migration", work)
    session.out.done(f"Domain '{domain.name}' migrated to {args.desturi}", name=domain.name)


action(
    "migrate-postcopy",
    "Let a migrating domain go on at the destination now.",
    DOMAIN,
    lambda domain: domain.migrate_start_post_copy(),
    "",
)
fact(
    "migrate-getmaxdowntime",
    "Print the longest pause that a migration may cause, in ms.",
    DOMAIN,
    "downtime",
    lambda domain: domain.migrate_max_downtime(),
)
POSTCOPY = Flag("postcopy", "after post-copy began", DomainMigrateMaxSpeedFlags.POSTCOPY)


@command(DOMAIN.word, POSTCOPY)
def migrate_getspeed(session: Session, args: Arguments) -> None:
    """Print the bandwidth a migration may use, in MiB/s."""
    session.out.value("bandwidth", find_domain(session, args).migrate_max_speed(args.flags))


@command(DOMAIN.word, argument("bandwidth", "in MiB/s", number), POSTCOPY)
def migrate_setspeed(session: Session, args: Arguments) -> None:
    """Limit the bandwidth of a migration."""
    find_domain(session, args).migrate_set_max_speed(args.bandwidth, args.flags)
    session.out.done(bandwidth=args.bandwidth)


@command(DOMAIN.word, argument("downtime", "in ms", number))
def migrate_setmaxdowntime(session: Session, args: Arguments) -> None:
    """Set the longest pause that a migration may cause."""
    if args.downtime < 1:
        raise UsageError("migrate-setmaxdowntime needs at least 1 ms")
    find_domain(session, args).migrate_set_max_downtime(args.downtime)
    session.out.done(downtime=args.downtime)


@command(DOMAIN.word, option("size", "set it, in bytes", number))
def migrate_compcache(session: Session, args: Arguments) -> None:
    """Show or set the memory with which a migration finds repeated pages."""
    domain = find_domain(session, args)
    if args.size is not None:
        domain.migrate_set_compression_cache(args.size)
    found = domain.migrate_compression_cache()
    session.out.value("size", found, f"Compression cache: {size(found)}")
