"""Commands on storage pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    ConnectListAllStoragePoolsFlags,
    StoragePoolBuildFlags,
    StoragePoolCreateFlags,
    StoragePoolDefineFlags,
    StoragePoolState,
    StorageXMLFlags,
)
from virtkit_cli.command import Arguments, Flag, argument, command, option
from virtkit_cli.objects import POOL, find_pool
from virtkit_cli.output import size
from virtkit_cli.patterns import action, editor, fact, maker, printer, switch
from virtkit_cli.values import document, number, word_of
from virtkit_cli.words import PRINT_XML, TABLE, chosen, listed

if TYPE_CHECKING:
    from virtkit import StoragePool
    from virtkit_cli.session import Session

Listed = ConnectListAllStoragePoolsFlags
NOT_A_TYPE = (
    Listed.INACTIVE | Listed.ACTIVE | Listed.PERSISTENT | Listed.TRANSIENT | Listed.AUTOSTART | Listed.NO_AUTOSTART
)
TYPES = {word_of(flag): flag for flag in Listed if flag not in NOT_A_TYPE}


@command(
    Flag("inactive", "only the inactive ones", Listed.INACTIVE),
    Flag("all", "active and inactive ones"),
    Flag("transient", "only those without a definition", Listed.TRANSIENT),
    Flag("persistent", "only those with one", Listed.PERSISTENT),
    Flag("autostart", "only those started with the host", Listed.AUTOSTART),
    Flag("no-autostart", "only those that are not", Listed.NO_AUTOSTART),
    option("type", f"only of these types, with commas: {', '.join(TYPES)}", default=""),
    Flag("details", "with sizes"),
    Flag("uuid", "print UUIDs"),
    Flag("name", "print names", excludes=("uuid",)),
    TABLE,
)
def pool_list(session: Session, args: Arguments) -> None:
    """List storage pools: the active ones, unless told otherwise."""
    types = sum(int(TYPES[name]) for name in chosen("type", args.type, TYPES))
    pools = session.connection.list_storage_pools(listed(args, Listed.ACTIVE, Listed.INACTIVE) | types)
    if args.uuid or args.name:
        session.out.lines(pool.uuid_string if args.uuid else pool.name for pool in pools)
        return
    columns = {"name": "Name", "state": "State", "autostart": "Autostart"}
    if args.details:
        columns |= {"persistent": "Persistent", "capacity": "Capacity", "allocation": "Allocation"}
        columns |= {"available": "Available"}
    session.out.table(columns, [_row(session, pool, details=args.details) for pool in pools])


def _row(session: Session, pool: StoragePool, *, details: bool) -> dict[str, Any]:
    """What is known of a pool; an inactive one has no sizes."""
    active = pool.is_active()
    row = {
        "name": pool.name,
        "state": "active" if active else "inactive",
        "autostart": pool.autostart(),
        "persistent": pool.is_persistent(),
        "uuid": pool.uuid_string,
    }
    if not details and not session.out.json:
        return row
    info = pool.info()
    row["state"] = StoragePoolState(info.state).name.lower()
    sizes = {key: getattr(info, key) if active else None for key in ("capacity", "allocation", "available")}
    if session.out.json:
        return row | sizes
    return row | {key: None if value is None else size(value) for key, value in sizes.items()}


@command(POOL.word, Flag("bytes", "sizes in bytes"))
def pool_info(session: Session, args: Arguments) -> None:
    """Show what is known about a storage pool."""
    pool = find_pool(session, args)
    row = _row(session, pool, details=True)
    if args.bytes and row["capacity"] is not None:
        row |= pool.info()._asdict() | {"state": row["state"]}
    labels = {
        "name": "Name", "uuid": "UUID", "state": "State", "persistent": "Persistent", "autostart": "Autostart",
        "capacity": "Capacity", "allocation": "Allocation", "available": "Available",
    }  # fmt: skip
    session.out.record(labels, row)


BUILD_FLAGS = (
    Flag("build", "build it first", StoragePoolCreateFlags.WITH_BUILD),
    Flag("no-overwrite", "build it unless something is there", StoragePoolCreateFlags.WITH_BUILD_NO_OVERWRITE),
    Flag(
        "overwrite", "build it over what is there", StoragePoolCreateFlags.WITH_BUILD_OVERWRITE,
        excludes=("no-overwrite",),
    ),
)  # fmt: skip
maker(
    "pool-define",
    "Define a storage pool, or change its definition, from an XML file.",
    lambda session, xml, flags: session.connection.define_storage_pool(xml, flags),
    "Pool {name} defined from {file}",
    Flag("validate", "refuse a document with names that nobody knows", StoragePoolDefineFlags.VALIDATE),
)
maker(
    "pool-create",
    "Start a storage pool from an XML file without defining it.",
    lambda session, xml, flags: session.connection.create_storage_pool(xml, flags),
    "Pool {name} created from {file}",
    *BUILD_FLAGS,
)

AS = (
    argument("name", "name of the pool"),
    argument("type", "its type", choices=tuple(TYPES)),
    PRINT_XML,
    option("source-host", "server of the storage"),
    option("source-path", "folder of the server"),
    option("source-dev", "device of the host", completes="file"),
    option("source-name", "name of the storage, such as of a volume group"),
    option("target", "path where its volumes appear", completes="file"),
    option("source-format", "format of the storage"),
    option("adapter-name", "name of a SCSI host"),
    option("source-initiator", "name of the host towards an iSCSI server"),
)


def _described(args: Arguments) -> str:
    """The XML of a pool given by options."""
    from virtkit.xml import pool as xml

    source = xml.PoolSource(name=args.source_name, dir=args.source_path)
    source.hosts = [xml.SourceHost(name=args.source_host)] if args.source_host else []
    source.devices = [xml.SourceDevice(path=args.source_dev)] if args.source_dev else []
    source.format = xml.SourceFormat(type=args.source_format) if args.source_format else None
    source.adapter = xml.SourceAdapter(type="scsi_host", name=args.adapter_name) if args.adapter_name else None
    source.initiator = xml.SourceInitiator(iqn=args.source_initiator) if args.source_initiator else None
    made = xml.StoragePool(name=args.name, type=args.type, source=source)
    if args.target:
        made.target = xml.PoolTarget(path=args.target)
    return made.format()


@command(*AS)
def pool_define_as(session: Session, args: Arguments) -> None:
    """Define a storage pool from options."""
    if args.print_xml:
        session.out.document(_described(args))
        return
    pool = session.connection.define_storage_pool(_described(args))
    session.out.done(f"Pool {pool.name} defined", name=pool.name, uuid=pool.uuid_string)


@command(*AS, *BUILD_FLAGS)
def pool_create_as(session: Session, args: Arguments) -> None:
    """Start a storage pool from options without defining it."""
    if args.print_xml:
        session.out.document(_described(args))
        return
    pool = session.connection.create_storage_pool(_described(args), args.flags)
    session.out.done(f"Pool {pool.name} created", name=pool.name, uuid=pool.uuid_string)


@command(POOL.word, *BUILD_FLAGS)
def pool_start(session: Session, args: Arguments) -> None:
    """Start a storage pool."""
    pool = find_pool(session, args)
    pool.create(args.flags)
    session.out.done(f"Pool {pool.name} started", name=pool.name)


@command(
    POOL.word,
    Flag("no-overwrite", "unless something is there", StoragePoolBuildFlags.NO_OVERWRITE, excludes=("overwrite",)),
    Flag("overwrite", "over what is there", StoragePoolBuildFlags.OVERWRITE),
)
def pool_build(session: Session, args: Arguments) -> None:
    """Make what a storage pool stands on."""
    pool = find_pool(session, args)
    pool.build(args.flags)
    session.out.done(f"Pool {pool.name} built", name=pool.name)


action("pool-destroy", "Stop a storage pool.", POOL, lambda p: p.destroy(), "Pool {} destroyed")
action("pool-delete", "Delete what a storage pool stands on.", POOL, lambda p: p.delete(), "Pool {} deleted")
action("pool-refresh", "Look for a storage pool's volumes again.", POOL, lambda p: p.refresh(), "Pool {} refreshed")
action(
    "pool-undefine",
    "Remove the definition of a storage pool.",
    POOL,
    lambda pool: pool.undefine(),
    "Pool {} has been undefined",
)
switch("pool-autostart", "Start a storage pool with its driver.", POOL, "Pool {}")
printer(
    "pool-dumpxml",
    "Print the XML of a storage pool.",
    POOL,
    Flag("inactive", "the definition rather than what runs", StorageXMLFlags.INACTIVE),
)
editor(
    "pool-edit",
    "Edit the definition of a storage pool.",
    POOL,
    lambda pool, xml: pool.connection.define_storage_pool(xml),
    StorageXMLFlags.INACTIVE,
)
fact("pool-uuid", "Print the UUID of a storage pool.", POOL, "uuid", lambda pool: pool.uuid_string)
fact("pool-name", "Print the name of a storage pool.", POOL, "name", lambda pool: pool.name)


@command()
def pool_capabilities(session: Session, args: Arguments) -> None:
    """Print which types of storage pools can be had."""
    session.out.document(session.connection.storage_pool_capabilities())


@command(argument("type", "type of pool"), option("srcSpec", "file with XML that says where to look", completes="file"))
def find_storage_pool_sources(session: Session, args: Arguments) -> None:
    """Look for sources of storage pools."""
    where = document(args.srcSpec) if args.srcSpec else None
    session.out.document(session.connection.find_storage_pool_sources(args.type, where))


@command(
    argument("type", "type of pool"),
    option("host", "server to ask"),
    option("port", "its port", number),
    option("initiator", "name of this host towards it"),
)
def find_storage_pool_sources_as(session: Session, args: Arguments) -> None:
    """Look for sources of storage pools on a server."""
    from virtkit.xml.pool import PoolSource, SourceHost, SourceInitiator

    source = PoolSource()
    source.hosts = [SourceHost(name=args.host, port=args.port)] if args.host else []
    source.initiator = SourceInitiator(iqn=args.initiator) if args.initiator else None
    session.out.document(
        session.connection.find_storage_pool_sources(args.type, source.format_as("source") if args.host else None)
    )
